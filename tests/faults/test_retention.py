"""Old orders folded into an opening balance: what is read stays the same to the last digit, and a crash on the way too."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import segments
from data.contract import DAY
from data.history import History
from data.imports.importing import Request, import_files
from data.keeping.backup import back_up
from data.keeping.database import scalar
from data.keeping.opening import about_opening
from data.keeping.restoring import restore
from features.assemble import matrix
from features.catalog import FEATURES, needed_sums
from features.explain import explain
from features.labels import labels_at
from features.rates import Shrinkage
from features.rebuild import verify
from features.replay import replay
from serving.health import doctor_pools
from serving.health.doctor import PROBLEM, Patient
from serving.keeping.retention import Keep, prune
from serving.settings import Settings
from tests.helpers.commands import ROOT
from tests.helpers.installation import NOW, POOL, SHOP, Installation, an_order, moved, place, served, silent, tell

DAYS = 120
SINCE = NOW - DAYS * DAY
BUYER = {"phone": "+919000090055"}


@pytest.fixture
def made(store: str, own: Installation) -> Installation:
    if store == "postgresql":
        moved(own)
    old = {"placed_at": "2024-09-01T10:00:00+05:30"}
    with served(own) as client:
        for name in ("live-1", "live-2"):
            assert place(client, an_order(order_id=name, customer=BUYER)).status_code == 201
        tell(client, "live-1", "rto_started", reason="refused")
        assert place(client, an_order(order_id="backfilled", **old)).status_code == 201
        client.post("/v1/score", json={"merchant_id": SHOP, "order": an_order()})
    own.rebuild()
    return own


def state(made: Installation) -> dict[tuple[str, str], bytes]:
    with made.database() as connection:
        rows = connection.execute("SELECT kind, key, folded FROM state").fetchall()
    return {(kind, key): bytes(folded) for kind, key, folded in rows}


def read_since(history: History) -> tuple[list[Any], Any]:
    """Ids and features of the orders placed since the moment, as training reads them."""
    readings = replay(history, needed_sums(), silent)
    rows = np.flatnonzero(history.orders["placed_at"] >= SINCE)
    some = {one: values[rows] for one, values in readings.items()}
    columns = {name: column[rows] for name, column in history.orders.items()}
    return columns["order_id"].tolist(), matrix(columns, some, Shrinkage.flat(0.25))


def sound(made: Installation) -> History:
    """The kept state says what the opening balance and the rest say."""
    history = segments.load_history(made.pool)
    with made.database() as connection:
        assert verify(connection, history) == []
    return history


def test_a_rebuild_from_the_opening_balance_is_the_state_before_to_the_last_digit(made: Installation):
    before, history = state(made), segments.load_history(made.pool)
    was_read, n = read_since(history), len(history)
    told = prune(made.pool, Keep(DAYS, None), NOW, silent)
    assert n // 4 < told["orders"] < n, "a good part went"
    left = sound(made)
    assert state(made) == before, "the service goes on with the state it had"
    assert len(left) == n - told["orders"]
    made.rebuild()
    assert state(made) == before
    ids, x = read_since(left)
    assert ids == was_read[0]
    np.testing.assert_array_equal(x, was_read[1])
    assert np.isnan(labels_at(left, left.known_through).y[left.orders["placed_at"] < SINCE]).all(), (
        "none is learned from"
    )

    for name in ("merchant_rto_rate", "address_other_phones"):
        whole, rest = (explain(one, FEATURES[name], one.row_of(SHOP, "live-2")) for one in (history, left))
        values = [[one["value"] for one in told["sums"]] for told in (whole, rest)]
        np.testing.assert_allclose(*values, rtol=1e-11)
    assert "opening_balance" in rest["sums"][0]

    with made.database(read_only=False) as connection, pytest.raises(Exception, match="append-only"):
        connection.execute("DELETE FROM decisions")
    assert prune(made.pool, Keep(None, 30), NOW, silent)["decisions"] == 0
    assert prune(made.pool, Keep(None, 30), NOW + 31 * DAY, silent)["decisions"] == 1
    with made.database() as connection:
        assert scalar(connection, "SELECT COUNT(*) FROM decisions") == 0
        assert scalar(connection, "SELECT COUNT(*) FROM prunings WHERE done_at IS NOT NULL") == 2


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_is_told_again_does_not_count_twice_and_a_second_pruning_adds_to_the_first(made: Installation):
    before = state(made)
    told = prune(made.pool, Keep(DAYS, None), NOW, silent)
    left = segments.load_history(made.pool)
    again = prune(made.pool, Keep(DAYS, None), NOW, silent)
    assert (again["orders"], again["news"]) == (0, 0)
    files = [made.market / "orders.parquet", made.market / "news.parquet"]
    imported = import_files(made.home, Request(files, "native", None, POOL, None, False), silent)
    assert imported["notes"]["orders_before_the_opening_balance"] > 0
    assert imported["n_orders"] == 0, "the same file again brings nothing back that counts already"
    assert len(sound(made)) == len(left)

    with served(made) as client:
        old = an_order(order_id="backfilled", placed_at="2024-09-01T10:00:00+05:30")
        assert place(client, old).status_code == 200, "still kept: something was told of it since"
        unknown = place(client, old | {"order_id": "who knows"})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (409, "DQ016")

    later = prune(made.pool, Keep(DAYS - 25, None), NOW, silent)
    assert later["orders"] > 0, "a second pruning adds to the first"
    sound(made)
    made.rebuild()
    assert state(made) == before
    with made.database() as connection:
        about = about_opening(connection)
    assert about is not None
    assert about["orders"] == told["orders"] + later["orders"]


def sick(made: Installation) -> list[str]:
    """What `rto doctor` finds wrong with the pool."""
    patient = Patient(Settings(made.home, made.mlruns, "127.0.0.1", 3333), NOW)
    return [one.check for one in doctor_pools.pools(patient) if one.status == PROBLEM]


def test_killed_on_the_way_nothing_counts_twice_and_the_same_command_ends_it(own: Installation, tmp_path: Path):
    own.rebuild()
    n, before = len(segments.load_history(own.pool)), state(own)
    process = [sys.executable, "-m", "tests.faults.pruning_process", str(own.home), POOL, str(DAYS), "imports"]
    assert subprocess.run(process, cwd=ROOT, capture_output=True, check=False).returncode == -9
    held = sum(len(segments.read_orders_table(one)) for one in segments.list_segments(own.pool))
    assert held == n, "the control: files still hold every order"
    assert sick(own) == [f"pool {POOL}: prunings"]
    left = sound(own)
    assert len(left) < n
    prune(own.pool, Keep(DAYS, None), NOW, silent)
    assert sick(own) == [], "rto doctor counts what is left"
    assert sum(len(segments.read_orders_table(one)) for one in segments.list_segments(own.pool)) < n

    backup = back_up(own.home, tmp_path / "backups", NOW, silent, silent)
    shutil.copytree(own.home / "keys", tmp_path / "new" / "keys")
    restore(backup.folder, tmp_path / "new", silent)
    brought = Installation(tmp_path / "new")
    sound(brought)
    brought.rebuild()
    assert state(brought) == before
