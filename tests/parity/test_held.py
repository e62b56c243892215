"""What orders contribute themselves, found for many at once: is it what each order's own news says of it?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import DAY, HOUR, NewsType
from data.history import Told
from data.keeping import journal
from data.keeping.database import open_database
from data.keeping.one_moment import one_moment as one_moment_of
from features.held import NAMES, held_by
from features.held_compiled import weighed
from features.keys import KINDS
from serving import ledger
from tests.helpers.histories import T0, order_columns

KINDS_OF_NEWS = [t.name.lower() for t in NewsType if t.name not in ("CORRECTION", "ADDRESS_CORRECTED", "ACTION_TAKEN")]
NEWS = st.tuples(st.sampled_from(KINDS_OF_NEWS), st.integers(0, 3), st.sampled_from([None, "refused", "no_attempt"]))
ODD = ("nothing", "correction", "address_corrected", "action_taken", "never placed")


def order(i: int, merchant: str) -> dict[str, Any]:
    told = {"order_id": f"o{i}", "merchant_id": merchant, "placed_at": T0 + i * HOUR, "phone": i % 3 - 1,
            "pincode": "800001" if i % 2 else None, "amount_minor": np.nan if i % 4 == 0 else 100.0 * i,
            "payment_method": ("cod", "prepaid", None)[i % 3]}  # fmt: skip
    return {name: column[0] for name, column in order_columns([told]).items()} | told


def news_of(i: int, merchant: str, told: list[tuple[str, int, str | None]], odd: str) -> list[Told]:
    def one(event: str, kind: str, at: int, reason: str | None = None, **details: Any) -> Told:
        more = json.dumps(details) if details else None
        return Told(merchant, f"o{i}", "shop", f"{i}:{event}", kind, at, at, reason, more)

    placed = T0 + i * HOUR
    rows = [] if odd == "never placed" else [one("placed", "placed", placed - (HOUR if i % 5 == 0 else 0))]
    rows += [one(f"e{j}", kind, placed + at * DAY, reason) for j, (kind, at, reason) in enumerate(told)]
    if odd == "correction":
        rows.append(one("c", "correction", placed + 5 * DAY, voids=f"{i}:e0"))
    elif odd == "address_corrected":
        rows.append(one("a", "address_corrected", placed + DAY, address={"pincode": "110001", "address": 77}))
    elif odd == "action_taken":
        rows.append(one("t", "action_taken", placed + DAY, action="prepaid_only"))
    return rows


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory):
    connection = open_database(tmp_path_factory.mktemp("held") / "store.sqlite")
    yield connection
    connection.close()


@given(st.lists(st.tuples(st.lists(NEWS, max_size=5), st.sampled_from(ODD)), min_size=6, max_size=12))
def test_many_are_what_each_is(connection: Any, told: list[tuple[list[Any], str]]) -> None:
    ids: list[tuple[str, str | None]] = [("a", None), ("b", "nobody's"), ("nobody", "o1")]
    connection.execute("SAVEPOINT one")
    try:
        for i, (news, odd) in enumerate(told):
            merchant = "ab"[i % 2]
            journal.add_order(connection, order(i, merchant), "segment")
            for piece in news_of(i, merchant, news, odd):
                journal.add_news(connection, piece, "segment")
            ids.append((merchant, f"o{i}"))
        ids.append(ids[3])  # asked twice
        found, fast = ledger.held(connection, ids), ledger.held(connection, ids, weighed)
        every = {row: one for row, i in enumerate(ids) if (one := ledger.stands(connection, *i)) is not None}
        assert sorted(found.rows.tolist()) == sorted(every) != []
        wanted = held_by({row: every[row] for row in found.rows.tolist()})
        for name in ("placed_at", "everyone", "buyer"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
            np.testing.assert_array_equal(getattr(fast, name), getattr(wanted, name))
        for name in NAMES:
            assert found.columns[name].tolist() == wanted.columns[name].tolist(), name
    finally:
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")


def test_the_names_are_the_columns_of_every_key():
    assert {column for kind in KINDS.values() for column in kind.columns} <= set(NAMES)


def test_two_connections_read_one_moment_whatever_is_committed_while_they_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "store.sqlite"
    writer = open_database(path)
    first, second, watch = (open_database(path, read_only=True) for _ in range(3))
    begin, left = one_moment_of, [1, 2, 3]

    def one_moment(connection: Any) -> Any:
        if connection is second and left:  # somebody commits between the two beginnings
            writer.execute("INSERT INTO meta VALUES (?, '')", (str(left.pop()),))
        return begin(connection)

    monkeypatch.setattr(ledger, "one_moment", one_moment)
    with ledger.same_moment((first, second), watch):
        writer.execute("INSERT INTO meta VALUES ('later', '')")
        seen = [one.execute("SELECT name FROM meta ORDER BY name").fetchall() for one in (first, second)]
    assert seen[0] == seen[1] == [("1",), ("2",), ("3",)]
    for one in (writer, first, second, watch):
        one.close()
