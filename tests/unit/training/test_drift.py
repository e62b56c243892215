"""PSI by hand, what chance makes of it, and whether a move matters to the score."""

import numpy as np
import pytest

from training.drift import Side, drift, drifts

SURE = 0.99


def test_psi_is_the_sum_over_bins_and_missing_is_one_of_them():
    before = np.repeat([0.0, 1.0, np.nan], [500, 400, 100])
    now = np.repeat([0.0, 1.0, np.nan], [100, 400, 500])
    found = drift("flag", before, now, SURE)
    assert found.psi == pytest.approx(2 * 0.4 * np.log(5))
    assert [(b.label, b.before, b.now) for b in found.bins] == [
        ("0", 0.5, 0.1),
        ("1", 0.4, 0.4),
        ("missing", 0.1, 0.5),
    ]
    assert (found.missing_before, found.missing_now, found.missing_jump) == (0.1, 0.5, pytest.approx(0.4))


def test_numbers_are_cut_at_the_deciles_of_the_reference():
    found = drift("amount", np.arange(1_000.0), np.arange(1_000.0) + 200, SURE)
    assert [b.before for b in found.bins] == pytest.approx([0.1] * 10, abs=0.001)
    assert [b.now for b in found.bins] == pytest.approx([0.0] * 2 + [0.1] * 7 + [0.3], abs=0.002)


@pytest.mark.parametrize("draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.poisson(0.4, n) * 1.0])
def test_two_samples_of_one_population_differ_as_much_as_chance_explains(draw):
    rng = np.random.default_rng(3)
    found = [drift("x", draw(rng, 2_000), draw(rng, 500), SURE) for _ in range(300)]
    assert np.mean([one.psi for one in found]) == pytest.approx(np.mean([one.by_chance for one in found]), rel=0.2)
    assert np.mean([one.psi > one.at_most for one in found]) < 0.03


def test_few_orders_need_a_larger_change_before_it_is_beyond_chance():
    few, many = (drift("flag", np.repeat([0.0, 1.0], [n, n]), np.repeat([0.0, 1.0], [n * 8 // 5, n * 2 // 5]), SURE)
                 for n in (5, 500))  # fmt: skip
    assert few.psi == pytest.approx(many.psi)
    assert (few.beyond(0.25), many.beyond(0.25)) == (False, True)


def test_a_value_never_seen_before_and_a_column_gone_are_finite():
    gone = drift("x", np.arange(300.0), np.full(300, np.nan), SURE)
    assert np.isfinite(gone.psi)
    assert (gone.missing_jump, gone.bins[-1].label, gone.bins[-1].now) == (1.0, "missing", 1.0)
    assert drift("x", np.full(50, np.nan), np.full(50, np.nan), SURE).psi == 0


def test_columns_are_listed_by_how_far_they_moved_the_score_not_by_psi():
    rng = np.random.default_rng(1)
    before = np.column_stack([rng.normal(size=2_000), rng.normal(size=2_000)])
    now = before + np.array([5.0, 0.5])
    found = drifts(["idle", "weighty"], Side(before, before * [0.001, 1.0]), Side(now, now * [0.001, 1.0]), SURE)
    assert [one.name for one in found] == ["weighty", "idle"]
    assert [one.part for one in found] == pytest.approx([0.5, 0.005], abs=1e-3)
    assert found[1].psi > found[0].psi > 0.1
