"""Probabilities from elsewhere: matched by order id, refused where they cannot be meant."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import DataError
from training.beside import read_beside

ORDERS = {name: np.array(values, dtype=object) for name, values in
          {"order_id": ["o1", "o2", "o3"], "merchant_id": ["acme", "acme", "bell"]}.items()}  # fmt: skip
TWINS = {"order_id": ORDERS["order_id"][[0, 0, 2]], "merchant_id": np.array(["acme", "bell", "bell"], dtype=object)}


def written(folder: Path, **columns) -> Path:
    path = folder / "their_model.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


def test_they_are_matched_by_order_and_silent_on_the_rest(tmp_path):
    found = read_beside(written(tmp_path, order_id=["o3", "o9", "o1"], p=[0.3, 0.9, 0.1]), ORDERS)
    assert found.name == "their model"
    np.testing.assert_array_equal(found.p, [0.1, np.nan, 0.3])


def test_order_ids_that_repeat_are_told_apart_by_merchant(tmp_path):
    path = written(tmp_path, order_id=["o1", "o1"], merchant_id=["bell", "acme"], p=[0.2, 0.1])
    np.testing.assert_array_equal(read_beside(path, TWINS).p, [0.1, 0.2, np.nan])


@pytest.mark.parametrize(
    ("columns", "orders", "got"),
    [
        ({"order_id": ["o1"]}, ORDERS, "no column p"),
        ({"order": ["o1"], "p": [0.1]}, ORDERS, "no column order_id"),
        ({"order_id": ["o1"], "p": ["high"]}, ORDERS, "p as "),
        ({"order_id": ["o1", "o2"], "p": [0.1, 1.2]}, ORDERS, "1 values of p outside 0 to 1"),
        ({"order_id": ["o1", "o1"], "p": [0.1, 0.2]}, ORDERS, "1 order ids that stand twice in their_model.parquet"),
        ({"order_id": ["o1"], "p": [0.1]}, TWINS, "stand twice in the history"),
        ({"order_id": ["o7"], "p": [0.1]}, ORDERS, "no order of this pool"),
        ({"order_id": ["o1"], "p": [np.nan]}, ORDERS, "no order of this pool"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, columns, orders, got):
    with pytest.raises(DataError, match=rf"(?s)BACK003 .*got .*{got}.*expected.*to do"):
        read_beside(written(tmp_path, **columns), orders)


@pytest.mark.parametrize("name", ["absent.parquet", "text.parquet", "."])
def test_a_file_that_is_none_is_refused(tmp_path, name):
    (tmp_path / "text.parquet").write_text("order_id,p\no1,0.1\n")
    with pytest.raises(DataError, match="BACK003"):
        read_beside(tmp_path / name, ORDERS)
