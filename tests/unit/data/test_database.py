"""Opening, migrating and writing the one file of a pool."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from data.errors import DataError
from data.keeping.database import get_meta, immediate, open_database, scalar, set_meta
from data.keeping.schema import SCHEMA_VERSION, STEPS
from data.pool import Pool, secret_file


def test_a_database_is_made_at_first_use_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store.sqlite"
    first = open_database(path)
    set_meta(first, "model", "7")
    set_meta(first, "model", "8")
    first.close()
    again = open_database(path)
    assert get_meta(again, "model") == "8"
    assert get_meta(again, "other") is None
    assert scalar(again, "PRAGMA user_version") == SCHEMA_VERSION
    again.close()


def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "store.sqlite")
    assert scalar(connection, "PRAGMA synchronous") == 2  # FULL
    assert scalar(connection, "PRAGMA journal_mode") == "wal"
    connection.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    open_database(tmp_path / "store.sqlite").close()
    reader = open_database(tmp_path / "store.sqlite", read_only=True)
    with pytest.raises(apsw.ReadOnlyError):
        set_meta(reader, "model", "7")
    reader.close()


def test_reading_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="DB003"):
        open_database(tmp_path / "store.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    connection = open_database(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for _ in range(2):
        with pytest.raises(DataError, match="DB001") as refused:
            open_database(path)
        assert refused.value.to_do == "upgrade rto-risk"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_an_older_version_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path, read_only: bool):
    path = tmp_path / "store.sqlite"
    old = apsw.Connection(str(path))
    old.execute(STEPS[0])
    old.execute("INSERT INTO decisions VALUES ('dec_1', 'm', 'o-1', 'c-1', 1, 0, '{}')")
    old.execute("INSERT INTO orders VALUES ('m', 'o-1', 7, 'live', '{}')")
    old.execute("PRAGMA user_version = 1")
    old.close()
    connection = open_database(path, read_only=read_only)
    assert connection.execute("SELECT * FROM orders").fetchall() == [("m", "o-1", 7, "live", "{}")]
    assert scalar(connection, "PRAGMA user_version") == SCHEMA_VERSION
    assert scalar(connection, "SELECT COUNT(*) FROM checkouts") == 0
    assert scalar(connection, "SELECT checkout_id FROM decisions") == "c-1"
    plan = "EXPLAIN QUERY PLAN SELECT body FROM decisions WHERE merchant_id = 'm' AND checkout_id = 'c-1'"
    assert "decisions_of_checkout" in str(list(connection.execute(plan)))
    connection.close()


def test_an_order_takes_little_more_room_than_its_text(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "store.sqlite")
    rows = [("m", f"o-{i:04}", 1, "live", "x" * 1_250) for i in range(600)]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
    assert scalar(connection, "SELECT SUM(pgsize) FROM dbstat WHERE name = 'orders'") < 1.2 * 600 * 1_250
    with pytest.raises(apsw.ConstraintError, match="immutable"):
        connection.execute("UPDATE orders SET columns = '{}'")
    connection.close()


def test_a_link_between_order_and_checkout_can_be_neither_changed_nor_deleted(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "store.sqlite")
    connection.execute("INSERT INTO checkouts VALUES ('m', 'o-1', 'c-1')")
    for sql in ("UPDATE checkouts SET checkout_id = 'c-2'", "DELETE FROM checkouts"):
        with pytest.raises(apsw.ConstraintError, match="keeps its checkout"):
            connection.execute(sql)
    connection.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is a letter, not a database " * 100)
    with pytest.raises(DataError, match="DB004"):
        open_database(path)


@contextmanager
def somebody_who_may_only_read(folder: Path) -> Iterator[None]:
    """Inside, this process may write nothing in a folder: root becomes nobody for a while."""
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_that_may_only_be_read_is_refused_in_words_and_left_alone(read_only: bool) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "store.sqlite"
        open_database(path).close()
        before = path.read_bytes()
        with somebody_who_may_only_read(path.parent):
            with pytest.raises(DataError, match=r"DB006.*leave to write"):
                open_database(path, read_only=read_only)
            with pytest.raises(DataError, match="DB006"):
                open_database(path.parent / "new" / "store.sqlite")
        assert [p.name for p in path.parent.iterdir()] == ["store.sqlite"]
        assert path.read_bytes() == before


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "store.sqlite")
    with pytest.raises(RuntimeError), immediate(connection):  # noqa: PT012
        set_meta(connection, "model", "7")
        raise RuntimeError
    assert get_meta(connection, "model") is None
    with immediate(connection):
        set_meta(connection, "model", "8")
    assert get_meta(connection, "model") == "8"
    connection.close()


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    pool = Pool(tmp_path, "shop")
    first = pool.token_key()
    assert len(first) == 32
    assert pool.token_key() == first
    assert stat.S_IMODE(pool.token_key_file.stat().st_mode) == 0o600
    assert Pool(tmp_path, "other").token_key() != first
    assert sorted(p.name for p in pool.token_key_file.parent.iterdir()) == ["other.token.key", "shop.token.key"]
    assert secret_file(tmp_path / "x.key", n_bytes=16) == (tmp_path / "x.key").read_bytes()
