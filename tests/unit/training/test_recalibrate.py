"""A fresh calibrator comes from orders the trees were not grown on, is judged on newer ones, and mends a shift."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.errors import TooLittleHistory
from data.history import History
from features.assemble import matrix
from features.labels import labels_at
from features.replay import replay
from tests.helpers.histories import T0
from tests.helpers.markets import QUICK_PLAN, small_market
from training.bundle import Bundle, read_bundle, rewrite_calibrator, signing_key, write_bundle
from training.calibration import BetaCalibrator, fit_calibrator
from training.recalibrate import WEEK, Fresh, fresh_orders, refresh
from training.recalibration_report import figures, judgement, predictions, spans
from training.run import train
from training.trees import probability

TRAINED_UNTIL, SHIFT = T0 + 75 * DAY, T0 + 72 * DAY


def silent(*_) -> None:
    """Progress nobody looks at."""


def worse_from(history: History, moment: int, seed: int = 1) -> History:
    """Of the parcels ordered from a moment on, 3 of 10 that were delivered come back instead."""
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    turned = np.random.default_rng(seed).random(len(history)) < 0.3
    turned &= history.orders["placed_at"] >= moment
    kind = history.news["type"].copy()
    kind[turned[owner] & (kind == NewsType.DELIVERED)] = NewsType.RTO_STARTED
    return replace(history, news=history.news | {"type": kind})


HISTORY = worse_from(small_market(3_000), SHIFT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A signed bundle, trained before the shift could be known."""
    home = tmp_path_factory.mktemp("home")
    outcome = train(HISTORY, QUICK_PLAN, TRAINED_UNTIL, silent)
    write_bundle(home / "bundle", outcome.bundle, outcome.golden, signing_key(home))
    return home / "bundle"


def read(folder: Path) -> Bundle:
    return read_bundle(folder, signing_key(folder.parent).public_key())


@pytest.fixture(scope="module")
def bundle(folder) -> Bundle:
    return read(folder)


@pytest.fixture(scope="module")
def fresh(bundle) -> Fresh:
    return fresh_orders(HISTORY, bundle, None, silent)


def refreshed(history: History, fresh: Fresh, bundle: Bundle, weeks: int = 6):
    return refresh(history, fresh, bundle.calibrator, bundle.calibrator, weeks)


def test_only_orders_that_no_tree_has_seen_and_whose_outcome_is_told_count(bundle, fresh):
    placed_at = HISTORY.orders["placed_at"]
    assert bundle.about["trained_through"] <= TRAINED_UNTIL - bundle.about["moments"]["matures_in"]
    assert fresh.placed_at.min() > bundle.about["trained_through"]
    assert fresh.newest == HISTORY.known_through - fresh.matures_in < fresh.placed_at.max()
    there = ~np.isnan(labels_at(HISTORY, HISTORY.known_through).y)
    wanted = there & (placed_at > fresh.trained_through)
    assert fresh.at.tolist() == np.flatnonzero(wanted).tolist()


def test_scores_are_those_of_the_bundle_for_the_moment_the_order_was_placed(bundle, fresh):
    rows = matrix(HISTORY.orders, replay(HISTORY, bundle.sums, silent), bundle.shrinkage, bundle.features)
    assert fresh.raw.tolist() == probability(bundle.margin(rows[fresh.at])).tolist()


def test_nothing_known_after_until_counts(bundle):
    until = TRAINED_UNTIL + 50 * DAY
    early = fresh_orders(HISTORY, bundle, until, silent)
    assert early.newest <= until - 5 * DAY
    assert len(early.y) < len(fresh_orders(HISTORY, bundle, None, silent).y)


def test_parts_follow_one_another(bundle, fresh):
    """What is fitted to be judged was placed and told before what it is judged on; young orders take part in both."""
    windows, placed_at = refreshed(HISTORY, fresh, bundle).windows, fresh.placed_at
    assert windows.cut - fresh.matures_in < placed_at[windows.fit].max() < windows.cut
    assert placed_at[windows.judge].min() > windows.cut == fresh.newest - 2 * WEEK
    assert placed_at[windows.judge].max() <= fresh.newest < placed_at[windows.refit].max()
    assert placed_at[windows.refit].min() > fresh.until - 6 * WEEK


def test_a_shift_is_mended_and_the_judgement_shows_it(bundle, fresh):
    found = refreshed(HISTORY, fresh, bundle)
    every, cod = judgement(fresh, found)
    assert every["before"]["intercept"]["low"] > 0.1  # far too little was said
    assert every["after"]["intercept"]["low"] < 0 < every["after"]["intercept"]["high"]
    assert every["after_minus_before"]["log_loss"]["high"] < 0
    assert (
        every["after"]["ece"]["value"] <= every["after"]["ece"]["floor_p95"] + 0.004 < every["before"]["ece"]["value"]
    )
    assert abs(every["said"]["after"] - every["came"]) < 0.05 < every["came"] - every["said"]["before"]
    assert (cod["name"], cod["n"]) == ("COD only", fresh.is_cod[found.windows.judge].sum())
    served = found.calibrator.apply([0.1, 0.3, 0.6])
    assert (served > bundle.calibrator.apply([0.1, 0.3, 0.6])).all()
    told = figures([every, cod])
    assert told["all.model.log_loss"] < told["all.before.log_loss"]
    assert told["cod.minus_before.log_loss.mean"] == cod["after_minus_before"]["log_loss"]["value"]
    assert json.dumps(spans(fresh, found), allow_nan=False)


def test_a_calibrator_that_holds_is_left_nearly_as_it_is(bundle, fresh):
    """Outcomes drawn from exactly what was said."""
    said, grid = bundle.calibrator.apply(fresh.raw), np.linspace(0.05, 0.7)
    y = (np.random.default_rng(3).random(len(said)) < said).astype(float)
    kind, rows = HISTORY.news["type"].copy(), np.full(len(HISTORY), np.nan)
    rows[fresh.at] = y
    came = rows[np.repeat(np.arange(len(HISTORY)), np.diff(HISTORY.start))]
    ends = np.isin(kind, [NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED]) & ~np.isnan(came)
    kind[ends] = np.where(came[ends] == 1, NewsType.RTO_STARTED, NewsType.DELIVERED)
    history = replace(HISTORY, news=HISTORY.news | {"type": kind})
    holds = replace(fresh, y=labels_at(history, fresh.until).y[fresh.at])
    found = refreshed(history, holds, bundle)
    change = judgement(holds, found)[0]["after_minus_before"]["log_loss"]
    assert change["low"] < 0 < change["high"]
    assert np.abs(found.calibrator.apply(grid) - bundle.calibrator.apply(grid)).max() < 0.06


def test_the_judged_calibrator_knows_only_what_was_told_when_its_orders_came(bundle, fresh):
    """What is told after the cut turned round, of deliveries half: what is judged stays, what is served changes."""
    found = refreshed(HISTORY, fresh, bundle)
    kind = HISTORY.news["type"].copy()
    late = HISTORY.news["known_at"] > found.windows.cut
    delivered, received = (late & (kind == which) for which in (NewsType.DELIVERED, NewsType.RTO_RECEIVED))
    kind[delivered & (np.arange(len(kind)) % 2 == 0)], kind[received] = NewsType.RTO_STARTED, NewsType.DELIVERED
    other = replace(HISTORY, news=HISTORY.news | {"type": kind})
    again = refreshed(other, replace(fresh, y=labels_at(other, fresh.until).y[fresh.at]), bundle)
    assert again.judged == found.judged
    assert again.calibrator != found.calibrator


@pytest.mark.parametrize(
    ("days", "weeks", "told"),
    [(0, 6, "got 0 old enough"), (12, 6, r"got 2\d\d old enough"), (60, 1, r"in the newest 1 weeks \d+ to judge after \d+ to fit")],
)  # fmt: skip
def test_too_few_orders_are_refused_and_counted(bundle, days, weeks, told):
    early = fresh_orders(HISTORY, bundle, TRAINED_UNTIL + days * DAY, silent)
    with pytest.raises(TooLittleHistory, match=f"(?s)CAL001 orders since .*{told}.*keep the calibrator"):
        refreshed(HISTORY, early, bundle, weeks)


def test_one_kind_of_outcome_is_refused(bundle, fresh):
    with pytest.raises(TooLittleHistory, match="CAL001"):
        refreshed(HISTORY, replace(fresh, y=np.zeros(len(fresh.y))), bundle)


def test_a_refresh_of_a_refresh_is_the_refresh(bundle, fresh):
    once = refreshed(HISTORY, fresh, bundle)
    again = refresh(HISTORY, fresh, once.calibrator, bundle.calibrator, 6)
    assert again.calibrator == once.calibrator


def test_a_new_bundle_differs_in_its_calibrator_and_in_nothing_else(folder, bundle, tmp_path):
    new = BetaCalibrator(1.2, 0.9, 0.4)
    digest = rewrite_calibrator(folder, tmp_path / "new", new, {"recalibrated": {"n": 1}}, signing_key(folder.parent))
    made = read_bundle(tmp_path / "new", signing_key(folder.parent).public_key())
    for name in ("model.ubj", "golden.json"):
        assert (tmp_path / "new" / name).read_bytes() == (folder / name).read_bytes()
    old, fresh_one = (json.loads((at / "bundle.json").read_text()) for at in (folder, tmp_path / "new"))
    assert {key for key in old if old[key] != fresh_one[key]} == {"calibrator", "about"}
    assert fresh_one["about"] == old["about"] | {"recalibrated": {"n": 1}}
    assert (made.calibrator, made.digest) == (new, digest)
    assert digest != bundle.digest


def test_predictions_name_the_run_they_are_compared_with(bundle, fresh):
    found = refreshed(HISTORY, fresh, bundle)
    frame = predictions(fresh, found, "run-1")
    assert set(frame["before_run"]) == {"run-1"}
    assert frame["p_before"].tolist() == bundle.calibrator.apply(fresh.raw[found.windows.judge]).tolist()
    assert frame["p_model"].tolist() == found.judged.apply(fresh.raw[found.windows.judge]).tolist()


def test_a_calibrator_leans_on_the_one_it_is_told_to():
    rng, known = np.random.default_rng(3), BetaCalibrator(1.3, 0.8, 0.5)
    p = 1 / (1 + np.exp(-rng.normal(-1.2, 1.0, 40_000)))
    y = (rng.random(len(p)) < known.apply(p)).astype(float)
    assert fit_calibrator([], [], towards=known) == known
    few, grid = slice(0, 200), np.linspace(0.05, 0.75)
    off = {name: np.abs(fit_calibrator(p[few], y[few], towards=t).apply(grid) - known.apply(grid)).max()
           for name, t in (("known", known), ("identity", BetaCalibrator()))}  # fmt: skip
    assert off["known"] < 0.5 * off["identity"]
    many = [fit_calibrator(p, y, towards=t).apply(grid) for t in (known, BetaCalibrator())]
    assert np.abs(many[0] - many[1]).max() < 0.01
    flat = fit_calibrator(p, 1 - y, towards=known)
    assert min(flat.a, flat.b) >= 0  # never turned round
