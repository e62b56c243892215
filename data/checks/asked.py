"""A frame that is put to Great Expectations, and what its rows are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data.checks.check import Tally


@dataclass(frozen=True, slots=True)
class Asked:
    """frame: what rules are run on.  names: what failed rows are called (order numbers, days, columns), by position.
    tallies: column -> the counts behind a share that a rule judges."""

    frame: pd.DataFrame
    names: "pd.Series[Any] | None" = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)
