"""Columns as distinct values: in order of first appearance, whatever the column is made of."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import distinct as module
from data.files.distinct import Distinct, distinct, distinct_numbers, nothing, together

CELLS = st.lists(st.sampled_from([None, "", "a", "b", "c"]), max_size=8)


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are treated as many are."""
    monkeypatch.setattr(module, "FEW", 0)


def plain(cells: list[str | None]) -> list[str | None]:
    return [cell or None for cell in cells]


@given(cells=CELLS)
def test_a_column_is_its_values_in_order_of_first_appearance(cells: list[str | None]) -> None:
    column = distinct(cells)
    assert column.values == list(dict.fromkeys(cell for cell in cells if cell))
    assert column.texts().tolist() == plain(cells)
    assert column.held().tolist() == [bool(cell) for cell in cells]


def test_a_dictionary_may_be_in_any_order_hold_blanks_and_what_no_row_holds() -> None:
    indices = pa.array([3, None, 0, 2, 3, 4, 1], pa.int8())
    column = distinct(pa.DictionaryArray.from_arrays(indices, pa.array(["b", "", "unused-no", "a", None, "unused"])))
    assert column.values == ["a", "b", "unused-no"]
    assert column.codes is not None
    assert column.codes.tolist() == [0, -1, 1, 2, 0, -1, -1]


def test_nan_among_texts_is_no_value() -> None:
    assert distinct(np.array(["a", float("nan"), None], dtype=object)).texts().tolist() == ["a", None, None]


@given(
    rows=st.lists(st.tuples(*[st.sampled_from([None, "a", "b"])] * 3), min_size=1, max_size=8),
    ways=st.sampled_from([2**62, 2]),
)
def test_rows_of_several_columns_are_tuples_in_order_of_first_appearance(
    rows: list[tuple[str | None, ...]], ways: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_WAYS", ways)
        joined = together(*(distinct([row[i] for row in rows]) for i in range(3)))
    assert joined.values == list(dict.fromkeys(rows))
    assert joined.codes is not None
    assert [joined.values[code] for code in joined.codes] == rows


def test_numbers_and_nothing_are_columns_too() -> None:
    assert distinct_numbers(np.array([7, 5, 7])).values == [7, 5]
    assert nothing(2).texts().tolist() == [None, None]
    assert nothing(2).held().tolist() == [False, False]


def test_what_is_read_of_a_value_stands_at_every_row_that_holds_it() -> None:
    column = distinct(["a", None, "b", "a"]).map(lambda cell: None if cell == "b" else (1.0, 2.0))
    np.testing.assert_array_equal(column.numbers(2), [[1, np.nan, np.nan, 1], [2, np.nan, np.nan, 2]])
    assert Distinct([], np.full(2, -1)).numbers(3).shape == (3, 2)
