"""Does a replay that goes on from a snapshot give what a whole one does, bit for bit, and trust none that does not count?"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contract import DAY, HOUR
from data.history import History, Told
from features import replay as replaying
from features.contribution import Measure
from features.replay import each, folds_of, replay
from features.snapshot import Snapshot
from features.sources import Distinct, Link, Sum
from tests.helpers.histories import T0, history_of, worlds

KINDS = ("phone", "address", "pincode", "all")
SUMS: tuple[Sum | Link, ...] = (
    *(Sum(kind, measure, life) for kind in KINDS for measure in (Measure.PLACED, Measure.RTO, Measure.AMOUNT, Measure.OPEN)
      for life in (0, HOUR, 30 * DAY)),
    Link("phone", Distinct.ADDRESS), Link("address", Distinct.CART), Link("phone", Distinct.NAME),
)  # fmt: skip
World = tuple[list[dict[str, Any]], list[Told]]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def known_at(world: World, moment: int) -> History:
    """The history as it was told before a moment."""
    rows, told = world
    return history_of([r for r in rows if r["placed_at"] < moment], [t for t in told if t.known_at < moment])


def gone_on(history: History, folder: Path) -> tuple[Any, list[str]]:
    """What a replay over a folder of snapshots reads, and what it said of them."""
    said: list[str] = []
    return replay(history, SUMS, snapshot=Snapshot(folder, history, said.append)), said


def assert_same(one: Any, other: Any) -> None:
    for key in SUMS:
        np.testing.assert_array_equal(one[key].view(np.int64), other[key].view(np.int64), err_msg=str(key))


@given(world=worlds(), days=st.lists(st.integers(0, 20), min_size=1, max_size=2))
@settings(max_examples=12, deadline=None)
def test_going_on_is_the_whole_replay_bit_for_bit(world: World, days: list[int]) -> None:
    with tempfile.TemporaryDirectory() as made:
        for day in (*sorted(days), 60):
            history = known_at(world, T0 + day * DAY // 2)
            assert_same(gone_on(history, Path(made))[0], replay(history, SUMS))


def shop(n: int = 30) -> World:
    """Orders of three phones, one each six hours, and their outcomes five days later, every third an RTO."""
    rows = [{"order_id": f"o{i:02}", "merchant_id": "m", "placed_at": T0 + i * 6 * HOUR, "phone": i % 3, "address": i % 2,
             "name": i % 4, "pincode": "800001", "amount_minor": 100.0 + i} for i in range(n)]  # fmt: skip
    told = [Told("m", r["order_id"], "s", f"{r['order_id']}-p", "placed", *(r["placed_at"],) * 2) for r in rows]
    for i, r in enumerate(rows):
        kind, at = ("rto_started" if i % 3 == 0 else "delivered"), r["placed_at"] + 5 * DAY
        told.append(Told("m", r["order_id"], "s", f"{r['order_id']}-e", kind, at, at))
    return rows, told


HALF = T0 + 4 * DAY + HOUR


def test_only_what_is_new_is_folded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone_on(known_at(shop(), HALF), folder)
    asked: list[tuple[int, int]] = []
    plain = replaying.KindFold.read

    def read(self: Any, first: int, last: int) -> Any:
        asked.append((first, last))
        return plain(self, first, last)

    monkeypatch.setattr(replaying.KindFold, "read", read)
    _, said = gone_on(history_of(*shop()), folder)
    assert (asked, said) == ([(17, 30)] * len(KINDS), [])
    asked.clear()
    assert_same(gone_on(history_of(*shop()), folder)[0], replay(history_of(*shop()), SUMS))
    assert asked == [(0, 30)] * len(KINDS)  # the plain replay's alone: the other had nothing left to fold


def earlier(world: World) -> History:
    """The same, and a segment that tells of an RTO known before the snapshot was made."""
    rows, told = world
    return history_of(rows, [*told, Told("m", "o01", "late", "x", "rto_started", *(T0 + 3 * DAY,) * 2)])


def test_earlier_knowledge_makes_a_snapshot_count_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone_on(known_at(shop(), HALF), folder)
    shutil.copytree(folder, copy := folder / "copy")
    got, said = gone_on(earlier(shop()), folder)
    assert_same(got, replay(earlier(shop()), SUMS))
    assert len(said) == 1
    assert "known, or placed, before it was made" in said[0]
    # control: were it not asked, the numbers would differ
    monkeypatch.setattr(Snapshot, "_refused", lambda self, told, sums: None)
    with pytest.raises(AssertionError):
        assert_same(gone_on(earlier(shop()), copy)[0], replay(earlier(shop()), SUMS))


@pytest.mark.parametrize("change", [{"phone": 9}, {"amount_minor": 7.0}, {"pincode": "560001"}, {"placed_at": T0 - 1}])
def test_another_order_in_the_past_makes_it_count_no_more(folder: Path, change: dict[str, Any]) -> None:
    gone_on(known_at(shop(), HALF), folder)
    rows, told = shop()
    rows[2] |= change
    history = history_of(rows, told)
    got, said = gone_on(history, folder)
    assert len(said) == 1
    assert_same(got, replay(history, SUMS))


def spoil_format(folder: Path) -> None:
    head = json.loads((folder / "phone.json").read_text())
    (folder / "phone.json").write_text(json.dumps(head | {"format": 99}))


def spoil_head(folder: Path) -> None:
    (folder / "phone.json").write_text("{")


def spoil_part(folder: Path) -> None:
    part = next(p for p in folder.glob("phone.*.parquet") if "state" not in p.name)
    content = bytearray(part.read_bytes())
    content[100] ^= 0xFF
    part.write_bytes(content)


def spoil_state(folder: Path) -> None:
    next(folder.glob("phone.*.state.parquet")).unlink()


@pytest.mark.parametrize("spoil", [spoil_format, spoil_head, spoil_part, spoil_state])
def test_one_that_is_damaged_or_foreign_is_not_used_and_said(folder: Path, spoil: Any) -> None:
    gone_on(known_at(shop(), HALF), folder)
    spoil(folder)
    got, said = gone_on(history_of(*shop()), folder)
    assert [line.startswith("the snapshot of phone is not used") for line in said] == [True]
    assert_same(got, replay(history_of(*shop()), SUMS))
    assert gone_on(history_of(*shop()), folder)[1] == []  # replaced by a sound one


def test_no_flipped_byte_of_what_was_read_is_believed(folder: Path) -> None:
    history, fold = history_of(*shop()), folds_of(SUMS)[0]
    gone_on(history, folder)
    part = next(p for p in folder.glob("phone.*.parquet") if "state" not in p.name)
    sound, texts, refused = part.read_bytes(), [repr(one) for one in fold.sums], 0
    believed = Snapshot(folder, history, print).load("phone", texts)
    assert believed is not None
    for at in range(4, len(sound), 61):
        part.write_bytes(sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :])
        held = Snapshot(folder, history, [].append).load("phone", texts)
        refused += held is None
        assert held is None or [a.tobytes() for a in held.readings] == [b.tobytes() for b in believed.readings], at
    assert refused > 20


def test_a_replay_that_was_killed_goes_on_with_the_folds_that_were_done(folder: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from features.replay import each, folds_of
from features.snapshot import Snapshot
from tests.unit.features.test_snapshot import SUMS, history_of, shop
history = history_of(*shop())
for done, _ in enumerate(each(history, folds_of(SUMS), None, Snapshot(Path({str(folder)!r}), history, print)), 1):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -signal.SIGKILL
    heads = {path.stem for path in folder.glob("*.json")}
    assert 3 <= len(heads) <= len(folds_of(SUMS))
    history = history_of(*shop())
    kept = Snapshot(folder, history, print)
    held = {f.name for f in folds_of(SUMS) if kept.load(f.name, [repr(one) for one in f.sums])}
    assert held == heads
    got, said = gone_on(history, folder)
    assert_same(got, replay(history, SUMS))
    assert said == []


def test_many_short_steps_leave_few_files(folder: Path) -> None:
    for day in range(1, 40):
        history = known_at(shop(60), T0 + day * 8 * HOUR)
        list(each(history, folds_of(SUMS[:1]), None, Snapshot(folder, history, print)))
    assert len(list(folder.iterdir())) <= 15
    got = replay(history, SUMS[:1], snapshot=Snapshot(folder, history, print))
    np.testing.assert_array_equal(got[SUMS[0]], replay(history, SUMS[:1])[SUMS[0]])
