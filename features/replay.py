"""Training's driver of the fold: a whole history through the kernel, in the order in which facts became visible.

What is read at an order's `placed_at` is its training row. Nothing later can leak: it has not been folded yet. Each kind
of key and each link is folded by itself: they go side by side on all cores, and only those under way need room for keys.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from os import cpu_count
from typing import TypeAlias

import numpy as np

from data.history import Array, History
from data.side_by_side import side_by_side
from features.kind_fold import KindFold, KindState
from features.layout import Layout, Readings, layouts
from features.link_replay import LinkFold
from features.snapshot import Held, Snapshot
from features.sources import Link, Sum
from features.timeline import Timeline, timeline_of

Progress = Callable[[str, int, int], None]
"""`progress(what, done, total)`"""
Begin: TypeAlias = Callable[[Timeline], KindFold | LinkFold]
"""Makes room for the keys of a kind or link and begins its fold."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold of several. name: of its files.  sums: what it reads, in the order of its rows."""

    name: str
    sums: tuple[Sum | Link, ...]
    begin: Begin


def folds_of(sums: Sequence[Sum | Link]) -> list[Fold]:
    """The folds that read these sums and links: one for each kind of key, one for each link."""
    kinds = [Fold(k, layout.sums, partial(KindFold, layout=layout)) for k, layout in layouts(sums).items()]
    links = [one for one in sums if isinstance(one, Link)]
    return kinds + [Fold(f"{one.key}-{one.measure}", (one,), partial(LinkFold, link=one)) for one in links]


def replay(
    history: History,
    sums: tuple[Sum | Link, ...],
    progress: Progress | None = None,
    snapshot: Snapshot | None = None,
) -> Readings:
    """For each sum and link its value at each order's `placed_at`, orders as in the history; NaN where the key is missing.

    snapshot: of a former replay, to go on from where it counts, and to keep this one in.
    """
    folds, found = folds_of(sums), dict[Sum | Link, Array]()
    for out in each(history, folds, progress, snapshot):
        found |= out
    return {one: found[one] for one in sums}


def each(
    history: History, folds: Sequence[Fold], progress: Progress | None = None, snapshot: Snapshot | None = None
) -> Iterator[dict[Sum | Link, Array]]:
    """What each fold reads, as it ends: side by side, on as many threads as there are cores."""
    n = len(history)
    kept = snapshot if n else None
    held = side_by_side([partial(kept.load, f.name, _texts(f)) for f in folds]) if kept else [None] * len(folds)
    since = 0 if None in held else min((one.prefix.moment for one in held if one), default=0)
    timeline = timeline_of(history, [one for fold in folds for one in fold.sums], since)
    tasks = [partial(_read, timeline, fold, old, kept) for fold, old in zip(folds, held, strict=True)]
    todo, under_way = iter(zip(folds, tasks, strict=True)), dict[Future[list[Array]], Fold]()
    with ThreadPoolExecutor(cpu_count() or 1) as threads:
        for done in range(len(folds)):
            for fold, task in islice(todo, (cpu_count() or 1) - len(under_way)):  # no more than so many columns at once
                under_way[threads.submit(task)] = fold
            one = next(iter(wait(under_way, return_when=FIRST_COMPLETED).done))
            yield dict(zip(under_way.pop(one).sums, one.result(), strict=True))
            del one
            if progress:
                progress("replay", done + 1, len(folds))


def _read(timeline: Timeline, fold: Fold, old: Held | None, kept: Snapshot | None) -> list[Array]:
    n, n_held = len(timeline), 0 if old is None else old.prefix.n
    if old is not None and n_held == n:
        return old.readings
    if n == 0:
        return [np.empty(0) for _ in fold.sums]
    begun = fold.begin(timeline)
    if old is not None:
        begun.resume(old)
    new = begun.read(n_held, n)
    if kept is not None:
        kept.keep(fold.name, _texts(fold), old, new, begun.saved(kept.prefix(n)))
    return list(new) if old is None else [np.concatenate(pair) for pair in zip(old.readings, new, strict=True)]


def _texts(fold: Fold) -> list[str]:
    return [repr(one) for one in fold.sums]


def final_state(history: History, sums: tuple[Sum | Link, ...]) -> list[KindState]:
    """The sums after every fact of the history, and of its opening balance: what the online store starts from."""
    only = tuple(one for one in sums if isinstance(one, Sum))
    timeline = timeline_of(history, only, settled=True)
    return side_by_side([partial(_final, timeline, layout) for layout in layouts(only).values()])


def _final(timeline: Timeline, layout: Layout) -> KindState:
    return KindFold(timeline, layout).state()
