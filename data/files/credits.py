"""Rows that take an earlier line back, as times of that line: `credited_at`, and `settled_at` once none can come."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from data.contract import DAY
from data.files.conditions import cell_text, column_of, fitting
from data.files.mapping import Mapping
from data.files.moments import moments as parse
from data.files.shaping import Credits
from data.files.sheets import Sheet

CREDITED_AT, SETTLED_AT = "credited_at", "settled_at"


def credited(sheet: Sheet, mapping: Mapping, credits: Credits, notes: dict[str, int]) -> Sheet:
    """The sheet without its credits, with two columns of times (UTC).

    credited_at: the first credit of the line; a credit belongs to the newest line before it with equal `match`
    columns, at most `within_days` older.  settled_at: the end of those days for a line that was not credited in them,
    blank where the file ends before: such a line may still be credited. A credit of no line is left out and counted.
    """
    is_credit = fitting(sheet, credits.when)
    source = mapping.orders["placed_at"]
    cells = column_of(sheet, source.column or "", "[credits]").combine_chunks()
    read = parse(cells, source.formats, mapping.timezone)
    micros, bad = read.micros, read.bad
    keys = _keys(sheet, credits.match)
    window = int(credits.within_days * DAY)
    first = np.full(len(sheet), np.iinfo(np.int64).max)
    n_matched = _match(keys, micros, is_credit & ~bad, ~is_credit & ~bad, window, first)
    notes["credits_of_a_line"] = notes.get("credits_of_a_line", 0) + n_matched
    n_alone = int(is_credit.sum()) - n_matched
    notes["credits_of_no_line_left_out"] = notes.get("credits_of_no_line_left_out", 0) + n_alone
    end = int(micros[~bad].max(initial=0))
    is_credited = first < np.iinfo(np.int64).max
    unsettled = is_credited | bad | (micros + window > end)
    table = sheet.table
    for name, values, blank in ((CREDITED_AT, first, ~is_credited), (SETTLED_AT, micros + window, unsettled)):
        table = table.append_column(name, pa.array(values, pa.timestamp("us", tz="UTC"), mask=blank))
    return replace(sheet, table=table).taken(~is_credit)


def _keys(sheet: Sheet, names: list[str]) -> list[tuple[str, ...] | None]:
    columns = [column_of(sheet, name, "[credits] match").to_pylist() for name in names]
    texts = [[cell_text(cell) for cell in cells] for cells in columns]
    return [key if all(key) else None for key in zip(*texts, strict=True)]


def _match(keys: list[Any], moments: Any, credits: Any, lines: Any, window: int, first: Any) -> int:
    """Fill `first` with each line's first credit; returns how many credits found their line."""
    of_key: dict[Any, list[int]] = {}
    for i in np.flatnonzero(credits):
        of_key.setdefault(keys[i], []).append(int(i))
    of_key.pop(None, None)
    newest: dict[Any, list[int]] = {key: [] for key in of_key}
    for i in np.flatnonzero(lines):
        if keys[i] in newest:
            newest[keys[i]].append(int(i))
    matched = 0
    for key, rows in of_key.items():
        earlier = sorted(newest[key], key=lambda i: moments[i])
        at = [moments[i] for i in earlier]
        for row in rows:
            place = int(np.searchsorted(at, moments[row], side="right")) - 1
            if place >= 0 and moments[row] - at[place] <= window:
                first[earlier[place]] = min(first[earlier[place]], moments[row])
                matched += 1
    return matched
