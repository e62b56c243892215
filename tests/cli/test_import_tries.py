"""`rto import --draft` and `--dry-run`: what they say, and that they leave nothing behind."""

from pathlib import Path

import pytest

from data.errors import Exit
from data.files.mapping import load_mapping
from tests.cli.conftest import Run
from tests.helpers.exports import EXPORTS, fates


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("name", ["courier_panel", "spanish_shop"])
def test_a_stranger_drafts_tries_and_imports(run: Run, tmp_path: Path, name: str):
    files, mapping = EXPORTS[name](tmp_path), tmp_path / "shop.toml"
    assert run("import", "--draft", *files, "--out", mapping).code == Exit.DONE
    assert load_mapping(str(mapping)).orders
    before = everything(tmp_path)
    tried = run("import", *files, "--mapping", mapping, "--dry-run", "--json")
    assert tried.code == Exit.DONE, tried.err
    assert (tried.json["fates"], tried.json["n_orders"], tried.json["suspicions"]) == (fates(), 160, [])
    assert everything(tmp_path) == before
    ran = run("import", *files, "--mapping", mapping, "--json")
    assert (ran.code, ran.json["n_orders"]) == (Exit.DONE, 160), ran.err


def test_a_draft_goes_to_stdout_and_is_a_mapping(run: Run, tmp_path: Path):
    ran = run("import", "--draft", *EXPORTS["arabic_shop"](tmp_path))
    assert ran.code == Exit.DONE, ran.err
    (tmp_path / "m.toml").write_text(ran.out, encoding="utf-8")
    assert load_mapping(str(tmp_path / "m.toml")).file.encoding == "cp1256"
    assert "# ? " in ran.out


def test_a_mapping_finished_by_hand_is_not_overwritten(run: Run, tmp_path: Path):
    files = EXPORTS["courier_panel"](tmp_path)
    (tmp_path / "m.toml").write_text("mine")
    ran = run("import", "--draft", *files, "--out", tmp_path / "m.toml")
    assert (ran.code, "CLI008" in ran.err, (tmp_path / "m.toml").read_text()) == (Exit.USAGE, True, "mine")


def test_a_person_says_what_a_column_is(run: Run, tmp_path: Path):
    rows = "".join(f"{i},K{i},2025-03-{1 + i:02d},Delivered\n" for i in range(20))
    (tmp_path / "a.csv").write_text("Order ID,Our Ref,Date,Status\n" + rows)
    ran = run("import", "--draft", tmp_path / "a.csv", "--column", "order_id=Our Ref")
    assert ran.code == Exit.DONE, ran.err
    assert 'order_id = { column = "Our Ref" }' in ran.out
    for words in (("--column", "order_id"), ("--column", "order_id=Nowhere"), ("--column", "=x")):
        ran = run("import", "--draft", tmp_path / "a.csv", *words)
        assert (ran.code, "CLI008" in ran.err, ran.out) == (Exit.USAGE, True, "")


def test_a_dry_run_shows_orders_weeks_refusals_and_suspicions_but_nobody(run: Run, tmp_path: Path):
    rows = "".join(
        f"o{i},m1,2025-01-{1 + i % 28:02d}T10:00Z,{'' if i % 3 == 0 else 100 + i},98765{i:05d},Asha Devi,Gandhi Road {i}\n"
        for i in range(300)
    )
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,merchant_id,placed_at,amount_minor,phone,name,line1\n" + rows + "o999,m1,noon,1,9876543210,Asha,x\n"
    )
    news = tmp_path / "news.csv"
    kinds = ("cancelled", "rto_started", "delivered")
    news.write_text("event_id,order_id,merchant_id,type,happened_at,known_at,reason\n" + "".join(
        f"e{i},o{i},m1,{kinds[i % 3]},2025-02-10T10:00Z,2025-02-10T10:00Z,{'refused' if i % 3 == 1 else ''}\n" for i in range(300)
    ))  # fmt: skip
    before = everything(tmp_path)
    ran = run("import", orders, news, "--mapping", "native", "--dry-run")
    assert ran.code == Exit.DONE, ran.err
    for said in ("nothing was kept", "rto_started (refused)", "RTO share", "someone 1", "DQ004 orders.csv row 302",
                 "suspicious: empty_for_one_outcome", "amount_minor", "99 % of fates"):  # fmt: skip
        assert said in ran.out
    for personal in ("Asha", "Gandhi", "98765"):
        assert personal not in ran.out
    assert everything(tmp_path) == before
    told = run("import", orders, news, "--mapping", "native", "--dry-run", "--json").json
    assert (told["rto_share"], told["maturity"]["days"], told["refused"]) == (0.5, 40.0, {"DQ004": 1})
    assert sum(w["n_orders"] for w in told["weeks"]) == 300
    assert [s["name"] for s in told["suspicions"]] == ["empty_for_one_outcome"]


@pytest.mark.parametrize(
    "words",
    [("x.csv",), ("--draft", "x.csv", "--mapping", "native"), ("x.csv", "--mapping", "native", "--out", "m.toml"),
     ("--draft", "x.csv", "--dry-run"), ("x.csv", "--mapping", "native", "--column", "order_id=A")],
    ids=" ".join,
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(run: Run, words: tuple[str, ...]):
    ran = run("import", *words)
    assert (ran.code, "CLI008" in ran.err, ran.out) == (Exit.USAGE, True, "")


STATUS_RULES = """
name = "shop"
merchant_id = "m1"
exported_at = "2025-06-30"
[orders]
order_id = { column = "no" }
placed_at = { column = "at", formats = ["%FORMAT%"] }
[[rules]]
when = { status = "done" }
news = [{ type = "delivered", after_days = 3 }]
[[rules]]
when = { status = "back" }
news = [{ type = "rto_started", after_days = 9 }]
"""


def of_statuses(folder: Path, layout: str, statuses: list[str]) -> tuple[Path, Path]:
    """An export of 200 orders over 100 days, and its mapping."""
    file, mapping = folder / "o.csv", folder / "m.toml"
    rows = [f"{i},{1 + i % 28:02d}/{1 + i // 40:02d}/2025,{statuses[i % len(statuses)]}\n" for i in range(200)]
    file.write_text("no,at,status\n" + "".join(rows))
    mapping.write_text(STATUS_RULES.replace("%FORMAT%", layout))
    return file, mapping


def test_a_dry_run_says_first_what_looks_wrong_and_sums_up_what_is_refused(run: Run, tmp_path: Path):
    file, mapping = of_statuses(tmp_path, "%d/%m/%Y", ["done", "RTS", "back"])
    ran = run("import", file, "--mapping", mapping, "--dry-run")
    assert ran.code == Exit.DONE, ran.err
    assert ran.out.startswith("LOOKS WRONG  many_refused: DQ007 status refuses 67 of 200 rows: 'RTS' 67\n")
    assert "statuses that the mapping does not know: 'RTS' 67" in ran.out
    told = run("import", file, "--mapping", mapping, "--dry-run", "--json").json
    [kind] = told["refused_by_column"]
    assert (kind["code"], kind["column"], kind["n"], kind["row"], kind["got"]) == ("DQ007", "status", 67, 3, "'RTS'")
    assert told["unknown_statuses"] == {"RTS": 67}
    assert [line.split(":")[0] for line in told["looks_wrong"]] == [s["name"] for s in told["suspicions"]]


def test_day_and_month_exchanged_are_told_with_the_format_that_fits(run: Run, tmp_path: Path):
    file, mapping = of_statuses(tmp_path, "%m/%d/%Y", ["done", "back"])
    told = run("import", file, "--mapping", mapping, "--dry-run", "--json").json
    assert [s["name"] for s in told["suspicions"]] == ["day_and_month_swapped", "many_refused", "placed_after_export"]
    assert told["suspicions"][0]["to_do"] == "say formats = ['%d/%m/%Y'] in the mapping"
    ran = run("import", file, "--mapping", mapping)
    assert (ran.code, "LOOKS WRONG day_and_month_swapped" in ran.err) == (Exit.DATA, True)


def test_where_nothing_is_left_the_refusals_themselves_are_shown(run: Run, tmp_path: Path):
    file, mapping = of_statuses(tmp_path, "%Y-%m-%d", ["done", "back"])
    ran = run("import", file, "--mapping", mapping, "--dry-run")
    assert (ran.code, "see the faults" in ran.err) == (Exit.DATA, False)
    assert (
        "DQ004 placed_at: 200 cells, the first in o.csv row 2: got '01/01/2025', expected a time as %Y-%m-%d" in ran.err
    )


def test_an_import_says_where_its_pages_are_and_what_news_was_new(run: Run, tmp_path: Path):
    file, mapping = of_statuses(tmp_path, "%d/%m/%Y", ["done", "back", "RTS", "done", "done", "done"])
    told = run("import", file, "--mapping", mapping, "--skip-bad-rows", "--json").json
    assert Path(told["checks_page"]).is_file()
    assert "DQ007" in Path(told["quarantine"]).read_text()
    assert told["refused_by_column"] == {"DQ007 status": 33}
    assert (told["news_told_before"], told["news_by_type"]["placed"]) == (0, 167)
    again = run("import", file, "--mapping", mapping, "--skip-bad-rows", "--json").json
    assert (again["n_news"], again["news_told_before"], "checks_page" in again) == (0, told["n_news"], False)
    shown = run("import", file, "--mapping", mapping, "--skip-bad-rows")
    assert "news told before" in shown.out


def test_a_dry_run_says_which_checks_would_refuse_the_import_and_shows_money_as_money(run: Run, tmp_path: Path):
    file, mapping = of_statuses(tmp_path, "%d/%m/%Y", ["done", "back"])
    text = (
        mapping.read_text()
        .replace("2025-06-30", "2025-05-03")
        .replace("[orders]", 'currency = "INR"\n[orders]\namount_minor = { constant = "149900" }')
    )
    mapping.write_text(text)
    tried = run("import", file, "--mapping", mapping, "--dry-run")
    assert "LOOKS WRONG  an import would be refused: DQ103 placed_at lies between 2000 and the export" in tried.out
    assert "amount INR 1,499.00" in tried.out
    assert run("import", file, "--mapping", mapping).code == Exit.CHECK_FAILED
