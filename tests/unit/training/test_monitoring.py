"""The monitor's rules, page and refusals, on a small market that tells of no delivery attempts."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.errors import DataError, Exit, PlanError, TooLittleHistory
from tests.helpers.markets import QUICK_PLAN, small_market
from training.alarms import RULES, Change, Kind, State, judged
from training.calibration import BetaCalibrator
from training.monitor_plan import MonitorPlan, load_monitor_plan
from training.monitor_record import figures_of, page_of, values_of
from training.monitoring import monitor
from training.run import train
from training.run_record import predictions
from training.seen import Watched

HISTORY = small_market(2_400)
LEARNED = HISTORY.known_through - 60 * DAY
PLAN = MonitorPlan(fewest_orders=100)


def silent(*_):
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def watched():
    outcome = train(HISTORY, QUICK_PLAN, LEARNED, silent)
    return Watched(outcome.bundle, predictions(outcome))


@pytest.fixture(scope="module")
def found(watched):
    return monitor(HISTORY, watched, PLAN, None, silent)


def alarm(found, code, scope="COD only"):
    return next(one for one in found.alarms if (one.code, one.scope) == (code, scope))


def values(found):
    return values_of(found, PLAN, {"name": "rto-risk-acme", "version": "3"})


def with_column(history, name, column):
    return replace(history, orders={**history.orders, name: column})


def test_only_orders_since_the_run_learned_are_judged_and_the_reference_is_its_own_test(found, watched):
    seen = found.sight.seen
    assert seen.placed_at[seen.since].min() > watched.bundle.about["trained_through"]
    assert (seen.placed_at[~seen.since] <= watched.bundle.about["trained_through"]).all()
    assert sorted(seen.p[~seen.since]) == pytest.approx(sorted(watched.judged["p_model"]))
    assert seen.placed_at[seen.mature].max() <= found.sight.moment - found.sight.matures_in


def test_an_earlier_look_knows_no_outcome_told_later(watched):
    until = HISTORY.known_through - 20 * DAY
    then = monitor(HISTORY, watched, PLAN, until, silent).sight.seen
    assert then.placed_at.max() <= until
    assert np.isnan(then.y[then.placed_at > until - DAY]).all()


def test_every_rule_is_told_for_cash_and_for_all_and_what_cannot_be_told_says_why(found):
    told = {(one.code, one.scope) for one in found.alarms}
    assert told == {(c, s) for c in RULES for s in ("all orders", "COD only")} - {("MON101", "COD only")}
    proxy = alarm(found, "MON201")
    assert (proxy.state, proxy.said) == (State.NOT_APPLICABLE, "this history tells of no failed attempts")
    assert alarm(found, "MON202").state in (State.QUIET, State.RAISED)


def test_few_orders_are_not_applicable_and_never_quiet(watched):
    few = monitor(HISTORY, watched, MonitorPlan(fewest_orders=100_000), None, silent)
    assert {one.state for one in few.alarms} == {State.NOT_APPLICABLE}
    assert "at least 100,000 can tell" in alarm(few, "MON103").said


def test_without_payment_methods_there_is_one_scope(watched):
    blind = with_column(HISTORY, "payment_method", np.full(len(HISTORY), None, dtype=object))
    assert [scope.name for scope in monitor(blind, watched, PLAN, None, silent).scopes] == ["all orders"]


def test_a_column_that_went_missing_is_an_alarm_of_drift(watched):
    since = HISTORY.orders["placed_at"] > watched.bundle.about["trained_through"]
    gone = with_column(HISTORY, "address_words", np.where(since, np.nan, HISTORY.orders["address_words"]))
    told = alarm(monitor(gone, watched, PLAN, None, silent), "MON101", "all orders")
    assert (told.state, told.rule.kind) == (State.RAISED, Kind.DRIFT)
    assert "address_words (missing 0%, now 100%)" in told.said


@pytest.mark.parametrize("every", [1, 2])
def test_outcomes_that_turned_are_an_alarm_that_the_promise_is_broken(watched, every):
    """Every parcel came back, or every second one: also where all of one outcome tell nothing of slope and AUC."""
    kinds = HISTORY.news["type"].copy()
    since = np.repeat(HISTORY.orders["placed_at"] > watched.bundle.about["trained_through"], np.diff(HISTORY.start))
    turned = np.flatnonzero(since & (kinds == NewsType.DELIVERED))[::every]
    kinds[turned] = NewsType.RTO_STARTED
    found = monitor(replace(HISTORY, news={**HISTORY.news, "type": kinds}), watched, PLAN, None, silent)
    told = alarm(found, "MON202")
    assert (told.state, told.rule.kind) == (State.RAISED, Kind.BROKEN)
    assert told.low > 0.2
    assert (alarm(found, "MON203").state == State.NOT_APPLICABLE) == (every == 1)


def test_no_return_among_few_expected_ones_is_no_alarm(watched):
    """A shop where one in a hundred comes back: 0 of 250 is chance, though such outcomes show no spread at all."""
    quiet = replace(watched, bundle=replace(watched.bundle, calibrator=BetaCalibrator(a=0.2, b=0.0, c=-4.3)))
    kinds = HISTORY.news["type"].copy()
    kinds[kinds == NewsType.RTO_STARTED] = NewsType.DELIVERED
    kinds[kinds == NewsType.RTO_RECEIVED] = NewsType.DELIVERED
    history = replace(HISTORY, news={**HISTORY.news, "type": kinds})
    told = alarm(monitor(history, quiet, PLAN.model_copy(update={"fewest_outcomes": 1}), None, silent), "MON202")
    assert told.state == State.QUIET
    assert -0.02 < told.value < -0.001


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (Change(500, 0.05, 0.01, 0.09, 0.03, ""), State.RAISED),
        (Change(500, -0.05, -0.09, -0.01, 0.03, ""), State.RAISED),
        (Change(500, 0.05, -0.01, 0.11, 0.03, ""), State.QUIET),  # chance explains it
        (Change(500, 0.02, 0.01, 0.03, 0.03, ""), State.QUIET),  # sure, and too small to matter
        (Change(500, 0.05, 0.01, 0.09, 0.03, "", falls_only=True), State.QUIET),
        (Change(500, -0.05, -0.09, -0.01, 0.03, "", falls_only=True), State.RAISED),
        ("12 orders", State.NOT_APPLICABLE),
    ],
)
def test_an_alarm_needs_size_and_an_interval_that_excludes_none(change, state):
    assert judged("MON204", "COD only", change).state == state


def test_what_is_left_behind_is_strict_json_with_figures_for_the_tracker(found):
    told = json.loads(json.dumps(values(found), allow_nan=False))
    assert told["status"] in ("quiet", "drift", "broken")
    assert {week["part"] for week in told["scopes"][0]["weeks"]} == {"reference", "since"}
    figures = figures_of(found)
    assert figures["monitor.cod.MON202"] == alarm(found, "MON202").value
    assert "monitor.cod.MON201.raised" not in figures


def test_the_page_shows_every_rule_and_picture_and_needs_nothing_from_outside(found):
    page = page_of(found, values(found))
    tags = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    reader.feed(page)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in tags}
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert len(images) == 5
    assert all(one["src"].startswith("data:image/svg+xml;base64,") and one["alt"] for one in images)
    assert all(code in page for code in RULES)
    assert "COD only: not applicable, this history tells of no failed attempts." in page


def test_another_pools_run_is_refused(watched):
    strange = replace(watched, judged=watched.judged.assign(merchant_id="someone-else"))
    with pytest.raises(DataError, match="MON001") as refused:
        monitor(HISTORY, strange, PLAN, None, silent)
    assert "test orders are not here" in refused.value.got


def test_a_moment_before_the_run_learned_is_refused(watched):
    with pytest.raises(TooLittleHistory, match="MON002") as refused:
        monitor(HISTORY, watched, PLAN, LEARNED - 30 * DAY, silent)
    assert refused.value.exit_status == Exit.TOO_LITTLE_HISTORY


def test_the_thresholds_written_out_are_the_defaults_and_a_wrong_one_is_refused(tmp_path):
    import training

    default = Path(training.__file__).parent / "plans" / "monitor.toml"
    assert load_monitor_plan(default) == load_monitor_plan(None)
    assert all(f"{name} =" in default.read_text() for name in MonitorPlan.model_fields)
    wrong = tmp_path / "wrong.toml"
    for text, code in (("psy = 0.1", "PLAN002"), ("psi = -1", "PLAN002"), ("psi = ", "PLAN001")):
        wrong.write_text(text)
        with pytest.raises(PlanError, match=code):
            load_monitor_plan(wrong)


def test_the_docs_page_gives_every_rule_its_threshold_and_exit_status():
    import training

    page = (Path(training.__file__).parents[1] / "docs" / "monitoring.md").read_text()
    rows = {cells[1]: cells for line in page.splitlines() if (cells := [c.strip() for c in line.split("|")])[1:2] != []}
    for code, rule in RULES.items():
        status = Exit.PROMISE_BROKEN if rule.kind == Kind.BROKEN else Exit.DRIFT
        assert rows[code][2] == str(int(status))
        assert f"`{rule.size}`" in rows[code][3]
        assert f"{getattr(MonitorPlan(), rule.size):.2f}" in rows[code][4]
