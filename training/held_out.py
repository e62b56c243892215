"""What the random holdout is for: orders that stand for those whose cash was taken away.

An order that is refused cash on delivery is hardly ever shipped as one, so nobody learns what would have become of it, and
a model trained on the rest forgets how risky such orders are. A few are shipped all the same, drawn at random, and the
ledger keeps the chance. In what is learned each of those counts towards one over that chance (inverse propensity weights;
Horvitz and Thompson 1952, doi:10.1080/01621459.1952.10483446). A few of them say little of many: so the weight goes
n / (n + `AS_FEW_AS`) of the way, n of them, and no order counts more than 1 / `LEAST_CHANCE`. `AS_FEW_AS` is about where
what luck does to the share of n held-out orders, p (1 - p) / n, equals the square of what is forgotten without them, a few
hundredths. `make bench-spiral` tells what it is worth; figures of evaluation count every order once.
"""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa

from data.contract import Action
from data.files import matching
from data.history import History
from data.keeping import kept
from data.keeping.database import Connection, has_database, open_database
from data.pool import Pool
from data.segments import load_history

Array: TypeAlias = np.ndarray[Any, Any]

LEAST_CHANCE = 0.02
AS_FEW_AS = 150.0

# A decision on a checkout knows no order yet: the order it became is told later.
_HELD_OUT = """
SELECT d.merchant_id, coalesce(d.order_id, c.order_id) AS order_id, json_extract(d.body, '$.made_from.experiment.propensity',
  '$.made_from.experiment.wanted')
FROM decisions d LEFT JOIN checkouts c
  ON d.order_id IS NULL AND c.merchant_id = d.merchant_id AND c.checkout_id = d.checkout_id
WHERE json_extract(d.body, '$.made_from.experiment.arm') = 'holdout' AND coalesce(d.order_id, c.order_id) IS NOT NULL
"""


def history_to_learn_from(pool: Pool) -> History:
    """Everything known of a pool, each order with how many it stands for. Raises as `load_history`."""
    history = load_history(pool)
    if not has_database(pool.database):
        return history
    connection = open_database(pool.database, read_only=True)
    try:
        chances = chances_of(connection)
    finally:
        connection.close()
    return replace(history, stands_for=stands_for(history, chances)) if chances else history


def chances_of(connection: Connection) -> dict[tuple[str, str], float]:
    """The chance of being shipped, by (merchant, order), of held-out orders the policy would have taken cash from. Of
    several decisions the one that leaves the most chance."""
    found: dict[tuple[str, str], float] = {}
    for merchant, order, drawn in connection.execute(_HELD_OUT):
        chance, wanted = orjson.loads(drawn)
        if Action[wanted.upper()] is Action.PREPAID_ONLY:
            found[merchant, order] = max(found.get((merchant, order), 0.0), chance)
    return found


def stands_for(history: History, chances: dict[tuple[str, str], float]) -> Array:
    """(n,) how many orders each one of the history stands for: one, or more if it was held out (`counts_for`)."""
    n = len(history)
    ids = kept.table_of({name: history.orders[name] for name in ("merchant_id", "order_id")})
    held = pa.table({"merchant_id": [m for m, _ in chances], "order_id": [o for _, o in chances]}, schema=ids.schema)
    row = matching.matches(matching.keys_of([ids, held], ("merchant_id",), "order_id"), n)
    counts = np.ones(n)
    counts[row[row >= 0]] = counts_for(np.array(list(chances.values())))[row >= 0]
    return counts


def counts_for(chances: Array) -> Array:
    """(m,) how many orders each of m held-out ones stands for, by its chance of being shipped (m,)."""
    n = len(chances)
    return np.asarray(1 + (1 / np.maximum(chances, LEAST_CHANCE) - 1) * n / (n + AS_FEW_AS))
