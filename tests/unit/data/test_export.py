"""The database in bulk: what came in live goes out as it was put in, imports go in beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.history import Told
from data.keeping import export, journal, kept
from data.keeping.database import Connection, open_database
from data.keeping.journal import LIVE
from data.news import news_table, told_of
from tests.helpers.histories import T0, order_columns, rows_of

ODD = 'a "quoted" \\ line\nसूट\t{"x": 1} 2025-03-01'


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    opened = open_database(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def told(event_id: str, known: int, **more: Any) -> Told:
    return Told("m1", "o1", "s", event_id, "lost", T0, T0 + known, more.pop("reason", None), **more)


def test_live_orders_come_out_as_they_went_in(connection: Connection) -> None:
    rows = [
        {"order_id": f"o{i}", "merchant_id": "m1", "placed_at": T0 + i, "sku": ODD[: i * 7], "amount_minor": 0.1 + i}
        for i in range(9)
    ] + [{"order_id": "2025-03-01T10:00:00", "merchant_id": "7", "placed_at": T0, "phone": 2**53 + 1, "pincode": "001"}]
    columns = order_columns(rows)
    for row in rows_of(columns):
        journal.add_order(connection, row, LIVE)
    table, _ = export.live_tables(connection)
    found = kept.columns_of(table)
    by_id = [list(found["order_id"]).index(name) for name in columns["order_id"]]
    for name, column in columns.items():
        assert found[name].dtype == column.dtype, name
        np.testing.assert_array_equal(found[name][by_id], column, err_msg=name)


def test_one_order_longer_than_a_block_is_read(connection: Connection) -> None:
    [row] = rows_of(order_columns([{"order_id": "o", "merchant_id": "m", "placed_at": T0, "sku": "अ" * 900_000}]))
    journal.add_order(connection, row, LIVE)
    table, _ = export.live_tables(connection)
    assert table["sku"].to_pylist() == ["अ" * 900_000]


def test_live_news_comes_out_as_it_went_in(connection: Connection) -> None:
    news = [told("e1", 1, reason="refused", live=True), told("e2", 0, details=ODD, live=True)]
    for one in news:
        journal.add_news(connection, one, LIVE)
    journal.add_news(connection, told("e3", 0), "000001-import")
    assert told_of(export.live_tables(connection)[1]) == news


def test_a_pool_without_live_rows_has_empty_tables(connection: Connection) -> None:
    orders, news = export.live_tables(connection)
    assert (len(orders), len(news)) == (0, 0)


def test_copied_orders_read_as_if_they_had_been_added_one_by_one(connection: Connection) -> None:
    rows = [{"order_id": f"o{i}", "merchant_id": "m1", "placed_at": T0 + i, "sku": ODD} for i in range(3)]
    [live] = rows_of(order_columns([rows[1] | {"phone": 5}]))
    journal.add_order(connection, live, LIVE)
    export.copy_orders(connection, "000001-import", order_columns(rows))
    texts = dict(connection.execute("SELECT order_id, columns FROM orders"))
    for row in rows_of(order_columns([rows[0], rows[2]])):
        assert texts[row["order_id"]] == journal.packed(row)
    assert texts["o1"] == journal.packed(live)


def test_copied_news_is_known_from_when_it_was_first_told_but_a_live_stamp_stays(connection: Connection) -> None:
    journal.add_news(connection, told("live", 5), LIVE)
    first, later = [told("live", 9), told("a", 3), told("b", 3)], [told("live", 1), told("a", 2), told("b", 4)]
    for origin, news in (("000001-one", first), ("000002-two", later)):
        export.copy_news(connection, origin, news_table(news))
    assert {t.event_id: (t.known_at - T0, t.live) for t in journal.news_of(connection, "m1", "o1")} == {
        "live": (5, True), "a": (2, False), "b": (3, False),
    }  # fmt: skip
