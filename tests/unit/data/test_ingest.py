"""Whole files through the door: the shipped mappings on files of their formats, lines, statuses, days, exports."""

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.contract import DAY, SECOND, TOKEN_COLUMNS
from data.files.outcomes import decided_by
from data.label import label
from data.news import told_of
from features.one_order import order_news
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop, mapping_of, refusal, row, said
from tests.helpers.tables import edges

FOREVER = 2**62
MICROSECOND = 1


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


# --- Amazon.in: CSV gz, two date formats, float PIN codes, several lines, cancelled rows zeroed, days without an hour

AMAZON = """\
index,Order ID,Date,Status,Fulfilment,Sales Channel,ship-service-level,Category,Qty,Amount,ship-city,ship-state,ship-postal-code
0,A1,04-30-22,Shipped - Returned to Seller,Merchant,Amazon.in,Standard,Shirt,1,406.00,PATNA,BIHAR,800001.0
1,A2,04-12-2022,Shipped - Delivered to Buyer,Merchant,Amazon.in,Standard,Shirt,1,406,BENGALURU,Karnataka,560001
2,A3,04-30-22,Cancelled,Merchant,Amazon.in,Standard,Shirt,0,,PATNA,BIHAR,800001.0
3,A4,04-30-22,Shipped,Amazon,Amazon.in,Expedited,Shirt,1,329,PATNA,bihar,800001.0
4,A5,04-30-22,Shipped - Delivered to Buyer,Amazon,Amazon.in,Expedited,Shirt,1,329,PATNA,bihar,800001.0
5,A6,04-30-22,Shipped - Delivered to Buyer,Merchant,Amazon.in,Standard,Shirt,1,300,PATNA,BIHAR,800001.0
6,A6,04-30-22,Shipped - Delivered to Buyer,Merchant,Amazon.in,Standard,Saree,2,900,PATNA,BIHAR,800001.0
7,A7,04-30-22,Shipped - Delivered to Buyer,Merchant,Amazon.in,Standard,Shirt,1,300,PATNA,BIHAR,800001.0
8,A7,04-30-22,Cancelled,Merchant,Amazon.in,Standard,Saree,0,0,PATNA,BIHAR,800001.0
9,A8,04-30-22,Shipped - Lost in Transit,Merchant,Amazon.in,Standard,Shirt,1,300,PATNA,BIHAR,
"""
AMAZON_ORDERS = """
order | label | last news | amount | units | lines | category | state     | pincode
A1    | 1     | rto_started | 40600 | 1    | 1     | Shirt    | BIHAR     | 800001
A2    | 0     | delivered | 40600  | 1     | 1     | Shirt    | KARNATAKA | 560001
A3    | none  | cancelled | nan    | nan   | 1     | Shirt    | BIHAR     | 800001 | zeroed: missing, not 0
A4    | none  | -         | 32900  | 1     | 1     | Shirt    | BIHAR     | 800001 | still under way
A6    | 0     | delivered | 120000 | 3     | 2     | Saree    | BIHAR     | 800001 | the dearest line's category
A7    | 0     | delivered | nan    | nan   | 2     | Shirt    | BIHAR     | 800001 | one line was zeroed
A8    | none  | lost      | 30000  | 1     | 1     | Shirt    | BIHAR     | None   | the state as told
"""


@pytest.mark.parametrize(
    ("order", "expected", "last", "amount", "units", "lines", "category", "state", "pincode"), edges(AMAZON_ORDERS)
)
def test_an_amazon_report(
    tmp_path: Path, order: str, expected: str, last: str, amount: str, units: str, lines: str, category: str,
    state: str, pincode: str,
) -> None:  # fmt: skip
    shop = Shop(tmp_path)
    text = AMAZON.replace("4,A5,04-30-22,Shipped - Delivered to Buyer", "4,A5,04-30-22,Shipped")
    imported = shop.read("amazon-in", shop.file("report.csv.gz", text))
    kept, news = row(imported, order), said(imported, order)
    assert (news[-1].type if news else "-") == last
    verdict = label(order_news([t for t in told_of(imported.news) if t.order_id == order]), FOREVER)
    assert ("none" if math.isnan(verdict) else str(int(verdict))) == expected
    assert [f"{kept[name]:g}" for name in ("amount_minor", "n_units", "n_lines")] == [amount, units, lines]
    assert (kept["category"], kept["state"], str(kept["pincode"])) == (category, state, pincode)
    assert all(kept[name] == -1 for name in TOKEN_COLUMNS)
    assert math.isnan(kept["local_minute"])


def test_what_amazon_ships_itself_and_calls_delivered_is_not_covered_and_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    error = refusal(shop, "amazon-in", shop.file("report.csv.gz", AMAZON))
    assert (error.code, error.where) == ("DQ007", "report.csv.gz row 6, status")


def test_both_ways_of_writing_a_day_are_local_days_known_at_their_end(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    imported = shop.read("amazon-in", shop.file("report.csv.gz", AMAZON), skip_bad_rows=True)
    for order, day in (("A1", "2022-04-30"), ("A2", "2022-04-12")):
        start = at(f"{day}T00:00:00+05:30")
        assert row(imported, order)["placed_at"] == start
        [placed] = [t for t in told_of(imported.news) if (t.order_id, t.type) == (order, "placed")]
        assert (placed.happened_at, placed.known_at) == (start, start + DAY - MICROSECOND)
        [told] = said(imported, order)
        assert (told.happened_at, told.known_at) == (start + 14 * DAY, start + 15 * DAY - MICROSECOND)
    assert imported.exported_at == at("2022-05-15T00:00:00+05:30") - MICROSECOND  # the last order's delay is over


# --- a marketplace shop in Indonesia: BOM, semicolons, minutes, no PIN codes, rows without a time

INDONESIA = """\
order_id;total_qty;Total Diskon;product_categories;Status Pesanan;Alasan Pembatalan;Opsi Pengiriman;Metode Pembayaran;Kota/Kabupaten;Provinsi;Total Pembayaran;Perkiraan Ongkos Kirim;Waktu Pesanan Dibuat
B1;2;0;Celengan;Selesai;;Reguler (Cashless)-SPX Standard;Saldo ShopeePay;KOTA SERANG;BANTEN;38300;10000;2024-04-01 00:15
B2;1;0;Celengan;Batal;Dibatalkan secara otomatis. Alasan: Pengiriman gagal;Hemat Kargo;COD (Bayar di Tempat);Kota Semarang;JAWA TENGAH;0;14500;2024-04-01 01:47
B3;1;0;Celengan;Batal;Dibatalkan oleh Pembeli;Hemat Kargo;SeaBank Bayar Instan;KAB. BOGOR;JAWA BARAT;0;8000;2024-04-01 04:25
B4;1;0;Celengan;Batal;Paket hilang;Kargo;COD (Bayar di Tempat);KAB. BOGOR;JAWA BARAT;0;8000;2024-04-01 04:25
B5;1;0;Celengan;Selesai;;Kargo;COD (Bayar di Tempat);KAB. BOGOR;JAWA BARAT;0;8000;
B6;1;0;Celengan;Sedang Dikirim;;Kargo;COD (Bayar di Tempat);KAB. BOGOR;JAWA BARAT;0;8000;2024-04-02 04:25
"""


def test_an_indonesian_export(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("april.csv.gz", INDONESIA.encode("utf-8-sig"))
    error = refusal(shop, "indonesia-marketplace", file)
    assert (error.code, error.where, error.got) == ("DQ004", "april.csv.gz row 6, placed_at", "nothing")
    imported = shop.read("indonesia-marketplace", file, skip_bad_rows=True)
    assert [(f.code, f.row, f.got) for f in imported.faults] == [
        ("DQ004", 6, "nothing"), ("DQ007", 7, "' / Sedang Dikirim'")
    ]  # fmt: skip
    news = {t.order_id: t.type for t in told_of(imported.news) if t.type != "placed"}
    assert news == {"B1": "delivered", "B2": "rto_started", "B3": "cancelled", "B4": "lost"}
    first, second = row(imported, "B1"), row(imported, "B2")
    assert first["placed_at"] == at("2024-04-01T00:15:00+07:00")
    assert first["local_minute"] == 15
    assert (first["payment_method"], second["payment_method"]) == ("prepaid", "cod")
    assert (first["courier"], second["courier"]) == ("Reguler (Cashless)", "Hemat Kargo")
    assert (first["district"], second["district"]) == ("KOTA SERANG", "KOTA SEMARANG")
    assert math.isnan(first["amount_minor"])  # overwritten on every cancelled row, so never known
    assert first["shipping_fee_minor"] == 10_000_00
    assert (first["pincode"], first["country"], first["currency"]) == (None, "ID", "IDR")
    placed = [t.known_at for t in told_of(imported.news) if (t.order_id, t.type) == ("B1", "placed")]
    assert placed == [first["placed_at"]]


# --- Parquet, native


def native_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    orders = pd.DataFrame(
        {
            "order_id": ["o1", "o2"],
            "merchant_id": "m1",
            "placed_at": pd.to_datetime(["2025-03-01 10:00", "2025-03-02 10:00"]).tz_localize("UTC"),
            "amount_minor": [149_900, 50_000],
            "promised_at": [at("2025-03-06T00:00:00+00:00"), None],
            "pincode": [800001.0, None],
            "payment_method": ["cod", None],
            "phone": ["9876543210", None],
        }
    )
    news = pd.DataFrame(
        {
            "event_id": ["e1"],
            "order_id": ["o1"],
            "merchant_id": ["m1"],
            "type": ["rto_started"],
            "happened_at": pd.to_datetime(["2025-03-05 10:00"]),
            "known_at": [at("2025-03-07T10:00:00+00:00")],
            "reason": ["refused"],
        }
    )
    return orders, news


@pytest.mark.parametrize("names", [("orders.parquet", "news.parquet"), ("news.parquet", "orders.parquet")])
def test_native_parquet_with_typed_times_and_numbers(tmp_path: Path, names: tuple[str, str]) -> None:
    shop = Shop(tmp_path)
    for name, table in zip(("orders.parquet", "news.parquet"), native_tables(), strict=True):
        table.to_parquet(tmp_path / name)
    imported = shop.read("native", *(tmp_path / name for name in names))
    first, second = row(imported, "o1"), row(imported, "o2")
    assert first["placed_at"] == at("2025-03-01T10:00:00+00:00")
    assert (first["amount_minor"], first["pincode"], first["district"]) == (149_900, "800001", "PATNA")
    assert first["promised_at"] == at("2025-03-06T00:00:00+00:00")
    assert math.isnan(second["promised_at"])
    assert (second["pincode"], second["phone"], second["payment_method"]) == (None, -1, None)
    [told] = said(imported, "o1")
    assert (told.happened_at, told.known_at) == (at("2025-03-05T10:00:00+00:00"), at("2025-03-07T10:00:00+00:00"))
    assert (told.reason, told.source) == ("refused", "native")
    assert imported.exported_at == told.known_at


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders, news = native_tables()
    for table, name in ((orders, "orders"), (news, "news")):
        table.to_parquet(tmp_path / f"{name}.parquet")
        as_text = table.assign(
            **{c: pd.to_datetime(table[c], unit="us") for c in ("promised_at", "known_at") if c in table}
        )
        as_text.to_csv(tmp_path / f"{name}.csv", index=False)
    one = shop.read("native", tmp_path / "orders.parquet", tmp_path / "news.parquet")
    other = shop.read("native", tmp_path / "orders.csv", tmp_path / "news.csv")
    assert told_of(one.news) == told_of(other.news)
    for name in one.orders:
        np.testing.assert_array_equal(one.orders[name], other.orders[name], err_msg=name)


def test_a_history_of_two_columns_arrives_and_everything_else_is_missing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", "order_id,placed_at\no1,2025-03-01T10:00Z\n")
    kept = row(shop.read("native", file, merchant_id="m1"), "o1")
    present = {k for k, v in kept.items() if v is not None and v == v and v != -1}
    assert present == {"order_id", "merchant_id", "placed_at", "n_lines", "local_minute"}
    shop.keep("native", file, merchant_id="m1")
    assert len(shop.history()) == 1


def test_news_of_an_order_nobody_told_of_waits_for_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    told = "e{0},o{0},m1,delivered,2025-03-05T10:00Z,2025-03-05T10:00Z,,,\n"
    shop.keep("native", orders, shop.file("news.csv", f"{NEWS_HEAD}\n{told.format(1)}{told.format(2)}"))
    assert shop.history().event_ids.tolist() == ["o1:placed", "e1"]
    shop.keep("native", shop.file("more.csv", f"{NATIVE_HEAD}\no2,m1,2025-03-02T10:00Z,9\n"))
    assert shop.history().event_ids.tolist() == ["o1:placed", "e1", "o2:placed", "e2"]


# --- statuses, lines, declared delays, the export

DAYS = """
name = "mine"
timezone = "Asia/Kolkata"
[orders]
order_id = { column = "no" }
placed_at = { column = "when", formats = ["%Y-%m-%d"], date_only = true }
[[rules]]
when = { status = "back" }
news = [{ type = "dispatched", after_days = 1 }, { type = "rto_started", after_days = 10, reason = "refused" }]
[[rules]]
when = { status = "done" }
news = [{ type = "delivered", after_days = 5 }]
[[rules]]
when = { status = "void" }
news = [{ type = "cancelled", after_days = 2 }]
[[rules]]
when = { status = "sent" }
news = [{ type = "dispatched", after_days = 1 }]
[[rules]]
when = { status = "" }
"""
LINES = """
statuses        | news                          | day
done            | delivered                     | 5
back            | dispatched rto_started        | 10
void            | cancelled                     | 2
-               |                               |
sent            | dispatched                    | 1
back back       | dispatched rto_started        | 10
back void       | dispatched rto_started        | 10  | a cancelled line says nothing beside a shipped one
void void       | cancelled                     | 2
void done       | delivered                     | 5
done back       | partially_delivered           | 10  | known with the last line's fate
back done       | partially_delivered           | 10
void back done  | partially_delivered           | 10
done -          |                               |     | one line is still open
back sent       | dispatched                    | 1   | one line is still under way
"""


@pytest.mark.parametrize(("statuses", "types", "day"), edges(LINES))
def test_what_the_lines_of_an_order_say_together(tmp_path: Path, statuses: str, types: str, day: str) -> None:
    shop = Shop(tmp_path)
    rows = "".join(f"o1,2025-03-01,{'' if s == '-' else s}\n" for s in statuses.split())
    imported = shop.read(mapping_of(DAYS), shop.file("orders.csv", "no,when,status\n" + rows))
    told = said(imported, "o1")
    assert [t.type for t in told] == types.split()
    if day:
        end = at("2025-03-02T00:00:00+05:30") - MICROSECOND + int(day) * DAY
        assert told[-1].known_at == end
        assert told[-1].reason == ("refused" if told[-1].type == "rto_started" else None)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["returned", "delivered"], "delivered"),
        (["lost", "lost"], "lost"),
        (["lost", "delivered"], "mixed"),
        (["lost", "rto_started"], "mixed"),
        (["rto_started", "rto_received"], "rto_started"),
        (["partially_delivered", "cancelled"], "partially_delivered"),
        (["cancelled", ""], None),
    ],
)
def test_what_lines_say_together_whatever_their_order(kinds: list[str], expected: str | None) -> None:
    assert decided_by(kinds) == expected
    if expected != "rto_started":
        assert decided_by(kinds[::-1]) == expected


EXPORTED = """
exported            | placed known | told known
2025-03-20          | 03-01 end    | 03-11 end  | long after
2025-03-05          | 03-01 end    | 03-05 end  | the export told it: known by then, and no later
2025-03-05T12:00    | 03-01 end    | 03-05 noon
2025-03-01T12:00    | 03-01 noon   | 03-01 noon
"""


@pytest.mark.parametrize(("exported", "placed", "told"), edges(EXPORTED))
def test_no_news_is_known_after_the_export(tmp_path: Path, exported: str, placed: str, told: str) -> None:
    def moment(text: str) -> int:
        day, hour = text.split()
        return at(f"2025-{day}T12:00:00+05:30") + (12 * 3600 * SECOND - MICROSECOND if hour == "end" else 0)

    shop = Shop(tmp_path)
    file = shop.file("orders.csv", "no,when,status\no1,2025-03-01,back\n")
    imported = shop.read(mapping_of(DAYS, exported_at=exported), file)
    known = {t.type: t.known_at for t in told_of(imported.news)}
    assert (known["placed"], known["rto_started"]) == (moment(placed), moment(told))
    assert all(t.happened_at <= t.known_at <= imported.exported_at for t in told_of(imported.news))
    day, _, hour = exported.partition("T")
    assert imported.exported_at == moment(f"{day[5:]} {'noon' if hour else 'end'}")
    again = shop.read(mapping_of(DAYS), file, exported_at=imported.exported_at)
    assert again.news == imported.news


EVENTS = mapping_of("""
timezone = "Asia/Kolkata"
[orders]
order_id = { column = "no" }
placed_at = { column = "when" }
quantity = { column = "pieces", overwritten_when = { status = "void" } }
promised_at = { column = "promised", overwritten_when = { status = "void" } }
[[rules]]
when = { status = "back", code = "" }
news = [{ type = "rto_started", column = "ended" }]
[[rules]]
when = { status = "done" }
news = [{ type = "delivered", column = "ended", formats = ["%d.%m.%Y"], date_only = true }]
[[rules]]
when = { status = ["void", "open"] }
""")
EVENT_HEAD = "no,when,pieces,promised,status,code,ended\n"


def test_times_of_statuses_come_from_their_columns_each_in_its_format(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    rows = "o1,2025-03-01 10:00,1,,back,,2025-03-05 12:00\no2,2025-03-01 10:00,1,,done,,01.03.2025\n"
    imported = shop.read(EVENTS, shop.file("orders.csv", EVENT_HEAD + rows))
    [back], [done] = said(imported, "o1"), said(imported, "o2")
    assert back.known_at == at("2025-03-05T12:00:00+05:30")
    assert (done.happened_at, done.known_at) == (
        at("2025-03-01T00:00:00+05:30"),
        at("2025-03-02T00:00:00+05:30") - MICROSECOND,
    )


def test_a_status_without_its_time_tells_nothing_and_is_counted(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    imported = shop.read(EVENTS, shop.file("orders.csv", EVENT_HEAD + "o1,2025-03-01 10:00,1,,back,,\n"))
    assert said(imported, "o1") == []
    assert imported.notes["statuses_without_a_time"] == 1


def test_what_an_export_overwrites_is_missing_even_where_it_is_unreadable(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    rows = "o1,2025-03-01 10:00,n/a,never,void,,\no2,2025-03-01 10:00,2,2025-03-09,open,,\n"
    imported = shop.read(EVENTS, shop.file("orders.csv", EVENT_HEAD + rows))
    first, second = row(imported, "o1"), row(imported, "o2")
    assert math.isnan(first["n_units"])
    assert math.isnan(first["promised_at"])
    assert (second["n_units"], second["promised_at"]) == (2, at("2025-03-09T00:00:00+05:30"))


def test_conditions_on_a_numeric_column_with_gaps(tmp_path: Path) -> None:
    """Each gap of a Parquet column of floats is a NaN of its own, equal to nothing."""
    shop = Shop(tmp_path)
    table = pd.DataFrame({
        "no": [f"o{i}" for i in range(4)], "when": "2025-03-01 10:00", "pieces": 1.0, "promised": None, "status": "back",
        "code": [np.nan, np.nan, np.nan, np.nan], "ended": "2025-03-05 12:00",
    })  # fmt: skip
    table.to_parquet(tmp_path / "orders.parquet")
    imported = shop.read(EVENTS, tmp_path / "orders.parquet")
    assert [t.type for t in told_of(imported.news)].count("rto_started") == 4


def test_a_later_file_tells_the_newest_status_and_the_first_tells_the_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    march = shop.file("march.csv", EVENT_HEAD + "o1,2025-03-01 10:00,2,,open,,\n")
    april = shop.file("april.csv", EVENT_HEAD + "o1,2025-03-01 10:00,0,,void,,\no2,2025-04-01 10:00,2,,open,,\n")
    done = shop.file("may.csv", EVENT_HEAD + "o1,2025-03-01 10:00,0,,back,,2025-05-05 12:00\n")
    imported = shop.read(EVENTS, march, april, done)
    assert imported.orders["order_id"].tolist() == ["o1", "o2"]
    assert row(imported, "o1")["n_units"] == 2
    assert [t.type for t in said(imported, "o1")] == ["rto_started"]
    assert imported.notes["rows_told_again_by_a_later_file"] == 2


def test_values_of_currency_and_country_are_codes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    head = "order_id,merchant_id,placed_at,currency,country,amount_minor,pincode\n"
    file = shop.file("orders.csv", head + "o1,m1,2025-03-01T10:00Z,inr,in,9,800001\n")
    kept = row(shop.read("native", file), "o1")
    assert (kept["currency"], kept["country"], kept["district"]) == ("INR", "IN", "PATNA")
    error = refusal(shop, "native", shop.file("bad.csv", head + "o1,m1,2025-03-01T10:00Z,INR,India,9,800001\n"))
    assert (error.code, error.where) == ("DQ006", "bad.csv row 2, country")


def test_money_has_the_decimals_of_its_currency(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    text = """
    [orders]
    order_id = { column = "no" }
    placed_at = { column = "when" }
    currency = { column = "currency" }
    amount_minor = { column = "total", unit = "major" }
    [[rules]]
    """
    rows = "".join(f"{c},2025-03-01T10:00Z,{c},12.5\n" for c in ("INR", "KWD")) + "JPY,2025-03-01T10:00Z,jpy,12\n"
    imported = shop.read(mapping_of(text), shop.file("orders.csv", "no,when,currency,total\n" + rows))
    assert imported.orders["amount_minor"].tolist() == [1250, 12500, 12]


def test_fees_and_discounts_may_be_sums_of_lines_too(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    text = """
    [orders]
    order_id = { column = "no" }
    placed_at = { column = "when" }
    amount_minor = { column = "total" }
    discount_minor = { column = "off", sum_lines = true }
    [[rules]]
    """
    rows = "o1,2025-03-01T10:00Z,900,5\no1,2025-03-01T10:00Z,900,7\n"
    kept = row(shop.read(mapping_of(text), shop.file("orders.csv", "no,when,total,off\n" + rows)), "o1")
    assert (kept["amount_minor"], kept["discount_minor"]) == (900, 12)


DOCUMENT = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")


def test_the_worked_example_of_the_document_imports_as_it_says(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    export = "\n".join(line.strip() for line in DOCUMENT.split("\n") if line.startswith("    "))
    imported = shop.read(mapping_of(DOCUMENT.split("```toml\n")[1].split("```")[0]), shop.file("orders.csv", export))
    assert row(imported, "1001")["amount_minor"] == 149_900
    assert row(imported, "1001")["phone"] == row(imported, "1003")["phone"] > 0
    assert (row(imported, "1002")["payment_method"], row(imported, "1002")["pincode"]) == ("prepaid", "560001")
    assert math.isnan(row(imported, "1003")["amount_minor"])
    told = {t.order_id: t for t in told_of(imported.news) if t.type != "placed"}
    assert {k: (t.type, t.reason) for k, t in told.items()} == {
        "1001": ("delivered", None), "1002": ("rto_started", "refused"), "1003": ("cancelled", None),
        "1004": ("dispatched", None),
    }  # fmt: skip
    assert told["1002"].known_at == at("2025-03-13T00:00:00+05:30") - MICROSECOND
    assert told["1003"].known_at == at("2025-03-05T09:05:00+05:30")
