"""What real exports hold: mixed times, padding, floats, currencies, mistakes; each read right or refused with its place."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data.contract import SECOND
from data.errors import DataError
from data.imports.importing import Request, import_files
from data.news import told_of
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop, mapping_of, row, said


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


EXPORT = """
timezone = "Asia/Kolkata"
country = "IN"
[orders]
order_id = { column = "no" }
placed_at = { column = "when", formats = ["%d/%m/%Y %H:%M", "ISO8601", "%d/%m/%Y %H:%M %z"] }
currency = { column = "cur" }
amount_minor = { column = "total", unit = "major" }
pincode = { column = "pin" }
phone = { column = "phone" }
payment_method = { column = "pay", values = { COD = "cod", Card = "prepaid" } }
[[rules]]
when = { status = "back" }
news = [{ type = "rto_started", column = "ended" }]
[[rules]]
when = { status = "done" }
news = [{ type = "delivered", column = "ended" }]
"""
HEAD = "no,when,cur,total,pin,phone,pay,status,ended"


def read(shop: Shop, *rows: str, **options: object) -> object:
    return shop.read(mapping_of(EXPORT), shop.file("orders.csv", "\n".join([HEAD, *rows]) + "\n"), **options)


def test_one_column_may_mix_formats_and_zones_and_what_took_a_later_format_is_counted(tmp_path: Path) -> None:
    times = {
        "a": ("01/03/2025 10:00", "2025-03-01T10:00+05:30"),
        "b": ("2025-03-01 10:00", "2025-03-01T10:00+05:30"),
        "c": ("2025-03-01T10:00:00Z", "2025-03-01T10:00+00:00"),
        "d": ("2025-03-01T10:00:00.500000-05:00", "2025-03-01T10:00-05:00"),
        "e": ("01/03/2025 10:00 +0200", "2025-03-01T10:00+02:00"),
    }
    rows = [f"{no},{text},INR,9,800001,,COD,done,2025-03-09" for no, (text, _) in times.items()]
    imported = read(Shop(tmp_path), *rows)
    for no, (_, moment) in times.items():
        assert row(imported, no)["placed_at"] // SECOND == at(moment) // SECOND, no
    assert imported.notes["times_in_a_later_format"] == 4
    assert imported.notes["times_that_fit_two_formats"] == 0


def test_day_and_month_are_never_swapped_by_what_other_cells_hold(tmp_path: Path) -> None:
    both = EXPORT.replace('["%d/%m/%Y %H:%M", "ISO8601", "%d/%m/%Y %H:%M %z"]', '["%d/%m/%Y", "%m/%d/%Y"]')
    rows = {"a": "05/03/2025", "b": "25/03/2025", "c": "03/26/2025"}
    shop = Shop(tmp_path)
    for some in ("abc", "a", "ac", "ba"):
        text = "\n".join([HEAD, *(f"{no},{rows[no]},INR,9,800001,,COD,done,2025-04-09" for no in some)])
        imported = shop.read(mapping_of(both), shop.file("orders.csv", text))
        assert row(imported, "a")["placed_at"] == at("2025-03-05T00:00+05:30"), some
        assert imported.notes["times_in_a_later_format"] == some.count("c")
        assert imported.notes["times_that_fit_two_formats"] == 1


def test_padded_values_and_words_of_any_case_are_what_they_say(tmp_path: Path) -> None:
    imported = read(
        Shop(tmp_path), " a1 , 01/03/2025 10:00 ,inr , 1499.00 , 800001 ,9876543210, cod , BACK ,2025-03-09 "
    )
    kept = row(imported, "a1")
    assert (kept["amount_minor"], kept["pincode"], kept["payment_method"], kept["currency"]) == (
        149900,
        "800001",
        "cod",
        "INR",
    )
    assert [t.type for t in said(imported, "a1")] == ["rto_started"]


def test_pin_codes_and_numbers_of_orders_read_as_floats_lose_the_point(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    table = pd.DataFrame({
        "order_id": [1001.0, 1002.0], "merchant_id": "m1", "placed_at": pd.Timestamp("2025-03-01", tz="UTC"),
        "pincode": [800001.0, math.nan], "phone": [9876543210.0, math.nan], "sku": [7, 8],
    })  # fmt: skip
    table.to_parquet(tmp_path / "orders.parquet")
    table.astype(str).replace("nan", "").to_csv(tmp_path / "orders.csv", index=False)
    typed, text = (shop.read("native", tmp_path / name) for name in ("orders.parquet", "orders.csv"))
    for imported in (typed, text):
        kept = row(imported, "1001")
        assert (kept["pincode"], kept["district"], kept["sku"]) == ("800001", "PATNA", "7")
        assert row(imported, "1002")["pincode"] is None
    assert row(typed, "1001")["phone"] == row(text, "1001")["phone"] > 0


def test_money_has_the_decimals_of_the_currency_of_its_own_row(tmp_path: Path) -> None:
    cells = {
        "a": ("INR", "12.5", 1250),
        "b": ("JPY", "1200", 1200),
        "c": ("KWD", "1.234", 1234),
        "d": ("jpy", '"1,200"', 1200),
    }
    imported = read(
        Shop(tmp_path), *(f"{no},01/03/2025 10:00,{c},{m},,,COD,done,2025-03-09" for no, (c, m, _) in cells.items())
    )
    assert {no: row(imported, no)["amount_minor"] for no in cells} == {no: minor for no, (_, _, minor) in cells.items()}


MISTAKES = {
    "5600O1 for a PIN code": ("a2,01/03/2025 10:00,INR,9,5600O1,,COD,done,2025-03-09", "DQ010", "pincode", "'5600O1'"),
    "a negative amount": ("a2,01/03/2025 10:00,INR,-9,800001,,COD,done,2025-03-09", "DQ011", "amount_minor", "'-9'"),
    "an unknown status": ("a2,01/03/2025 10:00,INR,9,800001,,COD,vanished,", "DQ007", "status", "'vanished'"),
    "a date that fits no format": ("a2,March 1st,INR,9,800001,,COD,done,2025-03-09", "DQ004", "placed_at", "'March 1st'"),
    "a date read by the clock": ("a2,today,INR,9,800001,,COD,done,2025-03-09", "DQ004", "placed_at", "'today'"),
    "an outcome before its order": ("a2,01/03/2025 10:00,INR,9,800001,,COD,done,2025-02-27", "DQ013", "ended", "'2025-02-27'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_place_and_left_out_on_demand(tmp_path: Path, name: str) -> None:
    bad, code, column, got = MISTAKES[name]
    shop, good = Shop(tmp_path), "a1,01/03/2025 10:00,INR,9,800001,,COD,done,2025-03-09"
    with pytest.raises(DataError) as refused:
        read(shop, good, bad)
    error = refused.value
    assert (error.code, error.where, error.got) == (code, f"orders.csv row 3, {column}", got)
    assert error.expected
    assert "--skip-bad-rows" in error.to_do
    imported = read(shop, good, bad, skip_bad_rows=True)
    assert imported.orders["order_id"].tolist() == ["a1"]
    assert [(f.code, f.row) for f in imported.faults] == [(code, 3)]


def request(*paths: Path) -> Request:
    return Request(list(paths), "native", None, None, None, False)


def test_news_of_an_unknown_order_is_kept_counted_and_told_until_the_order_comes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    told = [f"e{i},o{i},m1,delivered,2025-03-05T10:00Z,2025-03-05T10:00Z,,," for i in (1, 2, 3)]
    one = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    first = import_files(
        tmp_path / "home", request(one, shop.file("news.csv", "\n".join([NEWS_HEAD, *told]))), lambda *step: None
    )
    assert first["notes"]["news_of_unknown_orders"] == 2
    assert first["n_news"] == 4  # three told, and `placed` of the one order
    two = shop.file("more.csv", f"{NATIVE_HEAD}\no2,m1,2025-03-01T10:00Z,9\n")
    more = [f"f{i},o{i},m1,returned,2025-03-07T10:00Z,2025-03-07T10:00Z,,," for i in (1, 2, 3)]
    second = import_files(
        tmp_path / "home", request(two, shop.file("more-news.csv", "\n".join([NEWS_HEAD, *more]))), lambda *step: None
    )
    assert second["notes"]["news_of_unknown_orders"] == 1  # o1 came with the earlier import, o2 with this one
    other = shop.file("other.csv", f"{NATIVE_HEAD}\no1,m2,2025-03-01T10:00Z,9\n")
    alone = Request([other, shop.file("n.csv", f"{NEWS_HEAD}\ng1,o2,m2,lost,2025-03-07T10:00Z,2025-03-07T10:00Z,,,\n")],
                    "native", None, "m1", None, False)  # fmt: skip
    assert import_files(tmp_path / "home", alone, lambda *step: None)["notes"]["news_of_unknown_orders"] == 1


def test_an_order_told_twice_is_one_order_and_with_another_buyer_it_is_refused(tmp_path: Path) -> None:
    line = "a1,01/03/2025 10:00,INR,9,800001,{},COD,done,2025-03-09"
    imported = read(Shop(tmp_path), line.format("9876543210"), line.format("9876543210"))
    assert row(imported, "a1")["n_lines"] == 2
    assert len(said(imported, "a1")) == 1
    with pytest.raises(DataError, match=r"DQ008 orders\.csv row 3, phone: got 10 characters"):
        read(Shop(tmp_path), line.format("9876543210"), line.format("9876500000"))


def broken(n: int) -> list[str]:
    """Every tenth row is broken, in one of three ways."""
    rows = [f"a{i},01/03/2025 10:00,INR,9,800001,,COD,done,2025-03-09" for i in range(n)]
    for i in range(0, n, 10):
        good, bad = [("800001", "5600O1"), (",9,", ",x,"), ("done", "vanished")][i // 10 % 3]
        rows[i] = rows[i].replace(good, bad)
    return rows


def test_of_a_tenth_broken_rows_the_first_is_named_and_the_rest_counted_by_code_and_column(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        read(Shop(tmp_path), *broken(300))
    assert (refused.value.code, refused.value.where) == ("DQ003", "orders.csv row 12, amount_minor")
    assert "29 more cells are refused" in refused.value.to_do
    assert (
        "all 30 by code and column: DQ003 amount_minor: 10, DQ007 status: 10, DQ010 pincode: 10" in refused.value.to_do
    )
    imported = read(Shop(tmp_path), *broken(300), skip_bad_rows=True)
    assert (len(imported.orders["order_id"]), len(imported.faults), imported.n_rows) == (270, 30, 300)
    assert {t.order_id for t in told_of(imported.news)} == set(imported.orders["order_id"])


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="DQ001") as refused:
        read(Shop(tmp_path))
    assert refused.value.got == "no rows"


def test_news_of_statuses_stands_in_the_order_of_the_orders_and_of_each_rule(tmp_path: Path) -> None:
    two = EXPORT.replace(
        'type = "rto_started", column = "ended" }',
        'type = "dispatched", after_days = 1 }, {type = "rto_started", column = "ended" }',
    )
    rows = [
        f"a{i},01/03/2025 10:00,INR,9,,,COD,{status},2025-03-09"
        for i, status in enumerate(["done", "back", "done", "back"])
    ]
    imported = Shop(tmp_path).read(mapping_of(two), Shop(tmp_path).file("orders.csv", "\n".join([HEAD, *rows])))
    told = [(t.order_id, t.type) for t in told_of(imported.news) if t.type != "placed"]
    assert told == [("a0", "delivered"), ("a1", "dispatched"), ("a1", "rto_started"), ("a2", "delivered"),
                    ("a3", "dispatched"), ("a3", "rto_started")]  # fmt: skip


def test_a_file_with_one_kind_of_outcome_imports(tmp_path: Path) -> None:
    imported = read(Shop(tmp_path), *(f"a{i},01/03/2025 10:00,INR,9,,,COD,done,2025-03-09" for i in range(5)))
    assert {t.type for t in told_of(imported.news)} == {"placed", "delivered"}


def test_no_line_of_an_order_is_lost_when_any_line_may_decide(tmp_path: Path) -> None:
    rows = ["a1,01/03/2025 10:00,INR,9,,,COD,done,2025-03-09", "a1,01/03/2025 10:00,INR,9,,,COD,back,2025-03-08"]
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", "\n".join([HEAD, *rows]))
    assert [t.type for t in said(shop.read(mapping_of(EXPORT), file), "a1")] == ["partially_delivered"]
    any_line = shop.read(mapping_of(EXPORT, lines_decide="any"), file)
    [told] = said(any_line, "a1")
    assert (told.type, told.known_at) == ("rto_started", at("2025-03-08T00:00+05:30"))


def test_a_constant_column_is_read_like_a_column_of_the_file(tmp_path: Path) -> None:
    text = """
    [orders]
    order_id = { column = "no" }
    placed_at = { constant = "2025-03-01T10:00:00Z" }
    currency = { constant = "kwd" }
    amount_minor = { constant = "1.5", unit = "major" }
    quantity = { constant = "2" }
    channel = { constant = " web " }
    campaign = { constant = " " }
    [[rules]]
    """
    shop = Shop(tmp_path)
    kept = row(shop.read(mapping_of(text), shop.file("orders.csv", "no\n1\n2\n")), "2")
    assert (kept["placed_at"], kept["amount_minor"], kept["n_units"]) == (at("2025-03-01T10:00+00:00"), 1500, 2)
    assert (kept["channel"], kept["campaign"]) == ("web", None)


def test_a_corrected_address_arrives_once_for_all_that_tell_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\no2,m1,2025-03-01T10:00Z,9\n")
    moved = '"{""address"": {""line1"": ""12 MG Road"", ""pincode"": ""80{} 001"", ""country"": ""IN""}}"'
    news = [f"e{i},o{1 + i % 2},m1,address_corrected,2025-03-02T10:00Z,2025-03-02T10:00Z,,,{moved.replace('80{}', pin)}"
            for i, pin in enumerate(["800", "560", "800"])]  # fmt: skip
    imported = shop.read("native", orders, shop.file("news.csv", "\n".join([NEWS_HEAD, *news])))
    kept = [t.details for t in told_of(imported.news) if t.type == "address_corrected"]
    assert kept[0] == kept[2] != kept[1]
    assert '"district": "PATNA"' in str(kept[0])
    assert "MG Road" not in str(kept)
    assert datetime.fromtimestamp(imported.exported_at / SECOND, UTC).day == 2
