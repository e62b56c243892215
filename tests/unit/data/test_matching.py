"""Rows found by their keys, compiled and plain: exact for texts of any alphabet."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import compiled, loops
from data.files import matching

ROWS = st.lists(
    st.tuples(st.sampled_from(["m", "n", None]), st.text(st.sampled_from("aäअ𝒜0"), max_size=3)), max_size=12
)
LOOPS = ("number_keys", "index_keys", "find_keys", "group_rows", "sort_parts", "judge_all")


@pytest.fixture(params=["compiled", "plain", "in parts", "one number for all"], autouse=True, scope="module")
def run(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test with the loops compiled, and as the Python they are written in; in parts that know nothing of each
    other; and where the numbers of all keys are the same."""
    patch = pytest.MonkeyPatch()
    if request.param == "plain":
        for name in LOOPS:
            patch.setattr(compiled, name, getattr(loops, name))
    if request.param != "compiled":
        patch.setattr(matching, "_FEW", 0)
    if request.param == "one number for all":
        patch.setattr(compiled, "number_keys", lambda start, scope, offsets, letters, numbers: numbers.fill(1))
    yield
    patch.undo()


def table(rows: list[tuple[str | None, str]]) -> Any:
    return pa.table(
        {"scope": pa.array([r[0] for r in rows], pa.string()), "text": pa.array([r[1] for r in rows], pa.string())}
    )


@given(rows=ROWS)
@settings(max_examples=80)
def test_the_first_row_of_the_same_key_is_found(rows: list[Any]) -> None:
    first = matching.first_of_each(matching.keys_of([table(rows)], ("scope",), "text"))
    assert first.tolist() == [rows.index(row) for row in rows]


@given(held=ROWS, rows=ROWS)
@settings(max_examples=80)
def test_rows_of_one_table_are_found_in_another(held: list[Any], rows: list[Any]) -> None:
    keys = matching.keys_of([table(held), table(rows)], ("scope",), "text")
    assert matching.matches(keys, len(held)).tolist() == [held.index(row) if row in held else -1 for row in rows]


@given(
    rows=ROWS,
    groups=st.lists(st.integers(-1, 2), min_size=12, max_size=12),
    at=st.lists(st.integers(0, 1), min_size=12, max_size=12),
)
@settings(max_examples=80)
def test_each_group_is_sorted_by_time_scope_and_text(rows: list[Any], groups: list[int], at: list[int]) -> None:
    start, order = matching.grouped(np.array(groups[: len(rows)], dtype=np.int64), 3)
    keys = matching.keys_of([table(rows)], ("scope",), "text")
    found = matching.sort_within(start, order, np.array(at[: len(rows)], dtype=np.int64), keys)
    for g in range(3):
        own = [i for i in range(len(rows)) if groups[i] == g]
        expected = sorted(own, key=lambda i: (at[i], rows[i][0] or "", rows[i][1]))
        assert found[start[g] : start[g + 1]].tolist() == expected


@given(words=st.lists(st.sampled_from(["b", "a", None, "अ", ""])))
def test_codes_stand_for_the_words_in_their_order(words: list[str | None]) -> None:
    codes, values = matching.coded(pa.chunked_array([words[:2], words[2:]], pa.string()))
    assert values == sorted({w for w in words if w is not None})
    assert [None if code < 0 else values[code] for code in codes] == words


def test_verdicts_of_a_whole_history(run: None) -> None:
    start, verdict = np.array([0, 1, 3]), np.empty(2, dtype=np.int64)
    types, at, rank = np.array([0, 0, 11]), np.array([1, 1, 2]), np.array([0, 0, 1])
    reason, voids = np.zeros(3, dtype=np.int64), np.full(3, -1)
    compiled.judge_all(start, 9, types, at, at, rank, reason, voids, verdict)
    assert verdict.tolist() == [-1, 0]
