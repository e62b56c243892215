"""Drafts: exports nobody has mapped are understood as far as words and values go, and asked about beyond."""

import tomllib
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from data.drafting.columns import guesses
from data.drafting.dates import dates_of
from data.drafting.draft import draft
from data.drafting.look import Look
from data.drafting.statuses import news_of, statuses_of
from data.drafting.write import toml_of
from data.files.mapping import Mapping
from data.news import told_of
from tests.helpers.exports import EXPORTS, fates
from tests.helpers.imports import Shop
from tests.helpers.tables import edges


def proposal(*paths: Path) -> str:
    return toml_of(draft(list(paths), lambda *step: None))


def ends(news: list[str]) -> str:
    told = set(news) - {"placed", "dispatched"}  # a parcel under way is open
    return "rto" if told & {"rto_started", "rto_received"} else next(iter(told), "open")


@pytest.mark.parametrize("name", EXPORTS)
def test_a_strangers_export_imports_as_drafted_with_every_fate_as_it_was(tmp_path: Path, name: str) -> None:
    paths = EXPORTS[name](tmp_path)
    mapping = Mapping(**tomllib.loads(proposal(*paths)))
    imported = Shop(tmp_path).read(mapping, *paths)
    of_order: dict[str, list[str]] = {}
    for told in told_of(imported.news):
        of_order.setdefault(told.order_id, []).append(told.type)
    assert Counter(map(ends, of_order.values())) == fates()
    assert {"amount_minor", "payment_method", "phone", "line1"} <= set(mapping.orders)
    assert set(imported.orders["payment_method"]) == ({"cod"} if name == "arabic_shop" else {"cod", "prepaid"})
    assert imported.orders["amount_minor"].min() >= 3_000


@pytest.mark.parametrize("name", EXPORTS)
def test_a_draft_shows_nobodys_name_phone_or_address(tmp_path: Path, name: str) -> None:
    text = proposal(*EXPORTS[name](tmp_path))
    for personal in (
        "Asha",
        "@example",
        "Ravi",
        "Gandhi",
        "near temple",
        "عميل",
        "شارع",
        "Cliente ",
        "Calle",
        "+34612",
        "9800000",
    ):
        assert personal not in text


def test_columns_known_late_are_never_columns_of_an_order(tmp_path: Path) -> None:
    mapping = Mapping(**tomllib.loads(proposal(*EXPORTS["courier_panel"](tmp_path))))
    used = {source.column for source in mapping.orders.values()}
    assert used.isdisjoint(
        {"Status", "Courier Company", "AWB Code", "Order Delivered Date", "RTO Delivered Date", "Freight Total Amount"}
    )


DATES = """
cells                                   | formats                  | date only | doubt
2025-03-01, 2025-12-31                  | ISO8601                  | yes       |
2025-03-01 10:00, 2025-03-01T10:00:05Z  | ISO8601                  | no        |
31/01/2025, 01/02/2025                  | %d/%m/%Y                 | yes       |
01/31/2025, 02/01/2025                  | %m/%d/%Y                 | yes       |
01/02/2025, 03/04/2025                  | %d/%m/%Y                 | yes       | day or month
04-30-22, 04-12-2022                    | %m-%d-%Y %m-%d-%y        | yes       |       | two ways in one column
13.02.2025 07:05 PM, 14.02.2025 07:05 AM | %d.%m.%Y_%I:%M_%p       | no        |
01 Mar 2025, 12 Apr 2025                | %d_%b_%Y                 | yes       |
Mar 01, 2025; Apr 12, 2025              | %b_%d,_%Y                | yes       |
"""


@pytest.mark.parametrize(("cells", "formats", "date_only", "doubt"), edges(DATES))
def test_how_a_column_writes_its_times(cells: str, formats: str, date_only: str, doubt: str) -> None:
    found = dates_of(pd.Series(cells.split("; ") if ";" in cells else cells.split(", ")))
    assert found is not None
    assert sorted(f.replace(" ", "_") for f in found.formats) == sorted(formats.split())
    assert found.date_only is (date_only == "yes")
    assert bool(found.doubt) is bool(doubt)
    assert found.share == 1


@pytest.mark.parametrize("cells", [["12", "13"], ["9876543210"], ["a/b/c"], ["x"], [None], ["560001"], ["1.2.3"]])
def test_what_is_no_time(cells: list[str | None]) -> None:
    assert dates_of(pd.Series(cells, dtype=object)) is None


WORDS = """
status                       | news
Delivered                    | delivered
Shipped - Delivered to Buyer | delivered
RTO_DELIVERED                | rto_received
RTO IN TRANSIT               | rto_started
Shipped - Returned to Seller | rto_started
Undelivered                  | attempt_failed
No entregado                 | attempt_failed
Out For Delivery             |
En reparto                   |
Entregado                    | delivered
Devuelto al remitente        | rto_started
تم التسليم                   | delivered
رفض الاستلام                 | rto_started
Livré                        | delivered
Anulado                      | cancelled
Lost in transit              | lost
wc-completed                 | delivered
"""


@pytest.mark.parametrize(("status", "news"), edges(WORDS))
def test_what_a_status_stands_for(status: str, news: str) -> None:
    found = news_of(status)
    assert found is not None
    assert found[0] == news


def test_a_bare_returned_is_asked_about() -> None:
    def told(*cells: str) -> dict[str, tuple[str, bool]]:
        return {s.value: (s.news, bool(s.doubt)) for s in statuses_of(Look("Status", pa.chunked_array([list(cells)])))}

    assert told("Delivered", "Returned")["Returned"] == ("rto_started", True)
    assert told("Delivered", "Returned", "RTO")["Returned"] == ("returned", True)
    assert told("Delivered", "Frobnicated")["Frobnicated"] == ("?", True)


def test_a_header_is_held_against_its_cells() -> None:
    def chosen(**columns: list[object]) -> dict[str, str]:
        looks = [Look(name, pa.chunked_array([pa.array(cells)])) for name, cells in columns.items()]
        return {role: guess.look.name for role, guess in guesses(looks).items()}

    dates = ["2025-03-01", "2025-03-02"]
    assert chosen(Phone=["98765 43210", "91234 56789"], Date=dates) == {"phone": "Phone", "placed_at": "Date"}
    assert chosen(Phone=["red", "blue"]) == {}
    assert chosen(Contact=["a@b.co", "c@d.co"]) == {"email": "Contact"}
    late = {"Delivered": dates, "CourierName": ["u", "v"]}
    assert chosen(ProductName=["x", "y"], Date=dates, **late) == {"category": "ProductName", "placed_at": "Date"}
    assert chosen(**late) == {"placed_at": "Delivered"}  # the only times there are: asked about
    assert chosen(Zip=["01234", "560001"], Total=["1,499.00", "Rs 9"]) == {"pincode": "Zip", "amount_minor": "Total"}


def test_lines_of_an_order_sums_and_first_rows_are_seen(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    lined = "".join(f"{i // 2},2025-03-{1 + i // 2:02d},{i + 10},Delivered\n" for i in range(20))
    mapping = Mapping(**tomllib.loads(proposal(shop.file("a.csv", "Order ID,Date,Amount,Status\n" + lined))))
    assert mapping.orders["amount_minor"].sum_lines
    first = "".join(f"{i},2025-03-{1 + i:02d},99,A,Delivered\n{i},,,B,\n" for i in range(20))
    mapping = Mapping(**tomllib.loads(proposal(shop.file("b.csv", "Order ID,Date,Total,SKU,Status\n" + first))))
    assert mapping.lines is not None
    assert set(mapping.lines.fill_down) == {"Date", "Total", "Status"}
    assert not mapping.orders["amount_minor"].sum_lines


def test_rto_told_by_a_column_of_reasons_goes_before_the_status(tmp_path: Path) -> None:
    rows = "".join(
        f"{i},2025-03-{1 + i % 28:02d},{'Batal' if i % 4 == 0 else 'Selesai'},{'Pengiriman gagal' if i % 8 == 0 else ''}\n"
        for i in range(80)
    )
    path = Shop(tmp_path).file("a.csv", "No Pesanan,Tanggal Pesanan,Status Pesanan,Alasan\n" + rows)
    mapping = Mapping(**tomllib.loads(proposal(path)))
    assert mapping.rules[0].when == {"Alasan": ["Pengiriman gagal"]}
    assert [n.type for n in mapping.rules[0].news] == ["rto_started"]


def test_a_file_without_statuses_gets_a_draft_that_says_so(tmp_path: Path) -> None:
    text = proposal(Shop(tmp_path).file("a.csv", "Order ID,Date\n1,2025-03-01\n2,2025-03-02\n"))
    assert "# ? no column tells what became of the orders" in text
    Mapping.model_validate(tomllib.loads(text), context={"outcomes": False})
    with pytest.raises(ValidationError, match="without outcomes nothing is learned"):
        Mapping(**tomllib.loads(text))
