"""Personal text in one spelling, and the numbers kept of it."""

import math

import pytest

from data.persons.addresses import read_address
from data.persons.emails import email_of, read_email
from data.persons.names import name_of
from data.persons.phones import phone_of
from tests.helpers.tables import edges

SAME_PHONE = (
    "9876543210", "+919876543210", "+91 98765 43210", "098765 43210", "0091 9876543210", "(+91) 98765-43210",
    "98765\u201343210", "\u202a+91 98765 43210\u202c", "98765\u200b43210", "\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11\uff10",
    "\u096f\u096e\u096d\u096c\u096b\u096a\u0969\u0968\u0967\u0966", "\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660",
    "9876543210;ext=12", "98765.43210", "98765\u00a043210",
)  # fmt: skip


@pytest.mark.parametrize("raw", SAME_PHONE)
def test_every_spelling_of_one_phone_is_one_phone(raw: str) -> None:
    assert phone_of(raw, "IN").e164 == "+919876543210"


@pytest.mark.parametrize(
    "raw", ["98765O3210", "1-800-FLOWERS", "98765", "0000000000", "9" * 40, "none", " ", "9876543210 x12"]
)
def test_what_is_no_phone_is_missing_and_never_guessed(raw: str) -> None:
    assert phone_of(raw, "IN").e164 is None


def test_a_phone_is_read_in_the_country_of_the_order() -> None:
    assert phone_of("0812-3456-7890", "ID").e164 == "+6281234567890"
    assert phone_of("0812-3456-7890", "IN").e164 is None


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
    assert (email_of(raw) or "-") == kept


def test_a_name_does_not_depend_on_the_order_of_its_words() -> None:
    assert name_of("Devi, ASHA") == name_of(" asha  devi") == "asha devi"
    assert name_of("123 .") is None


def test_an_address_is_its_words_and_its_pin() -> None:
    one = read_address("12, M.G. Road", None, "Near Temple", "800001").spelled
    assert one == read_address("12 m g road", "near temple", None, "800001").spelled == "12 m g road near temple 800001"
    assert one != read_address("12, M.G. Road", None, "Near Temple", "800002").spelled
    assert read_address(None, " ", "-", "800001").spelled is None
    assert read_address("शिव मंदिर", None, None, None).spelled == "श व म द र"  # pseudonyms of version 1 go on


def test_no_address_has_no_measures() -> None:
    assert all(math.isnan(v) for v in read_address(None, "  ", None, "800001").measures)


def test_digits_of_an_email_are_counted_before_the_at() -> None:
    assert read_email("ab12@x9.com").measures[0] == 0.5
    assert all(math.isnan(v) for v in read_email("ab12").measures)
