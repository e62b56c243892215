"""Do the service's text keys and the replay's codes name the same keys?"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from data.arrival import NEW
from data.history import Told
from features.key_codes import KeyCodes
from features.keys import KINDS, SEPARATOR, key_of
from tests.helpers.histories import T0, history_of, worlds

FULL = {"phone": 3, "email": 4, "address": 5, "device_id": 6, "ip": 7, "customer_id": 8, "pincode": "800001",
        "district": "PATNA", "state": "BIHAR", "merchant_id": "m1", "sku": "S", "category": "C", "campaign": "K",
        "courier": "fast"}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@given(world=worlds())
@settings(max_examples=15)
def test_the_text_of_each_code_is_the_key_of_its_order(
    name: str, world: tuple[list[dict[str, Any]], list[Told]]
) -> None:
    history, kind = history_of(*world), KINDS[name]
    coded = KeyCodes(history)
    (codes, n_keys), texts = coded.of(kind), coded.texts(kind)
    assert len(texts) == n_keys == len(set(texts))
    for i in range(len(history)):
        columns = {c: v[i] for c, v in history.orders.items()}
        assert key_of(kind, columns) == (texts[codes[i]] if codes[i] >= 0 else None)
    for j, row in enumerate(history.corrected["row"]):
        columns = {c: v[row] for c, v in history.orders.items()} | {c: v[j] for c, v in history.corrected.items()}
        code = codes[len(history) + j]
        assert key_of(kind, columns) == (texts[code] if code >= 0 else None)


@pytest.mark.parametrize("name", KINDS)
def test_a_key_lacking_any_part_is_missing(name: str) -> None:
    kind = KINDS[name]
    assert key_of(kind, FULL) is not None
    for part in kind.columns:
        gone = -1 if isinstance(FULL[part], int) else None
        assert key_of(kind, {**FULL, part: gone}) is None
        assert key_of(kind, {k: v for k, v in FULL.items() if k != part}) is None


def test_a_person_never_seen_has_a_key_that_is_nobodys() -> None:
    assert key_of(KINDS["phone"], {"phone": NEW}) == str(NEW)
    assert NEW < -1


def test_goods_and_places_of_two_shops_never_share_a_key() -> None:
    for name in ("sku", "category", "campaign", "merchant_pincode"):
        assert key_of(KINDS[name], FULL) != key_of(KINDS[name], FULL | {"merchant_id": "m2"})


def test_districts_of_one_name_in_two_states_are_two() -> None:
    assert key_of(KINDS["district"], FULL) == f"BIHAR{SEPARATOR}PATNA"
    assert key_of(KINDS["district"], FULL) != key_of(KINDS["district"], FULL | {"state": "GOA"})


def test_numbers_read_from_columns_and_from_json_give_one_key() -> None:
    assert key_of(KINDS["phone"], {"phone": np.int64(12)}) == key_of(KINDS["phone"], {"phone": 12}) == "12"


def test_a_history_in_which_nobody_has_the_key_has_none() -> None:
    history = history_of([{"order_id": "o", "merchant_id": "m", "placed_at": T0}], [])
    coded = KeyCodes(history)
    codes, n_keys = coded.of(KINDS["phone"])
    assert (codes.tolist(), n_keys, coded.texts(KINDS["phone"])) == ([-1], 0, [])
