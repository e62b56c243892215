"""Tables of matured orders by place, goods, value, buyer and time of day: counting over columns."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from serving.reports.columns import COD, FEW_ORDERS, LEAST_ORDERS, MISSING, NETWORK, Array, Coded, Orders
from serving.reports.figures import Group, GroupRow, Money
from serving.reports.shares import Share
from serving.reports.wording import NO_BREAK, money, place_name

ORDERS_PER_PIN = 10
"""A PIN code with fewer outcomes is not shown among the worst."""
PIN_PRIOR = 20
"""PIN codes are ranked as if each had this many more orders, at the merchant's average: so 1 of 1 is not the worst."""
ROWS, PIN_ROWS, BANDS = 12, 15, 5
_HOURS = 3
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 10.0)
_NO_AMOUNT = "not applicable: the orders carry no usable amount"
_ABOVE = "an RTO share that lies above your average by more than chance"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TEXTS = (
    ("state", "States", "State", "state"),
    ("district", "Districts", "District", "district"),
    ("category", "By category", "Category", "category"),
    ("sku", "By article", "Article (SKU)", "article number"),
    ("courier", "By courier or service, as known at checkout", "Courier or service", "courier or service"),
    ("channel", "By channel", "Channel", "channel"),
    ("campaign", "By campaign", "Campaign", "campaign"),
)
_PLACES = frozenset({"state", "district"})


@dataclass(frozen=True, slots=True)
class Judged:
    """Matured orders with an outcome. rto: (n,) 1 came back, 0 delivered."""

    orders: Orders
    rto: Array
    days: Array

    @property
    def every(self) -> Share:
        return Share(len(self.rto), int(self.rto.sum()))


def all_groups(judged: Judged, unit: Money) -> dict[str, Group]:
    """Every table by its key, in the order of the report."""
    texts = {key: by_text(judged, key, heading, what, told) for key, heading, what, told in _TEXTS}
    found = [worst_pincodes(judged), by_value(judged, unit), by_buyer(judged), by_weekday(judged), by_hour(judged)]
    return texts | {group.key: group for group in [*found, worst_networks(judged)]}


def by_text(judged: Judged, key: str, heading: str, what: str, told: str) -> Group:
    """A text column's values, most orders first."""
    column = judged.orders.text[key]
    if key in _PLACES:
        column = column.renamed(place_name)
    shares, missing = counted(column, judged.rto)
    rows = _rows(sorted(shares.items(), key=lambda p: (-p[1].n, p[0])), judged.every)
    shown = len(rows) if len(rows) <= ROWS + 1 else ROWS
    return Group(
        key, heading, what, rows, missing, shown, "" if rows else f"not applicable: the orders carry no {told}"
    )


def worst_pincodes(judged: Judged) -> Group:
    """PIN codes by their share shrunk towards the average; shown are those above it for sure, of ORDERS_PER_PIN outcomes."""
    column, district = judged.orders.text["pincode"], judged.orders.text["district"]
    shares, missing = counted(column, judged.rto)
    heading, what = "PIN codes that cost you most surely", "PIN code"
    if not shares:
        return Group(
            "pincode", heading, what, missing=missing, shown=0, note="not applicable: the orders carry no PIN code"
        )
    where = np.full(len(column.names) + 1, MISSING)
    where[column.codes] = district.codes
    names = {pin: district.names[d] if d >= 0 else "" for pin, d in zip(column.names, where.tolist(), strict=False)}
    every = judged.every
    shrunk = {pin: shrunk_share(share, every) for pin, share in shares.items()}
    enough = {pin for pin, share in shares.items() if share.n >= ORDERS_PER_PIN}
    ranked = sorted(shares, key=lambda pin: (pin not in enough, -shrunk[pin], -shares[pin].n, pin))
    plain, sure = _surest(_rows([(pin, shares[pin]) for pin in ranked], every), enough)
    rows = tuple(GroupRow(r.name, r.share, r.stands_out, place_name(names[r.name]), shrunk[r.name]) for r in plain)
    note = f"no PIN code has {ORDERS_PER_PIN} matured orders yet"
    if enough:
        some = f"{len(enough):,} of {len(shares):,} PIN codes have {ORDERS_PER_PIN} matured orders or more"
        note = f"{some}; {sure or 'none'} of them {'has' if sure == 1 else 'have'} {_ABOVE}"
    return Group("pincode", heading, what, rows, missing, min(PIN_ROWS, sure), note)


def _surest(rows: tuple[GroupRow, ...], enough: Collection[str]) -> tuple[tuple[GroupRow, ...], int]:
    """Ranked rows, those first that lie above the average by more than chance, and how many these are."""
    is_sure = [row.stands_out > 0 and row.name in enough for row in rows]
    order = sorted(range(len(rows)), key=lambda i: not is_sure[i])
    return tuple(rows[i] for i in order), sum(is_sure)


def worst_networks(judged: Judged) -> Group:
    """Network addresses likewise; those of few orders together, last."""
    column = judged.orders.text.get(NETWORK)
    heading, what = "Network addresses that cost you most surely", "Network address (IP)"
    shares, missing = counted(column, judged.rto) if column is not None else ({}, judged.every)
    enough = shares.keys() - {FEW_ORDERS}
    order = sorted(enough, key=lambda name: (-shrunk_share(shares[name], judged.every), -shares[name].n, name))
    order += [FEW_ORDERS] if FEW_ORDERS in shares else []
    note = "" if shares else "not applicable: the orders carry no network address"
    if shares and not enough:
        note = f"no network address has {LEAST_ORDERS} orders yet"
    rows, sure = _surest(_rows([(name, shares[name]) for name in order], judged.every), enough)
    if enough and not sure:
        note = f"none of the {len(enough):,} network addresses with {LEAST_ORDERS} orders or more has {_ABOVE}"
    return Group(NETWORK, heading, what, rows, missing, min(ROWS, sure), note)


def shrunk_share(share: Share, every: Share) -> float:
    """A share with PIN_PRIOR more orders at the average.

    >>> shrunk_share(Share(1, 1), Share(100, 25)) < shrunk_share(Share(48, 17), Share(100, 25))
    True
    """
    return (share.rto + PIN_PRIOR * (every.share or 0.0)) / (share.n + PIN_PRIOR)


def by_value(judged: Judged, unit: Money) -> Group:
    """Bands of order value with round edges, each holding about a fifth of the orders."""
    amounts = judged.orders.amount_minor
    known = ~np.isnan(amounts)
    heading, what = "By order value", "Order value"
    if not known.any():
        return Group("value", heading, what, missing=judged.every, note=_NO_AMOUNT)
    edges = value_edges(np.sort(amounts[known]))
    names = [_band(low, high, unit) for low, high in zip([None, *edges], [*edges, None], strict=True)]
    codes = np.where(known, np.searchsorted(edges, np.nan_to_num(amounts), side="right"), MISSING)
    return _beside_cod(_listed(judged, "value", heading, what, codes, names), judged, Coded(codes, tuple(names)))


def _beside_cod(group: Group, judged: Judged, column: Coded) -> Group:
    """The same with cash orders alone beside all: where most small orders are prepaid, small cash orders look safe."""
    cod = judged.orders.payment == COD
    if not cod.any() or cod.all():
        return group
    shares, _ = counted(column.take(cod), judged.rto[cod])
    return replace(group, rows=tuple(replace(row, cod=shares.get(row.name, Share())) for row in group.rows))


def by_buyer(judged: Judged) -> Group:
    """New and returning buyers, as far as a phone, customer number or e-mail tells."""
    names = ("New: no earlier order with the same phone, customer number or e-mail", "Returning: ordered here before")
    note = "not applicable: the orders carry no phone, customer number or e-mail"
    return _listed(judged, "buyer", "New and returning buyers", "Buyer", judged.orders.buyer, names, note)


def by_weekday(judged: Judged) -> Group:
    """The local weekday on which the order was placed."""
    codes = (judged.days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    return _listed(judged, "weekday", "By weekday of the order", "Weekday", codes, _WEEKDAYS)


def by_hour(judged: Judged) -> Group:
    """The local time of day at which the order was placed."""
    minute = judged.orders.local_minute
    codes = np.where(np.isnan(minute), MISSING, np.nan_to_num(minute) // (60 * _HOURS)).astype(np.int64)
    names = [f"{hour:02d}:00 to {hour + _HOURS:02d}:00" for hour in range(0, 24, _HOURS)]
    note = "not applicable: the orders carry a date without a time of day"
    return _listed(judged, "hour", "By time of the order", "Time of day", codes, names, note)


def _listed(
    judged: Judged, key: str, heading: str, what: str, codes: Array, names: Sequence[str], note: str = ""
) -> Group:
    """Values in their own order; those without an order are left out."""
    shares, missing = counted(Coded(codes, tuple(names)), judged.rto)
    rows = _rows([(name, shares[name]) for name in names if name in shares], judged.every)
    return Group(key, heading, what, rows, missing, len(rows), "" if rows else note)


def counted(column: Coded, rto: Array) -> tuple[dict[str, Share], Share]:
    """Shares by name, and of the orders that have no name. rto: (n,) 1 or 0."""
    size = len(column.names) + 1
    slots = column.codes % size  # MISSING counts in the last place
    n = np.bincount(slots, minlength=size).tolist()
    back = np.bincount(slots, weights=rto, minlength=size).astype(np.int64).tolist()
    named = {name: Share(n[i], back[i]) for i, name in enumerate(column.names) if n[i]}
    return named, Share(n[-1], back[-1])


def _rows(named: Sequence[tuple[str, Share]], every: Share) -> tuple[GroupRow, ...]:
    average = every.share or 0.0
    return tuple(GroupRow(name, s, (s.low > average) - (s.high < average)) for name, s in named)


def value_edges(amounts: Array | Sequence[float]) -> list[float]:
    """Round numbers near the quantiles of sorted `amounts` (minor units, at least one), strictly rising.

    >>> value_edges([49900.0, 79900.0, 99900.0, 149900.0, 499900.0])
    [80000.0, 100000.0, 150000.0, 500000.0]
    """
    quantiles = (float(amounts[len(amounts) * i // BANDS]) for i in range(1, BANDS))
    return sorted({_round(q) for q in quantiles if q > 0})


def _round(value: float) -> float:
    scale = 1.0
    while value / scale >= 10:
        scale *= 10
    return min(_ROUND, key=lambda r: abs(log(r * scale / value))) * scale


def _band(low: float | None, high: float | None, unit: Money) -> str:
    if low is None and high is None:
        return "any value"
    if high is None:
        return f"{money(low, unit)} and more"
    return f"under {money(high, unit)}" if low is None else f"{money(low, unit)} to under{NO_BREAK}{money(high, unit)}"
