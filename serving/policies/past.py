"""Past orders as columns, each with the risk the published model gives it as of the moment it was placed, and its outcome.

What policies and rules are tried on. Made once for a model and a history (`past_making.py`); reading needs numpy only, so
that the service can try a policy too. A column is read when it is first asked for.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from data.contract import DAY
from data.files.distinct import Distinct
from data.pool import Pool
from serving.decisions.compiled import PER_RISK
from serving.decisions.stages import CHECKOUT
from serving.policies.traits_of import TIERS
from serving.scores.batch import LEVELS
from serving.scores.weighing import goods_values

Array: TypeAlias = np.ndarray[Any, Any]

TEXTS = (
    "merchant_id", "currency", "payment_method", "channel", "category", "sku", "campaign", "courier", "state", "district",
    "pincode", "country",
)  # fmt: skip
PERSONS = ("phone", "email", "address", "customer_id", "device_id", "ip")
MEASURES = (
    "amount_minor", "discount_minor", "shipping_fee_minor", "n_lines", "n_units", "distance_km", "local_minute", "pin_known",
    "place_mismatch", "city_mismatch", "address_length", "address_words", "address_has_number", "address_has_landmark",
    "address_gibberish", "phone_valid", "email_disposable",
)  # fmt: skip
JUDGED = ("k", "q", "level", "buyer_outcomes", "place_outcomes", "buyer_delivered", "buyer_rto")
"""k, q: risk and risk if prepaid in thousandths, q below 0 where it is not known."""
TOLD = ("placed_at", "outcome", "acted")
"""outcome: 1 RTO, 0 delivered, -1 not known, or too young to be sure.  acted: the shop had done something already."""
UNKNOWN = -1
_RENAMED = {"amount": "amount_minor", "discount": "discount_minor", "shipping_fee": "shipping_fee_minor",
            "lines": "n_lines", "units": "n_units"}  # fmt: skip


@dataclass(frozen=True)
class Past:
    """A folder of columns. about: which model and history, through when, when made."""

    folder: Path
    about: dict[str, Any]
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def column(self, name: str) -> Array:
        """(n,) a column of numbers."""
        if name not in self._kept:
            self._kept[name] = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        found: Array = self._kept[name]
        return found

    def text(self, name: str) -> Distinct:
        """A column of texts."""
        key = f"{name}.codes"
        values = f"{name}.values"
        if values not in self._kept:
            self._kept[values] = json.loads((self.folder / f"{values}.json").read_text())
        return Distinct(self._kept[values], self.column(key))

    def order_id(self, row: int) -> str:
        """The id of one order."""
        ends = self.column("order_id.ends")
        start = int(ends[row - 1]) if row else 0
        with (self.folder / "order_id.bin").open("rb") as file:
            file.seek(start)
            return file.read(int(ends[row]) - start).decode()

    def rows_of(self, merchant_id: str, days: int) -> Array:
        """Cash orders of a merchant of the last days, by time. Nothing is to be decided of those paid before."""
        names, methods = self.text("merchant_id"), self.text("payment_method")
        place = names.values.index(merchant_id) if merchant_id in names.values else -2
        since = int(self.about["through"]) - days * DAY
        start = int(np.searchsorted(self.column("placed_at"), since))
        prepaid = methods.values.index("prepaid") if "prepaid" in methods.values else -2
        codes, paid = names.coded[start:], methods.coded[start:]
        return np.flatnonzero((codes == place) & (paid != prepaid)) + start


def folder_of(pool: Pool) -> Path:
    return pool.folder / ".past"  # hidden: no backup need hold what can be made again


def read_past(pool: Pool) -> Past | None:
    """The past orders that are ready to be tried on; None if nobody has made them yet."""
    newest = folder_of(pool) / "current"
    if not newest.exists():
        return None
    folder = folder_of(pool) / newest.read_text().strip()
    return Past(folder, json.loads((folder / "about.json").read_text()))


@dataclass(frozen=True, eq=False)
class PastTraits:
    """`decisions.traits.Traits` of some past orders, as they would have been scored at checkout."""

    past: Past
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)

    def at(self) -> Array:
        """All of them are decided as of the end of the past: rules that have ended by then do not count."""
        return np.full(len(self), int(self.past.about["through"]), dtype=np.int64)

    def person(self, kind: str) -> Array:
        return np.asarray(self.past.column(kind)[self.rows])

    def number(self, name: str) -> Array:
        if name == "value":
            value = self.values()
            return np.where(value > 0, value, np.nan)
        if name == "discount_share":
            amount, discount = self.number("amount"), self.number("discount")
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(amount + discount > 0, discount / (amount + discount), np.nan)
        if name == "hour":
            return np.floor(self._read("local_minute") / 60)
        if name in ("p_rto", "p_rto_if_prepaid"):
            told = self._read("k" if name == "p_rto" else "q")
            return np.where(told < 0, np.nan, told / PER_RISK)
        return self._read(_RENAMED.get(name, name))

    def _read(self, column: str) -> Array:
        return np.asarray(self.past.column(column)[self.rows], dtype=np.float64)

    def values(self) -> Array:
        """(n,) worth of the goods, minor units; 0 where not known."""
        return goods_values({name: self._read(name) for name in ("amount_minor", "shipping_fee_minor")})

    def text(self, name: str) -> Distinct:
        n = len(self)
        if name == "stage":
            return Distinct([CHECKOUT], np.zeros(n, dtype=np.int64))
        if name == "evidence":
            return Distinct(list(LEVELS), self._read("level").astype(np.int64))
        if name == "tier":
            return Distinct(list(TIERS), self._read("k").astype(np.int64))
        told = self.past.text(name)
        return Distinct(told.values, np.asarray(told.coded[self.rows], dtype=np.int64))
