"""Tables of news as a merchant tells them: rows that break a rule of time, identity or details are refused."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import contract
from data.contract import NEWS_COLUMNS
from data.details import keep_details
from data.files.codes import Array, Cells, codes_of, encoded, pairs, texts_of
from data.files.joining import Orders
from data.files.lines import Lines
from data.files.moments import ends_of_local_days
from data.files.parsing import Unfit
from data.files.telling import Teller, Told, news_of

_COLUMNS = {c.name: c for c in NEWS_COLUMNS}
_MASKED_DETAILS = contract.Column("details", "text", contract.Stage.PLACED, "", personal=True)
_ALWAYS = ("correction", "action_taken", "address_corrected")
"""News that is nothing without its details."""


@dataclass(frozen=True, slots=True)
class TableOfNews:
    """One table of news, understood. told: its columns.  already: how many faults its cells had before."""

    part: Lines
    told: dict[str, Any]
    already: int


def understood(part: Lines, teller: Teller) -> TableOfNews:
    """The columns of one table, details as they are kept: persons in them are numbered at the desk."""
    already = len(part.faults)
    told = _columns(part, teller)
    nobody = np.asarray(pc.is_null(told["merchant_id"])) & ~part.bad
    unfit = Unfit("DQ005", "a merchant on every row, or --merchant NAME")
    part.refuse_where(nobody, _COLUMNS["merchant_id"], unfit, pa.nulls(len(part)))
    told["details"] = _details(part, told["type"], teller)
    return TableOfNews(part, told, already)


def told_by_table(table: TableOfNews, orders: Orders, teller: Teller) -> Told:
    """The news of one table, and (n,) the order each piece belongs to, -1 where this import has no such order."""
    part, told = table.part, table.told
    of = order_of(told["merchant_id"], told["order_id"], orders)
    _refuse_untimely(part, told, of, orders, teller)
    _refuse_other_content(part, told)
    part.faults[table.already :] = sorted(part.faults[table.already :], key=lambda fault: fault.row)
    news = news_of(told)
    return (news.filter(pa.array(~part.bad)), of[~part.bad]) if part.bad.any() else (news, of)


def _columns(part: Lines, teller: Teller) -> dict[str, Any]:
    told = {name: column for name, column in part.columns.items() if name != "details"}
    for name, default in (("merchant_id", teller.merchant_id), ("source", teller.mapping.name)):
        found = told.get(name)
        found = pa.nulls(len(part), pa.string()) if found is None else found.cast(pa.string())
        told[name] = found if default is None else pc.fill_null(found, default)
    source = teller.mapping.news["known_at"]
    if source.date_only:
        told["known_at"] = ends_of_local_days(told["known_at"], teller.mapping.timezone)
    return told


def order_of(merchants: Cells, order_ids: Cells, orders: Orders) -> Array:
    """(n,) the order of each (merchant, order id), -1 for those that are not among `orders`."""
    names, ids = encoded(orders.columns["merchant_id"]), encoded(orders.columns["order_id"])
    own, place = _places(merchants, names.dictionary), _places(order_ids, ids.dictionary)
    size = len(names.dictionary)
    found = np.full(len(ids.dictionary) * size, -1)
    found[codes_of(ids) * size + codes_of(names)] = np.arange(len(orders))
    return np.where((place < 0) | (own < 0), -1, found[place * size + own]) if len(found) else np.full(len(own), -1)


def _places(cells: Cells, values: Cells) -> Array:
    return np.asarray(pc.fill_null(pc.index_in(cells.cast(pa.string()), values), -1)).astype(np.int64)


def _details(part: Lines, kinds: Cells, teller: Teller) -> Cells:
    """What is kept of the details, for the rows that have them; the rest are null. Refused where they do not fit."""
    told = part.columns.get("details")
    told = pa.nulls(len(part), pa.string()) if told is None else told.cast(pa.string())
    asked = pc.or_(pc.is_valid(told), pc.fill_null(pc.is_in(kinds, pa.array(_ALWAYS)), False))
    rows = np.flatnonzero(np.asarray(asked) & ~part.bad)
    if not len(rows):
        return pa.nulls(len(part), pa.string())
    at = pa.array(rows)
    place: dict[tuple[str, str | None], int] = {}
    words, texts = kinds.take(at).to_pylist(), told.take(at).to_pylist()
    codes = [place.setdefault(pair, len(place)) for pair in zip(words, texts, strict=True)]
    said = [_said(kind, text, teller) for kind, text in place]
    kept = keep_details([kind for kind, _ in place], said, teller.desk)
    wrong = [i for i, code in enumerate(codes) if isinstance(kept[code], Exception)]
    part.refuse(
        rows[wrong], _MASKED_DETAILS, [_unfit(words[i], kept[codes[i]]) for i in wrong], [texts[i] for i in wrong]
    )
    found = np.full(len(part), -1)
    found[rows] = codes
    return texts_of(found, [None if isinstance(one, Exception) else one for one in kept]).cast(pa.string())


def _said(kind: str, text: str | None, teller: Teller) -> Any:
    """The details as told: a table, or what is wrong with the text."""
    try:
        said = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        return error
    if isinstance(said, dict) and kind == "address_corrected" and isinstance(said.get("address"), dict):
        return {**said, "address": {"country": teller.mapping.country, **said["address"]}}
    return said


def _unfit(kind: str, error: Any) -> Unfit:
    needs = f", with {error.args[0]!r}" if isinstance(error, KeyError) and kind != "action_taken" else ""
    return Unfit("DQ015", f"details of {kind} as a JSON object{needs}")


def _refuse_untimely(part: Lines, told: dict[str, Any], of: Array, orders: Orders, teller: Teller) -> None:
    known, placed = told["known_at"], orders.columns["placed_at"]
    early = known < told["happened_at"]
    if len(orders):
        early |= (of >= 0) & (known < placed[of])
    source = teller.mapping.news["known_at"]
    cells = part.cells_of(source)
    expected = "known_at not before happened_at, nor before the order's placed_at"
    late = ~early & (known > (np.inf if teller.exported_at is None else teller.exported_at))
    sound = ~part.bad
    part.refuse_where(early & sound, _COLUMNS["known_at"], Unfit("DQ013", expected), cells)
    expected = "known_at not after the moment the files were exported"
    part.refuse_where(late & sound, _COLUMNS["known_at"], Unfit("DQ013", expected), cells)


def _of_rows(cells: Cells, rows: Array) -> Cells:
    return cells if len(rows) == len(cells) else cells.take(pa.array(rows))


def _refuse_other_content(part: Lines, told: dict[str, Any]) -> None:
    """One (merchant, source, event_id) told twice has one content: the first time it is told in this table."""
    rows = np.flatnonzero(~part.bad)
    if not len(rows):
        return
    events = codes_of(_of_rows(told["event_id"], rows))
    if events.max() + 1 == len(rows):
        return
    merchants, sources = (codes_of(_of_rows(told[name], rows)) for name in ("merchant_id", "source"))
    key, first = pairs(pairs(events, merchants)[0], sources)
    again = np.flatnonzero(first[key] != np.arange(len(rows)))
    if not len(again):
        return
    here, there = rows[again], rows[first[key[again]]]
    other = told["happened_at"][here] != told["happened_at"][there]
    for name in ("order_id", "type", "reason", "details"):
        column = told.get(name)
        if column is not None:
            own = codes_of(column.take(pa.array(np.concatenate([here, there]))))
            other |= own[: len(here)] != own[len(here) :]
    marked = np.zeros(len(part), dtype=bool)
    marked[here[other]] = True
    expected = "one content for each (merchant, source, event_id); to take news back, tell a correction"
    part.refuse_where(marked, _COLUMNS["event_id"], Unfit("DQ014", expected), told["event_id"])
