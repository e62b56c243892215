"""`make bench-store`: a pool's two stores in one run, a SQLite file and a PostgreSQL server: a history brought in, the keys of
one order read, news made durable, a backup restored. Prints tables, writes dated JSON; `--write` puts them into docs/engine.md.

Nothing is asserted of time. News is measured at the first size only; the last lines of it are controls that do not wait
for the disk.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import apsw

from data.console import table
from data.keeping.database import Connection, is_sqlite, open_database
from data.pool import Pool
from serving.keeping.writer import Writer
from tests.bench.store_history import import_history
from tests.bench.store_measures import brought_in, read, restored, synced
from tests.bench.store_news import WAITING, events, jobs, lag, over_http, placed, told
from tests.bench.store_page import TABLES, lines, write_page
from tests.helpers.servers import Server, kept_on, started

ROOT, SEED = Path(__file__).parents[2], 7
STORES = {"sqlite": 2_000, "postgresql": 1_500}
"""The stores, and how many pieces of news a second each should keep."""
KEYS_OF_ORDER = 5.2  # keys that an order of `store_history` brings into the state
Rows = dict[str, list[dict[str, Any]]]


@contextmanager
def keeping(store: str, server: Server) -> Iterator[None]:
    """Pools are kept in a file, or in a new database of the server."""
    if store == "sqlite":
        yield
        return
    with kept_on(server):
        yield


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def measured(home: Path, n: int, server: Server, asked: argparse.Namespace, with_news: bool) -> Rows:
    """Every line of one size."""
    rows: Rows = {name: [] for name in TABLES}
    pool = import_history(home, n, SEED)
    for store in asked.stores:
        with keeping(store, server):
            say(f"{store}: {n:,} orders")
            rows["history"].append({"store": store, **loaded(brought_in(pool))})
            rows["reads"] += [{"store": store, **loaded(one)} for one in read(pool, SEED)]
            if with_news:
                rows["news"] += [{"store": store, **one} for one in news(pool, store, asked.news)]
            again = home.with_name(f"{store}-again")
            if not asked.no_restore:
                one = restored(
                    pool, home.with_name(f"{store}-backup"), again, lambda store=store: keeping(store, server)
                )
                rows["restore"].append({"store": store, **loaded(one)})
        pool.database.unlink(missing_ok=True)
    return rows


def loaded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"load": os.getloadavg()[0]}


def news(pool: Pool, store: str, n: int) -> list[dict[str, Any]]:
    """As much as can be, then at the rate that should be kept; orders; over HTTP; and without waiting for the disk."""
    os.sync()  # what was brought in is on disk before anything is told
    rate, rows, number = STORES[store], [], iter(range(100))
    lines = (
        (f"news, {WAITING} waiting", events, n, None, False),
        (f"news, {rate:,} a second", events, 4 * rate, rate, False),
        (f"orders placed, {WAITING} waiting", placed, n // 3, None, False),
        (f"control: news not synced, {WAITING} waiting", events, n, None, True),
    )
    for what, ask, count, per_second, hasty in lines:
        run = f"run-{next(number)}"
        work = list(jobs(pool, ask(pool, count, SEED, run)))
        with closing(Writer(lambda hasty=hasty: opened(pool, hasty))) as writer:
            told(writer, list(jobs(pool, ask(pool, 300, SEED + 1, f"{run}-before"))))
            rows.append({"what": what, **loaded(told(writer, work, per_second).row())})
        say(f"{store}: {what}: {rows[-1]['per_second']:,.0f}/s, ack p99 {rows[-1]['ack_p99_ms']:.1f} ms")
    rows[1]["lag_s"] = lag(pool, events(pool, 200, SEED, "lag"))
    http = over_http(pool, events(pool, n // 3, SEED, "http"))
    disk = loaded(synced(pool.home))
    return [*rows[:-1], {"what": f"news over HTTP, {WAITING} waiting", **loaded(http.row())}, rows[-1], disk]


def opened(pool: Pool, hasty: bool) -> Connection:
    """The writer's connection. hasty: it does not wait for the disk."""
    connection = open_database(pool.database)
    if hasty:
        connection.execute(
            "PRAGMA synchronous = OFF" if is_sqlite(connection) else "SET SESSION synchronous_commit = off"
        )
    return connection


def about(server: Server) -> dict[str, Any]:
    """Machine and versions."""
    import psycopg

    with psycopg.connect(server.url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count(), "seed": SEED,
        "libraries": {"SQLite": apsw.sqlite_lib_version(), "PostgreSQL": row[0] if row else "", "psycopg": version("psycopg")},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.store", description=__doc__)
    parser.add_argument("--orders", type=int, nargs="*", default=[200_000], help="sizes, one after the other")
    parser.add_argument("--keys", type=int, nargs="*", default=[], help="more sizes, as keys that the state holds")
    parser.add_argument("--news", type=int, default=6_000, help="pieces of news of a line")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--folder", type=Path, help="where to work; else where temporary files go")
    parser.add_argument("--no-restore", action="store_true")
    parser.add_argument("--no-news", action="store_true")
    parser.add_argument(
        "--beside", type=Path, nargs="+", default=[], help="results of other runs: their lines come first"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/engine.md")
    asked = parser.parse_args()
    before = [json.loads(path.read_text())["rows"] for path in asked.beside]
    rows: Rows = {name: [row for own in before for row in own[name]] for name in TABLES}
    sizes = [*asked.orders, *(round(keys / KEYS_OF_ORDER) for keys in asked.keys)]
    with started() as server:
        for i, n in enumerate(sizes):
            with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
                for name, found in measured(
                    Path(folder) / "home", n, server, asked, i == 0 and not asked.no_news
                ).items():
                    rows[name] += found
        result = {"about": about(server), "at": datetime.now(UTC).isoformat(), "rows": rows}
    for name, (title, _) in TABLES.items():
        print(f"\n{title}")
        table(*lines(name, rows[name]))
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / f"store-{time.strftime('%Y-%m-%dT%H%M%S', time.gmtime())}.json").write_text(
        json.dumps(result, indent=1) + "\n"
    )
    if asked.write:
        write_page(ROOT / "docs" / "engine.md", result)


if __name__ == "__main__":
    main()
