"""Do shops know nothing that only the made-up world knows? (`test_simulate_command.py` watches import and training.)"""

from pathlib import Path

import pytest

from data.world import preset_named, simulate, write_world
from data.world.truth import people_truth, places_truth
from data.world.write import TRUTH, TRUTH_DIR
from tests.helpers.opened import SEES, watched
from tests.helpers.worlds import UNTIL, network, quiet

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apart") / "market"
    write_world(simulate(preset_named("demo"), 1_000, 7, UNTIL, quiet), folder)
    return folder


@pytest.mark.skipif(not SEES, reason="the kernel is asked by inotify, which is Linux's")
def test_the_watch_sees_who_opens_the_truth(market):
    with watched(market / TRUTH_DIR) as opened:
        (market / TRUTH_DIR / "people.parquet").read_bytes()
    assert "people.parquet" in opened


def test_no_room_that_learns_or_serves_knows_where_the_truth_lies():
    for room in ("features", "training", "serving"):
        for path in (ROOT / room).rglob("*.py"):
            assert "truth/" not in path.read_text(encoding="utf-8"), path
            assert "TRUTH_DIR" not in path.read_text(encoding="utf-8"), path


def test_no_column_of_the_truth_but_the_orders_number_is_one_that_shops_see():
    world = network()
    told = {*world.orders.column_names, *world.news.column_names}
    tables = [world.truth, people_truth(world), places_truth(world)]
    shared = {name for table in tables for name in table.column_names} & told
    assert shared == {"order_id", "pincode", "district", "state", "courier"}
    assert len(tables) == len(TRUTH)


def test_nothing_latent_hides_in_what_shops_are_told():
    world = network()
    told = {
        *world.orders["channel"].to_pylist(),
        *world.news["source"].to_pylist(),
        *world.orders["payment_method"].to_pylist(),
    }
    assert told == {"app", "web", "shop", "courier", "cod", "prepaid"}
    details = set(world.news["details"].to_pylist()) - {None}
    assert all(text.startswith(('{"voids": ', '{"action": ')) for text in details)
