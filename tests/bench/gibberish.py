"""How many nonsense addresses does a feature find if it may suspect one in a hundred short, valid village addresses?

Only here and in tests is the truth opened: which address means nothing is a column of `truth/orders.parquet`; valid short
rural ones are those the market writes as a village and its post office, known by their form.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.pool import Pool
from data.segments import load_history
from features.assemble import column
from features.catalog import FEATURES
from features.rates import Shrinkage
from features.sources import FromOrder

VILLAGE = r"(?:Vill|Village|At|Ward \d+) \w+"
FALSE_ALARMS = 0.01
_DRAWS = 400

Floats = np.ndarray[Any, Any]


def gibberish_found(market: Path, pool: Pool, score: str, seed: int) -> dict[str, Any]:
    """Share of nonsense addresses above the threshold that `score` (a feature of the order itself) needs, with 95 %."""
    orders = load_history(pool).orders
    if score not in FEATURES or not isinstance(FEATURES[score].source, FromOrder):
        raise SystemExit(f"--address-score {score}: not a feature that is read off the order itself")
    said = pd.Series(column(FEATURES[score], orders, {}, Shrinkage.flat(0.5)), index=orders["order_id"]).fillna(-np.inf)
    truth = pd.read_parquet(market / "truth" / "orders.parquet", columns=["order_id", "gibberish", "tier"])
    text = pd.read_parquet(market / "orders.parquet", columns=["order_id", "line1"]).drop_duplicates("order_id")
    known = truth.merge(text, on="order_id")
    rural = ~known.gibberish & (known.tier == 2) & known.line1.fillna("").str.fullmatch(VILLAGE)
    nonsense, valid = (said.reindex(known.order_id[rows]).to_numpy() for rows in (known.gibberish, rural))
    rng = np.random.default_rng(seed)
    drawn = [found(*(rng.choice(one, len(one)) for one in (nonsense, valid))) for _ in range(_DRAWS)]
    low, high = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    return {"score": score, "n_nonsense": len(nonsense), "n_valid": len(valid),
            "mean": found(nonsense, valid), "low": low, "high": high}  # fmt: skip


def found(nonsense: Floats, valid: Floats) -> float:
    """Share of `nonsense` above the lowest threshold that at most one in a hundred of `valid` lies above.

    >>> found(np.array([0.2, 0.9]), np.array([0.0] * 99 + [0.5]))
    1.0
    """
    ordered = np.sort(valid)
    threshold = ordered[len(ordered) - 1 - int(FALSE_ALARMS * len(ordered))]
    return float((nonsense > threshold).mean())
