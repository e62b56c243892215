"""Addresses as people write them: parts left out, typing errors, nonsense, and short but valid village addresses."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.world import names
from data.world.geography import Geography
from data.world.homes import Homes
from data.world.streams import Flags, Ints, Texts
from data.world.words import spread, without

DICE = 10
ENGLISH_IN_CITIES = 0.4  # of streets in metros and large cities


@dataclass(frozen=True, slots=True)
class Written:
    """(k,) addresses as text. An absent part is null."""

    line1: pa.Array
    line2: pa.Array
    landmark: pa.Array

    def take(self, rows: Ints) -> "Written":
        """These rows, repeats allowed."""
        at = pa.array(rows)
        return Written(self.line1.take(at), self.line2.take(at), self.landmark.take(at))


def write_addresses(geography: Geography, homes: Homes, draw: np.random.Generator) -> Written:
    """Render one address for each home in words, with the parts that it has."""
    count = len(homes.place)
    style = _styles(geography, homes.place, draw)
    dice = draw.integers(1 << 30, size=(count, DICE)).tolist()
    rows = zip(homes.rural.tolist(), homes.no_house.tolist(), style.tolist(), dice, strict=True)
    lines = [_village(way, dots) if rural else _street(way, dots, bare) for rural, bare, way, dots in rows]
    line1, line2 = (np.array(column, dtype=object) for column in zip(*lines, strict=True))
    landmark = spread(names.LANDMARKS, np.array([dots[0] for dots in dice]) // 7 % len(names.LANDMARKS))
    return Written(
        pa.array(_mistyped(line1, homes.typo, draw), pa.string()),
        without(pa.array(line2, pa.string()), homes.no_locality),
        without(landmark, homes.no_landmark),
    )


def _styles(geography: Geography, place: Ints, draw: np.random.Generator) -> Ints:
    """Whose words: of the region the PIN code begins with, or in a city often English."""
    region = np.array([names.REGIONS[pin[0]] for pin in geography.pincode])[place]
    english = (geography.tier[place] < 2) & (draw.random(len(place)) < ENGLISH_IN_CITIES)
    return np.where(english, names.ENGLISH, region)


def _street(style: int, dots: list[int], bare: bool) -> tuple[str, str]:
    """A street with its house number, unless `bare`, and the quarter it is in."""
    number = dots[0] % 240 + 1
    house = (
        f"{number}",
        f"H No {number}",
        f"House No {number}",
        f"Plot {number}",
        f"{number}/{dots[1] % 9 + 1}",
        f"{number}{'ABCD'[dots[1] % 4]}",
        f"Flat {number}, {_word(names.BUILDINGS, dots[2])}",
        f"Shop No {number % 40 + 1}",
    )[dots[3] % 8]
    streets = names.STREETS[style]
    street = f"{_word(streets[0], dots[4])} {_word(streets[1], dots[8])}"
    if dots[9] % 7 == 0:
        street = f"{_word(names.LANES[style], dots[9])} {dots[8] % 18 + 1}, {street}"
    locality = f"{_word(names.LOCALITY_STEMS[style], dots[5])} {_word(names.LOCALITY_ENDS[style], dots[6])}"
    return street if bare else f"{house}, {street}", locality


def _village(style: int, dots: list[int]) -> tuple[str, str]:
    """A village and its post office: short, without a number, and every postman knows it."""
    stems, ends = names.VILLAGE_STEMS[style], names.VILLAGE_ENDS[style]
    village = _word(stems, dots[0]) + _word(ends, dots[1])
    office = _word(stems, dots[2]) + _word(ends, dots[3])
    forms = (f"Vill {village}", f"Village {village}", f"At {village}", f"Ward {dots[4] % 14 + 1} {village}")
    return forms[dots[5] % 4], f"PO {office}"


def _word(words: tuple[str, ...], dots: int) -> str:
    return words[dots % len(words)]


def _mistyped(lines: Texts, typo: Flags, draw: np.random.Generator) -> Texts:
    """One typing error where `typo`: a letter lost, doubled, or changed places with the next."""
    rows = np.flatnonzero(typo)
    where, kind = draw.random(len(lines))[rows], draw.integers(3, size=len(lines))[rows]
    out = lines.copy()
    for row, part, way in zip(rows.tolist(), where.tolist(), kind.tolist(), strict=True):
        line, at = lines[row], int(part * (len(lines[row]) - 1))
        middle = ("", line[at] * 2 + line[at + 1], line[at + 1] + line[at])[way]
        out[row] = line[:at] + (middle or line[at + 1]) + line[at + 2 :]
    return out


def write_nonsense(count: int, draw: np.random.Generator) -> pa.Array:
    """(count,) address lines that mean nothing, in one to three words."""
    picked = draw.integers(len(names.NONSENSE), size=(count, 3)).tolist()
    length = draw.integers(1, 4, size=count).tolist()
    lines = [" ".join(names.NONSENSE[word] for word in row[:k]) for row, k in zip(picked, length, strict=True)]
    return pa.array(lines, pa.string())
