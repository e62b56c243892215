"""An installation of its own for each test of this folder."""

from pathlib import Path

import pytest

from tests.helpers.installation import Installation, built


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Installation:
    """A copy to write into."""
    return built(tmp_path_factory.getbasetemp()).copy(tmp_path / "home")
