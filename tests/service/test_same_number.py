"""One bundle, one order: in training's replay, in the kept state and over HTTP, is it the same number?"""

import numpy as np
import pyarrow.compute as pc
import pytest

from data.segments import load_history
from features.assemble import matrix
from features.replay import replay
from serving import ledger
from serving.scorer import probability
from tests.helpers.installation import SHOP, Installation, SetClock, ask, known_before, request_of, served
from training.bundle import Bundle, read_bundle, signing_key


@pytest.fixture(scope="module")
def replayed(installation: Installation):
    """The history, the served bundle and the bundle's matrix of every order at its `placed_at`."""
    history = load_history(installation.pool)
    name = installation.pool.champion.read_text().strip()
    bundle = read_bundle(installation.pool.bundles / name, signing_key(installation.home).public_key())
    readings = replay(history, bundle.sums)
    return history, bundle, matrix(history.orders, readings, bundle.shrinkage, bundle.features)


def late_orders(replayed: tuple, how_many: int) -> list[str]:
    """Late orders of SHOP whose buyers have ordered before, each with as many lines as it has."""
    history, bundle, x = replayed
    names = list(bundle.model.names)
    again = x[:, names.index("buyer_delivered_count")] >= 1
    rows = np.flatnonzero(again & (history.orders["merchant_id"] == SHOP))
    return [history.orders["order_id"][row] for row in rows[-40 :: 40 // how_many]]


@pytest.mark.parametrize("which", [0, 1])
def test_training_store_and_http_give_the_same_number(replayed, own: Installation, which: int):
    history, bundle, x = replayed
    order_id = late_orders(replayed, 2)[which]
    row = history.row_of(SHOP, order_id)
    moment = int(history.orders["placed_at"][row])
    lines = own.orders()
    known_before(own, moment)
    with served(own, SetClock(moment - 1)) as client:
        order = request_of(lines.filter(pc.equal(lines["order_id"], order_id)))
        answer = client.post("/v1/score", json=ask(order)).json()
    with own.database() as connection:
        seen = ledger.decision(connection, SHOP, answer["decision_id"])["made_from"]["x"]
    np.testing.assert_array_equal(np.array(seen, dtype=float), x[row])
    assert answer["risk"]["p_rto"] == in_process(bundle, x, row)
    assert answer["model"]["digest"] == bundle.digest


def in_process(bundle: Bundle, x: np.ndarray, row: int) -> float:
    return probability(bundle, x[row : row + 1])
