"""What an import adds: the same answer as telling every order and every piece of news one by one."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import segments
from data.errors import DataError
from data.history import Told, told_once
from data.imports.additions import new_news, new_orders
from data.ingest import Imported
from data.keeping import journal
from data.keeping.database import open_database
from data.news import news_table, once, told_of
from data.pool import Pool
from tests.helpers.histories import T0, order_columns

RARE = st.sampled_from([0] * 20 + [1])
NEWS = st.builds(
    lambda event, kind, known, live: Told("m1", "o1", "s", f"e{event}", ["lost", "delivered"][kind], T0, T0 + known, live=live),
    st.integers(0, 3), RARE, st.integers(0, 3), st.just(False),
)  # fmt: skip


def keep(pool: Pool, rows: list[dict[str, Any]], told: list[Told]) -> None:
    """One more segment, whatever is there."""
    with segments.writing(pool) as draft:
        content = Imported(order_columns(rows), news_table(told), [], T0, len(rows))
        segments.write_segment(draft, content, {"contract": 1, "exported_at": T0})


def adds(held: list[Told], news: list[Told]) -> list[Told] | str:
    """The news that is new, one by one: the meaning of `new_news`."""
    try:
        before = {(t.merchant_id, t.source, t.event_id): t for t in told_once(held)}
        fresh = []
        for one in told_once(news):
            other = before.get((one.merchant_id, one.source, one.event_id))
            if other is None or told_once([other, one]) != [other]:
                fresh.append(one)
    except DataError as error:
        return error.code
    return fresh


@given(
    live=st.lists(NEWS, max_size=2),
    told=st.lists(st.lists(NEWS, max_size=4), max_size=2),
    news=st.lists(NEWS, max_size=5),
)
@settings(max_examples=60)
def test_news_is_new_in_a_table_as_it_is_one_by_one(live: list[Told], told: list[list[Told]], news: list[Told]) -> None:
    with TemporaryDirectory() as folder:
        pool = Pool(Path(folder), "shop")
        connection = open_database(pool.database)
        stamped = [Told(*(getattr(t, n) for n in Told.__slots__[:9]), live=True) for t in live]
        stamped = list({t.event_id: t for t in stamped}.values())
        for one in stamped:
            journal.add_news(connection, one, journal.LIVE)
        connection.close()
        for part in told:
            keep(pool, [], part)
        try:
            got: list[Told] | str = told_of(new_news(pool, once(news_table(news))))
        except DataError as error:
            got = error.code
        expected = adds([*stamped, *(t for part in told for t in part)], news)
        if expected != "DQ014" or isinstance(adds([], [*stamped, *(t for part in told for t in part)]), list):
            assert got == expected  # where what is held contradicts itself, loading says so


def order(order_id: str, **columns: Any) -> dict[str, Any]:
    return {"order_id": order_id, "merchant_id": "m1", "placed_at": T0, **columns}


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    found = Pool(tmp_path, "shop")
    keep(found, [order("o1", amount_minor=900.0, phone=3), order("o2")], [])
    keep(found, [order("o3", sku="red"), order("o1", amount_minor=900.0)], [])
    return found


def test_an_order_is_new_if_no_segment_holds_it(pool: Pool) -> None:
    rows = [order("o9"), order("o3"), order("o1"), order("o2") | {"merchant_id": "m2"}]
    kept = new_orders(pool, order_columns(rows))
    assert list(zip(kept["merchant_id"], kept["order_id"], strict=True)) == [("m1", "o9"), ("m2", "o2")]
    assert {len(column) for column in kept.values()} == {2}


@pytest.mark.parametrize(
    ("rows", "where", "got", "place"),
    [
        ([order("o9"), order("o1", amount_minor=901.0, phone=4)], "o1", "amount_minor, phone", 0),
        ([order("o3", sku="blue"), order("o1", phone=4)], "o3", "sku", 1),
        ([order("o1", phone=4), order("o3", sku="blue")], "o1", "phone", 0),
        ([order("o2", placed_at=T0 + 1)], "o2", "placed_at", 0),
    ],
)
def test_the_first_order_that_changed_is_named_with_its_columns_and_segment(
    pool: Pool, rows: Any, where: str, got: str, place: int
) -> None:
    with pytest.raises(DataError, match="DQ008") as refused:
        new_orders(pool, order_columns(rows))
    segment = segments.list_segments(pool)[place]
    assert refused.value.where == f"order '{where}'"
    assert refused.value.got == f"another {got} than in an earlier import, segment {segment.name}"
    assert str(segment.folder) in refused.value.to_do


def test_a_corrected_order_comes_in_once_its_segment_is_moved_away(pool: Pool, tmp_path: Path) -> None:
    wrong = segments.list_segments(pool)[0]
    wrong.folder.rename(tmp_path / "away")
    rows = [order("o2", placed_at=T0 + 1), order("o3", sku="red")]
    assert new_orders(pool, order_columns(rows))["order_id"].tolist() == ["o2"]
    keep(pool, rows[:1], [])
    assert len({segment.name for segment in segments.list_segments(pool)}) == 2


def test_what_one_of_two_imports_did_not_tell_is_no_change(pool: Pool) -> None:
    rows = [order("o1"), order("o2", amount_minor=5.0, phone=9, sku="x"), order("o3", sku="red")]
    assert len(new_orders(pool, order_columns(rows))["order_id"]) == 0


DAMAGE = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "a bit flipped": lambda path: path.write_bytes(flipped(path.read_bytes())),
}


def flipped(raw: bytes) -> bytes:
    """One bit of an order id where it is kept: it stands in the page's header twice before, as smallest and largest."""
    at = [found.start() for found in re.finditer(b"o1", raw)][2]
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["orders.parquet", "news.parquet", "manifest.json"])
def test_a_damaged_segment_is_named(tmp_path: Path, name: str, damage: str) -> None:
    pool = Pool(tmp_path, "shop")
    keep(pool, [order("o1")], [Told("m1", "o1", "s", "o1:e", "placed", T0, T0)])
    [segment] = segments.list_segments(pool)
    if name == "manifest.json" and damage == "a bit flipped":
        (segment.folder / name).write_bytes(b"\xff" + (segment.folder / name).read_bytes())
    else:
        DAMAGE[damage](segment.folder / name)
    with pytest.raises(DataError, match="DB005") as refused:
        segments.load_history(pool)
    assert refused.value.where == str(segment.folder / name)
    assert ("no such file" in refused.value.got) == (damage == "gone")


def test_columns_that_an_older_import_did_not_keep_are_missing(tmp_path: Path) -> None:
    pool = Pool(tmp_path, "shop")
    columns = {n: c for n, c in order_columns([order("o1")]).items() if n not in ("sku", "distance_km", "ip")}
    with segments.writing(pool) as draft:
        content = Imported(columns, news_table([]), [], T0, 1)
        segments.write_segment(draft, content, {"contract": 1, "exported_at": T0})
    found = segments.load_history(pool).orders
    assert (found["sku"][0], str(found["distance_km"][0]), found["ip"][0]) == (None, "nan", -1)
    assert len(new_orders(pool, order_columns([order("o1", sku="red")]))["order_id"]) == 0


def test_an_order_told_again_after_its_measures_were_improved_is_no_news(tmp_path: Path) -> None:
    pool = Pool(tmp_path, "shop")
    row = {"order_id": "o1", "merchant_id": "m1", "placed_at": T0, "phone": 7}
    keep(pool, [row | {"text_measures_version": 1.0, "address_gibberish": 0.5}], [])
    improved = {"text_measures_version": 2.0, "address_gibberish": 0.0, "city_mismatch": 1.0}
    assert len(new_orders(pool, order_columns([row | improved]))["order_id"]) == 0
    with pytest.raises(DataError, match="another phone"):
        new_orders(pool, order_columns([row | improved | {"phone": 8}]))
