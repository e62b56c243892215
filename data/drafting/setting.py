"""Where a shop is and what money it takes, as far as its orders tell."""

import pandas as pd
import phonenumbers
import pyarrow as pa

from data.drafting.columns import Guess
from data.drafting.countries import CITIES, COUNTRY_WORDS, PLACES, SIGNS
from data.drafting.look import Look
from data.drafting.register import pins_share
from data.drafting.words import spoken
from data.files.moments import EPOCH_MS, EPOCH_S
from data.persons.phones import phone_of
from data.persons.text import folded

PHONES_ALONE = "phones alone"


def country_of(orders: dict[str, Guess]) -> tuple[str | None, str]:
    """The country of the buyers, two letters, and what told it; None if nothing tells one alone."""
    if "country" in orders:
        texts = [folded(t) for t in orders["country"].look.texts]
        codes = {t.upper() if len(t) == 2 else COUNTRY_WORDS.get(t) for t in texts}
        if len(codes) == 1:
            return codes.pop(), "a column"
    if "pincode" in orders and orders["pincode"].look.pin_share > 0.9 and pins_share(orders["pincode"].look) > 0.7:
        return "IN", "PIN codes"
    if "currency" in orders:
        codes = {t.upper() for t in orders["currency"].look.texts}
        places = [c for c, (_, money) in PLACES.items() if {money} == codes]
        if len(places) == 1:
            return places[0], "the currency"
    if (found := _country_of_cities(orders)) is not None:
        return found, "cities"
    if "phone" in orders:
        some = orders["phone"].look.texts.head(200)
        regions = {_region(t) for t in some if t.startswith(("+", "00"))}
        if len(regions) == 1:
            return regions.pop(), "international phones"
        fits = {c: sum(phone_of(t, c).e164 is not None for t in some) for c in PLACES}
        best = max(fits, key=lambda c: fits[c])
        rivals = [c for c in fits if fits[c] > 0.9 * fits[best]]
        if fits[best] > 0.8 * len(some) and len(rivals) == 1:
            return best, PHONES_ALONE
    return None, ""


def _country_of_cities(orders: dict[str, Guess]) -> str | None:
    """The country whose large cities most rows of a column of places name, if there are rows enough and no rival."""
    found = dict.fromkeys(CITIES, 0)
    n_rows = 0
    for role in ("city", "district"):
        for cell, n in orders[role].look.counts.head(_FIRST_CITIES).items() if role in orders else ():
            words = "".join(spoken(str(cell)).split()), *spoken(str(cell)).split()
            n_rows += int(n)
            for country, names in _CITY_WORDS.items():
                found[country] += int(n) * bool(names & set(words))
    best = max(found, key=lambda c: found[c])
    rivals = sum(n > 0.5 * found[best] for n in found.values())
    return best if found[best] > _LEAST_CITY_SHARE * max(1, n_rows) and rivals == 1 else None


_CITY_WORDS = {country: frozenset(map(spoken, names.split())) for country, names in CITIES.items()}
_FIRST_CITIES = 100
_LEAST_CITY_SHARE = 0.2


def zone_of(country: str | None) -> str:
    """The time zone of a shop there; UTC if the country is not known."""
    return PLACES[country][0] if country in PLACES else "UTC"


_AHEAD = {"expected", "promised", "edd", "due"}
_OFFSET = r".*(?:Z|[+-]\d\d:?\d\d)"


def newest(looks: list[Look], zone: str) -> tuple[str, str] | None:
    """The latest local day that a column tells which cannot lie ahead, and its name."""
    dated = [k for k in looks if k.dates is not None and not set(k.head.split()) & _AHEAD and k.times.notna().any()]
    told = [(_local(k, zone), k.name) for k in dated]
    return (f"{max(told)[0]:%Y-%m-%d}", max(told)[1]) if told else None


def _local(look: Look, zone: str) -> pd.Timestamp:
    """A column's latest time on the shop's clock: of a column that tells its zone it is read as UTC."""
    last = pd.Timestamp(look.times.max())
    formats = look.dates.formats if look.dates is not None else []
    told = any(f in (EPOCH_S, EPOCH_MS) or "%z" in f for f in formats)
    told = told or (pa.types.is_timestamp(look.column.type) and look.column.type.tz is not None)
    told = told or (formats == ["ISO8601"] and look.share(_OFFSET) > 0 and look.column.type != pa.timestamp("us"))
    return last.tz_localize("UTC").tz_convert(zone).tz_localize(None) if told else last


def _region(phone: str) -> str | None:
    """The country that an international number names."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse("+" + phone.lstrip("+0"), None))
    except phonenumbers.NumberParseException:
        return None


def currency_of(orders: dict[str, Guess], country: str | None) -> str | None:
    """The currency of the amounts, three letters; None if a column tells it, or nothing does."""
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
