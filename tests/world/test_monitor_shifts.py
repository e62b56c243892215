"""What the monitor sees of a shift: it follows another mix; of buyers who changed only first attempts tell in time.

One market three times (tests/helpers/shifts.py). The promise needs no outcome and is blind to a changed concept: that
is shown here as much as that the rest sees it.
"""

from functools import cache

import pytest

from data.contract import DAY
from tests.helpers.markets import QUICK_PLAN
from tests.helpers.shifts import shifting
from training.alarms import State
from training.monitor_plan import MonitorPlan
from training.monitoring import COD, monitor

EARLY, LATE = 20, 45
"""Days after the shift: hardly any outcome is known yet; the newest four matured weeks all came after it."""


@cache
def found(kind: str, days: int):
    market = shifting(QUICK_PLAN)
    until = market.at + days * DAY
    return monitor(getattr(market, kind), market.watched, MonitorPlan(), until, lambda *_: None)


def cash(kind: str, days: int):
    return next(scope for scope in found(kind, days).scopes if scope.name == COD)


def states(kind: str, days: int) -> dict[str, State]:
    return {one.code: one.state for one in found(kind, days).alarms if one.scope == COD}


def promised(kind: str, days: int) -> float:
    return cash(kind, days).recent["rto_share"].value


def test_in_a_still_market_nothing_is_broken():
    broken = {code: state for code, state in states("still", LATE).items() if code >= "MON2"}
    assert broken == dict.fromkeys(("MON201", "MON202", "MON203", "MON204"), State.QUIET)


def test_the_promise_follows_another_mix_and_the_truth_follows_the_promise():
    before, after = cash("still", LATE), cash("mix", LATE)
    assert after.promised["rto_share"].value > before.promised["rto_share"].value + 0.015
    for name, came in (("rto_share", after.matured.came), ("auc", after.matured.auc.value)):
        assert after.promised[name].low < came < after.promised[name].high
    assert promised("mix", LATE) > promised("still", LATE) + 0.02
    assert {states("mix", LATE)[code] for code in ("MON201", "MON202", "MON203")} == {State.QUIET}


def test_the_promise_is_blind_to_buyers_who_changed_and_first_attempts_are_not():
    assert promised("concept", EARLY) == pytest.approx(promised("still", EARLY), abs=0.01)
    early = states("concept", EARLY)
    assert {early[code] for code in ("MON102", "MON103", "MON104")} == {State.QUIET}
    assert early["MON201"] == State.RAISED
    assert states("still", EARLY)["MON201"] == State.QUIET
    assert early["MON202"] == State.QUIET, "the outcomes came to tell it later than first attempts did"


def test_once_outcomes_are_known_the_truth_has_left_the_promise():
    late = cash("concept", LATE)
    assert late.promised["rto_share"].value == pytest.approx(cash("still", LATE).promised["rto_share"].value, abs=0.02)
    assert late.matured.came > late.promised["rto_share"].high + 0.05
    assert states("concept", LATE)["MON202"] == State.RAISED


def test_weeks_tell_when_it_came():
    weeks = [week for week in cash("concept", LATE).weeks if week.proxy is not None]
    since = [week.proxy.difference / week.proxy.sd for week in weeks if week.start >= shifting(QUICK_PLAN).at]
    before = [week.proxy.difference / week.proxy.sd for week in weeks if week.start < shifting(QUICK_PLAN).at - 7 * DAY]
    assert sum(since) / len(since) > 1.5 > 0.75 > abs(sum(before) / len(before))
