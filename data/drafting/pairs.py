"""Which of several files belong side by side: a number of one that stands once in the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.drafting.columns import is_status
from data.drafting.look import Look, looks_of
from data.joins import joined
from data.shaping import Join
from data.sheets import Sheet

_LEAST_SHARED = 0.5
_LEAST_NUMBERS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A join to propose, and the share of the first file's numbers that the other knows."""

    join: Join
    shared: float


def side_by_side(sheets: list[Sheet]) -> tuple[list[Sheet], Pair | None]:
    """The sheets of orders, joined if two kinds of files belong together. Files of one shape follow one another."""
    shapes = {tuple(s.table.column_names) for s in sheets}
    if len(shapes) < 2:
        return sheets, None
    tried = [(main, other, pair) for main in sheets for other in sheets if (pair := _pair(main, other))]
    if not tried:
        return sheets, None
    best = max(tried, key=lambda found: (found[2].shared, len(found[0])))
    return joined([best[0], best[1]], best[2].join, {}), best[2]


def _pair(main: Sheet, other: Sheet) -> Pair | None:
    if main.table.column_names == other.table.column_names:
        return None
    best: tuple[float, Look, Look] | None = None
    numbers = [look for look in looks_of(other) if _numbers_rows(look) and look.n_distinct == look.n]
    for left in looks_of(main):
        if not _numbers_rows(left):
            continue
        own = set(left.texts)
        for right in numbers:
            shared = len(own & set(right.texts)) / len(own)
            if shared >= _LEAST_SHARED and (best is None or shared > best[0]):
                best = (shared, left, right)
    if best is None:
        return None
    shared, left, right = best
    return Pair(_join(left.name, right.name, main, other), shared)


def _numbers_rows(look: Look) -> bool:
    return (
        look.n_distinct >= _LEAST_NUMBERS and look.dates is None and not look.n_blank and look.n_distinct > 0.5 * look.n
    )


def _join(left: str, right: str, main: Sheet, other: Sheet) -> Join:
    own = set(main.table.column_names)
    clash = any(name in own for name in other.table.column_names if name != right or left != right)
    only_there = [look.name for look in looks_of(other) if look.name not in own]
    mark = _mark(other, only_there) if left == right else []
    return Join(on={left: right}, other_has=mark, prefix="other " if clash else "")


def _mark(other: Sheet, only_there: Sequence[str]) -> list[str]:
    statuses = [look.name for look in looks_of(other) if look.name in only_there and is_status(look)]
    return statuses[:1] or list(only_there[:1])
