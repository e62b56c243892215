"""Refusals a person can act on: where, what was got, what was expected, what to do."""

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit status of a command, by kind of failure (`docs/errors.md`)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PLAN = 10
    DATA = 11
    TOO_LITTLE_HISTORY = 12
    CHECK_FAILED = 13
    GATE_REFUSED = 14
    NOTHING_NEW = 15
    DRIFT = 16
    PROMISE_BROKEN = 17


class RtoError(Exception):
    """A refusal. Users see `str(error)`; only bugs show a traceback. Never holds a personal value."""

    exit_status = Exit.DATA

    def __init__(self, code: str, where: str, *, got: str = "", expected: str = "", to_do: str = "") -> None:
        self.code, self.where = code, where
        self.got, self.expected, self.to_do = got, expected, to_do
        super().__init__(code, where, got, expected, to_do)

    def __str__(self) -> str:
        lines = [f"{self.code} {self.where}" + (f": got {self.got}" if self.got else "")]
        if self.expected:
            lines.append(f"  expected  {self.expected}")
        if self.to_do:
            lines.append(f"  to do     {self.to_do}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, str]:
        """The same refusal for `--json` and HTTP."""
        fields = {"code": self.code, "where": self.where, "got": self.got, "expected": self.expected}
        return {**fields, "to_do": self.to_do}


class UsageError(RtoError):
    exit_status = Exit.USAGE


class PlanError(RtoError):
    exit_status = Exit.PLAN


class DataError(RtoError):
    exit_status = Exit.DATA


class TooLittleHistory(RtoError):  # noqa: N818 - named for what the reader must know
    exit_status = Exit.TOO_LITTLE_HISTORY


class CheckFailed(RtoError):  # noqa: N818
    exit_status = Exit.CHECK_FAILED


class GateRefused(RtoError):  # noqa: N818
    exit_status = Exit.GATE_REFUSED


class NothingNew(RtoError):  # noqa: N818 - neither failure nor alarm: there was nothing to do
    exit_status = Exit.NOTHING_NEW


class Drifted(RtoError):  # noqa: N818
    """The monitor: orders, scores or what they promise moved."""

    exit_status = Exit.DRIFT


class PromiseBroken(RtoError):  # noqa: N818
    """The monitor: the probabilities no longer hold."""

    exit_status = Exit.PROMISE_BROKEN


@dataclass(frozen=True, slots=True)
class Fault:
    """One refused row: where it stands and why. `got` is already masked for personal columns."""

    code: str
    file: str
    row: int
    column: str
    got: str
    expected: str
    to_do: str

    def as_error(self) -> DataError:
        where = f"{self.file} row {self.row}, {self.column}"
        return DataError(self.code, where, got=self.got, expected=self.expected, to_do=self.to_do)


def masked(value: str) -> str:
    """What may be shown of a personal value: its length and the kinds of characters in it.

    >>> masked("98765O3210")
    '10 characters, 1 letter'
    """
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    parts = [f"{len(value)} character{'s' if len(value) != 1 else ''}"]
    if letters:
        parts.append(f"{letters} letter{'s' if letters != 1 else ''}")
    if not digits and not letters:
        parts.append("no letters or digits")
    return ", ".join(parts)
