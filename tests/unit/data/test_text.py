"""Personal text in one spelling, and the numbers kept of it."""

import math

import pytest

from data import text
from tests.helpers.tables import edges

SAME_PHONE = (
    "9876543210", "+919876543210", "+91 98765 43210", "098765 43210", "0091 9876543210", "(+91) 98765-43210",
    "98765\u201343210", "\u202a+91 98765 43210\u202c", "98765\u200b43210", "\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11\uff10",
    "\u096f\u096e\u096d\u096c\u096b\u096a\u0969\u0968\u0967\u0966", "\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660",
    "9876543210;ext=12", "98765.43210", "98765\u00a043210",
)  # fmt: skip


@pytest.mark.parametrize("raw", SAME_PHONE)
def test_every_spelling_of_one_phone_is_one_phone(raw: str) -> None:
    assert text.phone_of(raw, "IN") == "+919876543210"


@pytest.mark.parametrize(
    "raw", ["98765O3210", "1-800-FLOWERS", "98765", "0000000000", "9" * 40, "none", " ", "9876543210 x12"]
)
def test_what_is_no_phone_is_missing_and_never_guessed(raw: str) -> None:
    assert text.phone_of(raw, "IN") is None


def test_a_phone_is_read_in_the_country_of_the_order() -> None:
    assert text.phone_of("0812-3456-7890", "ID") == "+6281234567890"
    assert text.phone_of("0812-3456-7890", "IN") is None


EMAILS = """
raw                 | kept
 Asha@Example.COM   | asha@example.com
a@b.c               | a@b.c
asha.example.com    | -
@example.com        | -
asha@example        | -
as ha@example.com   | -
"""


@pytest.mark.parametrize(("raw", "kept"), edges(EMAILS))
def test_an_email_has_one_spelling(raw: str, kept: str) -> None:
    assert (text.email_of(raw) or "-") == kept


def test_a_name_does_not_depend_on_the_order_of_its_words() -> None:
    assert text.name_of("Devi, ASHA") == text.name_of(" asha  devi") == "asha devi"
    assert text.name_of("123 .") is None


def test_an_address_is_its_words_and_its_pin() -> None:
    one = text.address_of(("12, M.G. Road", None, "Near Temple"), "800001")
    assert one == text.address_of(("12 m g road", "near temple", None), "800001") == "12 m g road near temple 800001"
    assert one != text.address_of(("12, M.G. Road", None, "Near Temple"), "800002")
    assert text.address_of((None, " ", "-"), "800001") is None


MEASURES = """
address                      | length | words | digits | number | landmark | gibberish
12 MG Road near the temple   | 26     | 6     | 2      | 1      | 1        | 0.0
flat b, hill view            | 17     | 4     | 0      | 1      | 0        | 0.0
opp hanuman mandir           | 18     | 3     | 0      | 0      | 1        | 0.0
asdfgh qwerty                | 13     | 2     | 0      | 0      | 0        | 1.0
aaaa street                  | 11     | 2     | 0      | 0      | 0        | 0.5
"""


@pytest.mark.parametrize(("address", "length", "words", "digits", "number", "landmark", "gibberish"), edges(MEASURES))
def test_the_measures_of_an_address(
    address: str, length: str, words: str, digits: str, number: str, landmark: str, gibberish: str
) -> None:
    expected = tuple(float(v) for v in (length, words, digits, number, landmark, gibberish))
    assert text.address_measures((address, None, None)) == expected


def test_no_address_has_no_measures() -> None:
    assert all(math.isnan(v) for v in text.address_measures((None, "  ", None)))


def test_digits_of_an_email_are_counted_before_the_at() -> None:
    assert text.email_digits_share("ab12@x9.com") == 0.5
    assert math.isnan(text.email_digits_share(None))
