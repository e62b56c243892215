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
from features.assemble import matrix
from serving.reason_wording import GROUP_OF, GROUPS, WORDING
from serving.reasons import Why, by_reason, in_groups, reasons
from tests.helpers.lab import history_of_world
from tests.helpers.markets import QUICK_PLAN
from tests.helpers.worlds import UNTIL, quiet
from training.bundle import Bundle
from training.run import Outcome, train

TOP, NEWEST, BACKGROUND = 3, 800, 50


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


def parts_of(bundle: Bundle, x: np.ndarray) -> tuple[list[str], np.ndarray]:
    parts, _ = bundle.contributions(x)
    return in_groups(*by_reason(bundle, parts))


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


def test_the_groups_add_up_to_the_margin() -> None:
    bundle, x = judged_bundle()
    parts, base = bundle.contributions(x)
    _, by_group = in_groups(*by_reason(bundle, parts))
    np.testing.assert_allclose(by_group.sum(axis=1) + base, bundle.model.margin(x), atol=1e-5)


def without_one(bundle: Bundle, x: np.ndarray, which: int) -> np.ndarray:
    """(n,) how much of each order's log-odds goes with the group ranked `which` (0: raises most, -1: lowers most).

    Its columns are set to those of other orders, one after the other, and the margins averaged: as for the average order.
    """
    groups, by_group = parts_of(bundle, x)
    told = [number for number, group in enumerate(groups) if group != "payment"]
    ranked = np.array(told)[np.argsort(-by_group[:, told], axis=1)[:, which]]
    others, out = x[:: len(x) // BACKGROUND][:BACKGROUND], np.empty(len(x))
    for number in told:
        rows = np.flatnonzero(ranked == number)
        own = [j for j, f in enumerate(bundle.features) if GROUP_OF[f.reason] == groups[number]]
        reset = np.repeat(x[rows], BACKGROUND, axis=0)
        reset[:, own] = np.tile(others[:, own], (len(rows), 1))
        average = bundle.model.margin(reset).reshape(len(rows), BACKGROUND).mean(axis=1)
        out[rows] = bundle.model.margin(x[rows]) - average
    return out


def test_with_the_first_reason_taken_away_the_risk_is_lower() -> None:
    bundle, x = judged_bundle()
    told = reasons(Why(bundle, x, {}, [False] * len(x)), len(GROUPS))
    strong = told.part.max(axis=1) >= 0.1  # of the log-odds; 2 % of the risk in the middle
    assert strong.mean() > 0.7
    assert (without_one(bundle, x, 0)[strong] > 0).mean() >= 0.99
    assert (without_one(bundle, x, -1) > 0).mean() < 0.05  # the control: the reason that lowers most raises none


def top(outcome: Outcome) -> list[set[str]]:
    """The strongest groups of each of the newest cash orders, as this training's bundle sees them."""
    groups, by_group = parts_of(outcome.bundle, design_of(outcome))
    ranked = np.argsort(-np.abs(by_group), axis=1)[:, :TOP]
    return [{groups[g] for g in row} for row in ranked]


def design_of(outcome: Outcome) -> np.ndarray:
    rows, bundle = trained().rows, outcome.bundle
    at = np.flatnonzero(rows.is_cod)[-NEWEST:]
    orders = {name: column[at] for name, column in rows.orders.items()}
    readings = {one: values[at] for one, values in rows.readings.items()}
    return matrix(orders, readings, bundle.shrinkage, bundle.features)


def test_another_training_tells_mostly_the_same_reasons() -> None:
    now, before = top(trained()), top(trained(45))
    overlap = np.mean([len(a & b) / TOP for a, b in zip(now, before, strict=True)])
    assert overlap >= 0.7
    by_chance = np.mean([len(a & b) / TOP for a, b in zip(now, before[1:] + before[:1], strict=True)])
    assert by_chance < overlap  # the control: another order's reasons


@pytest.mark.parametrize("wanted", [1, 5])
def test_what_is_told_is_the_groups_whole_part(wanted: int) -> None:
    bundle, x = judged_bundle()
    groups, by_group = parts_of(bundle, x)
    told = reasons(Why(bundle, x, {}, [False] * len(x)), wanted)
    for row in (0, 7, 31):
        for one, part in zip(told.of(row, wanted), told.part[row], strict=True):
            assert part == by_group[row, groups.index(one["group"])]
