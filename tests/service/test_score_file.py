"""Does `rto score FILE` say of every order what the service says of it, to the last digit, and leave no trace?"""

import csv
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from data.contract import DAY
from data.errors import RtoError
from serving.scores.score_file import as_served, score_file
from serving.scores.score_rows import ACTIONS, Request
from serving.scores.score_table import Csv, Rows, sink_of
from tests.helpers.installation import (
    NOW,
    SHOP,
    Installation,
    SetClock,
    ask,
    request_of,
    rfc3339,
    served,
    silent,
)

HOW_MANY = 40


class StoppedClock(SetClock):
    """Every look at it is the same moment."""

    def now(self) -> int:
        return self.at


@pytest.fixture(scope="module")
def orders(installation: Installation) -> pa.Table:
    """Late orders of SHOP as told: half of them placed here already, half under ids nobody has seen, some prepaid."""
    lines = installation.orders()
    lines = lines.filter(pc.equal(lines["merchant_id"], SHOP))
    ids = list(dict.fromkeys(lines["order_id"].to_pylist()))[-HOW_MANY:]
    lines = lines.filter(pc.is_in(lines["order_id"], pa.array(ids)))
    seen = set(ids[::2])
    told = pa.array([i if i in seen else f"=new-{i}" for i in lines["order_id"].to_pylist()])
    return lines.set_column(lines.column_names.index("order_id"), "order_id", told)


def request(path: Path, **more: Any) -> Request:
    given = {"merchant": None, "at": NOW, "stage": "checkout", "explain": 5, "skip_bad_rows": False}
    return Request([path], "native", **(given | more))


def scored(made: Installation, path: Path, **more: Any) -> list[dict[str, Any]]:
    rows = Rows()
    score_file(made.pool, request(path, **more), rows, silent)
    return rows.rows


def over_http(client: httpx.Client, orders: pa.Table) -> list[dict[str, Any]]:
    ids = list(dict.fromkeys(orders["order_id"].to_pylist()))
    bodies = [
        without_nothing(request_of(orders.filter(pc.equal(orders["order_id"], i))) | {"order_id": i}) for i in ids
    ]
    answers = [client.post("/v1/score", json=ask(body)) for body in bodies]
    assert {a.status_code for a in answers} == {200}
    return [a.json() | {"order_id": i} for i, a in zip(ids, answers, strict=True)]


def as_row(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the service in the words of the file."""
    worth = {a["action"]: a["expected_value_minor"] for a in answer["actions"]}
    return {
        "order_id": answer["order_id"],
        "p_rto": answer["risk"]["p_rto"],
        "p_rto_if_prepaid": answer["risk"]["p_rto_if_prepaid"],
        "tier": answer["risk"]["tier"],
        "evidence": answer["risk"]["evidence"]["level"],
        "buyer_outcomes": answer["risk"]["evidence"]["buyer_outcomes"],
        "place_outcomes": answer["risk"]["evidence"]["place_outcomes"],
        **{name: answer["recommendation"][name] for name in ("action", "runner_up", "decided_by")},
        "currency": answer["currency"],
        **{f"{name}_minor": worth.get(name) for name in ACTIONS},
        "warnings": [w["code"] for w in answer["warnings"]],
        "reasons": [r["code"] for r in answer["reasons"]],
        "reason_texts": [f"{r['direction']} {r['impact']:+.3f}: {r['text']}" for r in answer["reasons"]],
    }


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_scored_as_over_http(own: Installation, orders: pa.Table, tmp_path: Path, ending: str):
    path = tmp_path / f"orders.{ending}"
    (pq.write_table if ending == "parquet" else pa_csv.write_csv)(orders, path)
    with served(own, StoppedClock()) as client:
        wanted = [as_row(answer) for answer in over_http(client, orders)]
    found = scored(own, path)
    assert len(wanted) == HOW_MANY
    assert [{name: row[name] for name in wanted[0]} for row in found] == wanted
    assert len({row["p_rto"] for row in found}) > 10
    assert {row["merchant_id"] for row in found} == {SHOP}


ODD: tuple[dict[str, Any], ...] = (
    {"phone": None, "email": None, "customer_id": None},
    {"line1": None, "line2": None, "landmark": None},
    {"pincode": None, "district": None, "state": None, "city": None},
    {"amount_minor": None, "price_minor": None},
    {"amount_minor": None},  # worth its goods, as over HTTP
    {"amount_minor": 0},
    {"currency": "USD"},
    {"payment_method": None},
    {"sku": None, "category": None, "courier": None, "campaign": None},
    {"device_id": None, "ip": None, "name": None},
    {"phone": "+919000000001"},
)


@pytest.fixture
def odd(orders: pa.Table) -> pa.Table:
    """The same orders, most of them with something missing or strange; two new ones are a cart of one buyer."""
    ids = list(dict.fromkeys(orders["order_id"].to_pylist()))
    rows = orders.to_pylist()
    for row in rows:
        place = ids.index(row["order_id"])
        row |= ODD[place // 2 % (len(ODD) + 1)] if place // 2 % (len(ODD) + 1) < len(ODD) else {}
    return pa.Table.from_pylist(rows, schema=orders.schema)


def test_odd_orders_are_scored_as_over_http_one_by_one_and_as_a_batch(own: Installation, odd: pa.Table, tmp_path: Path):
    path = tmp_path / "odd.parquet"
    pq.write_table(odd, path)
    ids = list(dict.fromkeys(odd["order_id"].to_pylist()))
    with served(own, StoppedClock()) as client:
        alone = [as_row(answer) for answer in over_http(client, odd)]
        bodies = [without_nothing(request_of(odd.filter(pc.equal(odd["order_id"], i))) | {"order_id": i}) for i in ids]
        batch = client.post("/v1/score/batch", json={"merchant_id": SHOP, "orders": bodies}).json()["results"]
    found = [{name: row[name] for name in alone[0]} for row in scored(own, path)]
    assert found == alone == [as_row(answer) for answer in batch]
    assert {row["decided_by"] for row in found} == {"expected_value", "default"}
    assert {tuple(row["warnings"]) for row in found} == {(), ("economics_missing",), ("amount_missing",)}
    assert len({text.partition(": ")[2] for row in found for text in row["reason_texts"]}) > 10


def test_known_and_new_orders_do_not_change_each_other(own: Installation, odd: pa.Table, tmp_path: Path):
    whole = tmp_path / "whole.parquet"
    pq.write_table(odd, whole)
    new, parts = pc.starts_with(odd["order_id"], "="), dict[str, dict[str, Any]]()
    for name, some in (("new", odd.filter(new)), ("known", odd.filter(pc.invert(new)))):
        pq.write_table(some, tmp_path / f"{name}.parquet")
        parts |= {row["order_id"]: row for row in scored(own, tmp_path / f"{name}.parquet")}
    assert {row["order_id"]: row for row in scored(own, whole)} == parts


def without_nothing(order: dict[str, Any]) -> dict[str, Any]:
    """A request without what is null in it."""
    return {name: without_nothing(value) if isinstance(value, dict) else value
            for name, value in order.items() if value is not None}  # fmt: skip


def test_an_order_placed_here_does_not_count_for_itself(own: Installation, orders: pa.Table, tmp_path: Path):
    """Were its own contribution not taken out, the two tellings of one buyer's order would differ the other way."""
    path, again = tmp_path / "known.parquet", tmp_path / "unknown.parquet"
    known = orders.filter(pc.invert(pc.starts_with(orders["order_id"], "=")))
    pq.write_table(known, path)
    ids = pa.array([f"x{i}" for i in known["order_id"].to_pylist()])
    pq.write_table(known.set_column(known.column_names.index("order_id"), "order_id", ids), again)
    mine, others = scored(own, path), scored(own, again)
    assert [a["buyer_outcomes"] for a in mine] != [b["buyer_outcomes"] for b in others]


def test_scoring_a_file_leaves_no_trace(own: Installation, orders: pa.Table, tmp_path: Path):
    def kept() -> dict[str, str]:
        with own.database() as connection:
            rows = {
                name: connection.execute(f"SELECT COUNT(*), {what} FROM {name}").fetchone()
                for name, what in (("pseudonyms", "MAX(pseudonym)"), ("orders", "1"), ("news", "MAX(seq)"),
                                   ("decisions", "1"), ("state", "SUM(LENGTH(folded))"))
            }  # fmt: skip
        files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in own.pool.segments.rglob("*.parquet")}
        return {**{k: repr(v) for k, v in rows.items()}, **files}

    path = tmp_path / "orders.parquet"
    pq.write_table(orders, path)
    before = kept()
    scored(own, path)
    assert kept() == before


def test_chunks_do_not_matter_and_the_order_of_the_file_is_kept(
    installation: Installation, orders: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "orders.parquet"
    pq.write_table(orders.take(pa.array(range(len(orders) - 1, -1, -1))), path)
    whole = scored(installation, path)
    monkeypatch.setattr("serving.scores.score_file.CHUNK", 7)
    assert scored(installation, path) == whole
    assert [row["order_id"] for row in whole] == list(dict.fromkeys(orders["order_id"].to_pylist()[::-1]))


def test_a_spreadsheet_runs_nothing_of_the_csv(installation: Installation, orders: pa.Table, tmp_path: Path):
    path, out = tmp_path / "orders.parquet", tmp_path / "new" / "scored.csv"
    pq.write_table(orders, path)
    with sink_of(out) as sink:
        score_file(installation.pool, request(path), sink, silent)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == HOW_MANY
    assert sum(row["order_id"].startswith("'=new-") for row in rows) == HOW_MANY // 2
    assert not [cell for row in rows for name, cell in row.items() if cell[:1] in "=+@\t" and cell]
    assert rows[0]["reasons"].count("; ") == 4
    assert [p.name for p in out.parent.iterdir()] == ["scored.csv"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_that_begins_like_a_formula_is_told_as_text(tmp_path: Path, text: str):
    with (tmp_path / "x.csv").open("wb") as file:
        Csv(file).add(pa.table({"a": [text, None, "plain"], "n": [-1.5, None, 2.0]}))
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == ["'" + text, "", "plain"]
    assert [row[1] for row in rows[1:]] == ["-1.5", "", "2"]


def test_parquet_holds_what_the_rows_say(installation: Installation, orders: pa.Table, tmp_path: Path):
    path, out = tmp_path / "orders.parquet", tmp_path / "scored.parquet"
    pq.write_table(orders, path)
    with sink_of(out) as sink:
        score_file(installation.pool, request(path), sink, silent)
    assert pq.read_table(out).to_pylist() == scored(installation, path)


def test_a_run_that_breaks_leaves_no_file_and_the_old_one_stays(tmp_path: Path):
    out = tmp_path / "scored.csv"
    out.write_text("old")

    def stopped() -> None:
        with sink_of(out) as sink:
            sink.add(pa.table({"a": [1]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["scored.csv"]


def refused(made: Installation, path: Path, **more: Any) -> str:
    with pytest.raises(RtoError) as error:
        scored(made, path, **more)
    return f"{error.value.code} {error.value}"


def test_what_cannot_be_scored_is_refused(own: Installation, orders: pa.Table, tmp_path: Path):
    path = tmp_path / "orders.parquet"
    pq.write_table(orders, path)
    assert refused(own, path, at=NOW - 400 * DAY).startswith("SCORE002")
    elsewhere = orders.set_column(
        orders.column_names.index("merchant_id"), "merchant_id", pa.array(["x"] * len(orders))
    )
    pq.write_table(elsewhere, tmp_path / "x.parquet")
    assert refused(own, tmp_path / "x.parquet").startswith("CLI004")
    with own.database(read_only=False) as connection:
        connection.execute("UPDATE meta SET value = 'another' WHERE name = 'built_from'")
    assert refused(own, path).startswith("STATE003")
    own.pool.champion.unlink()
    assert refused(own, path).startswith("SCORE001")


def test_a_mapping_without_outcomes_is_enough_to_score(installation: Installation, tmp_path: Path):
    (tmp_path / "m.toml").write_text(
        'name = "m"\nmerchant_id = "asha-fashion"\ntimezone = "Asia/Kolkata"\n'
        '[orders]\norder_id = {column = "No"}\nplaced_at = {column = "Date"}\namount_minor = {column = "Sum"}\n'
    )
    (tmp_path / "o.csv").write_text(f"No,Date,Sum\no1,{rfc3339(NOW - DAY)},149900\n")
    rows = Rows()
    given = Request([tmp_path / "o.csv"], str(tmp_path / "m.toml"), None, NOW, "checkout", 3, False)
    summary = score_file(installation.pool, given, rows, silent)
    assert (summary["orders"], summary["scored_at"]) == (1, "2025-10-10T00:00:00.000Z")
    assert (rows.rows[0]["order_id"], rows.rows[0]["currency"], len(rows.rows[0]["reasons"])) == ("o1", "INR", 3)


def test_zone_currency_and_country_are_the_ones_the_service_knows_of_a_merchant(own: Installation, tmp_path: Path):
    known = own.pool.merchants()[SHOP]
    (tmp_path / "m.toml").write_text(
        f'name = "m"\nmerchant_id = "{SHOP}"\ntimezone = "America/New_York"\n'
        '[orders]\norder_id = {column = "No"}\nplaced_at = {column = "Date"}\ncurrency = {column = "Cur"}\n'
    )
    (tmp_path / "o.csv").write_text(f"No,Date,Cur\no1,{rfc3339(NOW - DAY)},\no2,{rfc3339(NOW - DAY)},USD\n")
    given = Request([tmp_path / "o.csv"], str(tmp_path / "m.toml"), None, NOW, "checkout", 3, False)
    told = as_served(own.pool, given, silent).columns
    assert known.timezone != "America/New_York"
    assert told["timezone"].to_pylist() == [known.timezone] * 2
    assert told["currency"].to_pylist() == [known.currency, "USD"]
    assert told["country"].to_pylist() == [known.country] * 2


def test_the_cells_of_bad_rows_are_counted_when_they_are_skipped(installation: Installation, tmp_path: Path):
    (tmp_path / "o.csv").write_text(f"order_id,merchant_id,placed_at\no1,{SHOP},{rfc3339(NOW - DAY)}\no2,{SHOP},noon\n")
    assert refused(installation, tmp_path / "o.csv").startswith("DQ004")
    rows = Rows()
    summary = score_file(installation.pool, request(tmp_path / "o.csv", skip_bad_rows=True), rows, silent)
    assert (summary["orders"], summary["rows"], summary["refused"]) == (1, 2, {"DQ004": 1})
