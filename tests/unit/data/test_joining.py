"""Many lines into orders, against a plain loop over them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import DAY, SECOND
from data.files.joining import Joined, good_rows, join, orders_of
from data.files.lines import Lines
from data.files.mapping import Mapping
from data.files.sheets import Sheet

T0 = 1_740_000_000 * SECOND
MAPPING = Mapping.model_validate({
    "name": "mine", "merchant_id": "m1", "rules": [{}],
    "orders": {"order_id": {"column": "a"}, "placed_at": {"column": "b"}, "amount_minor": {"column": "c", "sum_lines": True}},
})  # fmt: skip
LINE = st.fixed_dictionaries({
    "order_id": st.sampled_from(["o1", "o2", "o3"]),
    "merchant_id": st.sampled_from(["m1", "m2", None]),
    "days": st.sampled_from([0, 0, 0, 0.5, 3]),
    "amount_minor": st.none() | st.sampled_from([100.0, 250.0]),
    "price_minor": st.none() | st.sampled_from([10.0, 20.0]),
    "quantity": st.none() | st.sampled_from([1.0, 2.0]),
    "sku": st.none() | st.sampled_from(["a", "b"]),
    "phone": st.none() | st.sampled_from(["p1", "p1", "p2"]),
    "refused": st.sampled_from([False] * 9 + [True]),
})  # fmt: skip
TEXTS, NUMBERS = ("order_id", "merchant_id", "sku", "phone"), ("amount_minor", "price_minor", "quantity")


def lines_of(rows: list[dict[str, Any]]) -> Lines:
    sheet = Sheet("orders.csv", pa.table({"a": [r["order_id"] for r in rows]}), np.arange(len(rows)) + 2)
    columns: dict[str, Any] = {n: pa.array([r[n] for r in rows], pa.string()) for n in TEXTS}
    columns |= {n: np.array([np.nan if r[n] is None else r[n] for r in rows]) for n in NUMBERS}
    lines = Lines(sheet, columns | {"placed_at": np.array([T0 + int(r["days"] * DAY) for r in rows])})
    lines.bad = np.array([r["refused"] for r in rows])
    return lines


def expected(files: list[list[dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """Orders and faults, one line after the other."""
    rows = [
        {**r, "merchant_id": r["merchant_id"] or "m1", "file": f, "at": i}
        for f, file in enumerate(files)
        for i, r in enumerate(file)
    ]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for r in rows:
        groups.setdefault((r["merchant_id"], r["order_id"]), []).append(r)
    faults = []
    for own in groups.values():
        sound = [r for r in own if not r["refused"]]
        phones = [r["phone"] for r in sound if r["phone"]]
        for r in sound:
            faults += [(r["file"], r["at"], "placed_at")] if abs(r["days"] - sound[0]["days"]) > 1 else []
            faults += [(r["file"], r["at"], "phone")] if r["phone"] not in (None, *phones[:1]) else []
    struck = {(f, at) for f, at, _ in faults} | {(r["file"], r["at"]) for r in rows if r["refused"]}
    orders = [_order(own) for own in groups.values() if not any((r["file"], r["at"]) in struck for r in own)]
    return orders, sorted(faults)


def _order(own: list[dict[str, Any]]) -> dict[str, Any]:
    own = [r for r in own if r["file"] == own[0]["file"]]
    dearest = max(own, key=lambda r: r["price_minor"] or r["amount_minor"] or -1.0)
    sums = {n: None if any(r[n] is None for r in own) else sum(r[n] for r in own) for n in ("amount_minor", "quantity")}
    first = own[0]
    return {"order_id": first["order_id"], "merchant_id": first["merchant_id"], "phone": first["phone"],
            "sku": dearest["sku"], "n_lines": len(own), "amount_minor": sums["amount_minor"], "n_units": sums["quantity"]}  # fmt: skip


def _found(joined: Joined, read: list[Lines]) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    placing, _ = good_rows(joined, read, {})
    orders = orders_of(joined, placing, MAPPING)
    names = ("order_id", "merchant_id", "phone", "sku", "n_lines", "amount_minor", "n_units")
    columns = [c.tolist() if isinstance(c := orders.columns[n], np.ndarray) else c.to_pylist() for n in names]
    rows = [{n: None if v != v else v for n, v in zip(names, row, strict=True)} for row in zip(*columns, strict=True)]
    return rows, sorted((f, fault.row - 2, fault.column) for f, part in enumerate(read) for fault in part.faults)


@given(st.lists(st.lists(LINE, min_size=1, max_size=7), min_size=1, max_size=3))
def test_orders_and_refusals_are_those_of_a_plain_loop(files: list[list[dict[str, Any]]]) -> None:
    read = [lines_of(rows) for rows in files]
    joined = join(read, [None] * len(read), MAPPING, None)
    assert _found(joined, read) == expected(files)


PLAIN = {"order_id": "o1", "merchant_id": "m1", "days": 0, "sku": "a", "phone": "p1", "refused": False}


@pytest.mark.parametrize(
    ("prices", "pieces", "worth"),
    [((100.0, 50.0), (2.0, 1.0), 250.0), ((100.0, None), (2.0, 1.0), None), ((100.0, 50.0), (2.0, None), None)],
)
def test_the_worth_of_all_goods_stands_for_an_amount_that_no_file_tells_and_for_each_of_an_order_that_is_asked_about(
    prices: tuple[float | None, ...], pieces: tuple[float | None, ...], worth: float | None
) -> None:
    told = [
        PLAIN | {"price_minor": p, "quantity": q, "amount_minor": None} for p, q in zip(prices, pieces, strict=True)
    ]
    without, somewhere = lines_of(told), lines_of(told)
    del without.columns["amount_minor"]
    for lines, asked, wanted in ((without, False, worth), (somewhere, False, None), (somewhere, True, worth)):
        joined = join([lines], [None], MAPPING, None)
        orders = orders_of(joined, good_rows(joined, [lines], {})[0], MAPPING, asked)
        [found] = orders.columns["amount_minor"].tolist()
        assert (None if found != found else found) == wanted
