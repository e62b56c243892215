"""Times written in digits alone: seconds since 1970, and days without a sign between their parts."""

import pandas as pd
import pyarrow as pa
import pytest

from data.contract import SECOND
from data.drafting.dates import dates_of
from data.files.moments import moments
from tests.helpers.tables import edges

SECONDS = 1_751_707_500
WRITTEN = """
cells                                  | formats             | date only
20250705 0925, 20251231 2359           | %Y%m%d_%H%M         | no
20250705, 20251231                     | %Y%m%d              | yes
05072025, 31122025                     | %d%m%Y              | yes
20250705092511, 20251231092511         | %Y%m%d%H%M%S        | no
1751707500, 1761707500                 | EPOCH_S             | no
1751707500123, 1761707500456           | EPOCH_MS            | no
05-Jul-25, 31-Aug-25                   | %d-%b-%y            | yes
2025/07/05 09:25, 2025/12/31 10:00     | %Y/%m/%d_%H:%M      | no
"""


@pytest.mark.parametrize(("cells", "formats", "date_only"), edges(WRITTEN))
def test_how_times_in_digits_are_seen(cells: str, formats: str, date_only: str) -> None:
    found = dates_of(pd.Series(cells.split(", ")))
    assert found is not None
    assert ([f.replace(" ", "_") for f in found.formats], found.date_only) == ([formats], date_only == "yes")


@pytest.mark.parametrize("cells", [["10001", "10002"], ["9876543210"], ["12345678"], ["1234567890123"]])
def test_numbers_that_are_no_times(cells: list[str]) -> None:
    found = dates_of(pd.Series(cells))
    assert found is None or found.doubt


@pytest.mark.parametrize("cells", [pa.array([SECONDS]), pa.array([float(SECONDS)]), pa.array([str(SECONDS)])])
def test_seconds_since_1970_are_read_as_numbers_and_as_text(cells: pa.Array) -> None:
    found = moments(cells, ["EPOCH_S"], "Asia/Kolkata")
    assert (found.micros.tolist(), found.bad.any()) == ([SECONDS * SECOND], False)
    thousandths = moments(pa.array([SECONDS * 1000 + 5]), ["EPOCH_MS"], "UTC")
    assert thousandths.micros.tolist() == [SECONDS * SECOND + 5_000]


def test_a_word_among_seconds_is_refused() -> None:
    assert moments(pa.array(["soon", None, "1751707500"]), ["EPOCH_S"], "UTC").bad.tolist() == [True, True, False]


def test_digits_kept_as_a_number_are_read_by_their_format() -> None:
    read = [
        moments(cells, ["%Y%m%d"], "UTC").micros.tolist() for cells in (pa.array([20250705]), pa.array([20250705.0]))
    ]
    assert read[0] == read[1] == moments(pa.array(["2025-07-05"]), ["ISO8601"], "UTC").micros.tolist()
