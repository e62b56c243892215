"""What a draft must not take for granted: a state that is a status, two units in one file, an amount nowhere, `fulfilled`."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data.drafting.columns import is_status
from data.drafting.draft import draft
from data.drafting.look import Look
from data.drafting.write import toml_of
from data.files.mapping import Mapping, load_mapping
from tests.helpers.imports import Shop
from tests.helpers.tables import edges

N = 60


def proposal(path: Path, **told: str) -> str:
    return toml_of(draft([path], lambda *step: None, told))


def export(folder: Path, **columns: list[Any]) -> Path:
    """N orders as a CSV: a number, a day, a PIN code, and these columns, repeated from the top."""
    fixed = {
        "Order": [f"A{i}" for i in range(N)],
        "Date": [f"2025-03-{1 + i % 28:02d}" for i in range(N)],
        "PIN": ["800001"],
    }
    table = fixed | {name.replace("_", " "): cells for name, cells in columns.items()}
    rows = [",".join(f'"{cells[i % len(cells)]}"' for cells in table.values()) for i in range(N)]
    path = folder / "orders.csv"
    path.write_text("\n".join([",".join(table), *rows]) + "\n")
    return path


def line_of(text: str, role: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{role} = "))


def test_columns_that_serve_nothing_are_asked_about_where_goods_are_missing(tmp_path: Path) -> None:
    asked = proposal(export(tmp_path, Total=[f"{300 + i}" for i in range(N)], Ware=["hat", "shoe"], Remark=["x"]))
    assert "# ? nothing was found for the goods, pieces, the discount: is it in 'Ware'?" in asked
    known = proposal(
        export(tmp_path, Total=["300", "400"], Products=["hat", "shoe"], Nos=["1", "2"], Coupon=["0", "9"])
    )
    assert "nothing was found for" not in known
    made = tomllib.loads(known)["orders"]
    assert [made[n]["column"] for n in ("category", "quantity", "discount_minor")] == ["Products", "Nos", "Coupon"]


STATES = """
cells                                           | is
delivered, rto, cancelled, in transit           | status
packing, on truck, at hub, delivered, rto       | status
DLV, RTS, OFD                                   | status
Entregado, Devuelto, En bodega                  | status
Bihar, New Delhi, Goa, Andhra Pradesh           | address
DL, RI, OH, MH                                  | address
Antioquia, Nuevo Belén, Valle del Cauca         | address
"""


@pytest.mark.parametrize("head", ["state", "Order State", "Estado", "ship.state"])
@pytest.mark.parametrize(("cells", "found"), edges(STATES))
def test_cells_tell_whether_a_state_is_of_an_address_or_of_an_order(head: str, cells: str, found: str) -> None:
    look = Look(head, pa.chunked_array([cells.split(", ")]))
    assert is_status(look) == (found == "status")


def test_a_state_of_statuses_is_the_status_though_another_column_is_called_so(tmp_path: Path) -> None:
    told = {"state": ["packing", "on truck", "delivered", "rto"], "Status": ["active"], "Total": range(400, 460)}
    written = tomllib.loads(proposal(export(tmp_path, **told)))
    assert "state" not in written["orders"]
    assert {next(iter(rule["when"])) for rule in written["rules"]} == {"state"}


def test_a_state_of_words_that_no_state_of_india_has_is_asked_about(tmp_path: Path) -> None:
    doubted = line_of(proposal(export(tmp_path, state=["wip", "bounced", "gone"], Total=[400])), "state")
    assert "few of these are states of India. If they tell what became of orders: --column status=state" in doubted
    assert "#" not in line_of(proposal(export(tmp_path, state=["Bihar", "MH"], Total=[400])), "state").split("'", 1)[1]


UNITS = """
Total Paise | Discount    | units       | asked of
40000       | 1000        | minor minor | discount_minor
40000       | 10.50       | minor major | discount_minor
"""


@pytest.mark.parametrize(("total", "discount", "units", "asked"), edges(UNITS))
def test_a_file_has_one_unit_of_money_unless_decimals_say_otherwise(
    tmp_path: Path, total: str, discount: str, units: str, asked: str
) -> None:
    text = proposal(
        export(tmp_path, Total_Paise=[total, "55000"], Discount=[discount, "0"], Status=["Delivered", "RTO"])
    )
    orders = tomllib.loads(text)["orders"]
    assert [orders[role]["unit"] for role in ("amount_minor", "discount_minor")] == units.split()
    assert "right?" in line_of(text, asked)
    assert "right?" not in line_of(text, "amount_minor")


def test_an_amount_that_is_a_hundred_prices_is_in_hundredths_and_asked_about(tmp_path: Path) -> None:
    prices = [311 + 7 * i for i in range(N)]
    text = proposal(export(tmp_path, Total=[100 * p for p in prices], Price=prices, Status=["Delivered", "RTO"]))
    orders = tomllib.loads(text)["orders"]
    assert (orders["amount_minor"]["unit"], orders["price_minor"]["unit"]) == ("minor", "major")
    assert "100 times 'Price' on most rows" in line_of(text, "amount_minor")


def test_a_nested_grand_total_is_the_amount_and_its_unit_is_asked_about(tmp_path: Path) -> None:
    lines = [{"order_id": f"o{i}", "placed": f"2025-03-{1 + i % 28:02d}", "totals": {"grand": (400 + i) * 100, "tax": 900},
              "status": ("delivered", "rto")[i % 2], "pin": 800001} for i in range(N)]  # fmt: skip
    path = tmp_path / "app.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    told = line_of(proposal(path), "amount_minor")
    assert 'column = "totals.grand"' in told
    assert 'if they are hundredths (paise, cents), unit = "minor"' in told


def test_no_amount_is_a_question_that_names_the_columns_it_may_be(tmp_path: Path) -> None:
    path = export(tmp_path, Rs_ka_hisab=range(400, 460), Line=range(1, 3), Status=["Delivered", "RTO"])
    text = proposal(path)
    assert "# ? no column could be what an order is worth: is it one of 'Rs ka hisab'?" in text
    assert "what an order is worth" not in proposal(path, amount_minor="Rs ka hisab")


SHOPIFY = {
    "Name": [f"#{1001 + i}" for i in range(N)], "Total": ["499.00"], "Financial_Status": ["paid", "pending", "refunded"],
    "Fulfillment_Status": ["fulfilled", "unfulfilled"], "Fulfilled_at": ["2025-03-29 10:00:00 +0530", ""],
    "Created_at": ["2025-03-01 10:00:00 +0530"],
}  # fmt: skip


def test_fulfilled_is_no_outcome_and_paid_no_status(tmp_path: Path) -> None:
    text = proposal(export(tmp_path, **SHOPIFY))
    written = tomllib.loads(text)
    assert "# ? Fulfillment Status says at most that parcels left, not which were delivered and which came back" in text
    assert "# ? sent off is not delivered: taken as under way, without an outcome" in text
    assert {next(iter(rule["when"])) for rule in written["rules"]} == {"Fulfillment Status"}
    assert [news["type"] for news in written["rules"][0]["news"]] == ["dispatched"]


def test_shipped_beside_outcomes_is_no_question(tmp_path: Path) -> None:
    text = proposal(export(tmp_path, Status=["Shipped", "Delivered", "RTO"], Total=[400, 401]))
    assert "sent off" not in text


def test_each_unknown_status_has_a_line_of_its_own_and_the_block_is_a_rule_once_its_marks_are_off(
    tmp_path: Path,
) -> None:
    path = export(tmp_path, Status=["Delivered", "RTO", "zorp", "quux, all", "zorp", "blib"], Total=[400, 401])
    text = proposal(path)
    block = text[text.index("# [[rules]]") :].split("# ] }")[0] + "# ] }\n"
    assert [line for line in block.splitlines() if line.endswith("rows")] == [
        '#   "zorp", # 20 rows', '#   "quux, all", # 10 rows', '#   "blib", # 10 rows',
    ]  # fmt: skip
    finished = text.replace(block, re.sub("(?m)^# ", "", block).replace('type = ""', 'type = "lost"'))
    mapping = Mapping(**tomllib.loads(finished))
    lost = next(rule for rule in mapping.rules if rule.news and rule.news[0].type == "lost")
    assert lost.when == {"Status": ["zorp", "quux, all", "blib"]}
    assert len(Shop(tmp_path).read(mapping, path).orders["order_id"]) == N


def test_files_that_a_shipped_mapping_reads_are_told_so(tmp_path: Path) -> None:
    columns = {s.column: ["x", "y"] for s in load_mapping("shopify").orders.values() if s.column}
    own = {"Tags": ["rto", "delivered"], "Cancelled at": [""], "Fulfilled at": [""], "Total": ["499"]}
    assert (
        "# THESE COLUMNS are those of a shipped mapping: try it first, rto import FILE... --mapping shopify"
        in proposal(export(tmp_path, **columns | own))
    )
    assert "shipped mapping" not in proposal(export(tmp_path, **SHOPIFY))


def colombian(folder: Path, **more: list[str]) -> str:
    """A draft of a Colombian shop, whose mobiles are Italian ones too."""
    told = {
        "Nro. Pedido": [f"P-{i}" for i in range(N)],
        "Fecha y hora": ["01/03/2025 10:15"],
        "Cédula": [f"1077{i:04d}" for i in range(N)],
        "Celular": [f"300{5550000 + i}" for i in range(N)],
        "Total a pagar": ["89900", "45000"],
        "Estado": ["Entregado", "Devuelto a bodega"],
    }
    path = folder / "ventas.csv"
    table = told | more
    rows = [",".join(cells[i % len(cells)] for cells in table.values()) for i in range(N)]
    path.write_text("\n".join([",".join(table), *rows]) + "\n", encoding="utf-8")
    return proposal(path)


def test_a_shop_is_where_its_cities_are_and_they_are_its_places(tmp_path: Path) -> None:
    written = tomllib.loads(colombian(tmp_path, Ciudad=["Bogotá D.C.", "Medellín", "Tunja"]))
    assert (written["country"], written["currency"], written["timezone"]) == ("CO", "COP", "America/Bogota")
    assert written["orders"]["district"] == written["orders"]["city"] == {"column": "Ciudad"}


def test_a_country_that_phones_alone_tell_is_a_question(tmp_path: Path) -> None:
    text = colombian(tmp_path, Celular=[f"03{20 + i % 30}{i * 7919:07d}" for i in range(N)])
    assert "Only the phones say so" in text
    assert re.search(r'(?m)^country = "\w\w" # \? told by phones alone$', text)


def test_a_number_of_identity_is_masked_and_names_the_buyer(tmp_path: Path) -> None:
    text = colombian(tmp_path)
    assert "1077" not in text
    assert tomllib.loads(text)["orders"]["customer_id"] == {"column": "Cédula"}


def test_the_shops_own_file_tells_amount_and_time_before_the_couriers(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    ours = "".join(f"#Z{i},{1 + i % 28:02d}-Mar-2025,{900 + i}\n" for i in range(N))
    theirs = "".join(
        f"Z{i},{(900 + i) * (i % 2)},{2 + i % 27:02d}/03/2025,{('Dlvd', 'Being return')[i % 2]}\n" for i in range(N)
    )
    paths = [shop.file("a.csv", "Order #,Order placed,Bill (Rs.)\n" + ours),
             shop.file("b.csv", "Order Ref,COD Amount,Booking Dt,Status\n" + theirs)]  # fmt: skip
    written = tomllib.loads(toml_of(draft(paths, lambda *step: None, {})))
    assert (written["orders"]["placed_at"]["column"], written["orders"]["amount_minor"]["column"]) == (
        "Order placed",
        "Bill (Rs.)",
    )
    assert [rule["news"][0]["type"] for rule in written["rules"]] == ["delivered", "rto_started"]
