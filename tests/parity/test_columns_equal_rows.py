"""The history built column by column is the history built piece by piece: every array, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from data.building import build_history
from data.contract import HOUR
from data.errors import DataError
from data.history import History, Told, told_once
from data.news import news_table, once, told_of
from data.world import preset_named, simulate, write_world
from tests.helpers.histories import T0, order_columns, worlds
from tests.helpers.imports import Shop
from tests.helpers.plain_history import PlainHistory, plain_history

World = tuple[list[dict[str, Any]], list[Told]]
WORDS = st.text(st.sampled_from("aäअ𝒜0:"), max_size=3)


def assert_same(one: History, other: PlainHistory) -> None:
    for a, b in ((one.orders, other.orders), (one.news, other.news), (one.corrected, other.corrected)):
        assert list(a) == list(b)
        for name in a:
            assert a[name].dtype == b[name].dtype, name
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    for name in ("start", "event_ids", "sources"):
        assert getattr(one, name).dtype == getattr(other, name).dtype
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert one.known_through == other.known_through


def both(rows: list[dict[str, Any]], told: list[Told]) -> tuple[History, PlainHistory]:
    orders, through = order_columns(rows), T0 + HOUR
    table = once(news_table(told))
    return build_history(orders, table, through), plain_history(orders, told_once(told), through)


@given(world=worlds())
@settings(max_examples=150)
def test_columns_say_what_rows_say(world: World) -> None:
    assert_same(*both(*world))


@st.composite
def crowded(draw: st.DrawFn) -> World:
    """Many things at one instant, under names that are prefixes of each other and of several alphabets; news of
    nobody's order; an order told before its time."""
    merchants, names, sources = (
        draw(st.lists(WORDS, min_size=1, max_size=2)),
        [f"o{i}" for i in range(4)],
        ["", "s", "sé"],
    )
    rows = [
        {
            "order_id": name + draw(WORDS),
            "merchant_id": draw(st.sampled_from(merchants)),
            "placed_at": T0 + draw(st.integers(0, 1)),
        }
        for name in names
    ]
    ids = [(r["merchant_id"], r["order_id"]) for r in rows] + [("nobody", "o1"), (merchants[0], "none")]
    kinds = ["placed", "delivered", "rto_started", "correction", "action_taken"]
    events = st.tuples(
        st.sampled_from(ids), st.sampled_from(sources), WORDS, st.sampled_from(kinds), st.integers(-1, 2)
    )
    told, named = [], draw(st.lists(WORDS, min_size=1, max_size=4))
    for (merchant, order), source, event, kind, late in draw(st.lists(events, max_size=14)):
        details = {
            "correction": f'{{"voids": "{draw(st.sampled_from(named))}"}}',
            "action_taken": '{"action": "allow_cod"}',
        }
        event = draw(st.sampled_from([event, *named]))
        told.append(Told(merchant, order, source, event, kind, T0, T0 + late, None, details.get(kind)))
    return rows, list({(t.merchant_id, t.source, t.event_id): t for t in told}.values())


@given(world=crowded())
@settings(max_examples=150)
def test_ties_unknown_orders_and_all_alphabets_come_in_the_same_order(world: World) -> None:
    assert_same(*both(*world))


@st.composite
def repeated(draw: st.DrawFn) -> list[Told]:
    """Few names, told often: early, late, live, sometimes with another content."""
    rare = st.sampled_from([0] * 30 + [1])
    told = []
    for _ in range(draw(st.integers(0, 10))):
        merchant, source, event = (draw(st.sampled_from(["", "a", "ab"])) for _ in range(3))
        order, kind = f"o{draw(rare)}", ["lost", "delivered"][draw(rare)]
        reason, details = [None, "other"][draw(rare)], [None, "{}"][draw(rare)]
        told.append(
            Told(
                merchant,
                order,
                source,
                event,
                kind,
                draw(rare),
                draw(st.integers(0, 3)),
                reason,
                details,
                draw(st.booleans()),
            )
        )
    return told


def said(count: Callable[[], list[Told]]) -> list[Told] | str:
    """What counted, or the refusal."""
    try:
        return count()
    except DataError as error:
        return str(error)


@given(told=repeated())
@settings(max_examples=300)
def test_a_table_is_counted_once_as_its_rows_are(told: list[Told]) -> None:
    assert said(lambda: told_of(once(news_table(told)))) == said(lambda: told_once(told))


def test_no_orders_and_no_news_are_a_history_too() -> None:
    assert_same(*both([], []))
    assert_same(*both([], [Told("m", "o", "s", "e", "placed", T0, T0)]))
    assert_same(*both([{"order_id": "o", "merchant_id": "m", "placed_at": T0}], []))


def test_equal_instants_of_many_orders_are_sorted_by_merchant_and_id() -> None:
    rng = np.random.default_rng(5)
    rows = [
        {"order_id": f"{i}", "merchant_id": f"m{i % 3}", "placed_at": T0 + int(rng.integers(3))}
        for i in rng.permutation(500)
    ]
    told = [
        Told(r["merchant_id"], r["order_id"], f"s{k % 2}", f"{k}", "confirmed", T0, T0 + int(rng.integers(2)))
        for r in rows
        for k in rng.permutation(9)
    ]
    told = [Told(*(getattr(t, n) for n in ("merchant_id", "order_id", "source")), f"{t.order_id}:{t.event_id}",
                 t.type, t.happened_at, t.known_at) for t in told]  # fmt: skip
    assert_same(*both(rows, [told[i] for i in rng.permutation(len(told))]))


def test_news_in_several_chunks_is_read_whole() -> None:
    rows = [{"order_id": f"o{i}", "merchant_id": "m", "placed_at": T0} for i in range(5)]
    told = [Told("m", f"o{i}", "s", f"e{i}", "placed", T0, T0) for i in range(5)]
    whole = news_table(told)
    cut = pa.concat_tables([whole.slice(i, 1) for i in range(5)])
    assert cut["event_id"].num_chunks == 5
    assert_same(build_history(order_columns(rows), once(cut), T0), plain_history(order_columns(rows), told, T0))


def test_a_simulated_market_is_one_history_either_way(tmp_path: Path) -> None:
    world = simulate(preset_named("demo"), 1_500, 3, 1_780_000_000_000_000, lambda done, n: None)
    write_world(world, tmp_path / "market")
    files = [tmp_path / "market" / name for name in ("orders.parquet", "news.parquet")]
    imported = Shop(tmp_path).read("native", *files, merchant_id="m")
    news = imported.news
    assert {"correction", "rto_started"} <= set(news["type"].to_pylist())
    shuffled = news.take(pa.array(np.random.default_rng(1).permutation(len(news))))
    built = build_history(imported.orders, once(shuffled), imported.exported_at)
    assert_same(built, plain_history(imported.orders, told_once(told_of(news)), imported.exported_at))
