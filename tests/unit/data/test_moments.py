"""Cells into moments: formats, zones, days, and that a cell means the same whatever stands beside it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import SECOND
from data.files.moments import ISO, end_of_local_day, ends_of_local_days, moments
from tests.helpers.tables import edges


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


TIMES = """
cell                      | format            | zone             | moment
2025-03-01T10:00:00+05:30 | ISO8601           | UTC              | 2025-03-01T04:30:00+00:00
2025-03-01T10:00Z         | ISO8601           | Asia/Kolkata     | 2025-03-01T10:00:00+00:00
2025-03-01 10:00-0500     | ISO8601           | Asia/Kolkata     | 2025-03-01T15:00:00+00:00
2025-03-01 10:00          | ISO8601           | Asia/Kolkata     | 2025-03-01T04:30:00+00:00
2025-03-01                | ISO8601           | Asia/Kolkata     | 2025-02-28T18:30:00+00:00
04-30-22                  | %m-%d-%y,%m-%d-%Y | Asia/Kolkata     | 2022-04-29T18:30:00+00:00
04-12-2022                | %m-%d-%y,%m-%d-%Y | Asia/Kolkata     | 2022-04-11T18:30:00+00:00
01/03/2025 10:00 +0530    | %d/%m/%Y %H:%M %z | UTC              | 2025-03-01T04:30:00+00:00
2025-10-26 02:30          | ISO8601           | Europe/Berlin    | 2025-10-26T01:30:00+00:00
2025-03-30 02:30          | ISO8601           | Europe/Berlin    | 2025-03-30T01:00:00+00:00
10:00 01-03-2025          | %H:%M %d-%m-%Y    | Asia/Kolkata     | 2025-03-01T04:30:00+00:00
31/02/2025                | %d/%m/%Y          | UTC              | -
04-30-22                  | %m-%d-%Y          | UTC              | -
1741000000000000          | ISO8601           | UTC              | -
soon                      | ISO8601           | UTC              | -
"""


@pytest.mark.parametrize(("cell", "layout", "zone", "moment"), edges(TIMES))
def test_a_moment(cell: str, layout: str, zone: str, moment: str) -> None:
    found = moments(pa.array([cell, None, cell]), layout.split(","), zone)
    assert found.bad.tolist() == [moment == "-", True, moment == "-"]
    if moment != "-":
        assert found.micros.tolist() == [micros(moment), 0, micros(moment)]


def test_one_column_may_mix_local_and_zoned_times() -> None:
    cells = pa.array(["2025-03-01 10:00", "2025-03-01T10:00Z"])
    assert moments(cells, ["ISO8601"], "Asia/Kolkata").micros.tolist() == [
        micros("2025-03-01T04:30+00:00"),
        micros("2025-03-01T10:00+00:00"),
    ]


AT = micros("2025-03-01T10:00+00:00")
LOCAL = datetime.fromisoformat("2025-03-01T15:30")
TYPED = {
    "local nanoseconds": pa.array([LOCAL, None], pa.timestamp("ns")),
    "local milliseconds": pa.array([LOCAL, None], pa.timestamp("ms")),
    "zoned": pa.array([datetime(2025, 3, 1, 10, tzinfo=UTC), None], pa.timestamp("us", "Asia/Tokyo")),
    "whole numbers": pa.array([AT, None]),
    "floats": pa.array([float(AT), None]),
    "small whole numbers of a file": pa.array([AT, None], pa.uint64()),
}


@pytest.mark.parametrize("name", TYPED)
def test_typed_moments_of_parquet(name: str) -> None:
    found = moments(TYPED[name], ["ISO8601"], "Asia/Kolkata")
    assert (found.micros.tolist(), found.bad.tolist()) == ([AT, 0], [False, True])


@pytest.mark.parametrize("cell", [AT + 0.5, float("inf"), 2.0**53])
def test_a_float_that_is_no_whole_number_of_microseconds_is_no_moment(cell: float) -> None:
    assert moments(pa.array([cell]), ["ISO8601"], "UTC").bad.tolist() == [True]


@pytest.mark.parametrize("cells", [pa.array([True]), pa.array([[1]]), pa.nulls(1)])
def test_flags_and_lists_are_no_moments(cells: pa.Array) -> None:
    assert moments(cells, ["ISO8601"], "UTC").bad.tolist() == [True]


@pytest.mark.parametrize("layout", ["ISO8601", "%d/%m/%Y"])
def test_days_of_parquet_and_excel_are_local_days_whatever_the_format_of_texts(layout: str) -> None:
    found = moments(pa.array([date(2025, 3, 1), None]), [layout], "Asia/Kolkata")
    assert (found.micros.tolist(), found.bad.tolist()) == ([micros("2025-02-28T18:30+00:00"), 0], [False, True])


DAYS = """
zone             | moment                    | end
Asia/Kolkata     | 2025-03-01T00:00:00+05:30 | 2025-03-02T00:00:00+05:30
Asia/Kolkata     | 2025-03-01T21:00:00+05:30 | 2025-03-02T00:00:00+05:30
Europe/Berlin    | 2025-03-30T00:00:00+01:00 | 2025-03-31T00:00:00+02:00 | 23 hours
Europe/Berlin    | 2025-10-26T00:00:00+02:00 | 2025-10-27T00:00:00+01:00 | 25 hours
America/New_York | 2025-11-02T23:30:00-05:00 | 2025-11-03T00:00:00-05:00
"""


@pytest.mark.parametrize(("zone", "moment", "end"), edges(DAYS))
def test_the_last_microsecond_of_a_local_day(zone: str, moment: str, end: str) -> None:
    assert end_of_local_day(micros(moment), zone) == micros(end) - 1


@given(
    st.integers(micros("2001-01-01T00:00+00:00"), micros("2060-01-01T00:00+00:00")),
    st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_the_end_of_a_day_lies_in_that_day_and_the_next_moment_does_not(moment: int, zone: str) -> None:
    end = end_of_local_day(moment, zone)
    day, last, next_ = (datetime.fromtimestamp(m // SECOND, ZoneInfo(zone)).date() for m in (moment, end, end + 1))
    assert (last, next_) == (day, day + timedelta(days=1))
    assert end >= moment


@given(
    st.lists(st.integers(micros("2001-01-01T00:00+00:00"), micros("2060-01-01T00:00+00:00")), min_size=1, max_size=9)
)
def test_many_ends_of_days_are_the_ends_one_by_one(told: list[int]) -> None:
    for zone in ("Asia/Kolkata", "America/New_York"):
        ends = ends_of_local_days(np.array(told), zone)
        assert ends.tolist() == [end_of_local_day(moment, zone) for moment in told]


def test_a_day_that_stands_for_never_has_an_end() -> None:
    assert (
        end_of_local_day(micros("9999-12-31T00:00+00:00"), "UTC") == micros("9999-12-31T00:00+00:00") + 86_399_999_999
    )


WORDS = ["now", "today", "soon", "2025-02-31", "2025-03-01T10:00:00.1234567Z", "2025-03-01T10:00+5:30", "20250301",
         "2025-03", "2025-03-01 24:00", "2025-03-01T10:00z", "1999-12-31", "2025-03-01T10:00 -05:00", "2025-3-1", "0001-01-01", "2025-03-01Z"]  # fmt: skip
WRITTEN = st.builds(
    lambda moment, layout, zone: moment.strftime(layout) + zone,
    st.datetimes(datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2100-01-01")),
    st.sampled_from(
        ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%d/%m/%Y", "%m/%d/%Y"]
    ),
    st.sampled_from(["", "", "Z", "+05:30", "-0500", "+05", " Z"]),
) | st.sampled_from(WORDS)
LAYOUTS = [["ISO8601"], ["%d/%m/%Y", "%m/%d/%Y"], ["%d/%m/%Y", "ISO8601"], ["ISO8601", "%m/%d/%Y %z", "%m/%d/%Y"]]


@given(st.lists(st.none() | WRITTEN, max_size=8), st.sampled_from(LAYOUTS), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_a_cell_means_the_same_alone_and_beside_others(cells: list[str | None], formats: list[str], zone: str) -> None:
    together = moments(pa.array(cells, pa.string()), formats, zone)
    alone = [moments(pa.array([cell], pa.string()), formats, zone) for cell in cells]
    assert together.micros.tolist() == [m.micros[0] for m in alone]
    assert together.fitted.tolist() == [m.fitted[0] for m in alone]
    assert (together.later, together.twice) == (sum(m.later for m in alone), sum(m.twice for m in alone))


@given(WRITTEN, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
def test_iso_times_are_read_as_pandas_reads_them(cell: str, zone: str) -> None:
    found = moments(pa.array([cell, cell]), [ISO], zone)
    read = pd.to_datetime(pd.Series([cell]), format=ISO, errors="coerce", utc=True)[0]
    if read is pd.NaT or cell in ("now", "today"):
        assert found.bad.tolist() == [True, True]
        return
    if not any(sign in cell[10:] for sign in "Z+-"):
        read = read.tz_localize(None).tz_localize(zone, ambiguous=False, nonexistent="shift_forward")
    assert found.micros.tolist() == [int(read.as_unit("us").asm8.view("i8"))] * 2


def test_words_that_mean_the_clock_are_no_moments() -> None:
    for layout in (ISO, "%d/%m/%Y"):
        assert moments(pa.array(["now", "today", "Now"]), [layout], "UTC").bad.all()


def test_the_first_format_that_fits_wins_and_the_others_are_counted() -> None:
    cells = pa.array(["05/03/2025", "25/03/2025", "03/25/2025", "04/04/2025", "x"])
    day_first = moments(cells, ["%d/%m/%Y", "%m/%d/%Y"], "UTC")
    assert [datetime.fromtimestamp(m // SECOND, UTC).day for m in day_first.micros[:4].tolist()] == [5, 25, 25, 4]
    assert day_first.fitted.tolist() == [0, 0, 1, 0, -1]
    assert (day_first.later, day_first.twice) == (1, 1)  # 04/04 means one day either way
    month_first = moments(cells, ["%m/%d/%Y", "%d/%m/%Y"], "UTC")
    assert [datetime.fromtimestamp(m // SECOND, UTC).day for m in month_first.micros[:4].tolist()] == [3, 25, 25, 4]


@pytest.mark.parametrize("odd", ["soon", "2025-02-31T10:00Z", "2025-03-01 10:00", "20250301"])
def test_a_cell_that_a_sample_does_not_see_is_read_all_the_same(odd: str) -> None:
    cells = ["2025-03-01T10:00:00Z"] * 3_000
    cells[1_700] = odd
    found, alone = moments(pa.array(cells), [ISO], "Asia/Kolkata"), moments(pa.array([odd]), [ISO], "Asia/Kolkata")
    assert (found.micros[1_700], found.bad[1_700]) == (alone.micros[0], alone.bad[0])
    assert (np.delete(found.micros, 1_700) == micros("2025-03-01T10:00+00:00")).all()
