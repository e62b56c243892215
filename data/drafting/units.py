"""In which unit a file writes its money: rupees or hundredths of them. One file has one unit, unless its cells say otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from data.drafting.columns import Guess
from data.drafting.countries import LARGE_NUMBERS
from data.drafting.likeness import KINDS
from data.drafting.look import Look

_MOSTLY = 0.5
_LEAST_EQUAL = 20


@dataclass(frozen=True, slots=True)
class Unit:
    """`minor` or `major`, and what a person should settle about it."""

    name: str
    doubt: str = ""


def units_of(orders: dict[str, Guess], theirs: frozenset[str], currency: str | None) -> dict[str, Unit]:
    """The unit of each column of money, by its role.

    theirs: columns of the file beside the orders' own, which has a unit of its own.  currency: in some, a usual amount
    is a whole number of five figures.
    """
    money = {role: guess.look for role, guess in orders.items() if KINDS[role] == "money"}
    own = {role: look for role, look in money.items() if look.name not in theirs}
    other = {role: look for role, look in money.items() if look.name in theirs}
    return dict(chain(_of_one_file(own, currency), _of_one_file(other, currency)))


def _of_one_file(money: dict[str, Look], currency: str | None) -> Iterable[tuple[str, Unit]]:
    hundredths = [look for look in money.values() if look.says_minor]
    for role, look in money.items():
        if look.says_minor:
            yield role, Unit("minor")
        elif hundredths:
            yield role, _beside_hundredths(look, hundredths[0])
        elif (small := _hundredth_of(look, money)) is not None:
            yield (
                role,
                Unit("minor", f"100 times {small.name!r} on most rows: hundredths (paise, cents), while that is not?"),
            )
        elif currency not in LARGE_NUMBERS and look.may_be_minor:
            asked = 'whole numbers that end in 00: if they are hundredths (paise, cents), unit = "minor"'
            yield role, Unit("major", asked + (" on every column of money of this file" if len(money) > 1 else ""))
        else:
            yield role, Unit("major")


def _beside_hundredths(look: Look, named: Look) -> Unit:
    """A column that names no unit in a file where another is in hundredths: so is it, unless it has a decimal point."""
    if look.has_decimals:
        return Unit("major", f"has decimals while {named.name!r} of the same file is in hundredths: two units, right?")
    return Unit(
        "minor", f"names no unit; {named.name!r} of the same file is in hundredths, so this is read so too: right?"
    )


def _hundredth_of(look: Look, money: dict[str, Look]) -> Look | None:
    """A column of the same file of which this one is 100 times on most rows: two units, whatever the headers say."""
    if look.has_decimals:
        return None
    big = _numbers(look)
    for small in money.values():
        low = _numbers(small) if small is not look else np.zeros(0)
        told = (big > 0) & (low > 0) if len(low) else np.zeros(0, dtype=bool)
        if told.sum() >= _LEAST_EQUAL and np.isclose(big[told], 100 * low[told]).mean() > _MOSTLY:
            return small
    return None


def _numbers(look: Look) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """(n,) the cells as numbers, NaN where one is none."""
    cells = pd.Series(look.column.to_pylist(), dtype=object).astype("string").str.replace(r"[^\d.,-]", "", regex=True)
    plain = (
        cells.str.replace(".", "").str.replace(",", ".") if look.comma_share > _MOSTLY else cells.str.replace(",", "")
    )
    return pd.to_numeric(plain, errors="coerce").to_numpy("float64", na_value=np.nan)
