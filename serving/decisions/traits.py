"""What rules may read of an order: each trait with its kind and meaning, and how a batch of orders shows them.

All of it is known at checkout, or is the answer's own (risk, evidence). Nothing personal can be named: persons are on lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np

from data.files.distinct import Distinct

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Trait:
    """kind: money (told in major units), number, share (0 to 1), flag (yes or no), text.  words: all a text can be, where
    that is known.  least, most: of numbers."""

    name: str
    kind: str
    what: str
    words: tuple[str, ...] = ()
    least: float = 0.0
    most: float = float("inf")


class Traits(Protocol):
    """A batch of orders as rules see it."""

    def __len__(self) -> int: ...

    def number(self, name: str) -> Array:
        """(n,) a number, NaN where it is not known; money in minor units, flags as 0 and 1."""
        ...

    def text(self, name: str) -> Distinct:
        """A text, none where it is not known."""
        ...

    def person(self, kind: str) -> Array:
        """(n,) pseudonyms of a handle, below 0 where there is none."""
        ...

    def at(self) -> Array:
        """(n,) the moment each order is decided, microseconds."""
        ...


class Read:
    """The same traits, each read once however many rules ask for it."""

    def __init__(self, traits: Traits) -> None:
        self.traits = traits
        self._numbers: dict[str, Array] = {}
        self._texts: dict[str, Distinct] = {}

    def __len__(self) -> int:
        return len(self.traits)

    def number(self, name: str) -> Array:
        if name not in self._numbers:
            self._numbers[name] = self.traits.number(name)
        return self._numbers[name]

    def text(self, name: str) -> Distinct:
        if name not in self._texts:
            self._texts[name] = self.traits.text(name)
        return self._texts[name]

    def person(self, kind: str) -> Array:
        return self.traits.person(kind)

    def at(self) -> Array:
        return self.traits.at()


_STAGES = ("checkout", "placed", "dispatch")
_ALL: tuple[Trait, ...] = (
    Trait("value", "money", "worth of the goods, without the delivery fee"),
    Trait("amount", "money", "what the buyer owes"),
    Trait("discount", "money", "taken off before"),
    Trait("discount_share", "share", "discount in the price before it", most=1.0),
    Trait("shipping_fee", "money", "delivery fee within the amount"),
    Trait("payment_method", "text", "how the buyer wants to pay", ("cod", "prepaid", "undecided")),
    Trait("channel", "text", "where it was placed"),
    Trait("category", "text", "of the dearest line"),
    Trait("sku", "text", "article of the dearest line"),
    Trait("lines", "number", "lines of the order", least=1.0),
    Trait("units", "number", "pieces", least=1.0),
    Trait("campaign", "text", "what brought the buyer"),
    Trait("courier", "text", "where known at checkout"),
    Trait("state", "text", "by the PIN code register, else as told"),
    Trait("district", "text", "likewise"),
    Trait("pincode", "text", "six digits"),
    Trait("country", "text", "ISO 3166 alpha-2"),
    Trait("distance_km", "number", "from where the parcel starts"),
    Trait("hour", "number", "of the merchant's local day", most=23.0),
    Trait("pin_known", "flag", "is the PIN code in the register?"),
    Trait("place_mismatch", "flag", "does the state not fit the PIN code?"),
    Trait("city_mismatch", "flag", "does the city not fit the PIN code?"),
    Trait("address_length", "number", "characters of the address"),
    Trait("address_words", "number", "words of the address"),
    Trait("address_has_number", "flag", "is there a house number?"),
    Trait("address_has_landmark", "flag", "is a landmark named?"),
    Trait("address_gibberish", "share", "how unreadable the address is", most=1.0),
    Trait("phone_valid", "flag", "can it be a phone number?"),
    Trait("email_disposable", "flag", "a throw-away mailbox?"),
    Trait("p_rto", "share", "the risk", most=1.0),
    Trait("p_rto_if_prepaid", "share", "the risk had the buyer paid", most=1.0),
    Trait("tier", "text", "label of the risk", ("low", "medium", "high")),
    Trait("evidence", "text", "how much stands behind the risk", ("thin", "some", "good")),
    Trait("buyer_outcomes", "number", "outcomes known of the buyer"),
    Trait("place_outcomes", "number", "outcomes known of the place"),
    Trait("buyer_delivered", "number", "parcels the buyer took"),
    Trait("buyer_rto", "number", "parcels of the buyer that came back"),
    Trait("stage", "text", "when the advice is asked for", _STAGES),
)
TRAITS: Mapping[str, Trait] = MappingProxyType({trait.name: trait for trait in _ALL})
NEEDS_MODEL = frozenset(
    {
        "p_rto",
        "p_rto_if_prepaid",
        "tier",
        "evidence",
        "buyer_outcomes",
        "place_outcomes",
        "buyer_delivered",
        "buyer_rto",
    }
)
"""Not known where no model answers."""
