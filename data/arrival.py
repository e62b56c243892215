"""What is kept of an order on arrival: pseudonyms for persons, numbers for text. Raw personal values end here.

One definition for imports and for live orders: columns as lists, one live order is a table of length one.
"""

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from data import contract, text
from data.places import PinRegister, Place, distance_km, same_state

Told: TypeAlias = Mapping[str, Sequence[Any]]
Kept: TypeAlias = dict[str, np.ndarray[Any, Any]]
Assign: TypeAlias = Callable[[str, list[bytes | None]], np.ndarray[Any, Any]]
"""`assign(kind, tokens)` gives the pseudonym of each token, -1 for a missing one, NEW for one never seen."""

MISSING, NEW = -1, -2
_QUARTER_HOUR = 15 * 60 * contract.SECOND
_TOLD_TEXT = ("channel", "currency", "payment_method", "courier", "campaign", "country", "origin_pincode")


@dataclass(frozen=True, slots=True)
class Desk:
    """What arrival needs: the pool's token key, how tokens become pseudonyms, the PIN register."""

    token_key: bytes
    assign: Assign
    register: PinRegister


def arrive(told: Told, desk: Desk) -> Kept:
    """The kept columns of orders as told: `told` holds one entry for each order and column of the contract.

    Besides the contract's columns it may hold n_lines, n_units (else 1 line, unknown units), `date_only` flags and
    `timezone`. Absent columns are missing. Returns arrays: object text (None missing), float64 (NaN), int64 tokens.
    """
    n = len(told["order_id"])
    told = {**{c.name: [None] * n for c in contract.ORDER_COLUMNS}, **told}
    places = [_pin(told["pincode"][i], told["country"][i], desk.register) for i in range(n)]
    kept: Kept = {name: _texts(told[name]) for name in ("order_id", "merchant_id", "sku", "category", *_TOLD_TEXT)}
    kept["placed_at"] = np.asarray(told["placed_at"], dtype=np.int64)
    kept |= _numbers(told, n) | _place_columns(told, places, desk.register) | _person_columns(told, desk)
    return {name: np.full(n, math.nan) for name in contract.KEPT_NUMBERS} | kept


def token(key: bytes, kind: str, value: str) -> bytes:
    """The keyed, one-way name of a personal value (HMAC-SHA-256, first 16 bytes)."""
    return hmac.digest(key, f"{kind}\0{value}".encode(), hashlib.sha256)[:16]


def local_minute(placed_at: int, zone: str) -> float:
    """Minute of the local day."""
    offset = _offset_minutes(placed_at // _QUARTER_HOUR, zone)
    return float((placed_at // (60 * contract.SECOND) + offset) % 1440)


def _offset_minutes(quarter_hour: int, zone: str, _memo: dict[tuple[int, str], int] = {}) -> int:  # noqa: B006 - a cache
    found = _memo.get((quarter_hour, zone))
    if found is None:
        moment = datetime.fromtimestamp(quarter_hour * 900, UTC).astimezone(ZoneInfo(zone))
        delta = moment.utcoffset()
        found = _memo[quarter_hour, zone] = int(delta.total_seconds() // 60) if delta else 0
    return found


def _texts(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    out = np.empty(len(values), dtype=object)
    out[:] = [v if v not in (None, "") else None for v in values]
    return out


def _floats(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    return np.array([math.nan if v is None else v for v in values], dtype=np.float64)


def _numbers(told: Told, n: int) -> Kept:
    kept = {name: _floats(told[name]) for name in ("amount_minor", "discount_minor", "shipping_fee_minor")}
    kept["promised_at"] = _floats(told["promised_at"])
    kept["n_lines"] = _floats(told.get("n_lines", [1.0] * n))
    kept["n_units"] = _floats(told.get("n_units", told["quantity"]))
    date_only, zones = told.get("date_only", [False] * n), told.get("timezone", ["UTC"] * n)
    placed = told["placed_at"]
    kept["local_minute"] = np.array(
        [math.nan if date_only[i] else local_minute(int(placed[i]), zones[i]) for i in range(n)], dtype=np.float64
    )
    return kept


def _pin(pincode: str | None, country: str | None, register: PinRegister) -> Place | None:
    return register.lookup(pincode) if pincode and country in (None, "IN") else None


def _place_columns(told: Told, places: list[Place | None], register: PinRegister) -> Kept:
    n = len(places)
    states = [p.state if p else _fold_place(told["state"][i]) for i, p in enumerate(places)]
    districts = [p.district if p else _fold_place(told["district"][i]) for i, p in enumerate(places)]
    mismatch = [_mismatch(told["state"][i], p) for i, p in enumerate(places)]
    return {
        "pincode": _texts(told["pincode"]),
        "district": _texts(districts),
        "state": _texts(states),
        "place_mismatch": np.array(mismatch, dtype=np.float64),
        "distance_km": _distances([_pin(told["origin_pincode"][i], None, register) for i in range(n)], places),
    }


def _fold_place(name: str | None) -> str | None:
    return text.folded(name).upper() if name else None


def _mismatch(state: str | None, place: Place | None) -> float:
    """1 if the state as told is not the PIN code's state; NaN if either is unknown."""
    if place is None or not state:
        return math.nan
    return float(not same_state(state, place.state))


def _distances(origins: list[Place | None], places: list[Place | None]) -> np.ndarray[Any, Any]:
    def axis(of: list[Place | None], name: str) -> np.ndarray[Any, Any]:
        return np.array([math.nan if p is None else getattr(p, name) for p in of], dtype=np.float64)

    start, end = (
        (axis(origins, "latitude"), axis(origins, "longitude")),
        (
            axis(places, "latitude"),
            axis(places, "longitude"),
        ),
    )
    return np.round(np.asarray(distance_km(*start, *end), dtype=np.float64), 1)


def _person_columns(told: Told, desk: Desk) -> Kept:
    n = len(told["order_id"])
    countries = [c or "IN" for c in told["country"]]
    parts: list[tuple[str | None, ...]] = list(zip(told["line1"], told["line2"], told["landmark"], strict=True))
    phones = [text.phone_of(p, countries[i]) if p else None for i, p in enumerate(told["phone"])]
    emails = [text.email_of(e) if e else None for e in told["email"]]
    names = [text.name_of(v) if v else None for v in told["name"]]
    spelled: dict[str, list[str | None]] = {
        "customer_id": [f"{told['merchant_id'][i]}\0{v}" if v else None for i, v in enumerate(told["customer_id"])],
        "phone": phones,
        "email": emails,
        "name": names,
        "address": [text.address_of(parts[i], told["pincode"][i]) for i in range(n)],
        "device_id": [v.strip() or None if v else None for v in told["device_id"]],
        "ip": [v.strip() or None if v else None for v in told["ip"]],
    }
    kept = {kind: desk.assign(kind, _tokens(desk.token_key, kind, values)) for kind, values in spelled.items()}
    return kept | _text_measures(told, parts, phones, emails, names)


def _tokens(key: bytes, kind: str, values: list[str | None]) -> list[bytes | None]:
    memo: dict[str, bytes] = {v: token(key, kind, v) for v in dict.fromkeys(v for v in values if v is not None)}
    return [None if v is None else memo[v] for v in values]


def _text_measures(
    told: Told,
    parts: list[tuple[str | None, ...]],
    phones: list[str | None],
    emails: list[str | None],
    names: list[str | None],
) -> Kept:
    memo = {p: text.address_measures(p) for p in set(parts)}
    address = np.array([memo[p] for p in parts], dtype=np.float64).reshape(-1, 6)
    kept = {name: address[:, j] for j, name in enumerate(contract.TEXT_MEASURES[:6])}
    told_phone = told["phone"]
    valid = [math.nan if not told_phone[i] else float(p is not None) for i, p in enumerate(phones)]
    texts = zip(parts, told["phone"], told["email"], told["name"], strict=True)
    has_text = np.array([any(p) or bool(phone or email or name) for p, phone, email, name in texts], dtype=bool)
    kept["text_measures_version"] = np.where(has_text, float(contract.TEXT_MEASURES_VERSION), math.nan)
    kept["phone_valid"] = np.array(valid, dtype=np.float64)
    kept["email_digits_share"] = np.array([text.email_digits_share(e) for e in emails], dtype=np.float64)
    kept["name_words"] = _floats([None if v is None else float(len(v.split())) for v in names])
    return kept
