"""Every refusal of an import: its number, file, row, column, what was got and expected; nothing personal."""

import ast
from pathlib import Path

import pytest

from data.errors import DataError, Fault, UsageError
from data.news import told_of
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop, mapping_of, refusal, row
from tests.helpers.tables import edges

MINE = mapping_of("""
timezone = "Asia/Kolkata"
country = "IN"
currency = "INR"
[orders]
order_id = { column = "no" }
placed_at = { column = "when", formats = ["%d/%m/%Y %H:%M"] }
amount_minor = { column = "total", unit = "major" }
discount_minor = { column = "off" }
quantity = { column = "pieces" }
payment_method = { column = "pay", values = { "Cash on Delivery" = "cod", Card = "prepaid" } }
pincode = { column = "pin" }
phone = { column = "phone" }
[[rules]]
when = { status = "back" }
news = [{ type = "rto_started", column = "ended", formats = ["%d/%m/%Y"], date_only = true }]
[[rules]]
when = { status = ["done", "open"] }
""")
BASE = {
    "no": "a2", "when": "01/03/2025 10:00", "total": "9", "off": "", "pieces": "1", "pay": "Card", "pin": "800001",
    "phone": "", "status": "done", "ended": "",
}  # fmt: skip
HEAD = ",".join(BASE)
GOOD = "a1,01/03/2025 10:00,1499.00,,1,Card,800001,9876543210,done,"


def line(base: dict[str, str], changes: str) -> str:
    """A row of CSV: `base` with `name=value` changed, changes parted by `; `."""
    changed = dict(change.split("=", 1) for change in changes.split("; "))
    assert set(changed) <= set(base)
    return ",".join(f'"{v.replace(chr(34), chr(34) * 2)}"' for v in {**base, **changed}.values())


REFUSED = """
change                        | code  | column         | got                | expected
total=12x                     | DQ003 | amount_minor   | '12x'              | an amount of money
total=149,50                  | DQ003 | amount_minor   | '149,50'           | an amount of money
off=1.5                       | DQ003 | discount_minor | '1.5'              | whole minor units
when=2025-03-01               | DQ004 | placed_at      | '2025-03-01'       | a time as %d/%m/%Y %H:%M
when=31/02/2025 10:00         | DQ004 | placed_at      | '31/02/2025 10:00' | a time as
when=                         | DQ004 | placed_at      | nothing            | a time as
status=back; ended=soon       | DQ004 | ended          | 'soon'             | a time as %d/%m/%Y
no=                           | DQ005 | order_id       | nothing            | a value
no=  ; pay=Card               | DQ005 | order_id       | nothing            | a value
pay=Barter                    | DQ006 | payment_method | 'Barter'           | one of Cash on Delivery, Card
status=vanished               | DQ007 | status         | 'vanished'         | values of status that some
status=                       | DQ007 | status         | nothing            | values of status that some
when=01/03/1999 10:00         | DQ009 | placed_at      | '01/03/1999 10:00' | a time after 1999
pin=8001                      | DQ010 | pincode        | '8001'             | six digits
pin=000001                    | DQ010 | pincode        | '000001'           | six digits
total=-9                      | DQ011 | amount_minor   | '-9'               | 0 or more
pieces=1.5                    | DQ012 | quantity       | '1.5'              | a whole number
pieces=-1                     | DQ012 | quantity       | '-1'               | a whole number
pieces=inf                    | DQ012 | quantity       | 'inf'              | a finite number
pieces=1_0                    | DQ012 | quantity       | '1_0'              | a number
status=back; ended=27/02/2025 | DQ013 | ended          | '27/02/2025'       | not before the order
"""


@pytest.mark.parametrize(("change", "code", "column", "got", "expected"), edges(REFUSED))
def test_a_bad_cell_is_refused_with_its_place(
    tmp_path: Path, change: str, code: str, column: str, got: str, expected: str
) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{HEAD}\n{GOOD}\n{line(BASE, change)}\n")
    error = refusal(shop, MINE, file)
    assert (error.code, error.where) == (code, f"orders.csv row 3, {column}")
    assert error.got == got
    assert expected in error.expected
    assert "--skip-bad-rows" in error.to_do
    imported = shop.read(MINE, file, skip_bad_rows=True)
    assert imported.orders["order_id"].tolist() == ["a1"]
    assert [f for f in imported.faults if f.column == column] == [
        Fault(code, "orders.csv", 3, column, got, error.expected, error.to_do)
    ]
    assert imported.n_rows == 2


TOLD = {
    "event_id": "e1", "order_id": "o1", "merchant_id": "m1", "type": "delivered", "happened_at": "2025-03-05T10:00Z",
    "known_at": "2025-03-05T10:00Z", "reason": "", "source": "", "details": "",
}  # fmt: skip
MOVED = '{"address": {"pincode": 5}}'

NEWS_REFUSED = """
change                                       | code  | column      | got                  | expected
event_id=                                    | DQ005 | event_id    | nothing              | a value
type=teleported                              | DQ006 | type        | 'teleported'         | one of placed, confirmed
reason=moody                                 | DQ006 | reason      | 'moody'              | one of none, refused
happened_at=yesterday                        | DQ004 | happened_at | 'yesterday'          | a time as 2025
known_at=                                    | DQ004 | known_at    | nothing              | a time as 2025
known_at=2025-03-05T09:59Z                   | DQ013 | known_at    | '2025-03-05T09:59Z'  | not before happened_at
happened_at=2025-02-05; known_at=2025-02-28  | DQ013 | known_at    | '2025-02-28'         | nor before the order's
event_id=e0; type=lost                       | DQ014 | event_id    | 'e0'                 | one content
event_id=e0; reason=refused                  | DQ014 | event_id    | 'e0'                 | one content
type=correction                              | DQ015 | details     | nothing              | with 'voids'
type=correction; details={}                  | DQ015 | details     | 2 characters, no letters or digits | with 'voids'
type=action_taken; details={"action": "hug"} | DQ015 | details     | 17 characters, 9 letters  | of action_taken
type=address_corrected; details=Gandhi Road  | DQ015 | details     | 11 characters, 10 letters | of address_corrected
type=address_corrected; details={"address": "Gandhi"} | DQ015 | details | 21 characters, 13 letters | of address
type=address_corrected; details=MOVED        | DQ015 | details     | 27 characters, 14 letters | of address_corrected
details=[1]                                  | DQ015 | details     | 3 characters         | details of delivered
"""


@pytest.mark.parametrize(("change", "code", "column", "got", "expected"), edges(NEWS_REFUSED))
def test_a_bad_piece_of_news_is_refused_with_its_place(
    tmp_path: Path, change: str, code: str, column: str, got: str, expected: str
) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    good = line(TOLD, "event_id=e0")
    news = shop.file("news.csv", f"{NEWS_HEAD}\n{good}\n{line(TOLD, change.replace('MOVED', MOVED))}\n")
    error = refusal(shop, "native", orders, news)
    assert (error.code, error.where, error.got) == (code, f"news.csv row 3, {column}", got)
    assert expected in error.expected
    imported = shop.read("native", orders, news, skip_bad_rows=True)
    assert [t.event_id for t in told_of(imported.news)] == ["e0", "o1:placed"]
    assert len(imported.faults) == 1


def test_news_told_twice_in_one_file_with_one_content_is_no_fault(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    told = [f"e0,o1,m1,delivered,2025-03-04T10:00Z,2025-03-0{k}T10:00Z,,," for k in (6, 5)]
    shop.keep("native", orders, shop.file("news.csv", "\n".join([NEWS_HEAD, *told])))
    assert shop.history().news["known_at"].tolist()[1] == 1_741_168_800_000_000  # 2025-03-05 10:00


def test_news_known_after_the_export_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    news = shop.file("news.csv", f"{NEWS_HEAD}\ne0,o1,m1,delivered,2025-03-04T10:00Z,2025-03-04T10:00Z,,,\n")
    error = refusal(shop, "native", orders, news, exported_at=1_741_000_000_000_000)  # 2025-03-03
    assert (error.code, error.expected) == ("DQ013", "known_at not after the moment the files were exported")


def test_a_personal_value_is_shown_masked(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    head = "order_id,merchant_id,placed_at,customer_id"
    file = shop.file("orders.csv", f"{head}\no1,m1,2025-03-01T10:00Z,Asha-77\no1,m1,2025-03-01T10:00Z,Bimal-9\n")
    error = refusal(shop, "native", file)
    assert (error.code, error.where) == ("DQ008", "orders.csv row 3, customer_id")
    assert error.got == "7 characters, 5 letters"
    assert "Bimal" not in str(error)


def test_two_orders_under_one_number_are_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\no1,m1,2025-03-04T10:00Z,9\n")
    error = refusal(shop, "native", file)
    assert (error.code, error.where) == ("DQ008", "orders.csv row 3, placed_at")
    lines = shop.file("lines.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\no1,m1,2025-03-01T10:01Z,9\n")
    assert row(shop.read("native", lines), "o1")["n_lines"] == 2  # written down a minute apart: one order's lines


def test_a_refused_line_takes_the_other_lines_of_its_order_with_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    other = "a2,01/03/2025 10:00,{},,1,Card,800001,,done,"
    file = shop.file("orders.csv", "\n".join([HEAD, GOOD, other.format("9"), other.format("x"), other.format("9")]))
    imported = shop.read(MINE, file, skip_bad_rows=True)
    assert imported.orders["order_id"].tolist() == ["a1"]
    assert imported.notes["lines_of_a_refused_order"] == 2
    assert {t.order_id for t in told_of(imported.news)} == {"a1"}
    assert [(f.code, f.row) for f in imported.faults] == [("DQ003", 4)]


def test_a_refusal_names_the_next_ones(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", "\n".join([HEAD, GOOD, *["a2,01/03/2025 10:00,x,,1,Card,1,,done,"] * 3]))
    error = refusal(shop, MINE, file)
    assert "5 more cells are refused" in error.to_do
    assert "DQ003 orders.csv row 4, amount_minor" in error.to_do


def test_skipping_every_row_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{HEAD}\n{GOOD.replace('1499.00', 'x')}\n")
    error = refusal(shop, MINE, file, skip_bad_rows=True)
    assert (error.code, error.got) == ("DQ001", "no order that could be read")


FILES = """
name          | content             | got
none.csv      |                     | no such file
empty.csv     | ""                  | an empty file
head.csv      | "a,b"               | no rows
latin.csv     | "no\\n\\xe9t\\xe9" | bytes that are not utf-8-sig
broken.csv.gz | "\\x1f\\x8bxx"      |
bad.parquet   | "PAR1"              |
"""


@pytest.mark.parametrize(("name", "content", "got"), edges(FILES))
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: str, got: str) -> None:
    shop = Shop(tmp_path)
    path = tmp_path / name
    if content:
        path.write_bytes(ast.literal_eval(content).encode("latin-1"))
    error = refusal(shop, MINE, path)
    assert error.code == "DQ001"
    assert str(path) in error.where
    assert got in error.got
    assert error.expected or error.to_do


def test_a_gzip_file_cut_short_or_garbled_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    whole = shop.file("orders.csv.gz", "\n".join([HEAD, *[GOOD] * 2_000])).read_bytes()
    garbled = whole[:60] + b"\xff" * 40 + whole[100:]
    impossible = whole[:10] + b"\x07" + whole[11:]  # a kind of block that deflate does not have
    for name, raw in (("cut.csv.gz", whole[:-40]), ("garbled.csv.gz", garbled), ("impossible.csv.gz", impossible)):
        path = tmp_path / name
        path.write_bytes(raw)
        assert refusal(shop, MINE, path).code == "DQ001"


def test_a_column_that_is_not_there_is_refused_without_showing_the_row(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", "No.,Asha Devi 9876543210\n1,2\n")  # no head row: a buyer's data stands there
    error = refusal(shop, MINE, file)
    assert (error.code, error.where) == ("DQ002", "orders.csv, column 'no' for order_id")
    assert "Asha" not in str(error)
    assert "2 columns" in error.got
    assert "delimiter" in error.to_do


@pytest.mark.parametrize("gone", ["status", "ended"])
def test_a_column_that_only_a_rule_reads_must_be_there_too(tmp_path: Path, gone: str) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{HEAD}\n{GOOD}\n".replace(gone, "other"))
    error = refusal(shop, MINE, file)
    assert (error.code, error.where) == ("DQ002", f"orders.csv, column {gone!r} for a rule")


def test_files_without_orders_are_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    news = shop.file("news.csv", f"{NEWS_HEAD}\ne0,o1,m1,delivered,2025-03-04T10:00Z,2025-03-04T10:00Z,,,\n")
    with pytest.raises(UsageError, match=r"CLI005.*no file with orders"):
        shop.read("native", news)


def test_a_merchant_must_be_named_somewhere(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    nobody = shop.file("orders.csv", "order_id,placed_at\no1,2025-03-01T10:00Z\n")
    with pytest.raises(UsageError, match="CLI006"):
        shop.read("native", nobody)
    assert shop.read("native", nobody, merchant_id="m7").merchants[0].merchant_id == "m7"
    some = shop.file("some.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\no2,,2025-03-01T10:00Z,9\n")
    error = refusal(shop, "native", some)
    assert (error.code, error.where) == ("DQ005", "some.csv row 3, merchant_id")
    assert shop.read("native", some, merchant_id="m7").orders["merchant_id"].tolist() == ["m1", "m7"]


def test_news_without_a_merchant_belongs_to_the_named_one_or_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\n")
    news = shop.file("news.csv", f"{NEWS_HEAD}\ne0,o1,,delivered,2025-03-04T10:00Z,2025-03-04T10:00Z,,,\n")
    assert refusal(shop, "native", orders, news).where == "news.csv row 2, merchant_id"
    assert told_of(shop.read("native", orders, news, merchant_id="m1").news)[0].merchant_id == "m1"


def test_a_pin_code_is_checked_by_the_country_of_its_own_row(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    head = "order_id,merchant_id,placed_at,country,pincode"
    abroad = shop.file("abroad.csv", f"{head}\no1,m1,2025-03-01T10:00Z,GB,SW1A 1AA\n")
    assert shop.read("native", abroad).orders["pincode"].tolist() == ["SW1A 1AA"]
    indian = shop.file("indian.csv", f"{head}\no2,m1,2025-03-01T10:00Z,IN,8OOO01\n")
    with pytest.raises(DataError, match="DQ010"):
        shop.read("native", indian)
