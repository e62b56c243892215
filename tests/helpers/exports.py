"""Small exports of shops nobody has mapped: made-up people, known fates. Each is written as its panel would."""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_DAY = datetime(2025, 1, 3)  # noqa: DTZ001 - exports write local times
PINS = (("800001", "Patna", "Bihar"), ("560001", "Bengaluru", "Karnataka"), ("400081", "Mumbai", "Maharashtra"),
        ("110001", "New Delhi", "Delhi"), ("700061", "Kolkata", "West Bengal"))  # fmt: skip
FATES = ("delivered", "delivered", "delivered", "rto", "delivered", "cancelled", "rto", "open")


@dataclass(frozen=True)
class Made:
    """One made-up order."""

    n: int
    placed: datetime
    fate: str
    cod: bool
    rng: random.Random

    @property
    def closed(self) -> datetime | None:
        days = {"delivered": 4, "rto": 11, "cancelled": 1}.get(self.fate)
        return None if days is None else self.placed + timedelta(days=days, hours=3)

    @property
    def place(self) -> tuple[str, str, str]:
        return PINS[self.n % len(PINS)]

    @property
    def phone(self) -> str:
        return f"98{self.n % 90:02d}{(self.n * 7919) % 1_000_000:06d}"

    @property
    def amount(self) -> int:
        return 300 + (self.n * 37) % 2_000


def made_orders(n: int = 160) -> Iterator[Made]:
    rng = random.Random(7)
    for i in range(n):
        placed = FIRST_DAY + timedelta(hours=9 * i, minutes=rng.randrange(60))
        yield Made(i, placed, rng.choice(FATES), rng.random() < 0.7, rng)


def fates(n: int = 160) -> dict[str, int]:
    """How many of the made-up orders ended how."""
    told = [m.fate for m in made_orders(n)]
    return {fate: told.count(fate) for fate in sorted(set(told))}


def _csv(
    path: Path, rows: list[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8", title: str = ""
) -> Path:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes((title + out.getvalue()).encode(encoding))
    return path


def woocommerce(folder: Path) -> list[Path]:
    """JSON lines of a shop's orders, line items inside; refused parcels are told by a status of a courier plugin."""
    words = {"delivered": "completed", "rto": "rto-returned-to-origin", "cancelled": "cancelled", "open": "processing"}
    lines = []
    for m in made_orders():
        pin, city, state = m.place
        items = [{"sku": f"SKU-{m.n % 9}", "quantity": 1 + m.n % 2, "price": m.amount / 2}]
        items += [{"sku": "SKU-X", "quantity": 1, "price": 50}] if m.n % 5 == 0 else []
        lines.append(json.dumps({
            "id": 7000 + m.n, "number": str(7000 + m.n), "status": words[m.fate], "currency": "INR",
            "date_created": m.placed.isoformat(), "total": f"{m.amount}.00", "discount_total": "0.00",
            "shipping_total": "49.00", "payment_method": "cod" if m.cod else "razorpay",
            "payment_method_title": "Cash on delivery" if m.cod else "Cards, UPI",
            "billing": {"first_name": "Asha", "email": f"buyer{m.n}@example.com", "phone": m.phone},
            "shipping": {"address_1": f"{m.n} Gandhi Road", "city": city, "state": state, "postcode": pin, "country": "IN"},
            "line_items": items, "date_completed": m.closed.isoformat() if m.fate == "delivered" and m.closed else None,
        }))  # fmt: skip
    path = folder / "orders.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return [path]


def courier_panel(folder: Path) -> list[Path]:
    """An Indian courier panel's CSV: a title line, day first, PIN codes as floats, RTO with a time of its own."""
    words = {"delivered": "DELIVERED", "rto": "RTO DELIVERED", "cancelled": "CANCELED", "open": "IN TRANSIT"}
    rows = []
    for m in made_orders():
        pin, city, state = m.place
        rows.append({
            "Order ID": f"SR{m.n:05d}", "Channel": "Custom", "Channel Created At": f"{m.placed:%d/%m/%Y %I:%M %p}",
            "Product SKU": f"A-{m.n % 7}", "Product Quantity": 1, "Order Total": f"{m.amount}.00",
            "Payment Method": "COD" if m.cod else "Prepaid", "Customer Name": f"Ravi K{m.n}", "Customer Mobile": m.phone,
            "Address Line 1": f"House {m.n}, near temple", "Address City": city, "Address State": state,
            "Address Pincode": f"{pin}.0", "Status": words[m.fate], "Courier Company": "Bluedart", "AWB Code": 10**9 + m.n,
            "Order Delivered Date": f"{m.closed:%d/%m/%Y}" if m.fate == "delivered" and m.closed else "",
            "RTO Delivered Date": f"{m.closed:%d/%m/%Y}" if m.fate == "rto" and m.closed else "",
            "Freight Total Amount": f"{40 + (30 if m.fate == 'rto' else 0)}.00",
        })  # fmt: skip
    return [_csv(folder / "report.csv", rows, title="Shipment report\n\n")]


def arabic_shop(folder: Path) -> list[Path]:
    """A COD shop in Egypt: Arabic headers and statuses, Windows encoding, semicolons, all cash."""
    words = {"delivered": "تم التسليم", "rto": "رفض الاستلام", "cancelled": "ملغي", "open": "قيد التوصيل"}
    rows = [{
        "رقم الطلب": 9000 + m.n, "تاريخ الطلب": f"{m.placed:%Y-%m-%d %H:%M}", "الاسم": f"عميل {m.n}",
        "رقم الهاتف": f"010{(m.n * 7919) % 100_000_000:08d}", "العنوان": f"شارع {m.n} عمارة", "المحافظة": "القاهرة" if m.n % 2 else "الجيزة",
        "المبلغ": m.amount, "طريقة الدفع": "الدفع عند الاستلام", "الحالة": words[m.fate],
    } for m in made_orders()]  # fmt: skip
    return [_csv(folder / "talabat.csv", rows, delimiter=";", encoding="cp1256")]


def spanish_shop(folder: Path) -> list[Path]:
    """A COD shop in Spain: Excel, decimal commas as text, statuses in a second workbook, both keyed by Pedido."""
    from openpyxl import Workbook

    words = {"delivered": "Entregado", "rto": "Devuelto al remitente", "cancelled": "Anulado", "open": "En camino"}
    orders, courier = Workbook(), Workbook()
    orders.active.append(
        ["Pedido", "Fecha", "Nombre", "Teléfono", "Dirección", "Ciudad", "Provincia", "CP", "Importe", "Forma de pago"]
    )
    courier.active.append(["Pedido", "Estado", "Última actualización"])
    for m in made_orders():
        orders.active.append([
            f"P-{m.n:04d}", m.placed, f"Cliente {m.n}", f"+34612{m.n:06d}", f"Calle Mayor {m.n}", "Sevilla", "Sevilla", 41001 + m.n % 9,
            f"{m.amount // 10},{m.amount % 10}0 €", "Contra reembolso" if m.cod else "Tarjeta",
        ])  # fmt: skip
        courier.active.append([f"P-{m.n:04d}", words[m.fate], m.closed])
    orders.save(folder / "pedidos.xlsx")
    courier.save(folder / "transportista.xlsx")
    return [folder / "pedidos.xlsx", folder / "transportista.xlsx"]


EXPORTS = {f.__name__: f for f in (woocommerce, courier_panel, arabic_shop, spanish_shop)}
