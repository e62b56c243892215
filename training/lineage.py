"""Two runs compared by what was said while each served: a run whose calibrator was refreshed has a forerunner."""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from training.comparison import IDS, compare
from training.run_names import RunRef
from training.tracking import Tracker

Span: TypeAlias = tuple[int | None, int | None]
"""From a moment on, up to another, itself outside; microseconds. None: without end."""


def compare_runs(tracker: Tracker, ref: RunRef, other: RunRef, span: Span = (None, None)) -> dict[str, Any]:
    """`compare` two runs. One whose calibrator was refreshed, against the run it came from: on the orders it judged."""
    frame = tracker.predictions(ref)
    if came_from(frame) == other.run_id:
        own = within(frame, span)
        return compare(own, own.assign(p_model=own["p_before"]))
    return compare(within(lineage(tracker, ref), span), within(lineage(tracker, other), span))


def lineage(tracker: Tracker, ref: RunRef) -> pd.DataFrame:
    """What was said of test orders by a run and by those it came from, each order by the newest.

    A refreshed calibrator is judged on a few weeks; before them its forerunner served, and that is what was said then.
    """
    frame = tracker.predictions(ref)
    before = came_from(frame)
    if before is None:
        return frame
    older = lineage(tracker, tracker.resolve(ref.pool, before))
    if "buyer" in frame and "buyer" in older:  # each table numbers its own buyers
        older = older.assign(buyer=older["buyer"] + 1 + frame["buyer"].max())
    both = pd.concat([frame, older], ignore_index=True, join="inner")
    return both.drop_duplicates(list(IDS), ignore_index=True)


def came_from(frame: pd.DataFrame) -> str | None:
    """The run whose calibrator was refreshed, of the predictions of a refreshed one; None of any other."""
    return str(frame["before_run"].iloc[0]) if "before_run" in frame else None


def within(frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Rows placed in the span, its end outside."""
    start, end = span
    keep = np.ones(len(frame), dtype=bool)
    if start is not None:
        keep &= frame["placed_at"].to_numpy(np.int64) >= start
    if end is not None:
        keep &= frame["placed_at"].to_numpy(np.int64) < end
    return frame[keep]
