"""Orders as rules see them, from plain columns: what is not told is missing."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data.files.distinct import Distinct, distinct


@dataclass
class PlainTraits:
    """n orders. columns: by trait; numbers with None for missing, money in minor units, texts, pseudonyms of persons."""

    n: int
    columns: dict[str, list[Any]] = field(default_factory=dict)
    now: int = 0

    def __len__(self) -> int:
        return self.n

    def at(self) -> Any:
        return np.full(self.n, self.now, dtype=np.int64)

    def number(self, name: str) -> Any:
        return np.array([np.nan if v is None else v for v in self.columns.get(name, [None] * self.n)], dtype=np.float64)

    def text(self, name: str) -> Distinct:
        return distinct(self.columns.get(name, [None] * self.n))

    def person(self, kind: str) -> Any:
        return np.array(self.columns.get(kind, [-1] * self.n), dtype=np.int64)
