"""Refusals that need an installation in a certain state: said by code, with the exit status of their kind."""

import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import CheckFailed, DataError, Exit
from data.imports.numbering import Numbering
from data.keeping import database
from data.keeping.database import open_database
from serving import demo
from tests.cli.conftest import Run
from tests.helpers.installation import SHOP, Installation


def test_an_order_that_is_none_cannot_be_explained(run: Run, installation: Installation):
    ran = run("features", "explain", "buyer_refused_count", "--merchant", SHOP, "--order", "nobodys", at=installation)
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "FEAT002")


def test_a_span_without_test_orders_cannot_be_judged(run: Run, installation: Installation):
    ran = run("evaluate", "champion", "--from", "2001-01-01", "--to", "2001-02-01", at=installation)
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "RUN006")


def test_the_demo_clears_no_folder_that_it_did_not_make(run: Run, tmp_path: Path):
    mine = tmp_path / "home" / "demo" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("keep me")
    ran = run("demo", "--orders", "1000")
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "DEMO001")
    assert mine.read_text() == "keep me"


def test_a_service_that_ends_before_it_is_ready_is_said(tmp_path: Path):
    log = tmp_path / "service.log"
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(CheckFailed, match="DEMO002") as refused:
        demo._wait(ended, "http://127.0.0.1:9", log)
    assert str(log) in str(refused.value)


def test_a_database_is_not_opened_with_an_sqlite_that_can_damage_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "SAFE_SQLITE", 9_000_000)
    with pytest.raises(DataError, match="DB002"):
        open_database(tmp_path / "store.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_an_import_waits_for_its_turn_to_number_people_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "WAIT_SECONDS", 1)
    holder, waiter = open_database(tmp_path / "store.sqlite"), open_database(tmp_path / "store.sqlite")
    said: list[str] = []
    try:
        holder.execute("BEGIN IMMEDIATE")
        waiter.set_busy_timeout(10)
        with pytest.raises(DataError, match="DB007"), Numbering(waiter, said.append) as own:
            own.assign("phone", [b"a"])
        holder.execute("ROLLBACK")
        with Numbering(waiter, said.append) as own:
            assert own.assign("phone", [b"a"]).tolist() == [1]
    finally:
        holder.close()
        waiter.close()
