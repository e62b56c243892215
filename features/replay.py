"""Training's driver of the fold: a whole history through the kernel, in the order in which facts became visible.

What is read at an order's `placed_at` is its training row. Nothing later can leak: it has not been folded yet. Each kind
of key and each link is folded by itself: they go side by side on all cores, and only those under way need room for keys.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from os import cpu_count
from typing import TypeAlias

from data.history import Array, History
from features.kind_fold import KindFold, KindState
from features.layout import Readings, layouts
from features.link_replay import LinkFold
from features.sources import Link, Sum
from features.timeline import Timeline, timeline_of

Progress = Callable[[str, int, int], None]
"""`progress(what, done, total)`"""
Begin: TypeAlias = Callable[[], KindFold | LinkFold]
"""Makes room for the keys of a kind or link and begins its fold."""


def replay(history: History, sums: tuple[Sum | Link, ...], progress: Progress | None = None) -> Readings:
    """For each sum and link its value at each order's `placed_at`, orders as in the history; NaN where the key is missing."""
    timeline, found = timeline_of(history, sums), dict[Sum | Link, Array]()
    todo = begins(timeline, sums)
    tasks = [partial(_whole, begin, len(timeline)) for begin in todo.values()]
    for done, i, out in side_by_side_as_done(tasks):
        found |= dict(zip(list(todo)[i], out, strict=True))
        if progress:
            progress("replay", done, len(tasks))
    return {one: found[one] for one in sums}


def begins(timeline: Timeline, sums: tuple[Sum | Link, ...]) -> dict[tuple[Sum | Link, ...], Begin]:
    """How to begin each fold, by the sums (or the link) that it reads: those with most keys and sums first."""
    kinds: dict[tuple[Sum | Link, ...], Begin] = {
        layout.sums: partial(KindFold, timeline, layout) for layout in layouts(sums).values()
    }
    links = {(one,): partial(LinkFold, timeline, one) for one in sums if isinstance(one, Link)}
    return kinds | links


def final_state(history: History, sums: tuple[Sum | Link, ...]) -> list[KindState]:
    """The sums after every fact of the history: what the online store starts from."""
    only = tuple(one for one in sums if isinstance(one, Sum))
    timeline = timeline_of(history, only)
    return [KindFold(timeline, layout).state() for layout in layouts(only).values()]


def side_by_side_as_done(tasks: list[Callable[[], list[Array]]]) -> Iterator[tuple[int, int, list[Array]]]:
    """(how many are done, which task, what it gave) of each task as it ends, on as many threads as there are cores."""
    with ThreadPoolExecutor(cpu_count() or 1) as threads:
        under_way = {threads.submit(task): i for i, task in enumerate(tasks)}
        for done, one in enumerate(as_completed(under_way), 1):
            yield done, under_way[one], one.result()


def _whole(begin: Begin, n: int) -> list[Array]:
    return list(begin().read(0, n))
