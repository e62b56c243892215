"""Can a word be read aloud? Judged by how often its letters follow each other in names of Indian places.

Only words of four or more Latin letters are judged: every other script, and every shorter word, counts as legible.
Consonants without vowels are no crime in themselves: people write `krshn`, `shrngr`, `bldg`, and firms are called NTPC.
"""

import csv
import math
import re
from functools import cache, lru_cache
from pathlib import Path

from data.persons.text import word_set

PAIRS_FILE = Path(__file__).parents[1] / "reference" / "letter_pairs.csv"
WORDS_FILE = PAIRS_FILE.with_name("english_words.txt")
SHORTEST = 4
_RAREST = -5.05  # mean log2 of a letter given the one before: 1 in 300 words of the post offices lies below
_RAREST_BARE = -5.6  # the same for words without vowels: people leave those out
VOWELS = frozenset("aeiouy")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_READABLE_RUNS = frozenset(["erty", "wert", "trew"])  # property, liberty, Trewa
_RUNS = frozenset(
    way[i : i + 4] for row in _ROWS for way in (row, row[::-1]) for i in range(len(row) - 3)
) - _READABLE_RUNS  # fmt: skip
_CORNERS = frozenset(way[i : i + 3] for row in _ROWS for way in (row, row[::-1]) for i in range(len(row) - 2))
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_LONG_RUN = re.compile(r"(.)\1{3}")
_DRUMMED = re.compile(r".{0,1}(..)\1{2,}.{0,2}")
_THRICE = re.compile(r"([^i])\1\1|i{4}")  # iii is a number: Phase III, IIIT
_ECHO = re.compile(r"(...)\1+.{0,2}")
_OWN_WAYS = word_set(
    "aptmt apts aptt bldg bldgs blvd chsl clny cmplx cntr cnty distt dstt extn extns govt hghts hsptl mndr nghbr "
    "njgr pvtltd qrts qtrs qtr schl sctr socty strt univ vlge vlg rhythm iiit hauz lucknow qutub udyog yojna zunheboto"
)


@lru_cache(maxsize=65_536)
def unreadable(word: str) -> bool:
    """Whether nobody can read the word aloud: drummed on one key, run along the keyboard, or letters at random.

    word: folded, letters only or not.

    >>> [w for w in ("krshn", "phlwari", "ntpc", "शिव", "asdfgh", "aaaa", "jkjkjk", "xqzuvo") if unreadable(w)]
    ['asdfgh', 'aaaa', 'jkjkjk', 'xqzuvo']
    """
    if len(word) < SHORTEST or not word.isascii() or not word.isalpha():
        return False
    if word in _known() or _ROMAN.fullmatch(word):
        return False
    return _drummed(word) or _along_the_keyboard(word) or _at_random(word)


def _drummed(word: str) -> bool:
    """One or two letters again and again: aaaa, hahaha. A letter typed thrice in a long word is a slip of the finger."""
    if len(word) <= 7 and _THRICE.search(word):
        return True
    return bool(_LONG_RUN.search(word) or _DRUMMED.fullmatch(word))


def _along_the_keyboard(word: str) -> bool:
    """Neighbours on the keyboard: asdf, poiuy; or three of them twice: asdasd, qweqwe."""
    if any(word[i : i + 4] in _RUNS for i in range(len(word) - 3)):
        return True
    return bool(_ECHO.fullmatch(word)) and any(word[i : i + 3] in _CORNERS for i in range(3))


def _at_random(word: str) -> bool:
    """Letters that hardly ever follow each other. A short word without vowels is somebody's initials."""
    if VOWELS.isdisjoint(word):
        return len(word) > SHORTEST and mean_log2(word) < _RAREST_BARE
    return mean_log2(word) < _RAREST


def mean_log2(word: str) -> float:
    """How usual the word's letter pairs are, its edges included: mean log2 of a letter given the one before."""
    usual = _letter_pairs()
    edged = f"_{word}_"
    return sum(usual[edged[i : i + 2]] for i in range(len(edged) - 1)) / (len(edged) - 1)


def is_known(word: str) -> bool:
    """Is it a word of English addresses, or how people shorten one?"""
    return word in _known()


@cache
def _known() -> frozenset[str]:
    """English address words, how people shorten them, and a few names whose letters follow each other nowhere else."""
    return _OWN_WAYS | frozenset(WORDS_FILE.read_text(encoding="utf-8").split())


@cache
def _letter_pairs() -> dict[str, float]:
    """log2 of how often the second letter follows the first; pairs never met count half."""
    letters = "_abcdefghijklmnopqrstuvwxyz"
    counts = dict.fromkeys((a + b for a in letters for b in letters), 0.5)
    with PAIRS_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            counts[row["pair"]] += int(row["count"])
    after = {a: sum(counts[a + b] for b in letters) for a in letters}
    return {pair: math.log2(count / after[pair[0]]) for pair, count in counts.items()}
