"""What decisions saw, worked out again from the ledger as it was at their moment: does the kept state tell the truth?

`rto replay` takes the row a decision saw as given and makes its answer again; here that row itself is made again. The
ledger is folded as of each decision's watermark (`features/as_of.py`), with the bundle it was made with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from data.console import Tell
from data.errors import DataError
from data.history import ERASED
from data.keeping import journal
from data.keeping.database import Connection, immediate, open_database
from data.keeping.erasing import last_done
from data.keeping.opening import about_opening
from data.pool import Pool
from data.segments import list_segments
from features.as_of import AsOf
from features.builds import Build, builds
from features.held import held_by
from serving.keeping.kept_decisions import Span, count, each, of_ids
from serving.keeping.replay_shelf import ReplayShelf
from serving.keeping.row_comparison import Rows
from serving.scores.batch import Questions, judge
from training.bundle import Bundle, signing_key

Kept = dict[str, Any]
_AT_ONCE = 500
_FULL = "full"
"""The rung that reads the history; a decision of another saw none."""
_ASKED = """CREATE TABLE asked (build INTEGER, through INTEGER, decision_id TEXT,
PRIMARY KEY (build, through, decision_id)) WITHOUT ROWID"""
_PAGE = """SELECT build, through, decision_id FROM asked WHERE (build, through, decision_id) > (?, ?, ?)
ORDER BY build, through, decision_id LIMIT ?"""


@dataclass(slots=True)
class SeenAgain:
    """decisions: looked at.  unscored: answered without a model or without the history, so that nothing was seen.
    out_of_reach: by reason, of which the ledger cannot say any more what they saw.  not_made: by reason, of which something
    else is gone; each with one of them."""

    decisions: int = 0
    unscored: int = 0
    out_of_reach: dict[str, Kept] = field(default_factory=dict)
    not_made: dict[str, Kept] = field(default_factory=dict)
    rows: Rows = field(default_factory=Rows)

    def as_dict(self) -> Kept:
        lists = {name: [{"because": why, **one} for why, one in sorted(getattr(self, name).items())]
                 for name in ("out_of_reach", "not_made")}  # fmt: skip
        return {"decisions": self.decisions, "unscored": self.unscored} | self.rows.as_dict() | lists


def saw_again(pool: Pool, spans: Sequence[Span], tell: Tell) -> SeenAgain:
    """Recompute every decision in the spans. Only keys that are alive, and a page of decisions, are held in memory."""
    found, ledger = SeenAgain(), open_database(pool.database, read_only=True)
    with TemporaryDirectory(prefix="rto-as-of-") as folder:
        as_of = AsOf(pool, ledger, Path(folder) / "state.sqlite")
        try:
            built = builds(ledger)
            _note_asked(ledger, as_of.connection, spans, built, found)
            again = _Again(pool, ledger, as_of, built, found)
            for page in _pages(as_of.connection):
                again.page(page, tell)
        finally:
            as_of.close()
            ledger.close()
    return found


def _note_asked(
    ledger: Connection, scratch: Connection, spans: Sequence[Span], built: list[Build], found: SeenAgain
) -> None:
    """Write the decisions down in the order in which the ledger goes, on disk: there may be millions."""
    scratch.execute(_ASKED)
    found.decisions = count(ledger, spans)
    with immediate(scratch):
        rows = ((_build_of(built, one.through), one.through, one.decision_id) for one in each(ledger, spans))
        scratch.executemany("INSERT INTO asked VALUES (?, ?, ?)", rows)


def _build_of(built: list[Build], through: int) -> int:
    return max((i for i, one in enumerate(built) if one.through <= through), default=-1)


def _pages(scratch: Connection) -> Iterator[list[Any]]:
    last: tuple[Any, ...] = (-2, 0, "")
    while rows := scratch.execute(_PAGE, (*last, _AT_ONCE)).fetchall():
        yield rows
        last = rows[-1]


class _Again:
    """Goes through the pages; the state goes along."""

    def __init__(self, pool: Pool, ledger: Connection, as_of: AsOf, built: list[Build], found: SeenAgain) -> None:
        self._pool, self._ledger, self._as_of, self._built, self._found = pool, ledger, as_of, built, found
        self._shelf = ReplayShelf(pool, signing_key(pool.home).public_key())
        self._build, self._n, self._erased_at = -1, 0, last_done(ledger)
        about = about_opening(ledger)
        self._since = 0 if about is None else int(about["since"])

    def page(self, rows: list[Any], tell: Tell) -> None:
        for (build, through), some in groupby(rows, key=lambda row: row[:2]):
            kept = of_ids(self._ledger, [decision_id for _, _, decision_id in some])
            self._n += len(kept)
            self._one_moment(build, through, kept, tell)
            tell("decisions seen again", self._n, self._found.decisions)

    def _one_moment(self, build: int, through: int, kept: list[Kept], tell: Tell) -> None:
        erased = [one for one in kept if one["made_from"].get(ERASED)]
        saw = [one for one in kept if "x" in one["made_from"] and one["answer"].get("rung", _FULL) == _FULL]
        before = [one for one in saw if one["made_from"]["scored_at"] < self._erased_at]
        older = [one for one in saw if self._erased_at <= one["made_from"]["scored_at"] < self._since]
        scored = [one for one in saw if one["made_from"]["scored_at"] >= max(self._erased_at, self._since)]
        _count(self._found.out_of_reach, "their buyer was erased", erased)
        _count(self._found.out_of_reach, "somebody was erased since, of whom they may have seen orders", before)
        _count(self._found.out_of_reach, "older than the opening balance", older)
        self._found.unscored += len(kept) - len(saw) - len(erased)
        by_bundle: dict[str, list[Kept]] = {}
        for one in scored:
            by_bundle.setdefault(one["made_from"]["bundle"], []).append(one)
        for digest, some in by_bundle.items():
            if build < 0:
                _count(self._found.out_of_reach, "the state was rebuilt since, and before that was written down", some)
                continue
            try:
                bundle = self._shelf.bundle(digest)
                self._go_to(build, through, tell)
                self._compare(bundle, some)
            except DataError as error:
                _count(self._found.not_made, f"{error.code} {error.where}: {error.got}; {error.to_do}", some)

    def _go_to(self, build: int, through: int, tell: Tell) -> None:
        if build == self._build:
            self._as_of.forward(through)
            return
        names = self._built[build].segments
        there = {one.name: one for one in list_segments(self._pool)}
        if gone := [name for name in names if name not in there]:
            raise DataError("STATE005", f"import {gone[0]}", got="no such segment", expected="what the state was built from",
                            to_do="bring its folder back from a backup")  # fmt: skip
        self._as_of.begin(tuple(there[name] for name in names), through, tell)
        self._build = build

    def _compare(self, bundle: Bundle, some: list[Kept]) -> None:
        made = [one["made_from"] for one in some]
        table = journal.as_table([journal.unpacked(one["columns"]) for one in made])
        own = {i: stands for i, one in enumerate(made)
               if (stands := self._as_of.stands(one["merchant_id"], one["order_id"])) is not None}  # fmt: skip
        own_only = [bool(one["why"]["own_only"]) for one in made]
        at = np.array([one["scored_at"] for one in made], dtype=np.int64)
        for apart in (False, True):
            rows = [i for i, one in enumerate(made) if one.get("apart", self._pool.strangers_apart) is apart]
            if rows:
                asked = Questions(table, at, held_by(own), own_only, 0, apart)
                x = judge(self._as_of.connection, bundle, asked).x
                saw = np.array([made[i]["x"] for i in rows], dtype=np.float64)
                self._found.rows.add(bundle.features, saw, x[rows], [some[i]["decision_id"] for i in rows])


def _count(reasons: dict[str, Kept], why: str, some: list[Kept]) -> None:
    if not some:
        return
    one = reasons.setdefault(why.rstrip("; "), {"decisions": 0, "decision_id": some[0]["decision_id"]})
    one["decisions"] += len(some)
