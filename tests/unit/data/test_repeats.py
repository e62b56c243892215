"""Rows that tell an order again: with another amount, or word for word."""

from pathlib import Path
from typing import Any

import pytest

from data.errors import DataError, UsageError
from tests.helpers.imports import NATIVE_HEAD, NEWS_HEAD, Shop
from tests.helpers.tables import edges

NEWS = f"{NEWS_HEAD}\ne0,o1,m1,delivered,2025-03-04T10:00Z,2025-03-04T10:00Z,,,\n"

ROWS = """
rows                         | two amounts | alike
o1 900; o2 900               | 0           | 0
o1 900; o1 700               | 1           | 0
o1 900; o1 900; o2 10; o2 10 | 0           | 2
o1 900; o1                   | 0           | 0
o1; o1 900; o1 900; o1 800   | 1           | 1
"""


def read(folder: Path, rows: str) -> Any:
    told = [(*row.split(), "")[:2] for row in rows.split("; ")]
    cells = "".join(f"{order},m1,2025-03-01T10:00Z,{amount}\n" for order, amount in told)
    shop = Shop(folder)
    news = shop.file("news.csv", NEWS)
    return shop.read("native", shop.file("orders.csv", f"{NATIVE_HEAD}\n{cells}"), news)


@pytest.mark.parametrize(("rows", "two", "alike"), edges(ROWS))
def test_orders_with_two_amounts_look_wrong_and_equal_rows_are_counted(
    tmp_path: Path, rows: str, two: str, alike: str
) -> None:
    found = read(tmp_path, rows)
    assert (found.notes.get("orders_with_two_amounts", 0), found.notes.get("rows_alike", 0)) == (int(two), int(alike))
    looks = [doubt.found for doubt in found.doubts if doubt.name == "two_amounts"]
    assert bool(looks) == bool(int(two))
    assert all("orders.csv row" in text for text in looks)


def test_news_alone_says_what_to_do_with_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with pytest.raises(UsageError, match="in this import with the news or in an earlier one"):
        shop.read("native", shop.file("news.csv", NEWS))


REFUSED = """
cell              | first
2025-13-45        | add its format to `formats` in the mapping
1999-12-31T10:00Z | fix the row
"""


@pytest.mark.parametrize(("cell", "first"), edges(REFUSED))
def test_what_to_do_comes_by_what_is_wrong(tmp_path: Path, cell: str, first: str) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,{cell},9\n")
    with pytest.raises(DataError) as refused:
        shop.read("native", file)
    assert refused.value.to_do.startswith(first)


def test_an_order_told_on_two_days_is_refused_with_the_day_as_a_person_reads_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    file = shop.file("orders.csv", f"{NATIVE_HEAD}\no1,m1,2025-03-01T10:00Z,9\no1,m1,2025-03-05T10:00Z,9\n")
    with pytest.raises(DataError) as refused:
        shop.read("native", file)
    assert (refused.value.code, refused.value.got) == ("DQ008", "'2025-03-05 10:00 UTC'")
