"""The pool's database: pseudonyms, orders and news that stay as they were told."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from data.arrival import MISSING, NEW
from data.errors import DataError
from data.keeping import journal
from data.keeping.database import Connection, open_database
from data.keeping.export import live_tables
from data.keeping.journal import LIVE
from data.news import told_of
from tests.helpers.histories import order_columns, rows_of
from tests.helpers.tables import day, news


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    opened = open_database(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def order(**columns: Any) -> dict[str, Any]:
    return rows_of(order_columns([{"order_id": "o1", "merchant_id": "m1", "placed_at": day(0), **columns}]))[0]


def test_pseudonyms_count_first_appearances(connection: Connection) -> None:
    first = journal.assign_pseudonyms(connection, "phone", [b"b", None, b"a", b"b"])
    assert first.tolist() == [1, MISSING, 2, 1]
    assert journal.assign_pseudonyms(connection, "phone", [b"c", b"a"]).tolist() == [3, 2]
    assert journal.assign_pseudonyms(connection, "email", [b"a"]).tolist() == [4]
    assert journal.assign_pseudonyms(connection, "phone", []).tolist() == []


def test_many_pseudonyms_are_the_same_as_few(connection: Connection) -> None:
    tokens: list[bytes | None] = [b"%d" % (i % 1_700) for i in range(2_600)]
    many = journal.assign_pseudonyms(connection, "phone", tokens)
    assert many.tolist() == [i % 1_700 + 1 for i in range(2_600)]
    assert journal.assign_pseudonyms(connection, "phone", tokens[:3]).tolist() == [1, 2, 3]


def test_looking_a_person_up_leaves_no_trace(connection: Connection) -> None:
    journal.assign_pseudonyms(connection, "phone", [b"a"])
    assert journal.find_pseudonyms(connection, "phone", [b"a", b"z", None]).tolist() == [1, NEW, MISSING]
    assert connection.execute("SELECT COUNT(*) FROM pseudonyms").fetchone() == (1,)


def test_persons_of_several_kinds_are_looked_up_at_once_as_one_by_one(connection: Connection) -> None:
    for kind, known in (("phone", [b"a", b"\xff\x00"]), ("email", [b"c"])):
        journal.assign_pseudonyms(connection, kind, known)
    asked: dict[str, list[bytes | None]] = {"phone": [b"\xff\x00", None, b"c", b"a"], "email": [b"c", b"a"], "ip": []}
    found = journal.find_all_pseudonyms(connection, asked)
    assert {kind: one.tolist() for kind, one in found.items()} == {
        kind: journal.find_pseudonyms(connection, kind, own).tolist() for kind, own in asked.items()
    }
    assert found["phone"].tolist() == [2, MISSING, NEW, 1]
    assert journal.find_all_pseudonyms(connection, {"phone": [None]})["phone"].tolist() == [MISSING]


def test_a_pseudonym_that_was_erased_is_never_given_again(connection: Connection) -> None:
    journal.assign_pseudonyms(connection, "phone", [b"a"])
    connection.execute("DELETE FROM pseudonyms")
    assert journal.assign_pseudonyms(connection, "phone", [b"a"]).tolist() == [2]


def test_an_order_told_again_after_its_measures_were_improved_is_the_same_order(connection: Connection) -> None:
    before = order(phone=7, text_measures_version=1.0, address_gibberish=0.5)
    del before["city_mismatch"]  # an older version did not keep it
    assert journal.add_order(connection, before, LIVE)
    assert not journal.add_order(connection, order(phone=7, text_measures_version=2.0, address_gibberish=0.0), LIVE)
    with pytest.raises(DataError, match="DQ008"):
        journal.add_order(connection, order(phone=8, text_measures_version=2.0, address_gibberish=0.0), LIVE)


def test_an_order_is_added_once_and_never_changes(connection: Connection) -> None:
    assert journal.add_order(connection, order(amount_minor=900.0), LIVE)
    assert not journal.add_order(connection, order(amount_minor=900.0), LIVE)
    with pytest.raises(DataError, match="DQ008"):
        journal.add_order(connection, order(amount_minor=901.0), LIVE)
    with pytest.raises(apsw.ConstraintError, match="immutable"):
        connection.execute("UPDATE orders SET columns = '{}'")
    kept = journal.order_columns(connection, "m1", "o1")
    assert kept is not None
    assert kept["amount_minor"] == 900.0
    assert journal.order_columns(connection, "m2", "o1") is None


def test_an_order_is_read_as_it_was_kept(connection: Connection) -> None:
    one = order(amount_minor=900.0, phone=7, pincode="800001", category="सूट")
    journal.add_order(connection, one, LIVE)
    again = journal.order_columns(connection, "m1", "o1")
    assert again is not None
    assert journal.packed(again) == journal.packed(one)
    table = journal.as_table([again])
    assert {name: column.dtype for name, column in table.items()} == {
        name: column.dtype for name, column in order_columns([one]).items()
    }


def test_news_is_added_once(connection: Connection) -> None:
    [told] = news("unplaced rto_started@5~7/refused#e")
    [late] = news("unplaced rto_started@5~9/refused#e")
    [other] = news("unplaced delivered@5~7#e")
    assert journal.add_news(connection, told, LIVE)
    assert not journal.add_news(connection, late, LIVE)
    with pytest.raises(DataError, match="DQ014"):
        journal.add_news(connection, other, LIVE)
    [kept] = journal.news_of(connection, "m1", "o1")
    assert (kept.known_at, kept.live) == (day(7), True)


@pytest.mark.parametrize("live_first", [True, False])
def test_the_live_stamp_wins_whichever_comes_first(connection: Connection, live_first: bool) -> None:
    [live] = news("unplaced rto_started@5~9/refused#e")
    [imported] = news("unplaced rto_started@5~7/refused#e")
    arrivals = [(live, LIVE), (imported, "000001-import")]
    for told, origin in arrivals if live_first else arrivals[::-1]:
        journal.add_news(connection, told, origin)
    [kept] = journal.news_of(connection, "m1", "o1")
    assert (kept.known_at, kept.live) == (day(9), True)


@pytest.mark.parametrize("sql", ["UPDATE news SET type = 'delivered'", "DELETE FROM news"])
def test_live_news_can_be_neither_changed_nor_deleted(connection: Connection, sql: str) -> None:
    journal.add_news(connection, news("unplaced rto_started@5#e")[0], LIVE)
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        connection.execute(sql)


@pytest.mark.parametrize("sql", ["UPDATE decisions SET body = '{}'", "DELETE FROM decisions"])
def test_decisions_can_be_neither_changed_nor_deleted(connection: Connection, sql: str) -> None:
    connection.execute("INSERT INTO decisions VALUES ('d1', 'm1', NULL, 'c1', 0, 0, '{}')")
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        connection.execute(sql)


def test_news_of_an_order_comes_in_order_of_arrival_up_to_a_watermark(connection: Connection) -> None:
    for told in news("delivered@5#a rto_started@3#b"):
        journal.add_news(connection, told, LIVE)
    journal.add_news(connection, news("", order_id="o2")[0], LIVE)
    assert [t.type for t in journal.news_of(connection, "m1", "o1")] == ["placed", "delivered", "rto_started"]
    assert [t.type for t in journal.news_of(connection, "m1", "o1", through_seq=2)] == ["placed", "delivered"]
    assert journal.last_seq(connection) == 4


def test_the_live_half_of_the_history_is_what_imports_do_not_know(connection: Connection) -> None:
    journal.add_order(connection, order(), "000001-abc")
    journal.add_order(connection, order(order_id="o2"), LIVE)
    journal.add_news(connection, news("unplaced delivered@5#a")[0], "000001-abc")
    journal.add_news(connection, news("unplaced delivered@5#b", order_id="o2")[0], LIVE)
    orders, told = live_tables(connection)
    assert orders["order_id"].to_pylist() == ["o2"]
    assert [(t.order_id, t.live) for t in told_of(told)] == [("o2", True)]
