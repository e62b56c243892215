"""`rto policy`, `rto rules`, `rto lists`: from a draft to what is live and back, and nothing live that was not tried."""

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.contract import DAY
from serving.decisions.lists import NEVER_ENDS
from serving.policies.list_store import ListStore
from serving.policies.policy_store import PolicyStore
from tests.cli.conftest import Run
from tests.helpers.installation import SHOP, Installation

FOR = ("--merchant", SHOP)
POLICY = """
[economics]
forward_minor = 8200
[caps]
never_refuse_after = 3
[caps.partial_prepaid]
share = 0.1
[[lists]]
name = "vip"
effect = "allow"
[[rules]]
id = "dear"
when = "value >= 1500 and p_rto > 0.2"
then = "confirm_call"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def vip(own: Installation, tmp_path: Path, run: Run) -> Path:
    """A list of some buyers of SHOP, imported."""
    rows = pq.read_table(own.market / "orders.parquet", columns=["merchant_id", "phone"]).to_pylist()
    phones = list(dict.fromkeys(row["phone"] for row in rows if row["merchant_id"] == SHOP))[-20:]
    path = tmp_path / "vip.csv"
    path.write_text("phone,label\n" + "".join(f"{phone},friend {i}\n" for i, phone in enumerate(phones)))
    assert run("lists", "import", path, "--name", "vip", "--kind", "phone", *FOR, at=own).code == 0
    return path


def live(own: Installation) -> int | None:
    return PolicyStore(own.pool).live().get(SHOP)


def test_from_a_draft_to_live_and_back(own: Installation, run: Run, policy: Path, vip: Path):
    def rto(*arguments: str | Path):
        return run(*arguments, *FOR, "--json", at=own)

    refused = rto("policy", "publish", policy)
    assert (refused.code, live(own)) == (14, None)
    assert "GATE002" in refused.err
    assert "rto policy simulate" in refused.err

    told = rto("policy", "simulate", policy).json
    assert live(own) is None, "nothing goes live by being tried"
    n = told["cash_orders"]
    assert n["orders"] == n["delivered"] + n["rto"] + n["unknown"] > 100
    assert told["touched"]["orders"] == sum(change["orders"] for change in told["changes"]) > 0
    assert sum(one["new"] for one in told["actions"]) == n["orders"] == sum(told["decided_by"].values())
    money = told["money"]["against_live"]
    assert money["low_minor"] < money["difference_minor"] < money["high_minor"]
    assert told["decided_by"]["allow_list"] > 0
    [share] = [one for one in told["caps"] if one["cap"] == "partial_prepaid.share"]
    assert share["price_minor"] > 0
    assert 0.05 < share["used"] <= 0.1
    assert all(one["action"] != one["live_action"] for one in told["examples"])

    published = rto("policy", "publish", policy, "--note", "new courier prices").json
    assert (published["policy"], live(own)) == (f"{SHOP}@1", 1)
    again = rto("policy", "simulate", policy).json
    assert again["touched"]["orders"] == again["money"]["against_live"]["difference_minor"] == 0, (
        "it is live: nothing changes"
    )
    assert again["policy"] == {"live": f"{SHOP}@1", "new": "draft"}

    policy.write_text(POLICY.replace("8200", "8300"))
    assert "GATE002" in rto("policy", "publish", policy).err, "another policy, and that one was not tried"
    rto("policy", "simulate", policy)
    assert "5% of checkouts, drawn at random, are shipped as they come" in rto("policy", "publish", policy).err
    changed = rto("policy", "diff", f"{SHOP}@1", "live").json
    assert changed == [{"what": "economics.forward_minor", "was": 8200, "now": 8300}]
    assert {"what": "economics.forward_minor", "was": 7500, "now": 8300} in rto(
        "policy", "diff", "shipped", "live"
    ).json
    assert [(v["version"], v["live"], v["note"]) for v in rto("policy", "show").json["versions"]] == [
        (1, False, "new courier prices"),
        (2, True, ""),
    ]
    assert rto("policy", "show", "--version", "1").json["text"] == POLICY
    for wanted in (1, None):
        assert rto("policy", "undo").code == 0
        assert live(own) == wanted
    nothing = rto("policy", "undo")
    assert (nothing.code, "POLICY006" in nothing.err) == (2, True)
    assert "POLICY004" in rto("policy", "show", "--version", "9").err
    assert "POLICY007" in rto("policy", "simulate", policy.with_name("none.toml")).err


def test_a_trial_with_another_model_does_not_count(own: Installation, run: Run, tmp_path: Path):
    policy = tmp_path / "plain.toml"
    policy.write_text("[economics]\nforward_minor = 8200\n")
    run("policy", "simulate", policy, *FOR, at=own)
    [trial] = PolicyStore(own.pool).of(SHOP).glob("tried/*.json")
    trial.write_text(trial.read_text().replace('"bundle": "sha256:', '"bundle": "sha256:0'))
    refused = run("policy", "publish", policy, *FOR, at=own)
    assert refused.code == 14
    assert "risks of another model" in refused.err
    assert live(own) is None


def test_a_version_that_was_altered_is_not_read(own: Installation, run: Run, tmp_path: Path):
    policy = tmp_path / "plain.toml"
    policy.write_text("[economics]\nforward_minor = 8200\n")
    for verb in ("simulate", "publish"):
        assert run("policy", verb, policy, *FOR, at=own).code == 0
    path = PolicyStore(own.pool).of(SHOP) / "000001.json"
    path.write_text(path.read_text().replace("8200", "8201"))
    refused = run("policy", "show", "--version", "1", *FOR, at=own)
    assert (refused.code, "POLICY005" in refused.err) == (11, True)


def test_rules_are_checked_and_tried(own: Installation, run: Run, policy: Path, vip: Path):
    good = run("rules", "check", policy, *FOR, "--json", at=own)
    assert (good.code, good.json["findings"]) == (0, [])
    policy.write_text(POLICY + '[[rules]]\nid = "late"\nwhen = "value > 2000 and p_rto > 0.5"\nthen = "prepaid_only"\n')
    bad = run("rules", "check", policy, *FOR, at=own)
    assert bad.code == 13
    assert "RULE006 policy.toml, rule 'late': got shadowed: every order it matches is taken by rule 'dear'" in bad.err
    told = run("rules", "backtest", policy, *FOR, "--json", at=own).json
    dear, late = told["rules"]
    assert (late["matched"] > 0, late["decided"]["orders"]) == (True, 0)
    assert dear["matched"] >= dear["decided"]["orders"] > 0
    [one] = told["lists"]
    assert (one["rows"], one["decided"]["orders"]) == (20, one["matched"])
    assert {e["decided_by"] for e in one["examples"]} == {"allow_list"}
    assert {e["because"]["text"] for e in one["examples"]} <= {f"friend {i}" for i in range(20)}


def test_who_is_on_two_lists_is_told(own: Installation, run: Run, policy: Path, vip: Path):
    run("lists", "import", vip, "--name", "bad", "--kind", "phone", *FOR, at=own)
    policy.write_text(POLICY + '[[lists]]\nname = "bad"\neffect = "block"\n')
    found = run("rules", "check", policy, *FOR, "--json", at=own)
    assert found.code == 0
    assert [(one["kind"], one["said"]) for one in found.json["findings"]] == [
        ("contradicting", "20 rows are on both; the block list 'bad' decides")
    ]


def test_an_allow_list_says_no_action(own: Installation, run: Run, policy: Path, vip: Path):
    policy.write_text(POLICY.replace('effect = "allow"', 'effect = "allow"\nthen = "confirm_call"'))
    refused = run("rules", "check", policy, *FOR, at=own)
    assert (refused.code, "LIST005 policy.toml, list 'vip'" in refused.err) == (10, True)


def test_what_a_list_cannot_hold_is_refused_or_counted(own: Installation, run: Run, tmp_path: Path):
    path = tmp_path / "bad.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([
            ("Phone", "label", "until"), ("+91 90000 90001", "reseller 7", "2026-12-31"), ("98765O3210", "", ""), ("9000090002", "call 98765 43210", ""),
            ("9000090003", "", "soon"), ("", "nobody", ""), ("9000090001", "the same again", ""), ("9000090004", "", "", "more"),
        ])  # fmt: skip

    def imported(*more: str):
        return run("lists", "import", path, "--name", "resellers", "--kind", "phone", *FOR, "--json", *more, at=own)

    refused = imported()
    assert refused.code == 11
    assert "LIST001 bad.csv row 3, phone: got 10 characters, 1 letter" in refused.err
    assert "98765" not in refused.err
    told = imported("--skip-bad-rows").json
    assert (told["rows"], told["repeated"], told["refused"], told["refused_rows"]) == (1, 1, 5, [3, 4, 5, 6, 8])
    store = ListStore(own.pool, SHOP)
    rows = store.rows("resellers", store.current("resellers"))
    assert rows.label(0) == "the same again", "of two rows the later counts"
    assert rows.until.tolist() == [NEVER_ENDS]
    assert run("lists", "show", "--name", "resellers", *FOR, "--json", at=own).json["labels"] == ["the same again"]
    (store.folder / "resellers" / "current").parent.joinpath(
        store.current("resellers").removeprefix("sha256:")[:32], "keys.npy"
    ).write_bytes(b"")
    assert "LIST004" in run("lists", "show", "--name", "resellers", *FOR, at=own).err
    assert "LIST003" in run("lists", "show", "--name", "none", *FOR, at=own).err
    assert "LIST002" in run("lists", "import", path, "--name", "Bad Name", "--kind", "phone", *FOR, at=own).err
    assert "LIST002" in run("lists", "import", path, "--name", "pins", "--kind", "pincode", *FOR, at=own).err


def test_things_and_addresses_are_listed_too(own: Installation, run: Run, tmp_path: Path):
    for kind, text, n in (
        ("pincode", "value,label\n800001,Patna\n80000,\n8 00 002,\n", 2),
        ("sku", "sku\nSHOE-9\nshoe-9 \nLAMP\n", 2),
        ("address", "line1,pincode\n12 MG Road,800001\n,\n", 1),
        ("email", "email\nA@Example.in\nnobody\n", 1),
    ):
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        told = run(
            "lists", "import", path, "--name", kind, "--kind", kind, "--skip-bad-rows", *FOR, "--json", at=own
        ).json
        assert told["rows"] == n, kind
    assert [one["name"] for one in run("lists", "show", *FOR, "--json", at=own).json] == [
        "address",
        "email",
        "pincode",
        "sku",
    ]
    store = ListStore(own.pool, SHOP)
    assert bytes("SHOE-9", "utf8") not in b"".join(p.read_bytes() for p in store.folder.rglob("*.npy"))


def test_every_sum_is_explained(own: Installation, run: Run, tmp_path: Path):
    told = run("policy", "explain", "--value", "745", "--risk", "0.41", *FOR, "--json", at=own).json
    actions = told["order"]["actions"]
    assert [one["action"] for one in actions][:2] == ["confirm_call", "confirm_message"]
    assert actions[0]["expected_value_minor"] == 91_27
    for one in actions:
        assert sum(line["minor"] for line in one["lines"]) == one["expected_value_minor"]
        assert one["low_minor"] <= one["expected_value_minor"] <= one["high_minor"]
    assert told["break_even"][0]["from"]["confirm_call"] == 0.24
    assert {one["item"]: one["source"] for one in told["economics"]}["forward_minor"].startswith("seen 60-120")
    orders = pq.read_table(
        own.market / "orders.parquet", columns=["merchant_id", "order_id", "payment_method"]
    ).to_pylist()
    order_id = next(
        o["order_id"] for o in reversed(orders) if o["merchant_id"] == SHOP and o["payment_method"] == "cod"
    )
    kept = run("policy", "explain", "--order", order_id, *FOR, "--json", at=own).json
    wanted = {one["action"]: one["expected_value_minor"] for one in kept["answer"]["actions"]}
    assert {one["action"]: one["expected_value_minor"] for one in kept["order"]["actions"]} == wanted
    text = run("policy", "explain", "--order", order_id, *FOR, at=own).out
    assert "advice now:" in text
    assert "where the default comes from" in text
    assert "CLI003" in run("policy", "explain", "--value", "745", *FOR, at=own).err
    assert "POLICY009" in run("policy", "explain", "--order", "none", *FOR, at=own).err
    merchants = own.pool.merchants_file
    merchants.write_text(merchants.read_text().replace('"INR"', '"IDR"'))
    assert "POLICY008" in run("policy", "explain", *FOR, at=own).err
    assert "# margin_share =" in run("policy", "draft", *FOR, at=own).out


def test_a_million_rows_are_looked_up_at_once():
    from serving.decisions.lists import Rows

    keys = np.arange(0, 2_000_000, 2)
    rows = Rows(keys, np.full(len(keys), 5 * DAY), np.zeros(len(keys), dtype=np.int64), b"")
    assert rows.find(np.array([10, 11, -1, 1_999_998, 2_000_000]), np.array([0] * 5)).tolist() == [
        5,
        -1,
        -1,
        999_999,
        -1,
    ]
    assert rows.find(np.array([10]), np.array([5 * DAY])).tolist() == [-1]
