"""Does every command speak as promised: help, exit codes, results on stdout, refusals a person can act on?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import orjson
import pytest

from data.errors import Exit
from serving.access import Access
from serving.cli import COMMANDS, SUMMARIES, rto
from serving.commands.serve_commands import start_service, stop_service
from serving.settings import settings
from tests.cli.conftest import Run
from tests.helpers.commands import command, environment
from tests.helpers.installation import NOW, SHOP, Installation, free_port, wait_for


def every_command() -> list[list[str]]:
    """The words of every command and group, from the command line itself."""
    context, found = click.Context(rto), [[]]
    for name in COMMANDS:
        one = rto.get_command(context, name)
        found.append([name])
        found += [[name, sub] for sub in one.commands] if isinstance(one, click.Group) else []
    return found


EVERY = every_command()


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(run: Run, words: list[str]):
    ran = run(*words, "--help")
    assert (ran.code, ran.err) == (Exit.DONE, "")
    assert "Usage: rto" in ran.out


GROUPS = [
    [name]
    for name in ("features", "state", "keys", "policy", "rules", "lists", "experiment", "shadow", "webhooks", "pool")
]


@pytest.mark.parametrize("words", [w for w in EVERY if w and w not in GROUPS], ids=" ".join)
def test_the_help_of_every_command_ends_in_an_example_of_it(run: Run, words: list[str]):
    last = " ".join(run(*words, "--help").out.strip().split("\n\n")[-1].split())
    assert last.startswith(f"Example: rto {' '.join(words)}")


def test_every_command_is_summed_up_in_the_help_of_all():
    assert list(SUMMARIES) == list(COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ("features", "list"), ("check",), ("state", "verify"), ("runs",), ("keys", "list"),
        ("features", "explain", "buyer_refused_count", "--merchant", SHOP, "--order", "@first"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_json_is_all_that_stands_on_stdout(run: Run, installation: Installation, words: tuple[str, ...]):
    order = first_order(installation)
    ran = run(*(order if w == "@first" else w for w in words), "--json", at=installation)
    assert ran.code == Exit.DONE, ran.err
    assert ran.json is not None


def first_order(made: Installation) -> str:
    orders = made.orders().to_pylist()
    return next(row["order_id"] for row in orders if row["merchant_id"] == SHOP)


@pytest.mark.parametrize("words", [("state", "rebuild"), ("promote",), ("keys", "create", "--merchant", SHOP)])
def test_json_is_all_that_stands_on_stdout_of_commands_that_write(run: Run, own: Installation, words: tuple[str, ...]):
    ran = run(*words, "--json", at=own)
    assert ran.code == Exit.DONE, ran.err
    assert isinstance(ran.json, dict)


def test_a_market_can_be_made_and_brought_in(run: Run, tmp_path: Path):
    made = run("simulate", "--orders", "1000", "--out", tmp_path / "market", "--json")
    assert (made.code, made.json["orders"]) == (Exit.DONE, 1_000)
    files = [tmp_path / "market" / "orders.parquet", tmp_path / "market" / "news.parquet"]
    ran = run("import", *files, "--mapping", "native", "--pool", "p", "--json")
    assert (ran.code, ran.json["n_orders"]) == (Exit.DONE, 1_000)


def test_two_orders_are_too_little_to_learn_from(run: Run, tmp_path: Path):
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,merchant_id,placed_at,amount_minor\no1,m,2025-01-01T00:00:00Z,100\no2,m,2025-01-02T00:00:00Z,1\n"
    )
    assert run("import", orders, "--mapping", "native", "--pool", "p").code == Exit.DONE
    ran = run("train")
    assert (ran.code, ran.err.split()[0]) == (Exit.TOO_LITTLE_HISTORY, "TRAIN002")


ONE_ORDER = "order_id,placed_at,amount_minor\n{},2025-01-01T00:00:00Z,100\n"


def test_a_further_import_goes_where_its_merchant_lives_and_nowhere_else(run: Run, tmp_path: Path):
    orders = tmp_path / "orders.csv"
    words = ("import", orders, "--mapping", "native", "--merchant", "nila", "--json")
    orders.write_text(ONE_ORDER.format("o1"))
    assert run(*words, "--pool", "shops").json["pool"] == "shops"
    orders.write_text(ONE_ORDER.format("o2"))
    assert run(*words).json["pool"] == "shops"
    refused = run(*words, "--pool", "nila")
    assert (refused.code, refused.err.split()[0]) == (Exit.USAGE, "CLI009")
    assert run("check", "--json").code == Exit.DONE  # one pool is still all there is


def test_two_homes_do_not_share_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    for name in ("RTO_HOME", "RTO_MLRUNS"):
        monkeypatch.delenv(name, raising=False)
    assert settings().mlruns == tmp_path / "mlruns"
    monkeypatch.setenv("RTO_HOME", "one")
    assert settings().mlruns == tmp_path / "one" / "mlruns"
    monkeypatch.setenv("RTO_MLRUNS", "elsewhere")
    assert settings().mlruns == tmp_path / "elsewhere"


def test_a_key_is_shown_once_and_never_listed(run: Run, own: Installation):
    made = run("keys", "create", "--merchant", SHOP, "--scope", "score", "--json", at=own)
    listed = run("keys", "list", at=own)
    assert made.json["key_id"] in listed.out
    assert made.json["key"] not in listed.out + listed.err
    assert run("keys", "revoke", made.json["key_id"], at=own).code == Exit.DONE
    assert run("keys", "revoke", made.json["key_id"], at=own).code == Exit.USAGE
    access = Access(own.home)
    assert access.caller(made.json["key"], NOW) is None
    access.connection.close()


def test_a_key_expires_when_it_was_said_to(run: Run, own: Installation):
    made = run("keys", "create", "--merchant", SHOP, "--days", "90", "--json", at=own).json
    access = Access(own.home)
    assert access.caller(made["key"], made["expires_at"] - 1) is not None
    assert access.caller(made["key"], made["expires_at"]) is None
    assert (access.any_live(made["expires_at"] - 1), access.any_live(made["expires_at"])) == (True, False)
    access.connection.close()


def test_keys_of_an_older_version_go_on_and_never_expire(own: Installation):
    access = Access(own.home)
    _, secret = access.create(SHOP, ("score",), 1)
    access.connection.execute("ALTER TABLE keys DROP COLUMN expires_at")
    access.connection.close()
    access = Access(own.home)
    assert access.caller(secret, 2**60) is not None
    access.connection.close()


def test_the_report_is_written_where_wanted_also_into_a_new_folder(run: Run, own: Installation, tmp_path: Path):
    out = tmp_path / "new" / "report.html"
    ran = run("report", "--merchant", SHOP, "--out", out, "--json", at=own)
    assert ran.code == Exit.DONE, ran.err
    assert ran.json["bytes"] == out.stat().st_size
    assert out.read_text().startswith("<!doctype html>")


REFUSALS: dict[str, tuple[tuple[str, ...], Exit, tuple[str, ...]]] = {
    "a file that is not there": (
        ("import", "nowhere.csv", "--mapping", "native", "--pool", "p"), Exit.DATA,
        ("nowhere.csv", "no such file", "expected"),
    ),
    "a mapping that is not there": (
        ("import", "nowhere.csv", "--mapping", "nobodys", "--pool", "p"), Exit.PLAN, ("nobodys", "expected"),
    ),
    "no mapping": (("import", "nowhere.csv"), Exit.USAGE, ("--mapping",)),
    "no such command": (("improt",), Exit.USAGE, ("improt",)),
    "no such option": (("train", "--fast"), Exit.USAGE, ("--fast",)),
    "no pool yet": (("train",), Exit.USAGE, ("CLI001", "rto import")),
    "a pool's name that is a path": (("train", "--pool", "../x"), Exit.USAGE, ("CLI002", "expected")),
    "nothing to serve": (("serve",), Exit.USAGE, ("CLI001", "rto import")),
    "a port that is none": (("serve", "--port", "70000"), Exit.USAGE, ("70000",)),
    "a time that is none": (
        ("import", "x.csv", "--mapping", "native", "--exported-at", "noon"), Exit.USAGE, ("CLI003", "ISO 8601"),
    ),
    "no such feature": (("features", "explain", "luck", "--order", "o"), Exit.USAGE, ("FEAT001", "rto features list")),
    "nobody's report": (("report", "--merchant", "nobody", "--out", "r.html"), Exit.USAGE, ("CLI004", "nobody")),
    "nobody's key": (("keys", "create", "--merchant", "nobody"), Exit.USAGE, ("CLI004", "nobody")),
    "no such key": (("keys", "revoke", "key_0"), Exit.USAGE, ("KEY001", "key_0")),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_says_what_to_do_and_exits_by_its_kind(
    run: Run, words: tuple[str, ...], code: Exit, said: tuple[str, ...]
):
    ran = run(*words)
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    for part in said:
        assert part in ran.err


def test_a_key_for_something_else_is_refused(run: Run, installation: Installation):
    ran = run("keys", "create", "--merchant", SHOP, "--scope", "everything", at=installation)
    assert (ran.code, "KEY002" in ran.err) == (Exit.USAGE, True)


def test_a_bad_row_is_refused_with_its_place_and_nothing_is_kept(run: Run, tmp_path: Path):
    orders = tmp_path / "orders.csv"
    orders.write_text("order_id,merchant_id,placed_at,amount_minor\no1,m,2025-01-01T00:00:00Z,100\no2,m,noon,100\n")
    ran = run("import", orders, "--mapping", "native", "--pool", "p")
    assert ran.code == Exit.DATA
    assert "orders.csv row 3, placed_at" in ran.err
    assert not list((tmp_path / "home").rglob("*.parquet"))


def test_a_state_that_differs_from_the_history_fails_its_check(run: Run, own: Installation):
    with own.database(read_only=False) as connection:
        connection.execute("DELETE FROM state WHERE kind = 'all'")
    ran = run("state", "verify", at=own)
    assert (ran.code, "STATE002" in ran.err) == (Exit.CHECK_FAILED, True)
    assert run("state", "rebuild", at=own).code == Exit.DONE
    assert run("state", "verify", at=own).code == Exit.DONE


def test_a_model_signed_by_another_installation_is_not_published(run: Run, own: Installation):
    (own.home / "keys" / "signing.key").unlink()
    own.pool.champion.write_text("")
    ran = run("promote", at=own)
    assert (ran.code, ran.err.split()[0]) == (Exit.GATE_REFUSED, "MODEL001")
    assert own.pool.champion.read_text() == ""


def test_a_port_in_the_environment_that_is_none_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RTO_PORT", "web")
    ran = run("runs")
    assert (ran.code, "ENV001" in ran.err) == (Exit.USAGE, True)


def test_a_limit_in_the_environment_that_is_none_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RTO_PER_SECOND", "-1")
    ran = run("runs")
    assert (ran.code, "ENV002" in ran.err) == (Exit.USAGE, True)


def test_help_loads_neither_a_tracker_nor_a_compiler():
    look = "import sys; from serving.cli import rto; rto.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=Path.cwd())
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"mlflow", "numba", "xgboost", "pandas", "great_expectations", "bentoml", "sklearn"})


def test_ctrl_c_while_the_modules_are_loading_is_a_sentence_too():
    stopping = """
import sys
class Finder:
    def find_spec(self, name, *rest):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from serving.cli import main
"""
    done = subprocess.run([sys.executable, "-c", stopping], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert (done.returncode, done.stderr) == (130, "stopped; nothing half-done was kept\n")


@pytest.mark.parametrize("later_s", [0.0, 0.7])
def test_ctrl_c_during_an_import_keeps_nothing_half_written(installation: Installation, tmp_path: Path, later_s: float):
    home, files = tmp_path / "home", [installation.market / f"{n}.parquet" for n in ("orders", "news")]
    words = command("import", *map(str, files), "--mapping", "native", "--pool", "p", "--json")
    where = {"env": environment(home, home / "mlruns"), "cwd": tmp_path, "text": True}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **where) as process:
        wait_for((home / "pools" / "p" / "store.sqlite").exists, 120)
        time.sleep(later_s)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "nothing half-done was kept" in err
    assert "Traceback" not in err
    segments = home / "pools" / "p" / "segments"
    assert not segments.exists() or not list(segments.iterdir())
    if not later_s:
        return
    again = subprocess.run(words, capture_output=True, check=False, **where)
    assert (again.returncode, orjson.loads(again.stdout)["n_orders"]) == (Exit.DONE, 4_000)


def running_in(home: Path) -> list[int]:
    """Processes whose environment names this home."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"RTO_HOME={home}".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_a_service_that_does_not_end_when_asked_is_ended_with_its_worker(own: Installation):
    log = own.home / "service.log"
    service = start_service(own.session, free_port(), log)
    wait_for(lambda: "rto_risk initialized" in log.read_text(), 180)
    assert len(running_in(own.home)) > 1
    stop_service(service, patience_s=0)
    wait_for(lambda: running_in(own.home) == [])


def test_the_demo_does_the_main_job_and_leaves_nothing_running(tmp_path: Path):
    home = tmp_path / "home"
    words = command("demo", "--orders", "3000")
    where = {"env": environment(home, home / "mlruns"), "cwd": tmp_path, "text": True}
    done = subprocess.run(words, capture_output=True, check=False, timeout=600, **where)
    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    steps = [line.split("#")[0].split()[1:3] for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert [s for s in steps if s[0] == "rto"] == [
        ["rto", name] for name in ("simulate", "import", "train", "promote", "serve", "report")
    ]
    assert done.stdout.count("risk of coming back") == 3
    assert (home / "demo" / "report.html").stat().st_size > 10_000
    before, after = learned(done.stdout)
    assert after > before
    assert running_in(home / "demo") == []


def learned(out: str) -> tuple[float, float]:
    """The risk before and after the outcome, in percent."""
    [line] = [one for one in out.splitlines() if one.startswith("risk of the same order")]
    before, after = (float(word.rstrip("%,")) for word in line.split() if "%" in word)
    return before, after
