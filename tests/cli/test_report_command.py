"""`rto report`: the page, one table, all tables; and what it refuses."""

from pathlib import Path

import openpyxl
import orjson
import pytest

from data.errors import Exit
from tests.cli.conftest import Run
from tests.helpers.installation import SHOP, Installation


def test_all_tables_go_into_a_folder_and_a_workbook(run: Run, own: Installation, tmp_path: Path):
    folder, book = tmp_path / "tables", tmp_path / "new" / "report.xlsx"
    ran = run("report", "--merchant", SHOP, "--out", book, "--tables", folder, "--from", "all", "--json", at=own)
    assert ran.code == Exit.DONE
    written = orjson.loads(ran.out)["written"]
    names = sorted(p.stem for p in folder.iterdir())
    assert len(written) == len(names) + 1
    assert sorted(openpyxl.load_workbook(book).sheetnames) == names
    assert (folder / "pincode.csv").read_bytes().startswith(b"\xef\xbb\xbfpincode,known_outcome,came_back,rto_share")


def test_one_table_is_written_as_csv(run: Run, own: Installation, tmp_path: Path):
    out = tmp_path / "weeks.csv"
    assert run("report", "--merchant", SHOP, "--out", out, "--table", "weeks", at=own).code == Exit.DONE
    assert out.read_text("utf-8-sig").startswith("week_of,final,orders")


def test_the_page_says_its_period(run: Run, own: Installation, tmp_path: Path):
    out = tmp_path / "report.html"
    days = ("--from", "2025-08-01", "--to", "2025-08-31")
    assert run("report", "--merchant", SHOP, "--out", out, *days, at=own).code == Exit.DONE
    assert "period: 1 Aug 2025 to 31 Aug 2025" in out.read_text("utf-8")
    assert "href=" not in out.read_text("utf-8")  # a page on disk leads nowhere


REFUSED = {
    "nothing to write": ((), "REPORT001"),
    "a form it has not": (("--out", "r.pdf"), "REPORT001"),
    "a day that is none": (("--out", "r.html", "--from", "1 May"), "REPORT002"),
    "days the wrong way round": (("--out", "r.html", "--from", "2025-02-01", "--to", "2025-01-01"), "REPORT002"),
    "a table it has not": (("--out", "r.csv", "--table", "phones"), "REPORT003"),
}


@pytest.mark.parametrize(("words", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_meant_is_refused_and_nothing_written(
    run: Run, own: Installation, tmp_path: Path, words: tuple[str, ...], code: str
):
    there = tuple(str(tmp_path / word) if word.startswith("r.") else word for word in words)
    ran = run("report", "--merchant", SHOP, *there, at=own)
    assert ran.code == Exit.USAGE
    assert code in ran.err
    assert not list(tmp_path.glob("r.*"))
