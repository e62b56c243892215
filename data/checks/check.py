"""What a check is: a number, a reason, and one Great Expectations rule written as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np


class Severity(StrEnum):
    """A hard failure stops the command; a soft one goes into the data card."""

    HARD = "hard"
    SOFT = "soft"


class Purpose(StrEnum):
    """What the history is wanted for. The same finding can be bearable on import and fatal for training."""

    IMPORT = "import"
    TRAINING = "training"


class Suite(StrEnum):
    """The frame a check reads (`data/checks/frames.py`)."""

    ORDERS = "orders"
    NEWS = "news"
    LABELS = "labels"
    TREND = "trend"
    DOUBLES = "doubles"
    SEQUENCES = "sequences"
    DAYS = "days"
    WEEKS = "weeks"
    MERCHANTS = "merchants"
    COLUMNS = "columns"
    DRIFT = "drift"
    OUTCOME_DRIFT = "outcome_drift"
    LAGS = "lags"


class Given(StrEnum):
    """A limit that is known only when the checks run."""

    EXPORTED_AT = "exported_at"


MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of a rule about groups of rows, before its share is put to Great Expectations.

    rows: positions of the first orders that break it.
    """

    n_checked: int
    n_failed: int
    rows: tuple[int, ...]

    @classmethod
    def of(cls, about: "np.ndarray[Any, Any]", failed: "np.ndarray[Any, Any]") -> "Tally":
        """about, failed: (n,) which orders the rule is about, and which of them break it."""
        rows = np.flatnonzero(failed)
        return cls(int(about.sum()), len(rows), tuple(int(row) for row in rows[:MOST_NAMED]))

    @property
    def share(self) -> float:
        """Failed of checked; NaN where the rule is about none."""
        return self.n_failed / self.n_checked if self.n_checked else float("nan")


@dataclass(frozen=True, slots=True)
class Check:
    """One numbered check.

    `expectation` is the name of a class in `great_expectations.expectations` and `terms` are its arguments; a
    `Given` among them is replaced when the checks run. `where` keeps only rows whose column holds that value.
    `whole` checks judge the frame as one and count no failed rows. A check whose columns hold nothing is not
    applicable, unless `empty_fails`. `in_training` is the severity for training where it differs.
    """

    code: str
    title: str
    severity: Severity
    why: str
    to_do: str
    suite: Suite
    expectation: str
    terms: Mapping[str, object] = field(hash=False)
    where: tuple[str, str] | None = None
    whole: bool = False
    empty_fails: bool = False
    in_training: Severity | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the rule reads; none for a rule on the number of rows."""
        several = self.terms.get("column_list", ())
        named = [self.terms[name] for name in ("column", "column_A", "column_B") if name in self.terms]
        listed = list(several) if isinstance(several, list | tuple) else []
        return tuple(str(name) for name in (*named, *listed))

    def severity_for(self, purpose: Purpose) -> Severity:
        """How much a failure weighs for `purpose`."""
        if purpose is Purpose.TRAINING and self.in_training is not None:
            return self.in_training
        return self.severity
