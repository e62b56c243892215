"""Probabilities from elsewhere, by order id, to be judged beside the model: another system's, or an oracle's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import DataError
from data.history import Columns
from training.evaluation import Floats

REQUIRED = ("order_id", "p")


@dataclass(frozen=True, slots=True)
class Beside:
    """name: as shown.  p: (n,) its probability of each order of the history, NaN where it says nothing."""

    name: str
    p: Floats


def read_beside(path: Path, orders: Columns) -> Beside:
    """A Parquet file with columns order_id, p and, where order ids repeat among merchants, merchant_id.

    Raises DataError BACK003 for a file that cannot be read or says nothing of these orders.
    """
    ids = ["order_id"]
    frame = _read(path)
    if "merchant_id" in frame:
        ids = ["merchant_id", "order_id"]
    own = pd.DataFrame({name: orders[name] for name in ids})
    for where, rows in ((path.name, frame), ("the history", own)):
        if (twice := int(rows.duplicated(ids).sum())) > 0:
            to_do = "give each order one row; where order ids repeat among merchants, add a column merchant_id"
            raise _refused(path, f"{twice:,} order ids that stand twice in {where}", "each order once", to_do)
    p = own.merge(frame[[*ids, "p"]], on=ids, how="left")["p"].to_numpy(np.float64)
    if np.isnan(p).all():
        raise _refused(path, "no order of this pool", "probabilities by the order ids of the history")
    return Beside(path.stem.replace("_", " "), p)


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _refused(path, str(error).splitlines()[0], "a Parquet file") from error
    if missing := [name for name in REQUIRED if name not in frame]:
        raise _refused(path, f"no column {' and '.join(missing)}", "columns order_id and p")
    if not pd.api.types.is_numeric_dtype(frame["p"]):
        raise _refused(path, f"p as {frame['p'].dtype}", "p as a number")
    outside = int(((frame["p"] < 0) | (frame["p"] > 1)).sum())
    if outside:
        raise _refused(path, f"{outside:,} values of p outside 0 to 1", "probabilities between 0 and 1")
    return frame


def _refused(path: Path, got: str, expected: str, to_do: str = "") -> DataError:
    return DataError("BACK003", str(path), got=got, expected=expected, to_do=to_do or "see docs/cli.md, rto backtest")
