"""What one merchant earns and pays on an order: the money side of every decision.

Amounts are integer minor units of `currency`; shares are exact `Fraction`s from 0 to 1, so that a tie is a tie and a
replay gives the same number. `value_minor` is everywhere the value of the goods, without a delivery fee.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

from data.contract import Action
from data.currency import minor_digits
from data.errors import PlanError
from serving.decisions.default_costs import ITEMS
from serving.decisions.effects import Outcomes

LARGEST_MINOR = 10**12
"""No order and no cost is larger; above it is a slip of the pen or of the unit."""

_SYMBOLS = {"INR": "Rs "}


@dataclass(frozen=True)
class Economics:
    """One merchant's costs and earnings. Refuses what cannot be meant (PlanError MONEY001, MONEY002).

    margin_share is the contribution margin before any of the costs below; damage_share is lost of the value when a
    parcel comes back; the COD fee is the larger of its two parts, on delivered COD; the gateway fee is paid on every
    order paid online and not refunded. call_cost_minor and message_cost_minor are spent on each order called or
    written to, reached or not. advance_minor is asked up front by partial_prepaid.  ltv_minor credits every buyer
    served; goodwill_minor is lost with a good buyer who is refused COD and leaves.
    """

    version: str
    currency: str
    margin_share: Fraction
    forward_minor: int
    reverse_minor: int
    packaging_minor: int
    handling_minor: int
    damage_share: Fraction
    cod_fee_minor: int
    cod_fee_share: Fraction
    gateway_fee_share: Fraction
    call_cost_minor: int
    message_cost_minor: int
    nudge_discount_minor: int
    advance_minor: int
    advance_kept_share: Fraction
    shipping_charged_minor: int
    shipping_free_from_minor: int
    ltv_minor: int
    goodwill_minor: int
    minor_per_major: int = 100

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name.endswith("_share"):
                _check_share(self.version, field.name, getattr(self, field.name))
            elif field.name.endswith("_minor"):
                _check_amount(self.version, field.name, getattr(self, field.name))
        if type(self.minor_per_major) is not int or self.minor_per_major not in (1, 10, 100, 1000):
            _refuse(self.version, "minor_per_major", self.minor_per_major, "1, 10, 100 or 1000", "see ISO 4217")

    def cod_fee(self, value_minor: int) -> Fraction:
        """Paid to the courier for collecting cash on a delivered order."""
        return max(Fraction(self.cod_fee_minor), self.cod_fee_share * value_minor)

    def shipping_charged(self, value_minor: int) -> int:
        """Paid by the buyer for delivery: only on small carts."""
        return self.shipping_charged_minor if value_minor < self.shipping_free_from_minor else 0

    def contact_cost(self, action: Action) -> int:
        """Spent on every order the action is taken on."""
        costs = {Action.CONFIRM_CALL: self.call_cost_minor, Action.CONFIRM_MESSAGE: self.message_cost_minor}
        return costs.get(action, 0)

    def advance(self, value_minor: int) -> int:
        """Paid before by a buyer who is asked for a part; never more than the order is worth."""
        return min(self.advance_minor, value_minor)

    def cod_fee_on_rest(self, value_minor: int) -> Fraction:
        """The cash fee on what is left after the advance; nothing left, no fee."""
        rest = value_minor - self.advance(value_minor)
        return self.cod_fee(rest) if rest else Fraction(0)

    def discount(self, action: Action, value_minor: int) -> int:
        """Given to a buyer who takes the offer and keeps the parcel; never more than the order is worth."""
        return min({Action.PREPAID_NUDGE: self.nudge_discount_minor}.get(action, 0), value_minor)

    def cost_of_rto(self, value_minor: int) -> int:
        """What one parcel of this value costs when it comes back: out, packaging, back, handling, damage."""
        spent = self.forward_minor + self.packaging_minor + self.reverse_minor + self.handling_minor
        return round(spent + self.damage_share * value_minor)

    def pieces(self) -> tuple[int, ...]:
        """Order values, from 1 up, at each of which a new straight line begins: up to the next, every amount is one."""
        fees_cross = int(self.cod_fee_minor / self.cod_fee_share) + 1 if self.cod_fee_share else 1
        starts = {1, self.nudge_discount_minor, fees_cross, self.shipping_free_from_minor}
        starts |= {self.advance_minor + 1, self.advance_minor + fees_cross}
        return tuple(sorted(v for v in starts if 1 <= v <= LARGEST_MINOR))

    def lines(self) -> tuple[tuple[int, int], ...]:
        """(first, last) order value of each piece; nothing is left out, the last ends at LARGEST_MINOR."""
        starts = self.pieces()
        return tuple(zip(starts, (*(start - 1 for start in starts[1:]), LARGEST_MINOR), strict=True))

    def text(self, amount_minor: Fraction | int) -> str:
        """An amount of money for people: `Rs 40`, `Rs 40.50`."""
        amount, places = abs(Fraction(amount_minor)) / self.minor_per_major, len(str(self.minor_per_major)) - 1
        exact = Decimal(amount.numerator) / amount.denominator
        digits = 0 if amount.denominator == 1 else max(places, min(6, -int(exact.normalize().as_tuple().exponent)))
        sign = "-" if amount_minor < 0 else ""
        return f"{sign}{_SYMBOLS.get(self.currency, self.currency + ' ')}{exact:,.{digits}f}"

    def as_dict(self) -> dict[str, str | int]:
        """Every field as written down: shares as exact fractions in text."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in named.items()}

    def digest(self) -> str:
        """Changes when any field does."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def default_economics(currency: str) -> Economics | None:
    """Costs where we know them: Indian rupees (`default_costs.py`). None for any other currency."""
    if currency != "INR":
        return None
    return economics_of("inr-defaults-2", currency, {})


def economics_of(version: str, currency: str, told: Mapping[str, Fraction | int]) -> Economics:
    """Economics from what was told; what was not told is as shipped, of which only rupees have something.

    Raises PlanError MONEY008 for a missing item where nothing is shipped.
    """
    missing = [item.name for item in ITEMS if item.name not in told]
    if missing and currency != "INR":
        raise PlanError("MONEY008", f"economics {version}, {missing[0]}", got="nothing",
                        expected=f"every item: costs in {currency} are not known here",
                        to_do="write the item down; rto policy draft lists them all")  # fmt: skip
    given: dict[str, Any] = {item.name: told.get(item.name, item.default) for item in ITEMS}
    return Economics(version, currency, **given, minor_per_major=10 ** minor_digits(currency))


@dataclass(frozen=True)
class Line:
    """One kind of money: the share of orders it falls on (`of`, in words) and minor units each, signed."""

    name: str
    of: str
    share: Fraction
    each_minor: Fraction


def money(ends: Outcomes, action: Action, value_minor: int, e: Economics) -> tuple[Line, ...]:
    """Every line of the sum. A parcel shipped costs its way out and its packaging; one that comes back costs the way
    back, handling and damage too; a cancelled order costs nothing further.
    """
    delivered, back = ends.delivered_cod + ends.delivered_paid + ends.delivered_part, ends.rto_cod + ends.rto_paid
    back += ends.rto_part
    paid, in_part, shipped = ends.delivered_paid + ends.rto_paid, ends.delivered_part + ends.rto_part, delivered + back
    advance = e.advance(value_minor)
    lines = (
        ("goods margin", "delivered", delivered, e.margin_share * value_minor),
        ("delivery fee from the buyer", "delivered", delivered, e.shipping_charged(value_minor)),
        ("later worth of a served buyer", "delivered", delivered, e.ltv_minor),
        ("forward shipping", "shipped", shipped, -e.forward_minor),
        ("packaging", "shipped", shipped, -e.packaging_minor),
        ("cash collection fee", "delivered for cash", ends.delivered_cod, -e.cod_fee(value_minor)),
        ("cash fee on the rest", "delivered, a part paid", ends.delivered_part, -e.cod_fee_on_rest(value_minor)),
        ("payment fee", "paid online", paid, -e.gateway_fee_share * value_minor),
        ("payment fee on the advance", "paid in part", in_part, -e.gateway_fee_share * advance),
        ("discount", "paid online and delivered", ends.delivered_paid, -e.discount(action, value_minor)),
        ("reverse shipping", "come back", back, -e.reverse_minor),
        ("handling", "come back", back, -e.handling_minor),
        ("damage", "come back", back, -e.damage_share * value_minor),
        ("advance kept", "come back, a part paid", ends.rto_part, e.advance_kept_share * advance),
        ("goodwill", "good buyers who leave", ends.lost_good, -e.goodwill_minor),
        ("contact", "all", Fraction(1), -e.contact_cost(action)),
    )
    return tuple(Line(name, of, share, Fraction(each)) for name, of, share, each in lines if share and each)


def worth(ends: Outcomes, action: Action, value_minor: int, e: Economics) -> Fraction:
    """Expected minor units of money, exact."""
    return sum((line.share * line.each_minor for line in money(ends, action, value_minor, e)), Fraction(0))


def _check_share(version: str, name: str, value: object) -> None:
    if not isinstance(value, Fraction):
        _refuse(version, name, repr(value), "an exact share", 'write it as Fraction("0.45"), a float is not exact')
    elif not 0 <= value <= 1:
        _refuse(version, name, value, "a share from 0 to 1", "write 45 % as 0.45")


def _check_amount(version: str, name: str, value: object) -> None:
    if type(value) is not int:
        _refuse(version, name, repr(value), "a whole number of minor units", "write Rs 40 as 4000")
    elif value < 0:
        _refuse(version, name, value, "0 or more", "costs are written without a minus sign")
    elif value > LARGEST_MINOR:
        _refuse(version, name, value, f"at most {LARGEST_MINOR}", "check the unit: paise for rupees")


def _refuse(version: str, name: str, got: object, expected: str, to_do: str) -> None:
    code = "MONEY001" if name.endswith("_share") else "MONEY002"
    raise PlanError(code, f"economics {version}, {name}", got=str(got), expected=expected, to_do=to_do)
