"""Times read by their digits are those pandas reads, and doubtful ones are left to it."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.files.layouts import plain_times

LAYOUTS = [
    "%Y-%m-%d", "%d-%m-%Y", "%m-%d-%y", "%d/%m/%Y %H:%M", "%Y%m%d", "%d%m%Y", "%Y%m%d%H%M%S", "%H:%M %d-%m-%Y",
    "%Y-%m-%d %H:%M:%S %z", "%d.%m.%Y, %H:%M:%S", "%Y-%m-%dT%H:%M%z",
]  # fmt: skip
PARTS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}


@st.composite
def cells(draw: st.DrawFn) -> tuple[str, str]:
    """A layout, and digits in its shape, of which few are a day; now and then a sign where none should be."""
    layout = draw(st.sampled_from(LAYOUTS))
    cell = layout
    for part, width in PARTS.items():
        cell = cell.replace(part, draw(st.from_regex(rf"\A[0-3][0-9]{{{width - 1}}}\Z")))
    cell = cell.replace("%z", draw(st.sampled_from(["+0530", "-0800", "+1400", "-0099", "+05:30", "Z", "+9900"])))
    at = draw(st.integers(-1, len(cell) - 1))
    return layout, cell if at < 0 else cell[:at] + draw(st.sampled_from(["0", " ", "7", "-", "x", "", "٣"])) + cell[
        at + 1 :
    ]


@given(st.lists(cells(), min_size=1, max_size=9))
@settings(max_examples=60)
@example([("%d%m%Y", "31122025")])
def test_what_is_read_by_its_digits_is_what_pandas_reads(told: list[tuple[str, str]]) -> None:
    layout = told[0][0]
    written = [cell for own, cell in told if own == layout]
    found, fits = plain_times(pa.array(written), layout)
    read = pd.to_datetime(pd.Series(written, dtype="str"), format=layout, errors="coerce", utc=True)
    for moment, fit, other in zip(found.tolist(), fits.tolist(), read.tolist(), strict=True):
        if fit:
            assert pd.Timestamp(moment, unit="us", tz="UTC") == other


@pytest.mark.parametrize(
    ("cell", "layout", "plain"),
    [
        ("29-02-2024 23:59", "%d-%m-%Y %H:%M", True), ("29-02-2023 23:59", "%d-%m-%Y %H:%M", False),
        ("9-02-2024 23:59", "%d-%m-%Y %H:%M", False), ("29-02-2024 24:00", "%d-%m-%Y %H:%M", False),
        ("2024-01-31 00:00:59 -0330", "%Y-%m-%d %H:%M:%S %z", True), ("2024-01-31", "ISO8601", False),
        ("31-Jan-2024", "%d-%b-%Y", False), ("10:00", "%H:%M", False),
    ],
)  # fmt: skip
def test_which_times_are_plain(cell: str, layout: str, plain: bool) -> None:
    assert plain_times(pa.array(["", cell, "é", cell]).slice(1), layout)[1].tolist() == [plain, False, plain]
