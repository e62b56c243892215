"""The user's main journey with pools on a PostgreSQL server: every command ends as it does over files, and says the same."""

import csv
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.contract import DAY
from data.keeping.database import open_database
from data.keeping.moving import to_server
from tests.cli.conftest import Run
from tests.helpers.installation import NOW, SHOP, Installation, SetClock, an_order, ask, place, rfc3339, served, tell
from tests.helpers.servers import Server, kept_on

FOR = ("--merchant", SHOP)
POLICY = """
[caps]
never_refuse_after = 3
[[lists]]
name = "vip"
effect = "allow"
[[rules]]
id = "dear"
when = "value >= 1500 and p_rto > 0.2"
then = "confirm_call"
[experiment]
holdout = 0.49
"""
CHECKOUTS = 72  # enough for thirty in each arm


def answered(made: Installation) -> list[Any]:
    """Checkouts are scored, placed, scored again before dispatch, and end; what the service then shows."""
    with served(made) as client:
        found = []
        for i in range(CHECKOUTS):
            order = an_order(checkout_id=f"c-{i}", amount_minor=100_000 + 20_000 * i)
            first = client.post("/v1/score", json=ask(order)).json()
            place(client, order | {"order_id": f"o-{i}"})
            again = client.post("/v1/score", json=ask({"order_id": f"o-{i}"}) | {"stage": "dispatch"}).json()
            found += [
                [one[name] for name in ("status", "risk", "recommendation", "experiment")] for one in (first, again)
            ]
        queue = client.get("/v1/queue", params={"merchant_id": SHOP}).json()
        page, table, book = (client.get(f"/reports/{SHOP}{end}") for end in ("", ".csv", ".xlsx"))
        assert [page.status_code, book.status_code] == [200, 200]
    with served(made, SetClock(NOW + 5 * DAY)) as client:
        for i in range(CHECKOUTS):
            kind = "rto_started" if i % 3 == 0 else "delivered"
            assert tell(client, f"o-{i}", kind, happened_at=rfc3339(NOW + 4 * DAY)).status_code == 201
    with served(made, SetClock(NOW + 90 * DAY)) as client:  # so that the others are old
        place(client, an_order(order_id="o-late"))
    return [*found, [one["order_id"] for one in queue["orders"]], table.text]


def journey(made: Installation, run: Run, folder: Path) -> dict[str, Any]:
    """What each command answers, but for what differs from run to run."""
    folder.mkdir()
    policy, vip, orders = folder / "policy.toml", folder / "vip.csv", folder / "orders.parquet"
    policy.write_text(POLICY)
    rows = pq.read_table(made.market / "orders.parquet", columns=["merchant_id", "phone"]).to_pylist()
    phones = list(dict.fromkeys(row["phone"] for row in rows if row["merchant_id"] == SHOP))[-20:]
    vip.write_text("phone,label\n" + "".join(f"{phone},friend\n" for phone in phones))
    pq.write_table(made.orders().slice(0, 60), orders)
    told: dict[str, Any] = {}

    def rto(*words: str | Path) -> Any:
        ran = run(*words, "--json", at=made)
        assert ran.code == 0, (words, ran.err)
        return ran.json

    told["lists"] = rto("lists", "import", vip, "--name", "vip", "--kind", "phone", *FOR)
    told["simulate"] = rto("policy", "simulate", policy, *FOR)
    told["publish"] = rto("policy", "publish", policy, *FOR)["digest"]
    told["served"] = answered(made)
    rto("score", orders, "--mapping", "native", "--at", rfc3339(NOW), "--out", folder / "scored.csv")
    with (folder / "scored.csv").open() as scored:
        told["score"] = list(csv.reader(scored))
    told["backtest"] = rto("rules", "backtest", policy, *FOR)
    told["savings"] = rto("experiment", "savings", *FOR)
    too_few = run("experiment", "evaluate", "allow_cod", *FOR, at=made)
    told["evaluate"] = too_few.code, too_few.err
    told["replay"] = rto("replay", "--day", rfc3339(NOW)[:10], *FOR)
    told["monitor"] = {name: one for name, one in rto("monitor").items() if name != "page"}
    told["doctor"] = [(one["check"], one["status"]) for one in rto("doctor")]
    told["wrong"] = rto("state", "verify")["wrong"], rto("state", "rebuild")["keys"]
    assert run("report", *FOR, "--out", folder / "report.html", at=made).code == 0
    return told


def test_on_a_server_every_command_says_what_it_says_over_files(
    installation: Installation, run: Run, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    by_file = journey(installation.copy(tmp_path / "file"), run, tmp_path / "of-file")
    own = installation.copy(tmp_path / "server")
    with kept_on(server) as url:
        with closing(open_database(own.pool.database)) as connection:
            to_server(own.pool.database, connection)
        own.pool.database.unlink()
        monkeypatch.setenv("RTO_DATABASE_URL", url)
        on_server = journey(own, run, tmp_path / "on-server")
    assert not own.pool.database.exists()
    assert on_server["wrong"][0] == []
    assert on_server["replay"]["same"] == on_server["replay"]["decisions"] > CHECKOUTS
    for command, said in by_file.items():
        assert on_server[command] == said, command
