"""Which encodings a file of text could be in, the likeliest first."""

import unicodedata
from typing import Any

ENCODINGS = ("utf-8-sig", "utf-16", "cp1252", "cp1256", "cp1251", "gb18030", "shift_jis", "big5", "euc_kr")
"""Tried in turn. Those of one byte a character can read nearly everything: their words must make sense."""
_LOOKED_AT = 1 << 18
_CONTROLS = (0, *range(0x80, 0xA0))


def likely_encodings(raw: Any) -> list[str]:
    """Encodings that can read all bytes of a buffer, those whose words make most sense first."""
    fits = [name for name in ENCODINGS if fits_encoding(raw, name)]
    if fits[:1] in (["utf-8-sig"], ["utf-16"]):
        return fits
    head = raw[:_LOOKED_AT].to_pybytes()
    return sorted(fits, key=lambda name: -_sensible_share(head.decode(name, errors="ignore")))


def fits_encoding(raw: Any, name: str) -> bool:
    """Can all bytes be read so, as text without control characters?"""
    try:
        text = raw.to_pybytes().decode(name)
    except UnicodeError:
        return False
    if name == "utf-16" and raw[:2].to_pybytes() not in (b"\xff\xfe", b"\xfe\xff"):
        return False
    return not any(chr(code) in text for code in _CONTROLS)


def _sensible_share(text: str) -> float:
    """Share of the words beyond ASCII that could be words: letters of one script, and if Latin mostly plain ones."""
    words = {w for w in "".join(c if c > "\x7f" or c.isalpha() else " " for c in text).split() if not w.isascii()}
    return sum(_sensible(word) for word in words) / max(1, len(words))


def _sensible(word: str) -> bool:
    scripts = {unicodedata.name(c, "?").split()[0] for c in word if not unicodedata.combining(c)}
    if scripts == {"LATIN"}:
        return word.isalpha() and sum(c.isascii() for c in word) * 2 >= len(word)
    return len(scripts) == 1 and word.isalpha()
