"""A made-up market as files: the native contract, the truth in a folder apart, and a note that says what it is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from data.errors import UsageError
from data.world.simulate import World

ORDERS_FILE, NEWS_FILE, TRUTH_FILE = "orders.parquet", "news.parquet", "truth/truth.parquet"
NOTE_FILE, MARK_FILE = "WORLD.md", "world.json"
VERSION = 1  # raised when the same preset and seed would give another world

NOTE = """# A made-up market

Nothing here happened and nobody here exists. Names, addresses, phone numbers and outcomes are drawn at random
by `rto simulate`; only the PIN codes, their districts and states are real (India Post, GODL-India). Any likeness is
chance: never call a number or write to an address found here. Good figures on this data say nothing about your shop.

| | |
|---|---|
| preset | {preset} |
| orders | {n_orders} over {days} days |
| seed | {seed} |
| until | {until}; nothing known later is told, so the newest orders are open |

- `{orders}`, `{news}`: what the shops know, in the native contract. One row for each line; lines share the order_id.
- `{truth}`: what only the made-up world knows (true chances, causes, the buyers' traits). Never train on it.
"""


def write_world(world: World, out_dir: Path) -> None:
    """Write `world` into `out_dir`, which is made if need be. The same world gives the same bytes.

    `world.json` is written last: a folder without it is unfinished. Raises UsageError W003 if `out_dir` holds anything.
    """
    check_empty(out_dir)
    (out_dir / "truth").mkdir(parents=True)
    for name, table in ((ORDERS_FILE, world.orders), (NEWS_FILE, world.news), (TRUTH_FILE, world.truth)):
        pq.write_table(table, out_dir / name, compression="zstd")
    facts = _facts(world)
    names = {"orders": ORDERS_FILE, "news": NEWS_FILE, "truth": TRUTH_FILE}
    (out_dir / NOTE_FILE).write_text(NOTE.format(**facts, **names), encoding="utf-8")
    mark = {"made_up": True, "version": VERSION, **facts}
    (out_dir / MARK_FILE).write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")


def check_empty(out_dir: Path) -> None:
    """Raises UsageError W003 unless `out_dir` is missing or an empty folder."""
    if not out_dir.exists() or (out_dir.is_dir() and not any(out_dir.iterdir())):
        return
    unfinished = (out_dir / ORDERS_FILE).exists() and not (out_dir / MARK_FILE).exists()
    got = "a file" if out_dir.is_file() else "an unfinished world" if unfinished else "a folder that holds files"
    to_do = "delete it, or name another folder; worlds are made anew, never resumed"
    raise UsageError("W003", str(out_dir), got=got, expected="a new or empty folder", to_do=to_do)


def _facts(world: World) -> dict[str, str | int]:
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=world.until)
    facts: dict[str, str | int] = {"preset": world.preset.name, "n_orders": world.n_orders, "days": world.preset.days}
    return facts | {"seed": world.seed, "until": until.isoformat()}
