"""News as a table: what imports carry and what a history is built from. `Told` is one row of it."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.files import matching
from data.history import ERASED, Array, Told, told_differently

NewsTable: TypeAlias = Any
"""A pyarrow table with the columns of NEWS_SCHEMA. mypy does not know pyarrow's types."""

_KINDS = {"happened_at": pa.int64(), "known_at": pa.int64(), "live": pa.bool_()}

NEWS_SCHEMA = pa.schema([(f.name, _KINDS.get(f.name, pa.string())) for f in fields(Told)])
"""One column for each field of `Told`; times in microseconds UTC, reason and details null where nothing was told."""

EVENT = ("merchant_id", "source", "event_id")
"""What names a piece of news."""

ERASED_DETAILS = f'"{ERASED}": true'
_CONTENT = ("order_id", "type", "happened_at", "reason", "details")


def news_table(told: Iterable[Told]) -> NewsTable:
    """Single pieces of news as a table."""
    rows = list(told)
    columns = {f.name: [getattr(one, f.name) for one in rows] for f in fields(Told)}
    return pa.table(columns, schema=NEWS_SCHEMA)


def told_of(table: NewsTable) -> list[Told]:
    """The inverse of `news_table`: for a few rows, not for a history."""
    columns = [table[name].to_pylist() for name in NEWS_SCHEMA.names]
    return [Told(*row) for row in zip(*columns, strict=True)]


def once(news: NewsTable) -> NewsTable:
    """Each (merchant, source, event_id) counted once: the earliest `known_at`, but a live stamp wins over imports.

    In order of first arrival. Raises DataError DQ014 if one id was told with two contents, naming the first such.
    """
    first = matching.first_of_each(matching.keys_of([news], EVENT[:2], EVENT[2]))
    again = np.flatnonzero(first != np.arange(len(first)))
    if not len(again):
        return news
    require_same_content(news, again, first[again])
    return news.take(pa.array(_kept(news, first, again)))


def require_same_content(news: NewsTable, rows: Array, others: Array) -> None:
    """Raise DataError DQ014 at the first of `rows` whose content differs from that of its row in `others`."""
    one, other = (news.select(_CONTENT).take(pa.array(at)) for at in (rows, others))
    differs = np.zeros(len(rows), dtype=bool)
    for name in _CONTENT:
        differs |= _differs(one[name], other[name])
    differs &= ~(is_erased(one) | is_erased(other))
    if differs.any():
        raise told_differently(told_of(news.slice(rows[differs.argmax()], 1))[0])


def is_erased(news: NewsTable) -> Array:
    """(k,) was a person taken out of its details (`data/keeping/erasing.py`)? Told again as it was, it stays as it is."""
    return np.array(pc.match_substring(news["details"], ERASED_DETAILS).fill_null(False), dtype=bool)


def _differs(one: Any, other: Any) -> Array:
    """Where two columns differ; nothing told equals nothing told."""
    unequal = pc.not_equal(one, other).fill_null(False)
    differs: Array = np.array(pc.or_(unequal, pc.xor(one.is_valid(), other.is_valid())), dtype=bool)
    return differs


def _kept(news: NewsTable, first: Array, again: Array) -> Array:
    """Of the rows with one `first`, the one that counts; in order of `first`."""
    told_more = np.unique(np.append(again, first[again]))
    live, known_at = (np.array(news[name].take(pa.array(told_more))) for name in ("live", "known_at"))
    best = told_more[np.lexsort((known_at, ~live, first[told_more]))]
    counts: Array = np.arange(len(first))
    counts[first[best[::-1]]] = best[::-1]  # the best of each comes first, so it is written last
    kept: Array = counts[first == np.arange(len(first))]
    return kept
