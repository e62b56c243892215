"""Segments on disk: whole or not at all, nothing twice, nothing personal, the same bytes again."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from data import segments
from data.errors import DataError
from data.history import History
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop, mapping_of

HEAD = (
    "order_id,merchant_id,placed_at,amount_minor,customer_id,phone,email,name,line1,line2,landmark,city,pincode,"
    "device_id,ip,payment_method"
)
CANARIES = ("CANARYCUST", "9876501234", "canarymail", "CANARYNAME", "CANARYLINE", "CANARYLANE", "CANARYTEMPLE",
            "CANARYTOWN", "CANARYDEVICE", "10.77.66.55")  # fmt: skip
ROW = (
    "{0},m1,2025-03-0{1}T10:00Z,149900,CANARYCUST,98765 01234,canarymail@example.com,Asha CANARYNAME,12 CANARYLINE,"
    "CANARYLANE,near CANARYTEMPLE,CANARYTOWN,800001,CANARYDEVICE,10.77.66.55,{2}"
)
MOVED = '"{""address"": {""line1"": ""7 CANARYLINE"", ""landmark"": ""CANARYTEMPLE"", ""pincode"": ""800001""}}"'
TOLD = "{0},o1,m1,{1},2025-03-05T10:00Z,2025-03-05T10:00Z,,,{2}"


def files(shop: Shop, *news: str) -> tuple[Path, Path]:
    orders = "\n".join([HEAD, ROW.format("o1", 1, "cod"), ROW.format("o2", 2, "cod"), ROW.format("o3", 3, "barter")])
    told = "\n".join([NEWS_HEAD, TOLD.format("e1", "rto_started", ""), *news])
    return shop.file("orders.csv", orders), shop.file("news.csv", told)


def assert_same(one: History, other: History) -> None:
    for a, b in ((one.orders, other.orders), (one.news, other.news), (one.corrected, other.corrected)):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    assert one.event_ids.tolist() == other.event_ids.tolist()
    assert one.known_through == other.known_through


def folders(shop: Shop) -> list[str]:
    return sorted(p.name for p in shop.pool.segments.iterdir()) if shop.pool.segments.exists() else []


def test_no_personal_text_is_in_any_file_of_the_home_folder(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    moved = TOLD.format("e2", "address_corrected", MOVED)
    broken = TOLD.format("e3", "address_corrected", "CANARYLINE 5")
    imported = shop.keep("native", *files(shop, moved, broken), skip_bad_rows=True)
    assert sorted(f.code for f in imported.faults) == ["DQ006", "DQ015"]
    assert shop.history().corrected["address"].tolist() != [-1]
    shop.pool.add_merchants(imported.merchants)
    found = list((tmp_path / "home").rglob("*"))
    assert {"orders.parquet", "news.parquet", "quarantine.csv", "manifest.json", "store.sqlite", "merchants.json"} <= {
        p.name for p in found
    }
    for path in (p for p in found if p.is_file()):
        raw = path.read_bytes().lower()
        if path.suffix == ".parquet":
            raw += str(pq.read_table(path).to_pydict()).lower().encode()
        for canary in CANARIES:
            assert canary.lower().encode() not in raw, (path, canary)
            assert canary.replace("9876501234", "98765 01234").lower().encode() not in raw, (path, canary)


def test_the_quarantine_says_what_was_set_aside(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.keep("native", *files(shop), skip_bad_rows=True)
    [segment] = segments.list_segments(shop.pool)
    head, row = (segment.folder / "quarantine.csv").read_text().splitlines()
    assert head == "code,file,row,column,got,expected,to_do"
    assert row.startswith("DQ006,orders.csv,4,payment_method,'barter',\"one of cod, prepaid, undecided\"")


def test_pseudonyms_come_in_order_of_first_appearance_and_again_the_same(tmp_path: Path) -> None:
    def keep(name: str) -> list[dict[str, Any]]:
        shop = Shop(tmp_path / name)
        (tmp_path / name).mkdir()
        shop.pool.token_key_file.parent.mkdir(parents=True)
        shop.pool.token_key_file.write_bytes(b"k" * 32 if name != "c" else b"x" * 32)
        head = "order_id,merchant_id,placed_at,phone"
        phones = ("9876543210", "9123456780", "+91 98765 43210", "", "9000090000")
        rows = [f"o{i},m1,2025-03-01T10:00Z,{p}" for i, p in enumerate(phones)]
        shop.keep("native", shop.file("orders.csv", "\n".join([head, *rows])))
        return shop.history().orders["phone"].tolist()

    one, same, other_key = keep("a"), keep("b"), keep("c")
    assert one == same == other_key
    first, second, again, missing, third = one
    assert again == first < second < third
    assert missing == -1


def test_the_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    paths = files(shop)
    shop.keep("native", *paths, skip_bad_rows=True)
    before, names = shop.history(), folders(shop)
    again = shop.keep("native", *paths, skip_bad_rows=True)
    assert (len(again.orders["order_id"]), len(again.news)) == (0, 0)
    assert folders(shop) == names
    assert_same(shop.history(), before)


def test_even_a_segment_that_tells_everything_again_changes_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    paths = files(shop)
    shop.keep("native", *paths, skip_bad_rows=True)
    before = shop.history()
    again = shop.read("native", *paths, skip_bad_rows=True)
    with segments.writing(shop.pool) as draft:
        segments.write_segment(draft, again, {"contract": 1, "exported_at": again.exported_at})
    assert_same(shop.history(), before)


def test_two_imports_are_one(tmp_path: Path) -> None:
    apart, together = Shop(tmp_path / "a"), Shop(tmp_path / "b")
    for shop in (apart, together):
        shop.folder.mkdir()
    rows = [f"o{i},m1,2025-03-0{i}T10:00Z,9" for i in range(1, 5)]
    parts = ["\n".join([NATIVE_HEAD, *half]) for half in (rows[:3], rows[2:])]
    for shop, groups in ((apart, [[0], [1]]), (together, [[0, 1]])):
        for group in groups:
            shop.keep("native", *(shop.file(f"{k}.csv", parts[k]) for k in group))
    assert_same(apart.history(), together.history())


def test_a_changed_order_is_refused_by_the_column_that_changed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.keep("native", shop.file("a.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,900\n"))
    before, names = shop.history(), folders(shop)
    with pytest.raises(DataError, match="DQ008") as refused:
        shop.keep("native", shop.file("b.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,901\n"))
    (segment,) = names
    got = f"another amount_minor than in an earlier import, segment {Path(segment).name}"
    assert (refused.value.where, refused.value.got) == ("order 'o1'", got)
    assert folders(shop) == names
    assert_same(shop.history(), before)


def test_a_later_export_that_emptied_a_column_does_not_empty_the_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    mapping = mapping_of("""
    [orders]
    order_id = { column = "no" }
    placed_at = { column = "when" }
    quantity = { column = "pieces", overwritten_when = { status = "void" } }
    courier = { column = "courier", overwritten_when = { status = "void" } }
    phone = { column = "phone", overwritten_when = { status = "void" } }
    [[rules]]
    when = { status = "void" }
    news = [{ type = "cancelled", after_days = 1 }]
    [[rules]]
    """)
    head, told, emptied = "no,when,pieces,courier,phone,status\n", "3,Express,9876543210", "0,none,"
    for name, row in (("a", f"{told},open"), ("b", f"{emptied},void"), ("c", f"{told},void"), ("d", f"{told},open")):
        shop.keep(mapping, shop.file(f"{name}.csv", f"{head}o1,2025-03-01T10:00Z,{row}\n"))
    history = shop.history()
    assert history.orders["n_units"].tolist() == [3.0]
    assert history.orders["courier"].tolist() == ["Express"]
    assert history.orders["phone"].tolist() == [1]
    assert history.event_ids.tolist() == ["o1:placed", "o1:cancelled:1740909600000000"]


def test_news_with_other_content_is_refused_before_it_is_written(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,900\n")
    shop.keep("native", orders, shop.file("a.csv", f"{NEWS_HEAD}\n{TOLD.format('e1', 'delivered', '')}\n"))
    before, names = shop.history(), folders(shop)
    more = shop.file("more.csv", f"{NATIVE_HEAD}\no2,m1,2025-03-01T10:00Z,900\n")
    with pytest.raises(DataError, match="DQ014"):
        shop.keep("native", more, shop.file("b.csv", f"{NEWS_HEAD}\n{TOLD.format('e1', 'lost', '')}\n"))
    assert folders(shop) == names
    assert_same(shop.history(), before)


def test_news_told_again_earlier_is_kept_and_later_is_not(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,900\n")
    told = "e1,o1,m1,delivered,2025-03-05T10:00Z,2025-03-{0}T10:00Z,,,"
    for day, n_new in (("08", 2), ("09", 0), ("07", 1), ("07", 0)):
        news = shop.file(f"{day}.csv", f"{NEWS_HEAD}\n{told.format(day)}\n")
        assert len(shop.keep("native", orders, news).news) == n_new
    assert shop.history().news["known_at"].tolist()[1] == 1_741_341_600_000_000  # 2025-03-07 10:00


def test_an_import_that_crashes_midway_leaves_no_segment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    imported = shop.read("native", *files(shop), skip_bad_rows=True)
    with pytest.raises(RuntimeError, match="power"), segments.writing(shop.pool) as draft:  # noqa: PT012
        segments.write_segment(draft, imported, {"contract": 1, "exported_at": imported.exported_at})
        raise RuntimeError("power")
    assert folders(shop) == []
    with pytest.raises(DataError, match="DB003"):
        shop.history()


def test_a_draft_left_behind_by_a_killed_import_is_not_read(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.keep("native", *files(shop), skip_bad_rows=True)
    before = shop.history()
    (shop.pool.segments / ".4711").mkdir()
    (shop.pool.segments / ".4711" / "orders.parquet").write_bytes(b"PAR1 cut short")
    assert_same(shop.history(), before)


def test_a_segment_keeps_every_column_as_it_arrived(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    imported = shop.keep("native", *files(shop), skip_bad_rows=True)
    [segment] = segments.list_segments(shop.pool)
    columns = segments.read_orders(segment)
    assert columns.keys() == imported.orders.keys()
    for name, column in imported.orders.items():
        np.testing.assert_array_equal(columns[name], column, err_msg=name)
        assert columns[name].dtype == column.dtype, name
    assert segments.read_news(segment).equals(imported.news)


def test_a_segment_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.keep("native", *files(shop), skip_bad_rows=True)
    [segment] = segments.list_segments(shop.pool)
    (segment.folder / "manifest.json").write_text('{"contract": 99, "exported_at": 0}')
    with pytest.raises(DataError, match="DB001"):
        shop.history()
