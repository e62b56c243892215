"""Phone numbers as told: one spelling (E.164), and what the number itself says. libphonenumber is the judge."""

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from data.persons.text import NAN, Reading

_PHONE_CHARACTERS = frozenset("0123456789+-(). /\u00a0")
_LONGEST = 32
_DIGITS_OF_A_NUMBER = 10
_STEPS = (0, 1, 9)  # the same digit, the next one, the one before; 0 follows 9
_RUNS = frozenset(f"{i}{(i + step) % 10}{(i + 2 * step) % 10}" for i in range(10) for step in _STEPS)
_RARE_KINDS = (
    "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan", "voicemail",
)  # fmt: skip


class Phone(NamedTuple):
    """A number. e164, region (ISO 3166 alpha-2): None if it is not valid.  mobile: 1, 0, or NaN (see `read_phone`)."""

    e164: str | None
    mobile: float
    region: str | None


_PLAIN_INDIAN = re.compile(r"(?:\+91|0)?([6-9][0-9]{9})", re.ASCII)
_NO_PHONE = Phone(None, NAN, None)


def read_phone(raw: str, country: str) -> Reading:
    """A phone as told. Measures: valid; mobile (1, 0 for another valid number, NaN for an invalid one
    and where a country's numbers do not tell mobiles from land lines); share of repeated digits, valid or not; whether
    a valid number is another country's than the order's.
    """
    phone = phone_of(raw, country)
    differs = NAN if phone.region is None else float(phone.region != country)
    repeated = repeated_digits(phone.e164[1:] if phone.e164 else raw)
    return Reading(phone.e164, (float(phone.e164 is not None), phone.mobile, repeated, differs))


def phone_of(raw: str, country: str) -> Phone:
    """What number it is, read in the order's country (ISO 3166 alpha-2). Never guesses letters or drops digits.

    >>> phone_of("098765 43210", "IN").e164, phone_of("98765O3210", "IN").e164
    ('+919876543210', None)
    """
    if country == "IN" and len(raw) <= _LONGEST:
        plain = _PLAIN_INDIAN.fullmatch(raw.replace(" ", "").replace("-", ""))
        if plain and (told := _indian(plain[1])) is not None:
            return told
    return judged(raw, country)


@lru_cache(maxsize=65_536)
def judged(raw: str, country: str) -> Phone:
    """The same by libphonenumber alone: slow, and the meaning of `phone_of`."""
    text = "".join(_plain(c) for c in unicodedata.normalize("NFKC", raw)).strip()
    text = text.split(";", 1)[0]
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)
    if not 5 <= len(digits) <= _LONGEST or not set(digits) <= _PHONE_CHARACTERS:
        return _NO_PHONE
    try:
        parsed = phonenumbers.parse(digits, country or None)
    except phonenumbers.NumberParseException:
        return _NO_PHONE
    if not phonenumbers.is_valid_number(parsed):
        return _NO_PHONE
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, _mobile(phonenumbers.number_type(parsed)), phonenumbers.region_code_for_number(parsed))


def _mobile(kind: int) -> float:
    return NAN if kind == PhoneNumberType.FIXED_LINE_OR_MOBILE else float(kind == PhoneNumberType.MOBILE)


def _plain(character: str) -> str:
    """Marks that nobody sees (copied with a contact) are dropped, every dash is a hyphen."""
    category = unicodedata.category(character)
    return "" if category == "Cf" else "-" if category == "Pd" else character


def _indian(national: str) -> Phone | None:
    """What ten digits are in India by libphonenumber's own table; None for the rare kinds, which it judges itself
    (none of them has such digits today)."""
    general, fixed, mobile, rare = _indian_kinds()
    if rare.fullmatch(national):
        return None
    kinds = fixed.fullmatch(national) is not None, mobile.fullmatch(national) is not None
    if not any(kinds) or not general.fullmatch(national):
        return _NO_PHONE
    return Phone("+91" + national, NAN if all(kinds) else float(kinds[1]), "IN")


@cache
def _indian_kinds() -> "list[re.Pattern[str]]":
    """What every Indian number looks like, land lines, mobiles, and all the other kinds."""
    table: Any = PhoneMetadata.metadata_for_region("IN")
    rare = [desc.national_number_pattern for kind in _RARE_KINDS if (desc := getattr(table, kind))]
    told = [getattr(table, kind).national_number_pattern for kind in ("general_desc", "fixed_line", "mobile")]
    return [re.compile(pattern, re.ASCII) for pattern in (*told, "|".join(filter(None, rare)))]


def repeated_digits(number: str) -> float:
    """Longest run of one digit, or of digits counted up or down, within the last ten, as a share of ten; 0 if it has
    fewer than three digits, as in every second phone.

    >>> repeated_digits("+919999999999"), repeated_digits("1234567890"), repeated_digits("9810012345")
    (1.0, 1.0, 0.6)
    """
    bare = number if number.isdigit() and number.isascii() else "".join(str(int(c)) for c in number if c.isdecimal())
    bare = bare[-_DIGITS_OF_A_NUMBER:]
    if _RUNS.isdisjoint([bare[i : i + 3] for i in range(len(bare) - 2)]):
        return 0.0
    digits = [int(c) for c in bare]
    longest, run, step = 1, 1, None
    for before, digit in pairwise(digits):
        change = (digit - before) % 10
        run = 1 if change not in _STEPS else run + 1 if change == step else 2
        step = change
        longest = max(longest, run)
    return longest / _DIGITS_OF_A_NUMBER
