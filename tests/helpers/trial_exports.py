"""Exports as in a stranger's trial: a shop's lines beside a courier's workbook below a title; an app's nested objects."""

import json
from datetime import UTC, timedelta
from pathlib import Path

from tests.helpers.exports import Made, _csv, made_orders
from tests.helpers.odd_exports import Odd


def shop_and_workbook(folder: Path) -> Odd:
    """A shop plugin's CSV, a row for each line; the courier's workbook has a title above its header, days as 05-Jul-25,
    PIN codes as floats, and nothing of orders that were cancelled before they left."""
    from openpyxl import Workbook

    book, lines = Workbook(), []
    sheet = book.active
    sheet.append(["Swift shipments"])
    sheet.append([])
    sheet.append(["AWB No", "Client Ref", "Booked On", "Consignee Pin", "Collectable", "Current Status", "Status Dt"])
    words = {"delivered": "Delivered", "rto": "RTO Initiated", "open": "In Transit"}
    for m in made_orders():
        lines += [_line(m, item) for item in range(1, 2 + m.n % 2)]
        if m.fate != "cancelled":
            last = m.closed or m.placed + timedelta(days=1)
            sheet.append([f"SF{m.n + 7_000_000}", f"#{20_000 + m.n}", f"{m.placed:%d-%b-%y}", float(m.place[0]),
                          m.amount if m.cod else 0, words[m.fate], f"{last:%d-%b-%y}"])  # fmt: skip
    path = folder / "courier.xlsx"
    book.save(path)
    return Odd([_csv(folder / "orders.csv", lines), path], {
        "order_id": "Order Number", "placed_at": "Order Date", "amount_minor": "Order Total Amount", "phone": "Phone (Billing)",
        "pincode": "Postcode (Shipping)", "payment_method": "Payment Method Title", "status": "Current Status",
        "delivered": "Status Dt", "cancelled": "",
    })  # fmt: skip


def _line(m: Made, item: int) -> dict[str, object]:
    status = {"cancelled": "Cancelled", "delivered": "Completed"}.get(m.fate, "Processing")
    return {"Order Number": 20_000 + m.n, "Order Status": status, "Order Date": f"{m.placed:%Y-%m-%d %H:%M}", "City (Shipping)": m.place[1],
            "Postcode (Shipping)": m.place[0], "Phone (Billing)": m.phone, "Address 1&2 (Shipping)": f"Gali {m.n}, Santoso Nagar",
            "Payment Method Title": "Cash on delivery" if m.cod else "Card", "Order Total Amount": f"{m.amount}.00",
            "SKU": f"S-{m.n % 9}-{item}", "Item #": item, "Item Cost": f"{m.amount}.00"}  # fmt: skip


def nested_app(folder: Path) -> Odd:
    """A small app's JSON lines: objects in objects, headers in one word, paise, thousandths of seconds since 1970."""
    words = {"delivered": "DELIVERED", "rto": "RTO_OTW", "cancelled": "CANCELLED_BY_USER", "open": "OFD"}

    def since(moment: object) -> int | None:
        return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000) + 77_777  # type: ignore[attr-defined]

    lines = [json.dumps({
        "orderNo": f"NB-{m.n}", "createdAt": since(m.placed), "updatedAt": since(m.closed or m.placed),
        "user": {"id": f"C{m.n % 60}", "mobile": f"+91{m.phone}", "fullName": f"Anil {'ABCDEFGHIJ'[m.n % 10]} Rao"},
        "deliverTo": {"line1": f"Plot {m.n % 12}, Mawar Road", "town": m.place[1], "stateName": m.place[2], "pin": int(m.place[0])},
        "bill": {"grandTotalPaise": m.amount * 100, "deliveryPaise": 4_900 * (m.n % 2)}, "payMode": "COD" if m.cod else "UPI",
        "cart": [{"skuCode": f"S-{m.n % 9}", "cat": ("hair", "skin")[m.n % 2], "qty": 1, "unitPricePaise": m.amount * 100}],
        "device": {"id": f"d-{m.n}", "ip": f"100.96.2.{m.n % 200}"}, "fulfilment": {"state": words[m.fate]},
    }) for m in made_orders()]  # fmt: skip
    path = folder / "app.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Odd([path], {
        "order_id": "orderNo", "placed_at": "createdAt", "customer_id": "user.id", "phone": "user.mobile", "name": "user.fullName",
        "line1": "deliverTo.line1", "city": "deliverTo.town", "state": "deliverTo.stateName", "pincode": "deliverTo.pin",
        "amount_minor": "bill.grandTotalPaise", "shipping_fee_minor": "bill.deliveryPaise", "payment_method": "payMode",
        "sku": "cart.skuCode", "category": "cart.cat", "quantity": "cart.qty", "price_minor": "cart.unitPricePaise",
        "device_id": "device.id", "ip": "device.ip", "status": "fulfilment.state", "delivered": "updatedAt",
    })  # fmt: skip


TRIAL = {f.__name__: f for f in (shop_and_workbook, nested_app)}
