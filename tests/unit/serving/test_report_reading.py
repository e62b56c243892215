"""Do the columns of the report say the same of every order as the definitions that look at one order at a time?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.contract import DAY, HOUR, NewsType
from data.fates import STATUSES
from data.history import Told, told_once
from data.keeping.database import Connection, open_database
from data.keeping.journal import add_news, add_order
from data.label import MIXED, NOT_RTO, RTO, VOID
from features.one_order import FOREVER, address_version, resolve, rto_cause, standing, verdict
from serving.reports.columns import FEW_ORDERS, LEAST_ORDERS, NETWORK, NEW, PAYMENTS, RETURNING, Orders
from serving.reports.groups import Judged, worst_networks
from serving.reports.reading import Span, read_orders
from tests.helpers.histories import T0, order_columns, rows_of, worlds


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened = open_database(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def put(connection: Connection, order_id: str, *news: Told, merchant: str = "m", **columns: object) -> None:
    row = {"order_id": order_id, "merchant_id": merchant, "placed_at": T0, "payment_method": "cod", **columns}
    add_order(connection, rows_of(order_columns([row]))[0], "live")
    placed = Told(merchant, order_id, "shop", f"{order_id}-placed", "placed", row["placed_at"], row["placed_at"])  # type: ignore[arg-type]
    for told in (placed, *news):
        add_news(connection, told, "live")


def tell(order_id: str, kind: str, day: float, **more: object) -> Told:
    at = T0 + int(day * DAY)
    return Told("m", order_id, "shop", f"{order_id}-{kind}", kind, at, at + HOUR * (day > 0), **more)  # type: ignore[arg-type]


def by_id(orders: Orders) -> dict[str, int]:
    return {order_id: row for row, order_id in enumerate(orders.order_id)}


def expected(told: list[Told], columns: dict[str, Any], before: int) -> dict[str, Any] | None:
    """One order by the definitions: what the report must say of it."""
    resolved = resolve(told)
    news = resolved.news
    found = verdict(news, before)
    if found == VOID:
        return None
    known = standing(news, before)
    kinds = {news.type[i] for i in known}
    judged = {NOT_RTO: "delivered", RTO: "rto", MIXED: "mixed"}
    ended = "cancelled" if NewsType.CANCELLED in kinds else "lost" if NewsType.LOST in kinds else "open"
    version = address_version(news, before)
    deciding = [i for i in known if news.type[i] in (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.RTO_RECEIVED)]
    told_at = min((news.known_at[i] for i in deciding), default=None) if found in (NOT_RTO, RTO) else None
    cause = rto_cause(news, before)
    switched = NewsType.SWITCHED_TO_PREPAID in kinds
    return {
        "status": judged.get(found, ended),
        "outcome": float(found) if found in (NOT_RTO, RTO) else None,
        "cause": 0 if cause is None else int(cause),
        "payment": "prepaid" if switched else columns["payment_method"],
        "pincode": (resolved.corrected[version - 1] if version else columns)["pincode"],
        "told_after": None if told_at is None else told_at - columns["placed_at"],
        "switched": switched,
        "left": bool(kinds & {NewsType.DISPATCHED, NewsType.OUT_FOR_DELIVERY}),
    }


def said(orders: Orders, row: int) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    pin, payment = orders.text["pincode"], int(orders.payment[row])
    return {
        "status": STATUSES[orders.status[row]],
        "outcome": number(orders.outcome[row]),
        "cause": int(orders.cause[row]),
        "payment": PAYMENTS[payment] if payment >= 0 else None,
        "pincode": pin.names[pin.codes[row]] if pin.codes[row] >= 0 else None,
        "told_after": number(orders.told_after[row]),
        "switched": bool(orders.switched[row]),
        "left": bool(orders.left[row]),
    }


@given(world=worlds(), days=st.sampled_from([0.5, 2, 5, 12, 30, None]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_columns_say_of_each_order_what_the_definitions_say(
    world: tuple[list[dict[str, Any]], list[Told]], days: float | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows, told = world
    connection = open_database(tmp_path_factory.mktemp("world") / "store.sqlite")
    kept = rows_of(order_columns(rows))
    with connection:
        for row in kept:
            add_order(connection, row, "live")
        for one in told_once(told):
            add_news(connection, one, "live")
    before = FOREVER if days is None else T0 + int(days * DAY)
    for merchant in ("m1", "m2"):
        orders = read_orders(connection, Span(merchant, before=before))
        want = {}
        for row in kept:
            mine = [t for t in told if (t.merchant_id, t.order_id) == (row["merchant_id"], row["order_id"])]
            if row["merchant_id"] == merchant and row["placed_at"] < before:
                found = expected(mine, row, before)
                want |= {} if found is None else {row["order_id"]: found}
        assert {order_id: said(orders, i) for order_id, i in by_id(orders).items()} == want
    connection.close()


def test_rows_hold_status_label_cause_payment_and_place(connection: Connection) -> None:
    put(connection, "rto", tell("rto", "attempt_failed", 2, reason="refused"), tell("rto", "rto_started", 3),
        tell("rto", "cancelled", 4))  # fmt: skip
    put(connection, "ok", tell("ok", "delivered", 2), tell("ok", "returned", 9), amount_minor=99.0, pincode="800001")
    put(connection, "open", tell("open", "switched_to_prepaid", 1))
    put(connection, "gone", tell("gone", "cancelled", 1))
    put(connection, "lost", tell("lost", "lost", 5))
    put(connection, "part", tell("part", "partially_delivered", 5))
    put(connection, "moved", tell("moved", "address_corrected", 1, details='{"address": {"pincode": "560001"}}'),
        pincode="800001")  # fmt: skip
    put(connection, "called", tell("called", "action_taken", 1, details='{"action": "confirm_call"}'))
    put(connection, "never", tell("never", "correction", 1, details='{"voids": "never-placed"}'))
    orders = read_orders(connection, Span("m"))
    found = {order_id: said(orders, row) for order_id, row in by_id(orders).items()}
    assert {k: r["status"] for k, r in found.items()} == {
        "rto": "rto", "ok": "delivered", "open": "open", "gone": "cancelled", "lost": "lost", "part": "mixed",
        "moved": "open", "called": "open",
    }  # fmt: skip
    at = by_id(orders)
    assert (found["rto"]["outcome"], orders.first_failed[at["rto"]], orders.first_failed[at["ok"]]) == (1.0, 1, 0)
    assert (orders.amount_minor[at["ok"]], orders.delivered_after[at["ok"]]) == (99.0, 2 * DAY)
    assert (found["open"]["payment"], found["moved"]["pincode"]) == ("prepaid", "560001")
    assert orders.action[at["called"]] == 2
    assert np.isnan(orders.amount_minor[at["gone"]])
    assert len(read_orders(connection, Span("somebody else"))) == 0


def test_a_correction_of_the_same_id_by_another_source_takes_nothing_back(connection: Connection) -> None:
    put(
        connection,
        "a",
        tell("a", "delivered", 2),
        tell("a", "correction", 3, details='{"voids": "a-delivered", "source": "x"}'),
    )
    put(connection, "b", tell("b", "delivered", 2), tell("b", "correction", 3, details='{"voids": "b-delivered"}'))
    orders = read_orders(connection, Span("m"))
    assert {o: STATUSES[orders.status[i]] for o, i in by_id(orders).items()} == {"a": "delivered", "b": "open"}


def test_a_span_holds_its_orders_only_and_knows_who_ordered_before_it(connection: Connection) -> None:
    put(connection, "old", tell("old", "delivered", 2), phone=7)
    put(connection, "again", placed_at=T0 + 10 * DAY, phone=7)
    put(connection, "new", placed_at=T0 + 11 * DAY, phone=8)
    put(connection, "third", placed_at=T0 + 12 * DAY, phone=8, customer_id=-1)
    put(connection, "nobody", placed_at=T0 + 12 * DAY)
    put(connection, "elsewhere", merchant="other", phone=9)
    put(connection, "late", placed_at=T0 + 20 * DAY, phone=9)
    orders = read_orders(connection, Span("m", T0 + 10 * DAY, T0 + 20 * DAY))
    buyers = {o: int(orders.buyer[i]) for o, i in by_id(orders).items()}
    assert buyers == {"again": RETURNING, "new": NEW, "third": RETURNING, "nobody": -1}
    late = read_orders(connection, Span("m", T0 + 20 * DAY))
    assert late.buyer.tolist() == [NEW]  # another merchant's order with this phone is not an earlier order here


def test_orders_of_one_moment_do_not_make_each_other_returning(connection: Connection) -> None:
    put(connection, "x", phone=5)
    put(connection, "y", phone=5)
    assert read_orders(connection, Span("m")).buyer.tolist() == [NEW, NEW]


def test_an_amount_of_another_currency_is_unknown_and_counted(connection: Connection) -> None:
    put(connection, "x", amount_minor=5.0, currency="USD")
    put(connection, "y", amount_minor=6.0, currency="INR")
    put(connection, "z", amount_minor=7.0)
    orders = read_orders(connection, Span("m"), "INR")
    at = by_id(orders)
    assert np.isnan(orders.amount_minor[at["x"]])
    assert [orders.amount_minor[at[o]] for o in ("y", "z")] == [6.0, 7.0]
    assert orders.foreign.tolist() == [o == "x" for o in orders.order_id]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_reasons_told_for_one_moment_the_last_by_source_and_id_is_the_cause(
    connection: Connection, turned: bool
) -> None:
    first, second = (Told("m", "a", source, event, "attempt_failed", T0 + DAY, T0 + DAY, reason)
                     for source, event, reason in (("courier", "e2", "refused"), ("shop", "e1", "bad_address")))  # fmt: skip
    started = tell("a", "rto_started", 3)
    told = (second, first, started) if turned else (first, second, started)
    put(connection, "a", *told)
    placed = Told("m", "a", "shop", "a-placed", "placed", T0, T0)
    want = rto_cause(resolve([placed, *told]).news)
    assert want is not None
    assert want.name == "BAD_ADDRESS"
    assert read_orders(connection, Span("m")).cause.tolist() == [int(want)]


def test_a_network_address_is_called_by_its_newest_order_and_few_orders_are_one(connection: Connection) -> None:
    for i in range(LEAST_ORDERS):
        put(connection, f"a{i}", placed_at=T0 - i * HOUR, ip=7)
    put(connection, "b", ip=8)
    put(connection, "c")
    orders = read_orders(connection, Span("m"))
    named = orders.text[NETWORK]
    told = {order_id: ([*named.names, None])[named.codes[row]] for order_id, row in by_id(orders).items()}
    assert {told[f"a{i}"] for i in range(LEAST_ORDERS)} == {"as of order a0"}
    assert (told["b"], told["c"]) == (FEW_ORDERS, None)


def test_network_addresses_are_ranked_and_add_up(connection: Connection) -> None:
    for i in range(2 * LEAST_ORDERS):
        put(connection, f"a{i}", tell(f"a{i}", "rto_started" if i % 2 else "delivered", 3), ip=i % 2)
    put(connection, "b", tell("b", "delivered", 3), ip=9)
    orders = read_orders(connection, Span("m"))
    group = worst_networks(Judged(orders, orders.outcome, orders.placed_at))
    assert [(row.share.rto, row.share.n) for row in group.rows] == [(10, 10), (0, 10), (0, 1)]
    assert (group.rows[-1].name, group.shown, group.total.n) == (FEW_ORDERS, 1, 21), (
        "only one lies surely above the average"
    )
