"""Are lines that wait for each other all written, in their order, as the other handler would write them?"""

import io
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from serving.web.log_lines import Gathered

PATIENT_S = 5.0


class Counted(io.StringIO):
    """A stream that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


@dataclass
class Lines:
    log: logging.Logger
    stream: Counted
    handler: Gathered

    def wait_for(self, text: str) -> None:
        until = time.monotonic() + PATIENT_S
        while self.stream.getvalue() != text:
            assert time.monotonic() < until, self.stream.getvalue()
            time.sleep(0.005)


@pytest.fixture
def lines() -> Iterator[Lines]:
    log, stream = logging.Logger("lines"), Counted()
    to = logging.StreamHandler(stream)
    to.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    to.addFilter(lambda record: "secret" not in record.getMessage())
    handler = Gathered(to)
    log.addHandler(handler)
    yield Lines(log, stream, handler)
    handler.close()


def test_lines_of_a_moment_are_written_at_once_in_their_order(lines: Lines):
    for number in range(40):
        lines.log.info("%d", number)
    lines.log.info("secret")
    lines.wait_for("".join(f"[INFO] {number}\n" for number in range(40)))
    assert lines.stream.writes <= 2
    lines.log.info("later")
    lines.wait_for("".join(f"[INFO] {number}\n" for number in range(40)) + "[INFO] later\n")


def test_what_is_wrong_is_written_before_anything_else_can_go_wrong(lines: Lines):
    lines.log.info("before")
    lines.log.error("wrong")
    assert lines.stream.getvalue() == "[INFO] before\n[ERROR] wrong\n"


def test_the_end_leaves_no_line_behind(lines: Lines):
    lines.log.info("last")
    lines.handler.close()
    assert lines.stream.getvalue() == "[INFO] last\n"
