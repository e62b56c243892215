"""What links and carts mean, in tables. Days since the first; the order o9 is placed on day 10."""

from typing import Any

import numpy as np
import pytest

from data.contract import HOUR
from data.history import History, Told
from features.assemble import matrix
from features.catalog import FEATURES, needed_sums
from features.contribution import Measure
from features.rates import Shrinkage
from features.reference import value_at
from features.replay import replay
from features.sources import Distinct, Link, Sum
from tests.helpers.histories import history_of, known_orders
from tests.helpers.tables import day, edges, news, table

ASKED = {"order_id": "o9", "merchant_id": "m1", "payment_method": "cod", "phone": 1, "name": 1, "address": 1}
NAMES, CARTS = Link("phone", Distinct.NAME), Link("phone", Distinct.CART)
FLAT = Shrinkage.flat(0.25)


def world(text: str) -> History:
    """Orders p1, p2, ... of a table, and the order o9 without news of interest."""
    rows, told = [ASKED | {"placed_at": day(10)}], news("", order_id="o9", placed=10)
    for i, row in enumerate(table(text), start=1):
        columns = {name: int(row[name]) for name in ("phone", "name", "address") if name in row}
        rows.append(ASKED | columns | {"order_id": f"p{i}", "placed_at": day(row["placed"])})
        told += news(row.get("news", ""), order_id=f"p{i}", placed=float(row["placed"]))
    return history_of(rows, told)


def read(history: History, one: Sum | Link) -> float:
    """As o9 reads it when placed: by the formula and by the replay, which must agree."""
    row, known = history.row_of("m1", "o9"), known_orders(history)
    formula = value_at(one, known, known[row], int(history.orders["placed_at"][row]))
    np.testing.assert_equal(replay(history, (one,))[one][row], formula)
    return formula


def feature(history: History, name: str) -> float:
    one = (FEATURES[name],)
    return float(matrix(history.orders, replay(history, needed_sums(one)), FLAT, one)[history.row_of("m1", "o9"), 0])


OTHER_NAMES = """
phone | name | placed | news           | others
1     | 2    | 1      |                | 1      | another name
1     | 1    | 1      |                | 0      | the order's own
1     | -1   | 1      |                | 0      | no name told
2     | 2    | 1      |                | 0      | another phone
1     | 2    | 10     |                | 0      | placed at the very instant
1     | 2    | 11     |                | 0      | placed later
1     | 2    | 1      | rto_started@5  | 1      | whatever became of it
1     | 2    | 1      | unplaced placed@1#a correction@9>a | 0 | it was never placed after all
1     | 2    | 1      | unplaced placed@1#a correction@11>a | 1 | told too late
"""


@pytest.mark.parametrize(("phone", "name", "placed", "text", "others"), edges(OTHER_NAMES))
def test_other_names_of_a_phone(phone: str, name: str, placed: str, text: str, others: str) -> None:
    history = world(f"phone | name | placed | news\n{phone} | {name} | {placed} | {text}")
    assert read(history, NAMES) == float(others)


def test_a_name_told_by_many_orders_is_one_name() -> None:
    assert read(world("name | placed\n2 | 1\n2 | 3\n3 | 4\n1 | 5"), NAMES) == 2.0


def test_a_full_set_is_not_moved_by_orders_of_the_same_instant() -> None:
    told_before = "\n".join(f"{name} | 1" for name in range(11, 20))
    assert read(world(f"name | placed\n{told_before}"), NAMES) == 8.0
    assert read(world(f"name | placed\n{told_before}\n5 | 10\n6 | 10"), NAMES) == 8.0


def test_a_corrected_address_counts_where_the_parcel_goes_now() -> None:
    rows = [ASKED | {"order_id": i, "placed_at": day(at)} for i, at in (("o1", 1), ("o9", 10))]
    place = '{"address": {"address": 5, "pincode": "560001", "district": "D", "state": "S"}}'
    told = [*news("", placed=1), *news("", order_id="o9", placed=10)]
    addresses, known = Link("phone", Distinct.ADDRESS), []
    for at in (9, 10):
        moved = Told("m1", "o1", "shop", "fix", "address_corrected", day(2), day(at), None, place)
        known.append(read(history_of(rows, [*told, moved]), addresses))
    assert known == [1.0, 0.0]
    back = Told("m1", "o1", "shop", "back", "correction", day(3), day(3), None, '{"voids": "fix", "source": "shop"}')
    moved = Told("m1", "o1", "shop", "fix", "address_corrected", day(2), day(2), None, place)
    assert read(history_of(rows, [*told, moved, back]), addresses) == 0.0


FATES = """
placed                   | news          | carts | known
1 1.01 1.02              | rto_started@5 | 1     | 3     | three orders within minutes
1 1.05 1.5               | rto_started@5 | 3     | 3     | at different hours
1 1 1                    | rto_started@5 | 1     | 3     | the same instant, as in a history of dates only
1 2 3                    | delivered@5   | 3     | 3
1 1.01 1.02              |               | 0     | 0     | nothing told yet
1 1.01 1.02              | rto_started@5~10 | 0  | 0     | told too late
1 1.01 1.02              | rto_started@5/no_attempt | 0 | 0 | the courier's: no evidence about the buyer
1 1.01 1.02              | rto_started@5#r correction@6>r | 0 | 0 | taken back
"""


@pytest.mark.parametrize(("placed", "text", "carts", "known"), edges(FATES))
def test_orders_placed_together_are_one_cart(placed: str, text: str, carts: str, known: str) -> None:
    rows = "\n".join(
        f"{at} | {text.replace('#r', f'#r{i}').replace('>r', f'>r{i}')}" for i, at in enumerate(placed.split())
    )
    history = world(f"placed | news\n{rows}")
    assert read(history, CARTS) == float(carts)
    assert read(history, Sum("phone", Measure.KNOWN)) == float(known)
    assert feature(history, "buyer_delivered_count") + feature(history, "buyer_refused_count") == float(carts)


def test_the_outcomes_of_one_cart_are_one_piece_of_evidence() -> None:
    together = world("placed | news\n" + "\n".join(f"1.0{i} | rto_started@5" for i in (0, 1, 2)))
    alone = world("placed | news\n1 | rto_started@5")
    assert feature(together, "buyer_refused_count") == feature(alone, "buyer_refused_count") == 1.0
    assert read(together, Sum("phone", Measure.RTO)) == 3.0
    assert read(together, Sum("merchant", Measure.RTO)) == 3.0  # to the shop, three parcels came back


def test_a_cart_of_two_fates_is_half_a_return() -> None:
    history = world("placed | news\n1 | rto_started@5\n1.01 | delivered@5")
    assert (feature(history, "buyer_delivered_count"), feature(history, "buyer_refused_count")) == (0.5, 0.5)


def test_orders_of_one_instant_do_not_see_each_other() -> None:
    rows: list[dict[str, Any]] = [ASKED | {"order_id": f"o{i}", "placed_at": day(10), "name": i} for i in range(3)]
    told = [t for i in range(3) for t in news("rto_started@12", order_id=f"o{i}", placed=10)]
    history = history_of(rows, told)
    sums = (Sum("phone", Measure.PLACED), Sum("phone", Measure.PLACED, HOUR), Sum("phone", Measure.OPEN), NAMES, CARTS)
    for values in replay(history, sums).values():
        assert values.tolist() == [0.0, 0.0, 0.0]
