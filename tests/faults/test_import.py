"""Imports that are killed, stopped, crowded or out of room, as real processes: whole or not at all, and nothing lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import segments
from data.imports.alone import alone
from data.imports.importing import Request, import_files
from data.keeping.database import open_database
from tests.helpers.imports import NATIVE_HEAD, Shop

ROOT = Path(__file__).parents[2]
HEAD = NATIVE_HEAD + ",phone,line1"


def orders(shop: Shop, name: str, rows: range, head: str = HEAD) -> Path:
    """A file of orders, one buyer each; without buyers if the head names none."""
    lines = [f"o{i},m1,2025-03-01T10:00Z,,{9_000_000_000 + i},{i} Long Lane" for i in rows]
    n_columns = head.count(",") + 1
    return shop.file(name, "\n".join([head, *(",".join(line.split(",")[:n_columns]) for line in lines)]))


def start(shop: Shop, *arguments: object) -> "subprocess.Popen[str]":
    """An import as a process of its own."""
    command = [sys.executable, "-m", "tests.faults.importing_process", *map(str, arguments)]
    environment = {**os.environ, "RTO_HOME": str(shop.pool.home)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(shop: Shop, *arguments: object) -> tuple[int, str]:
    """Exit status and stderr."""
    process = start(shop, *arguments)
    _, said = process.communicate(timeout=300)
    return process.returncode, said


def import_whole(shop: Shop, file: Path) -> None:
    """An import that nothing happens to."""
    import_files(shop.pool.home, Request([file], "native", None, "shop", None, False), lambda *step: None)


def pseudonyms(shop: Shop) -> int:
    connection = open_database(shop.pool.database)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM pseudonyms").fetchone()[0])
    finally:
        connection.close()


def assert_whole(shop: Shop, n: int) -> None:
    """The pool holds orders 0 to n - 1, each in one segment, with their merchant, and nothing half-written."""
    found = segments.list_segments(shop.pool)
    ids = [order for segment in found for order in segments.read_orders(segment)["order_id"]]
    assert sorted(ids) == sorted(f"o{i}" for i in range(n))
    assert [m["merchant_id"] for m in json.loads((shop.pool.folder / "merchants.json").read_text())] == ["m1"]
    assert [p.name for p in shop.pool.segments.glob(".*")] == []
    assert len(shop.history()) == n


MOMENTS = [
    ("open", "orders.csv"),  # reading
    ("open", "import.lock"),
    ("os.mkdir", "segments/."),  # checked, about to write
    ("open", "manifest.json"),  # columns written
    ("os.rename", "merchants.json"),
    ("os.rename", "segments/."),  # written whole, about to be published
]


@pytest.mark.parametrize(("event", "text"), MOMENTS)
def test_an_import_killed_at_any_moment_leaves_nothing_and_the_next_one_works(
    tmp_path: Path, event: str, text: str
) -> None:
    shop = Shop(tmp_path)
    before, file = orders(shop, "before.csv", range(3)), orders(shop, "orders.csv", range(8))
    import_whole(shop, before)
    code, _ = run(shop, "kill", event, text, file)
    assert code == -9
    assert len(segments.list_segments(shop.pool)) == 1
    assert len(shop.history()) == 3
    import_whole(shop, file)
    assert_whole(shop, 8)


def test_ctrl_c_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = orders(shop, "orders.csv", range(4))
    code, said = run(shop, "interrupt", "open", "manifest.json", file)
    assert (code, said.strip()) == (130, "stopped; nothing half-done was kept")
    assert list(shop.pool.segments.glob("*")) == []
    import_whole(shop, file)
    assert_whole(shop, 4)


@pytest.mark.parametrize(
    ("n_bytes", "head", "where"),
    [
        (10_000, HEAD, "shop"),  # the database cannot be opened
        (150_000, HEAD, "shop"),  # pseudonyms do not fit
        (150_000, NATIVE_HEAD, "segments"),  # nobody to number: the columns do not fit
    ],
)
def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path, n_bytes: int, head: str, where: str) -> None:
    shop = Shop(tmp_path)
    import_whole(shop, orders(shop, "before.csv", range(3)))
    file, held = orders(shop, "orders.csv", range(20_000), head), pseudonyms(shop)
    code, said = run(shop, "room", n_bytes, file)
    assert code == 11, said
    assert said.startswith(f"DB006 {shop.pool.folder if where == 'shop' else shop.pool.segments}: ")
    assert "make room" in said
    assert len(segments.list_segments(shop.pool)) == 1
    assert [p.name for p in shop.pool.segments.glob(".*")] == []
    assert pseudonyms(shop) == held
    import_whole(shop, file)
    assert_whole(shop, 20_000)


def test_two_imports_at_once_both_land_and_tell_nothing_twice(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    files = [orders(shop, "one.csv", range(300)), orders(shop, "two.csv", range(200, 500))]
    processes = [start(shop, "room", 1 << 40, file) for file in files]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert_whole(shop, 500)


def test_a_second_import_waits_and_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = orders(shop, "orders.csv", range(4))
    with alone(shop.pool.folder, print):
        process = start(shop, "room", 1 << 40, file)
        assert process.stderr is not None
        assert process.stderr.readline() == "another import into shop is running: waiting until it has ended\n"
        assert not shop.pool.segments.exists()
    assert process.wait(timeout=300) == 0
    process.communicate()
    assert_whole(shop, 4)


def test_an_import_waits_for_a_database_that_is_being_written_to(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = orders(shop, "orders.csv", range(4))
    connection = open_database(shop.pool.database)
    connection.execute("BEGIN IMMEDIATE")
    process = start(shop, "room", 1 << 40, file)
    assert process.stderr is not None
    assert process.stderr.readline() == "the pool's database is being written to: waiting until that has ended\n"
    connection.execute("COMMIT")
    connection.close()
    assert process.wait(timeout=300) == 0
    process.communicate()
    assert_whole(shop, 4)
