"""What e-mail addresses and names say of themselves."""

import math

import pytest

from data.persons.emails import email_name_match, is_throw_away, read_email, throw_away_domains
from data.persons.names import read_name
from tests.helpers.tables import edges

EMAILS = """
email                       | digits | throw-away | free | unreadable
asha.devi@gmail.com         | 0.0    | 0          | 1    | 0.0
a1b2@shop.example           | 0.5    | 0          | 0    | 0.0
asdfgh@mailinator.com       | 0.0    | 1          | 0    | 1.0
asha.xkjqzv@x.yopmail.com   | 0.0    | 1          | 0    | 0.6
1234@gmail.com              | 1.0    | 0          | 1    | 0.0
"""


@pytest.mark.parametrize(("email", "digits", "away", "free", "unreadable"), edges(EMAILS))
def test_what_an_email_says(email: str, digits: str, away: str, free: str, unreadable: str) -> None:
    assert read_email(email).measures == tuple(map(float, (digits, away, free, unreadable)))


def test_the_list_of_throw_away_domains_is_whole_and_holds_no_free_provider() -> None:
    assert len(throw_away_domains()) >= 300
    assert all(domain == domain.lower() and "." in domain for domain in throw_away_domains())
    assert not any(map(is_throw_away, ("gmail.com", "yahoo.co.in", "rediffmail.com", "outlook.com", "com")))


MATCHES = [
    ("asha.devi@x.in", "asha devi", 1.0), ("ashad@x.in", "asha devi", 0.5), ("sweet@x.in", "asha devi", 0.0),
    ("ravi@x.in", "k ravi", 1.0), ("k@x.in", "k", math.nan), (None, "asha", math.nan), ("asha@x.in", None, math.nan),
    ("asha@x.in", "आशा", math.nan),
]  # fmt: skip


@pytest.mark.parametrize(("email", "name", "share"), MATCHES)
def test_an_email_may_hold_the_name(email: str | None, name: str | None, share: float) -> None:
    assert email_name_match(email, name) == pytest.approx(share, nan_ok=True)


NAMES = """
name            | words | letters | nobody | gibberish
Asha Devi       | 2     | 0       | 0      | 0.0
K Ravi          | 2     | 0       | 0      | 0.0 | an initial
x y             | 2     | 1       | 0      | 0.0
Test            | 1     | 0       | 1      | 0.0
Guest Customer  | 2     | 0       | 1      | 0.0
Test Kumar      | 2     | 0       | 0      | 0.0 | somebody may be called so
aaa             | 1     | 0       | 1      | 0.0
12345           | 0     | 0       | 1      | 0.0
sdfsdf kumar    | 2     | 0       | 0      | 0.5
आशा देवी          | 2     | 0       | 0      | 0.0
"""


@pytest.mark.parametrize(("name", "words", "letters", "nobody", "gibberish"), edges(NAMES))
def test_what_a_name_says(name: str, words: str, letters: str, nobody: str, gibberish: str) -> None:
    assert read_name(name).measures == tuple(map(float, (words, letters, nobody, gibberish)))
