"""What is kept of an order: the same alone as in bulk, without personal values, and without what was not told."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import arrival, contract
from data.arrival import MISSING, Desk, arrive, local_minute, token
from data.contract import SECOND
from data.journal import packed, rows_of
from data.places import load_register

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
        "email": maybe("a1@b.co", "A1@B.co", "nobody"),
        "name": maybe("Asha Devi", "devi asha", "."),
        "customer_id": maybe("c1", "c2"),
        "line1": maybe("12 MG Road", "12, M G ROAD", " "),
        "landmark": maybe("near temple", "Near Temple"),
        "pincode": maybe("800001", "560001", "999999", "40115"),
        "state": maybe("BIHAR", "bihar", "Karnataka"),
        "district": maybe("Patna", "KOTA SERANG"),
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


PLACES = [
    ({"pincode": "800001"}, ("BIHAR", "PATNA"), math.nan),
    ({"pincode": "800001", "state": "Bihar", "district": "Elsewhere"}, ("BIHAR", "PATNA"), 0.0),
    ({"pincode": "800001", "state": "Karnataka"}, ("BIHAR", "PATNA"), 1.0),
    ({"pincode": "999999", "state": " Bihar ", "district": "patna"}, ("BIHAR", "PATNA"), math.nan),
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
