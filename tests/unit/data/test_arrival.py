"""What is kept of an order: the same alone as in bulk, without personal values, and without what was not told."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import arrival, contract
from data.arrival import MISSING, Desk, arrive, local_minute
from data.contract import SECOND
from data.files import distinct
from data.keeping.journal import packed
from data.persons.tokens import token, token_maker
from data.places import load_register
from tests.helpers.histories import rows_of

KEY = b"k" * 32


class Names:
    """Pseudonyms in order of first appearance, in memory."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, bytes], int] = {}

    def assign(self, kind: str, tokens: list[bytes | None]) -> "np.ndarray[Any, Any]":
        return np.array(
            [MISSING if t is None else self.known.setdefault((kind, t), len(self.known)) for t in tokens],
            dtype=np.int64,
        )


def desk(names: Names | None = None, key: bytes = KEY) -> Desk:
    return Desk(key, (names or Names()).assign, load_register())


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


ORDERS = st.fixed_dictionaries(
    {
        "order_id": st.uuids().map(str),
        "merchant_id": st.sampled_from(["m1", "m2"]),
        "placed_at": st.integers(contract.EARLIEST, 4 * 10**15),
        "phone": maybe("9876543210", "+91 98765 43210", "98765O3210", "081234567890"),
        "email": maybe("a1@b.co", "A1@B.co", "nobody", "asha.devi9@gmail.com", "xkjqzv@mailinator.com", " "),
        "name": maybe("Asha Devi", "devi asha", ".", "test", "K R", " "),
        "customer_id": maybe("c1", "c2"),
        "line1": maybe("12 MG Road", "12, M G ROAD", " ", "asdfgh", "शिव मंदिर के पास", "Straße 5"),
        "line2": maybe("Shanti Nagar", "12 MG Road"),
        "landmark": maybe("near temple", "Near Temple"),
        "pincode": maybe("800001", "560001", "999999", "40115"),
        "state": maybe("BIHAR", "bihar", "Karnataka"),
        "district": maybe("Patna", "KOTA SERANG", " "),
        "city": maybe("Patna", "Bangalore", "Nowhere"),
        "country": maybe("IN", "ID"),
        "origin_pincode": maybe("110001"),
        "amount_minor": maybe(0.0, 149_900.0),
        "quantity": maybe(1.0, 3.0),
        "payment_method": maybe("cod", "prepaid"),
        "promised_at": maybe(1_700_000_000_000_000),
        "device_id": maybe("d1", " d1 ", " "),
        "ip": maybe("10.0.0.1"),
        "date_only": st.booleans(),
        "timezone": st.sampled_from(["Asia/Kolkata", "Asia/Jakarta", "UTC"]),
    }
)


def told(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@given(rows=st.lists(ORDERS, min_size=1, max_size=6))
def test_one_order_arrives_the_same_alone_and_in_bulk(rows: list[dict[str, Any]]) -> None:
    names = Names()
    bulk = rows_of(arrive(told(rows), desk(names)))
    alone = [rows_of(arrive(told([row]), desk(names)))[0] for row in rows]
    assert [packed(row) for row in bulk] == [packed(row) for row in alone]


FORMS = {
    "lists": lambda values: values,
    "objects": lambda values: np.array([*values, None], dtype=object)[:-1],
    "arrow": lambda values: pa.array(values, pa.string()),
    "chunks": lambda values: pa.chunked_array([values[:1], values[1:]], pa.string()),
    "dictionaries": lambda values: pa.chunked_array([values[:1], values[1:]], pa.string()).dictionary_encode(),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(rows=st.lists(ORDERS, min_size=1, max_size=6))
def test_many_orders_in_columns_of_any_form_arrive_as_few_in_lists(form: str, rows: list[dict[str, Any]]) -> None:
    few, columns = arrive(told(rows), desk()), dict(told(rows))
    for name, values in columns.items():
        if name in (*arrival._READ, "order_id", "timezone"):
            columns[name] = FORMS[form](values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "FEW", 0)
        many = arrive(columns, desk())
    assert [packed(row) for row in rows_of(many)] == [packed(row) for row in rows_of(few)]
    assert {name: column.dtype for name, column in many.items()} == {name: column.dtype for name, column in few.items()}


@given(rows=st.lists(ORDERS, min_size=1, max_size=6))
def test_what_is_kept_has_the_columns_and_types_of_the_contract(rows: list[dict[str, Any]]) -> None:
    kept = arrive(told(rows), desk())
    expected = {*contract.KEPT_TEXT, *contract.KEPT_NUMBERS, *contract.TOKEN_COLUMNS, "placed_at"}
    assert set(kept) == expected
    for name, column in kept.items():
        kind = object if name in contract.KEPT_TEXT else float if name in contract.KEPT_NUMBERS else np.int64
        assert column.dtype == kind, name
        assert len(column) == len(rows)


PERSONS = {
    "phone": ("+91 98765 43210", "09876543210", "9123456780"),
    "email": ("Asha@Example.com ", "asha@example.com", "other@example.com"),
    "name": ("Devi, Asha", "asha DEVI", "Bimal"),
    "customer_id": ("c1", "c1", "c2"),
    "device_id": (" d1", "d1", "d2"),
    "ip": ("10.0.0.1", "10.0.0.1 ", "10.0.0.2"),
}


@pytest.mark.parametrize("kind", PERSONS)
def test_one_person_has_one_pseudonym_however_spelled(kind: str) -> None:
    values = [*PERSONS[kind], None, ""]
    rows = [{"order_id": str(i), "merchant_id": "m1", "placed_at": 10**15, kind: v} for i, v in enumerate(values)]
    first, again, other, absent, empty = arrive(told(rows), desk())[kind]
    assert first == again != other
    assert absent == empty == MISSING


def test_an_address_is_its_text_and_its_pin() -> None:
    base = {"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "line1": "12, MG Road", "pincode": "800001"}
    rows = [base, base | {"line1": "12 mg ROAD."}, base | {"pincode": "800002"}, base | {"line1": None}]
    first, again, elsewhere, absent = arrive(told(rows), desk())["address"]
    assert first == again != elsewhere
    assert absent == MISSING


def test_a_customer_number_belongs_to_its_merchant_and_a_phone_to_the_pool() -> None:
    base = {"order_id": "1", "placed_at": 10**15, "customer_id": "7", "phone": "9876543210"}
    kept = arrive(told([base | {"merchant_id": m} for m in ("m1", "m2")]), desk())
    assert kept["customer_id"][0] != kept["customer_id"][1]
    assert kept["phone"][0] == kept["phone"][1]


def test_tokens_depend_on_the_key_and_the_kind() -> None:
    assert len({token(KEY, "phone", "1"), token(b"x" * 32, "phone", "1"), token(KEY, "ip", "1")}) == 3
    assert token(KEY, "phone", "1") == token(KEY, "phone", "1")
    assert len(token(KEY, "phone", "1")) == 16


@given(
    key=st.binary(min_size=1, max_size=100),
    kind=st.sampled_from(["phone", "ip"]),
    values=st.lists(st.text(st.characters(codec="utf-8"))),
)
def test_tokens_made_in_bulk_are_the_tokens(key: bytes, kind: str, values: list[str]) -> None:
    make = token_maker(key, kind)
    assert [make(value) for value in values] == [token(key, kind, value) for value in values]


PLACES = [
    ({"pincode": "800001"}, ("BIHAR", "PATNA"), math.nan),
    ({"pincode": "800001", "state": "Bihar", "district": "Elsewhere"}, ("BIHAR", "PATNA"), 0.0),
    ({"pincode": "800001", "state": "Karnataka"}, ("BIHAR", "PATNA"), 1.0),
    ({"pincode": "999999", "state": " Bihar ", "district": "patna"}, ("BIHAR", "PATNA"), math.nan),
    ({"country": "BD", "district": "Natore"}, ("NATORE", "NATORE"), math.nan),
    ({"country": "PK", "city": "Karachi", "state": "Sindh"}, ("SINDH", "KARACHI"), math.nan),
    ({"country": "IN", "city": "Karachi"}, (None, None), math.nan),
    ({"state": "Bihar"}, ("BIHAR", None), math.nan),
    ({"pincode": "800001", "country": "ID", "state": "Banten"}, ("BANTEN", None), math.nan),
    ({}, (None, None), math.nan),
]


@pytest.mark.parametrize(("order", "place", "mismatch"), PLACES)
def test_the_register_knows_the_place_and_the_export_is_asked_else(
    order: dict[str, str], place: tuple[str | None, str | None], mismatch: float
) -> None:
    row = {"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, **order}
    kept = arrive(told([row]), desk())
    assert (kept["state"][0], kept["district"][0]) == place
    np.testing.assert_equal(kept["place_mismatch"][0], mismatch)


@pytest.mark.parametrize(
    ("phone", "valid"), [("9876543210", 1.0), ("98765O3210", 0.0), (None, math.nan), ("", math.nan)]
)
def test_a_phone_nobody_gave_is_not_an_invalid_one(phone: str | None, valid: float) -> None:
    kept = arrive(told([{"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "phone": phone}]), desk())
    np.testing.assert_equal(kept["phone_valid"][0], valid)


def test_the_minute_is_that_of_the_merchants_day() -> None:
    noon = 1_740_830_400 * SECOND  # 2025-03-01 12:00 UTC
    assert local_minute(noon, "UTC") == 720
    assert local_minute(noon, "Asia/Kolkata") == 17 * 60 + 30
    assert local_minute(noon, "Asia/Kathmandu") == 17 * 60 + 45
    assert local_minute(noon + 11 * 3600 * SECOND, "Asia/Kolkata") == 4 * 60 + 30


def test_no_orders_arrive_as_no_orders() -> None:
    kept = arrive({"order_id": [], "merchant_id": [], "placed_at": []}, desk())
    assert {len(column) for column in kept.values()} == {0}


def test_arrival_keeps_no_told_text_that_is_personal() -> None:
    personal = {c.name for c in contract.ORDER_COLUMNS if c.personal}
    assert not personal & set(contract.KEPT_TEXT)
    assert not personal & set(arrival._TOLD_TEXT)


CANARY = {
    "customer_id": "zq-cust-77", "phone": "+919812345607", "email": "zq03.canary@example.in", "name": "Zqofour Canary",
    "line1": "Zqofive House 77", "line2": "Zqosix Lane", "landmark": "near Zqoseven Mandir", "city": "Zqoeightpur",
    "device_id": "dev-Zq09xK", "ip": "203.0.113.187",
}  # fmt: skip


def test_of_personal_values_only_pseudonyms_and_numbers_are_kept() -> None:
    row = {"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "pincode": "800001", "country": "IN", **CANARY}
    [kept] = rows_of(arrive(told([row]), desk()))
    assert {name for name, value in kept.items() if isinstance(value, str)} <= set(contract.KEPT_TEXT)
    assert all(isinstance(kept[name], float) for name in contract.TEXT_MEASURES)
    text = packed(kept).casefold()
    assert [value for value in (*CANARY.values(), "9812345607", "zqo") if value.casefold() in text] == []


def test_all_measures_are_told_of_an_order_that_tells_all() -> None:
    row = {"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "pincode": "800001", "country": "IN",
           "state": "Bihar", **CANARY, "city": "Patna", "origin_pincode": "110001"}  # fmt: skip
    kept = arrive(told([row]), desk())
    untold = {"amount_minor", "discount_minor", "shipping_fee_minor", "n_units", "promised_at"}
    assert {name for name in contract.KEPT_NUMBERS if math.isnan(kept[name][0])} == untold
    assert kept["text_measures_version"][0] == contract.TEXT_MEASURES_VERSION == 3


def test_no_measures_are_told_of_an_order_that_tells_nothing() -> None:
    kept = arrive(told([{"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "name": " "}]), desk())
    assert all(math.isnan(kept[name][0]) for name in contract.TEXT_MEASURES)


KNOWN_PINS = [("800001", None, 1.0), ("800001", "IN", 1.0), ("999999", "IN", 0.0), ("12", None, 0.0),
              ("40115", "ID", math.nan), (None, "IN", math.nan)]  # fmt: skip


@pytest.mark.parametrize(("pincode", "country", "known"), KNOWN_PINS)
def test_a_pin_code_is_known_or_not_in_india_only(pincode: str | None, country: str | None, known: float) -> None:
    row = {"order_id": "1", "merchant_id": "m1", "placed_at": 10**15, "pincode": pincode, "country": country}
    np.testing.assert_equal(arrive(told([row]), desk())["pin_known"][0], known)


def test_one_live_order_arrives_without_data_frames() -> None:
    code = (
        "import sys, numpy as np; from data.arrival import Desk, arrive; from data.places import load_register; "
        "desk = Desk(b'k' * 32, lambda kind, tokens: np.zeros(len(tokens), np.int64), load_register()); "
        "arrive({'order_id': ['1'], 'merchant_id': ['m'], 'placed_at': [10**15], 'phone': ['9876543210']}, desk); "
        "print(sorted({'pandas', 'pyarrow', 'numba', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
