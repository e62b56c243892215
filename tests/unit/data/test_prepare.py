"""Sheets into lines: rows dropped, filled down, joined, credited, money with commas; every row is accounted for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import DataError, UsageError
from data.files.prepare import Prepared, prepare
from tests.helpers.imports import Shop, mapping_of, row, said

BASE = """
[orders]
order_id = { column = "no" }
placed_at = { column = "when" }
[[rules]]
"""


def prepared(shop: Shop, mapping: str, **files: str) -> Prepared:
    paths = [shop.file(f"{name}.csv", text) for name, text in files.items()]
    return prepare(paths, mapping_of(mapping + BASE), lambda *step: None)


def cells(found: Prepared, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(r[n] for n in names) for s in found.orders for r in s.table.to_pylist()]


# --- drop

DROP = """
[[drop]]
when = { sku = ["POST", "gift_*"] }
why = "postage and vouchers"
[[drop]]
when = { sku = "P*", pieces = "-*" }
why = "corrections"
"""


def test_dropped_rows_are_counted_under_the_first_reason_that_fits(tmp_path: Path) -> None:
    text = "no,when,sku,pieces\n1,d,A,1\n1,d,post,-1\n2,d,gift_10,1\n3,d,P7,-2\n4,d,P7,2\n"
    found = prepared(Shop(tmp_path), DROP, orders=text)
    assert cells(found, "no", "sku") == [("1", "A"), ("4", "P7")]
    assert found.orders[0].rows.tolist() == [2, 6]
    assert found.notes == {"dropped_postage_and_vouchers": 2, "dropped_corrections": 1}
    assert found.n_rows == 5


def test_a_file_without_the_columns_of_a_drop_is_spared(tmp_path: Path) -> None:
    found = prepared(Shop(tmp_path), DROP, orders="no,when\n1,d\n")
    assert (len(found.orders[0]), found.notes) == (1, {})


# --- fill down

FILL = '[lines]\nfill_down = ["when", "ship *"]\n'


def test_blank_cells_of_later_rows_take_the_first_rows_value_of_their_order(tmp_path: Path) -> None:
    text = "no,when,ship to,sku\n1,d1,x,A\n2,d2,,B\n1,,,\n2,,z,D\n,d5,,E\n3,,,F\n1,d9,,G\n,d7,y,H\n,,,I\n"
    found = prepared(Shop(tmp_path), FILL, orders=text)
    assert cells(found, "no", "when", "ship to", "sku") == [
        ("1", "d1", "x", "A"), ("2", "d2", None, "B"), ("1", "d1", "x", None), ("2", "d2", "z", "D"),
        (None, "d5", None, "E"), ("3", None, None, "F"), ("1", "d9", "x", "G"),
        (None, "d7", "y", "H"), (None, None, None, "I"),
    ]  # fmt: skip


def test_a_fill_down_pattern_that_fits_no_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"DQ002.*'ship \*' for \[lines\] fill_down"):
        prepared(Shop(tmp_path), FILL, orders="no,when\n1,d\n")


# --- join

JOIN = '[join]\non = { no = "ref" }\n'
ORDERS = "no,when\na1,d\nA2,d\na3,d\n,d\n"
FATES = "ref,fate\na2,back\na9,done\na1,done\n"


@pytest.mark.parametrize("names", [("orders", "fates"), ("fates", "orders")])
def test_the_columns_of_the_other_file_stand_beside_their_order(tmp_path: Path, names: tuple[str, str]) -> None:
    texts = {"orders": ORDERS, "fates": FATES}
    found = prepared(Shop(tmp_path), JOIN, **{name: texts[name] for name in names})
    assert cells(found, "no", "fate") == [("a1", "done"), ("A2", "back"), ("a3", None), (None, None)]
    assert found.orders[0].rows.tolist() == [2, 3, 4, 5]
    assert found.notes == {"rows_without_a_partner": 2, "rows_joined": 2, "rows_of_the_other_file_left_out": 1}
    assert found.n_rows == 7


def test_several_files_of_each_kind_are_joined(tmp_path: Path) -> None:
    more = {"may": ORDERS, "june": "no,when\na9,d\n", "fates": FATES, "late": "ref,fate,why\na3,lost,x\n"}
    found = prepared(Shop(tmp_path), JOIN, **more)
    assert [s.file for s in found.orders] == ["may.csv", "june.csv"]
    assert cells(found, "no", "fate", "why") == [
        ("a1", "done", None), ("A2", "back", None), ("a3", "lost", "x"), (None, None, None), ("a9", "done", None)
    ]  # fmt: skip


def test_numbers_and_texts_of_one_number_are_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders, fates = shop.file("o.jsonl", '{"no": 17, "when": "d"}\n'), shop.file("f.csv", "ref,fate\n17,back\n")
    found = prepare([orders, fates], mapping_of(JOIN + BASE), lambda *step: None)
    assert cells(found, "fate") == [("back",)]


def test_a_number_told_twice_by_the_other_file_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"DQ022 late.csv row 3, ref"):
        prepared(Shop(tmp_path), JOIN, orders=ORDERS, fates=FATES, late="ref,fate\na7,x\nA1,y\n")


def test_a_missing_file_of_a_join_is_refused_unless_it_may_be_absent(tmp_path: Path) -> None:
    for text in (ORDERS, FATES):
        with pytest.raises(UsageError, match="CLI007"):
            prepared(Shop(tmp_path), JOIN, orders=text)
    found = prepared(Shop(tmp_path), JOIN + 'required = false\ncolumns = ["fate"]\n', orders=ORDERS)
    assert cells(found, "no", "fate")[0] == ("a1", None)
    assert found.notes == {"rows_without_a_partner": 4}


def test_only_named_columns_come_along(tmp_path: Path) -> None:
    fates = "ref,fate,cost\na1,done,9\n"
    found = prepared(Shop(tmp_path), JOIN + 'columns = ["fate"]\n', orders=ORDERS, fates=fates)
    assert "cost" not in found.orders[0].table.column_names
    with pytest.raises(DataError, match=r"DQ002.*\[join\] columns"):
        prepared(Shop(tmp_path), JOIN + 'columns = ["fete"]\n', orders=ORDERS, fates=fates)


def test_both_files_may_call_the_number_alike(tmp_path: Path) -> None:
    join = '[join]\non = { no = "no" }\nother_has = ["fate"]\n'
    fates = "no,when,fate\na1,later,done\n"
    with pytest.raises(DataError, match="DQ021"):
        prepared(Shop(tmp_path), join, orders=ORDERS, fates=fates)
    found = prepared(Shop(tmp_path), join + 'prefix = "their "\n', orders=ORDERS, fates=fates)
    assert cells(found, "no", "when", "their when", "their fate")[0] == ("a1", "d", "later", "done")


def test_unreadable_rows_of_the_other_file_are_not_forgotten(tmp_path: Path) -> None:
    found = prepared(Shop(tmp_path), JOIN, orders=ORDERS, fates=FATES + "a3,lost,too much\n")
    assert [(f.file, f.row) for s in found.orders for f in s.faults] == [("fates.csv", 5)]
    assert found.n_rows == 8


# --- credits

CREDITS = """
[credits]
when = { no = "C*" }
match = ["buyer", "sku"]
within_days = 10
"""
HEAD = "no,when,buyer,sku\n"


def days(value: Any) -> str | None:
    return None if value is None else f"{value:%m-%d}"


def test_a_credit_belongs_to_the_newest_line_before_it(tmp_path: Path) -> None:
    lines = """\
1,2025-01-01,b1,A
2,2025-01-05,b1,A
C1,2025-01-08,b1,A
C2,2025-01-09,b1,A
3,2025-01-01,b2,A
C3,2025-01-20,b2,A
C4,2025-01-02,b3,A
4,2025-01-03,b3,A
5,2025-01-03,,A
C5,2025-01-04,,A
6,2025-01-25,b4,A
7,2025-01-06,b5,A
C6,2025-01-06,b5,A
"""
    found = prepared(Shop(tmp_path), CREDITS, orders=HEAD + lines)
    told = {no: (days(c), days(s)) for no, c, s in cells(found, "no", "credited_at", "settled_at")}
    assert told == {
        "1": (None, "01-11"),  # the newer line took the credit
        "2": ("01-08", None),  # the first of two credits
        "3": (None, "01-11"),  # credited too late to count
        "4": (None, "01-13"),  # the credit came before it
        "5": (None, "01-13"),  # nobody to match
        "7": ("01-06", None),  # in the same moment, as where only days are told
        "6": (None, None),  # the file ends before its ten days are over
    }
    assert found.notes == {"credits_of_a_line": 3, "credits_of_no_line_left_out": 3}
    assert found.n_rows == 13


def test_credits_become_news_through_ordinary_rules(tmp_path: Path) -> None:
    mapping = mapping_of(f"""
    lines_decide = "any"
    {CREDITS}
    [orders]
    order_id = {{ column = "no" }}
    placed_at = {{ column = "when" }}
    [[rules]]
    when = {{ credited_at = "?*" }}
    news = [{{ type = "rto_started", column = "credited_at" }}]
    [[rules]]
    when = {{ settled_at = "?*" }}
    news = [{{ type = "delivered", column = "settled_at" }}]
    [[rules]]
    """)
    shop = Shop(tmp_path)
    lines = "1,2025-01-01,b,A\n1,2025-01-01,b,B\nC1,2025-01-03,b,B\n2,2025-01-01,c,A\n3,2025-01-30,c,A\n"
    imported = shop.read(mapping, shop.file("orders.csv", HEAD + lines))
    assert [[t.type for t in said(imported, no)] for no in "123"] == [["rto_started"], ["delivered"], []]


# --- money with commas


def test_money_with_a_decimal_comma_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = mapping_of("""
    currency = "EUR"
    file.decimal = ","
    [orders]
    order_id = { column = "no" }
    placed_at = { column = "when" }
    amount_minor = { column = "total", unit = "major" }
    [[rules]]
    """)
    shop = Shop(tmp_path)
    text = 'no,when,total\n1,2025-01-01,"1.499,50 €"\n2,2025-01-01,"29,9"\n3,2025-01-01,30\n4,2025-01-01,"€ 7,05"\n'
    imported = shop.read(mapping, shop.file("orders.csv", text))
    assert [row(imported, no)["amount_minor"] for no in "1234"] == [149_950, 2_990, 3_000, 705]


def test_news_files_stay_apart(tmp_path: Path) -> None:
    mapping = mapping_of(BASE + '[news]\nevent_id = { column = "e" }\norder_id = { column = "no" }\ntype = { column = "t" }\n'
                         'happened_at = { column = "h" }\nknown_at = { column = "h" }\n')  # fmt: skip
    shop = Shop(tmp_path)
    paths = [shop.file("news.csv", "e,no,t,h\ne1,1,lost,d\n"), shop.file("orders.csv", "no,when\n1,d\n")]
    found = prepare(paths, mapping, lambda *step: None)
    assert ([s.file for s in found.orders], [s.file for s in found.news]) == (["orders.csv"], ["news.csv"])
    assert isinstance(found.news[0].table, pa.Table)


# --- typed cells

TYPED = """
[[drop]]
when = { kind = "7" }
why = "postage"
[credits]
when = { kind = "6" }
match = ["sku"]
within_days = 30
[orders]
order_id = { column = "no" }
placed_at = { column = "when" }
[[rules]]
when = { kind = "5" }
news = [{ type = "delivered", after_days = 3 }]
[[rules]]
when = { kind = ["", "5.5"] }
"""


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.string()])
def test_a_typed_cell_is_read_alike_by_drops_credits_and_rules(tmp_path: Path, kind: Any) -> None:
    shop, day = Shop(tmp_path), datetime(2025, 3, 1, tzinfo=UTC)
    kinds = pa.array([5, 7, 6, None]).cast(kind)
    whens = pa.array([day, day, day + timedelta(days=2), day], pa.timestamp("us", "UTC"))
    columns = {"no": ["1", "2", "3", "4"], "sku": ["a", "b", "a", "c"], "kind": kinds, "when": whens}
    pq.write_table(pa.table(columns), tmp_path / "lines.parquet")
    imported = shop.read(mapping_of(TYPED), tmp_path / "lines.parquet")
    assert imported.orders["order_id"].tolist() == ["1", "4"]
    assert imported.notes["dropped_postage"] == 1
    assert imported.notes["credits_of_a_line"] == 1
    assert [t.type for t in said(imported, "1")] == ["delivered"]
    assert said(imported, "4") == []
