"""Text in one spelling, and its words. What is made of it: `addresses`, `phones`, `emails`, `names`."""

import re
import unicodedata
from typing import NamedTuple

NAN = float("nan")
_NOT_ALNUM = "".join(chr(i) if chr(i).isalnum() else " " for i in range(128))
_RUN = re.compile(r"[^\W_]+")


class Reading(NamedTuple):
    """What is read of one personal value. spelled: its one spelling, which becomes a pseudonym; None where there is
    none.  measures: numbers in the order of the contract, NaN where they do not apply."""

    spelled: str | None
    measures: tuple[float, ...]


def folded(text: str) -> str:
    """One spelling: compatibility forms unified, case folded, white space single.

    >>> folded("  MG　Road ")
    'mg road'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words_of(text: str) -> list[str]:
    """The words of folded text: letters, digits and the marks that belong to letters, without punctuation.

    >>> words_of("12/a, शिव मंदिर")
    ['12', 'a', 'शिव', 'मंदिर']
    """
    if text.isascii():
        return text.translate(_NOT_ALNUM).split()
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text).split()


def letters_and_digits(text: str) -> list[str]:
    """Runs of letters and digits alone: what pseudonyms are made of, so its meaning never changes."""
    return text.translate(_NOT_ALNUM).split() if text.isascii() else _RUN.findall(text)


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as one text, folded."""
    return frozenset(folded(text).split())
