"""Pseudonyms for one import: the database is taken when the first is needed, and kept or given back as a whole."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np

from data.keeping import journal
from data.keeping.database import Connection, begin_writing, commit, hold_in_memory, roll_back

_CACHE_KIB = 256 * 1024  # tokens are random: their index is written all over


class Numbering:
    """`assign(kind, tokens)` for a `Desk`; everything assigned is kept when the block ends well, else nothing is.

    Until the first call nothing is locked, so a service goes on writing while files are read. Raises DataError DB007
    if somebody holds the database for ten minutes.
    """

    def __init__(self, connection: Connection, say: Callable[[str], None]) -> None:
        self._connection, self._say = connection, say

    def assign(self, kind: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
        if not self._connection.in_transaction:
            self._begin()
        return journal.assign_pseudonyms(self._connection, kind, tokens)

    def _begin(self) -> None:
        hold_in_memory(self._connection, _CACHE_KIB)
        begin_writing(self._connection, self._say)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._connection.in_transaction:
            return
        try:
            if error is None:
                commit(self._connection)
        finally:
            roll_back(self._connection)
