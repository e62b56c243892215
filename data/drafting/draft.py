"""A mapping proposed for unknown files: everything guessed with its confidence, everything doubtful as a question."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from data.console import Tell
from data.drafting.columns import Guess, guesses, is_status
from data.drafting.dates import read_times
from data.drafting.look import Look, looks_of, sheet_of
from data.drafting.pairs import Pair, side_by_side
from data.drafting.statuses import Status, statuses_of, time_column
from data.drafting.words import COUNTRY_WORDS, PLACES, SIGNS
from data.errors import DataError
from data.phones import phone_of
from data.places import load_register
from data.shaping import File
from data.text import folded


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found in the files, ready to be written as a mapping.

    orders: guess by column of the contract.  left_out: columns of no role.  status: the column of statuses, with what
    each value stands for and, for a kind of news, the column that tells when.  also: values of other columns that tell of
    RTO or loss, by column.  questions: what only a person knows.
    """

    files: list[str]
    file: File
    n_rows: int
    orders: dict[str, Guess]
    left_out: list[Look]
    status: Look | None
    statuses: list[Status]
    also: dict[str, list[Status]]
    times: dict[str, Look]
    pair: Pair | None
    country: str | None
    currency: str | None
    lines: "Several"
    questions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Several:
    """How lines make up orders. fill_down: columns told on an order's first row only; sums: money told per line."""

    n_orders: int
    n_lines: int
    fill_down: list[str]
    sums: set[str]
    n_without_id: int


def draft(paths: list[Path], tell: Tell) -> Draft:
    """Look at files and propose how to read them. Raises DataError DQ001 or DQ021 if one cannot be read at all, DQ023
    if none has a column that could be an order's number, or a time."""
    found = []
    for i, path in enumerate(paths):
        tell("look at the files", i, len(paths))
        found.append(sheet_of(path))
    sheets, pair = side_by_side([sheet for sheet, _ in found])
    main = max(sheets, key=len)
    looks = looks_of(main)
    orders = guesses(looks)
    for role in ("order_id", "placed_at"):
        if role not in orders:
            raise DataError("DQ023", main.file, got=f"no column that could be {role}",
                            expected="a column with the order's number and one with the time it was placed",
                            to_do="look for another export, or write the mapping by hand: docs/mappings.md")  # fmt: skip
    status = _status_column(looks)
    statuses = statuses_of(status) if status else []
    country = _country(orders)
    used = {g.look.name for g in orders.values()} | ({status.name} if status else set())
    times = _times(looks, orders, status, statuses)
    several = _several(main.table, orders)
    made = Draft(
        [p.name for p in paths], found[0][1], len(main), orders,
        [look for look in looks if look.name not in used], status, statuses, _also(looks, status), times, pair, country,
        _currency(orders, country), several,
    )  # fmt: skip
    made.questions.extend(_questions(made, looks, {f for _, f in found}))
    return made


def _status_column(looks: list[Look]) -> Look | None:
    """The column whose words tell most orders' ends; among equals, the one with more kinds of news."""

    def worth(look: Look) -> tuple[float, int]:
        told = statuses_of(look)
        ended = sum(s.n_rows for s in told if s.news in ("delivered", "rto_started", "rto_received"))
        rto = any(s.news.startswith("rto") for s in told)
        return ended / look.n + 0.5 * rto, len({s.news for s in told})

    tried = [look for look in looks if is_status(look)]
    return max(tried, key=worth) if tried else None


def _also(looks: list[Look], status: Look | None) -> dict[str, list[Status]]:
    """What other columns of statuses and reasons say of parcels that came back or were lost."""
    others = [look for look in looks if status is not None and look.name != status.name and is_status(look)]
    told = {
        look.name: [s for s in statuses_of(look) if s.news.startswith("rto") or s.news == "lost"] for look in others
    }
    return {name: found for name, found in told.items() if found}


def _country(orders: dict[str, Guess]) -> str | None:
    if "country" in orders:
        texts = [folded(t) for t in orders["country"].look.texts]
        codes = {t.upper() if len(t) == 2 else COUNTRY_WORDS.get(t) for t in texts}
        if len(codes) == 1:
            return codes.pop()
    if "pincode" in orders and orders["pincode"].look.pin_share > 0.9:
        pins = orders["pincode"].look.texts.str.replace(r"\D|\.0$", "", regex=True).to_numpy(object)
        if (load_register().rows(pins) >= 0).mean() > 0.7:
            return "IN"
    if "currency" in orders:
        codes = {t.upper() for t in orders["currency"].look.texts}
        places = [c for c, (_, money) in PLACES.items() if {money} == codes]
        if len(places) == 1:
            return places[0]
    if "phone" in orders:
        some = orders["phone"].look.texts.head(200)
        regions = {_region(t) for t in some if t.startswith(("+", "00"))}
        if len(regions) == 1:
            return regions.pop()
        fits = {c: sum(phone_of(t, c).e164 is not None for t in some) for c in PLACES}
        best = max(fits, key=lambda c: fits[c])
        rivals = [c for c in fits if fits[c] > 0.9 * fits[best]]
        return best if fits[best] > 0.8 * len(some) and len(rivals) == 1 else None
    return None


def _region(phone: str) -> str | None:
    """The country that an international number names."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse("+" + phone.lstrip("+0"), None))
    except phonenumbers.NumberParseException:
        return None


def _currency(orders: dict[str, Guess], country: str | None) -> str | None:
    if "currency" in orders:
        return None
    if "amount_minor" in orders:
        signs = {
            code
            for sign, code in SIGNS.items()
            if orders["amount_minor"].look.some.str.contains(sign, regex=False).any()
        }
        if len(signs) == 1:
            return signs.pop()
    return PLACES[country][1] if country in PLACES else None


def _times(looks: list[Look], orders: dict[str, Guess], status: Look | None, statuses: list[Status]) -> dict[str, Look]:
    """Kind of news -> the column that tells when, where it is filled and never before the order."""
    if status is None:
        return {}
    at, times = orders["placed_at"].look, {}
    for news in sorted({s.news for s in statuses if s.news}):
        look = time_column(news, at.name, status, looks)
        if look is not None and not _before(look, at):
            times[news] = look
    return times


def _before(look: Look, at: Look) -> bool:
    """Does a time of this column lie on a day before its order's?"""
    later, placed = (read_times(c.column, c.dates.formats if c.dates else ["ISO8601"]) for c in (look, at))
    days = pd.Series(later).dt.floor("D") < pd.Series(placed).dt.floor("D")
    return bool(days.any())


def _several(table: Any, orders: dict[str, Guess]) -> Several:
    ids = table[orders["order_id"].look.name]
    frame = pd.DataFrame({"id": ids.to_pandas()})
    known = frame["id"].notna()
    n_orders = int(frame["id"].nunique())
    repeated = frame["id"].duplicated(keep=False) & known
    later = frame["id"].duplicated() & known
    fill_down, sums = [], set()
    for role, guess in orders.items():
        if role == "order_id" or not later.any():
            continue
        blank = pc.is_null(table[guess.look.name]).to_pandas()
        if blank[later].mean() > 0.9 and not blank[known & ~later].all():
            fill_down.append(guess.look.name)
        elif role in ("amount_minor", "discount_minor", "shipping_fee_minor"):
            cells = table[guess.look.name].to_pandas()[repeated]
            differs = cells.groupby(frame["id"][repeated]).nunique() > 1
            if differs.mean() > 0.1:
                sums.add(role)
    return Several(n_orders, int(known.sum()), fill_down, sums, int((~known).sum()))


def _questions(made: Draft, looks: list[Look], files: set[File]) -> list[str]:
    asked = []
    if made.status is None:
        asked.append(
            "no column tells what became of the orders: give the courier's report too, or add [[rules]] by hand"
        )
    elif not any(s.news.startswith("rto") for s in [*made.statuses, *(s for told in made.also.values() for s in told)]):
        asked.append("no status says that a parcel came back: nothing can be learned without RTO")
    others = [look.name for look in looks if is_status(look) and made.status and look.name != made.status.name]
    if others:
        asked.append(
            f"{made.status.name} is read as the status; {', '.join(others)} looks like one too" if made.status else ""
        )
    if made.country is None:
        asked.append("in which country is the shop? It decides time zone, phones and PIN codes")
    if "currency" not in made.orders and made.currency is None:
        asked.append("in which currency are the amounts?")
    if len(files) > 1:
        asked.append("the files are written in different ways; the first one's way is proposed for all")
    if "payment_method" not in made.orders:
        asked.append('no column tells COD from prepaid. If all orders are COD: payment_method = { constant = "cod" }')
    if pa.types.is_integer(made.orders["placed_at"].look.column.type):
        asked.append("the order's time is a number: microseconds since 1970 are expected")
    asked.append("when was the file exported? Set exported_at, or outcomes of young orders are taken to be known later")
    return asked
