"""What a draft learns from cells and places where headers say nothing: an address, a state, a PIN code, when a status was told."""

import json
import tomllib
from pathlib import Path

import pyarrow as pa
import pytest

from data.drafting.draft import draft
from data.drafting.look import Look
from data.drafting.statuses import statuses_of
from data.drafting.write import toml_of
from tests.helpers.imports import Shop
from tests.helpers.tables import edges

N = 60
WHERE = [
    ("12 Station Road", "near Kali mandir", "Bihar", "800001"),
    ("House 3, Gandhi Nagar", "opp school", "Goa", "403001"),
]


def proposal(*paths: Path) -> str:
    return toml_of(draft(list(paths), lambda *step: None, {}))


def dump(folder: Path) -> Path:
    """N orders as nested JSON lines, whose headers are the initials of things."""
    rows = []
    for i in range(N):
        street, near, state, pin = WHERE[i % 2]
        at = 1_740_000_000_000 + i * 3_600_000
        place = {"a1": f"{street} {i}", "lm": near, "rg": state, "zz": pin}
        told = {"label": ("DLVD", "RTO-IT")[i % 2], "at": at + 500_000_000}
        rows.append(
            {"ref": f"B{i:04d}", "ts": at, "to": place, "pay": {"totalPaise": 100 * i}, "track": told, "seen": at + 9}
        )
    path = folder / "dump.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def test_cells_tell_an_address_a_state_and_a_pin_code_whatever_their_headers(tmp_path: Path) -> None:
    text = proposal(dump(tmp_path))
    written = tomllib.loads(text)["orders"]
    assert {role: written[role]["column"] for role in ("line1", "landmark", "state", "pincode")} == {
        "line1": "to.a1", "landmark": "to.lm", "state": "to.rg", "pincode": "to.zz",
    }  # fmt: skip
    assert "Station Road" not in text


def test_times_beside_a_status_tell_when_it_was_told_and_are_asked_about(tmp_path: Path) -> None:
    text = proposal(dump(tmp_path))
    told = [rule["news"][0] for rule in tomllib.loads(text)["rules"]]
    assert [(n["type"], n["column"]) for n in told] == [("delivered", "track.at"), ("rto_started", "track.at")]
    assert "# ? does 'track.at' tell when the status was told?" in text


def test_a_courier_that_names_its_shipper_does_not_say_whose_orders_without_a_parcel_are(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    ours = "".join(f"A{i:03d},2025-03-{1 + i % 28:02d},9{i:03d}\n" for i in range(N))
    theirs = "".join(f"A{i:03d},Delivered,Zarqa\n" for i in range(N - 1))
    paths = [
        shop.file("a.csv", "Order,Date,Payable (Tk)\n" + ours),
        shop.file("b.csv", "Ref,Status,Shipper\n" + theirs),
    ]
    orders = tomllib.loads(proposal(*paths))["orders"]
    assert "merchant_id" not in orders
    assert orders["amount_minor"]["column"] == "Payable (Tk)"  # the currency in a header is no other thing


BEGUN = """
cells                                                   | is
Delivered, Returned to Shipper, Return Initiated        | rto_started
Delivered, Returned to Shipper, Customer Return         | returned
Delivered, RTO Delivered, Return Initiated              | returned
"""


@pytest.mark.parametrize(("cells", "found"), edges(BEGUN))
def test_a_return_begun_is_the_couriers_where_all_rto_is_a_return_to_the_shop(cells: str, found: str) -> None:
    told = {s.value: s for s in statuses_of(Look("Status", pa.chunked_array([cells.split(", ")])))}
    asked = told[cells.split(", ")[2]]
    assert asked.news == found
    assert asked.doubt


def test_a_decimal_comma_is_declared_though_no_column_of_money_was_found(tmp_path: Path) -> None:
    rows = "".join(f"A{i:03d};2025-03-01;{i}.499,{i:02d}\n" for i in range(N))
    path = Shop(tmp_path).file("a.csv", "Order;Date;Gesamtes\n" + rows)
    assert tomllib.loads(proposal(path))["file"]["decimal"] == ","


def test_mobile_numbers_of_ten_digits_are_no_seconds_since_1970(tmp_path: Path) -> None:
    rows = "".join(f"A{i:03d},2025-03-01,{1712345678 + i},Dhaka,Delivered\n" for i in range(N))
    orders = tomllib.loads(proposal(Shop(tmp_path).file("a.csv", "Order,Date,Mobile,Zilla,Status\n" + rows)))["orders"]
    assert orders["phone"]["column"] == "Mobile"
