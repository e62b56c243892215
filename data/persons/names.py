"""Names on parcels: one spelling, and whether somebody is named at all."""

from data.persons.legible import SHORTEST, unreadable
from data.persons.text import Reading, folded, word_set, words_of

_NOBODY = word_set(
    "test tests testing tester demo dummy sample example fake asdf asd qwerty qwe zxc abc abcd abcde xyz xyzz pqr "
    "aaa bbb na nil none null nan undefined unknown noname nobody anonymous anon guest customer buyer user client "
    "consumer name firstname lastname surname fullname first last full order cod admin temp tmp random someone "
    "somebody no yourname hello hi"
)


def name_of(raw: str) -> str | None:
    """A person's name as sorted lower-case words, so that the order of names does not matter."""
    text = folded(raw)
    if not text.replace(" ", "").isalpha():
        text = "".join(c if c.isalpha() else " " for c in text)
    return " ".join(sorted(text.split())) or None


def read_name(raw: str) -> Reading:
    """A name as told. Measures: words; single letters only; nobody's name; share of the longer words
    that nobody can read aloud. A name that was told but has no letter is nobody's.

    >>> [read_name(name).measures for name in ("K Ravi", "Customer Test", "x", "123")]
    [(2.0, 0.0, 0.0, 0.0), (2.0, 0.0, 1.0, 0.0), (1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)]
    """
    name = name_of(raw)
    if name is None:
        return Reading(None, (0.0, 0.0, 1.0, 0.0))
    words = name.split() if name.isascii() else [word for word in words_of(folded(raw)) if not word.isdigit()]
    initials = max(map(len, words)) == 1
    nobody = not initials and all(word in _NOBODY or word == word[0] * len(word) for word in words)
    bad = [word for word in words if unreadable(word)]
    gibberish = len(bad) / sum(len(word) >= SHORTEST for word in words) if bad else 0.0
    return Reading(name, (float(len(words)), float(initials), float(nobody), gibberish))
