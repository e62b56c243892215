"""Personal text: one spelling for each value, and the numbers we keep of it. The text itself goes no further."""

import unicodedata
from functools import lru_cache

import phonenumbers

_PHONE_CHARACTERS = frozenset("0123456789+-(). /\u00a0")
_LANDMARK_WORDS = frozenset(
    [
        "near",
        "opp",
        "opposite",
        "behind",
        "beside",
        "front",
        "next",
        "nr",
        "paas",
        "samne",
        "pichhe",
        "piche",
        "bagal",
        "kache",
        "pashe",
        "mandir",
        "masjid",
        "school",
        "station",
        "chowk",
        "temple",
        "church",
        "gurudwara",
        "hospital",
        "bazar",
        "bazaar",
        "market",
        "bus",
        "stand",
    ]
)
_VOWELS = frozenset("aeiouy")
_KEYBOARD_RUNS = ("qwer", "wert", "asdf", "sdfg", "zxcv", "hjkl", "dfgh", "xcvb", "lkjh", "poiu")
_NUMBER_MARKS = ("h.no", "hno", "h no", "house", "flat", "plot", "door", "d.no", "shop", "room", "ward", "block")


def folded(text: str) -> str:
    """One spelling: compatibility forms unified, case folded, white space single.

    >>> folded("  MG　Road ")
    'mg road'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=65_536)
def phone_of(raw: str, country: str) -> str | None:
    """E.164 of a phone as told, or None if it is none. Never guesses letters or drops digits.

    >>> phone_of("098765 43210", "IN"), phone_of("98765O3210", "IN")
    ('+919876543210', None)
    """
    text = "".join(_plain(c) for c in unicodedata.normalize("NFKC", raw)).strip()
    text = text.split(";", 1)[0]
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)
    if not 5 <= len(digits) <= 32 or not set(digits) <= _PHONE_CHARACTERS:
        return None
    try:
        parsed = phonenumbers.parse(digits, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _plain(character: str) -> str:
    """Marks that nobody sees (copied with a contact) are dropped, every dash is a hyphen."""
    category = unicodedata.category(character)
    return "" if category == "Cf" else "-" if category == "Pd" else character


def email_of(raw: str) -> str | None:
    """An e-mail address in one spelling, or None if it cannot be one."""
    text = folded(raw)
    local, at, domain = text.rpartition("@")
    return text if at and local and "." in domain and " " not in text else None


def name_of(raw: str) -> str | None:
    """A person's name as sorted lower-case words, so that the order of names does not matter."""
    words = sorted("".join(c if c.isalpha() else " " for c in folded(raw)).split())
    return " ".join(words) or None


def address_of(parts: tuple[str | None, ...], pincode: str | None) -> str | None:
    """One spelling of an address: its words and numbers in order, without punctuation, with the PIN code."""
    text = folded(" ".join(p for p in parts if p))
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return " ".join([*words, pincode or ""]).strip() if words else None


def email_digits_share(email: str | None) -> float:
    """Share of digits in the part before the @; NaN without an e-mail."""
    if email is None:
        return float("nan")
    local = email.rpartition("@")[0]
    return sum(c.isdigit() for c in local) / len(local)


def address_measures(parts: tuple[str | None, ...]) -> tuple[float, float, float, float, float, float]:
    """Length, words, digits, has a house number, has a landmark word, gibberish share. NaN without an address.

    The landmark flag rewards "near hanuman mandir": a short rural address that names a place is a good address.
    """
    text = folded(" ".join(p for p in parts if p))
    if not text:
        return (float("nan"),) * 6
    words = "".join(c if c.isalnum() else " " for c in text).split()
    digits = sum(c.isdigit() for c in text)
    numbered = any(w[0].isdigit() for w in words) or any(mark in text for mark in _NUMBER_MARKS)
    landmark = any(w in _LANDMARK_WORDS for w in words)
    return float(len(text)), float(len(words)), float(digits), float(numbered), float(landmark), gibberish_share(words)


def gibberish_share(words: list[str]) -> float:
    """Share of the letter words (4 letters or more) that cannot be read aloud, in Latin script.

    A word counts if it has no vowel, five consonants in a row, one letter three times in a row, or a keyboard run.
    """
    long = [w for w in words if len(w) >= 4 and w.isascii() and w.isalpha()]
    return sum(_unreadable(w) for w in long) / len(long) if long else 0.0


def _unreadable(word: str) -> bool:
    run = longest = 0
    for letter in word:
        run = 0 if letter in _VOWELS else run + 1
        longest = max(longest, run)
    tripled = any(a == b == c for a, b, c in zip(word, word[1:], word[2:], strict=False))
    return longest >= 5 or longest == len(word) or tripled or any(k in word for k in _KEYBOARD_RUNS)
