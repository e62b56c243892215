"""Has every parameter a meaning, a source and a range, is the page true, and are the parameters the frozen ones?"""

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from data.errors import PlanError
from data.world.frozen import parameters, parameters_digest
from data.world.page import MEASURED, page
from data.world.parameter import rows
from data.world.pictures import draw
from data.world.presets import DEMO, NETWORK, PRESETS, Preset, check_preset
from data.world.simulate import simulate
from tests.helpers.worlds import UNTIL, quiet

PAGE = Path(__file__).parents[2] / "docs" / "world.md"
FROZEN = "5530abbd992b7babda1bad916bbf7738a1def2107f39fadc13be8ed1543cb7c0"
"""`rto simulate` prints it. A change is listed in CHANGELOG.md with every figure that leans on the market, told anew."""


def plans(preset: Preset):
    """The plans within a preset."""
    return [getattr(preset, f.name) for f in fields(preset) if is_dataclass(getattr(preset, f.name))]


def test_every_field_of_every_plan_is_a_parameter_with_meaning_and_source():
    for plan in plans(NETWORK):
        assert [f.name for f in fields(plan) if not {"why", "source"} <= {*f.metadata}] == []
    assert all(row.why and row.source for row in rows(NETWORK))
    assert len([*rows(NETWORK)]) > 120


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_the_parameters_of_a_preset_are_within_their_own_ranges(preset):
    check_preset(preset)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"days": 3}, "days"),
        ({"people": replace(NETWORK.people, ring_share=1.5)}, "people.ring_share"),
        ({"people": replace(NETWORK.people, rate_shape=float("nan"))}, "people.rate_shape"),
        ({"geography": replace(NETWORK.geography, n_pincodes=(120, 0, 4_100))}, "geography.n_pincodes"),
        ({"shops": replace(NETWORK.shops, count=0)}, "shops.count"),
        ({"time": replace(NETWORK.time, shift_at=2.0)}, "time.shift_at"),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_its_name(change, where):
    with pytest.raises(PlanError) as refusal:
        simulate(replace(NETWORK, **change), 1_000, 1, UNTIL, quiet)
    assert (refusal.value.code, refusal.value.where) == ("W002", where)
    assert " to " in refusal.value.expected


def test_the_page_is_what_the_world_says():
    assert page() == PAGE.read_text(encoding="utf-8"), "python -m data.world.page > docs/world.md"


def test_the_page_warns_before_anything_else_and_shows_its_pictures():
    text = PAGE.read_text(encoding="utf-8")
    assert "not figures of anyone's shop" in text.split("\n\n")[1]
    for name in ("bands", "marginals", "time"):
        assert f"(img/world-{name}.svg)" in text
        assert (PAGE.parent / "img" / f"world-{name}.svg").stat().st_size > 5_000


def test_the_pictures_are_drawn_from_the_world_and_the_same_again(tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        assert len(draw(folder, seeds=(7, 8), orders=1_000)) == 3
    for one in (tmp_path / "a").iterdir():
        text = one.read_text(encoding="utf-8")
        assert text == (tmp_path / "b" / one.name).read_text(encoding="utf-8")
    assert "seed 8" in (tmp_path / "a" / "world-bands.svg").read_text(encoding="utf-8")


def test_the_parameters_are_the_frozen_ones():
    assert parameters_digest() == FROZEN


def test_the_models_figures_on_the_page_were_measured_on_these_parameters_and_no_alarm_rang():
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    assert found["parameters"] == FROZEN, "make bench-world ARGS=--keep, then the page"
    assert len(found["markets"]) >= 4
    alarms = [row["alarm"] for market in found["markets"] for row in market["rows"].values() if "alarm" in row]
    assert len(alarms) == 2 * len(found["markets"])
    assert not any(alarm["rings"] for alarm in alarms)


def test_the_digest_sees_every_parameter():
    seen = parameters()["presets"]["network"]
    for row in rows(NETWORK):
        plan, _, name = row.name.rpartition(".")
        value = (seen[plan] if plan else seen)[name]
        assert value == (list(row.value) if isinstance(row.value, tuple) else row.value)
    assert set(parameters()["presets"]) == set(PRESETS) == {DEMO.name, "merchant", "network"}
