"""The restore drill: an installation is backed up while it is written to, wiped, and brought back."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.contract import SECOND
from data.errors import DataError, RtoError, UsageError
from data.imports.alone import alone
from data.keeping.backup import MANIFEST, back_up, digest_of, open_backup
from data.keeping.database import open_database, scalar
from data.keeping.restoring import restore
from data.segments import load_history
from features.rebuild import verify
from serving.access import Access
from tests.helpers.commands import command, environment, rto
from tests.helpers.installation import NOW, SHOP, Installation, an_order, ask, place, served, silent, tell, wait_for


def told(made: Installation) -> list[Any]:
    """All live news, and every decision."""
    with made.database() as connection:
        news = connection.execute("SELECT merchant_id, order_id, event_id FROM news WHERE origin = 'live'").fetchall()
        return news + connection.execute("SELECT decision_id, body FROM decisions").fetchall()


def differing(made: Installation) -> list[Any]:
    with made.database() as connection:
        return list(verify(connection, load_history(made.pool)))


def merchant_key(made: Installation) -> str:
    access = Access(made.home)
    try:
        return access.create(SHOP, ("score",), NOW)[1]
    finally:
        access.connection.close()


def backed_up(own: Installation, into: Path, now: int = NOW) -> Path:
    return back_up(own.home, into, now, silent, silent).folder


def wiped(own: Installation, to: Path) -> Installation:
    """The machine is lost; the keys were kept elsewhere."""
    to.mkdir()
    shutil.copytree(own.home / "keys", to / "keys")
    return Installation(to)


def test_what_was_acknowledged_before_a_backup_comes_back_and_the_state_verifies(own: Installation, tmp_path: Path):
    with served(own) as client:
        for n in range(20):
            assert place(client, an_order(order_id=f"live-{n}")).status_code == 201
            assert tell(client, f"live-{n}", "delivered", f"e-{n}").status_code == 201
        score = client.post("/v1/score", json=ask(an_order(order_id="live-0"))).json()
        acknowledged, secret = told(own), merchant_key(own)
        folder = backed_up(own, tmp_path / "backups")  # beside the running service
    again = wiped(own, tmp_path / "again")
    restore(folder, again.home, silent)
    assert sorted(told(again)) == sorted(acknowledged)
    assert len(acknowledged) >= 41
    assert differing(again) == []
    with served(again) as client:
        assert client.post("/v1/score", json=ask(an_order(order_id="live-0"))).status_code == 401
        client.headers["Authorization"] = f"Bearer {secret}"
        same = client.post("/v1/score", json=ask(an_order(order_id="live-0"))).json()
    assert same["risk"] == score["risk"]


def test_a_backup_holds_no_key_and_names_those_it_needs(own: Installation, tmp_path: Path):
    folder = backed_up(own, tmp_path / "backups")
    keys = {path.name: path.read_bytes() for path in (own.home / "keys").iterdir()}
    assert set(open_backup(folder).manifest["keys"]) == set(keys)
    held = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(
        secret in content or secret.hex().encode() in content for secret in keys.values() for content in held
    )


@pytest.mark.parametrize("spoilt", ["gone", "another"])
def test_without_the_keys_nothing_is_restored(own: Installation, tmp_path: Path, spoilt: str):
    folder = backed_up(own, tmp_path / "backups")
    again = wiped(own, tmp_path / "again")
    again.pool.token_key_file.unlink()
    if spoilt == "another":
        again.pool.token_key_file.write_bytes(os.urandom(32))
    with pytest.raises(DataError, match="BK005"):
        restore(folder, again.home, silent)
    assert [path.name for path in again.home.iterdir()] == ["keys"]


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [_flip, _cut, Path.unlink])
def test_a_backup_with_any_one_file_damaged_is_refused_whole(
    own: Installation, tmp_path: Path, damage: Callable[[Path], None]
):
    folder = backed_up(own, tmp_path / "backups")
    again = wiped(own, tmp_path / "again")
    for path in open_backup(folder).files:
        sound = (folder / path).read_bytes()
        damage(folder / path)
        with pytest.raises(DataError, match="BK003"):
            restore(folder, again.home, silent)
        assert [path.name for path in again.home.iterdir()] == ["keys"], path
        (folder / path).write_bytes(sound)
    restore(folder, again.home, silent)  # the control: what is mended is taken


def test_a_database_that_was_damaged_before_its_backup_is_not_put_in_place(own: Installation, tmp_path: Path):
    folder = backed_up(own, tmp_path / "backups")
    path = next(path for path in open_backup(folder).files if path.endswith("store.sqlite"))
    with (folder / path).open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][path]["sha256"] = digest_of(folder / path)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="BK003"):
        restore(folder, wiped(own, tmp_path / "again").home, silent)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("no json", "BK002"),
        ("{}", "BK002"),
        ('{"backup": 99, "files": {}}', "DB001"),
        ('{"backup": 1, "files": {"../../evil": {}}}', "BK002"),
        ('{"backup": 1, "files": {"/etc/evil": {}}}', "BK002"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused(tmp_path: Path, said: str, code: str):
    (tmp_path / MANIFEST).write_text(said)
    with pytest.raises(RtoError, match=code):
        restore(tmp_path, tmp_path / "home", silent)
    assert not (tmp_path / "home").exists()


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path):
    with pytest.raises(DataError, match="BK002"):
        open_backup(tmp_path)


def test_nothing_is_restored_over_an_installation(own: Installation, tmp_path: Path):
    folder = backed_up(own, tmp_path / "backups")
    with pytest.raises(UsageError, match="BK004"):
        restore(folder, own.home, silent)


def test_nothing_to_back_up_and_a_folder_within_the_home_are_refused(own: Installation, tmp_path: Path):
    for home, into in ((tmp_path / "nothing", tmp_path / "to"), (own.home, own.home / "backups")):
        with pytest.raises(UsageError, match="BK001"):
            back_up(home, into, NOW, silent, silent)
        assert not into.exists()


def test_segments_of_the_backup_before_are_linked_unless_they_were_damaged(own: Installation, tmp_path: Path):
    first = backed_up(own, tmp_path / "backups")
    second = backed_up(own, tmp_path / "backups", NOW + SECOND)
    path = next(path for path in open_backup(first).files if path.endswith("orders.parquet"))
    assert (first / path).samefile(second / path)
    _flip(second / path)  # and with it the first
    third = backed_up(own, tmp_path / "backups", NOW + 2 * SECOND)
    assert not (second / path).samefile(third / path)
    restore(third, wiped(own, tmp_path / "again").home, silent)


def test_an_import_waits_for_a_backup_and_a_backup_for_an_import(own: Installation, tmp_path: Path):
    said: list[str] = []
    with alone(own.pool.folder, said.append):
        waiting = subprocess.Popen(
            command("backup", str(tmp_path / "backups")), env=environment(own.home, own.mlruns),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert waiting.stderr is not None
        assert "waiting" in waiting.stderr.readline()
        assert waiting.poll() is None
        assert not (tmp_path / "backups").exists()
    waiting.communicate(timeout=120)
    assert waiting.returncode == 0


def test_a_backup_that_is_killed_leaves_no_backup_and_the_next_clears_its_rest(own: Installation, tmp_path: Path):
    into = tmp_path / "backups"
    running = subprocess.Popen(
        command("backup", str(into)), env=environment(own.home, own.mlruns), stdout=subprocess.DEVNULL
    )
    wait_for(lambda: (into.is_dir() and any(into.glob(".rto-*"))) or running.poll() is not None)
    assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert [path for path in into.iterdir() if not path.name.startswith(".")] == []
    made = backed_up(own, into)
    assert [path.name for path in into.iterdir()] == [made.name]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({n}, {n}))
from serving.cli import main
main(sys.argv[1:])
"""


def test_on_a_full_disk_there_is_no_backup_and_it_is_said(own: Installation, tmp_path: Path):
    into = tmp_path / "backups"
    for n_bytes, status in ((200_000, 11), (resource.RLIM_INFINITY, 0)):  # the second is the control
        ran = subprocess.run(
            [sys.executable, "-c", LIMITED.format(n=n_bytes), "backup", str(into)],
            env=environment(own.home, own.mlruns), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == status, ran.stderr
        assert ("BK006" in ran.stderr) == (status == 11)
        assert len(list(into.iterdir())) == (0 if status else 1)


def test_the_commands_say_what_they_did(own: Installation, tmp_path: Path):
    into = tmp_path / "backups"
    made = json.loads(rto(own, "backup", str(into), "--json").stdout)
    assert made["pools"] == ["demo"]
    again = wiped(own, tmp_path / "again")
    done = rto(again, "restore", made["folder"])
    assert (done.returncode, made["folder"] in done.stdout) == (0, True)
    assert rto(again, "state", "verify").returncode == 0
    connection = open_database(again.pool.database)
    assert scalar(connection, "PRAGMA integrity_check") == "ok"
    connection.close()
