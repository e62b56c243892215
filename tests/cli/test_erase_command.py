"""`rto erase` and `rto retention`: what they print, what they refuse, and how they end."""

from pathlib import Path

import pytest

from data.errors import DataError, Exit
from serving.keeping.kept_decisions import Span, each
from serving.keeping.replaying import replayed
from tests.cli.conftest import Run
from tests.helpers.installation import SHOP, Installation, an_order, ask, place, served

PHONE, EMAIL = "+919000090055", "canary.person@example.in"
THEIRS = {"customer": {"phone": PHONE, "email": EMAIL}}


@pytest.fixture
def named(own: Installation, tmp_path: Path) -> Path:
    with served(own) as client:
        place(client, an_order(order_id="p-1", **THEIRS))
        client.post("/v1/score", json=ask(an_order(**THEIRS)))
    file = tmp_path / "forget.txt"
    file.write_text(f"{PHONE}\n\n{EMAIL}\n")
    return file


def test_a_person_is_erased_and_nothing_of_them_is_printed(run: Run, own: Installation, named: Path):
    dry = run("erase", "--file", named, "--dry-run", "--json", at=own)
    assert (dry.code, dry.json["orders"], dry.json["handles"]["phone"]) == (Exit.DONE, 1, 1)
    ran = run("erase", "--file", named, "--yes", "--json", at=own)
    assert (ran.code, ran.json["orders"], ran.json["decisions"]) == (Exit.DONE, 1, 1)
    assert not any(one in text for text in (dry.out, ran.out, ran.err) for one in (PHONE, PHONE[3:], EMAIL))
    again = run("erase", "--file", named, "--yes", at=own)
    assert (again.code, again.err.split()[0]) == (Exit.NOTHING_NEW, "ERASE001")
    with own.database() as connection:
        [kept] = each(connection, [Span(SHOP)])
    with pytest.raises(DataError, match="REPLAY004"):
        replayed(kept.read(), None, None)  # type: ignore[arg-type]
    day = run("replay", "--day", "2025-10-10", "--merchant", SHOP, "--json", at=own)
    assert (day.code, day.json["erased"], day.json["not_made"]) == (Exit.DONE, 1, [])
    seen = run("state", "verify", "--decisions", "--json", at=own)
    assert (seen.code, seen.json["out_of_reach"][0]["because"]) == (Exit.DONE, "their buyer was erased")


def test_what_names_nobody_is_refused_without_being_repeated(run: Run, own: Installation, tmp_path: Path):
    file = tmp_path / "forget.txt"
    file.write_text("9000090077\n98765O3210x\n")
    ran = run("erase", "--file", file, "--yes", at=own)
    assert (ran.code, ran.err.split()[0]) == (Exit.USAGE, "ERASE002")
    assert "line 2" in ran.err
    assert "98765O3210x" not in ran.err


def test_nothing_is_pruned_that_nobody_named_or_that_is_not_so_old(run: Run, own: Installation):
    unnamed = run("retention", "--yes", at=own)
    assert (unnamed.code, unnamed.err.split()[0]) == (Exit.USAGE, "CLI008")
    young = run("retention", "--orders-days", "20000", "--decisions-days", "30", "--yes", at=own)
    assert (young.code, young.err.split()[0]) == (Exit.NOTHING_NEW, "RETAIN001")
    would = run("retention", "--orders-days", "90", "--dry-run", "--json", at=own)
    assert would.json["orders"] > 0
    assert run("retention", "--orders-days", "10", "--yes", at=own).code == Exit.USAGE
