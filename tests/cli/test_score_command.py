"""Does `rto score` write where it is asked to, say what it did, and refuse what it cannot do?"""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.installation import NOW, Installation, rfc3339

AT = rfc3339(NOW)


@pytest.fixture
def file(installation: Installation, tmp_path: Path) -> Path:
    path = tmp_path / "orders.parquet"
    pq.write_table(installation.orders().slice(0, 60), path)
    return path


def test_without_a_place_to_write_the_csv_goes_to_stdout_and_nothing_else(
    run: Run, installation: Installation, file: Path
):
    ran = run("score", file, "--mapping", "native", "--at", AT, "--explain", "2", at=installation)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert (ran.code, len(rows) > 40) == (Exit.DONE, True)
    checkout, told = ran.err.splitlines()
    assert "for orders placed already: --stage placed" in checkout
    assert told == f"{len(rows)} orders scored as of 2025-10-10T00:00:00.000Z, stage checkout"
    assert {row["scored_at"] for row in rows} == {"2025-10-10T00:00:00.000Z"}
    assert all(row["reasons"].count("; ") <= 1 for row in rows)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_written_and_summed_up(run: Run, installation: Installation, file: Path, tmp_path: Path, ending: str):
    out = tmp_path / "new" / f"scored.{ending}"
    ran = run("score", file, "--mapping", "native", "--at", AT, "--out", out, "--json", at=installation)
    assert ran.code == Exit.DONE, ran.err
    assert ran.json["orders"] == sum(ran.json["actions"].values())
    assert ran.json["warnings"] == []
    assert (ran.json["out"], ran.json["stage"], ran.json["rows"]) == (str(out), "checkout", 60)
    assert out.stat().st_size > 1_000
    told = run("score", file, "--mapping", "native", "--at", AT, "--out", out, at=installation)
    assert ["scored_at", "2025-10-10T00:00:00.000Z"] in [line.split() for line in told.out.splitlines()]


def test_json_holds_every_order_and_the_stage_is_taken_into_account(run: Run, installation: Installation, file: Path):
    ran = run("score", file, "--mapping", "native", "--at", AT, "--stage", "dispatch", "--json", at=installation)
    assert ran.code == Exit.DONE, ran.err
    assert len(ran.json["scored"]) == ran.json["orders"]
    assert set(ran.json["actions"]) <= {"allow_cod", "confirm_message", "confirm_call"}
    assert all(row["prepaid_only_minor"] is None for row in ran.json["scored"])


def test_without_a_moment_it_is_now(run: Run, installation: Installation, file: Path):
    ran = run("score", file, "--mapping", "native", "--explain", "0", "--json", at=installation)
    assert ran.json["scored_at"] > "2025-11"
    [warning] = ran.json["warnings"]
    assert (warning["code"], ran.json["known_through"][:10]) == ("old_news", "2025-10-08")
    assert "nothing is known after 2025-10-08" in run("score", file, "--mapping", "native", at=installation).err
    assert all(row["reasons"] == [] for row in ran.json["scored"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--at", "noon"), Exit.USAGE, "CLI003"),
        (("--at", "2019-01-01"), Exit.DATA, "SCORE002"),
        (("--out", "scored.xlsx"), Exit.USAGE, "SCORE003"),
        (("--stage", "later"), Exit.USAGE, "later"),
        (("--pool", "nobodys"), Exit.USAGE, "SCORE001"),
    ],
)
def test_what_it_cannot_do_is_refused(
    run: Run, installation: Installation, file: Path, words: tuple[str, ...], code: Exit, said: str
):
    ran = run("score", file, "--mapping", "native", *words, at=installation)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_after_a_further_import_the_state_is_brought_up_to_date_first(run: Run, own: Installation, file: Path):
    with own.database(read_only=False) as connection:
        connection.execute("UPDATE meta SET value = 'another' WHERE name = 'built_from'")
    ran = run("score", file, "--mapping", "native", "--at", AT, "--json", at=own)
    assert (ran.code, "building the online state" in ran.err) == (Exit.DONE, True), ran.err
