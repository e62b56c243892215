"""What is kept of an order on arrival: pseudonyms for persons, numbers for text. Raw personal values end here.

One definition for imports and for live orders: each distinct value of a column is read once (`data/files/distinct.py`), then
spread over the rows that hold it. One live order is a table of length one; nothing here needs pandas or pyarrow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from data import contract
from data.files.distinct import Distinct, distinct, distinct_numbers, held_by_any, nothing, together
from data.persons.beside import reading
from data.persons.cities import city_mismatch
from data.persons.emails import email_name_match, read_email
from data.persons.names import read_name
from data.persons.phones import read_phone
from data.persons.text import NAN, folded
from data.persons.tokens import token_maker
from data.places import PinRegister, Place, distance_km, same_state

Told: TypeAlias = Mapping[str, Any]
Kept: TypeAlias = dict[str, np.ndarray[Any, Any]]
Assign: TypeAlias = Callable[[str, list[bytes | None]], np.ndarray[Any, Any]]
"""`assign(kind, tokens)` gives the pseudonym of each token, -1 for a missing one, NEW for one never seen."""

AssignAll: TypeAlias = Callable[[dict[str, list[bytes | None]]], dict[str, np.ndarray[Any, Any]]]

MISSING, NEW = -1, -2
_INDIA = "IN"
_QUARTER_HOUR = 15 * 60 * contract.SECOND
_MINUTE = 60 * contract.SECOND
_DAY_MINUTES = 24 * 60
_TOLD_TEXT = ("channel", "currency", "payment_method", "courier", "campaign", "country", "origin_pincode")
_READ = tuple(c.name for c in contract.ORDER_COLUMNS if c.kind == "text" and c.name != "order_id")


@dataclass(frozen=True, slots=True)
class Desk:
    """What arrival needs: the pool's token key, how tokens become pseudonyms, the PIN register.

    assign_all: `assign` of several kinds at once, where that is less to do; the same pseudonyms.
    """

    token_key: bytes
    assign: Assign
    register: PinRegister
    assign_all: AssignAll | None = None

    def pseudonyms(self, tokens: dict[str, list[bytes | None]]) -> Kept:
        """By kind the pseudonym of each token."""
        if self.assign_all is not None:
            return self.assign_all(tokens)
        return {kind: self.assign(kind, own) for kind, own in tokens.items()}


def arrive(told: Told, desk: Desk) -> Kept:
    """The kept columns of orders as told: `told` holds one entry for each order and column of the contract.

    A column is a list, a numpy array or a pyarrow array; None, "" and NaN are missing, and so are absent columns.
    Besides the contract's columns it may hold n_lines, n_units (else 1 line, unknown units), `date_only` flags and
    `timezone`. Returns arrays: object text (None missing), float64 (NaN), int64 tokens, numbered through `desk.assign`
    in order of first appearance: one call for each kind, with each distinct value as told once.
    """
    n = len(told["order_id"])
    columns = {name: distinct(told[name]) if name in told else nothing(n) for name in _READ}
    kept: Kept = {name: columns[name].texts() for name in ("merchant_id", "sku", "category", "pincode", *_TOLD_TEXT)}
    kept["order_id"] = _objects(told["order_id"])
    kept |= _numbers(told, n) | _place_columns(columns, desk.register) | _person_columns(columns, desk)
    return kept


def local_minute(placed_at: int, zone: str) -> float:
    """Minute of the local day."""
    return float((placed_at // _MINUTE + _offset_minutes(placed_at // _QUARTER_HOUR, zone)) % _DAY_MINUTES)


@lru_cache(maxsize=4_096)
def _offset_minutes(quarter_hour: int, zone: str) -> int:
    """A zone's distance from UTC; no zone has ever changed it within a quarter of an hour since 1970."""
    delta = datetime.fromtimestamp(quarter_hour * 900, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(delta.total_seconds() // 60) if delta else 0


def _objects(values: Any) -> np.ndarray[Any, Any]:
    """(n,) texts as they are: for a column whose values are all different."""
    if hasattr(values, "to_pylist"):  # Arrow's: to_pylist is many times slower
        found = values.to_numpy(zero_copy_only=False)
        return np.asarray(np.where(found == "", None, found), dtype=object)
    return np.fromiter((value or None for value in values), dtype=object, count=len(values))


def _numbers(told: Told, n: int) -> Kept:
    def floats(name: str, instead: float | None = None) -> np.ndarray[Any, Any]:
        return (
            np.asarray(told[name], dtype=np.float64)
            if name in told
            else np.full(n, NAN if instead is None else instead)
        )

    kept = {name: floats(name) for name in ("amount_minor", "discount_minor", "shipping_fee_minor", "promised_at")}
    kept["n_lines"] = floats("n_lines", 1.0)
    kept["n_units"] = floats("n_units" if "n_units" in told else "quantity")
    kept["placed_at"] = np.asarray(told["placed_at"], dtype=np.int64)
    kept["local_minute"] = _local_minutes(kept["placed_at"], told, n)
    return kept


def _local_minutes(placed_at: np.ndarray[Any, Any], told: Told, n: int) -> np.ndarray[Any, Any]:
    """(n,) minute of the merchant's local day; NaN where only a date was told."""
    zones = distinct(told.get("timezone", ["UTC"] * n))
    quarters = together(distinct_numbers(placed_at // _QUARTER_HOUR), zones)
    offsets = quarters.spread(np.array([float(_offset_minutes(*moment)) for moment in quarters.values]), NAN)
    minutes: np.ndarray[Any, Any] = (placed_at // _MINUTE + offsets) % _DAY_MINUTES
    date_only = told.get("date_only")
    return minutes if date_only is None else np.where(np.asarray(date_only, dtype=bool), NAN, minutes)


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a parcel goes, as the register knows it, else as told."""

    district: str | None
    state: str | None
    measures: tuple[float, ...]
    """pin_known, place_mismatch, city_mismatch, latitude, longitude"""


def _place_columns(columns: dict[str, Distinct], register: PinRegister) -> Kept:
    told = together(*(columns[name] for name in ("pincode", "country", "state", "district", "city")))
    places = told.map(lambda where: _destination(where, register))
    known, state, city, *end = places.map(lambda place: place.measures).numbers(5)
    starts = columns["origin_pincode"].map(lambda pin: _position(_pin(pin, None, register)))
    return {
        "district": places.map(lambda place: place.district).texts(),
        "state": places.map(lambda place: place.state).texts(),
        "pin_known": known,
        "place_mismatch": state,
        "city_mismatch": city,
        "distance_km": _distances(starts, places, end),
    }


def _distances(starts: Distinct, places: Distinct, end: list[Any]) -> np.ndarray[Any, Any]:
    """(n,) km from start to destination. end: its latitudes and longitudes."""
    if starts.codes is not None or places.codes is not None:
        return np.round(distance_km(*starts.numbers(2), *end), 1)
    way = zip(starts.values, places.values, strict=True)
    return np.array([NAN if start is None else _distance(*start, *place.measures[3:]) for start, place in way])


@lru_cache(maxsize=16_384)
def _distance(*ends: float) -> float:
    """km, of one way: a live order's, whose shop ships from few places to many."""
    [km] = np.round(distance_km(*(np.array([end]) for end in ends)), 1)
    return float(km)


@lru_cache(maxsize=8_192)
def _destination(told: tuple[str | None, ...], register: PinRegister) -> _Destination:
    """told: PIN code, country, state, district, city.

    Where no register knows the place: outside India a city stands for a district that is not told, and a district whose
    state is not told is the largest place there is.
    """
    pincode, country, state, district, city = told
    place = _pin(pincode, country, register)
    known = float(place is not None) if pincode and country in (None, _INDIA) else NAN
    mismatches = _state_mismatch(state, place), city_mismatch(city, place, register)
    if place is None:
        abroad = city if country not in (None, _INDIA) else None
        own = _fold_place(district) or _fold_place(abroad)
        return _Destination(own, _fold_place(state) or own, (known, *mismatches, NAN, NAN))
    return _Destination(place.district or None, place.state or None, (known, *mismatches, *_position(place)))


def _pin(pincode: str | None, country: str | None, register: PinRegister) -> Place | None:
    return register.lookup(pincode) if pincode and country in (None, _INDIA) else None


def _position(place: Place | None) -> tuple[float, float]:
    return (NAN, NAN) if place is None else (place.latitude, place.longitude)


def _fold_place(name: str | None) -> str | None:
    return folded(name).upper() or None if name else None


def _state_mismatch(state: str | None, place: Place | None) -> float:
    """1 if the state as told is not the PIN code's state; NaN if either is unknown."""
    if place is None or not state:
        return NAN
    return float(not same_state(state, place.state))


def _person_columns(columns: dict[str, Distinct], desk: Desk) -> Kept:
    addresses = together(*(columns[name] for name in (*_LINES, "pincode")))
    with reading(addresses.values, desk.token_key) as addresses_read:
        spelled, measured = _persons(columns)
        tokens = {kind: values.map(token_maker(desk.token_key, kind)) for kind, values in spelled.items()}
        address_tokens, measures = addresses_read()
    tokens["address"] = Distinct(address_tokens, addresses.codes)
    kept = _pseudonyms({kind: tokens[kind] for kind in _KINDS}, desk)
    kept |= dict(zip(contract.ADDRESS_MEASURES, addresses.spread(measures.T, NAN), strict=True))
    kept |= measured
    has_text = held_by_any([columns[name] for name in (*_LINES, "phone", "email", "name")])
    kept["text_measures_version"] = np.where(has_text, float(contract.TEXT_MEASURES_VERSION), NAN)
    return kept


def _persons(columns: dict[str, Distinct]) -> tuple[dict[str, Distinct], Kept]:
    """Everything personal but the address: by kind the one spelling of each value, and the measures."""
    phones = together(columns["phone"].map(_shown), columns["country"])
    calls = phones.map(lambda told: read_phone(told[0], told[1] or _INDIA) if told[0] else None)
    emails = columns["email"].map(_shown).map(read_email)
    names = columns["name"].map(_shown).map(read_name)
    buyers = together(columns["merchant_id"], columns["customer_id"])
    spelled = {
        "customer_id": buyers.map(lambda told: f"{told[0]}\0{told[1]}" if told[1] else None),
        "phone": calls.map(_spelled),
        "email": emails.map(_spelled),
        "name": names.map(_spelled),
        "device_id": columns["device_id"].map(_shown),
        "ip": columns["ip"].map(_shown),
    }
    match = together(spelled["email"], spelled["name"]).map(lambda told: (email_name_match(*told),))
    kept = _measured(contract.PHONE_MEASURES, calls.map(_measures))
    kept |= _measured(contract.EMAIL_MEASURES, emails.map(_measures))
    kept |= _measured(("email_name_match",), match)
    kept |= _measured(contract.NAME_MEASURES, names.map(_measures))
    return spelled, kept


_KINDS = ("customer_id", "phone", "email", "name", "address", "device_id", "ip")
"""In this order pseudonyms are numbered."""
_LINES = ("line1", "line2", "landmark")
_spelled, _measures = attrgetter("spelled"), attrgetter("measures")


def _shown(told: str) -> str | None:
    """Blanks tell nothing."""
    return told.strip() or None


def _measured(names: tuple[str, ...], measures: Distinct) -> Kept:
    return dict(zip(names, measures.numbers(len(names)), strict=True))


def _pseudonyms(tokens: dict[str, Distinct], desk: Desk) -> Kept:
    """By kind (n,) pseudonyms. Two spellings of one value are one token, so both get the pseudonym of the first."""
    found = desk.pseudonyms({kind: own.values for kind, own in tokens.items()})
    return {kind: own.spread(np.asarray(found[kind], dtype=np.int64), MISSING) for kind, own in tokens.items()}
