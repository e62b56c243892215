"""Do the downloads hold the same figures as the page, and can nothing in them become a formula?"""

import csv
import io
import zipfile

import openpyxl
import pytest

from serving.reports import Decided, OpenRisk, build_report, tables
from serving.reports.downloads import BOM, csv_bytes, guarded, xlsx_bytes
from serving.reports.tables import Table
from tests.helpers.report_rows import META, NOW, RUPEES, Row, evidence, orders_of, risks, rows

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1+1",
    "\u202e=1",
    '=cmd|" /C calc"!A0',
    "\x00=1",
)


def made(orders: list[Row], open_risks: list[OpenRisk] | None = None) -> dict[str, Table]:
    decided = [Decided(NOW, r.order_id, "low", 0.1, "allow_cod", [("order", "high_discount")]) for r in orders[:5]]
    return tables(build_report(orders_of(orders), open_risks or [], evidence(), RUPEES, META, decided=decided))


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def hostile(text: str, i: int) -> Row:
    rto = i % 2
    return Row(f"{text}{i}", NOW - 40 * 86_400_000_000, "cod", 5e4, text, text, text, text, float(rto),
               ("delivered", "rto")[rto], None, text, text, text, text)  # fmt: skip


def test_every_table_reads_back_as_it_was_counted() -> None:
    some = rows(800)
    for name, table in made(some, risks(some)).items():
        lines = read_csv(csv_bytes(table))
        assert lines[0] == list(table.columns), name
        assert len(lines) == len(table.rows) + 1, name
        assert {len(line) for line in lines} == {len(table.columns)}, name


def test_the_groups_of_a_file_add_up_to_its_last_line() -> None:
    for name in ("state", "pincode", "category", "value", "weekday"):
        *parts, whole = (row[1:3] for row in made(rows(2_000))[name].rows)
        assert [sum(int(str(cell)) for cell in column) for column in zip(*parts, strict=True)] == list(whole), name
        assert whole[0] > 1_000  # type: ignore[operator]


def test_a_file_holds_all_rows_the_page_leaves_out() -> None:
    many = [Row(f"o{i}", NOW - 40 * 86_400_000_000, "cod", 1.0, f"{560_000 + i}", None, None, f"c{i}", 0.0, "delivered")
            for i in range(300)]  # fmt: skip
    assert len(made(many)["category"].rows) == 301
    assert len(made(many)["pincode"].rows) == 301


def test_a_csv_opens_in_excel_as_utf8_with_lines_of_the_standard() -> None:
    content = csv_bytes(Table("t", "T", "", ("name", "n"), (("साड़ी 🧵", 0.25), ('a,b"c', None))))
    assert content == f'{BOM}name,n\r\nसाड़ी 🧵,0.25\r\n"a,b""c",\r\n'.encode()
    assert content[:3] == b"\xef\xbb\xbf"


@pytest.mark.parametrize("text", FORMULAS, ids=repr)
def test_text_from_orders_never_starts_a_formula_in_a_csv(text: str) -> None:
    assert guarded(text).startswith("'")
    for name, table in made(
        [hostile(text, i) for i in range(40)], [OpenRisk(text, NOW, 1.0, 0.5, "high", text, 5.0, [text])]
    ).items():
        for line in read_csv(csv_bytes(table)):
            for cell in line:
                number = cell.replace(".", "", 1).replace("-", "", 1).isdigit()
                assert number or cell.lstrip()[:1] not in tuple("=+-@\t\r＝＋－＠") or cell == "", (name, cell)


@pytest.mark.parametrize("text", FORMULAS, ids=repr)
def test_text_from_orders_stays_text_in_a_workbook(text: str) -> None:
    content = xlsx_bytes(made([hostile(text, i) for i in range(40)]).values(), text)
    book = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert {"s", "n"} <= kinds
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) > 15
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<f " in sheet]


def test_harmless_text_is_not_changed() -> None:
    for text in ("shoe-9", "T-shirt (L)", "800001", "₹500 to under ₹1,000", "क्षत्रिय", "👩‍👩‍👧"):
        assert guarded(text) == text


def test_text_of_any_length_and_any_character_makes_a_workbook() -> None:
    wild = "x" * 40_000 + "\x00\x0b\ud800\ufffe"
    content = xlsx_bytes(made([hostile(wild, i) for i in range(4)]).values(), wild[:50])
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames[0] == "summary"
    assert csv_bytes(made([hostile(wild, 0)])["sku"])


def test_numbers_of_a_workbook_are_numbers_and_its_rule_is_said() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made(rows(800)).values(), "x")))
    cells = list(book["state"].iter_rows(values_only=True))
    assert cells[0][0] == "States"
    assert "came_back / known_outcome" in str(cells[1][0])
    name, known, back, share = cells[4][:4]
    assert isinstance(name, str)
    assert share == pytest.approx(back / known, abs=1e-4)  # type: ignore[operator]


def test_a_report_without_orders_has_every_table_too() -> None:
    empty = tables(build_report(orders_of([]), [], None, RUPEES, META))
    assert list(empty) == list(made(rows(50)))
    for table in empty.values():
        assert csv_bytes(table)
    assert xlsx_bytes(empty.values(), "x")
