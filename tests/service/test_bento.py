"""The artefact that is shipped: does it hold the service alone, start from where it was built, and need no pandas?"""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.clock import Clock
from tests.helpers.installation import PATIENT_S, SHOP, Installation, an_order, ask, free_port, place, served, wait_for

ROOT = Path(__file__).parents[2]
UV = ROOT / ".uv" / "bin" / "uv"
NEVER = ("pandas", "pyarrow", "sklearn", "mlflow", "numba", "great_expectations", "matplotlib")
NO_DATA = {".py", ".html", ".css", ".md", ".yaml", ".json", ".txt", ".in", ".sh", ".gz", ".csv", ""}
"""Endings of files a Bento may hold; .gz and .csv are places and letters: no order."""


def missing(what: str) -> None:
    """Say aloud what could not be run."""
    (pytest.fail if os.environ.get("RTO_REQUIRE_ALL") == "1" else pytest.skip)(what)


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Bento built from the project as it lies here, in a store of its own; only folders that git would hold matter."""
    if not UV.exists():
        missing("no uv beside the environment: run make .venv/ready")
    store = tmp_path_factory.mktemp("bentos")
    path = f"{UV.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=ROOT, env=os.environ | {"BENTOML_HOME": str(store), "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    [found] = [p.parent for p in store.rglob("bento.yaml")]
    return found


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the packages of the Bento, at the locked versions, and nothing else."""
    folder = tmp_path_factory.mktemp("slim") / "venv"
    if not UV.exists():
        missing("no uv beside the environment: run make .venv/ready")
    command = [
        str(UV),
        "sync",
        "--frozen",
        "--only-group",
        "serve",
        "--no-install-project",
        "--quiet",
        "--python",
        sys.executable,
    ]
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON_DOWNLOADS": "never"}
    for more in (["--offline"], []):
        done = subprocess.run([*command, *more], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return folder / "bin" / "python"
    missing(f"the slim environment cannot be made here: {done.stderr[-300:]}")
    raise AssertionError


@contextmanager
def served_from(bento: Path, python: Path, made: Installation) -> Iterator[httpx.Client]:
    """`bentoml serve PATH` of the built artefact, in a folder that is not the project's, with a pool mounted."""
    port, log = free_port(), made.home / "bento.log"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {
        "RTO_HOME": str(made.home),
        "BENTOML_HOME": str(made.home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }
    command = [str(python), "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        running = subprocess.Popen(
            command, cwd=made.home, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENT_S, trust_env=False) as client:
            wait_for(lambda: running.poll() is not None or answers(client), 120)
            assert running.poll() is None, log.read_text()[-3000:]
            yield client
    finally:
        running.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def needed() -> set[str]:
    """Modules of ours that the service imports, directly or through others."""
    found: set[str] = set()
    todo = ["serving.service"]
    while todo:
        name = todo.pop()
        path = source(name)
        if path is None or str(path) in found:
            continue
        found.add(str(path))
        todo.append(name.rpartition(".")[0])
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Import):
                todo += [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                todo += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return found


def source(name: str) -> Path | None:
    path = (
        Path(*name.split(".")) if name.partition(".")[0] in ("data", "features", "training", "serving") else Path("-")
    )
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if (ROOT / p).is_file()), None)


def test_it_holds_what_the_service_imports_and_no_more(bento: Path):
    held = {str(p.relative_to(bento / "src")) for p in (bento / "src").rglob("*.py")}
    add = sorted(needed() - held)
    drop = sorted(name for name in held - needed() if not name.startswith("serving/"))
    assert (add, drop) == ([], []), "correct `include` in [tool.bentoml.build] of pyproject.toml: add, drop"


def test_it_holds_no_data_no_keys_no_tests(bento: Path):
    files = [p.relative_to(bento) for p in bento.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} <= NO_DATA
    reference = {"pincodes.csv.gz", "towns.csv.gz", "letter_pairs.csv"}
    assert {str(p) for p in files if p.suffix in (".gz", ".csv")} == {
        f"src/data/reference/{name}" for name in reference
    }
    assert {p.parts[1] for p in files if p.parts[0] == "src" and len(p.parts) > 2} == {
        "data",
        "features",
        "training",
        "serving",
    }
    assert not [p for p in files if {"raw", "var", "mlruns", "tests", "keys"} & set(p.parts)]
    assert sum((bento / p).stat().st_size for p in files) < 3_000_000


def test_it_installs_what_the_lock_says_and_no_data_frames(bento: Path):
    command = [str(UV), "export", "--frozen", "--only-group", "serve", "--no-emit-project", "--no-hashes", "--no-header",
               "--no-annotate", "--offline", "--quiet"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ROOT / "serving" / "requirements.txt").read_text() == done.stdout, "make serving/requirements.txt"
    wanted = {
        line.partition("==")[0] for line in (bento / "env" / "python" / "requirements.txt").read_text().splitlines()
    }
    assert {"bentoml", "xgboost", "numpy"} <= wanted
    assert not wanted & {"scikit-learn", "great-expectations", *NEVER}


def test_it_serves_without_pandas_and_to_the_last_digit_as_here(
    bento: Path, slim: Path, own: Installation, tmp_path: Path
):
    ask_for = f"import importlib.util as u, json; print(json.dumps([m for m in {NEVER!r} if u.find_spec(m)]))"
    done = subprocess.run([str(slim), "-c", ask_for], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    shutil.rmtree(own.market)
    with served(own.copy(tmp_path / "here"), Clock()) as client:
        here = answered(client)
    with served_from(bento, slim, own) as client:
        there = answered(client)
        assert place(client, an_order(order_id="o-1")).status_code == 201
    assert there == here
    assert (there["status"], len(there["reasons"])) == ("scored", 5)
    assert {"pandas", "xgboost"} <= set(sys.modules), "the other side of the comparison was the full environment"


def answered(client: httpx.Client) -> dict[str, Any]:
    """What a service answers to one order, without what differs from call to call; its report is a page."""
    answer: dict[str, Any] = client.post("/v1/score", json=ask(an_order(), explain=5)).json()
    page = client.get(f"/reports/{SHOP}")
    assert (page.status_code, "<html" in page.text) == (200, True)
    changing = ("decision_id", "scored_at", "request_id", "elapsed_ms", "logged")  # a busy disk may be slow to log
    return {name: value for name, value in answer.items() if name not in changing}
