"""The PIN register: district, state and position of Indian PIN codes, and how far apart two places lie.

Loads in a few hundredths of a second with the standard library and numpy alone: the service needs it too.
Source and licence of the table: `data/reference/ATTRIBUTION.md`.
"""

import csv
import gzip
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

REGISTER_FILE = Path(__file__).parent / "reference" / "pincodes.csv.gz"
TOWNS_FILE = REGISTER_FILE.with_name("towns.csv.gz")
EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG

_PIN = re.compile(r"[1-9][0-9]{5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """What the register says of one PIN code. Names are upper case, "" where missing; degrees, NaN where missing."""

    district: str
    state: str
    latitude: float
    longitude: float

    @property
    def located(self) -> bool:
        """Whether the register has coordinates for it."""
        return not math.isnan(self.latitude)


@dataclass(frozen=True, slots=True, eq=False)
class PinRegister:
    """One row for each PIN code, sorted by `pincode`. All arrays have shape (n,)."""

    pincode: NDArray[Any]  # text of six digits
    district: NDArray[Any]  # upper case text, "" where missing
    state: NDArray[Any]
    latitude: NDArray[np.float64]  # degrees, NaN where missing
    longitude: NDArray[np.float64]
    row_of: dict[str, int]
    towns: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """The (district, state) pairs in which a town of that name has a post office; names are small letters alone."""
    districts: frozenset[str] = frozenset()
    """The names of all districts, small letters alone."""

    def __len__(self) -> int:
        return len(self.pincode)

    def lookup(self, pincode: str) -> Place | None:
        """The place of one PIN code; None if it is no PIN code or not in the register."""
        row = self.row_of.get(clean_pincode(pincode))
        return None if row is None else self.at(row)

    def at(self, row: int) -> Place:
        """The place in one row, as told by `rows`."""
        names = str(self.district[row]), str(self.state[row])
        return Place(*names, float(self.latitude[row]), float(self.longitude[row]))

    def rows(self, pincodes: NDArray[Any]) -> NDArray[np.int64]:
        """(n,) row of each PIN code, -1 where it is missing, malformed or unknown."""
        # an import holds few distinct PIN codes, so each is looked up once
        known: dict[object, int] = {}
        for value in pincodes:
            if value not in known:
                known[value] = self.row_of.get(clean_pincode(value), -1)
        return np.fromiter((known[value] for value in pincodes), dtype=np.int64, count=len(pincodes))


def clean_pincode(value: object) -> str:
    """The six digits of a PIN code written as 560001, "560 001" or " 560001 "; "" for anything else.

    >>> clean_pincode("560 001"), clean_pincode("56001"), clean_pincode(None)
    ('560001', '', '')
    """
    if not isinstance(value, str | int | np.integer):
        return ""
    digits = str(value).replace(" ", "")
    return digits if _PIN.fullmatch(digits) else ""


@cache
def load_register() -> PinRegister:
    """The shipped register. Read once in a process; the arrays are read-only."""
    with gzip.open(REGISTER_FILE, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        pincode, district, state, latitude, longitude = zip(*lines, strict=True)
    arrays = (
        np.array(pincode, dtype="U6"),
        np.array(district, dtype=object),
        np.array(state, dtype=object),
        np.array([float(text or "nan") for text in latitude]),
        np.array([float(text or "nan") for text in longitude]),
    )
    for array in arrays:
        array.setflags(write=False)
    districts = frozenset("".join(filter(str.isalpha, name.lower())) for name in set(district))
    return PinRegister(*arrays, {pin: row for row, pin in enumerate(pincode)}, _towns(), districts)


def _towns() -> dict[str, frozenset[tuple[str, str]]]:
    homes: dict[str, set[tuple[str, str]]] = {}
    for town, district, state in told_towns():
        homes.setdefault(town, set()).add((district, state))
    return {town: frozenset(where) for town, where in homes.items()}


def told_towns() -> Iterator[list[str]]:
    """Town, district and state of each line of the list of towns."""
    with gzip.open(TOWNS_FILE, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        yield from lines


def distance_km(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance in km between points in degrees (haversine); NaN where a coordinate is missing.

    Arguments broadcast. About 0.5 % off the true ellipsoid, which is less than a PIN code is wide.
    """
    phi1, lam1, phi2, lam2 = (np.radians(np.asarray(angle, dtype=np.float64)) for angle in (lat1, lon1, lat2, lon2))
    chord = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin((lam2 - lam1) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


_STATES: dict[str, str] = {
    "andamanandnicobarislands": "an andamanandnicobar andamannicobar andamannicobarislands",
    "andhrapradesh": "ap andhra andrapradesh andhrapardesh",
    "arunachalpradesh": "ar arunachal arunachalpardesh",
    "assam": "as asam",
    "bihar": "br behar",
    "chandigarh": "ch chandigarhut",
    "chhattisgarh": "cg ct chattisgarh chhatisgarh chatisgarh chattishgarh",
    "dadraandnagarhavelianddamananddiu": "dn dd dh dnhdd dadraandnagar dadraandnagarhaveli dadranagarhaveli "
    "damananddiu damandiu dadraandnagarhavelidamananddiu dadraandnagarhavelianddamandiu",
    "delhi": "dl newdelhi nctofdelhi delhinct delhincr nationalcapitalterritoryofdelhi dilli",
    "goa": "ga",
    "gujarat": "gj gujrat gujarath",
    "haryana": "hr hariyana",
    "himachalpradesh": "hp himachal himachalpardesh",
    "jammuandkashmir": "jk jandk jammukashmir jammu kashmir jammuandkashmirut",
    "jharkhand": "jh jarkhand jharkand",
    "karnataka": "ka karnatak karnatka",
    "kerala": "kl keral keralam",
    "ladakh": "la leh leladakh",
    "lakshadweep": "ld laccadive lakshadeep",
    "madhyapradesh": "mp madhyapardesh madhyaprdesh",
    "maharashtra": "mh maharastra maharashtr maharashthra",
    "manipur": "mn",
    "meghalaya": "ml meghalya",
    "mizoram": "mz",
    "nagaland": "nl",
    "odisha": "od or orissa odissa orisa",
    "puducherry": "py pondicherry pondichery puduchery pondy",
    "punjab": "pb panjab",
    "rajasthan": "rj rajshthan rajsthan rajastan rajasthaan",
    "sikkim": "sk",
    "tamilnadu": "tn tamilnad tamilnaidu tamizhnadu",
    "telangana": "ts tg telengana telangna",
    "tripura": "tr",
    "uttarpradesh": "up utterpradesh uttarpardesh uttarprdesh",
    "uttarakhand": "uk ua ut uttaranchal uttrakhand uttarkhand",
    "westbengal": "wb bengal westbangal paschimbanga",
}
_STATE_OF = {alias: name for name, aliases in _STATES.items() for alias in (name, *aliases.split())}


@lru_cache(maxsize=4096)
def fold_state(name: str) -> str:
    """One spelling for all the ways an Indian state is written; an unknown one only loses case and punctuation.

    >>> fold_state("Orissa"), fold_state("JAMMU & KASHMIR"), fold_state("Punjab/Mohali"), fold_state("RJ")
    ('odisha', 'jammuandkashmir', 'punjab', 'rajasthan')
    """
    text = name.lower().replace("&", " and ").split("/")[0]
    text = re.sub(r"\(.*?\)|^\s*the\s|\bstate of\b|\but of\b|\bunion territory of\b", " ", text)
    letters = "".join(char for char in text if char.isalpha())
    return _STATE_OF.get(letters, letters)


def same_state(a: str, b: str) -> bool:
    """Whether two spellings mean one Indian state. Two missing names are not the same state."""
    folded = fold_state(a)
    return bool(folded) and folded == fold_state(b)
