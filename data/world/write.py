"""A made-up market as files: the native contract, the truth in a folder apart, and a note that says what it is.

The files are written into a folder beside, which takes the wanted name when all are there: a folder of that name is whole.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import UsageError
from data.world.simulate import World
from data.world.truth import people_truth, places_truth

ORDERS_FILE, NEWS_FILE, TRUTH_DIR = "orders.parquet", "news.parquet", "truth"
NOTE_FILE, MARK_FILE = "WORLD.md", "world.json"
VERSION = 3  # raised when the same preset and seed would give another world
TRUTH: dict[str, Callable[[World], pa.Table]] = {
    "orders.parquet": lambda world: world.truth,
    "people.parquet": people_truth,
    "places.parquet": places_truth,
}
"""What lies in the folder of the truth."""

NOTE = """# A made-up market

Nothing here happened and nobody here exists. Names, addresses, phone numbers and outcomes are drawn at random
by `rto simulate`; only the PIN codes, their districts and states are real (India Post, GODL-India). Any likeness is
chance: never call a number or write to an address found here. Good figures on this data say nothing about your shop.

| | |
|---|---|
| preset | {preset} |
| orders | {n_orders} over {days} days |
| seed | {seed} |
| drift and shift | {shift} |
| the shops' policy | {logging} |
| until | {until}; nothing known later is told, so the newest orders are open |

- `orders.parquet`, `news.parquet`: what the shops know, in the native contract. One row for each line; lines share the
  order_id. `rto import orders.parquet news.parquet --mapping native` reads them.
- `truth/`: what only the made-up world knows (true chances, causes, the buyers' traits). Never train on it.
"""


def write_world(world: World, out_dir: Path) -> None:
    """Write `world` into `out_dir`, which is made if need be. The same world gives the same bytes.

    Raises UsageError W003 if `out_dir` holds anything, W004 if another run writes there, W006 if nothing can be written.
    """
    with new_folder(out_dir) as folder:
        write_files(world, folder)


def write_files(world: World, folder: Path) -> None:
    """Write the files of `world` into an empty folder."""
    (folder / TRUTH_DIR).mkdir()
    _parquet(world.orders, folder / ORDERS_FILE)
    _parquet(world.news, folder / NEWS_FILE)
    for name, make in TRUTH.items():
        _parquet(make(world), folder / TRUTH_DIR / name)
    facts = _facts(world)
    (folder / NOTE_FILE).write_text(NOTE.format(**facts), encoding="utf-8")
    mark = {"made_up": True, "version": VERSION, **facts}
    (folder / MARK_FILE).write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")


def _parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


@contextmanager
def new_folder(out_dir: Path, say: Callable[[str], None] = lambda text: None) -> Iterator[Path]:
    """A folder beside `out_dir` to write into; at the end it becomes `out_dir`, and if anything fails it is removed.

    What a killed run left there is cleared away, said aloud: a world is drawn whole, so there is nothing to resume.
    """
    out_dir = out_dir.resolve()
    check_empty(out_dir)
    beside = out_dir.with_name(f".{out_dir.name}.unfinished")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with _held(beside):
            _clear(beside, say)
            try:
                yield beside
                os.replace(beside, out_dir)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
    except OSError as error:
        to_do = "name a folder that can be written, on a disk with room"
        raise UsageError("W006", str(out_dir), got=error.strerror or str(error), to_do=to_do) from error


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder against other runs; a process that dies lets go."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        to_do = "wait until it has ended, or name another folder"
        raise UsageError("W004", str(folder), got="another run writes here", to_do=to_do) from None
    try:
        yield
    finally:
        os.close(handle)


def _clear(folder: Path, say: Callable[[str], None]) -> None:
    left = [path.name for path in folder.iterdir()]
    if foreign := sorted({*left} - {ORDERS_FILE, NEWS_FILE, TRUTH_DIR, NOTE_FILE, MARK_FILE}):
        to_do = "move them away: this folder is where the world is made before it gets its name"
        raise UsageError("W003", str(folder), got=f"files of someone else: {', '.join(foreign[:3])}", to_do=to_do)
    if left:
        say(
            f"an earlier run was interrupted; its unfinished files are cleared away and the world is made anew: {folder}"
        )
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def check_empty(out_dir: Path) -> None:
    """Raises UsageError W003 unless `out_dir` is missing or an empty folder."""
    if not out_dir.exists() or (out_dir.is_dir() and not any(out_dir.iterdir())):
        return
    got = "a file" if out_dir.is_file() else "a folder that holds files"
    to_do = "name another folder, or empty this one"
    raise UsageError("W003", str(out_dir), got=got, expected="a new or empty folder", to_do=to_do)


def _facts(world: World) -> dict[str, str | int]:
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=world.until)
    facts: dict[str, str | int] = {"preset": world.preset.name, "n_orders": world.n_orders, "days": world.preset.days}
    logging = world.preset.logging
    facts |= {"logging": f"{logging.policy}, {logging.explore:g} of cash orders explored"}
    return facts | {"shift": world.preset.shift, "seed": world.seed, "until": until.isoformat()}
