"""The goal table of decisions: policies on the same orders, each with its money, and paired differences with intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from serving.decisions.shop import shipped
from serving.decisions.stages import CHECKOUT
from serving.scores.weighing import Asked, Weighed, weighed

Array: TypeAlias = np.ndarray[Any, Any]

SHIP, CALL, REFUSE = int(Action.ALLOW_COD), int(Action.CONFIRM_CALL), int(Action.PREPAID_ONLY)
REFUSED_SHARE, CALLED_SHARE = 0.08, 0.10
DRAWS = 400


@dataclass(frozen=True, eq=False)
class Decided:
    """(n,) cash orders. k, q: the model's risk and risk if prepaid, thousandths; q -1 for not known.  oracle: its risk.
    good: delivered if just shipped.  pin_rate: RTO share of the PIN code before the first of them.  money: (n, 6) what each action truly earns, minor units."""

    value: Array
    k: Array
    q: Array
    oracle: Array
    buyer: Array
    pin_rate: Array
    good: Array
    money: Array


def goals(d: Decided, rng: np.random.Generator) -> list[dict[str, str]]:
    """Every row that a policy on these orders can answer."""
    mine, best = _weighed(d, d.k), _weighed(d, d.oracle)
    free, free_best = most(mine), most(best)
    caps, caps_best = _capped(mine), _capped(best)
    of = Paired(d, rng)
    ship = np.full(len(d.value), SHIP)
    rows = [
        of.money("expected value, Rs per 1,000 beyond shipping all", free, ship),
        of.money("observable oracle, Rs per 1,000 beyond shipping all", free_best, ship),
        of.share("expected value, share of the oracle's gain", free, free_best, ">= 93 %"),
        of.share("with caps (refuse 8 %, call 10 %), of the oracle's with the same", caps, caps_best, ">= 92 %"),
        of.share("call queue at 10 % capacity, of the oracle's", _queue(mine), _queue(best), ">= 82 %"),
    ]
    rows += [of.money(f"beats {name}, Rs per 1,000", free, other, "> 0") for name, other in _simple(d).items()]
    refused = caps == REFUSE
    rows.append({"what": "good buyers refused under the caps", "value": f"{refused[d.good].mean():.2%}",
                 "interval": f"{refused.mean():.1%} of all refused", "goal": "<= 3.3 %"})  # fmt: skip
    return rows


def _weighed(d: Decided, k: Array) -> Weighed:
    """Expected money by a risk, with the same declared effects for model and oracle; of the risk if prepaid, the model's part."""
    known = bool((d.q >= 0).all())
    shop = shipped("INR")
    assert shop.money is not None, "rupees have default costs"
    share = np.minimum(1.0, np.divide(d.q, d.k, out=np.ones(len(k)), where=d.k > 0))
    j = np.minimum(k, np.rint(k * share).astype(np.int64)) if known else k
    return weighed((shop, shop.money), False, CHECKOUT, Asked(np.arange(len(k)), k, j, d.value), known)


def _rupees(one: Weighed) -> Array:
    """(n, 6) expected minor units by action; what is not offered at minus infinity."""
    out = np.full((len(one.values), len(Action)), -np.inf)
    out[:, [int(a) for a in one.actions]] = np.where(one.offered, one.minor, -np.inf)
    return out


def most(one: Weighed) -> Array:
    return np.argmax(_rupees(one), axis=1)


def _capped(one: Weighed) -> Array:
    """The most money within the caps: each capped action at the price that keeps it there."""
    worth, prices = _rupees(one), {REFUSE: 0.0, CALL: 0.0}
    for _ in range(12):
        for action, share in ((REFUSE, REFUSED_SHARE), (CALL, CALLED_SHARE)):
            others = worth.copy()
            others[:, REFUSE if action == CALL else CALL] -= prices[REFUSE if action == CALL else CALL]
            gain = others[:, action] - np.delete(others, action, axis=1).max(axis=1)
            room = int(share * len(gain))
            prices[action] = max(0.0, float(np.sort(gain)[::-1][room]))
    for action, price in prices.items():
        worth[:, action] -= price
    return np.argmax(worth, axis=1)


def _queue(one: Weighed) -> Array:
    """Calls where they are expected to save most, as many as there is capacity; the rest is shipped."""
    worth = _rupees(one)
    gain = worth[:, CALL] - worth[:, SHIP]
    first = np.argsort(-gain, kind="stable")[: int(CALLED_SHARE * len(gain))]
    action = np.full(len(gain), SHIP)
    action[first] = np.where(gain[first] > 0, CALL, SHIP)
    return action


def _simple(d: Decided) -> dict[str, Array]:
    cuts = [_refused(d.pin_rate >= cut) for cut in np.linspace(0.2, 1.0, 81)]
    best = max(cuts, key=lambda action: _earned(d, action).sum())
    return {
        "shipping all": np.full(len(d.value), SHIP),
        "the best PIN code threshold in hindsight": best,
        "a hand rule (worth Rs 2,000 or more: prepaid only)": _refused(d.value >= 200_000),
        "prepaid only where p > 0.5": _refused(d.k > 500),
    }


def _refused(where: Array) -> Array:
    return np.where(where, REFUSE, SHIP)


def _earned(d: Decided, action: Array) -> Array:
    return np.asarray(np.take_along_axis(d.money, action[:, None], axis=1)[:, 0])


class Paired:
    """Differences on the same orders, with a bootstrap over buyers."""

    def __init__(self, d: Decided, rng: np.random.Generator) -> None:
        _, self.buyer = np.unique(d.buyer, return_inverse=True)
        buyers = int(self.buyer.max()) + 1
        self.d = d
        self.times = [np.bincount(rng.integers(0, buyers, buyers), minlength=buyers) for _ in range(DRAWS)]
        self.ship = _earned(d, np.full(len(d.value), SHIP))

    def money(self, what: str, action: Array, other: Array, goal: str = "") -> dict[str, str]:
        """Rupees for each 1,000 orders that one policy earns more than another."""
        each = self._by_buyer(_earned(self.d, action) - _earned(self.d, other))
        found = each.sum() / len(self.d.value) * 10
        n = self._by_buyer(np.ones(len(self.d.value)))
        drawn = [(times @ each) / (times @ n) * 10 for times in self.times]
        return _row(what, f"{found:,.0f}", drawn, lambda v: f"{v:,.0f}", goal)

    def share(self, what: str, action: Array, best: Array, goal: str) -> dict[str, str]:
        """The part of the oracle's gain over shipping everything."""
        mine, most = (self._by_buyer(_earned(self.d, one) - self.ship) for one in (action, best))
        drawn = [float((times @ mine) / (times @ most)) for times in self.times]
        return _row(what, f"{mine.sum() / most.sum():.1%}", drawn, lambda v: f"{v:.1%}", goal)

    def _by_buyer(self, each: Array) -> Array:
        return np.bincount(self.buyer, each)


def _row(what: str, value: str, drawn: list[float], told: Callable[[float], str], goal: str) -> dict[str, str]:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"what": what, "value": value, "interval": f"{told(low)} to {told(high)}", "goal": goal}
