"""`rto import --draft` and `--dry-run`: what they say, and that they leave nothing behind."""

from pathlib import Path

import pytest

from data.errors import Exit
from data.mapping import load_mapping
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
