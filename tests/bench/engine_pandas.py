"""The sums by pandas, as people write them: `groupby().cumsum()` of weights and `merge_asof`, one key after the other."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from data.history import Array
from features.fold import FOREVER
from features.keys import KINDS
from tests.bench.engine_input import HALF_LIVES, KEYS, START


def compute(orders: pa.Table, news: pa.Table) -> Iterator[tuple[str, list[Array]]]:
    """Each key's nine columns, orders by placed_at."""
    asked = orders.to_pandas().sort_values(["placed_at", "order"])
    told = news.to_pandas().merge(asked, on="order").sort_values("known_at")
    for key in KEYS:
        yield key, _one(key, asked.assign(key=_key(asked, key)), told.assign(key=_key(told, key)))


def _key(frame: pd.DataFrame, key: str) -> Array:
    parts = KINDS[key].columns
    if not parts:
        return np.zeros(len(frame), dtype=np.int64)
    one = frame[parts[0]]
    for part in parts[1:]:
        one = one * 1_000_000 + frame[part]
    return np.asarray(one.where((frame[list(parts)] >= 0).all(axis=1), -1))


def _one(key: str, asked: pd.DataFrame, told: pd.DataFrame) -> list[Array]:
    out: dict[str, list[Array]] = {}
    for half_life in HALF_LIVES:
        weight = _scale(told, half_life)
        _read(out, asked, asked, "placed_at", half_life, placed=_scale(asked, half_life))
        _read(out, asked, told, "known_at", half_life, known=weight, rto=weight * told["rto"])
    return [column for name in ("placed", "known", "rto") for column in out[name]]


def _scale(frame: pd.DataFrame, half_life: int) -> pd.Series:
    age = 0.0 * frame["placed_at"] if half_life == FOREVER else (frame["placed_at"] - START) / half_life
    return 2.0**age


def _read(
    out: dict[str, list[Array]], asked: pd.DataFrame, facts: pd.DataFrame, at: str, half_life: int, **weights: pd.Series
) -> None:
    running = facts[["key"]].assign(seen_at=facts[at], **weights)
    running = running[running["key"] >= 0]
    running[list(weights)] = running.groupby("key")[list(weights)].cumsum()
    found = pd.merge_asof(
        asked[["key", "placed_at"]],
        running,
        left_on="placed_at",
        right_on="seen_at",
        by="key",
        allow_exact_matches=False,
    )
    for name in weights:
        column = found[name].fillna(0.0).to_numpy() / _scale(asked, half_life).to_numpy()
        out.setdefault(name, []).append(np.where(asked["key"] >= 0, column, np.nan))
