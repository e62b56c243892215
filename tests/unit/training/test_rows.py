"""Which columns say something, and which values become columns of their own."""

import numpy as np
import pytest

from training import rows
from training.rows import common_levels, varies

COLUMNS = ("state", "category", "courier", "channel", "campaign")


def levels(**columns: list) -> list[str]:
    n = len(next(iter(columns.values())))
    told = {name: np.array(columns.get(name, [None] * n), dtype=object) for name in COLUMNS}
    return [f.name for f in common_levels(told, np.ones(n, dtype=bool))]


def test_common_values_become_features_the_commonest_first() -> None:
    assert levels(state=["GOA"] * 40 + ["BIHAR"] * 50 + ["DELHI"] * 29) == ["state=BIHAR", "state=GOA"]


def test_a_column_with_one_value_has_no_levels() -> None:
    assert levels(state=["GOA"] * 90) == []


def test_missing_is_no_level_of_its_own() -> None:
    assert levels(state=[None] * 50 + ["GOA"] * 50 + ["BIHAR"] * 10) == ["state=GOA"]


def test_at_most_forty_levels_of_a_column() -> None:
    assert len(levels(category=[f"c{i}" for i in range(60) for _ in range(30)])) == 40


def test_of_a_campaign_its_first_word_is_the_level() -> None:
    assert levels(campaign=["meta-s1"] * 20 + ["Meta x"] * 15 + ["google"] * 31) == [
        "campaign_source=meta", "campaign_source=google"]  # fmt: skip


def test_on_plenty_of_orders_a_column_with_a_rate_has_no_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PLENTY", 80)
    assert levels(state=["A"] * 40 + ["B"] * 40, channel=["web"] * 40 + ["app"] * 40) == ["channel=web", "channel=app"]
    assert levels(state=["A"] * 40 + ["B"] * 39, channel=["web"] * 79) == ["state=A", "state=B"]


def test_only_rows_to_learn_from_make_levels() -> None:
    told = {n: np.array(["A"] * 40 + ["B"] * 40, dtype=object) for n in COLUMNS}
    assert [f.name for f in common_levels(told, np.arange(80) < 45)][:1] == ["state=A"]
    assert "state=B" not in [f.name for f in common_levels(told, np.arange(80) < 45)]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ([1.0] * 100, False),
        ([np.nan] * 100, False),
        ([1.0] * 71 + [0.0] * 29, False),
        ([1.0] * 70 + [0.0] * 30, True),
        ([1.0] * 70 + [np.nan] * 30, True),
        ([np.nan] * 71 + [0.0] * 29, False),
        (list(range(100)), True),
    ],
)
def test_a_column_says_something_if_thirty_rows_differ_from_its_commonest_value(column: list, says: bool) -> None:
    assert varies(np.array(column, dtype=float)[:, None]).tolist() == [says]
