"""What the register of PIN codes says of a column's cells."""

import re

from data.drafting.look import Look
from data.places import load_register

_OLD_STATES = {"orissa", "pondicherry", "uttaranchal", "chattisgarh", "newdelhi"}
_STATE_CODE = re.compile(r"(?:IN-)?[A-Z]{2}")


def states_share(look: Look) -> float:
    """Share of the distinct cells that name a state of India, or could be the code of one, as MH and IN-MH."""
    names = {_letters(name) for name in set(load_register().state)} - {""} | _OLD_STATES
    known = [bool(_STATE_CODE.fullmatch(text)) or _letters(text) in names for text in map(str, look.some)]
    return sum(known) / max(1, len(known))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower().replace("&", "and")))


def pins_share(look: Look) -> float:
    """Share of the distinct cells that are PIN codes of the register, blanks and the `.0` of a float left out."""
    pins = look.texts.str.replace(r"\.0$", "", regex=True).str.replace(r"\D", "", regex=True)
    return float((load_register().rows(pins.to_numpy(object)) >= 0).mean()) if len(pins) else 0.0
