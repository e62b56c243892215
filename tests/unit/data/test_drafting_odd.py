"""Drafts of files as strangers send them: workbooks with titles, codes, other tongues, numbers written in two ways."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook

from data.drafting.draft import draft
from data.drafting.look import Look
from data.drafting.pairs import side_by_side
from data.drafting.several import several
from data.drafting.statuses import news_of, reason_of
from data.drafting.write import toml_of
from data.errors import UsageError
from data.files.mapping import Mapping
from data.files.reading import read_sheet
from data.files.shaping import File
from data.news import told_of
from tests.helpers.exports import fates, made_orders
from tests.helpers.imports import Shop
from tests.helpers.odd_exports import ODD as HARDER
from tests.helpers.odd_exports import UNKNOWN_CODE_AT
from tests.helpers.tables import edges
from tests.helpers.trial_exports import TRIAL, nested_app, shop_and_workbook

ODD = HARDER | TRIAL


def proposal(*paths: Path, **told: str) -> str:
    return toml_of(draft(list(paths), lambda *step: None, told))


def understood(written: dict[str, Any]) -> dict[str, str]:
    """Column of the contract, `status`, `reason` or kind of news -> header, as a draft has it."""
    found = {role: source["column"] for role, source in written["orders"].items()}
    for rule in written["rules"]:
        found.setdefault("status", next(iter(rule["when"])))
        found |= {"reason": list(rule["when"])[1]} if len(rule["when"]) > 1 else {}
        for news in rule.get("news", []):
            found.setdefault(news["type"], news.get("column", ""))
    return found


@pytest.mark.parametrize("name", ODD)
def test_every_column_of_an_odd_export_is_found(tmp_path: Path, name: str) -> None:
    odd = ODD[name](tmp_path)
    found = understood(tomllib.loads(proposal(*odd.paths)))
    assert {what: found.get(what) for what in odd.columns} == odd.columns


@pytest.mark.parametrize("name", ODD)
def test_an_odd_export_imports_as_drafted_with_every_fate_as_it_was(tmp_path: Path, name: str) -> None:
    odd = ODD[name](tmp_path)
    written = tomllib.loads(proposal(*odd.paths))
    if name == "courier_sheet":  # a code that nobody knows: the person says that it is open
        written["rules"].append({"when": {"Stat": ["XZ9"]}})
    imported = Shop(tmp_path).read(Mapping(**written), *odd.paths)
    ends = dict.fromkeys(imported.orders["order_id"], "open")
    for told in told_of(imported.news):
        if told.type in ("delivered", "rto_started", "cancelled"):
            ends[told.order_id] = "rto" if told.type == "rto_started" else told.type
    expected = Counter(fates())
    if name == "courier_sheet":
        expected += Counter(open=1)
        expected[next(m.fate for m in made_orders() if m.n == UNKNOWN_CODE_AT)] -= 1
    assert Counter(ends.values()) == expected


@pytest.mark.parametrize("name", ODD)
def test_an_odd_draft_shows_nobody(tmp_path: Path, name: str) -> None:
    text = proposal(*ODD[name](tmp_path).paths)
    for personal in ("Santoso", "0812", "Mawar", "Gómez", "+57300", "Calle", "Anil", "Plot", "9800", "9801"):
        assert personal not in text


def test_an_unknown_status_gets_no_rule_so_that_its_rows_are_refused(tmp_path: Path) -> None:
    odd = ODD["courier_sheet"](tmp_path)
    text = proposal(*odd.paths)
    assert '#   "XZ9", # 1 rows' in text
    assert not any("XZ9" in rule["when"].get("Stat", []) for rule in tomllib.loads(text)["rules"])


def test_the_fullest_sheet_of_a_workbook_is_drafted_and_said(tmp_path: Path) -> None:
    text = proposal(*ODD["seller_workbook"](tmp_path).paths)
    assert tomllib.loads(text)["file"] == {"header_row": 4, "sheet": "Pesanan"}
    assert "sheet 'Pesanan' has the most rows of a table, 160; left out: 'Ringkasan' 3" in text


def test_rows_without_a_number_below_a_table_are_dropped_and_asked_about(tmp_path: Path) -> None:
    text = proposal(*ODD["courier_sheet"](tmp_path).paths)
    assert tomllib.loads(text)["drop"] == [{"when": {"Docket No": [""]}, "why": "rows without an order number"}]
    assert "blank: 1 rows" not in text


def test_numbers_written_in_two_ways_tie_two_files_and_the_last_scan_counts(tmp_path: Path) -> None:
    join = tomllib.loads(proposal(*ODD["app_and_scans"](tmp_path).paths))["join"]
    assert join == {
        "on": {"pedido": "Ref. Cliente"}, "numbers": {"Ref. Cliente": {"pattern": r"^\D*0*(.+)"}},
        "take": "last", "by": "Fecha Estado", "formats": ["%Y/%m/%d %H:%M"],
    }  # fmt: skip


def day_book(tmp_path: Path) -> list[Path]:
    """Orders with a column that counts the rows, parcels with one of small numbers: weights."""
    shop = Shop(tmp_path)
    ours = "".join(
        f"{i},SKB/25-26/{4120 + 3 * i},2025-03-{1 + i % 28:02d},{90 + i},BZ-KUR-0{i % 4},kurti\n" for i in range(1, 61)
    )
    theirs = "".join(
        f"SKB{4120 + 3 * i},{('DLVD', 'RTO', 'INTRN')[i % 3]},{'' if i % 3 == 2 else f'2025/04/{1 + i % 28:02d}'},{5 + i % 50}\n"
        for i in range(1, 61)
    )
    return [shop.file("book.csv", "#,Bill No,Booked,Bill Amt,Item,Group\n" + ours),
            shop.file("cons.csv", "Consignor Ref,Stat,Stat Dt,Wt(g)\n" + theirs)]  # fmt: skip


def test_a_count_of_rows_and_weights_number_nothing_and_only_equal_digits_are_asked_about(tmp_path: Path) -> None:
    text = proposal(*day_book(tmp_path))
    made = tomllib.loads(text)
    assert made["join"]["on"] == {"Bill No": "Consignor Ref"}
    assert "only the digits are alike: do both columns hold the order's number?" in text
    assert (made["orders"]["order_id"], made["orders"]["placed_at"]["column"]) == ({"column": "Bill No"}, "Booked")
    left = {"when": {"Stat": ["INTRN"]}, "news": [{"type": "dispatched", "after_days": 1}]}
    assert left in made["rules"], "nothing can be done any more about a parcel under way"
    assert (made["orders"]["sku"], made["orders"]["category"]) == ({"column": "Item"}, {"column": "Group"})
    assert "#   Consignor Ref: another on each row; 'SKB4123'" in text, "the number of a parcel is nobody's: not masked"


def test_a_named_order_number_is_the_number_that_files_are_joined_by(tmp_path: Path) -> None:
    book, courier = day_book(tmp_path)
    found = draft([book, courier], lambda *step: None, {"order_id": "#"})
    assert found.orders["order_id"].look.name == "#"
    assert found.pair is None, "no number of the courier's is a count of rows"
    assert len(found.left_out) == 1
    told = draft([book, courier], lambda *step: None, {"order_id": "Bill No"}).pair
    assert told is not None
    assert told.left.name == "Bill No"


SPELLINGS = """
orders | courier   | spelling
A-1%   | a-1%      |
#A1%   | A1%       | bare
001%   | 1%        | no zeros
WC-1%  | 1%        | digits
1%     | 1%-A      | before
S/2-3/1% | S1%     | end
"""


@pytest.mark.parametrize(("orders", "courier", "spelling"), edges(SPELLINGS))
def test_the_gentlest_spelling_that_ties_numbers_is_taken(
    tmp_path: Path, orders: str, courier: str, spelling: str
) -> None:
    shop = Shop(tmp_path)
    ours = "".join(f"{orders.replace('%', f'{i:03d}')},2025-03-{1 + i:02d},9{i:03d}\n" for i in range(20))
    theirs = "".join(f"{courier.replace('%', f'{i:03d}')},Delivered,x\n" for i in range(20))
    paths = [shop.file("a.csv", "Order,Date,Total\n" + ours), shop.file("b.csv", "Ref,Status,Note\n" + theirs)]
    found = side_by_side([read_sheet(path, File()) for path in paths])
    assert found.pair is not None
    assert (found.pair.spelling, found.pair.left.name, found.pair.right.name, found.pair.shared) == (
        spelling,
        "Order",
        "Ref",
        1,
    )
    assert found.main.table["Status"].null_count == 0


def test_a_file_that_belongs_to_no_other_is_named_loudly_with_its_columns(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("a.csv", "Order,Date,Total\n" + "".join(f"A{i},2025-03-{1 + i:02d},9{i}\n" for i in range(20)))
    other = shop.file("b.csv", "Ref,Status\n" + "".join(f"Z{900 + i},Delivered\n" for i in range(20)))
    text = proposal(orders, other)
    assert "# ? b.csv IS LEFT OUT: it belongs to no other file (" in text
    assert "#   Status: known later, statuses; 'Delivered'" in text
    assert "[join]" not in text.replace("[join] on", "")


def test_without_telling_headers_values_decide_and_are_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"K{i:04d},{i % 7},20250{1 + i % 6}11 0925,{('ok', 'rto')[i % 2]}\n" for i in range(60))
    text = proposal(Shop(tmp_path).file("a.csv", "A,B,C,D\n" + rows))
    orders = tomllib.loads(text)["orders"]
    assert orders["order_id"] == {"column": "A"}
    assert orders["placed_at"] == {"column": "C", "formats": ["%Y%m%d %H%M"]}
    assert text.count("is it") >= 2


def test_files_without_a_time_or_a_number_get_a_draft_that_asks(tmp_path: Path) -> None:
    text = proposal(Shop(tmp_path).file("a.csv", "Name,Colour\nAsha,red\nRavi,blue\n"))
    assert '# placed_at = { column = "" } # ? name it' in text
    assert "draft again with --column order_id=HEADER" in text
    assert "Asha" not in text


def test_a_persons_word_goes_before_every_guess(tmp_path: Path) -> None:
    rows = "".join(f"{i},K{i},2025-03-{1 + i:02d},Delivered,Lost\n" for i in range(20))
    path = Shop(tmp_path).file("a.csv", "Order ID,Ref,Date,Status,Fate\n" + rows)
    written = tomllib.loads(proposal(path, order_id="Ref", status="Fate"))
    assert written["orders"]["order_id"] == {"column": "Ref"}
    assert [next(iter(rule["when"])) for rule in written["rules"]] == ["Fate"]
    for told, said in (({"order_id": "Nowhere"}, "no column of the files"), ({"colour": "Ref"}, "one of order_id")):
        with pytest.raises(UsageError, match=said):
            proposal(path, **told)


def test_every_column_blank_on_later_rows_is_filled_down_mapped_or_not() -> None:
    table = pa.table(
        {
            "Order": ["1", "1", "2", "2"],
            "Note": ["x", None, None, None],
            "City": ["P", None, "Q", None],
            "SKU": list("abcd"),
        }
    )
    order = draft_guess(Look("Order", table["Order"]))
    assert several(table, order).fill_down == ["Note", "City"]


def draft_guess(look: Look) -> dict[str, Any]:
    from data.drafting.columns import Guess

    return {"order_id": Guess("order_id", look, 1.0)}


def test_amounts_to_collect_tell_cod_from_prepaid(tmp_path: Path) -> None:
    rows = "".join(f"{i},2025-03-{1 + i % 28:02d},{0 if i % 4 else 100 + i},{200 + i},Delivered\n" for i in range(40))
    written = tomllib.loads(proposal(Shop(tmp_path).file("a.csv", "Order,Date,COD Amt,Value,Status\n" + rows)))
    payment = written["orders"]["payment_method"]
    assert (payment["column"], payment["otherwise"], payment["values"]["0"]) == ("COD Amt", "cod", "prepaid")


def test_why_and_when_a_parcel_came_back_are_told_by_columns_of_their_own(tmp_path: Path) -> None:
    rows = "".join(
        f"{i},2025-03-{1 + i:02d},2025-03-{2 + i:02d},{('Delivered', 'RTO')[i % 2]},{('', 'Customer refused')[i % 2]},2025-04-{1 + i:02d}\n"
        for i in range(20)
    )
    path = Shop(tmp_path).file("a.csv", "Order,Date,Pickup Date,Status,NDR Reason,Status Date\n" + rows)
    rules = tomllib.loads(proposal(path))["rules"]
    why = next(rule for rule in rules if "NDR Reason" in rule["when"])
    assert why["when"] == {"Status": ["RTO"], "NDR Reason": ["Customer refused"]}
    assert [(n["type"], n["column"], n.get("reason")) for n in why["news"]] == [
        ("dispatched", "Pickup Date", None), ("rto_started", "Status Date", "refused"),
    ]  # fmt: skip
    assert "# exported_at = \"2025-04-20\" # ? the newest time in the files, in 'Status Date'" in proposal(path)


CODES = """
code     | news
DLV      | delivered
dl       | delivered
RTS      | rto_started
RTS-INIT | rto_started
RTO-DEL  | rto_received
UND      | attempt_failed
LST      | lost
CAN      | cancelled
OFD      |
PKP      |
"""


@pytest.mark.parametrize(("code", "news"), edges(CODES))
def test_what_a_couriers_code_stands_for(code: str, news: str) -> None:
    assert (news_of(code) or ("unknown",))[0] == news


@pytest.mark.parametrize(("cell", "reason"), [("Customer Refused", "refused"), ("Consignee not available", "unreachable"),
                                              ("bad_address", "bad_address"), ("Damaged in hub", "damaged"), ("zzz", None)])  # fmt: skip
def test_what_a_reason_stands_for(cell: str, reason: str | None) -> None:
    assert reason_of(cell) == reason


def test_a_header_with_a_line_break_or_a_quote_never_becomes_a_key(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Order", "Date", 'Odd"\n[file]\nsheet = "x', "Status"])
    for i in range(12):
        book.active.append([f"A{i}", f"2025-03-{1 + i:02d}", "x\x85y", "Delivered"])
    book.save(tmp_path / "a.xlsx")
    assert "file" not in tomllib.loads(proposal(tmp_path / "a.xlsx"))


def test_a_workbook_with_a_title_is_read_beside_a_csv_without_one(tmp_path: Path) -> None:
    written = tomllib.loads(proposal(*shop_and_workbook(tmp_path).paths))
    assert written["files"] == [{"name": "*.xlsx", "header_row": 3}]
    assert "header_row" not in written.get("file", {})


def test_files_of_one_kind_that_are_written_in_two_ways_are_known_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Order ID;Date;Status\n" + "".join(f"{i};2025-03-01;RTO\n" for i in range(30)))
    (tmp_path / "b.csv").write_text("Order No,Scan\n" + "".join(f"{i},x\n" for i in range(30)))
    written = tomllib.loads(text := proposal(tmp_path / "a.csv", tmp_path / "b.csv"))
    assert written["files"] == [{"name": "a.csv", "delimiter": ";"}]
    assert 'name = "a.csv" # ? ' in text


def test_the_shops_own_status_speaks_of_orders_that_the_courier_does_not_know(tmp_path: Path) -> None:
    rules = tomllib.loads(proposal(*shop_and_workbook(tmp_path).paths))["rules"]
    own = [rule for rule in rules if "Order Status" in rule["when"]]
    assert [(rule["when"]["Order Status"], rule["news"][0]["type"]) for rule in own] == [(["Cancelled"], "cancelled")]
    assert own[0]["when"]["Current Status"] == [""]


def test_paise_are_read_as_paise(tmp_path: Path) -> None:
    [path] = nested_app(tmp_path).paths
    mapping = Mapping(**tomllib.loads(proposal(path)))
    imported = Shop(tmp_path).read(mapping, path)
    assert imported.orders["amount_minor"].tolist() == [m.amount * 100 for m in made_orders()]


def test_large_round_numbers_without_a_unit_are_asked_about(tmp_path: Path) -> None:
    def asked(scale: int) -> bool:
        rows = "".join(f"o{i},2025-03-{1 + i % 28:02d},{(300 + 7 * i) * scale},RTO,560001\n" for i in range(40))
        path = tmp_path / "a.csv"
        path.write_text("Order ID,Date,Total,Status,PIN\n" + rows)
        [line] = [told for told in proposal(path).splitlines() if told.startswith("amount_minor")]
        return "hundredths" in line

    assert (asked(100), asked(1)) == (True, False)


def test_the_day_of_the_export_is_told_on_the_shops_clock(tmp_path: Path) -> None:
    """23:00 UTC on 10 March is 11 March in Kolkata: exported_at on the 10th would lie before the last order."""
    rows = "".join(
        f'{{"orderNo": "A{i}", "createdAt": {1741647600000 - i * 3600000}, "pin": 560001}}\n' for i in range(40)
    )
    (tmp_path / "a.jsonl").write_text(rows)
    assert '# exported_at = "2025-03-11"' in proposal(tmp_path / "a.jsonl")


def test_cash_in_the_name_of_a_wallet_is_no_cash_on_delivery(tmp_path: Path) -> None:
    ways = ("Cash", "JazzCash / Card", "easypaisa", "COD (card or cash)")
    rows = [f"A-{i},{1 + i % 28:02}/03/2025 10:{i % 60:02},{500 + i},{ways[i % 4]},Delivered" for i in range(80)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["Order No,Order Date,Order Total,Payment Method,Status", *rows]) + "\n")
    text = proposal(path)
    values = tomllib.loads(text)["orders"]["payment_method"]["values"]
    assert values == {"Cash": "cod", "JazzCash / Card": "prepaid", "easypaisa": "prepaid", "COD (card or cash)": "cod"}
    assert '# country = "IN" # ?' in text, "nothing tells it: the draft says where to write it"
    assert '# currency = "INR" # ?' in text
