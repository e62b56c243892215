"""A made-up market written as shops export it: the native contract as CSV, and a seller panel's one wide CSV.

Every order is another one, with its own buyer, address and fate, so no stage of an import is spared by repetition.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from data.world.presets import preset_named
from data.world.simulate import World, simulate

UNTIL = 1_780_000_000_000_000
SCANS = ("dispatched", "out_for_delivery")
"""News left out of the native file, so that an order has two and a half pieces."""

PANEL = Path(__file__).with_name("panel.toml")
_STATUS = {
    "delivered": "Shipped - Delivered to Buyer", "rto_started": "Shipped - Returning to Seller",
    "rto_received": "Shipped - Returned to Seller", "cancelled": "Cancelled", "lost": "Shipped - Lost in Transit",
}  # fmt: skip
_IDLE = ("Tax Type", "Invoice No", "HSN", "Warehouse", "Gift Wrap", "Promotion IDs", "B2B", "Fulfilled By")


@dataclass(frozen=True, slots=True)
class Export:
    """files: as a merchant would hand them over.  mapping: a shipped mapping's name, or the path of one."""

    name: str
    files: list[Path]
    mapping: str


def made_up_market(orders: int, seed: int) -> World:
    """One world for both exports; half a minute for a million orders."""
    return simulate(preset_named("demo"), orders, seed, UNTIL, lambda done, total: None)


def native(world: World, folder: Path) -> Export:
    """Order lines and news, as the contract names their columns."""
    scans = pc.is_in(world.news["type"], pa.array(SCANS))
    files = [folder / "orders.csv", folder / "news.csv"]
    arrow_csv.write_csv(world.orders, files[0])
    arrow_csv.write_csv(world.news.filter(pc.invert(scans)), files[1])
    return Export("native", files, "native")


def panel(world: World, folder: Path) -> Export:
    """A final status and its date beside the order, day-month-year by words of a seller panel, as wide as those are."""
    status, closed = _fates(world)
    lines = world.orders
    local = lines["placed_at"].cast(pa.timestamp("us", "Asia/Kolkata"))
    wide = {
        "Order ID": lines["order_id"], "Seller": lines["merchant_id"], "Date": pc.strftime(local, "%m-%d-%Y %H:%M"),
        "Status": status, "Closed On": closed, "Fulfilment": pa.repeat("Merchant", len(lines)),
        "Sales Channel": lines["channel"], "ship-service-level": lines["courier"], "SKU": lines["sku"],
        "Category": lines["category"], "Qty": lines["quantity"], "currency": lines["currency"],
        "Amount": _major(lines["amount_minor"]), "Discount": _major(lines["discount_minor"]),
        "Payment": pc.if_else(pc.equal(lines["payment_method"], "cod"), "Cash on delivery", "Prepaid"),
        "Buyer": lines["name"], "Phone": lines["phone"], "Email": lines["email"], "Address 1": lines["line1"],
        "Address 2": lines["line2"], "Landmark": lines["landmark"], "ship-city": lines["city"],
        "ship-state": lines["state"], "ship-postal-code": pc.binary_join_element_wise(lines["pincode"], "0", "."),
        **{name: _words(name, len(lines)) for name in _IDLE},
    }  # fmt: skip
    path = folder / "panel.csv"
    arrow_csv.write_csv(pa.table(wide), path)
    return Export("panel", [path], str(PANEL))


def _fates(world: World) -> tuple[Any, Any]:
    """Of each line: the panel's word for its order's last fate, and the day it was closed; open orders have none."""
    ends = world.news.filter(pc.is_in(world.news["type"], pa.array(list(_STATUS)))).sort_by("happened_at")
    orders = ends["order_id"].combine_chunks().dictionary_encode()
    last = np.zeros(len(orders.dictionary), dtype=np.int64)
    last[orders.indices.to_numpy()] = np.arange(len(ends))
    of = pc.index_in(world.orders["order_id"], orders.dictionary).combine_chunks()
    row = pa.array(last).take(of)
    words = pc.index_in(ends["type"], pa.array(list(_STATUS))).combine_chunks().take(row)
    status = pa.array(list(_STATUS.values())).take(words)
    day = pc.strftime(ends["known_at"].cast(pa.timestamp("us", "Asia/Kolkata")), "%m-%d-%Y %H:%M")
    return pc.fill_null(status, "Shipped"), pc.fill_null(day.combine_chunks().take(row), "")


def _major(minor: Any) -> Any:
    return pc.divide(minor.cast(pa.float64()), 100.0)


def _words(name: str, n: int) -> Any:
    """A column nobody maps: a few words, or a number of its own on every row."""
    if name == "Invoice No":
        return pa.array([f"INV-{i:09d}" for i in range(n)])
    words = pa.array([f"{name} {i}" for i in range(7)])
    return words.take(pa.array(np.arange(n) % 7))
