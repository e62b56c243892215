import gzip
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.places import REGISTER_FILE, clean_pincode, distance_km, fold_state, load_register, same_state
from data.reference.build import build_register


def test_a_pin_code_tells_its_district_state_and_position():
    place = load_register().lookup("110001")
    assert place is not None
    assert (place.district, place.state, place.located) == ("NEW DELHI", "DELHI", True)
    assert (place.latitude, place.longitude) == (28.62273, 77.21954)


@pytest.mark.parametrize("written", ["560 001", " 560001 ", "560001"])
def test_spaces_in_a_pin_code_do_not_matter(written):
    assert load_register().lookup(written) == load_register().lookup("560001") is not None


@pytest.mark.parametrize("written", ["", "56001", "5600011", "560001.0", "abcdef", "000000", "999999", "५६०००१"])
def test_what_is_no_known_pin_code_has_no_place(written):
    assert load_register().lookup(written) is None


@pytest.mark.parametrize("written", ["5600011", "56001", "012345", 5600011, 560001.0, None, float("nan")])
def test_only_six_digits_that_do_not_begin_with_zero_make_a_pin_code(written):
    assert clean_pincode(written) == ""
    assert clean_pincode(560001) == clean_pincode("56 00 01") == "560001"


def test_rows_of_many_pin_codes_are_found_at_once_and_the_unknown_ones_are_marked():
    register = load_register()
    rows = register.rows(np.array(["110001", None, "999999", float("nan"), "560001", "110001"], dtype=object))
    assert rows.dtype == np.int64
    assert rows.tolist() == [0, -1, -1, -1, register.row_of["560001"], 0]
    assert register.rows(np.array([], dtype=object)).tolist() == []


def test_the_register_is_whole_sorted_and_cannot_be_changed():
    register = load_register()
    assert len(register) == 19_586
    assert np.all(register.pincode[:-1] < register.pincode[1:])
    assert not any(array.flags.writeable for array in (register.pincode, register.state, register.latitude))
    assert REGISTER_FILE.stat().st_size < 900_000


def test_a_missing_position_is_nan_and_so_is_a_distance_to_it():
    register = load_register()
    row = int(np.flatnonzero(np.isnan(register.latitude))[0])
    assert not register.at(row).located
    assert math.isnan(float(distance_km(register.latitude[row], register.longitude[row], 28.6, 77.2)))


def test_distances_are_great_circles_and_broadcast():
    delhi, mumbai = (28.6139, 77.2090), (19.0760, 72.8777)
    assert float(distance_km(*delhi, *mumbai)) == pytest.approx(1148, abs=5)
    assert float(distance_km(0.0, 0.0, 0.0, 180.0)) == pytest.approx(math.pi * 6371.0088)
    many = distance_km(np.array([delhi[0], mumbai[0]]), np.array([delhi[1], mumbai[1]]), *delhi)
    assert many[0] == 0.0
    assert many[1] == pytest.approx(float(distance_km(*delhi, *mumbai)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Orissa", "ODISHA"),
        ("Pondicherry", "puducherry"),
        ("Uttaranchal", "UTTARAKHAND"),
        ("NCT of Delhi", "New Delhi"),
        ("Delhi (NCT)", "DELHI"),
        ("Chattisgarh", "CHHATTISGARH"),
        ("Jammu & Kashmir", "JAMMU AND KASHMIR"),
        ("DADRA AND NAGAR", "THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU"),
        ("Dadra & Nagar Haveli & Daman & Diu", "THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU"),
        ("Daman & Diu", "THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU"),
        ("Andaman & Nicobar", "ANDAMAN AND NICOBAR ISLANDS"),
        ("Rajshthan", "RAJASTHAN"),
        ("rajsthan", "RJ"),
        ("PUNJAB/MOHALI/ZIRAKPUR", "punjab"),
        ("Tamilnadu", " TAMIL  NADU "),
    ],
)
def test_usual_spellings_of_a_state_are_one_state(a, b):
    assert same_state(a, b)


@pytest.mark.parametrize(("a", "b"), [("Bihar", "Jharkhand"), ("", ""), ("", "Goa"), ("Ladakh", "Jammu & Kashmir")])
def test_different_or_missing_states_are_not_the_same(a, b):
    assert not same_state(a, b)


def test_every_state_of_the_register_has_one_spelling_of_its_own():
    states = {str(state) for state in load_register().state if state}
    assert len({fold_state(state) for state in states}) == len(states) == 36


def test_loading_the_register_needs_no_data_frames():
    root = Path(__file__).parents[3]
    code = (
        "import sys, data.places as p; p.load_register(); "
        "print(sorted({'pandas', 'pyarrow', 'numba', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_register_is_built_from_the_published_table_with_the_same_bytes_each_time(tmp_path):
    table = {
        "pincode": [800001, 110001],
        "district": [None, "New  Delhi "],
        "state": ["BIHAR", "Delhi"],
        "latitude": [None, 28.622731],
        "longitude": [None, 77.21954],
    }
    pq.write_table(pa.table(table), tmp_path / "in.parquet")
    assert build_register(tmp_path / "in.parquet", tmp_path / "a.csv.gz") == 2
    build_register(tmp_path / "in.parquet", tmp_path / "b.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes()[4:8] == bytes(4)  # no moment of making within
    lines = gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).decode().splitlines()
    assert lines[1:] == ["110001,NEW DELHI,DELHI,28.62273,77.21954", "800001,,BIHAR,,"]
