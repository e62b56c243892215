"""Does the city as told lie where its PIN code lies?"""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.persons.cities import _OTHER_NAMES, _SPREADS, city_mismatch
from data.places import load_register
from data.reference.build import build_towns
from tests.helpers.tables import edges

CITIES = """
city            | pincode | mismatch
Patna           | 800001  | 0
PATNA CITY      | 800001  | 0
Bangalore       | 560001  | 0
Bengaluru       | 560001  | 0
Bombay          | 400050  | 0 | Mumbai Suburban
Delhi           | 110001  | 0 | the state
Gurgaon         | 122001  | 0
Hosur           | 635109  | 0 | a town of Krishnagiri
Secunderabad    | 500003  | 0
Mumbai          | 560001  | 1
Patna           | 560001  | 1
Hosur           | 800001  | 1
Nowhereville    | 560001  | - | nobody knows it
Patna           | 999999  | - | nobody knows the PIN code
-               | 560001  | -
goa             | 560001  | - | too short to be compared
"""


@pytest.mark.parametrize(("city", "pincode", "mismatch"), edges(CITIES))
def test_a_city_that_is_known_elsewhere_only_does_not_match(city: str, pincode: str, mismatch: str) -> None:
    register = load_register()
    told = city_mismatch(None if city == "-" else city, register.lookup(pincode), register)
    assert told == pytest.approx(math.nan if mismatch == "-" else float(mismatch), nan_ok=True)


def test_every_other_name_leads_to_a_district_of_the_register() -> None:
    meant = set(_OTHER_NAMES.values()).union(*_SPREADS.values(), _SPREADS)
    assert sorted(meant - load_register().districts) == []


def test_towns_are_the_seats_of_head_and_sub_offices(tmp_path: Path) -> None:
    table = {
        "office_name": ["Hosur S.O", "Hosur HO (Town)", "Small BO", None],
        "office_type": ["PO", "HO", "BO", "PO"],
        "district": ["Krishnagiri"] * 4,
        "state": ["Tamil  Nadu"] * 4,
    }
    pq.write_table(pa.table(table), tmp_path / "in.parquet")
    assert build_towns(tmp_path / "in.parquet", tmp_path / "towns.csv.gz") == 1
    assert ("KRISHNAGIRI", "TAMIL NADU") in load_register().towns["hosur"]
