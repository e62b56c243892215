"""An outcome just told of a buyer moves the risk of the buyer's next order the way anybody would expect."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from data.contract import DAY, NewsType
from data.history import Columns, Told
from data.keeping.database import Connection
from data.segments import load_history
from features.assemble import matrix
from features.store import Standing, Store, standing
from tests.helpers.installation import NOW, Installation
from training.bundle import Bundle, read_bundle, signing_key
from training.trees import probability

PROBED, AGO = 200, 14 * DAY
BUYER = ("phone", "email", "address", "device_id", "customer_id")


@pytest.fixture
def connection(own: Installation) -> Iterator[Connection]:
    with own.database(read_only=False) as found:
        yield found


def bundle_of(made: Installation) -> Bundle:
    name = made.pool.champion.read_text().strip()
    return read_bundle(made.pool.bundles / name, signing_key(made.home).public_key())


def probes(made: Installation, strangers: bool) -> list[dict[str, Any]]:
    """Cash orders spread over the market, as if their buyers asked again now; strangers bring nothing known before."""
    orders = load_history(made.pool).orders
    cash = np.flatnonzero((orders["payment_method"] == "cod") & (orders["phone"] >= 0))
    asked = []
    for i, row in enumerate(cash[:: len(cash) // PROBED]):
        order = {name: column[row : row + 1].tolist()[0] for name, column in orders.items()}
        new = {name: 10**6 + i for name in BUYER if order[name] >= 0} if strangers else {}
        asked.append(order | new | {"order_id": f"probe-{i}", "placed_at": NOW})
    return asked


def risk(connection: Connection, bundle: Bundle, order: dict[str, Any]) -> float:
    store = Store(connection)
    one: Columns = {name: np.array([value], dtype=object if value is None else None) for name, value in order.items()}
    x = matrix(one, store.readings(order, NOW), bundle.shrinkage, bundle.features)
    return float(bundle.calibrator.apply(probability(bundle.model.margin(x)))[0])


def earlier(order: dict[str, Any], end: NewsType | None) -> Standing:
    """An order like this one, placed before, and how it ended."""
    placed = order | {"order_id": "earlier", "placed_at": NOW - AGO}
    kinds = ["placed", *([] if end is None else [end.name.lower()])]
    moments = (NOW - AGO, NOW - DAY)
    news = [
        Told(order["merchant_id"], "earlier", "x", kind, kind, at, at) for kind, at in zip(kinds, moments, strict=False)
    ]
    return standing(placed, news)


def moved(connection: Connection, bundle: Bundle, order: dict[str, Any], was: Standing | None, end: NewsType) -> float:
    """How the risk of an order moves when an earlier one of its buyer ends so. was: what was known of it before."""
    connection.execute("BEGIN")
    if was is not None:
        Store(connection).change(None, was)
    before = risk(connection, bundle, order)
    Store(connection).change(was, earlier(order, end))
    after = risk(connection, bundle, order)
    connection.execute("ROLLBACK")
    return after - before


@pytest.mark.parametrize("still_open", [False, True], ids=["of an order not known before", "of an order still open"])
@pytest.mark.parametrize("strangers", [True, False], ids=["a stranger", "a known buyer"])
@pytest.mark.parametrize(("end", "sign"), [(NewsType.RTO_STARTED, 1), (NewsType.DELIVERED, -1)])
def test_a_refusal_told_raises_the_risk_and_a_delivery_lowers_it(
    own: Installation, connection: Connection, end: NewsType, sign: int, strangers: bool, still_open: bool
) -> None:
    bundle = bundle_of(own)
    asked = probes(own, strangers)
    was = [earlier(order, None) if still_open else None for order in asked]
    change = np.array([sign * moved(connection, bundle, o, w, end) for o, w in zip(asked, was, strict=True)])
    assert np.mean(change >= 0) >= 0.95
    assert change.mean() > 0.005
