"""A merchant's local days and hours, for whole columns of moments."""

from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from data.contract import SECOND

Array: TypeAlias = np.ndarray[Any, Any]
_STEP = 900 * SECOND  # no zone changes its clock between quarters of an hour


def offsets(moments: Array, zone: ZoneInfo) -> Array:
    """What to add to moments (n,) in microseconds UTC to read them on the clock of `zone`, (n,)."""
    quarters, inverse = np.unique(moments // _STEP, return_inverse=True)
    found = [_offset(int(q) * _STEP, zone) for q in quarters]
    return np.array(found, dtype=np.int64)[inverse]


def _offset(moment: int, zone: ZoneInfo) -> int:
    told = datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone).utcoffset()
    assert told is not None, "a moment in a zone has an offset"
    return round(told.total_seconds()) * SECOND
