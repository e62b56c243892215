"""What a feature can be made from. `features/catalog.py` names them; every driver and page reads these few shapes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from features.contribution import Measure
from features.fold import FOREVER


class Distinct(StrEnum):
    """What a link counts, each value once: `features/links.py`."""

    NAME = "name"
    PHONE = "phone"
    ADDRESS = "address"
    CART = "cart"


@dataclass(frozen=True, slots=True)
class Sum:
    """A decayed sum of `measure` over the other orders that share the key. half_life in microseconds, 0 = forever."""

    key: str
    measure: Measure
    half_life: int = FOREVER


@dataclass(frozen=True, slots=True)
class Link:
    """How many values of `measure` other orders brought to the key, the order's own left out (`features/links.py`)."""

    key: str
    measure: Distinct

    @property
    def half_life(self) -> int:
        """Links do not fade."""
        return FOREVER

    @property
    def kind(self) -> str:
        """The link's name in the table of the state."""
        return f"{self.measure} of {self.key}"


@dataclass(frozen=True, slots=True)
class PerCart:
    """A sum of outcomes in which the orders of one cart count once (`features/rates.py`)."""

    sum: Sum


@dataclass(frozen=True, slots=True)
class Most:
    """The largest of one sum, carts counted once, over the handles of a buyer (`features/rates.py`).

    Who changes a phone keeps the mailbox: the handle that is known best tells most. `hub_from`: a handle (other than the
    phone) seen with so many other phones is a shop's own device or a shared mailbox, and says nothing of one buyer.
    """

    handles: tuple[str, ...]
    measure: Measure
    half_life: int = FOREVER
    hub_from: int = 4

    @property
    def sums(self) -> tuple[Sum, ...]:
        return tuple(Sum(handle, self.measure, self.half_life) for handle in self.handles)


@dataclass(frozen=True, slots=True)
class Rate:
    """Share `of` / `among`, shrunk along `chain` from its last key to its first (`features/rates.py`)."""

    chain: tuple[str, ...]
    of: Measure = Measure.RTO
    among: Measure = Measure.KNOWN
    half_life: int = FOREVER


@dataclass(frozen=True, slots=True)
class FromOrder:
    """Read off the order itself by the function of this name in `features/order.py`."""

    name: str


@dataclass(frozen=True, slots=True)
class Level:
    """1 where the order's `column` has this value, else 0: a bundle's own feature, for values common in its history.

    A short history has hardly any outcomes told before its orders, so rates say little there and levels say more.
    """

    column: str
    value: str


Historical: TypeAlias = Sum | Link | PerCart | Most | Rate
"""Made from other orders."""
Source: TypeAlias = Historical | FromOrder | Level


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the design matrix.

    monotone: +1 if more never lowers the risk, -1 the reverse, 0 free.  reason: code shown when it moves a score.
    scale: "log" where the linear part reads log(1 + x).  firm: is the sign held however long the history? Others are
    held where orders are few, and steady a model there (docs/adr/0012).
    """

    name: str
    source: Source
    unit: str
    reason: str
    why: str
    monotone: int = 0
    scale: str = "linear"
    firm: bool = True
