"""When an order is old enough to be judged: the 99th percentile of how long its truth takes to be told."""

import numpy as np
import pytest

from data.contract import DAY
from features.labels import labels_at, maturity
from tests.helpers.histories import history_of
from tests.helpers.tables import day, edges, news


def days(moment: float) -> float:
    return moment / DAY


LAGS = """
news                                        | asof | lag
delivered@5                                 | 100  | 5
delivered@5~8                               | 100  | 8    | from the order to the telling
rto_started@9~12                            | 100  | 12
rto_started@9 rto_received@15               | 100  | 9    | the first telling of its fate
rto_started@9~20 delivered@12               | 100  | 12   | whichever was told first
dispatched@1 attempt_failed@3               | 100  | none | in transit
cancelled@2                                 | 100  | none
lost@30                                     | 100  | none
delivered@5~8                               | 7.9  | none | not yet told
delivered@5~8                               | 8    | 8
"""


@pytest.mark.parametrize(("text", "asof", "lag"), edges(LAGS))
def test_how_long_the_truth_took(text: str, asof: str, lag: str) -> None:
    history = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0)}], news(text))
    found = labels_at(history, day(asof)).lag[0]
    assert ("none" if np.isnan(found) else f"{days(found):g}") == lag


def market(lags: list[float], ages: list[float], asof: float) -> tuple[object, int]:
    """(labels, maturity) of orders placed `ages` days before `asof`, delivered with these lags if told by then."""
    rows, told = [], []
    for i, (lag, age) in enumerate(zip(lags, ages, strict=True)):
        placed = asof - age
        rows.append({"order_id": f"o{i:04d}", "merchant_id": "m1", "placed_at": day(placed)})
        told += news(f"delivered@{placed + lag:.6f}", order_id=f"o{i:04d}", placed=placed)
    labels = labels_at(history_of(rows, told), day(asof))
    placed_at = np.array(sorted(r["placed_at"] for r in rows))  # type: ignore[type-var]
    return labels, maturity(labels, placed_at)


def test_maturity_is_the_99th_percentile_of_the_lags() -> None:
    lags = [float(k) for k in range(1, 102)]  # 1, 2, ... 101 days: the 99th percentile is 100
    _, found = market(lags, [400.0] * 101, asof=500)
    assert days(found) == pytest.approx(100.0, abs=1e-3)


def test_young_orders_show_only_their_quick_truths_and_do_not_shorten_it() -> None:
    old = [10.0] * 50 + [30.0] * 50
    young = [2.0] * 6_000  # of age 3 days: each told within 2 days, whatever the others will be
    _, alone = market(old, [200.0] * 100, asof=400)
    _, found = market(old + young, [200.0] * 100 + [3.0] * 6_000, asof=400)
    assert found == alone == 30 * DAY


def test_a_history_in_which_nothing_was_told_has_no_maturity() -> None:
    history = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0)}], news("dispatched@1"))
    assert maturity(labels_at(history, day(50)), history.orders["placed_at"]) == 0


def test_an_order_under_way_is_neither_delivered_nor_back_however_old() -> None:
    text = "dispatched@1 out_for_delivery@2 attempt_failed@3/unreachable"
    history = history_of([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0)}], news(text))
    assert np.isnan(labels_at(history, day(5_000)).y[0])
