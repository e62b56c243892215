"""A person forgotten: nothing of them is found afterwards, places still add up, and a crash on the way changes nothing of that."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from data import segments
from data.contract import TEXT_MEASURES, TOKEN_COLUMNS
from data.errors import DataError
from data.imports.importing import Request, import_files
from data.keeping import journal
from data.keeping.database import Connection
from data.keeping.forgotten_space import give_back
from data.keeping.server import server_url
from data.keeping.traces import Subject
from data.persons.tokens import token
from features.keys import KINDS
from features.rebuild import verify
from serving.keeping.erasing import erase
from serving.policies.list_import import ListFile, import_list
from serving.policies.list_store import ListStore
from serving.policies.policy_store import PolicyStore
from tests.helpers.commands import ROOT
from tests.helpers.installation import (
    NOW,
    OTHER_SHOP,
    POOL,
    SHOP,
    Installation,
    an_order,
    another_order,
    ask,
    moved,
    place,
    served,
    silent,
    tell,
)
from tests.helpers.servers import Server

PHONE, EMAIL = "+919000090055", "canary.person@example.in"
THEIRS = {"customer": {"phone": PHONE, "email": EMAIL, "name": "Canary Person"}, "device_id": "canary-device"}
STAGES = {"sqlite": "ledger", "postgresql": "state"}
"""Killed when the imports are wiped and the ledger is not; or when the rows are wiped and the state still holds them."""


def _read(path: Path) -> bytes:
    """A file, or nothing of one that a running server has taken away meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@dataclass(frozen=True)
class Person:
    """Somebody who has bought, live and long ago. tokens: of what they are known by.  phone: its pseudonym."""

    made: Installation
    tokens: list[bytes]
    handles: frozenset[tuple[str, int]]
    decision_id: str
    other_id: str

    @property
    def phone(self) -> int:
        return next(one for kind, one in self.handles if kind == "phone")

    @property
    def subject(self) -> Subject:
        return Subject(frozenset({("phone", self.phone)}), frozenset({SHOP}))

    def found_in(self) -> list[str]:
        """Files of the pool, or of the server, that hold a token, and rows that hold a pseudonym."""
        folders = [self.made.home / "pools", self.made.home / "replay", *_of_server()]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        found = [
            str(p) for p in files if any(one in (read := _read(p)) or one.hex().encode() in read for one in self.tokens)
        ]
        with self.made.database() as connection:
            return [*found, *self._rows(connection)]

    def _rows(self, connection: Connection) -> Iterator[str]:
        text, pairs = f'"phone":{self.phone},', sorted(self.handles)
        for sql in ("SELECT columns FROM orders", "SELECT body FROM decisions", "SELECT columns FROM orders"):
            yield from (sql for (one,) in connection.execute(sql) if text in one.replace("\\", ""))
        by_kind = {kind.columns[-1]: name for name, kind in KINDS.items() if len(kind.columns) == 1}
        for kind, one in pairs:
            found = "SELECT COUNT(*) FROM state WHERE kind = ? AND key = ?"
            [(n,)] = connection.execute(found, (by_kind.get(kind, kind), str(one))).fetchall()
            yield from [f"state {kind}"] * n
        for segment in segments.list_segments(self.made.pool):
            table = segments.read_orders_table(segment)
            for kind, one in pairs:
                if kind in table.column_names and pc.any(pc.equal(table[kind], one)).as_py():
                    yield f"{segment.name} {kind}"
        for name, folder in ListStore(self.made.pool, SHOP).imports():
            path = ListStore(self.made.pool, SHOP).folder / name / folder
            yield from (str(p) for p in path.rglob("labels.bin") if b"Canary" in p.read_bytes())
        overrides = PolicyStore(self.made.pool).of(SHOP) / "overrides.jsonl"
        if overrides.exists() and f'"phone": {self.phone}' in overrides.read_text():
            yield "overrides"


def _of_server() -> list[Path]:
    """Where the server of this test keeps its tables; its log of changes is beyond us (docs/operations.md)."""
    return [Path(os.environ["TEST_PG_DATA"]) / "base"] if server_url() else []


@pytest.fixture
def person(store: str, own: Installation, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Person:
    if store == "postgresql":
        server: Server = request.getfixturevalue("server")
        monkeypatch.setenv("TEST_PG_DATA", str(server.running.pgdata))
        moved(own)
    write_past_of(own)
    own.rebuild()
    with served(own) as client:
        place(client, an_order(order_id="p-1", **THEIRS))
        place(client, an_order(order_id="neighbour", customer={"phone": "+919000090066"}))
        moved_to = {"address": {"line1": "9 Park Street, Canary House", "pincode": "700016"}}
        tell(client, "p-1", "address_corrected", details=moved_to)
        tell(client, "p-1", "rto_started", reason="refused")
        mine = client.post(
            "/v1/score", json=ask(an_order(checkout_id="c-9", **THEIRS)), headers={"Idempotency-Key": "k"}
        )
        other = client.post("/v1/score", json=ask(another_order()))
        decision_id, other_id = (one.json()["decision_id"] for one in (mine, other))
        overrule = {
            "merchant_id": SHOP,
            "action": "allow_cod",
            "reason": "known to us",
            "by": "asha",
            "about": "buyer",
        }
        assert client.post(f"/v1/decisions/{decision_id}/override", json=overrule).status_code == 201
    listed = own.home / "listed.csv"
    listed.write_text(f"phone,label\n{PHONE},Canary of Patna\n+919000090066,neighbour\n")
    with own.database(read_only=False) as connection:
        file = ListFile(listed, "resellers", "phone", skip_bad_rows=False)
        import_list(connection, own.pool, own.pool.merchants()[SHOP], file, NOW, silent)
        columns = journal.order_columns(connection, SHOP, "p-1")
    listed.unlink()
    assert columns is not None
    key = own.pool.token_key()
    tokens = [token(key, "phone", PHONE), token(key, "email", EMAIL), token(key, "device_id", "canary-device")]
    handles = frozenset((kind, columns[kind]) for kind in ("phone", "email", "device_id", "name"))
    return Person(own, tokens, handles, decision_id, other_id)


def write_past_of(own: Installation) -> dict[str, Any]:
    """An import that holds an old order of the person."""
    old = own.orders().slice(0, 1).to_pylist()[0] | {
        "order_id": "p-0",
        "phone": PHONE,
        "email": EMAIL,
        "merchant_id": SHOP,
    }
    file = own.home / "old.parquet"
    schema = own.orders().schema
    pq.write_table(pa.Table.from_pylist([old], schema=schema), file)
    told = import_files(own.home, Request([file], "native", None, POOL, None, False), silent)
    file.unlink()
    return told


def forgotten(person: Person) -> None:
    """Nothing of the person is found; what is left says what a rebuild of it says."""
    assert person.found_in() == []
    with person.made.database() as connection:
        assert verify(connection, segments.load_history(person.made.pool)) == []
        [(n, done)] = connection.execute("SELECT COUNT(*), COUNT(done_at) FROM erasures").fetchall()
        assert n == done >= 1


def test_nothing_of_the_person_is_found_and_places_still_add_up(person: Person):
    before = person.found_in()
    assert len(before) >= 6, f"the control: {before}"
    with person.made.database() as connection:
        places = [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall() for table in ("orders", "news", "decisions")
        ]
        of_place = "SELECT folded FROM state WHERE kind = 'pincode' AND key = '800001'"
        was = connection.execute(of_place).fetchall()
        other = kept(connection, person.other_id)
    told = erase(person.made.pool, person.subject, NOW, silent).told
    assert (told["orders"], told["orders_of_imports"], told["news"]) == (2, 1, 1), told
    assert (told["decisions"], told["answers"], told["rows_of_lists"], told["overrides"]) == (1, 1, 1, 1), told
    forgotten(person)
    with person.made.database() as connection:
        assert [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall() for table in ("orders", "news", "decisions")
        ] == places
        assert len(connection.execute(of_place).fetchall()) == len(was)
        assert kept(connection, person.other_id) == other, "nobody else's decision changed"
        columns = journal.order_columns(connection, SHOP, "p-1")
        assert columns is not None
        assert {columns[kind] for kind in TOKEN_COLUMNS} == {-1}
        assert all(columns[name] != columns[name] for name in TEXT_MEASURES)
        assert (columns["pincode"], columns["amount_minor"]) == ("800001", 149_900)
        wiped = kept(connection, person.decision_id)
        assert wiped["made_from"]["experiment"] == other["made_from"]["experiment"]
        assert wiped["answer"]["reasons"] == []
        assert "x" not in wiped["made_from"]
        [(text,)] = connection.execute("SELECT told FROM erasures").fetchall()
        assert "Canary" not in text
        assert PHONE not in text
        with pytest.raises(Exception, match="immutable"):
            connection_of(person, "UPDATE orders SET columns = '{}' WHERE order_id = 'p-1'")
    again = erase(person.made.pool, person.subject, NOW, silent).told
    assert again["orders"] == again["decisions"] == again["rows_of_lists"] == 0
    with served(person.made) as client:  # told again as it was, it stays as it is
        assert place(client, an_order(order_id="p-1", **THEIRS)).status_code in (200, 201)
        moved_to = {"address": {"line1": "9 Park Street, Canary House", "pincode": "700016"}}
        assert tell(client, "p-1", "address_corrected", details=moved_to).status_code == 200
        assert (
            client.get(f"/v1/decisions/{person.decision_id}?merchant_id={SHOP}").json()["warnings"][-1]["code"]
            == "buyer_erased"
        )
        replayed = client.get(f"/v1/decisions/{person.decision_id}/replay?merchant_id={SHOP}")
        assert (replayed.status_code, replayed.json()["error"]["code"]) == (409, "not_replayable")
        assert "REPLAY004" in replayed.text or "erased" in replayed.text
    assert write_past_of(person.made)["n_orders"] == 0, "nor does an import bring anybody back"
    person.made.rebuild()
    with person.made.database() as connection:
        for name in ("p-0", "p-1"):
            columns = journal.order_columns(connection, SHOP, name)
            assert columns is not None
            assert columns["phone"] == columns["email"] == -1


def test_what_another_merchant_knows_a_person_by_stays_known(own: Installation):
    with served(own) as client:
        place(client, an_order(order_id="p-1", **THEIRS))
    other = own.home / "listed.csv"
    other.write_text(f"phone\n{PHONE}\n")
    with own.database(read_only=False) as connection:
        file = ListFile(other, "known", "phone", skip_bad_rows=False)
        import_list(connection, own.pool, own.pool.merchants()[OTHER_SHOP], file, NOW, silent)
        columns = journal.order_columns(connection, SHOP, "p-1")
    assert columns is not None
    told = erase(own.pool, Subject(frozenset({("phone", columns["phone"])}), frozenset({SHOP})), NOW, silent).told
    assert (told["orders"], told["shared_handles"], told["handles"]["email"]) == (1, {"phone": 1}, 1)
    with own.database() as connection:
        [(n,)] = connection.execute(
            "SELECT COUNT(*) FROM pseudonyms WHERE pseudonym = ?", (columns["phone"],)
        ).fetchall()
        [(gone,)] = connection.execute(
            "SELECT COUNT(*) FROM pseudonyms WHERE pseudonym = ?", (columns["email"],)
        ).fetchall()
    assert (n, gone) == (1, 0)


def connection_of(person: Person, sql: str) -> None:
    with person.made.database(read_only=False) as connection:
        connection.execute(sql)


def kept(connection: Connection, decision_id: str) -> Any:
    [(body,)] = connection.execute("SELECT body FROM decisions WHERE decision_id = ?", (decision_id,)).fetchall()
    return orjson.loads(body)


def test_killed_on_the_way_it_ends_in_the_same_place(person: Person, store: str):
    stage = STAGES[store]
    arguments = [str(person.made.home), POOL, SHOP, "phone", str(person.phone), stage]
    url = server_url()
    process = [sys.executable, "-m", "tests.faults.erasing_process", *arguments, *([url] if url else [])]
    assert subprocess.run(process, cwd=ROOT, capture_output=True, check=False).returncode == -9
    assert person.found_in() != [], "the control: killed, something of the person was still there"
    erase(person.made.pool, person.subject, NOW, silent)
    forgotten(person)


def test_space_that_somebody_reads_is_not_given_back_in_silence(own: Installation):
    with own.database() as reader, own.database(read_only=False) as connection:
        connection.execute("CREATE TABLE t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM meta").fetchall()
        with pytest.raises(DataError, match="DB011"):
            give_back(connection, patience_s=0.2)
        reader.execute("ROLLBACK")
        give_back(connection)
