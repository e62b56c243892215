"""The mappings that come with the project, on small made-up files of their formats."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from data.label import label
from data.news import told_of
from features.one_order import order_news
from tests.helpers.imports import Shop, refusal, row, said
from tests.helpers.tables import edges

FOREVER = 2**62

MEESHO = """\
Reason for Credit Entry,Sub Order No,Order Date,Customer State,Product Name,SKU,Size,Quantity,Supplier Listed Price (Incl. GST + Commission),Supplier Discounted Price (Incl GST and Commision)
"""
FORWARD = "order_date,sub_order_num,order_status,state,pin,gst_amount,meesho_price,shipping_charges_total,price\n"
STATUSES = """
orders       | report    | news
RTO_COMPLETE | rto       | rto_started
RTO_LOCKED   | Shipped   | rto_started
RTO_OFD      | -         | rto_started
CANCELLED    | rto       | rto_started        | an RTO cancelled afterwards stays one
DELIVERED    | Delivered | delivered
DELIVERED    | Shipped   | delivered
DELIVERED    | Return    | delivered returned
CANCELLED    | -         | cancelled
LOST         | -         | lost
SHIPPED      | Shipped   |
"""


@pytest.mark.parametrize(("status", "report", "news"), edges(STATUSES))
def test_what_the_two_files_of_meesho_say_together(tmp_path: Path, status: str, report: str, news: str) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", MEESHO + f"{status},S1,2025-03-01,Bihar,Gown,g-1,M,1,500.0,450.0\n")
    told = "" if report == "-" else f"2025-03-01,S1,{report},Bihar,800001,9.1,450,60,510\n"
    forward = shop.file("forward.csv", FORWARD + told + "2025-03-01,S9,Shipped,Bihar,800001,9.1,450,60,510\n")
    imported = shop.read("meesho", orders, forward)
    assert [t.type for t in said(imported, "S1")] == news.split()
    kept = row(imported, "S1")
    assert (kept["state"], kept["sku"], kept["n_units"]) == ("BIHAR", "g-1", 1)
    assert (kept["amount_minor"], kept["pincode"]) == (
        (51_000, "800001") if told else (pytest.approx(float("nan"), nan_ok=True), None)
    )
    assert imported.notes["rows_of_the_other_file_left_out"] == 1


def test_the_order_report_of_meesho_is_enough(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.file("orders.csv", MEESHO + "DELIVERED,S1,2025-03-01,Bihar,Gown,g-1,M,1,500.0,450.0\n")
    assert [t.type for t in said(shop.read("meesho", orders), "S1")] == ["delivered"]
    unknown = shop.file("new.csv", MEESHO + "TELEPORTED,S1,2025-03-01,Bihar,Gown,g-1,M,1,500.0,450.0\n")
    assert refusal(shop, "meesho", unknown).code == "DQ007"


def test_the_gift_shop_of_uci(tmp_path: Path) -> None:
    rows = [
        ("536365", "85123A", 6, "2011-01-01 08:26", 2.55, 17850.0), ("536365", "POST", 1, "2011-01-01 08:26", 18.0, 17850.0),
        ("536365", "71053", 2, "2011-01-01 08:26", 3.39, 17850.0), ("C536400", "71053", -1, "2011-01-20 10:00", 3.39, 17850.0),
        ("536366", "85123A", 1, "2011-01-02 09:00", 2.55, 17851.0), ("C536401", "85123A", -1, "2011-03-01 10:00", 2.55, 17851.0),
        ("536367", "85123A", 1, "2011-01-03 09:00", 2.55, None), ("536368", "22139", -23, "2011-01-03 09:30", 0.0, None),
        ("536369", "22139", 5, "2011-01-03 09:40", 0.0, None), ("A536370", "B", 1, "2011-01-04 10:00", -11062.06, None),
        ("536371", "85123A", 1, "2011-02-20 09:00", 2.55, 17852.0),
    ]  # fmt: skip
    names = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    table = pd.DataFrame(rows, columns=names).assign(Country="United Kingdom", Description="x")
    table["InvoiceDate"] = pd.to_datetime(table["InvoiceDate"])
    table.to_parquet(tmp_path / "retail.parquet")
    table.to_csv(tmp_path / "retail.csv", index=False)
    shop = Shop(tmp_path)
    for name in ("retail.parquet", "retail.csv"):
        imported = shop.read("uci-online-retail", tmp_path / name)
        assert sorted(imported.orders["order_id"]) == ["536365", "536366", "536367", "536371"]
        told = {t.order_id: (t.type, t.known_at) for t in told_of(imported.news) if t.type != "placed"}
        times = {k: pd.Timestamp(known, unit="us", tz="UTC").strftime("%m-%d %H:%M") for k, (_, known) in told.items()}
        assert {k: kind for k, (kind, _) in told.items()} == {"536365": "rto_started", "536366": "delivered"}
        assert times == {"536365": "01-20 10:00", "536366": "02-01 09:00"}
        assert (row(imported, "536365")["n_lines"], row(imported, "536365")["n_units"]) == (2, 8)
        assert row(imported, "536365")["amount_minor"] == 6 * 255 + 2 * 339
        notes = {k: v for k, v in imported.notes.items() if v}
        assert notes == {
            "dropped_postage_fees_and_vouchers": 1, "dropped_stock_corrections": 1, "dropped_lines_without_a_price": 1,
            "dropped_bad_debt": 1, "credits_of_a_line": 1, "credits_of_no_line_left_out": 1,
        }  # fmt: skip


SHOPIFY_HEAD = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,"
    "Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,"
    "Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Phone"
)


def shopify(**cells: str) -> str:
    names = SHOPIFY_HEAD.split(",")
    assert not set(cells) - set(names)
    return ",".join(f'"{cells.get(name, "")}"' for name in names)


ORDER = {
    "Currency": "INR", "Shipping": "49.00", "Total": "1548.00", "Discount Amount": "100.00", "Created at": "2025-03-01 10:00:00 +0530",
    "Lineitem quantity": "2", "Lineitem price": "499.00", "Lineitem sku": "SOCK", "Shipping Name": "Asha Devi",
    "Shipping Address1": "12 Gandhi Road", "Shipping City": "Patna", "Shipping Zip": "'800001", "Shipping Province": "BR",
    "Shipping Country": "IN", "Shipping Phone": "098765 43210", "Payment Method": "Cash on Delivery (COD)", "Source": "web",
    "Email": "asha@example.com",
}  # fmt: skip
TAGS = """
tags                 | cancelled | fulfilled | news
RTO                  |           | yes       | rto_started
VIP, rto-initiated   |           | yes       | rto_started
rto, cod             | yes       | yes       | rto_started  | cancelled in the shop once it was back
cod, RTO-Delivered, x |          | yes       | rto_received
delivered            |           | yes       | delivered
Delivered, returned  |           | yes       | delivered returned
lost                 |           | yes       | lost
cartoons             |           | yes       | dispatched   | a word inside a word is no tag
undelivered          |           | yes       | rto_started
                     | yes       |           | cancelled
                     |           |           |
"""


@pytest.mark.parametrize(("tags", "cancelled", "fulfilled", "news"), edges(TAGS))
def test_what_tags_of_a_shopify_order_stand_for(
    tmp_path: Path, tags: str, cancelled: str, fulfilled: str, news: str
) -> None:
    shop = Shop(tmp_path)
    late = {"Cancelled at": "2025-03-09 10:00:00 +0530" if cancelled else "",
            "Fulfilled at": "2025-03-02 10:00:00 +0530" if fulfilled else ""}  # fmt: skip
    first = shopify(**{"Name": "#1001", **ORDER, "Tags": tags, **late})
    more = shopify(Name="#1001", **{"Lineitem quantity": "1", "Lineitem price": "600.00", "Lineitem sku": "SHOE"})
    imported = shop.read("shopify", shop.file("orders.csv", f"{SHOPIFY_HEAD}\n{first}\n{more}\n"), merchant_id="m1")
    assert [t.type for t in said(imported, "#1001")] == news.split()
    kept = row(imported, "#1001")
    assert (kept["amount_minor"], kept["discount_minor"], kept["shipping_fee_minor"]) == (154_800, 10_000, 4_900)
    assert (kept["sku"], kept["n_lines"], kept["n_units"], kept["channel"]) == ("SHOE", 2, 3, "web")
    assert (kept["payment_method"], kept["pincode"], kept["district"], kept["phone_valid"]) == (
        "cod",
        "800001",
        "PATNA",
        1,
    )
    assert label(order_news([t for t in told_of(imported.news) if t.order_id == "#1001"]), FOREVER) == pytest.approx(
        1.0 if "rto" in news else 0.0 if "delivered" in news else float("nan"), nan_ok=True
    )


def test_every_shipped_mapping_says_in_its_head_what_the_export_changes_later() -> None:
    folder = Path(__file__).parents[3] / "data" / "mappings"
    heads = {p.stem: p.read_text(encoding="utf-8").split("name =")[0].lower() for p in folder.glob("*.toml")}
    said_by = Counter(
        {name: sum(w in head for w in ("later", "overwrites", "outcome")) for name, head in heads.items()}
    )
    assert [name for name, n in said_by.items() if not n and name != "native"] == []
