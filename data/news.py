"""News as a table: what imports carry and what a history is built from. `Told` is one row of it."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeAlias

import pyarrow as pa

from data.history import Told

NewsTable: TypeAlias = Any
"""A pyarrow table with the columns of NEWS_SCHEMA. mypy does not know pyarrow's types."""

_KINDS = {"happened_at": pa.int64(), "known_at": pa.int64(), "live": pa.bool_()}

NEWS_SCHEMA = pa.schema([(f.name, _KINDS.get(f.name, pa.string())) for f in fields(Told)])
"""One column for each field of `Told`; times in microseconds UTC, reason and details null where nothing was told."""


def news_table(told: Iterable[Told]) -> NewsTable:
    """Single pieces of news as a table."""
    rows = list(told)
    columns = {f.name: [getattr(one, f.name) for one in rows] for f in fields(Told)}
    return pa.table(columns, schema=NEWS_SCHEMA)


def told_of(table: NewsTable) -> list[Told]:
    """The inverse of `news_table`: for a few rows, not for a history."""
    columns = [table[name].to_pylist() for name in NEWS_SCHEMA.names]
    return [Told(*row) for row in zip(*columns, strict=True)]
