"""Opening, migrating and writing the one file of a pool."""

import stat
from pathlib import Path

import apsw
import pytest

from data.database import SCHEMA_VERSION, get_meta, immediate, open_database, scalar, set_meta
from data.errors import DataError
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


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is a letter, not a database " * 100)
    with pytest.raises(DataError, match="DB004"):
        open_database(path)


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
