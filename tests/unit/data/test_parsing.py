"""Cells into values: numbers, money, PIN codes, codes, and above all moments."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import parsing
from data.contract import SECOND
from data.mapping import Source
from data.parsing import Unfit
from tests.helpers.tables import edges


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


NUMBERS = """
cell         | value
1499         | 1499
 1,499.00    | 1499
1,23,456.50  | 123456.5
₹ 1,499      | 1499
Rs. 1 499    | 1499
INR 20       | 20
-3.5         | -3.5
149,50       | - | a comma for decimals is not guessed at
1,49         | -
1.499,00     | -
12abc        | -
nan          | -
inf          | -
1_000        | -
"""


@pytest.mark.parametrize(("cell", "value"), edges(NUMBERS))
def test_a_number(cell: str, value: str) -> None:
    if value != "-":
        assert parsing.number(cell) == float(value)
        return
    with pytest.raises(Unfit):
        parsing.number(cell)


@pytest.mark.parametrize("cell", [[1], {"a": 1}, datetime(2025, 3, 1, tzinfo=UTC), float("inf")])
def test_a_typed_cell_that_is_no_number_is_unfit_and_no_crash(cell: object) -> None:
    with pytest.raises(Unfit):
        parsing.number(cell)


MONEY = """
cell      | unit  | digits | minor
1499.00   | major | 2      | 149900
0.29      | major | 2      | 29
1499      | major | 0      | 1499
1.5       | major | 3      | 1500
149900    | minor | 2      | 149900
149900.0  | minor | 2      | 149900
0         | major | 2      | 0
1499.5    | minor | 2      | DQ003
-1        | major | 2      | DQ011
free      | major | 2      | DQ003
1e300     | major | 2      | DQ003
"""


@pytest.mark.parametrize(("cell", "unit", "digits", "minor"), edges(MONEY))
def test_money_in_minor_units(cell: str, unit: str, digits: str, minor: str) -> None:
    parse = parsing.money(unit, int(digits))
    if not minor.startswith("DQ"):
        assert parse(cell) == float(minor)
        return
    with pytest.raises(Unfit) as unfit:
        parse(cell)
    assert unfit.value.code == minor


@given(st.integers(0, 10**13))
def test_money_written_with_two_decimals_keeps_every_paisa(minor: int) -> None:
    assert parsing.money("major", 2)(f"{minor // 100}.{minor % 100:02d}") == minor


PINS = """
cell      | country | pin
400081    | IN      | 400081
400081.0  | IN      | 400081
400 081   | IN      | 400081
4000811   | IN      | -
040008    | IN      | -
SW1A 1AA  | GB      | SW1A 1AA
"""


@pytest.mark.parametrize(("cell", "country", "pin"), edges(PINS))
def test_a_pin_code(cell: str, country: str, pin: str) -> None:
    parse = parsing.pincode(country)
    if pin != "-":
        assert parse(cell) == pin
        return
    with pytest.raises(Unfit, match="DQ010"):
        parse(cell)


def test_a_pin_code_read_as_a_float_is_a_pin_code() -> None:
    assert parsing.pincode("IN")(400081.0) == "400081"


def test_codes_of_country_and_currency_are_upper_case_and_of_the_right_length() -> None:
    assert parsing.code(3, "a currency")(" inr ") == "INR"
    for cell in ("rupee", "R1", "₹₹₹"):
        with pytest.raises(Unfit, match="DQ006"):
            parsing.code(3, "a currency")(cell)


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
    cells = pd.Series([cell, None, f" {cell} "], dtype="str")
    found, bad = parsing.times(cells, Source(column="c", formats=layout.split(",")), zone)
    assert bad.tolist() == [moment == "-", True, moment == "-"]
    if moment != "-":
        assert found.tolist() == [micros(moment), 0, micros(moment)]


def test_one_column_may_mix_local_and_zoned_times() -> None:
    cells = pd.Series(["2025-03-01 10:00", "2025-03-01T10:00Z"], dtype="str")
    found, _ = parsing.times(cells, Source(column="c"), "Asia/Kolkata")
    assert found.tolist() == [micros("2025-03-01T04:30+00:00"), micros("2025-03-01T10:00+00:00")]


AT = micros("2025-03-01T10:00+00:00")
TYPED = {
    "nanoseconds": pd.Series([pd.Timestamp("2025-03-01 15:30"), pd.NaT]),
    "zoned": pd.Series([pd.Timestamp("2025-03-01 10:00", tz="UTC"), pd.NaT]),
    "integers": pd.Series([AT, AT]),
    "integers with a gap": pd.Series([AT, np.nan]),
    "nullable integers": pd.Series([AT, None], dtype="Int64"),
}


@pytest.mark.parametrize("name", TYPED)
def test_typed_moments_of_parquet(name: str) -> None:
    found, bad = parsing.times(TYPED[name], Source(column="c"), "Asia/Kolkata")
    assert found[0] == AT
    assert bad.tolist() == [False, name != "integers"]


def test_days_of_parquet_are_local_days() -> None:
    found, bad = parsing.times(pd.Series([date(2025, 3, 1), None], dtype=object), Source(column="c"), "Asia/Kolkata")
    assert (found[0], bad.tolist()) == (micros("2025-02-28T18:30+00:00"), [False, True])


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
    assert parsing.end_of_local_day(micros(moment), zone) == micros(end) - 1


@given(
    st.integers(micros("2001-01-01T00:00+00:00"), micros("2060-01-01T00:00+00:00")),
    st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_the_end_of_a_day_lies_in_that_day_and_the_next_moment_does_not(moment: int, zone: str) -> None:
    end = parsing.end_of_local_day(moment, zone)
    day, last, next_ = (datetime.fromtimestamp(m // SECOND, ZoneInfo(zone)).date() for m in (moment, end, end + 1))
    assert (last, next_) == (day, day + timedelta(days=1))
    assert end >= moment


def test_cutting_and_translating_a_cell() -> None:
    source = Source.model_validate({"column": "c", "part": {"separator": "-"}, "values": {"Reguler (Cashless)": "r"}})
    parse = parsing.translated(source, parsing.plain_text)
    assert parse("reguler (cashless) - SPX Standard") == "r"
    with pytest.raises(Unfit, match="DQ006"):
        parse("Kargo-SPX")
    last = Source.model_validate({"column": "c", "part": {"separator": "/", "index": -1}})
    assert parsing.translated(last, parsing.plain_text)("a/b/c") == "c"
    assert parsing.translated(last, parsing.plain_text)("alone") == "alone"
