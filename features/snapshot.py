"""What a replay read, kept beside its state: the next one over a longer history goes on from there, bit for bit.

A snapshot holds, for each fold (a kind of key, or a link), what the first n orders read, and the state by all that was
visible before `moment`, when the last of them was placed. It counts for another history if nothing that shaped it
differs there: those orders' keys and amounts, and all news of them known before that moment (`prefix_of`). A segment that
tells of something known earlier makes another prefix, and the snapshot is not used. Nor is one of another format, of
other sums, of other kernels, or one that is damaged: a replay never needs it.

    FOLD.json                 which parts and which state, of how many orders, of which prefix; written last
    FOLD.*.parquet            parts of the readings, a column for each sum     FOLD.*.state.parquet   the state
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.history import PLACE_AND_ADDRESS, Array, History
from data.pool import replace_text
from features.compiled import KERNELS
from features.keys import KINDS

FORMAT = 1
_MOST_PARTS = 12
_KEY_COLUMNS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.columns))
_SHAPES = (*_KEY_COLUMNS, "name", "placed_at", "amount_minor", "payment_method")
"""Columns of an order that a fold looks at."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first n orders of a history, and what was known of them before the last of them was placed.

    moment: when that was.  digest: of all that shapes what they read, and the state.  key_rows: those of the orders, and
    of addresses corrected until then.
    """

    n: int
    moment: int
    digest: str
    key_rows: Array


def prefix_of(history: History, n: int) -> Prefix:
    """The first n > 0 orders. Two histories with equal digests read and keep the same, whatever else they hold."""
    moment = int(history.orders["placed_at"][n - 1])
    news = {name: column[: history.start[n]] for name, column in history.news.items()}
    known = news["known_at"] < moment
    owner = np.repeat(np.arange(n), np.diff(history.start[: n + 1]))[known]
    told = {name: column[known] for name, column in news.items()}
    by_rank = np.lexsort((told["rank"], owner))
    rank = np.empty(len(owner), dtype=np.int64)
    rank[by_rank] = np.arange(len(owner))
    versions = told["version"][told["version"] > 0] - 1
    told |= {"rank": rank, "version": told["version"] > 0, "owner": owner}
    begun = "" if history.opening is None else f" {history.opening.digest}"
    digest = hashlib.blake2b(f"{n} {moment}{begun}".encode(), digest_size=16)
    for columns, names in (
        ({name: history.orders[name][:n] for name in _SHAPES}, _SHAPES),
        (told, sorted(told)),
        ({name: history.corrected[name][versions] for name in PLACE_AND_ADDRESS}, PLACE_AND_ADDRESS),
    ):
        for name in names:
            digest.update(name.encode())
            digest.update(_content(columns[name]))
    return Prefix(n, moment, digest.hexdigest(), np.concatenate([np.arange(n), len(history) + versions]))


def _content(column: Array) -> bytes:
    """Bytes that differ where values do."""
    if column.dtype != object:
        return np.ascontiguousarray(column).tobytes()
    codes, words = pd.factorize(column)
    return np.asarray(codes).tobytes() + json.dumps([repr(word) for word in words]).encode()


def first_met(key: Array, prefix: Prefix) -> Array:
    """Codes of the keys of a prefix, in the order in which its key rows name them: alike in every history that has it."""
    told = key[prefix.key_rows]
    keys: Array = pd.unique(told[told >= 0])
    return keys


def columns_of(parts: dict[str, Array], keys: Array) -> dict[str, Array]:
    """The rows of these keys, a column for each column of each part (n_keys, k), named by part and place."""
    return {f"{name}{j}": part[keys, j] for name, part in parts.items() for j in range(part.shape[1])}


def put_back(parts: dict[str, Array], keys: Array, columns: dict[str, Array]) -> None:
    """The inverse of `columns_of`: into the rows of these keys."""
    for name, part in parts.items():
        for j in range(part.shape[1]):
            part[keys, j] = columns[f"{name}{j}"]


@dataclass(frozen=True, slots=True)
class Held:
    """What a snapshot holds of one fold. readings: a row for each sum, of the first `prefix.n` orders."""

    prefix: Prefix
    readings: list[Array]
    state: dict[str, Array]
    parts: tuple[str, ...]


class Snapshot:
    """The snapshots of the folds of one pool, in a folder. say: told why one is not used."""

    def __init__(self, folder: Path, history: History, say: Callable[[str], None]) -> None:
        self._folder, self._history, self._say = folder, history, say
        self._prefixes, self._lock = dict[int, Prefix](), Lock()
        self._why: frozenset[str] = frozenset()

    def prefix(self, n: int) -> Prefix:
        with self._lock:
            if n not in self._prefixes:
                self._prefixes[n] = prefix_of(self._history, n)
            return self._prefixes[n]

    def load(self, name: str, sums: Sequence[str]) -> Held | None:
        """What is held of a fold, if all of it counts for this history."""
        try:
            told = json.loads((self._folder / f"{name}.json").read_text())
            why = self._refused(told, sums)
            if why is None:
                prefix = self.prefix(told["n"])
                tables = [_read(self._folder / part) for part in (*told["parts"], told["state"])]
                readings = [np.concatenate([_column(t, i) for t in tables[:-1]]) for i in range(len(sums))]
                state = {key: _column(tables[-1], key) for key in tables[-1].column_names}
                if all(len(one) == prefix.n for one in readings):
                    return Held(prefix, readings, state, tuple(told["parts"]))
                why = "it is cut short"
        except FileNotFoundError as error:
            if error.filename == str(self._folder / f"{name}.json"):
                return None
            why = "a part of it is not there"
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            why = f"it is damaged ({type(error).__name__})"
        self._tell_once(f"the snapshot of {name} is not used: {why}", why)
        return None

    def _tell_once(self, text: str, why: str) -> None:
        """One line for each reason: there are dozens of folds."""
        with self._lock:
            first, self._why = why not in self._why, self._why | {why}
        if first:
            self._say(text)

    def _refused(self, told: dict[str, Any], sums: Sequence[str]) -> str | None:
        if told["format"] != FORMAT:
            return f"it has format {told['format']}, not {FORMAT}"
        if told["kernels"] != KERNELS or told["sums"] != list(sums):
            return "it was made by another version, or of other features"
        if not 0 < told["n"] <= len(self._history) or self.prefix(told["n"]).digest != told["prefix"]:
            return "something is told that was known, or placed, before it was made"
        return None

    def keep(self, name: str, sums: Sequence[str], held: Held | None, new: Array, state: dict[str, Array]) -> None:
        """Write what is new of a fold: readings of the orders after the held ones, and its state after them.

        A disk that is full is said, and does not stop a replay.
        """
        try:
            self._keep(name, sums, held, new, state)
        except OSError as error:
            self._tell_once(f"no snapshot of {name} is kept: {error.strerror or error}", str(error.strerror))

    def _keep(self, name: str, sums: Sequence[str], held: Held | None, new: Array, state: dict[str, Array]) -> None:
        n = len(self._history)
        kept: tuple[str, ...] = () if held is None else held.parts
        if held is not None and len(kept) >= _MOST_PARTS:
            kept, new = (), np.concatenate([np.array(held.readings), new], axis=1)
        self._folder.mkdir(parents=True, exist_ok=True)
        own = f"{name}.{os.urandom(4).hex()}"
        _write(self._folder / f"{own}.parquet", {str(i): row for i, row in enumerate(new)})
        _write(self._folder / f"{own}.state.parquet", state)
        told: dict[str, Any] = {
            "format": FORMAT, "kernels": KERNELS, "sums": list(sums), "n": n, "prefix": self.prefix(n).digest,
            "parts": (*kept, f"{own}.parquet"), "state": f"{own}.state.parquet",
        }  # fmt: skip
        replace_text(self._folder / f"{name}.json", json.dumps(told))
        for file in self._folder.glob(f"{name}.*.parquet"):
            if file.name not in (*told["parts"], told["state"]):
                file.unlink(missing_ok=True)


def _write(path: Path, columns: dict[str, Array]) -> None:
    table = pa.table(columns)
    pq.write_table(
        table, path, compression="zstd", compression_level=1, write_page_checksum=True, write_statistics=False
    )


def _read(path: Path) -> Any:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read()


def _column(table: Any, name: int | str) -> Array:
    column: Array = table[name].to_numpy()
    return column
