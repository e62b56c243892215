"""One cell into a value: numbers, money, PIN codes, codes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import parsing
from data.files.mapping import Source
from data.files.parsing import Unfit
from tests.helpers.tables import edges

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
1e308     | major | 3      | DQ003 | more than a number can hold
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


def test_cutting_and_translating_a_cell() -> None:
    source = Source.model_validate({"column": "c", "part": {"separator": "-"}, "values": {"Reguler (Cashless)": "r"}})
    parse = parsing.translated(source, parsing.plain_text)
    assert parse("reguler (cashless) - SPX Standard") == "r"
    with pytest.raises(Unfit, match="DQ006"):
        parse("Kargo-SPX")
    last = Source.model_validate({"column": "c", "part": {"separator": "/", "index": -1}})
    assert parsing.translated(last, parsing.plain_text)("a/b/c") == "c"
    assert parsing.translated(last, parsing.plain_text)("alone") == "alone"
