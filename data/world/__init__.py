"""A made-up market with known truth: people, places, couriers, outcomes. It knows nothing of features or models."""

from data.world.marginals import marginals
from data.world.presets import PRESETS, Preset, preset_named
from data.world.simulate import World, simulate
from data.world.write import write_world

__all__ = ["PRESETS", "Preset", "World", "marginals", "preset_named", "simulate", "write_world"]
