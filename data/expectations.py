"""The checks of a history, run: a report of numbered results, and the refusal when a hard one failed."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.checks.catalog import BY_CODE, CHECKS, checks_of
from data.checks.check import Check, Given, Purpose, Severity
from data.checks.drift import Side
from data.checks.frames import ChecksBroken, frames
from data.checks.judge import NOT_NULL, Finding, judge
from data.checks.sequences import Course
from data.checks.series import series_of
from data.errors import CheckFailed

__all__ = ["CheckReport", "CheckResult", "ChecksBroken", "Outcome", "Purpose", "require", "run_checks"]

MAX_EXAMPLES = 5


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    n_checked: rows with a value.  n_failed, share_failed (0 to 1): None for a check that judges the whole, which has
    `observed` instead.  examples: what failed, at most five: order_ids, or days, columns, merchants where
    a row of the frame is one.
    """

    code: str
    outcome: Outcome
    n_checked: int = 0
    n_failed: int | None = None
    share_failed: float | None = None
    observed: float | None = None
    examples: tuple[str, ...] = ()

    @property
    def check(self) -> Check:
        """The check itself: title, why, what to do."""
        return BY_CODE[self.code]

    def __str__(self) -> str:
        kind = "missing for" if self.check.expectation == NOT_NULL else "not so for"
        seen = (
            f"saw {self.observed:.4g}" if self.n_failed is None else f"{kind} {self.n_failed:,} of {self.n_checked:,}"
        )
        named = f", as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.code} {self.check.title} ({seen}{named})"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One result for every check, in the order of their numbers, weighed for `purpose`."""

    results: tuple[CheckResult, ...]
    purpose: Purpose = Purpose.IMPORT
    series: Mapping[str, list[list[Any]]] = field(default_factory=dict)

    @property
    def hard_failures(self) -> tuple[CheckResult, ...]:
        """The results that must stop the command."""
        return self._failed(Severity.HARD)

    @property
    def soft_failures(self) -> tuple[CheckResult, ...]:
        """The results that belong in the data card."""
        return self._failed(Severity.SOFT)

    def _failed(self, severity: Severity) -> tuple[CheckResult, ...]:
        failed = (r for r in self.results if r.outcome is Outcome.FAILED)
        return tuple(r for r in failed if r.check.severity_for(self.purpose) is severity)

    def judged_for(self, purpose: Purpose) -> "CheckReport":
        """The same findings, weighed for another purpose."""
        return replace(self, purpose=purpose)

    def as_dict(self) -> dict[str, object]:
        """For `--json`, the data card and MLflow: plain values only."""
        return {
            "purpose": str(self.purpose),
            "results": [self._row(r) for r in self.results],
            "series": dict(self.series),
        }

    def _row(self, result: CheckResult) -> dict[str, object]:
        check = result.check
        about = {"title": check.title, "severity": str(check.severity_for(self.purpose))}
        found = {**asdict(result), "outcome": str(result.outcome), "examples": list(result.examples)}
        return {**found, **about, "why": check.why, "to_do": check.to_do}


def run_checks(
    orders: pd.DataFrame, news: pd.DataFrame, labels: npt.NDArray[np.float64], exported_at: int,
    course: Course | None = None, drift: tuple[Side, Side] | None = None,
) -> CheckReport:  # fmt: skip
    """Run every check over a history as imported.

    orders: (n,) kept columns and `pin_known`.  news: (m,) with the `placed_at` of its order, NaN where unknown.
    labels: (n,) 1 RTO, 0 not, NaN none.  exported_at: microseconds.  course: the news of the same n orders, for rules
    about courses of events.  drift: this import and the history before it. Without them those do not apply.
    Raises ChecksBroken, never a failed result, if a frame is malformed or a rule could not be run.
    """
    given = {Given.EXPORTED_AT: exported_at}
    asked = frames(orders, news, labels, course, drift, exported_at)
    found: dict[str, Finding] = {}
    for suite, one in asked.items():
        found |= judge(suite, one, checks_of(suite), given)
    names = {suite: one.names for suite, one in asked.items()}
    results = tuple(_result(check, found.get(check.code), names.get(check.suite)) for check in CHECKS)
    return CheckReport(results, series=series_of(orders["placed_at"].to_numpy(), labels, exported_at))


def require(report: CheckReport, page: str = "") -> None:
    """Raise CheckFailed with the first of the hard failures, naming the others, and the page that shows them all."""
    failed = report.hard_failures
    if not failed:
        return
    first = failed[0].check
    others = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    raise CheckFailed(
        first.code,
        f"{len(failed)} hard check{'s' if len(failed) != 1 else ''} for {report.purpose}",
        got="; ".join(str(result) for result in failed[:3]) + others,
        expected=first.title,
        to_do=first.to_do + (f"; all of it: {page}" if page else ""),
    )


def _result(check: Check, found: Finding | None, names: "pd.Series[Any] | None") -> CheckResult:
    if found is None:
        return CheckResult(check.code, Outcome.NOT_APPLICABLE)
    outcome = Outcome.PASSED if found.passed else Outcome.FAILED
    share = None if found.n_failed is None else found.n_failed / max(found.n_checked, 1)
    observed = None if math.isnan(found.observed) else found.observed
    named = [] if names is None else names.iloc[list(found.rows)].dropna().unique().tolist()
    examples = tuple(str(name) for name in named[:MAX_EXAMPLES])
    return CheckResult(check.code, outcome, found.n_checked, found.n_failed, share, observed, examples)
