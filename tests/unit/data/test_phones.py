"""The short way for Indian phones says what libphonenumber says, and what a number tells of itself."""

import math
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.persons import phones
from data.persons.phones import judged, phone_of, read_phone, repeated_digits

PREFIXES = ["", "0", "+91", "91", "0091", "+910", "00", "+", "0 ", "+91 ", "+91-", "(+91) "]


def same(raw: str) -> bool:
    """NaN is not itself, so texts are compared."""
    return repr(phone_of(raw, "IN")) == repr(judged.__wrapped__(raw, "IN"))


@given(prefix=st.sampled_from(PREFIXES), digits=st.from_regex(r"[0-9 -]{4,16}", fullmatch=True))
def test_the_short_way_says_what_libphonenumber_says(prefix: str, digits: str) -> None:
    assert same(prefix + digits)


@given(
    prefix=st.sampled_from(PREFIXES),
    national=st.integers(6 * 10**9, 10**10 - 1),
    at=st.integers(0, 12),
    mark=st.sampled_from(["", " ", "-", " - ", ".", "x"]),
)
def test_the_short_way_says_of_mobiles_what_libphonenumber_says(prefix: str, national: int, at: int, mark: str) -> None:
    number = f"{prefix}{national}"
    assert same(number[:at] + mark + number[at:])


def test_a_few_thousand_numbers_of_every_range_are_judged_alike() -> None:
    draw = random.Random(7)
    assert [n for n in (str(draw.randrange(10**9, 10**10)) for _ in range(5_000)) if not same(n)] == []


PHONES = [
    ("9876501234", "IN", (1.0, 1.0, 0.0)),
    ("022 2272 1233", "IN", (1.0, 0.0, 0.0)),
    ("+62 812-3456-7890", "IN", (1.0, 1.0, 1.0)),
    ("0812-3456-7890", "ID", (1.0, 1.0, 0.0)),
    ("+1 202 456 1111", "US", (1.0, math.nan, 0.0)),
    ("12345", "IN", (0.0, math.nan, math.nan)),
]


@pytest.mark.parametrize(("raw", "country", "told"), PHONES)
def test_a_phone_is_valid_mobile_and_of_its_country(raw: str, country: str, told: tuple[float, ...]) -> None:
    valid, mobile, _, differs = read_phone(raw, country).measures
    assert (valid, mobile, differs) == pytest.approx(told, nan_ok=True)


RUNS = [("+919999999999", 1.0), ("1234567890", 1.0), ("9876543210", 1.0), ("9810012345", 0.6), ("+919840281736", 0.0), ("99-98-10", 0.3),
        ("2468", 0.0), ("none", 0.0), ("00000", 0.5), ("\u096f\u096f\u096f", 0.3)]  # fmt: skip


@pytest.mark.parametrize(("number", "share"), RUNS)
def test_runs_of_one_digit_or_counted_ones_are_told_valid_or_not(number: str, share: float) -> None:
    assert repeated_digits(number) == share


def test_a_number_of_a_rare_kind_is_left_to_libphonenumber(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing, everything = re.compile("x"), re.compile("[0-9]+")
    monkeypatch.setattr(phones, "_indian_kinds", lambda: [nothing, nothing, nothing, everything])
    assert phone_of("9876501234", "IN").e164 == "+919876501234"
