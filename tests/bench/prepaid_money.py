"""What each way of telling the risk if prepaid earns, with several causal shares, one of them learned from nudged orders."""

from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from data.contract import Action
from data.world.effects import BACK, KEPT, outcome_under
from data.world.presets import NETWORK
from serving.decisions.default_effects import DEFAULT_EFFECTS
from serving.decisions.shop import shipped
from serving.decisions.stages import CHECKOUT
from serving.scores.reasons import in_thousandths
from serving.scores.weighing import Asked, weighed
from tests.bench.money_table import Decided, Paired, most
from tests.bench.money_truth import earned
from tests.helpers.lab import Lab

Array: TypeAlias = np.ndarray[Any, Any]

SERVED, AS_CASH = "one model, payment switched", "as cash"
DRAWS = 400


def worth_of(lab: Lab, said: dict[str, Array], seed: int) -> list[dict[str, str]]:
    """The older half of the test orders is nudged, to learn the causal share from; the newer half is decided."""
    rng = np.random.default_rng(seed)
    value, truth = _goods(lab), lab.world.truth.take(lab.at[lab.test])
    usable = np.isin(truth["ends_if_shipped"].to_numpy(), (KEPT, BACK)) & (value >= 1)
    placed = lab.rows.orders["placed_at"][lab.test]
    newer = placed > np.median(placed)
    learned, low, high = causal_share(truth, said[AS_CASH], said[SERVED], np.flatnonzero(usable & ~newer), rng)
    at = np.flatnonzero(usable & newer)
    truth, value = truth.take(at), value[at]
    k = in_thousandths(said[AS_CASH][at])
    d = Decided(value, k, k, k, truth["person"].to_numpy(), k, truth["ends_if_shipped"].to_numpy() == KEPT,
                earned(truth, value, NETWORK.effects))  # fmt: skip
    paired = Paired(d, rng)
    served = decided(k, in_thousandths(said[SERVED][at]), value, DEFAULT_EFFECTS.paying_causal_share)
    rows = [paired.money("as served, beyond shipping all", served, np.full(len(at), int(Action.ALLOW_COD))),
            paired.money("the declared table instead", decided(k, None, value, Fraction(1)), served)]  # fmt: skip
    shares = {"0.5": Fraction(1, 2), "0.85": Fraction(17, 20), "1": Fraction(1),
              f"learned, {learned:.2f} ({low:.2f} to {high:.2f})": Fraction(round(min(max(learned, 0), 1) * 100), 100)}  # fmt: skip
    ways = {name: said[name][at] for name in said if name != AS_CASH and "of the drop" not in name}
    for name, q in (ways | {"the truth": truth["p_prepaid"].to_numpy()}).items():
        rows += [paired.money(f"{name}, causal share {told}", decided(k, in_thousandths(q), value, share), served)
                 for told, share in shares.items()]  # fmt: skip
    return rows


def decided(k: Array, q: Array | None, value: Array, share: Fraction) -> Array:
    """(n,) the action worth most. k, q: thousandths; q None: the declared table says what paying changes."""
    shop = shipped("INR")
    assert shop.money is not None, "rupees have default costs"
    effects = replace(DEFAULT_EFFECTS, paying_causal_share=share, paying_causal_range=None)
    asked = Asked(np.arange(len(k)), k, k if q is None else np.minimum(k, q), value)
    return most(weighed((shop, replace(shop.money, effects=effects)), False, CHECKOUT, asked, q is not None))


def causal_share(truth: Any, p: Array, q: Array, rows: Array, rng: np.random.Generator) -> tuple[float, float, float]:
    """(share, 95 %) from orders that were nudged and then paid: how often they came back beside p and q.

    Of payers with risks p and q a share w would have come back unpaid, by the declared take-ups; of these c * q / p + 1 - c still do.
    """
    found = outcome_under(truth.take(rows), Action.PREPAID_NUDGE, NETWORK.effects)
    paid = np.flatnonzero(found.paid)
    p, q, back = p[rows][paid], np.minimum(q, p)[rows][paid], found.outcome[paid] == BACK
    _, bad, good = DEFAULT_EFFECTS.response_of(Action.PREPAID_NUDGE)
    w = p * float(bad.pays) / (p * float(bad.pays) + (1 - p) * float(good.pays))
    draws = [np.arange(len(p)), *(rng.integers(0, len(p), len(p)) for _ in range(DRAWS))]
    shares = [float((w[i].sum() - back[i].sum()) / (w[i] * (1 - q[i] / p[i])).sum()) for i in draws]
    return shares[0], *np.quantile(shares[1:], (0.025, 0.975))


def _goods(lab: Lab) -> Array:
    orders = lab.rows.orders
    amount, fee = (
        np.nan_to_num(np.asarray(orders[name], dtype=float)[lab.test])
        for name in ("amount_minor", "shipping_fee_minor")
    )
    return np.asarray((amount - fee).astype(np.int64))
