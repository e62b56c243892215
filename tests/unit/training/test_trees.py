"""Are trees chosen where they see what a line cannot, and are their parts the whole?"""

import numpy as np
import pytest

from features.catalog import Feature, FromOrder
from training.choosing import choose, turns
from training.linear import fit_linear
from training.plan import Plan, TreePlan
from training.trees import Model, Sample, Shape, fit_shape, grow, probability, row_losses, scaled

PLAN = Plan(linear_penalties=(3.0, 30.0), trees=TreePlan(depths=(2,), max_trees=150, learning_rate=0.1, patience=20))


def columns(k: int, sign: int = 0) -> tuple[Feature, ...]:
    return tuple(Feature(f"f{i}", FromOrder("amount"), "u", "r", "why", sign) for i in range(k))


def sample(n: int, log_odds, seed: int = 1, k: int = 4) -> Sample:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, k)), 3)
    return Sample(x, (rng.random(n) < probability(log_odds(x))).astype(float))


def crossed(x):
    return 2.0 * np.sign(x[:, 0]) * np.sign(x[:, 1])


def straight(x):
    return x[:, 0] - 0.7 * x[:, 1]


def chosen(data: Sample, plan: Plan = PLAN) -> Shape:
    return choose(turns(data, len(data.y) // 5), columns(4), plan)


def test_trees_are_chosen_where_two_features_act_only_together() -> None:
    shape = chosen(sample(3_000, crossed))
    assert shape.n_trees > 10
    assert shape.depth == 2


def test_what_is_chosen_for_it_sees_it() -> None:
    data, fresh = sample(3_000, crossed), sample(3_000, crossed, seed=2)
    shape = chosen(data)
    model, line = fit_shape(data, columns(4), shape, PLAN), fit_linear(data.x, data.y, columns(4), 3.0)
    losses = [row_losses(m.margin(fresh.x), fresh.y).mean() for m in (model, line)]
    assert losses[0] < 0.8 * losses[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_the_truth_is_a_line_the_choice_is_as_good_as_the_line(seed: int) -> None:
    data, fresh = sample(1_000, straight, seed), sample(20_000, straight, seed + 50)
    shape = chosen(data)
    assert shape.line_share >= 0.4
    model, line = fit_shape(data, columns(4), shape, PLAN), fit_linear(data.x, data.y, columns(4), shape.penalty)
    losses = [row_losses(m.margin(fresh.x), fresh.y).mean() for m in (model, line)]
    assert losses[0] < losses[1] + 0.004


def test_a_plan_may_forbid_the_line() -> None:
    plan = PLAN.model_copy(update={"trees": PLAN.trees.model_copy(update={"line_shares": (0.0,)})})
    shape = chosen(sample(600, straight), plan)
    assert shape.line_share == 0
    assert shape.n_trees >= 1


def test_the_same_sample_gives_the_same_choice_and_the_same_trees() -> None:
    data = sample(2_000, crossed)
    shapes = {chosen(data) for _ in range(2)}
    assert len(shapes) == 1
    models = [fit_shape(data, columns(4), shapes.copy().pop(), PLAN) for _ in range(2)]
    np.testing.assert_array_equal(models[0].margin(data.x), models[1].margin(data.x))


def test_another_seed_gives_other_trees() -> None:
    data, shape = sample(2_000, crossed), Shape(2, 0.0, 3.0, 20)
    one, other = (fit_shape(data, columns(4), shape, PLAN.model_copy(update={"seed": s})) for s in (1, 2))
    assert np.abs(one.margin(data.x) - other.margin(data.x)).max() > 0


@pytest.mark.parametrize("shape", [Shape(1, 1.0, 3.0, 0), Shape(3, 0.4, 3.0, 40), Shape(3, 0.0, 3.0, 40)])
def test_contributions_add_up_to_the_margin(shape: Shape) -> None:
    data = sample(2_000, crossed)
    data.x[::9, 2] = np.nan
    model = fit_shape(data, columns(4), shape, PLAN)
    for x in (data.x[:200], data.x[:1]):
        parts, base = model.contributions(x)
        assert parts.shape == x.shape
        np.testing.assert_allclose(parts.sum(axis=1) + base, model.margin(x), atol=1e-5)


def test_a_model_without_trees_is_its_line() -> None:
    data = sample(500, straight)
    model = fit_shape(data, columns(4), Shape(1, 1.0, 3.0, 0), PLAN)
    line = fit_linear(data.x, data.y, columns(4), 3.0)
    np.testing.assert_allclose(model.margin(data.x), line.margin(data.x), atol=1e-12)
    assert model.n_trees == model.booster.num_boosted_rounds() == 0


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_booster_has_the_trees_it_was_to_have(share: float) -> None:
    assert fit_shape(sample(500, crossed), columns(4), Shape(2, share, 3.0, 7), PLAN).booster.num_boosted_rounds() == 7


def test_without_a_line_the_average_order_has_the_average_risk() -> None:
    data = sample(5_000, lambda x: np.full(len(x), -2.0))
    model = fit_shape(data, columns(4), Shape(2, 0.0, 3.0, 5), PLAN)
    assert probability(model.margin(data.x)).mean() == pytest.approx(data.y.mean(), abs=0.01)


def test_thin_data_takes_turns_and_every_row_stops_once() -> None:
    data = sample(1_000, straight)
    pairs = turns(data, 150)
    assert len(pairs) == 5
    assert sum(len(stop.y) for _, stop in pairs) == len(data.y)
    assert all(len(fit.y) + len(stop.y) == len(data.y) for fit, stop in pairs)


def test_a_turn_whose_rest_has_one_outcome_is_left_out() -> None:
    y = np.r_[np.ones(20), np.zeros(80)]
    assert len(turns(Sample(np.zeros((100, 1)), y), 15)) == 4


@pytest.mark.parametrize("margin", [-800.0, -5.0, 0.0, 5.0, 800.0])
def test_losses_and_probabilities_never_overflow(margin: float) -> None:
    p = probability(np.array([margin]))
    assert 0 <= p[0] <= 1
    told = row_losses(np.array([margin, margin]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(
        told, [max(margin, 0) + np.log1p(np.exp(-abs(margin))), max(-margin, 0) + np.log1p(np.exp(-abs(margin)))]
    )


def test_a_model_is_its_parts() -> None:
    data = sample(500, crossed)
    both = fit_shape(data, columns(4), Shape(2, 0.4, 3.0, 9), PLAN)
    trees = Model(both.names, None, both.booster, 9)
    np.testing.assert_allclose(both.margin(data.x), trees.margin(data.x) + both.linear.margin(data.x), atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("depth", [2, 4])
def test_a_booster_scaled_has_every_margin_and_every_part_scaled(share: float, depth: int) -> None:
    data = sample(900, lambda x: straight(x) - 1.5)
    data.x[::9, 2] = np.nan
    whole = Model((), None, grow(data, columns(4), depth, PLAN, n_trees=30), 30)
    small = Model((), None, scaled(whole.booster, share), 30)
    np.testing.assert_allclose(small.margin(data.x), share * whole.margin(data.x), atol=1e-5)
    (parts, base), (all_parts, all_base) = small.contributions(data.x), whole.contributions(data.x)
    np.testing.assert_allclose(parts, share * all_parts, atol=1e-5)
    assert base == pytest.approx(share * all_base, abs=1e-5)


def test_the_average_is_that_of_the_line_and_of_the_trees_alone() -> None:
    data = sample(900, straight)
    line = fit_linear(data.x, data.y, columns(4), 3.0)
    trees, both = (fit_shape(data, columns(4), Shape(2, share, 3.0, 20), PLAN) for share in (0.0, 0.4))
    told = 0.4 * line.margin(data.x) + 0.6 * trees.margin(data.x)
    np.testing.assert_allclose(both.margin(data.x), told, atol=1e-5)


@pytest.mark.parametrize(
    ("shares", "kept"), [((0.8, 1.0), 0.8), ((1.0, 0.8), 1.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0)]
)
def test_the_first_share_stays_unless_another_is_clearly_better(shares: tuple[float, ...], kept: float) -> None:
    plan = PLAN.model_copy(update={"trees": PLAN.trees.model_copy(update={"line_shares": shares})})
    assert chosen(sample(1_000, straight), plan).line_share == kept


def test_a_line_alone_has_no_trees() -> None:
    plan = PLAN.model_copy(update={"trees": PLAN.trees.model_copy(update={"line_shares": (1.0,)})})
    assert chosen(sample(600, straight), plan).n_trees == 0


def test_trees_alone_are_chosen_where_the_line_has_learned_noise() -> None:
    """Sixty columns, one of which matters, few rows, and a penalty that is next to nothing."""
    data = sample(400, lambda x: 2.0 * np.sign(x[:, 0]), k=60)
    plan = PLAN.model_copy(update={"linear_penalties": (1e-3,)})
    assert choose(turns(data, 80), columns(60), plan).line_share == 0


def test_the_line_is_the_calmest_that_is_as_good() -> None:
    plan = PLAN.model_copy(update={"linear_penalties": (1.0, 3.0, 10.0, 1e6)})
    assert chosen(sample(1_500, straight), plan).penalty == 10.0
