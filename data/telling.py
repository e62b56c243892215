"""The news of an import: told by statuses (`rules`), by tables of news, and `placed` for every order."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from data import contract, outcomes, parsing
from data.arrival import Desk
from data.contract import NEWS_COLUMNS
from data.details import kept_details
from data.history import Told
from data.lines import Lines
from data.mapping import Mapping
from data.outcomes import Placed
from data.parsing import Unfit

_COLUMNS = {c.name: c for c in NEWS_COLUMNS}


@dataclass(frozen=True, slots=True)
class Teller:
    """What telling needs beside the tables. merchant_id: where no column says it.  exported_at: declared, or None."""

    mapping: Mapping
    desk: Desk
    merchant_id: str | None
    exported_at: int | None

    def known(self, name: str) -> Callable[[int], int]:
        """A moment of the news column `name` as known: days without an hour are known at their end."""
        source = self.mapping.news.get(name)
        if source is None or not source.date_only:
            return lambda moment: moment
        return lambda moment: parsing.end_of_local_day(moment, self.mapping.timezone)


def declared_export(mapping: Mapping) -> int | None:
    """The mapping's exported_at; a day without an hour is its end."""
    if mapping.exported_at is None:
        return None
    moment = datetime.fromisoformat(mapping.exported_at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone))
    micros = int(moment.timestamp() * contract.SECOND)
    day_only = len(mapping.exported_at) == len(date.min.isoformat())
    return parsing.end_of_local_day(micros, mapping.timezone) if day_only else micros


def told_by_rules(good: pd.DataFrame, orders: pd.DataFrame, teller: Teller, notes: dict[str, int]) -> list[Told]:
    """News of statuses. good: the lines with the newest status.  notes: counts news whose time column is empty."""
    mapping, date_only = teller.mapping, teller.mapping.orders["placed_at"].date_only
    at = {name: good[name].to_numpy(float) for name in good.columns if name.startswith("_at ")}
    rule_of_line = good["_rule"].to_numpy(int)
    lines_of: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(good["merchant_id"], good["order_id"], strict=True)):
        lines_of.setdefault(key, []).append(i)
    told: list[Told] = []
    silent = 0
    for merchant, order, moment in zip(orders["merchant_id"], orders["order_id"], orders["placed_at"], strict=True):
        placed = Placed(merchant, order, int(moment), date_only, teller.exported_at)
        own = [
            (mapping.rules[rule_of_line[i]].news, {name: float(values[i]) for name, values in at.items()})
            for i in lines_of[merchant, order]
        ]
        news, times = _together(placed, own, mapping.lines_decide)
        said = outcomes.tell(placed, news, times, mapping)
        silent += len(news) - len(said)
        told += said
    notes["statuses_without_a_time"] = silent
    return told


def _together(placed: Placed, own: list[Any], lines_decide: str) -> tuple[list[Any], dict[str, float]]:
    """What one order's lines say together: (news, times). own: (news, times) of each line."""
    kinds = [news[-1].type if news else "" for news, _ in own]
    verdict = outcomes.decided_by(kinds, lines_decide)
    if verdict is None:
        return [], {}
    if verdict != "mixed":
        chosen: tuple[list[Any], dict[str, float]] = own[kinds.index(verdict)]
        return chosen
    shipped = [line for line, kind in zip(own, kinds, strict=True) if kind != "cancelled"]
    moments = [outcomes.moment_of(news[-1], placed, times) for news, times in shipped]
    told = [(m, i) for i, m in enumerate(moments) if m == m]  # mixed is known with the last line's fate
    news, times = shipped[max(told)[1] if told else 0]
    return [news[-1].model_copy(update={"type": "partially_delivered", "reason": None})], times


def told_by_table(part: Lines, placed_at: dict[tuple[str, str], int], teller: Teller) -> list[Told]:
    """News of one table of news; rows that break a rule of time, identity or details are refused."""
    bad = part.bad_rows
    seen: dict[tuple[str, str, str], Told] = {}
    told = []
    for i in range(len(part.table)):
        if i in bad or (one := _told(part, i, teller)) is None:
            continue
        key = (one.merchant_id, one.source, one.event_id)
        placed = placed_at.get((one.merchant_id, one.order_id))
        if not _in_time(part, i, one, placed, teller) or not _same_again(part, i, one, seen.setdefault(key, one)):
            continue
        told.append(one)
    return told


def _cell(part: Lines, name: str, i: int) -> Any:
    values: Sequence[Any] | None = part.columns.get(name)
    return None if values is None else values[i]


def _told(part: Lines, i: int, teller: Teller) -> Told | None:
    merchant = _cell(part, "merchant_id", i) or teller.merchant_id
    if merchant is None:
        part.refuse_row(i, _COLUMNS["merchant_id"], Unfit("DQ005", "a merchant on every row, or --merchant NAME"), None)
        return None
    happened, known, kind = (part.columns[name][i] for name in ("happened_at", "known_at", "type"))
    try:
        details = _details(kind, _cell(part, "details", i), teller)
    except (ValueError, TypeError, KeyError) as error:
        needs = f", with {error.args[0]!r}" if isinstance(error, KeyError) and kind != "action_taken" else ""
        expected = f"details of {kind} as a JSON object{needs}"
        part.refuse_row(i, _MASKED_DETAILS, Unfit("DQ015", expected), _cell(part, "details", i))
        return None
    return Told(
        merchant, part.columns["order_id"][i], _cell(part, "source", i) or teller.mapping.name,
        part.columns["event_id"][i], kind, int(happened), teller.known("known_at")(int(known)),
        _cell(part, "reason", i), details,
    )  # fmt: skip


_MASKED_DETAILS = contract.Column("details", "text", contract.Stage.PLACED, "", personal=True)


def _details(kind: str, text: str | None, teller: Teller) -> str | None:
    said = json.loads(text) if text else {}
    if not isinstance(said, dict):
        raise TypeError("details")
    if kind == "address_corrected" and isinstance(said.get("address"), dict):
        said = {**said, "address": {"country": teller.mapping.country, **said["address"]}}
    return kept_details(kind, said, teller.desk)


def _in_time(part: Lines, i: int, one: Told, placed: int | None, teller: Teller) -> bool:
    expected = None
    if one.known_at < one.happened_at or (placed is not None and one.known_at < placed):
        expected = "known_at not before happened_at, nor before the order's placed_at"
    elif teller.exported_at is not None and one.known_at > teller.exported_at:
        expected = "known_at not after the moment the files were exported"
    if expected is None:
        return True
    source = teller.mapping.news["known_at"].column
    cell = part.table[source].iloc[i] if source in part.table else None
    part.refuse_row(i, _COLUMNS["known_at"], Unfit("DQ013", expected), cell)
    return False


def _same_again(part: Lines, i: int, one: Told, first: Told) -> bool:
    if one.content() == first.content():
        return True
    expected = "one content for each (merchant, source, event_id); to take news back, tell a correction"
    part.refuse_row(i, _COLUMNS["event_id"], Unfit("DQ014", expected), one.event_id)
    return False


def with_placed(told: list[Told], orders: pd.DataFrame, teller: Teller) -> list[Told]:
    """`placed` for every order that nothing placed yet: known at placed_at; on date-only days, at their end."""
    have = {(t.merchant_id, t.order_id) for t in told if t.type == "placed"}
    name, zone, date_only = teller.mapping.name, teller.mapping.timezone, teller.mapping.orders["placed_at"].date_only
    out = list(told)
    for merchant, order, moment in zip(orders["merchant_id"], orders["order_id"], orders["placed_at"], strict=True):
        if (merchant, order) not in have:
            at = int(moment)
            known = parsing.end_of_local_day(at, zone) if date_only else at
            known = outcomes.clipped(known, Placed(merchant, order, at, date_only, teller.exported_at))
            out.append(Told(merchant, order, name, f"{order}:placed", "placed", at, known))
    return out
