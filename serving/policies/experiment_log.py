"""What the experiment has shown so far: each checkout with its arm, what was advised, and the money it brought."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import orjson

from data.contract import Action, NewsType, Payment
from data.history import History
from data.keeping import journal
from data.keeping.database import Connection
from data.label import RTO
from features.labels import labels_at, maturity
from serving.decisions.economics import worth
from serving.decisions.effects import HARSHNESS, Outcomes
from serving.decisions.holdout import HOLDOUT
from serving.decisions.shop import ShopPolicy
from serving.keeping import checkouts
from serving.scores.weighing import goods_values

Array: TypeAlias = np.ndarray[Any, Any]

_ONE = Fraction(1)
_ASKED = [int(NewsType.CONFIRMED), int(NewsType.NO_REPLY)]
_OPEN, _NO_ORDER = "open", "no_order"
_DECISIONS = """SELECT order_id, checkout_id, scored_at, body FROM decisions
WHERE merchant_id = ? AND json_extract(body, '$.made_from.experiment.name') = ? ORDER BY scored_at, decision_id"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """One subject of the draw. end: `delivered`, `rto`, `cancelled`, `no_order`.  worths: expected money by action.
    contacted: somebody tried to reach the buyer before the parcel left."""

    arm: str
    action: Action
    wanted: Action
    propensity: float
    money: float
    end: str
    worths: Mapping[str, int]
    contacted: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """checkouts: with a known end, old enough.  young, open, unpriced: left out and counted."""

    checkouts: list[Checkout]
    young: int
    still_open: int
    unpriced: int

    @property
    def money(self) -> Array:
        return np.array([one.money for one in self.checkouts])

    @property
    def held(self) -> Array:
        return np.array([one.arm == HOLDOUT for one in self.checkouts], dtype=bool)

    @property
    def acted(self) -> Array:
        return np.array([one.action is not Action.ALLOW_COD for one in self.checkouts], dtype=bool)

    def counted(self) -> dict[str, int]:
        return {"known": len(self.checkouts), "young": self.young, "open": self.still_open, "unpriced": self.unpriced}


def shown(connection: Connection, history: History, merchant_id: str, shop: ShopPolicy) -> Shown:
    """Everything the experiment of a policy has shown by the end of the history."""
    fates = Fates.of(history, merchant_id)
    found, left = list[Checkout](), {"young": 0, _OPEN: 0, "unpriced": 0}
    for scored_at, order_id, body in _advice(connection, merchant_id, shop.experiment.name):
        end, paid = fates.end(order_id)
        money = _money(shop, body, end, paid=paid)
        if scored_at > fates.mature_before:
            left["young"] += 1
        elif end == _OPEN:
            left[_OPEN] += 1
        elif money is None:
            left["unpriced"] += 1
        else:
            drawn, answer = body["made_from"]["experiment"], body["answer"]
            worths = {row["action"]: row["expected_value_minor"] for row in answer["actions"]}
            found.append(Checkout(drawn["arm"], _action(answer), Action[drawn["wanted"].upper()], drawn["propensity"],
                                  money, end, worths, fates.contacted(order_id)))  # fmt: skip
    return Shown(found, left["young"], left[_OPEN], left["unpriced"])


def _advice(connection: Connection, merchant_id: str, name: str) -> Iterator[tuple[int, str | None, dict[str, Any]]]:
    """(when first asked, order, decision) of each checkout: of several the harshest, of equals the last. All have one arm."""
    first, last = dict[str, int](), dict[str, tuple[str | None, dict[str, Any]]]()
    for order_id, checkout_id, scored_at, body in connection.execute(_DECISIONS, (merchant_id, name)):
        subject = checkout_id or checkouts.checkout_of(connection, merchant_id, order_id) or order_id
        if order_id is None:
            became = checkouts.orders_of(connection, merchant_id, checkout_id)
            order_id = became[0] if became else None
        first.setdefault(subject, scored_at)
        asked = orjson.loads(body)
        if subject in last and _wanted(asked) < _wanted(last[subject][1]):
            asked = last[subject][1]  # at dispatch cash can be refused no more: it was before
        last[subject] = order_id or (last[subject][0] if subject in last else None), asked
    for subject, (order_id, body) in last.items():
        yield first[subject], order_id, body


@dataclass(frozen=True, eq=False)
class Fates:
    """How the orders of one merchant ended. mature_before: younger ones are not read at all, whatever is known."""

    history: History
    verdict: Array
    row_of: Mapping[str, int]
    mature_before: int

    @classmethod
    def of(cls, history: History, merchant_id: str) -> "Fates":
        labels, orders = labels_at(history, history.known_through), history.orders
        ours = np.flatnonzero(np.equal(orders["merchant_id"], merchant_id)).tolist()
        old = history.known_through - maturity(labels, orders["placed_at"])
        return cls(history, labels.verdict, {orders["order_id"][row]: row for row in ours}, old)

    def contacted(self, order_id: str | None) -> bool:
        """Did somebody ask the buyer about it, by what was told?"""
        return bool(np.isin(self._told(order_id), _ASKED).any())

    def _told(self, order_id: str | None) -> Array:
        """(m,) types of the news of an order."""
        row = self.row_of.get(order_id or "")
        start = (0, 0) if row is None else self.history.start[row : row + 2]
        return np.asarray(self.history.news["type"][start[0] : start[1]])

    def end(self, order_id: str | None) -> tuple[str, bool]:
        """The end in a word, and whether it was paid online."""
        row = None if order_id is None else self.row_of.get(order_id)
        if row is None:
            return _NO_ORDER, False
        told = self._told(order_id)
        paid = self.history.orders["payment_method"][row] == Payment.PREPAID.value
        paid = bool(paid or (told == int(NewsType.SWITCHED_TO_PREPAID)).any())
        if self.verdict[row] in (0, RTO):
            return ("rto" if self.verdict[row] == RTO else "delivered"), paid
        return ("cancelled" if (told == int(NewsType.CANCELLED)).any() else _OPEN), paid


def _wanted(body: dict[str, Any]) -> int:
    """How harsh the policy wanted to be."""
    return int(HARSHNESS[Action[body["made_from"]["experiment"]["wanted"].upper()]])


def _action(answer: dict[str, Any]) -> Action:
    return Action[answer["recommendation"]["action"].upper()]


def _money(shop: ShopPolicy, body: dict[str, Any], end: str, *, paid: bool) -> float | None:
    """Minor units the end brought, by the shop's costs; None where there are none, or no usable amount."""
    columns, action = journal.unpacked(body["made_from"]["columns"]), _action(body["answer"])
    table = journal.as_table([columns])
    money, value = shop.money_for(columns["currency"], columns.get("category")), int(goods_values(table)[0])
    if money is None or value < 1:
        return None
    kind = "paid" if paid else "part" if action is Action.PARTIAL_PREPAID else "cod"
    name = f"{end}_{kind}" if end in ("delivered", "rto") else "cancelled"
    return float(worth(Outcomes(**{name: _ONE}), action, value, money.economics))
