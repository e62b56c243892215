"""What is taken in together is what is taken in one by one: the same answers, the same rows, the same state."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.contract import DAY, SECOND
from data.errors import DataError
from data.keeping.database import Connection, immediate, open_database
from data.pool import Merchant, Pool
from features import store as kept_state
from features.catalog import kept_sums
from features.store import Store
from serving.keeping.intake import Intake
from serving.keeping.taking_in import Placing, Taking, Telling
from serving.web.http import Refusal
from serving.web.once import Asked, Repeated
from serving.web.schema import EventIn, PlaceIn
from tests.helpers.histories import T0

NOW = T0 + 30 * DAY


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)


def taking(number: int, key: str | None) -> Taking:
    under = None if key is None else Asked("m1", key, f"digest of {key}", NOW)
    return Taking(Intake(b"k"), Merchant("m1"), NOW + number, under)


def telling(number: int, event_id: str, order_id: str = "o1", key: str | None = None, **more: Any) -> Telling:
    told = {"type": "delivered", "happened_at": moment(NOW - DAY), "source": "courier"} | more
    return Telling(taking(number, key), EventIn(merchant_id="m1", event_id=event_id, order_id=order_id, **told))


def placing(number: int, order_id: str, key: str | None = None, **more: Any) -> Placing:
    order = {"order_id": order_id, "placed_at": moment(T0), "payment_method": "cod", "amount_minor": 50_000,
             "customer": {"phone": "+919000090000"}, "shipping_address": {"line1": "12 MG Road", "pincode": "800001"}} | more  # fmt: skip
    return Placing(taking(number, key), PlaceIn.model_validate({"merchant_id": "m1", "order": order}))


PLACED = [placing(1, "o1", key="a"), placing(2, "o2", checkout_id="c2"), placing(3, "o1"), placing(4, "o3"),
          placing(5, "o2", checkout_id="c2")]  # fmt: skip
TOLD = [
    telling(11, "e1", type="rto_started", reason="refused", key="b"), telling(12, "e1", type="rto_started", reason="refused"),
    telling(13, "e1"), telling(14, "e2", happened_at=moment(0)), telling(15, "e3", "nobody"), telling(16, "e4", "o2"),
    telling(17, "e5", "o3", type="correction"), telling(18, "e6", happened_at=moment(NOW + 60 * SECOND)),
    telling(19, "e7", "o2", type="address_corrected", details={"address": {"line1": "9 New Road", "pincode": "560001"}}),
]  # fmt: skip


def answer(work: Any, connection: Connection) -> Any:
    try:
        return work(connection)
    except (DataError, Refusal) as error:
        return error


def told(answers: Sequence[Any]) -> list[Any]:
    return [(type(one).__name__, str(one)) if isinstance(one, Exception) else one for one in answers]


def rows(connection: Connection) -> list[Any]:
    """What is kept; of the state, what it says."""
    tables = ("orders ORDER BY order_id", "news ORDER BY seq", "pseudonyms ORDER BY 1", "checkouts ORDER BY 1, 2", "answered ORDER BY 1, 2")  # fmt: skip
    found = [tuple(map(tuple, connection.execute(f"SELECT * FROM {table}").fetchall())) for table in tables]
    layouts = Store(connection).layouts
    state = connection.execute("SELECT kind, key, folded FROM state ORDER BY kind, key").fetchall()
    return [
        *found,
        [(kind, key, kept_state.unpack(blob, layouts[kind]) if kind in layouts else blob) for kind, key, blob in state],
    ]


@pytest.fixture
def two(tmp_path: Path):
    """Two stores to take things in."""
    with (
        closing(open_database(Pool(tmp_path, "one-by-one").database)) as one,
        closing(open_database(Pool(tmp_path, "together").database)) as other,
    ):
        for connection in (one, other):
            with immediate(connection):
                kept_state.reset(connection, kept_sums())
        yield one, other


def test_together_is_one_by_one(store: str, two: tuple[Connection, Connection]):
    one, other = two
    for work in (PLACED, TOLD):
        alone = []
        for job in work:  # what is refused changes nothing
            with immediate(one):
                alone.append(answer(job, one))
        with immediate(other):
            assert told(type(work[0]).together(other, work)) == told(alone)
    assert [type(answer).__name__ for answer in alone] == ["tuple", "tuple", "DataError", "Refusal", *["tuple"] * 2, "Refusal", *["tuple"] * 2]  # fmt: skip
    assert rows(one) == rows(other)


def test_what_was_answered_under_its_key_is_not_done_again(two: tuple[Connection, Connection]):
    _, other = two
    with immediate(other):
        [first] = Placing.together(other, [placing(1, "o1", key="a")])
        again, new, otherwise = Placing.together(
            other, [placing(2, "o1", key="a"), placing(3, "o2", key="b"), reused(placing(4, "o3", key="a"))]
        )
    assert isinstance(again, Repeated)
    assert again.said == first
    assert isinstance(otherwise, Refusal)
    assert (otherwise.status, new[0]) == (422, 201)
    assert [row[0] for row in other.execute("SELECT order_id FROM orders ORDER BY order_id")] == ["o1", "o2"]


def reused(work: Placing) -> Placing:
    """Another request under the same key."""
    return replace(work, taking=replace(work.taking, under=replace(work.taking.under, asked="another digest")))


TRACES = {
    "an order that is another already": placing(7, "o9", amount_minor=1),
    "an order with another checkout": placing(8, "o9", key="b", checkout_id="c9"),
    "news whose details lack something": telling(9, "e8", type="address_corrected", details={"voids": "e1"}),
}


@pytest.mark.parametrize("work", TRACES.values(), ids=TRACES)
def test_what_could_leave_a_trace_of_what_is_refused_undoes_them_all(two: tuple[Connection, Connection], work: Any):
    _, other = two
    with immediate(other):
        Placing.together(other, [placing(1, "o9", key="a", checkout_id="c8")])
    with pytest.raises((Refusal, DataError)), immediate(other):
        type(work).together(other, [work])
