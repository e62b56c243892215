"""More risk never earns a gentler action: kept for every policy, at every order value, by what it does not offer.

At one value, with the risk if prepaid q fixed (and not above p) or not known, what an action is worth is a straight line
in p. If g is gentler than h (`effects.HARSHNESS`), more risk leads from h back to g only if h is worth more at the lowest
risk (p = q, or 0) and g at least as much at the highest (p = 1). No pair on offer does both: at order values where one
would, the harsher of the two is left out. Lines that are flatter than those of gentler actions do no harm where they
never win, or always.

What h is worth more than g is a straight line in the order value between its bends (`Economics.lines`), and in q. So its
sign changes at a few values only, and it is enough to look beside each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from data.contract import Action
from data.errors import PlanError
from serving.decisions.compiled import PER_RISK, Sums
from serving.decisions.economics import Economics
from serving.decisions.effects import HARSHNESS

LARGEST_Q = PER_RISK // 2
"""The promise is for risks if prepaid up to one half: buyers who have paid refuse less often than that."""
_CORNERS = ((0, 0), (PER_RISK, 0), (LARGEST_Q, LARGEST_Q), (PER_RISK, LARGEST_Q))
"""(k, j): the lowest and the highest risk, for the least and the largest q."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`action` is not offered on orders worth `first` to `last` (minor units): beside `gentler` it would break the
    promise."""

    action: Action
    gentler: Action
    first: int
    last: int


def left_out(declared: Sums, known: Sums, e: Economics) -> tuple[LeftOut, ...]:
    """What is not offered, from the price of shipping upward. Goods worth less than their shipping are nobody's trade."""
    found: list[LeftOut] = []
    for start, end in e.lines():
        if end >= (lowest := max(1, e.forward_minor)):
            span = (max(start, lowest), end)
            found += [*_broken(declared, span, q_known=False), *_broken(known, span, q_known=True)]
    return tuple(_joined(found))


def _joined(found: list[LeftOut]) -> Iterator[LeftOut]:
    """Spans that touch as one."""
    now: LeftOut | None = None
    for one in sorted(found, key=lambda o: (o.action, o.gentler, o.first)):
        if now and (now.action, now.gentler) == (one.action, one.gentler) and one.first <= now.last + 1:
            now = replace(now, last=max(now.last, one.last))
            continue
        if now:
            yield now
        now = one
    if now:
        yield now


def _broken(sums: Sums, span: tuple[int, int], *, q_known: bool) -> Iterator[LeftOut]:
    ends = [_tables(sums, value) for value in span]
    for gentle, harsh in combinations(range(len(sums.actions)), 2):
        pair = sums.actions[gentle], sums.actions[harsh]
        if HARSHNESS[pair[0]] == HARSHNESS[pair[1]]:
            continue
        first, last = ([table[harsh] - table[gentle] for table in tables] for tables in ends)
        for low, high in _steady(first, last, span):
            leads = [table[harsh] - table[gentle] for table in _tables(sums, low)]
            if _turns_back(*leads, q_known=q_known):
                yield LeftOut(pair[1], pair[0], low, high)


def _tables(sums: Sums, value: int) -> list[list[int]]:
    """What each action is worth at each corner."""
    return [sums.at(k, j, value) for k, j in _CORNERS]


def _turns_back(safe: int, risky: int, safe_if: int, risky_if: int, *, q_known: bool) -> bool:
    """Does the harsher action win at the lowest risk and lose (or tie) at the highest, for some q? Its leads at the
    corners, which fix the lead everywhere."""
    if not q_known or risky >= safe:  # with its line not flatter there is no way back; without q, only q = 0 counts
        return safe > 0 >= risky
    return max(safe, safe_if) > 0 >= min(risky, risky_if)


def _steady(first: list[int], last: list[int], span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The span in parts, within each of which no line from `first` to `last` changes its sign; nor does their gain
    from p = 0 to 1."""
    start, end = span
    cuts = {start, end + 1}
    for a, b in zip([*first, first[1] - first[0]], [*last, last[1] - last[0]], strict=True):
        if a != b and min(a, b) <= 0 <= max(a, b):
            crosses = start + (end - start) * abs(a) // abs(b - a)
            cuts |= {value for value in (crosses, crosses + 1) if start < value <= end}
    yield from ((low, after - 1) for low, after in pairwise(sorted(cuts)))


def refusal(found: LeftOut, version: str, e: Economics) -> PlanError:
    """MONEY004: costs under which an action would have to be left out because of plain shipping cannot be meant."""
    return PlanError(
        "MONEY004",
        f"policy {version}",
        got=f"at an order value of {e.text(found.first)}, {found.action.name.lower()} is worth more than plain shipping "
        "on a safe order, and not on a risky one",
        expected="an RTO that costs more than a delivery",
        to_do="check what a delivered order earns, what an RTO costs, and the discount",
    )
