"""What looks wrong before an import is kept: each suspicion found where it was planted, and silent where it was not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import DAY, SECOND
from data.files.told_fates import CANCELLED, DELIVERED, LOST, MIXED, OPEN, RTO, labels, told_fates
from data.history import Told
from data.imports.suspicion import Evidence, suspicions
from data.label import label
from data.news import news_table
from features.one_order import order_news
from tests.helpers.histories import T0
from tests.helpers.tables import day, edges, news

N = 2_000
FOREVER = 2**62


def market(seed: int = 3) -> Evidence:
    """Orders over 200 days with nothing wrong: chance decides, COD comes back more often."""
    rng = np.random.default_rng(seed)
    placed = np.sort(T0 + (rng.random(N) * 200 * DAY).astype(np.int64))
    cod = rng.random(N) < 0.6
    draw = rng.random(N)
    back = draw < np.where(cod, 0.3, 0.05)
    found = np.where(back, RTO, np.where(draw > 0.92, CANCELLED, np.where(draw > 0.9, OPEN, DELIVERED))).astype(object)
    orders: dict[str, Any] = {
        "order_id": np.array([f"o{i}" for i in range(N)], dtype=object),
        "merchant_id": np.full(N, "m1", dtype=object),
        "placed_at": placed,
        "payment_method": np.where(cod, "cod", "prepaid").astype(object),
        "pincode": np.array([f"{800001 + int(p)}" for p in rng.integers(0, 400, N)], dtype=object),
        "sku": np.array([f"unique-{i}" for i in range(N)], dtype=object),
        "amount_minor": np.where(rng.random(N) < 0.03, np.nan, rng.integers(100, 9_000, N) * 100.0),
        "phone": rng.integers(-1, 1_500, N),
    }
    known = np.where(found == OPEN, np.nan, placed + 9.0 * DAY)
    return Evidence(orders, found, known, int(placed.max() + 30 * DAY))


def names(seen: Evidence) -> list[str]:
    return [s.name for s in suspicions(seen)]


def with_column(seen: Evidence, **columns: Any) -> Evidence:
    return replace(seen, orders={**seen.orders, **columns})


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_suspected_of_an_honest_market(seed: int) -> None:
    assert suspicions(market(seed)) == []


def test_a_column_that_tells_the_outcome_is_found_by_name() -> None:
    seen = market()
    courier = np.where(seen.fates == RTO, "QuickReturn", np.where(seen.orders["phone"] % 2 == 0, "A", "B")).astype(
        object
    )
    [found] = suspicions(with_column(seen, courier=courier))
    assert (found.name, found.found.split()[0]) == ("predicts_label", "courier")
    assert "courier out" in found.to_do


def test_a_number_that_tells_the_outcome_is_found_too() -> None:
    seen = market()
    fee = np.where(seen.fates == RTO, 9_000.0, 4_000.0) + np.arange(N) % 900
    assert names(with_column(seen, shipping_fee_minor=fee)) == ["predicts_label"]


def test_a_strong_honest_column_is_no_suspicion() -> None:
    """COD against prepaid at 30 % and 5 % is what the trade looks like; so is a column with a value for each order."""
    seen = market()
    noisy = np.where(np.arange(N) % 4 < 2, "x", np.where(seen.fates == RTO, "hard", "easy")).astype(object)
    assert names(with_column(seen, district=noisy)) == []


EMPTY = """
where                     | name
empty on cancelled        | empty_for_one_outcome
zero on cancelled         | empty_for_one_outcome
filled on rto only        | predicts_label empty_for_one_outcome
empty at random           |
"""


@pytest.mark.parametrize(("where", "expected"), edges(EMPTY))
def test_a_column_that_is_empty_for_one_outcome_alone(where: str, expected: str) -> None:
    seen = market()
    amount = np.full(N, 49_900.0) + np.arange(N)
    planted = {
        "empty on cancelled": np.where(seen.fates == CANCELLED, np.nan, amount),
        "zero on cancelled": np.where(seen.fates == CANCELLED, 0.0, amount),
        "filled on rto only": np.where(seen.fates == RTO, amount, np.nan),
        "empty at random": np.where(np.arange(N) % 3 == 0, np.nan, amount),
    }[where]
    assert names(with_column(seen, amount_minor=planted)) == expected.split()


def test_what_the_mapping_declares_overwritten_is_not_suspected_again() -> None:
    seen = market()
    planted = with_column(seen, amount_minor=np.where(seen.fates == CANCELLED, np.nan, 100.0))
    assert names(planted) == ["empty_for_one_outcome"]
    assert names(replace(planted, declared=frozenset({"amount_minor"}))) == []


def test_personal_columns_are_looked_at_by_whether_they_are_told() -> None:
    seen = market()
    phone = np.where(seen.fates == CANCELLED, -1, np.arange(N))
    assert names(with_column(seen, phone=phone)) == ["empty_for_one_outcome"]


def test_reused_ids_are_told() -> None:
    assert names(replace(market(), n_other_content=7)) == ["ids_reused"]


def test_a_rate_that_falls_because_young_orders_are_not_told_yet() -> None:
    seen = market()
    young = seen.orders["placed_at"] > seen.orders["placed_at"].max() - 14 * DAY
    late = young & (seen.fates == RTO) & (np.arange(N) % 4 > 0)  # a quarter is told already
    found = np.where(late, OPEN, seen.fates).astype(object)
    orders = {name: np.concatenate([c, c[young]]) for name, c in seen.orders.items()}  # a busy end: enough to tell
    told = replace(seen, orders=orders, fates=np.concatenate([found, found[young]]),
                   known_at=np.concatenate([seen.known_at, seen.known_at[young]]))  # fmt: skip
    [falls] = [one for one in suspicions(told) if one.name == "rate_falls_at_end"]
    placed = told.orders["placed_at"]
    first, end = (
        str(np.datetime64(int(m), "us"))[:10]
        for m in (placed[placed > placed.max() - 28 * DAY].min(), told.exported_at)
    )
    assert falls.found.startswith(f"of the orders placed from {first} on (the last 28 days), ")
    assert "expected about" in falls.found
    assert f"exported_at is {end}" in falls.to_do
    assert f"placed before {first}" in falls.to_do
    honest = replace(told, fates=np.concatenate([seen.fates, seen.fates[young]]))
    assert "rate_falls_at_end" not in names(honest)


@pytest.mark.parametrize(("told_back", "asks"), [(1.0, True), (0.2, False)])
def test_a_fall_that_youth_explains_is_a_question_once_the_day_of_the_export_is_told(
    told_back: float, asks: bool
) -> None:
    """RTO are told after 20 days, deliveries after 4; of the young RTO that should be told a share is."""
    seen = market()
    placed, end = seen.orders["placed_at"], int(seen.orders["placed_at"].max() + DAY)
    known = placed + np.where(seen.fates == RTO, 20.0, 4.0) * DAY
    hidden = (seen.fates == RTO) & (placed > end - 28 * DAY) & (np.arange(N) % 5 >= told_back * 5)
    still = (known > end) | hidden
    young = replace(seen, fates=np.where(still, OPEN, seen.fates).astype(object), known_at=np.where(still, np.nan, known),
                    exported_at=end)  # fmt: skip
    untold, told = (
        next(s for s in suspicions(replace(young, exported_told=t)) if s.name == "rate_falls_at_end")
        for t in (False, True)
    )
    assert (untold.is_question, told.is_question) == (False, asks)
    assert "after_days" not in told.to_do


def carts(seen: Evidence, alike: bool) -> Evidence:
    """Every fourth order is three: one buyer, one minute."""
    again = np.repeat(np.arange(0, N, 4), 2)
    orders = {name: np.concatenate([c, c[again]]) for name, c in seen.orders.items()}
    orders["phone"] = np.concatenate([np.arange(N), again])
    found = np.concatenate([seen.fates, seen.fates[again if alike else (again * 7 + np.arange(len(again))) % N]])
    known = np.concatenate([seen.known_at, seen.known_at[again]])
    return replace(seen, orders=orders, fates=found, known_at=known)


def test_carts_told_as_several_orders() -> None:
    assert names(carts(market(), alike=True)) == ["one_fate_at_once"]
    assert names(carts(market(), alike=False)) == []


def test_one_minute_says_nothing_where_only_days_are_told() -> None:
    seen = carts(market(), alike=True)
    placed = seen.orders["placed_at"] // DAY * DAY + 18 * 3600 * SECOND
    assert names(with_column(seen, placed_at=placed)) == []


def test_one_outcome_only() -> None:
    seen = market()
    for gone in (RTO, DELIVERED):
        assert "one_outcome_only" in names(
            replace(seen, fates=np.where(seen.fates == gone, OPEN, seen.fates).astype(object))
        )


# --- fates


FATES = """
news                                        | fate      | told
delivered@5                                 | delivered | 5
rto_started@5~6 rto_received@9              | rto       | 6
rto_started@5 delivered@7                   | delivered | 7
delivered@5 returned@8                      | delivered | 5
rto_started@5 cancelled@7                   | rto       | 5
cancelled@2                                 | cancelled | 2
lost@4                                      | lost      | 4
dispatched@1                                | open      |
delivered@5#a correction@6>a                | open      |
rto_started@4 delivered@5#a correction@6>a  | rto       | 4
partially_delivered@5                       | mixed     | 5
delivered@4 partially_delivered@5           | mixed     | 5
partially_delivered@4 delivered@5           | delivered | 5
"""


@pytest.mark.parametrize(("told", "fate", "at"), edges(FATES))
def test_what_became_of_an_order(told: str, fate: str, at: str) -> None:
    orders = {"order_id": np.array(["o1"], dtype=object), "merchant_id": np.array(["m1"], dtype=object)}
    found, known = told_fates(orders, news_table(news(told)))
    assert found.tolist() == [fate]
    assert known.tolist() == [day(at)] if at else np.isnan(known).all()


KINDS = (
    "dispatched",
    "attempt_failed",
    "delivered",
    "rto_started",
    "rto_received",
    "cancelled",
    "lost",
    "partially_delivered",
)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 4)), max_size=6), st.sets(st.integers(0, 5), max_size=2)
)
def test_fates_agree_with_the_label_of_each_order(told: list[tuple[str, int]], voided: set[int]) -> None:
    rows = [Told("m1", "o1", "shop", "o1-p", "placed", T0, T0)]
    rows += [Told("m1", "o1", "shop", f"e{i}", kind, day(at), day(at)) for i, (kind, at) in enumerate(told)]
    rows += [
        Told("m1", "o1", "shop", f"c{i}", "correction", day(9), day(9), None, f'{{"voids": "e{i}"}}')
        for i in sorted(voided) if i < len(told)
    ]  # fmt: skip
    orders = {"order_id": np.array(["o0", "o1"], dtype=object), "merchant_id": np.array(["m1", "m1"], dtype=object)}
    found, _ = told_fates(orders, news_table(rows))
    np.testing.assert_equal(labels(found)[1], label(order_news(rows), FOREVER))
    assert (found[0], found[1] in (OPEN, DELIVERED, RTO, CANCELLED, LOST, MIXED)) == (OPEN, True)


def weeks_end(seen: Evidence, n_told: list[int], n_rto: list[int]) -> Evidence:
    """The market with its last weeks replaced, youngest last: 80 orders each, so many told, so many of them RTO."""
    old = seen.orders["placed_at"] <= seen.orders["placed_at"].max() - 7 * DAY * len(n_told)
    last = seen.orders["placed_at"][old].max()
    young = [last + DAY + 7 * DAY * week + np.arange(80) * DAY // 12 for week in range(len(n_told))]
    ends = [[RTO] * r + [DELIVERED] * (t - r) + [OPEN] * (80 - t) for t, r in zip(n_told, n_rto, strict=True)]
    found = np.concatenate([seen.fates[old], *ends]).astype(object)
    placed = np.concatenate([seen.orders["placed_at"][old], *young]).astype(np.int64)
    known = np.where(found == OPEN, np.nan, placed + 9.0 * DAY)
    return Evidence({"placed_at": placed}, found, known, int(placed.max() + DAY))


@pytest.mark.parametrize(
    ("told", "back", "falls"),
    [
        ([70, 68, 42, 0], [14, 7, 1, 0], True),
        ([75, 70, 39, 0], [15, 10, 1, 0], True),
        ([78, 77, 78, 76], [16, 15, 16, 15], False),
        ([78, 77, 40, 4], [16, 15, 8, 1], False),
    ],
)
def test_the_last_weeks_are_compared_with_the_usual_share(told: list[int], back: list[int], falls: bool) -> None:
    assert names(weeks_end(market(), told, back)) == (["rate_falls_at_end"] if falls else [])


@pytest.mark.parametrize(("n_rto", "expected"), [(3, ["hardly_any_rto"]), (40, [])])
def test_a_market_where_hardly_anything_comes_back_is_suspicious(n_rto: int, expected: list[str]) -> None:
    seen = market()
    found = np.where(seen.fates == RTO, DELIVERED, seen.fates)
    found[np.flatnonzero(found == DELIVERED)[:: 1_500 // n_rto][:n_rto]] = RTO
    assert names(replace(seen, fates=found)) == expected


def test_orders_placed_after_the_export_are_suspicious() -> None:
    seen = market()
    late = replace(seen, exported_at=int(seen.orders["placed_at"].max()) - 3 * DAY)
    assert names(late) == ["placed_after_export"]
    assert names(replace(seen, exported_at=int(seen.orders["placed_at"].max()))) == []
