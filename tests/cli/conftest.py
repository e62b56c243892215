"""Commands in this process, for what needs no process of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from serving.cli import main
from tests.helpers.installation import Installation, built


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in an empty home, or in another installation's."""

    def running(*arguments: str | Path, at: Installation | None = None) -> Ran:
        home = at.home if at else tmp_path / "home"
        monkeypatch.setenv("RTO_HOME", str(home))
        monkeypatch.setenv("RTO_MLRUNS", str(home / "mlruns"))
        monkeypatch.setenv("COLUMNS", "100")
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return running


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Read it, never write to it."""
    return built(tmp_path_factory.getbasetemp())


@pytest.fixture
def own(installation: Installation, tmp_path: Path) -> Installation:
    """A copy to write into."""
    return installation.copy(tmp_path / "own")
