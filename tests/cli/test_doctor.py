"""Does `rto doctor` find each fault that is planted, say what to do, and find nothing where there is none?"""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from data.contract import DAY
from data.errors import Exit
from data.history import Told
from serving import ledger
from serving.access import Access
from serving.health import doctor
from serving.health.doctor import OK, PROBLEM, WARNING, Finding, Patient, examine
from serving.settings import Settings
from tests.cli.conftest import Run
from tests.helpers.installation import NOW, SHOP, Installation, free_port
from tests.service.test_policies_served import publish


def patient(made: Installation, **more: object) -> Patient:
    at = Settings(made.home, made.mlruns, str(more.pop("host", "127.0.0.1")), int(str(more.pop("port", free_port()))))
    return replace(Patient(at, NOW, free_bytes=lambda _: 10**11), **more)  # type: ignore[arg-type]


def wrong(who: Patient) -> list[Finding]:
    return [one for one in examine(who) if one.status != OK]


def test_a_sound_installation_has_no_fault(installation: Installation):
    found = examine(patient(installation))
    assert [one for one in found if one.status != OK] == []
    assert len({one.check for one in found}) == len(found) > 12


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def segment(own: Installation) -> Path:
    return next(iter(own.pool.segments.iterdir()))


def newer_contract(own: Installation) -> None:
    manifest = segment(own) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"contract": 99}))


def fewer_orders(own: Installation) -> None:
    manifest = segment(own) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"n_orders": 1}))


def sql(statement: str) -> Callable[[Installation], None]:
    def plant(own: Installation) -> None:
        connection = apsw.Connection(str(own.pool.database))
        connection.execute(statement)
        connection.close()

    return plant


def altered_model(own: Installation) -> None:
    path = own.pool.bundles / own.pool.champion.read_text().strip() / "bundle.json"
    path.write_text(path.read_text() + " ")


def unknown_zone(own: Installation) -> None:
    path = own.pool.folder / "merchants.json"
    path.write_text(json.dumps([one | {"timezone": "Mars/Olympus"} for one in json.loads(path.read_text())]))


def no_database(own: Installation) -> None:
    for path in own.pool.folder.glob("store.sqlite*"):
        path.unlink()
    own.pool.database.write_text("not a database, but long enough to be taken for one " * 40)


PLANTED: dict[str, tuple[Callable[[Installation], object], str, str]] = {
    "a key others can read": (lambda own: own.pool.token_key_file.chmod(0o644), "open to others", "chmod 600"),
    "a folder of keys others can enter": (lambda own: (own.home / "keys").chmod(0o755), "open to others", "chmod 700"),
    "a lost token key": (lambda own: own.pool.token_key_file.unlink(), "no token key", "backup"),
    "a lost signing key": (lambda own: (own.home / "keys" / "signing.key").unlink(), "signing key is gone", "restore"),
    "half a segment": (lambda own: cut(segment(own) / "orders.parquet"), "cannot be read", "backup"),
    "half the news": (lambda own: cut(segment(own) / "news.parquet"), "cannot be read", "backup"),
    "orders gone from a segment": (fewer_orders, "its manifest says 1", "restore"),
    "a segment of a newer version": (newer_contract, "DB001", "upgrade"),
    "a database that is none": (no_database, "DB004", "restore"),
    "a newer database": (sql("PRAGMA user_version = 99"), "DB001", "upgrade"),
    "an older state": (sql("UPDATE meta SET value = 'x' WHERE name = 'built_from'"), "older than", "rto state rebuild"),
    "a state of another catalog": (
        sql("UPDATE meta SET value = '[]' WHERE name = 'sums'"),
        "older",
        "rto state rebuild",
    ),
    "an altered model": (altered_model, "MODEL002", "rto promote"),
    "a time zone nobody knows": (unknown_zone, "Mars/Olympus", "tzdata"),
    "runs that are no database": (lambda own: cut(own.mlruns / "mlflow.db"), "RUN005", "backup"),
}


POLICIES: dict[str, tuple[str, str, str]] = {
    "a rule that decides nothing": (
        '[[rules]]\nid = "a"\nwhen = "value > 5"\nthen = "confirm_call"\n'
        '[[rules]]\nid = "b"\nwhen = "value > 9"\nthen = "prepaid_only"\n',
        "first 'b'", "rto rules check"),
    "no holdout": ("[experiment]\nholdout = 0\n", "no holdout", "[experiment] holdout"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "found", "to_do"), POLICIES.values(), ids=POLICIES.keys())
def test_a_policy_that_decides_less_than_it_says_is_doubted(own: Installation, text: str, found: str, to_do: str):
    publish(own, "[economics]\nforward_minor = 8200\n")
    assert wrong(patient(own)) == [], "a sound policy"
    publish(own, text)
    [one] = wrong(patient(own))
    assert (one.status, found in one.found, to_do in one.to_do) == (WARNING, True, True), one


def test_caps_priced_with_another_model_are_doubted_and_an_altered_policy_is_a_problem(own: Installation):
    publish(own, "[caps.prepaid_only]\nshare = 0.1\n")
    assert wrong(patient(own)) == []
    champion = own.pool.champion.read_text()
    own.pool.champion.write_text(champion.replace(champion.strip()[-1], "0" if champion.strip()[-1] != "0" else "1"))
    assert "its caps were priced with the risks of another model" in {one.found for one in wrong(patient(own))}
    own.pool.champion.write_text(champion)
    version = next((own.pool.folder / "policies").glob("m-*/0*.json"))
    version.write_text(version.read_text().replace("0.1", "0.9"))
    [one] = wrong(patient(own))
    assert (one.status, one.found[:9]) == (PROBLEM, "POLICY005")


@pytest.mark.parametrize(("plant", "found", "to_do"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_fault_is_found_and_says_what_to_do(
    own: Installation, plant: Callable[[Installation], object], found: str, to_do: str
):
    assert wrong(patient(own)) == []
    plant(own)
    problems = [one for one in wrong(patient(own)) if one.status == PROBLEM]
    assert [one for one in problems if found in one.found and to_do in one.to_do], problems


def test_looking_changes_nothing(own: Installation):
    def kept() -> dict[str, tuple[int, int]]:
        named = [p for p in own.home.rglob("*") if p.is_file() and not p.name.endswith(("-shm", "-wal"))]
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in named}

    before = kept()
    examine(patient(own, host="0.0.0.0"))
    assert kept() == before


def test_without_a_model_or_a_pool_there_is_a_warning_and_no_problem(own: Installation, tmp_path: Path):
    own.pool.champion.unlink()
    assert [(one.status, one.found) for one in wrong(patient(own))] == [(WARNING, "none promoted")]
    empty = Installation(tmp_path / "nowhere")
    assert {one.check: one.status for one in wrong(patient(empty))} == {"home": WARNING, "pools": WARNING}
    assert not empty.home.exists()


@pytest.mark.parametrize(("free", "status"), [(10**11, OK), (10**9, WARNING), (10**8, PROBLEM)])
def test_a_full_disk_is_told_before_it_is_full(installation: Installation, free: int, status: str):
    [found] = [one for one in examine(patient(installation, free_bytes=lambda _: free)) if one.check == "disk"]
    assert found.status == status


def test_a_home_that_is_a_file_cannot_be_written(tmp_path: Path):
    (tmp_path / "home").write_text("")
    assert "home" in {one.check for one in wrong(patient(Installation(tmp_path / "home"))) if one.status == PROBLEM}


def test_a_clock_before_the_last_news_is_wrong(own: Installation):
    with own.database(read_only=False) as connection:
        row = connection.execute("SELECT merchant_id, order_id FROM orders LIMIT 1").fetchone()
        ledger.tell(connection, Told(*row, "live", "late", "confirmed", NOW, NOW, live=True))
    assert wrong(patient(own)) == []
    assert [one.check for one in wrong(patient(own, now=NOW - DAY))] == ["clock"]
    assert [one.check for one in wrong(patient(own, now=0))] == ["clock"]


def test_news_that_ends_weeks_ago_is_a_warning_and_an_order_alone_is_no_news(own: Installation):
    assert wrong(patient(own, now=NOW + 33 * DAY)) == []
    [found] = wrong(patient(own, now=NOW + 40 * DAY))
    assert (found.status, found.check) == (WARNING, "pool demo: news")
    assert found.found == "known through 2025-10-08, 41 days ago: nothing was learned since"
    assert "rto import" in found.to_do
    with own.database(read_only=False) as connection:
        row = connection.execute("SELECT merchant_id, order_id FROM orders LIMIT 1").fetchone()
        for i, type_ in enumerate(("placed", "delivered")):
            assert len(wrong(patient(own, now=NOW + 40 * DAY))) == 1, "an order that was placed says nothing of parcels"
            at = NOW + 30 * DAY + i
            ledger.tell(connection, Told(*row, "live", f"late-{i}", type_, at, at, live=True))
    assert wrong(patient(own, now=NOW + 40 * DAY)) == []


def test_a_port_that_something_else_has_is_a_problem_and_our_own_service_is_none(installation: Installation):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(5)
        [found] = wrong(patient(installation, port=other.getsockname()[1]))
        assert (found.check, found.to_do) == ("port", "rto serve --port N")
    with livez() as number:
        assert wrong(patient(installation, port=number)) == []


@contextmanager
def livez() -> Iterator[int]:
    """A server that answers every path with 200, as /livez does."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_off_loopback_every_merchant_needs_a_live_key(own: Installation):
    missing = [one.found.split()[0] for one in wrong(patient(own, host="0.0.0.0"))]
    assert SHOP in missing
    access = Access(own.home)
    made = [access.create(merchant, ("score",), NOW)[0] for merchant in missing]
    assert wrong(patient(own, host="0.0.0.0")) == []
    access.revoke(made[missing.index(SHOP)], NOW)
    assert [one.to_do for one in wrong(patient(own, host="0.0.0.0"))] == [f"rto keys create --merchant {SHOP}"]
    access.connection.close()


def test_a_library_out_of_range_or_absent_is_a_problem(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda name: {"numpy": "1.0", "click": None}.get(name, real(name)))
    [found] = wrong(patient(installation))
    assert (found.check, found.status) == ("packages", PROBLEM)
    assert "numpy 1.0, expected" in found.found
    assert "click absent" in found.found


def test_an_old_sqlite_or_python_is_a_problem(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "SAFE_SQLITE", 9_000_000)
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 0))
    assert [one.check for one in wrong(patient(installation))] == ["python", "sqlite"]


def test_a_check_that_breaks_is_a_problem_and_the_others_go_on(own: Installation):
    (own.pool.folder / "merchants.json").write_text("{")
    found = wrong(patient(own, host="0.0.0.0"))
    assert {one.check for one in found} == {"policies", "zones", "merchants without a key"}
    assert all(one.status == PROBLEM for one in found)


def test_the_command_ends_with_13_if_there_is_a_problem(run: Run, own: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RTO_PORT", str(free_port()))
    sound = run("doctor", at=own)
    assert (sound.code, sound.err) == (Exit.DONE, "")
    assert sound.out.startswith("ok       python: 3.")
    (own.home / "keys").chmod(0o755)
    ill = run("doctor", "--json", at=own)
    assert (ill.code, ill.err.split()[0]) == (Exit.CHECK_FAILED, "DOC001")
    assert {one["status"] for one in ill.json} == {OK, WARNING, PROBLEM}  # the market ended long ago
    assert "to do: chmod 700" in run("doctor", at=own).out
