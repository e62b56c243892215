"""Does the state kept in a file or on a server say what the slow formula says, at every moment and whatever the order of arrival?"""

import itertools
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import segments
from data.contract import DAY, HOUR
from data.errors import DataError
from data.history import History, Told, told_once
from data.ingest import Imported
from data.keeping import journal
from data.keeping.database import Connection, immediate, is_sqlite, open_database
from data.news import news_table
from data.pool import Pool
from features import store
from features.assemble import matrix
from features.catalog import CATALOG, kept_sums
from features.contribution import Measure
from features.fold import FOREVER
from features.keys import KINDS
from features.rates import Shrinkage
from features.rebuild import fold_all, is_current, keep, rebuild, verify
from features.reference import KnownOrder, value_at
from features.replay import replay
from features.sources import Distinct, Link, Sum
from features.store import Store
from serving import ledger
from tests.helpers.histories import T0, history_of, known_orders, order_columns, rows_of, worlds
from tests.helpers.servers import kept_on

World = tuple[list[dict[str, Any]], list[Told]]
SUMS = tuple(dict.fromkeys((
    *kept_sums(),
    *(Sum(kind, measure, half_life) for kind in KINDS for measure in Measure for half_life in (FOREVER, 30 * DAY)),
    *(Link(kind, measure) for kind in KINDS for measure in Distinct),
)))  # fmt: skip
moments = st.integers(-1, 80).map(lambda k: T0 + k * DAY // 4 + 1)
FLAT = Shrinkage.flat(0.25)


def silent(*_: Any) -> None:
    """Progress nobody looks at."""


class Shop:
    """A pool's database, and orders and news put into it as the service does."""

    def __init__(self, folder: str, rows: list[dict[str, Any]], sums: tuple[Sum | Link, ...] = SUMS) -> None:
        self.pool = Pool(Path(folder), "shop")
        self.connection: Connection = open_database(self.pool.database)
        if not is_sqlite(self.connection):  # to make a schema costs more than an example: the one before is emptied
            self.connection.execute("TRUNCATE pseudonyms, orders, news, decisions, state, meta RESTART IDENTITY")
        self.columns = {(r["merchant_id"], r["order_id"]): kept(r) for r in rows}
        store.reset(self.connection, sums)

    def hear(self, told: Told) -> None:
        """One thing told: `placed` brings the order with it."""
        if told.type == "placed":
            ledger.place(self.connection, self.columns[told.merchant_id, told.order_id], told)
        else:
            ledger.tell(self.connection, told)

    def hear_together(self, told: list[Told]) -> None:
        """What waited together, taken in together."""
        placed = [one for one in told if one.type == "placed"]
        ledger.place_all(self.connection, [(self.columns[one.merchant_id, one.order_id], one) for one in placed])
        ledger.tell_all(self.connection, [one for one in told if one.type != "placed"])

    def readings(self, row: dict[str, Any], at: int) -> dict[Sum | Link, float]:
        ids = row["merchant_id"], row["order_id"]
        own = ledger.stands(self.connection, *ids)
        found = Store(self.connection).readings(self.columns[ids], at, own)
        return {one: float(values[0]) for one, values in found.items()}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def anew(request: pytest.FixtureRequest):
    """Makes a shop in a folder of its own, once for each example; over both stores."""
    with ExitStack() as held:
        root = held.enter_context(TemporaryDirectory())
        if request.param == "postgresql":
            held.enter_context(kept_on(request.getfixturevalue("server")))
        number, last = itertools.count(), held.enter_context(ExitStack())

        def made(rows: list[dict[str, Any]], sums: tuple[Sum | Link, ...] = SUMS) -> Shop:
            last.close()
            shop = Shop(f"{root}/{next(number)}", rows, sums)
            last.callback(shop.connection.close)
            return shop

        yield made


def kept(row: dict[str, Any]) -> dict[str, Any]:
    """One order as the journal keeps it."""
    return rows_of(order_columns([row]))[0]


def late(draw: st.DrawFn, world: World) -> World:
    """The same world with some orders told late, and some placed by a clock that runs ahead of ours."""
    rows, told = world
    shift = {r["order_id"]: draw(st.sampled_from([0, 0, 0, -3 * 60_000_000, 2 * HOUR, 5 * DAY])) for r in rows}
    moved = []
    for t in told:
        stamp = t.known_at + shift[t.order_id] if t.type == "placed" else t.known_at
        moved.append(Told(*(getattr(t, n) for n in ("merchant_id", "order_id", "source", "event_id", "type", "happened_at")),
                          stamp, t.reason, t.details, live=True))  # fmt: skip
    return rows, moved


live_worlds = st.composite(lambda draw: late(draw, draw(worlds())))


def scale_of(one: Sum, history: History) -> float:
    """The undecayed sum of |weights| that could meet in one key: at most one change in and out for each news."""
    unit = 120_000.0 if one.measure == Measure.AMOUNT else 1.0
    return unit * 2 * len(history.news["type"])


def assert_reads(shop: Shop, history: History, known: list[KnownOrder], row: dict[str, Any], at: int) -> None:
    """Counts are equal, decayed sums within 1e-11 of the sum of |weights|; a missing key is missing in both."""
    asked = next(k for k in known if k.columns["order_id"] == row["order_id"])
    got = shop.readings(row, at)
    for one in got:
        expected = value_at(one, known, asked, at)
        if np.isnan(expected) or one.half_life == FOREVER:
            assert str(got[one]) == str(expected), one
        else:
            assert abs(got[one] - expected) <= 1e-11 * scale_of(one, history), one


@given(world=live_worlds(), at=st.lists(moments, min_size=1, max_size=2))
@settings(max_examples=30)
def test_at_any_moment_the_store_reads_what_the_formula_says(anew, world: World, at: list[int]) -> None:
    rows, told = world
    shop, history = anew(rows), history_of(rows, told)
    known, arrivals = known_orders(history), sorted(told, key=lambda t: t.known_at)
    with immediate(shop.connection):
        for moment in sorted(at):
            while arrivals and arrivals[0].known_at < moment:
                shop.hear(arrivals.pop(0))
            for row in rows:  # placed already or not
                assert_reads(shop, history, known, row, moment)


@given(world=live_worlds(), order=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_any_order_of_arrival_ends_in_the_state_of_a_rebuild_and_of_the_formula(anew, world: World, order: Any) -> None:
    rows, told = world
    shop, history = anew(rows, kept_sums()), history_of(rows, told)
    order.shuffle(told)
    with immediate(shop.connection):
        rest = list(told)
        while rest:  # some wait together, some come alone
            several = order.randint(1, 6)
            shop.hear_together(rest[:several])
            del rest[:several]
    at = max(t.known_at for t in told) + 1
    for row in rows:
        assert_reads(shop, history, known_orders(history), row, at)
    assert verify(shop.connection, segments.load_history(shop.pool)) == []
    before = [shop.readings(row, at) for row in rows]
    rebuild(shop.connection, shop.pool, silent)
    for row, was in zip(rows, before, strict=True):
        assert_reads(shop, history, known_orders(history), row, at)
        now = shop.readings(row, at)
        assert all(str(now[one]) == str(was[one]) for one in was if one.half_life == FOREVER)
    assert verify(shop.connection, segments.load_history(shop.pool)) == []


@given(world=worlds(), at=moments)
@settings(max_examples=20)
def test_an_import_and_what_came_in_live_after_it_fold_into_one_state(anew, world: World, at: int) -> None:
    rows, told = world
    shop = anew(rows, kept_sums())
    early = [r for r in rows if r["placed_at"] < at]
    imported = news_table([t for t in told_once(told) if t.known_at < at])
    with segments.writing(shop.pool) as draft:
        content = Imported(order_columns(early), imported, [], at, len(early))
        segments.write_segment(draft, content, {"contract": 1, "exported_at": at})
    assert not is_current(shop.connection, shop.pool)
    rebuild(shop.connection, shop.pool, silent)
    assert is_current(shop.connection, shop.pool)
    with immediate(shop.connection):
        for one in sorted(told, key=lambda t: t.known_at):  # the import told again, too: counted once
            if one.type != "placed" or one.known_at >= at:
                shop.hear(one)
    history = history_of(rows, told)
    end = max(at, *(t.known_at for t in told)) + 1
    for row in rows:
        assert_reads(shop, history, known_orders(history), row, end)
    assert verify(shop.connection, segments.load_history(shop.pool)) == []


def agree_to_the_last_digit(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Equal, or one unit of the fifth digit apart: allowed where the unrounded values stand on a rounding boundary."""
    size = np.where((a == 0) | np.isnan(a), 1.0, np.abs(a))
    unit = 10.0 ** (np.floor(np.log10(size)) - 4)
    return (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= 1.001 * unit)


@given(world=live_worlds())
@settings(max_examples=40)
def test_every_feature_is_one_number_in_training_serving_and_by_the_formula(anew, world: World) -> None:
    rows, told = world
    shop, history = anew(rows, kept_sums()), history_of(rows, told)
    known, arrivals = known_orders(history), sorted(told, key=lambda t: t.known_at)
    trained = matrix(history.orders, replay(history, kept_sums()), FLAT)
    with immediate(shop.connection):
        for i, order_id in enumerate(history.orders["order_id"]):
            at = int(history.orders["placed_at"][i])
            while arrivals and arrivals[0].known_at < at:
                shop.hear(arrivals.pop(0))
            row = next(r for r in rows if r["order_id"] == order_id)
            table = journal.as_table([shop.columns[row["merchant_id"], order_id]]) | {"placed_at": np.array([at])}
            served = {one: np.array([value]) for one, value in shop.readings(row, at).items()}
            meant = {one: np.array([value_at(one, known, known[i], at)]) for one in served}
            for readings in (served, meant):
                same = agree_to_the_last_digit(trained[i], matrix(table, readings, FLAT)[0])
                assert same.all(), [f.name for f, s in zip(CATALOG, same, strict=True) if not s]


def small_shop(anew) -> Shop:
    rows = [{"order_id": f"o{i}", "merchant_id": "m1", "placed_at": T0 + i * DAY, "payment_method": "cod", "phone": 1,
             "name": i, "amount_minor": 50_000.0, "pincode": "800001", "district": "D", "state": "S"} for i in range(3)]  # fmt: skip
    shop = anew(rows, kept_sums())
    with immediate(shop.connection):
        for row in rows:
            at = row["placed_at"]
            shop.hear(Told("m1", row["order_id"], "shop", f"{row['order_id']}-p", "placed", at, at, live=True))
    return shop


@pytest.mark.parametrize("error", [1.0, 1e-6])
def test_verify_finds_a_planted_error(anew, error: float) -> None:
    shop = small_shop(anew)
    with immediate(shop.connection):
        shop.hear(Told("m1", "o0", "courier", "d", "delivered", T0 + DAY, T0 + DAY, live=True))
    history = segments.load_history(shop.pool)
    assert verify(shop.connection, history) == []
    layout = Store(shop.connection).layouts["pincode"]
    [(blob,)] = shop.connection.execute("SELECT folded FROM state WHERE kind = 'pincode'").fetchall()
    values, grid = store.unpack(blob, layout)
    decayed = layout.sums.index(Sum("pincode", Measure.KNOWN, 90 * DAY))
    values[decayed] += error
    shop.connection.execute("UPDATE state SET folded = ? WHERE kind = 'pincode'", (store.pack(values, grid),))
    assert verify(shop.connection, history) == [{"kind": "pincode", "key": "800001"}]


def test_verify_finds_a_key_that_is_gone_and_one_that_nobody_has(anew) -> None:
    shop = small_shop(anew)
    shop.connection.execute("UPDATE state SET key = '2' WHERE kind = 'phone'")
    wrong = verify(shop.connection, segments.load_history(shop.pool))
    assert wrong == [{"kind": "phone", "key": "1"}, {"kind": "phone", "key": "2"}]


@pytest.mark.parametrize("change", ["SET folded = ?", "SET key = '2'"])
def test_verify_finds_a_link_that_is_wrong_and_one_that_nobody_has(anew, change: str) -> None:
    shop = small_shop(anew)
    bound = (bytes(16),) if "?" in change else ()
    shop.connection.execute(f"UPDATE state {change} WHERE kind = 'name of phone'", bound)
    wrong = verify(shop.connection, segments.load_history(shop.pool))
    assert [one for one in wrong if one["key"] == "1"] == [{"kind": "name of phone", "key": "1"}]
    assert len(wrong) == (2 if "key" in change else 1)


def test_a_parcel_told_back_and_then_delivered_leaves_no_trace_of_the_rto(anew) -> None:
    shop = small_shop(anew)
    phone = Sum("phone", Measure.RTO)
    seen = []
    for kind, day in (("rto_started", 5), ("delivered", 9)):
        with immediate(shop.connection):
            shop.hear(Told("m1", "o0", "courier", kind, kind, T0 + day * DAY, T0 + day * DAY, "refused", live=True))
        seen.append(shop.readings({"merchant_id": "m1", "order_id": "o1"}, T0 + 20 * DAY)[phone])
    assert seen == [1.0, 0.0]


def test_a_corrected_address_moves_the_order_to_its_new_place_in_the_store(anew) -> None:
    shop = small_shop(anew)
    details = json.dumps({"address": {"address": 5, "pincode": "560001", "district": "E", "state": "T"}})
    with immediate(shop.connection):
        shop.hear(Told("m1", "o0", "shop", "fix", "address_corrected", T0 + DAY, T0 + DAY, None, details, live=True))
    placed = Sum("pincode", Measure.KNOWN, 90 * DAY), Sum("all", Measure.KNOWN, 90 * DAY)
    with immediate(shop.connection):
        shop.hear(Told("m1", "o0", "courier", "d", "delivered", T0 + 3 * DAY, T0 + 3 * DAY, live=True))
    [here, everywhere] = [shop.readings({"merchant_id": "m1", "order_id": "o1"}, T0 + 9 * DAY)[one] for one in placed]
    assert here == 0.0
    assert everywhere > 0.9


def test_news_told_while_the_history_is_folded_is_in_the_rebuilt_state(anew) -> None:
    shop = small_shop(anew)
    order = {"order_id": "o9", "merchant_id": "m1", "placed_at": T0 + 9 * DAY, "phone": 1, "pincode": "800001"}
    shop.columns["m1", "o9"] = kept(order)
    folded = fold_all(shop.connection, shop.pool)
    with immediate(shop.connection):
        shop.hear(Told("m1", "o0", "courier", "r", "rto_started", T0 + 5 * DAY, T0 + 5 * DAY, "refused", live=True))
        shop.hear(Told("m1", "o9", "shop", "o9-p", "placed", T0 + 9 * DAY, T0 + 9 * DAY, live=True))
        shop.hear(Told("m1", "o7", "courier", "d", "delivered", T0 + 9 * DAY, T0 + 9 * DAY, live=True))
    keep(shop.connection, folded, silent)
    assert verify(shop.connection, segments.load_history(shop.pool)) == []
    read = shop.readings({"merchant_id": "m1", "order_id": "o1"}, T0 + 10 * DAY)
    assert [read[Sum("phone", m)] for m in (Measure.NOT_TAKEN, Measure.RTO)] == [3.0, 1.0]


def test_a_fold_that_saw_news_told_while_it_read_does_not_count_it_twice(anew) -> None:
    shop = small_shop(anew)
    early = replace(fold_all(shop.connection, shop.pool), through_seq=0)
    keep(shop.connection, early, silent)
    assert verify(shop.connection, segments.load_history(shop.pool)) == []


def test_a_state_that_was_never_built_is_not_called_right(anew) -> None:
    shop = anew([], ())
    with pytest.raises(DataError, match="STATE001"):
        verify(shop.connection, history_of([], []))
