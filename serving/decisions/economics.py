"""What one merchant earns and pays on an order: the money side of every decision.

Amounts are integer minor units of `currency`; shares are exact `Fraction`s from 0 to 1, so that a tie is a tie and a
replay gives the same number. `value_minor` is everywhere the value of the goods, without a delivery fee.
"""

import hashlib
import json
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction

from data.contract import Action
from data.errors import PlanError
from serving.decisions.effects import Outcomes

LARGEST_MINOR = 10**12
"""No order and no cost is larger; above it is a slip of the pen or of the unit."""

_SYMBOLS = {"INR": "Rs "}


@dataclass(frozen=True)
class Economics:
    """One merchant's costs and earnings. Refuses what cannot be meant (PlanError MONEY001, MONEY002).

    margin_share is the contribution margin before any of the costs below; damage_share is lost of the value when a
    parcel comes back; the COD fee is the larger of its two parts, on delivered COD; the gateway fee is paid on every
    order paid online and not refunded. call_cost_minor is spent on each called order, reached or not.
    ltv_minor credits every buyer served; goodwill_minor is lost with a good buyer who is refused COD and leaves.
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
    nudge_discount_minor: int
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
        return {Action.CONFIRM_CALL: self.call_cost_minor}.get(action, 0)

    def discount(self, action: Action, value_minor: int) -> int:
        """Given to a buyer who takes the offer and keeps the parcel; never more than the order is worth."""
        return min({Action.PREPAID_NUDGE: self.nudge_discount_minor}.get(action, 0), value_minor)

    def cost_of_rto(self, value_minor: int) -> int:
        """What one parcel of this value costs when it comes back: out, packaging, back, handling, damage."""
        spent = self.forward_minor + self.packaging_minor + self.reverse_minor + self.handling_minor
        return round(spent + self.damage_share * value_minor)

    def bends(self) -> tuple[int, ...]:
        """Order values between which every amount above is a straight line of the value (whole minor units).

        From the price of shipping upward: goods worth less than that are nobody's trade.
        """
        smallest, free_from = max(1, self.forward_minor), self.shipping_free_from_minor
        fees_cross = int(self.cod_fee_minor / self.cod_fee_share) if self.cod_fee_share else smallest
        near = {
            smallest,
            self.nudge_discount_minor,
            fees_cross,
            fees_cross + 1,
            free_from - 1,
            free_from,
            LARGEST_MINOR,
        }
        return tuple(sorted(v for v in near if smallest <= v <= LARGEST_MINOR))

    def pieces(self) -> tuple[int, ...]:
        """Order values, from 1 up, at each of which a new straight line begins: up to the next, every amount is one."""
        fees_cross = int(self.cod_fee_minor / self.cod_fee_share) + 1 if self.cod_fee_share else 1
        starts = {1, self.nudge_discount_minor, fees_cross, self.shipping_free_from_minor}
        return tuple(sorted(v for v in starts if 1 <= v <= LARGEST_MINOR))

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
    """Costs of a small parcel (up to 500 g) where we know them: Indian rupees. None for any other currency.

    The ranges in the comments are what public price lists and posts name. Most are vendors' claims: a merchant
    should put in its own.
    """
    if currency != "INR":
        return None
    return Economics(
        version="inr-defaults-1",
        currency="INR",
        margin_share=Fraction("0.45"),  # goods margin of direct brands is 50-65 %; the rest is marketing; by category
        forward_minor=75_00,  # seen 60-120: whatsbizapi, acefone, Fynd price list
        reverse_minor=65_00,  # seen 60-120; some couriers charge the forward price again
        packaging_minor=18_00,  # seen 15-30: whatsbizapi; spent on every parcel, delivered or not
        handling_minor=20_00,  # receive, check, restock; seen 20-40: acefone
        damage_share=Fraction("0.03"),  # assumed; a public benchmark of returns (BADS) uses 10 %
        cod_fee_minor=35_00,  # seen 30-60: Fynd, customfit, Delhivery price calculator
        cod_fee_share=Fraction("0.02"),
        gateway_fee_share=Fraction("0.02"),  # common tariff, unchecked
        call_cost_minor=18_00,  # blended; an agent costs 25-40, an automatic call 1-8: acefone
        nudge_discount_minor=40_00,  # seen 50-100: bot.space, customfit
        shipping_charged_minor=49_00,  # assumed; without it small carts lose money even when delivered
        shipping_free_from_minor=499_00,
        ltv_minor=60_00,  # assumed: how much a served buyer is worth later. An ethics knob: see docs/decisions.md
        goodwill_minor=60_00,  # assumed: what a good buyer turned away costs beyond the sale. An ethics knob
    )


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
    delivered, back = ends.delivered_cod + ends.delivered_paid, ends.rto_cod + ends.rto_paid
    paid, shipped = ends.delivered_paid + ends.rto_paid, delivered + back
    lines = (
        ("goods margin", "delivered", delivered, e.margin_share * value_minor),
        ("delivery fee from the buyer", "delivered", delivered, e.shipping_charged(value_minor)),
        ("later worth of a served buyer", "delivered", delivered, e.ltv_minor),
        ("forward shipping", "shipped", shipped, -e.forward_minor),
        ("packaging", "shipped", shipped, -e.packaging_minor),
        ("cash collection fee", "delivered for cash", ends.delivered_cod, -e.cod_fee(value_minor)),
        ("payment fee", "paid online", paid, -e.gateway_fee_share * value_minor),
        ("discount", "paid online and delivered", ends.delivered_paid, -e.discount(action, value_minor)),
        ("reverse shipping", "come back", back, -e.reverse_minor),
        ("handling", "come back", back, -e.handling_minor),
        ("damage", "come back", back, -e.damage_share * value_minor),
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
