"""Files into sheets: every format, every way a file can be broken, and the row numbers a person finds."""

import csv
import gzip
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from data.errors import DataError
from data.files import csv_lines, csv_sheet
from data.files.reading import read_sheet
from data.files.shaping import File
from data.files.sheets import Sheet
from tests.helpers.tables import edges


def sheet(folder: Path, content: str | bytes, name: str = "a.csv", **keys: Any) -> Sheet:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sheet(path, File(**keys))


def refused(folder: Path, content: str | bytes, name: str = "a.csv", **keys: Any) -> DataError:
    with pytest.raises(DataError) as found:
        sheet(folder, content, name, **keys)
    assert found.value.to_do
    return found.value


def rows(found: Sheet) -> list[list[Any]]:
    return [list(row.values()) for row in found.table.to_pylist()]


# --- CSV

NUMBERED = r"""
content                            | rows                  | numbers
a,b\n1,2\n3,4\n                    | 1 2; 3 4              | 2 3
a,b\n1,2\n3,4                      | 1 2; 3 4              | 2 3   | no line break at the end
a,b\r\n1,2\r\n\r\n3,4\r\n          | 1 2; 3 4              | 2 4   | a blank line
a,b\r1,2\r\r3,4\r                  | 1 2; 3 4              | 2 4   | old Mac
\ufeffa,b\n1,2\n                   | 1 2                   | 2     | a byte order mark
\n\na,b\n1,2\n                     | 1 2                   | 4     | blank lines before the header
a,b\n1,"x\ny"\n3,4\n               | 1 x_y; 3 4            | 2 4   | a line break inside quotation marks
a,b\n"1\n\n1",2\n\n3,4\n           | 1__1 2; 3 4           | 2 6
"a\nz",b\n1,2\n\n3,4\n             | 1 2; 3 4              | 3 5   | in the header too
a,b\n1,5" x\n\n3,4" y\n            | 1 5"_x; 3 4"_y        | 2 4   | quotation marks inside cells
a,b\n1,5" x\n\n3,4\n               | 1 5"_x; 3 4           | 2 4
a,b\n1,2\n,\n , \n3,4\n            | 1 2; 3 4              | 2 5   | rows with nothing in them
a,b\n1,2\n   \n3,4\n               | 1 2; 3 4              | 2 4   | white space alone
a,b\n 1 ,\t2\n                     | 1 2                   | 2     | padding
a,b\n\u00a01\u00a0,2\n             | 1 2                   | 2     | padding of another kind
"""


@pytest.mark.parametrize(("content", "expected", "numbers"), edges(NUMBERED))
def test_rows_have_the_line_numbers_an_editor_shows(tmp_path: Path, content: str, expected: str, numbers: str) -> None:
    found = sheet(tmp_path, content.encode().decode("unicode_escape"))
    assert [[c.replace("\n", "_").replace(" ", "_") for c in row] for row in rows(found)] == [
        row.split() for row in expected.split("; ")
    ]
    assert found.rows.tolist() == [int(n) for n in numbers.split()]
    assert found.faults == []


CELL = st.text(st.sampled_from('ab1 ,"\n;é'), max_size=6)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30), st.sets(st.integers(0, 29), max_size=5))
def test_whatever_a_csv_writer_writes_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, ...]], blank_after: set[int]
) -> None:
    out, starts, line = io.StringIO(), [], 2
    csv.writer(out, lineterminator="\n").writerow("abc")
    for i, cells in enumerate(table):
        one = io.StringIO()
        csv.writer(one, lineterminator="\n").writerow(cells)
        starts.append(line)
        text = one.getvalue() + ("\n" if i in blank_after else "")
        out.write(text)
        line += text.count("\n")
    kept = [(start, [c.strip() or None for c in cells]) for start, cells in zip(starts, table, strict=True)]
    kept = [(start, cells) for start, cells in kept if any(cells)]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    if not kept:
        with pytest.raises(DataError, match="no rows"):
            read_sheet(path, File())
        return
    found = read_sheet(path, File())
    assert rows(found) == [cells for _, cells in kept]
    assert found.rows.tolist() == [start for start, _ in kept]


def test_a_row_with_too_many_or_too_few_cells_is_a_fault_of_that_row(tmp_path: Path) -> None:
    found = sheet(tmp_path, 'a,b\n1,"x\ny"\n\n2,3,4\n5,6\n7\n8,9\n')
    assert rows(found) == [["1", "x\ny"], ["5", "6"], ["8", "9"]]
    assert found.rows.tolist() == [2, 6, 8]
    told = [(f.code, f.row, f.got, f.expected) for f in found.faults]
    assert told == [
        ("DQ020", 5, "3 cells", "2 cells, as in the header"),
        ("DQ020", 7, "1 cells", "2 cells, as in the header"),
    ]
    assert "9" not in str(found.faults[0].as_error()).split("row 5")[1]


def test_the_numbers_hold_over_many_blocks_read_side_by_side(tmp_path: Path) -> None:
    lines = [f"{i},{'x' * 40}" for i in range(200_000)]
    lines[150_000] += ",too much"
    found = sheet(tmp_path, "a,b\n" + "\n".join(lines) + "\n")
    assert len(found) == 199_999
    assert [f.row for f in found.faults] == [150_002]
    numbers = np.array([int(v) for v in found.table["a"].to_pylist()])
    np.testing.assert_array_equal(found.rows, numbers + 2)


@pytest.mark.parametrize("part", [1, 2, 5, 1 << 24])
@pytest.mark.parametrize("text", ['a,"x\ny"\n"\r\n",b\n', '"a"\r"b\r"\r', "a\n\nb", '"'])
def test_line_breaks_are_counted_alike_in_one_part_and_in_many(
    monkeypatch: pytest.MonkeyPatch, text: str, part: int
) -> None:
    monkeypatch.setattr(csv_lines, "_PART", part)
    found = csv_lines.Lined(text.encode())
    inside, breaks = False, 0
    for letter in text:
        inside ^= letter == '"'
        breaks += inside and letter == ("\n" if "\n" in text else "\r")
    assert (found.breaks_in_quotes, found.unbalanced) == (breaks > 0, text.count('"') % 2 == 1)


def test_line_breaks_inside_cells_hold_over_many_blocks(tmp_path: Path) -> None:
    found = sheet(tmp_path, "a,b\n" + "".join(f'{i},"{"x" * 40}\n{"y" * 40}"\n' for i in range(120_000)))
    assert (len(found), found.faults) == (120_000, [])
    np.testing.assert_array_equal(found.rows, np.arange(120_000) * 2 + 2)


def test_a_header_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a,, \n1,2,3\n").table.column_names == ["a", "column 2", "column 3"]


def test_delimiters_encodings_and_titles_are_as_the_mapping_says(tmp_path: Path) -> None:
    assert rows(sheet(tmp_path, "a\tb\n1\t2\n", "a.tsv")) == [["1", "2"]]
    assert rows(sheet(tmp_path, "a;b\n1;2\n", delimiter=";")) == [["1", "2"]]
    titled = sheet(tmp_path, "May report\n\na,b\n1,2\n", header_row=2)
    assert (rows(titled), titled.rows.tolist()) == ([["1", "2"]], [4])
    assert rows(sheet(tmp_path, "a,b\nسلام,2\n".encode("utf-16"), encoding="utf-16")) == [["سلام", "2"]]
    assert rows(sheet(tmp_path, gzip.compress(b"a,b\n1,2\n"), "a.csv.gz")) == [["1", "2"]]


BROKEN = r"""
content                  | code  | got                         | says
a;b\n1;2\n               | DQ001 | one column                  | delimiter = ";"
a\tb\n1\t2\n             | DQ001 | one column                  | delimiter = "\t"
a,b,a\n1,2,3\n           | DQ021 | columns 1, 3                | header_row
a,b\n                    | DQ001 | no rows                     | at least one row
a,b                      | DQ001 | no rows                     | at least one row
a,b\n\n,\n               | DQ001 | no rows                     | at least one row
\n\n                     | DQ001 | no header                   | header_row
                         | DQ001 | an empty file               | whole
a,b\n1,"2\n3,4\n5,6\n    | DQ001 | never closed                | mend that row
"""


@pytest.mark.parametrize(("content", "code", "got", "says"), edges(BROKEN))
def test_a_broken_csv_is_refused_with_what_to_do(tmp_path: Path, content: str, code: str, got: str, says: str) -> None:
    error = refused(tmp_path, content.encode().decode("unicode_escape"))
    assert (error.code, "a.csv" in error.where) == (code, True)
    assert got in error.got
    assert says in error.to_do + error.expected


FITTING = """
text            | written in | fits first
Größe, né à     | cp1252     | cp1252
القاهرة مرفوض   | cp1256     | cp1256
Заказ отказ     | cp1251     | cp1251
القاهرة         | utf-16     | utf-16
"""


@pytest.mark.parametrize(("text", "written", "first"), edges(FITTING))
def test_another_encoding_is_refused_saying_which_fits(tmp_path: Path, text: str, written: str, first: str) -> None:
    error = refused(tmp_path, f"a\n{text}\n".encode(written))
    assert error.got == "bytes that are not utf-8-sig"
    assert f"it could be {first}" in error.to_do


def test_the_never_closed_quotation_mark_is_found(tmp_path: Path) -> None:
    assert "row 3" in refused(tmp_path, 'a,b\n1,2\n3,"4\n' + "5,6\n" * 1000).where


def test_a_missing_file_a_folder_and_a_cut_archive_are_refused(tmp_path: Path) -> None:
    for path, got in ((tmp_path / "none.csv", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(DataError, match=f"DQ001.*{got}"):
            read_sheet(path, File())
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 5_000)
    assert "end-of-stream" in refused(tmp_path, whole[:-6], "a.csv.gz").got
    assert refused(tmp_path, b"no gzip", "a.csv.gz").code == "DQ001"
    assert "packed already" in refused(tmp_path, b"", "a.parquet.gz").got


def test_an_address_on_the_network_is_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no such file"):
        read_sheet(Path("https://example.com/orders.csv"), File())


# --- JSON


def test_json_lines_flatten_and_lines_of_orders_become_rows(tmp_path: Path) -> None:
    text = [
        {"id": 1, "buyer": {"phone": "98", "home": {"pin": 800001}}, "items": [{"sku": "A"}, {"sku": "B", "n": 2}], "tags": ["x", "y"]},
        {"id": 2, "buyer": {}, "items": [], "tags": []},
    ]  # fmt: skip
    found = sheet(tmp_path, "\n\n".join(json.dumps(r) for r in text), "a.jsonl", path="items")
    assert found.table.to_pylist() == [
        {"id": 1, "buyer.phone": "98", "buyer.home.pin": 800001, "tags": "x, y", "items.sku": "A", "items.n": None},
        {"id": 1, "buyer.phone": "98", "buyer.home.pin": 800001, "tags": "x, y", "items.sku": "B", "items.n": 2},
        {"id": 2, "buyer.phone": None, "buyer.home.pin": None, "tags": None, "items.sku": None, "items.n": None},
    ]
    assert found.rows.tolist() == [1, 1, 3]


def test_a_line_that_is_no_object_is_a_fault_of_that_line(tmp_path: Path) -> None:
    found = sheet(tmp_path, '{"a": 1}\n{"a": \n[2]\n{"a": 3}\n', "a.ndjson")
    assert (rows(found), found.rows.tolist()) == ([[1], [3]], [1, 4])
    assert [(f.code, f.row) for f in found.faults] == [("DQ020", 2), ("DQ020", 3)]


def test_mixed_kinds_become_text_and_numbers_stay_numbers(tmp_path: Path) -> None:
    found = sheet(tmp_path, '[{"a": 7, "b": 1, "c": true}, {"a": "x7", "b": 2.5, "c": false}]', "a.json")
    assert rows(found) == [["7", 1.0, True], ["x7", 2.5, False]]


def test_json_may_hold_its_array_under_a_name(tmp_path: Path) -> None:
    assert rows(sheet(tmp_path, '{"page": 1, "orders": [{"a": 1}]}', "a.json")) == [[1]]
    packed = sheet(tmp_path, gzip.compress(b'{"a": 1}\n'), "a.jsonl.gz")
    assert rows(packed) == [[1]]


JSON_BROKEN = """
name    | content           | got
a.json  | {"a": 1}          | another shape
a.json  | [1, 2]            | another shape
a.json  | [{"a": 1},        | no JSON
a.json  | []                | no rows
a.jsonl | [                 | no line that is a JSON object
a.jsonl |                   | no rows
"""


@pytest.mark.parametrize(("name", "content", "got"), edges(JSON_BROKEN))
def test_broken_json_is_refused(tmp_path: Path, name: str, content: str, got: str) -> None:
    assert got in refused(tmp_path, content, name).got


def test_a_path_that_names_no_array_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, '{"a": 1}\n', "a.jsonl", path="items")
    assert (error.code, error.got) == ("DQ002", "no array of that name")


# --- Excel


def workbook(folder: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        made = book.create_sheet(name)
        for row in cells:
            made.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def test_an_excel_sheet_brings_values_with_their_kinds_and_row_numbers(tmp_path: Path) -> None:
    when = datetime(2025, 3, 1, 10, 30)  # noqa: DTZ001 - Excel has no zones
    path = workbook(tmp_path, Orders=[
        ["Sales of March"], [], [" No ", "When", "PIN", "Note"],
        ["a1", when, 800001.0, " x "], [None, None, None, ""], ["a2", date(2025, 3, 2), None, 7],
    ])  # fmt: skip
    found = read_sheet(path, File(header_row=2))
    assert found.table.to_pylist() == [
        {"No": "a1", "When": when, "PIN": 800001, "Note": "x"},
        {"No": "a2", "When": datetime(2025, 3, 2), "PIN": None, "Note": "7"},  # noqa: DTZ001
    ]
    assert found.rows.tolist() == [4, 6]


def test_a_cell_right_of_the_header_is_a_fault_of_its_row(tmp_path: Path) -> None:
    found = read_sheet(workbook(tmp_path, S=[["a", "b"], [1, 2], [3, 4, 5]]), File())
    assert (rows(found), [(f.code, f.row, f.got) for f in found.faults]) == ([[1, 2]], [("DQ020", 3, "3 cells")])


def test_of_several_sheets_one_must_be_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, May=[["a"], [1]], June=[["a"], [2]], Empty=[])
    with pytest.raises(DataError, match=r"DQ001.*2 sheets with rows: 'May', 'June'"):
        read_sheet(path, File())
    assert rows(read_sheet(path, File(sheet="June"))) == [[2]]
    with pytest.raises(DataError, match=r"no sheet 'July'; there are 'May', 'June', 'Empty'"):
        read_sheet(path, File(sheet="July"))


def test_of_formulas_the_kept_value_is_read(tmp_path: Path) -> None:
    assert rows(read_sheet(workbook(tmp_path, S=[["a", "b"], ["x", "=1+1"]]), File())) == [["x", None]]


def test_twin_columns_and_what_is_no_workbook_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="DQ021"):
        read_sheet(workbook(tmp_path, S=[["a", "a"], [1, 2]]), File())
    assert "no workbook" in refused(tmp_path, b"a,b\n1,2\n", "b.xlsx").got
    assert "no workbook" in refused(tmp_path, (tmp_path / "a.xlsx").read_bytes()[:900], "b.xlsx").got
    assert "no rows" in refused(tmp_path, workbook(tmp_path, S=[["a"]]).read_bytes(), "b.xlsx").got


# --- Parquet


def test_parquet_keeps_its_kinds_and_counts_rows_from_one(tmp_path: Path) -> None:
    table = pa.table({
        "a": pa.array([" x ", ""]).dictionary_encode(), "n": [1, None], "d": pa.array([date(2025, 3, 1), None]),
        "m": pa.array(["1.50", None]).cast(pa.decimal128(5, 2)),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_sheet(tmp_path / "a.parquet", File())
    assert rows(found) == [["x", 1, datetime(2025, 3, 1), 1.5], [None, None, None, None]]  # noqa: DTZ001
    assert found.rows.tolist() == [1, 2]
    assert refused(tmp_path, b"PAR1", "b.parquet").code == "DQ001"


def test_nested_parquet_is_unfolded_like_json(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1], "items": [[{"sku": "A"}, {"sku": "B"}]]}).to_parquet(tmp_path / "a.parquet")
    found = read_sheet(tmp_path / "a.parquet", File(path="items"))
    assert found.table.to_pylist() == [{"id": 1, "items.sku": "A"}, {"id": 1, "items.sku": "B"}]
    assert found.rows.tolist() == [1, 1]


def test_a_file_read_in_many_blocks_is_one_piece_and_too_much_text_stays_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f'o{i},{" padded " if i % 3 else ""},"नगर {i}"' for i in range(200)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["id,note,place", *rows]), encoding="utf-8")
    monkeypatch.setattr(csv_sheet, "_BLOCK", 256)
    whole = csv_sheet.read_csv(path, File()).table
    monkeypatch.setattr(csv_sheet, "_LARGEST_PIECE", 0)
    pieces = csv_sheet.read_csv(path, File()).table
    assert {column.num_chunks for column in whole.columns} == {1}
    assert pieces["id"].num_chunks > 1
    assert pieces.equals(whole)
    assert whole["note"].null_count == 67
