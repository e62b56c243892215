"""Is the house in order: who imports whom, what lies where, how large it is, and does every test still run?"""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("data", "features", "training", "serving")
MOST_LINES = 350
EMPTY_BUT_FOR = {"data/world/__init__.py", "serving/reports/__init__.py"}
"""Packages that are entered by one door re-export it; every other `__init__.py` holds a docstring only."""
TOP_LEVEL = {
    ".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "Makefile", "README.md",
    "compose.yaml", "data", "docs", "features",
    "mlruns", "pyproject.toml", "serving", "tests", "training", "uv.lock",
}  # fmt: skip
NEVER_SERVED = ("mlflow", "numba", "great_expectations", "pyspark", "matplotlib")
MACHINE_PATHS = re.compile(r"(?<![\w.*])/(?:work|root|home|Users)/[\w.-]|[A-Z]:\\\\?Users")
REGISTRIES = re.compile(r"pypi\.(?:org|python)|pythonhosted|index[-_]url|--find-links|artifactory|conda\.anaconda")
FEWEST = Path(__file__).with_name("fewest_tests.txt")


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def kept_files() -> list[str]:
    """Files that are, or are about to be, in git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout: what is in git cannot be asked")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_import_rules_hold() -> None:
    run = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_ours_and_not_some_installed_package_of_that_name(room: str) -> None:
    assert Path(str(importlib.import_module(room).__file__)) == ROOT / room / "__init__.py"


def test_serving_loads_no_tracker_compiler_checker_or_plotter() -> None:
    ask = f"import sys, serving.api; print([m for m in {NEVER_SERVED!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_no_model_tracker_or_server() -> None:
    heavy = (*NEVER_SERVED, "xgboost", "pandas", "bentoml", "pyarrow")
    ask = f"import sys, serving.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_module_is_too_long_to_read() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text().splitlines())) > MOST_LINES}
    assert not long


def test_an_init_file_holds_a_docstring_and_nothing_else() -> None:
    full = set()
    for path in modules():
        body = ast.parse(path.read_text()).body
        only_words = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        if path.name == "__init__.py" and not only_words:
            full.add(str(path.relative_to(ROOT)))
    assert full == EMPTY_BUT_FOR


def test_no_module_is_called_utils() -> None:
    assert not [p for p in modules() if p.stem in ("utils", "util", "helpers", "common", "misc")]


def test_nothing_new_lies_at_the_top() -> None:
    assert {name.partition("/")[0] for name in kept_files()} == TOP_LEVEL


def test_of_runs_and_run_time_files_git_holds_the_readme_only() -> None:
    assert [name for name in kept_files() if name.startswith(("mlruns/", "var/"))] == ["mlruns/README.md"]


def test_no_file_names_a_path_of_somebodys_machine_or_a_package_registry() -> None:
    own = str(Path(__file__).relative_to(ROOT))
    named = {}
    for name in kept_files():
        if name in ("uv.lock", own):
            continue
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if found := MACHINE_PATHS.findall(text) + REGISTRIES.findall(text):
            named[name] = found
    assert not named


def test_test_files_have_different_names() -> None:
    names = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


def test_not_fewer_tests_are_collected_than_before(request: pytest.FixtureRequest) -> None:
    """Counts this very run; a run of some tests only cannot tell."""
    config = request.config
    chosen = config.getoption("keyword") or config.getoption("markexpr") or config.getoption("deselect")
    if chosen or config.args_source != pytest.Config.ArgsSource.TESTPATHS:
        reason = "only a part of the tests was asked for: they are counted when all run (make test)"
        (pytest.fail if os.environ.get("RTO_REQUIRE_ALL") == "1" else pytest.skip)(reason)
    fewest = int(FEWEST.read_text())
    n = len(request.session.items)
    assert n >= fewest, (
        f"{n} tests; {FEWEST.name} says {fewest}. If tests were removed on purpose, lower it and say why"
    )
