"""Exports as strangers send them, harder than `exports`: other tongues, codes, titles, numbers written in two ways.

Each comes with what a person who reads it would say: which column is which.
"""

import json
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

from tests.helpers.exports import Made, _csv, made_orders

UNKNOWN_CODE_AT = 40
"""The order of `courier_sheet` whose code nobody knows."""


@dataclass(frozen=True)
class Odd:
    """Files, and the truth of them. columns: column of the contract -> header; `status` and kinds of news too."""

    paths: list[Path]
    columns: dict[str, str]


def seller_workbook(folder: Path) -> Odd:
    """An Indonesian seller's workbook: a sheet of sums, a sheet of orders below a title, months in letters."""
    from openpyxl import Workbook

    words = {"delivered": "Selesai", "rto": "Retur ke pengirim", "cancelled": "Dibatalkan", "open": "Dalam pengiriman"}
    book = Workbook()
    book.active.title = "Ringkasan"
    book.active.append(["Bulan", "Jumlah"])
    for month in range(1, 4):
        book.active.append([month, 100 * month])
    sheet = book.create_sheet("Pesanan")
    sheet.append(["Laporan Penjualan"])
    sheet.append(["Periode", "Jan - Mar 2025"])
    sheet.append([])
    sheet.append(["No. Pesanan", "Tgl Order", "Nama Toko", "Nama Pembeli", "No HP", "Alamat Lengkap", "Kecamatan", "Kota Tujuan", "Provinsi",
                  "Kode Pos", "Nama Barang", "Jml", "Total Harga", "Ongkir", "Pembayaran", "Kurir", "No Resi", "Tgl Kirim", "Status",
                  "Tgl Status", "Catatan"])  # fmt: skip
    for m in made_orders():
        sent = f"{m.placed + timedelta(days=1):%d %b %Y}" if m.fate != "cancelled" else None
        sheet.append([
            f"INV/2025/{m.n:05d}", f"{m.placed:%d %b %Y %H:%M}", "Toko Melati", f"Pembeli {'ABCDEFGHIJ'[m.n % 10]} Santoso", f"0812{m.n:08d}",
            f"Jl. Mawar No {m.n}", "Tebet", "Jakarta", "DKI Jakarta", 12810 + m.n % 9, ("Kaos", "Sepatu", "Tas")[m.n % 3], 1 + m.n % 2,
            m.amount * 100, 9000, "COD" if m.cod else "Transfer", "JNE", f"JX{10**8 + m.n}", sent, words[m.fate],
            None if m.closed is None else f"{m.closed:%d %b %Y}", "tolong cepat" if m.n % 4 == 0 else None,
        ])  # fmt: skip
    path = folder / "penjualan.xlsx"
    book.save(path)
    return Odd([path], {
        "order_id": "No. Pesanan", "placed_at": "Tgl Order", "merchant_id": "Nama Toko", "name": "Nama Pembeli", "phone": "No HP",
        "line1": "Alamat Lengkap", "district": "Kecamatan", "city": "Kota Tujuan", "state": "Provinsi", "pincode": "Kode Pos",
        "category": "Nama Barang", "quantity": "Jml", "amount_minor": "Total Harga", "shipping_fee_minor": "Ongkir",
        "payment_method": "Pembayaran", "status": "Status", "dispatched": "Tgl Kirim", "delivered": "Tgl Status",
    })  # fmt: skip


def app_and_scans(folder: Path) -> Odd:
    """A Colombian shop: its own numbers and seconds since 1970 in JSON lines, the courier's scans in a CSV, one row for each
    scan, the number with letters and zeros before it."""
    lines, scans = [], []
    words = {"delivered": "ENTREGADO", "rto": "DEVUELTO AL REMITENTE", "cancelled": "ANULADO", "open": "EN REPARTO"}
    for m in made_orders():
        lines.append(json.dumps({
            "pedido": 4100 + m.n, "creado": int(m.placed.replace(tzinfo=UTC).timestamp()), "cliente": f"Luz {'ABCDEFGHIJ'[m.n % 10]} Gómez",
            "celular": f"+57300{m.n:07d}", "direccion_envio": f"Calle {m.n} # 12-{m.n % 90}", "barrio": "Centro", "ciudad": "Cali",
            "departamento": "Valle", "valor_total": m.amount * 10, "medio_pago": "contraentrega" if m.cod else "tarjeta",
            "producto": ("Reloj", "Gafas")[m.n % 2], "cantidad": 1, "plataforma": ("web", "app")[m.n % 2],
        }))  # fmt: skip
        sent = m.placed + timedelta(days=1)
        steps = [(sent, "EN TRANSITO", "")] if m.fate != "cancelled" else []
        steps += [(sent + timedelta(days=2), "INTENTO FALLIDO", "Cliente ausente")] if m.fate == "rto" else []
        closed = m.closed or sent + timedelta(days=1)
        steps += [(closed, words[m.fate], "Rehusado por el cliente" if m.fate == "rto" else "")]
        scans += [{"Guia": f"24{m.n:07d}", "Ref. Cliente": f"PED-{4100 + m.n:08d}", "Fecha Estado": f"{at:%Y/%m/%d %H:%M}", "Estado Guia": word,
                   "Novedad": why, "Peso": "1"} for at, word, why in steps]  # fmt: skip
    orders = folder / "pedidos.jsonl"
    orders.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Odd([orders, _csv(folder / "guias.csv", scans, delimiter="|", encoding="latin-1")], {
        "order_id": "pedido", "placed_at": "creado", "name": "cliente", "phone": "celular", "line1": "direccion_envio", "line2": "barrio",
        "city": "ciudad", "state": "departamento", "amount_minor": "valor_total", "payment_method": "medio_pago",
        "category": "producto", "quantity": "cantidad", "channel": "plataforma", "status": "Estado Guia",
        "delivered": "Fecha Estado", "reason": "Novedad",
    })  # fmt: skip


def courier_sheet(folder: Path) -> Odd:
    """A courier's workbook for a small Indian seller: titles above, short heads, codes, a total below, one code unknown."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["SPEEDY LOGISTICS PVT LTD"])
    sheet.append(["Client:", "Lotus Crafts"])
    sheet.append([])
    sheet.append(["Sr", "Docket No", "Bkg Dt", "Shipper", "Cnee", "Cnee Mob", "Cnee Addr", "Dest", "Dest Pin", "Contents", "Pcs", "Wt", "Decl Val",
                  "COD Amt", "Stat", "Dlv Dt", "RTO Dt", "Rmks"])  # fmt: skip
    for m in made_orders():
        sheet.append(_row_of_courier(m))
    sheet.append(
        ["Total", None, None, None, None, None, None, None, None, None, 160, None, 99_999, None, None, None, None, None]
    )
    path = folder / "mis.xlsx"
    book.save(path)
    return Odd([path], {
        "order_id": "Docket No", "placed_at": "Bkg Dt", "merchant_id": "Shipper", "name": "Cnee", "phone": "Cnee Mob",
        "line1": "Cnee Addr", "city": "Dest", "pincode": "Dest Pin", "category": "Contents", "quantity": "Pcs",
        "amount_minor": "Decl Val", "payment_method": "COD Amt", "status": "Stat", "delivered": "Dlv Dt", "rto_started": "RTO Dt",
    })  # fmt: skip


def _row_of_courier(m: Made) -> list[object]:
    codes = {"delivered": "DL", "rto": "RT", "cancelled": "CNCL", "open": "INT"}
    pin, city, _ = m.place
    closed = None if m.closed is None else f"{m.closed:%d-%b-%y}"
    return [
        m.n + 1, f"D{770000 + m.n}", f"{m.placed:%Y%m%d}", ("Lotus Crafts", "Lotus Home")[m.n % 2], f"Anil {'ABCDEFGHIJ'[m.n % 10]} Rao", int(m.phone),
        f"Plot {m.n}, MG Road", city.upper(), int(pin), ("Lamp", "Vase", "Rug")[m.n % 3], 1, 0.5, m.amount, m.amount if m.cod else 0,
        "XZ9" if m.n == UNKNOWN_CODE_AT else codes[m.fate], closed if m.fate == "delivered" else None, closed if m.fate == "rto" else None, None,
    ]  # fmt: skip


ODD = {f.__name__: f for f in (seller_workbook, app_and_scans, courier_sheet)}
