"""Do the reasons told hold? They add up to the risk, taking the first away lowers it, and another training tells the same."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from data.contract import DAY
from data.history import History
from data.world.presets import DEMO
from data.world.simulate import simulate
from serving.scores.reason_wording import GROUPS, WORDING
from serving.scores.reasons import Why, reasons
from tests.helpers.lab import history_of_world
from tests.helpers.markets import QUICK_PLAN
from tests.helpers.reason_trials import off_the_margin, overlap, parts_of, strongest, without_one
from tests.helpers.worlds import UNTIL, quiet
from training.bundle import Bundle
from training.run import Outcome, train
from training.shallow import shallow_trees

NEWEST = 800


@cache
def market() -> History:
    with TemporaryDirectory() as folder:
        return history_of_world(simulate(DEMO, 8_000, 5, UNTIL, quiet), Path(folder))


@cache
def trained(days_before: int = 0) -> Outcome:
    history = market()
    return train(history, QUICK_PLAN, history.known_through - days_before * DAY, lambda *_: None)


def newest(outcome: Outcome) -> np.ndarray:
    """(n, k) the newest cash orders as the bundle sees them."""
    x = outcome.twin.design.x
    return x[np.flatnonzero(outcome.rows.is_cod)[-NEWEST:]]


def test_every_code_is_worded_and_stands_in_one_group_of_about_a_dozen() -> None:
    told = [code for group in GROUPS.values() for code in group.codes]
    assert sorted(told) == sorted(WORDING)
    assert 10 <= len(GROUPS) <= 14


def test_the_page_shows_the_groups_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    for name, group in GROUPS.items():
        codes = ", ".join(f"`{code}`" for code in group.codes)
        assert f"| `{name}` | {group.about} | {codes} | {group.buyer or '-'} |" in page


def judged_bundle() -> tuple[Bundle, np.ndarray]:
    """The judged twin as a bundle, and the orders it is asked about."""
    outcome = trained()
    twin = outcome.twin
    return replace(outcome.bundle, model=twin.model, features=twin.design.features, calibrator=twin.calibrator,
                   shrinkage=twin.design.shrinkage), newest(outcome)  # fmt: skip


def test_the_groups_add_up_to_the_margin_that_is_served() -> None:
    bundle, x = judged_bundle()
    looked_up = replace(bundle, trees=shallow_trees(bundle.model.booster, len(bundle.features)))
    for served in (bundle, looked_up) if looked_up.trees else (bundle,):
        assert off_the_margin(served, x) < 1e-6


def test_with_the_first_reason_taken_away_the_risk_is_lower() -> None:
    bundle, x = judged_bundle()
    told = reasons(Why(bundle.seen(x), {}, [False] * len(x)), len(GROUPS))
    strong = told.part.max(axis=1) >= 0.1  # of the log-odds; 2 % of the risk in the middle
    assert strong.mean() > 0.7
    assert (without_one(bundle, x, 0)[strong] > 0).mean() >= 0.99
    assert (without_one(bundle, x, -1) > 0).mean() < 0.05  # the control: the reason that lowers most raises none


def test_another_training_tells_mostly_the_same_reasons() -> None:
    rows = trained().rows
    at = np.flatnonzero(rows.is_cod)[-NEWEST:]
    now, before = (strongest(one.bundle, rows, at) for one in (trained(), trained(45)))
    assert overlap(now, before).mean() >= 0.7
    others = overlap(now, before[1:] + before[:1])
    assert others.mean() < overlap(now, before).mean() - 0.1  # the control: another order's reasons


@pytest.mark.parametrize("wanted", [1, 5])
def test_what_is_told_is_the_groups_whole_part(wanted: int) -> None:
    bundle, x = judged_bundle()
    groups, by_group = parts_of(bundle, x)
    told = reasons(Why(bundle.seen(x), {}, [False] * len(x)), wanted)
    for row in (0, 7, 31):
        for one, part in zip(told.of(row, wanted), told.part[row], strict=True):
            assert part == by_group[row, groups.index(one["group"])]
