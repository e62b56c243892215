"""Whole columns are read as the parsers read each cell: texts, floats, whole numbers, flags, whatever stands together."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import columns, parsing
from data.files.mapping import Source
from data.files.parsing import Parse, Unfit

ODD = ["", "1,499.00", "1,23,456.50", "149,50", "\u20b9 5", "Rs. 1 499", "nan", "inf", "-inf", "1e3", "1e400", "1_0", "+5",
       "-0", "-1", ".5", "5.", "007", "0x10", "\uff15", "\u0663", "9007199254740993", "1e308", "12.0", "x"]  # fmt: skip
TEXTS = st.lists(
    st.none()
    | st.decimals(-10, 10**9, places=2).map(str)
    | st.integers(0, 10**12).map(str)
    | st.sampled_from([t for t in ODD if t])
    | st.text(alphabet="0123456789.,-+eE INR\u00b2", min_size=1, max_size=6).map(str.strip).map(lambda t: t or None),
    max_size=10,
)
FLOATS = st.lists(st.none() | st.floats() | st.integers(0, 10**6).map(float), max_size=10)
INTEGERS = st.lists(st.none() | st.integers(-5, 2**62), max_size=10)
FLAGS = st.lists(st.none() | st.booleans(), max_size=4)
COLUMNS = st.one_of(
    TEXTS.map(lambda v: pa.array(v, pa.string())),
    FLOATS.map(lambda v: pa.array([None if x != x else x for x in v], pa.float64())),
    INTEGERS.map(lambda v: pa.array(v, pa.int64())),
    FLAGS.map(lambda v: pa.array(v, pa.bool_())),
)


def one_by_one(cells: pa.Array, parse_of: Callable[[int], Parse]) -> tuple[list[Any], list[tuple[int, str, str, str]]]:
    """What the parsers make of each cell by itself: values, and (row, code, expected, cell) of each refusal."""
    values, refused = [], []
    for i, cell in enumerate(cells.to_pylist()):
        try:
            values.append(None if cell is None else parse_of(i)(cell))
        except Unfit as unfit:
            values.append(None)
            refused.append((i, unfit.code, unfit.expected, str(cell)))
    return values, refused


def agree(read: columns.Values, cells: pa.Array, parse_of: Callable[[int], Parse]) -> None:
    values, refused = one_by_one(cells, parse_of)
    if isinstance(read.values, np.ndarray):
        found = [None if math.isnan(v) else v for v in read.values.tolist()]
    else:
        found = read.values.to_pylist()
    assert found == values
    told = zip(read.rows.tolist(), read.unfits, read.cells, strict=True)
    assert [(row, unfit.code, unfit.expected, str(cell)) for row, unfit, cell in told] == refused


@given(COLUMNS, st.sampled_from(["major", "minor"]), st.data())
def test_money_is_what_each_cell_says_in_its_own_currency(cells: pa.Array, unit: str, data: st.DataObject) -> None:
    digits = [2, 0, 3]
    n = len(cells)
    kinds = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=np.int64)
    parsers = [parsing.money(unit, d) for d in digits]
    fits = columns.money_fits(unit, np.array([10.0**d for d in digits])[kinds])
    agree(columns.numbers(cells, fits, parsers, kinds), cells, lambda i: parsers[kinds[i]])


@given(COLUMNS)
def test_counts_are_what_each_cell_says(cells: pa.Array) -> None:
    agree(columns.numbers(cells, columns.count_fits, [parsing.count], None), cells, lambda i: parsing.count)


@given(COLUMNS)
def test_free_text_is_what_each_cell_says(cells: pa.Array) -> None:
    agree(columns.plain_texts(cells), cells, lambda i: parsing.plain_text)


@given(COLUMNS, st.data())
def test_pin_codes_are_what_each_cell_says_in_its_own_country(cells: pa.Array, data: st.DataObject) -> None:
    n = len(cells)
    kinds = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=np.int64)
    parsers = [parsing.translated(Source(column="c"), parsing.pincode(country)) for country in ("IN", "GB", None)]
    agree(columns.texts(cells, parsers, kinds), cells, lambda i: parsers[kinds[i]])


@pytest.mark.parametrize("odd", ["1,499.00", "x", "nan", "-3"])
def test_a_cell_that_a_sample_does_not_see_is_read_all_the_same(odd: str) -> None:
    cells = ["7"] * 3_000
    cells[1_700] = odd
    column = pa.array(cells)
    agree(columns.numbers(column, columns.count_fits, [parsing.count], None), column, lambda i: parsing.count)


def test_lists_and_tables_of_json_are_texts_or_refused() -> None:
    cells = pa.array([[1], None, [1]])
    agree(columns.plain_texts(cells), cells, lambda i: parsing.plain_text)
    assert columns.numbers(cells, columns.count_fits, [parsing.count], None).rows.tolist() == [0, 2]
