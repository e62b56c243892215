"""Files into sheets: the rows of an export as written, column by column, nothing guessed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data.errors import Fault


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one file as written.

    file: its name.  table: a pyarrow table of n rows, columns by the names in the file's first line; text cells are
    trimmed and blank ones null; CSV cells are all text, other formats bring numbers, times and flags as they are.
    rows: (n,) the number a person finds each row by.  faults: rows that could not be read as rows at all.
    """

    file: str
    table: Any
    rows: "np.ndarray[Any, Any]"
    faults: list[Fault] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)
