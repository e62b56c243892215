"""The digest of all that a made-up market is drawn by. It is frozen: figures of models are only told beside it."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from data.world.basket import POPULARITY
from data.world.course import PATIENCE
from data.world.presets import PRESETS
from data.world.recorded import RECORDED
from data.world.shifts import CONCEPT
from data.world.shops import CATEGORIES, FEW, WAREHOUSES
from data.world.tables import ODD_SPELLING
from data.world.visits import UNRELIABLE


def parameters() -> dict[str, Any]:
    """Every preset with all its plans, and the few constants that stand outside them, as plain values."""
    constants = {
        "categories": CATEGORIES,
        "warehouses": WAREHOUSES,
        "patience": PATIENCE,
        "recorded": RECORDED,
        "popularity": POPULARITY,
        "odd_spelling": ODD_SPELLING,
        "unreliable": UNRELIABLE,
        "concept": CONCEPT,
        "few_shops": FEW,
    }
    return {"presets": _plain(PRESETS), "constants": _plain(constants)}


def parameters_digest() -> str:
    """SHA-256 of the parameters as canonical JSON, in hex. `rto simulate` prints it."""
    text = json.dumps(parameters(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {column.name: _plain(getattr(value, column.name)) for column in fields(value)}
    if isinstance(value, dict):
        return {str(key.name if isinstance(key, Enum) else key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
