"""Small histories for tests: Hypothesis strategies, and the three drivers of the fold side by side."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from data import contract
from data.building import build_history
from data.contract import DAY, HOUR
from data.history import History, Told
from data.label import News
from data.news import news_table, once
from features.catalog import Link, Sum
from features.reference import KnownOrder, value_at

T0 = 1_700_000_000 * contract.SECOND
TYPES = [
    "dispatched", "attempt_failed", "delivered", "partially_delivered", "rto_started", "rto_received", "cancelled",
    "lost", "returned", "switched_to_prepaid", "action_taken", "correction", "address_corrected",
]  # fmt: skip


def order_columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Kept columns of a few orders; what a row leaves out is missing."""
    n = len(rows)
    columns: dict[str, Any] = {}
    for name in contract.KEPT_TEXT:
        columns[name] = np.array([r.get(name) for r in rows] + [None], dtype=object)[:n]
    for name in contract.KEPT_NUMBERS:
        columns[name] = np.array([r.get(name, np.nan) for r in rows], dtype=np.float64)
    for name in contract.TOKEN_COLUMNS:
        columns[name] = np.array([r.get(name, -1) for r in rows], dtype=np.int64)
    columns["placed_at"] = np.array([r["placed_at"] for r in rows], dtype=np.int64)
    return columns


def rows_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The inverse of `data.keeping.journal.as_table`."""
    names = list(table)
    return [dict(zip(names, values, strict=True)) for values in zip(*(table[n].tolist() for n in names), strict=True)]


@st.composite
def orders(draw: st.DrawFn, i: int) -> dict[str, Any]:
    """An order with few distinct keys, so that orders meet each other."""
    return {
        "order_id": f"o{i}",
        "merchant_id": draw(st.sampled_from(["m1", "m2"])),
        "placed_at": T0 + draw(st.integers(0, 40)) * DAY // 4 + draw(st.sampled_from([0, 0, 1, 7 * HOUR])),
        "payment_method": draw(st.sampled_from(["cod", "cod", "prepaid", None])),
        "amount_minor": draw(st.sampled_from([49_900.0, 120_000.0, float("nan")])),
        "phone": draw(st.sampled_from([1, 1, 2, -1])),
        "name": draw(st.sampled_from([3, 4, -1])),
        "device_id": draw(st.sampled_from([5, -1])),
        "address": draw(st.sampled_from([7, 8, -1])),
        "pincode": draw(st.sampled_from(["800001", "560001", None])),
        "district": "D",
        "state": draw(st.sampled_from(["BIHAR", "KARNATAKA"])),
        "courier": draw(st.sampled_from(["c1", None])),
    }


@st.composite
def news_of(draw: st.DrawFn, order: dict[str, Any]) -> list[Told]:
    """Up to six pieces of news of one order after `placed`, told early or late, some corrected, some told twice."""
    placed = Told(
        order["merchant_id"],
        order["order_id"],
        "shop",
        f"{order['order_id']}-placed",
        "placed",
        *(order["placed_at"],) * 2,
    )
    told = [placed]
    for k in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(TYPES))
        happened = order["placed_at"] + draw(st.integers(0, 20)) * DAY // 2
        known = max(happened, order["placed_at"]) + draw(st.sampled_from([0, 1, HOUR, 9 * DAY]))
        reason = draw(st.sampled_from([None, "refused", "no_attempt", "other"]))
        told.append(
            Told(order["merchant_id"], order["order_id"], draw(st.sampled_from(["shop", "courier"])), f"{order['order_id']}-e{k}", kind,
                 happened, known, reason, details_of(draw, kind, order["order_id"], k))
        )  # fmt: skip
    repeats = draw(st.lists(st.sampled_from(told), max_size=3))
    return told + repeats


def details_of(draw: st.DrawFn, kind: str, order_id: str, k: int) -> str | None:
    if kind == "correction":
        target = draw(st.sampled_from([f"{order_id}-placed", *(f"{order_id}-e{j}" for j in range(k))]))
        return f'{{"voids": "{target}", "source": "{draw(st.sampled_from(["shop", "courier"]))}"}}'
    if kind == "action_taken":
        return f'{{"action": "{draw(st.sampled_from(["prepaid_only", "confirm_call"]))}"}}'
    if kind == "address_corrected":
        return draw(
            st.sampled_from(
                [
                    '{"address": {"address": 8, "pincode": "560001", "district": "D", "state": "KARNATAKA"}}',
                    '{"address": {"address": 7, "pincode": "800001", "district": "D", "state": "BIHAR"}}',
                ]
            )
        )
    return None


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Told]]:
    """A handful of orders and all their news, in any order of arrival."""
    rows = [draw(orders(i)) for i in range(draw(st.integers(1, 7)))]
    told = [t for row in rows for t in draw(news_of(row))]
    return rows, draw(st.permutations(told))


def history_of(rows: list[dict[str, Any]], told: list[Told]) -> History:
    through = max([t.known_at for t in told], default=T0)
    return build_history(order_columns(rows), once(news_table(told)), through)


def known_orders(history: History) -> list[KnownOrder]:
    """The history as the slow reference reads it."""
    out = []
    for i in range(len(history)):
        part = slice(history.start[i], history.start[i + 1])
        news = News(**{
            name: [int(v) for v in history.news[name][part]]
            for name in ("type", "happened_at", "known_at", "rank", "reason", "action", "voids", "version")
        })  # fmt: skip
        columns = {name: column[i] for name, column in history.orders.items()}
        corrected = {
            v: {name: history.corrected[name][v - 1] for name in ("address", "pincode", "district", "state")}
            for v in news.version
            if v > 0
        }
        out.append(KnownOrder(columns, news, corrected))
    return out


def reference_values(history: History, sums: tuple[Sum | Link, ...], row: int, at: int) -> dict[Sum | Link, float]:
    known = known_orders(history)
    return {one: value_at(one, known, known[row], at) for one in sums}
