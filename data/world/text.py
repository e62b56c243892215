"""Addresses as people write them: parts left out, typing errors, nonsense, and short but valid village addresses."""

from dataclasses import dataclass

import numpy as np

from data.world import names
from data.world.homes import Homes
from data.world.streams import Flags, Ints, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """(k,) addresses as text. An absent part is None."""

    line1: Texts
    line2: Texts
    landmark: Texts

    def take(self, rows: Ints) -> "Written":
        """These rows, repeats allowed."""
        return Written(self.line1[rows], self.line2[rows], self.landmark[rows])


def without(values: Texts, absent: Flags) -> Texts:
    """`values` with None where `absent`."""
    left = values.astype(object)  # a copy
    left[absent] = None
    return left


def write_addresses(pincode: Texts, homes: Homes, draw: np.random.Generator) -> Written:
    """Render one address for each home in words, with the parts that it has."""
    count = len(pincode)
    region = np.array(
        [names.SOUTH if pin[0] in "56" else names.EAST if pin[0] in "78" else names.NORTH for pin in pincode]
    )
    dice = draw.integers(1 << 30, size=(count, 8)).tolist()
    rows = zip(homes.rural.tolist(), region.tolist(), dice, strict=True)
    full = [_village(area, dots) if village else _street(area, dots) for village, area, dots in rows]
    shown = Written(*(np.array(column, dtype=object) for column in zip(*full, strict=True)))
    line1 = np.where(homes.no_house, _without_house(shown.line1), shown.line1)
    line2 = without(shown.line2, homes.no_locality)
    return Written(_mistyped(line1, homes.typo, draw), line2, without(shown.landmark, homes.no_landmark))


def _street(area: int, dots: list[int]) -> tuple[str, str, str]:
    stems, ends, streets = names.LOCALITY_STEMS[area], names.LOCALITY_ENDS[area], names.STREETS[area]
    number = dots[0] % 240 + 1
    house = (
        f"{number}",
        f"H No {number}",
        f"Plot {number}",
        f"{number}/{dots[1] % 9 + 1}",
        f"Flat {number}, {names.BUILDINGS[dots[2] % len(names.BUILDINGS)]}",
    )[dots[3] % 5]
    locality = f"{stems[dots[5] % len(stems)]} {ends[dots[6] % len(ends)]}"
    return f"{house}|{streets[dots[4] % len(streets)]}", locality, names.LANDMARKS[dots[7] % len(names.LANDMARKS)]


def _village(area: int, dots: list[int]) -> tuple[str, str, str]:
    stems, ends = names.VILLAGE_STEMS[area], names.VILLAGE_ENDS[area]
    village = stems[dots[0] % len(stems)] + ends[dots[1] % len(ends)]
    office = stems[dots[2] % len(stems)] + ends[dots[3] % len(ends)]
    line1 = (f"Vill {village}", f"Village {village}", f"At {village}", f"Ward {dots[4] % 14 + 1} {village}")[
        dots[5] % 4
    ]
    return line1, f"PO {office}", names.LANDMARKS[dots[7] % len(names.LANDMARKS)]


def _without_house(lines: Texts) -> Texts:
    return np.array([line.split("|")[-1] for line in lines], dtype=object)


def _mistyped(lines: Texts, typo: Flags, draw: np.random.Generator) -> Texts:
    """One letter lost where `typo`; the mark between house and street becomes a comma."""
    where = draw.random(len(lines))
    clean = [line.replace("|", ", ") for line in lines]
    cut = [int(place * len(line)) for place, line in zip(where, clean, strict=True)]
    rows = zip(clean, cut, typo.tolist(), strict=True)
    return np.array([line[:at] + line[at + 1 :] if wrong else line for line, at, wrong in rows], dtype=object)


def write_nonsense(count: int, draw: np.random.Generator) -> Texts:
    """(count,) address lines that mean nothing, in one to three words."""
    words = np.array(names.NONSENSE, dtype=object)
    picked = words[draw.integers(len(words), size=(count, 3))]
    return np.array(
        [" ".join(row[: 1 + k]) for row, k in zip(picked, draw.integers(3, size=count), strict=True)], object
    )
