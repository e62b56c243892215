"""An installation for the tests of this folder: one to read, and one of its own for each test that writes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.helpers.installation import Installation, Process, built, served, served_by_bentoml


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Read it, never write to it."""
    return built(tmp_path_factory.getbasetemp())


@pytest.fixture
def own(installation: Installation, tmp_path: Path) -> Installation:
    """A copy to write into."""
    return installation.copy(tmp_path / "home")


@pytest.fixture
def client(own: Installation) -> Iterator[httpx.Client]:
    """A service of its own for a test that writes."""
    with served(own) as found:
        yield found


@pytest.fixture(scope="module")
def shared(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One service for all tests of a file that do not mind each other."""
    with served(installation.copy(tmp_path_factory.mktemp("shared") / "home")) as found:
        yield found


@pytest.fixture(scope="session")
def process(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The real process, beside no file that holds personal values."""
    made = installation.copy(tmp_path_factory.mktemp("process") / "home")
    shutil.rmtree(made.market)
    with served_by_bentoml(made) as found:
        yield found
