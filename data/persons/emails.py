"""E-mail addresses as told: one spelling, and what the spelling says. Nothing is asked of any server."""

import re
from functools import cache, lru_cache
from pathlib import Path

from data.contract import EMAIL_MEASURES
from data.persons.legible import unreadable
from data.persons.text import NAN, Reading, folded, word_set

THROW_AWAY_FILE = Path(__file__).parents[1] / "reference" / "throw_away_domains.txt"
_FREE = word_set(
    "gmail.com googlemail.com yahoo.com yahoo.co.in yahoo.in yahoo.co.uk yahoo.co.id ymail.com rocketmail.com "
    "hotmail.com hotmail.co.uk hotmail.co.in outlook.com outlook.in live.com live.in live.co.uk msn.com icloud.com "
    "me.com mac.com rediffmail.com rediff.com aol.com aim.com gmx.com gmx.net gmx.de mail.com zoho.com zohomail.in "
    "zohomail.com proton.me protonmail.com pm.me yandex.com yandex.ru mail.ru inbox.com fastmail.com hushmail.com "
    "tutanota.com tuta.io indiatimes.com in.com sify.com web.de qq.com 163.com 126.com naver.com"
)
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST_NAME = 2
_NOTHING = Reading(None, (NAN,) * len(EMAIL_MEASURES))


def email_of(raw: str) -> str | None:
    """An e-mail address in one spelling, or None if it cannot be one."""
    text = folded(raw)
    local, at, domain = text.rpartition("@")
    return text if at and local and "." in domain and " " not in text else None


def read_email(raw: str) -> Reading:
    """An e-mail as told. Measures, NaN if it is no e-mail: digits; throw-away domain; free provider; unreadable letters.

    Digits and letters are shares of the part before the @: of its characters, and of its letters the ones that stand
    in runs nobody can read aloud (`data/persons/legible.py`).
    """
    email = email_of(raw)
    if email is None:
        return _NOTHING
    local, _, domain = email.rpartition("@")
    digits = 0 if local.isalpha() else len(_DIGIT.findall(local))
    return Reading(email, (digits / len(local), *_provider(domain), _unreadable_letters(local)))


def _unreadable_letters(local: str) -> float:
    runs = _LETTERS.findall(local)
    bad = [run for run in runs if unreadable(run)]
    return sum(map(len, bad)) / sum(map(len, runs)) if bad else 0.0


@lru_cache(maxsize=4_096)
def _provider(domain: str) -> tuple[float, float]:
    return float(is_throw_away(domain)), float(domain in _FREE)


def is_throw_away(domain: str) -> bool:
    """Whether the domain, or one that it belongs to, hands out mailboxes for ten minutes.

    >>> is_throw_away("mailinator.com"), is_throw_away("x.mailinator.com"), is_throw_away("gmail.com")
    (True, True, False)
    """
    labels, known = domain.split("."), throw_away_domains()
    return any(".".join(labels[i:]) in known for i in range(len(labels) - 1))


@cache
def throw_away_domains() -> frozenset[str]:
    """The shipped list (`data/reference/ATTRIBUTION.md`)."""
    lines = THROW_AWAY_FILE.read_text(encoding="utf-8").split("\n")
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def email_name_match(email: str | None, name: str | None) -> float:
    """Share of the name's Latin words, of two letters or more, that stand in the e-mail before the @; NaN without both.

    >>> email_name_match("asha.devi7@x.in", "asha devi"), email_name_match("sweet_girl@x.in", "asha devi")
    (1.0, 0.0)
    """
    words = [word for word in (name or "").split() if len(word) >= _SHORTEST_NAME and word.isascii()]
    if email is None or not words:
        return NAN
    local = email.rpartition("@")[0]
    return sum(word in local for word in words) / len(words)
