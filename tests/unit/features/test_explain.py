"""Does the explanation of a feature add up to the number that was trained on?"""

import numpy as np
import pytest
from hypothesis import given, settings

from features.catalog import CATALOG, FEATURES, needed_sums
from features.explain import explain
from features.replay import replay
from features.sources import Historical
from tests.helpers.histories import history_of, worlds
from tests.helpers.tables import day, news

HISTORICAL = tuple(f for f in CATALOG if isinstance(f.source, Historical))


@given(world=worlds())
@settings(max_examples=25)
def test_every_sum_of_every_feature_is_the_replayed_value_and_its_parts_add_up_to_it(world) -> None:
    history = history_of(*world)
    readings = replay(history, needed_sums())
    row = len(history) - 1
    for feature in HISTORICAL:
        for one, told in zip(needed_sums((feature,)), explain(history, feature, row)["sums"], strict=True):
            expected = readings[one][row]
            if np.isnan(expected):
                assert told["value"] is None
            else:
                assert told["value"] == pytest.approx(expected, abs=1e-9)
                assert sum(c["adds"] for c in told["counted"]) == pytest.approx(expected, abs=1e-6 * (1 + len(history)))


def test_it_names_who_counted_when_that_was_known_and_what_was_not_yet() -> None:
    rows = [{"order_id": f"o{i}", "merchant_id": "m1", "placed_at": day(at), "phone": phone}
            for i, (at, phone) in enumerate([(0, 1), (1, 1), (2, 2), (6, 1)])]  # fmt: skip
    told = [*news("rto_started@3~5", order_id="o0"), *news("rto_started@3~6", order_id="o1", placed=1),
            *news("rto_started@3", order_id="o2", placed=2), *news("", order_id="o3", placed=6)]  # fmt: skip
    found, *_ = explain(history_of(rows, told), FEATURES["buyer_refused_count"], 3)["sums"]
    assert found["value"] == 1.0
    assert [(c["order_id"], c["weight"], c["known_at"]) for c in found["counted"]] == [
        ("o0", 1.0, "2023-11-19 22:13:20+00:00")
    ]
    assert found["not_yet_known"] == 1


def test_of_a_link_it_names_the_first_order_that_brought_each_other_value() -> None:
    rows = [{"order_id": f"o{i}", "merchant_id": "m1", "placed_at": day(i), "phone": 1, "name": name}
            for i, name in enumerate([7, 8, 8, 9, 7])]  # fmt: skip
    told = [t for i in range(5) for t in news("", order_id=f"o{i}", placed=i)]
    [found] = explain(history_of(rows, told), FEATURES["phone_other_names"], 4)["sums"]
    assert found["value"] == 2.0
    assert [c["order_id"] for c in found["counted"]] == ["o1", "o3"]
