"""Tables of matured orders by place, category and value."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from math import log

from serving.reports.figures import (
    Group,
    GroupRow,
    Money,
    OrderRow,
)
from serving.reports.shares import Share
from serving.reports.wording import NO_BREAK, money, place_name

ORDERS_PER_PIN = 20
"""Fewer outcomes than this say nothing about one PIN code."""
ROWS, PIN_ROWS, BANDS = 12, 10, 5
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 10.0)
_NO_AMOUNT = "not applicable: the orders carry no usable amount"
_Key = Callable[[OrderRow], str | None]


def by_state(rows: Sequence[OrderRow]) -> Group:
    """States and the orders to each, most orders first."""
    return _largest(rows, lambda r: r.state and place_name(r.state), "state")


def by_category(rows: Sequence[OrderRow]) -> Group:
    """Categories (of the dearest line), most orders first."""
    return _largest(rows, lambda r: r.category, "category")


def worst_pincodes(rows: Sequence[OrderRow]) -> Group:
    """PIN codes with at least ORDERS_PER_PIN outcomes, by the low end of the interval: few orders prove little."""
    shares, missing = _count(rows, _pin_name)
    if not shares:
        return Group(missing=missing, note="not applicable: the orders carry no PIN code")
    enough = {name: s for name, s in shares.items() if s.n >= ORDERS_PER_PIN}
    if not enough:
        return Group(missing=missing, note=f"no PIN code has {ORDERS_PER_PIN} matured orders yet")
    worst = sorted(enough.items(), key=lambda p: (-p[1].low, p[0]))[:PIN_ROWS]
    note = f"{len(enough):,} of {len(shares):,} PIN codes have {ORDERS_PER_PIN} matured orders or more"
    return Group(_rows(worst, rows), missing, note)


def by_value(rows: Sequence[OrderRow], unit: Money) -> Group:
    """Bands of order value with round edges, each holding about a fifth of the orders."""
    known = sorted(r.amount_minor for r in rows if r.amount_minor is not None and r.outcome == r.outcome)
    if not known:
        return Group(missing=sum(r.outcome == r.outcome for r in rows), note=_NO_AMOUNT)
    edges = value_edges(known)
    names = [_band(low, high, unit) for low, high in zip([None, *edges], [*edges, None], strict=True)]
    shares, missing = _count(
        rows, lambda r: None if r.amount_minor is None else names[bisect_right(edges, r.amount_minor)]
    )
    found = [(name, shares[name]) for name in names if name in shares]
    return Group(_rows(found, rows), missing)


def value_edges(amounts: Sequence[float]) -> list[float]:
    """Round numbers near the quantiles of sorted `amounts` (minor units, at least one), strictly rising.

    >>> value_edges([49900.0, 79900.0, 99900.0, 149900.0, 499900.0])
    [80000.0, 100000.0, 150000.0, 500000.0]
    """
    quantiles = (amounts[len(amounts) * i // BANDS] for i in range(1, BANDS))
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


def _pin_name(row: OrderRow) -> str | None:
    if not row.pincode:
        return None
    return f"{row.pincode} {place_name(row.district)}" if row.district else row.pincode


def _largest(rows: Sequence[OrderRow], key: _Key, what: str) -> Group:
    shares, missing = _count(rows, key)
    if not shares:
        return Group(missing=missing, note=f"not applicable: the orders carry no {what}")
    ordered = sorted(shares.items(), key=lambda p: (-p[1].n, p[0]))
    shown = ordered if len(ordered) <= ROWS + 1 else ordered[:ROWS]
    rest = sum((s for _, s in ordered[len(shown) :]), Share())
    table = _rows(shown, rows)
    if rest.n:
        table += (GroupRow(f"All {len(ordered) - len(shown)} others", rest),)
    return Group(table, missing)


def _count(rows: Iterable[OrderRow], key: _Key) -> tuple[dict[str, Share], int]:
    """Shares by name of orders with an outcome, and how many have no name."""
    counts: dict[str, list[int]] = {}
    missing = 0
    for row in rows:
        if row.outcome != row.outcome:
            continue
        name = key(row)
        if not name:
            missing += 1
            continue
        both = counts.setdefault(name, [0, 0])
        both[0] += 1
        both[1] += row.outcome == 1
    return {name: Share(*both) for name, both in counts.items()}, missing


def _rows(named: Iterable[tuple[str, Share]], rows: Iterable[OrderRow]) -> tuple[GroupRow, ...]:
    outcomes = [r.outcome for r in rows if r.outcome == r.outcome]
    average = sum(outcomes) / len(outcomes)
    return tuple(GroupRow(name, s, (s.low > average) - (s.high < average)) for name, s in named)
