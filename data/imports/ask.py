"""Orders of files as told, to be asked about: the import's own conversion, without news and without keeping anything."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import ingest
from data.files import joining, refused
from data.files.mapping import Mapping as FileMapping
from data.ingest import Options

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ToldOrders:
    """Orders as `data/arrival.py` takes them, in the order of the files; n_rows lines told them.

    refused: by code, how many cells were refused and their orders left out.
    """

    columns: Mapping[str, Sequence[Any]]
    n_rows: int
    refused: dict[str, int]

    def __len__(self) -> int:
        return len(self.columns["order_id"])

    def listed(self, name: str) -> list[Any]:
        """One column of texts, None where missing or not told at all."""
        column: Any = self.columns.get(name)
        return [None] * len(self) if column is None else column.to_pylist()

    def part(self, start: int, end: int) -> dict[str, Sequence[Any]]:
        """Orders start to end - 1."""
        return {name: values[start:end] for name, values in self.columns.items()}


def orders_told(paths: list[Path], mapping: FileMapping, options: Options, progress: Progress) -> ToldOrders:
    """The orders of files, through a mapping; its rules and any file of news are not looked at.

    Raises DataError at the first refused row unless bad rows are skipped; UsageError CLI005 if no file holds orders.
    """
    prepared, read = ingest.order_lines(paths, mapping, progress, new=True)
    joined = joining.join(read, [None] * len(read), mapping, options.merchant_id)
    placing, _ = joining.good_rows(joined, read, {})
    orders = joining.orders_of(joined, placing, mapping, asked=True)
    faults = ingest.faults_of(*read)
    if faults and not options.skip_bad_rows:
        raise refused.refusal(faults, prepared.doubts)
    if not len(orders):
        raise refused.nothing_left(faults, prepared.doubts)
    by_code = dict(sorted(Counter(f.code for f in faults).items()))
    return ToldOrders(joining.as_told(orders, mapping), prepared.n_rows, by_code)
