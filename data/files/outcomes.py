"""What statuses mean: the rule each row fits, the times it asks for, and what the lines of one order say together."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import Column, Stage
from data.files.codes import Array, pairs
from data.files.conditions import absent
from data.files.distinct import first_rows
from data.files.lines import Lines, as_written, matches
from data.files.mapping import Mapping, News
from data.files.moments import Moments, ends_of_local_days, moments
from data.files.parsing import Unfit

_STATUS = Column("status", "text", Stage.PLACED, "what the export says became of the line")
_KEPT, _BACK = frozenset({"delivered", "returned"}), frozenset({"rto_started", "rto_received"})
_FINAL = _KEPT | _BACK | {"partially_delivered", "lost"}
MIXED = "mixed"


def rule_of_rows(lines: Lines, mapping: Mapping) -> Array:
    """(n,) index of the first rule each row fits; a row that fits none is refused (DQ007)."""
    chosen = np.full(len(lines), -1)
    for index, rule in enumerate(mapping.rules):
        chosen[(chosen < 0) & matches(lines, rule.when)] = index
    columns = list(dict.fromkeys(name for rule in mapping.rules for name in rule.when))
    rows = np.flatnonzero(chosen < 0)
    if len(rows):
        said = [lines.cells(name).take(pa.array(rows)).to_pylist() for name in columns]
        shown = [" / ".join("" if v is None else str(v) for v in row) for row in zip(*said, strict=True)]
        expected = f"values of {', '.join(columns)} that some [[rules]] entry of the mapping covers"
        lines.refuse(rows, _STATUS, Unfit("DQ007", expected), shown)
    return chosen


def time_name(news: News) -> str:
    """Name of the joined column that holds the moments of `news`."""
    return f"_at {news.column} {'|'.join(news.formats)}"


def event_times(lines: Lines, mapping: Mapping, chosen: Array) -> dict[str, Array]:
    """Moments (n,) of the file columns that rules take times from, by `time_name`; NaN where the cell is empty.

    chosen: (n,) each row's rule. Rows whose rule asks for a time that cannot be read are refused (DQ004), and those
    where it lies before the order was placed (DQ013). Raises DataError DQ002 if the file has no such column.
    """
    read: dict[str, Moments] = {}
    for index, rule in enumerate(mapping.rules):
        for news in rule.news:
            if news.column is None:
                continue
            if not lines.has(news.column):
                raise absent(lines.sheet, news.column, "a rule")
            column, cells, name = (
                Column(news.column, "time", Stage.PLACED, ""),
                lines.cells(news.column),
                time_name(news),
            )
            if name not in read:
                read[name] = moments(cells, news.formats, mapping.timezone)
                lines.note_formats(read[name])
            found, asked = read[name], chosen == index
            unread = asked & found.bad & np.asarray(pc.is_valid(cells))
            lines.refuse_where(unread, column, Unfit("DQ004", as_written(news.formats)), cells)
            early = asked & ~found.bad & (_known(found.micros, news, mapping) < lines.columns["placed_at"])
            lines.refuse_where(early, column, Unfit("DQ013", "a time not before the order was placed"), cells)
    return {name: np.where(found.bad, np.nan, found.micros.astype(float)) for name, found in read.items()}


def _known(micros: Array, news: News, mapping: Mapping) -> Array:
    if not (news.date_only or mapping.orders["placed_at"].date_only):
        return micros
    return ends_of_local_days(micros, mapping.timezone)


def decided_by(kinds: list[str], lines_decide: Literal["all", "any"] = "all") -> str | None:
    """What several lines of one order say together, from each line's last news ("" where none was told).

    Cancelled lines were never shipped and say nothing beside shipped ones. As long as one shipped line is under way,
    so is the order. It came back only if every line did; lines delivered and returned are mixed. With "any", the
    first line that came back decides, whatever became of the others.

    >>> decided_by(["delivered", "cancelled"]), decided_by(["delivered", "rto_started"]), decided_by(["delivered", ""])
    ('delivered', 'mixed', None)
    >>> decided_by(["returned", "delivered"]), decided_by(["lost", "rto_received"]), decided_by(["", "dispatched"])
    ('delivered', 'mixed', 'dispatched')
    >>> decided_by(["delivered", "rto_started"], "any"), decided_by(["dispatched", "rto_received"], "any")
    ('rto_started', 'rto_received')
    """
    shipped = [k for k in kinds if k != "cancelled"]
    if not shipped:
        return "cancelled"
    if lines_decide == "any" and (back := [k for k in shipped if k in _BACK]):
        return back[0]
    if under_way := [k for k in shipped if k not in _FINAL]:
        return next((k for k in under_way if k), None)
    said = set(shipped)
    if len(said) == 1 or said <= _BACK:
        return shipped[0]
    return "delivered" if said <= _KEPT else MIXED


def verdicts(owner: Array, kind: Array, words: list[str], lines_decide: Literal["all", "any"]) -> tuple[Array, Array]:
    """`decided_by` for many orders. owner: (n,) the order 0..k-1 of each line; kind: (n,) its place in `words`.

    Returns (k,) which row's news is the order's, -1 where it is none's (nothing told, or mixed); and (k,) which are
    mixed. What lines say together depends only on the order in which kinds appear first, so each such sequence is
    judged once.
    """
    n_orders = int(owner.max(initial=-1)) + 1
    _, firsts = pairs(owner, kind)
    firsts = np.sort(firsts)
    owner, kind, rows = owner[firsts], kind[firsts], firsts
    sequence, sequences = _sequences(owner, kind, n_orders)
    said = [decided_by([words[k] for k in told], lines_decide) for told in sequences]
    wanted = np.array([words.index(word) if word in words else -1 for word in said], dtype=np.int64)
    deciding = np.full(n_orders, -1)
    chosen = kind == wanted[sequence][owner]
    deciding[owner[chosen]] = rows[chosen]
    return deciding, np.array([word == MIXED for word in said], dtype=bool)[sequence]


def _sequences(owner: Array, kind: Array, n_orders: int) -> tuple[Array, list[tuple[int, ...]]]:
    """(k,) which of the sequences each order tells; an order's rows stand in the order of telling."""
    by_order = np.argsort(owner, kind="stable")
    owner, kind = owner[by_order], kind[by_order]
    place = np.arange(len(owner)) - first_rows(owner)[owner]
    sequence = np.zeros(n_orders, dtype=np.int64)
    sequences: list[tuple[int, ...]] = [()]
    for step in range(int(place.max(initial=-1)) + 1):
        at = place == step
        who = owner[at]
        codes, rows = pairs(sequence[who], kind[at])
        grown = [
            (*sequences[s], int(k)) for s, k in zip(sequence[who[rows]].tolist(), kind[at][rows].tolist(), strict=True)
        ]
        sequence[who] = codes + len(sequences)
        sequences += grown
    return sequence, sequences
