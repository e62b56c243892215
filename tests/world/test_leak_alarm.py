"""Does the alarm hear a model that has seen what nobody could know, and keep silent for an honest one?"""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.world.oracle import observable_oracle
from tests.helpers.lab import lab_of
from tests.helpers.worlds import network
from training.calibration import fit_calibrator
from training.leak_alarm import AUC_SLACK, LOG_LOSS_SLACK, leak_alarm
from training.plan import Plan
from training.trees import Sample, Shape, fit_shape, probability

SHAPE = Shape(depth=4, line_share=0.2, penalty=300.0, n_trees=342)
"""What the default plan chooses on this market; `make bench-world` runs the search itself, which takes minutes."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return lab_of(network(), tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def trained(lab):
    """The project's own model, learned on the past alone."""
    x, blocks, y = lab.made.x, lab.rows.blocks, lab.rows.y_past
    learn = blocks.trees | blocks.early_stop
    model = fit_shape(Sample(x[learn], y[learn]), lab.made.features, SHAPE, Plan())
    fresh = blocks.calibrate
    calibrator = fit_calibrator(probability(model.margin(x[fresh])), y[fresh])
    return calibrator.apply(probability(model.margin(x[lab.test])))


def alarm(lab, p):
    return leak_alarm(p, lab.oracle[lab.test], lab.y)


# --- honest models ---------------------------------------------------------------------------------------------------


def test_the_projects_own_model_does_not_beat_the_oracle(lab, trained):
    found = alarm(lab, trained)
    assert not found.rings
    assert found.auc_gain < 0
    assert found.log_loss_gain < 0
    assert found.auc_gain > -0.06, (
        "an honest model that is far from the possible says more about the test than the oracle"
    )


def test_all_features_beside_the_oracles_probability_gain_nothing(lab):
    """If the oracle overlooked anything that the log tells, trees on top of its word would find it."""
    found = alarm(lab, lab.boost(lab.made.x, lab.oracle, n_trees=60))
    assert not found.rings
    assert found.auc_gain < AUC_SLACK
    assert found.log_loss_gain < LOG_LOSS_SLACK


def test_the_same_features_do_gain_beside_an_oracle_that_was_told_no_outcome(lab):
    """So the silence above means something: what the oracle had overlooked would have been found."""
    inner = lab.world.inner
    ends = np.isin(inner.news.type, [NewsType.DELIVERED, NewsType.RTO_STARTED])
    deaf = observable_oracle(replace(inner, news=inner.news.take(np.flatnonzero(~ends)))).p[lab.at]
    found = leak_alarm(lab.boost(lab.made.x, deaf, n_trees=60), deaf[lab.test], lab.y)
    assert found.rings
    assert found.auc_gain > 0.01


# --- planted leaks ---------------------------------------------------------------------------------------------------


def rate_with_itself(lab, key, among):
    """(n,) RTO share of all orders that share the key, whenever they were told, the order itself among them."""
    _, group = np.unique(key, return_inverse=True)
    rto = np.bincount(group, weights=np.where(among, np.nan_to_num(lab.rows.y), 0.0))
    return (rto / np.maximum(np.bincount(group, weights=among), 1))[group]


def known_cash(lab):
    return lab.rows.is_cod & ~np.isnan(lab.rows.y)


def counted_by_date(lab):
    """(n, 2) RTOs and outcomes of the same phone up to the order's date, as if each were told on the day of its order.

    The order's own outcome is among them: that is what a table joined by date does. Without it this leak is worth so
    little here (an oracle that knew ends at once would gain 0.001) that no alarm could hear it; tests of the fold do.
    """
    orders, among = lab.rows.orders, known_cash(lab)
    phone, day = orders["phone"], orders["placed_at"] // DAY
    ranked = np.lexsort((day, phone))
    counts = np.stack([np.where(among, np.nan_to_num(lab.rows.y), 0.0), among.astype(float)], axis=1)[ranked]
    total = np.concatenate([np.zeros((1, 2)), counts.cumsum(axis=0)])
    place = phone[ranked] * 100_000 + day[ranked]
    upto = np.searchsorted(place, place, side="right")
    since = np.searchsorted(phone[ranked], phone[ranked], side="left")
    found = np.empty_like(counts)
    found[ranked] = total[upto] - total[since]
    return found


def test_a_pincode_rate_that_includes_the_row_itself_rings(lab):
    leak = rate_with_itself(lab, lab.rows.orders["pincode"].astype(str), known_cash(lab))
    found = alarm(lab, lab.boost(np.column_stack([lab.made.x, leak]), depth=4))
    assert found.rings
    assert found.auc_gain > found.auc_limit
    assert found.log_loss_gain > found.log_loss_limit


def test_outcomes_counted_from_the_orders_date_ring(lab):
    leak = counted_by_date(lab)
    found = alarm(lab, lab.boost(np.column_stack([lab.made.x, leak])))
    assert found.rings
    assert found.auc_gain > 0.05


@pytest.mark.parametrize("depth", [3, 4])
def test_without_the_leaks_the_same_trees_are_silent(lab, depth):
    found = alarm(lab, lab.boost(lab.made.x, depth=depth))
    assert not found.rings
    assert found.auc_gain < 0


def test_knowing_the_buyers_themselves_rings(lab):
    """The entity's own chance is more than a log can tell."""
    latent = lab.world.truth["p_cod"].to_numpy()[lab.at][lab.test]
    assert alarm(lab, latent).rings


# --- the rule --------------------------------------------------------------------------------------------------------


def drawn(n=20_000, seed=2):
    draw = np.random.default_rng(seed)
    p = draw.beta(1.2, 3.0, n)
    return p, (draw.random(n) < p).astype(float), draw


def test_the_oracle_beside_itself_gains_nothing_and_its_limits_are_the_slack():
    p, y, _ = drawn()
    found = leak_alarm(p, p, y)
    assert (found.auc_gain, found.log_loss_gain, found.rings) == (0, 0, False)
    assert (found.auc_limit, found.log_loss_limit) == (AUC_SLACK, LOG_LOSS_SLACK)


def test_a_worse_model_never_rings_however_many_orders():
    p, y, draw = drawn(200_000)
    logit = np.log(p / (1 - p)) + draw.normal(0, 1.0, len(p))
    found = leak_alarm(1 / (1 + np.exp(-logit)), p, y)
    assert not found.rings
    assert found.auc_gain < 0


def test_a_glance_at_the_outcome_rings_by_either_measure():
    p, y, _ = drawn()
    nudged = np.clip(p + 0.10 * (y - p), 1e-6, 1 - 1e-6)
    assert leak_alarm(nudged, p, y).rings
    order_kept = np.where(y == 1, p**0.98, p)  # hardly another order, yet better losses
    found = leak_alarm(p, order_kept, y)
    assert not found.rings


def test_a_gain_within_three_standard_errors_is_chance():
    p, y, draw = drawn(2_000)
    logit = np.log(p / (1 - p))
    gains = [leak_alarm(1 / (1 + np.exp(-logit - draw.normal(0, 0.05, len(p)))), p, y) for _ in range(50)]
    assert not any(one.rings for one in gains)
    assert any(one.auc_gain > 0 for one in gains)
    assert all(one.auc_limit > AUC_SLACK for one in gains)


@pytest.mark.parametrize("y", [[1.0, 1.0, 1.0], [0.0]])
def test_one_outcome_alone_cannot_be_judged(y):
    with pytest.raises(ValueError, match="two orders of either outcome"):
        leak_alarm([0.5] * len(y), [0.4] * len(y), y)
