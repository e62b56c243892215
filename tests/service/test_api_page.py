"""Are the examples of docs/api.md true? Each is run as it stands, at the address the service has here."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.contract import SECOND
from tests.helpers.installation import Installation, SetClock, served
from tests.service.test_bento import missing

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
WRITTEN_FOR = "http://127.0.0.1:3333"
THEN = int(datetime(2025, 10, 20, tzinfo=UTC).timestamp()) * SECOND
"""A moment after every time on the page."""
_BLOCK = re.compile(r"^```(sh|python|json)\n(.*?)^```", re.M | re.S)


@dataclass
class Run:
    """The page's blocks of code run in their order: (line, command, what it answered, the answer shown after it)."""

    answers: list[tuple[int, str, Any, Any]] = field(default_factory=list)
    python: dict[str, Any] = field(default_factory=dict)
    printed: io.StringIO = field(default_factory=io.StringIO)


@pytest.fixture(scope="module")
def run(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The whole page, from top to bottom, against one service."""
    if shutil.which("curl") is None:
        missing("curl is not installed")
    with served(installation.copy(tmp_path_factory.mktemp("page") / "home"), SetClock(THEN)) as client:
        yield from_top_to_bottom(PAGE.read_text(encoding="utf-8"), client)


def from_top_to_bottom(page: str, client: httpx.Client) -> Run:
    done, shown_id, real_id = Run(), "", ""
    for found in _BLOCK.finditer(page):
        line, text = (
            page[: found.start()].count("\n") + 1,
            found[2].replace(WRITTEN_FOR, str(client.base_url).rstrip("/")),
        )
        if found[1] == "sh":
            command = text.replace(shown_id, real_id) if shown_id else text
            out = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True).stdout
            done.answers.append((line, command, json.loads(out), None))
        elif found[1] == "python":
            code = text.replace("key=None", "key=None, score_timeout_s=30.0")
            with redirect_stdout(done.printed):
                exec(compile("\n" * line + code, str(PAGE), "exec"), done.python)
        elif done.answers:
            shown = json.loads(text)
            done.answers[-1] = (*done.answers[-1][:3], shown)
            if not shown_id:
                shown_id, real_id = shown["decision_id"], done.answers[-1][2]["decision_id"]
    return done


def shape(value: Any) -> Any:
    """Names and kinds; of a list its kinds of entries, however many are shown."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items() if name != "assumes"}
    if isinstance(value, list):
        return sorted({json.dumps(shape(one), sort_keys=True) for one in value})
    return type(value).__name__


def test_every_answer_shown_has_the_shape_of_the_real_one(run: Run):
    compared = [(line, real, shown) for line, _, real, shown in run.answers if shown is not None]
    assert len(compared) >= 5
    for line, real, shown in compared:
        assert shape(shown) == shape(real), f"docs/api.md line {line}"


def test_every_answer_shown_says_what_the_real_one_says(run: Run):
    """Words that do not hang on the market: statuses, codes, fields, ids of the caller's own."""
    stable = ("status", "rung", "code", "field", "order_id", "event_id", "checkout_id", "stage", "decided_by", "test")

    def words(value: Any) -> list[Any]:
        if isinstance(value, dict):
            own = [(name, value[name]) for name in stable if name in value and "bucket" not in value]
            return own + [word for one in value.values() for word in words(one)]
        return [word for one in value for word in words(one)] if isinstance(value, list) else []

    for line, _, real, shown in run.answers:
        if shown is not None:
            assert words(shown) == words(real), f"docs/api.md line {line}"


def test_no_example_fails_but_the_one_that_is_meant_to(run: Run):
    failed = [line for line, command, real, _ in run.answers if "error" in real and "error_503" not in command]
    assert failed == []
    assert len(run.answers) >= 9


def test_the_python_examples_ran_to_their_end(run: Run):
    assert run.python["advice"]["order_id"] == "A-1004"
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if "print(" in line and "  # " in line:
            assert line.partition("  # ")[2] in run.printed.getvalue()
