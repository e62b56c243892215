"""The figures a made-up market is judged by, beside the public ones it imitates."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import DAY
from data.world.simulate import World
from data.world.streams import Flags, Floats

SETTLED_DAYS = 45  # orders older than this at the world's end have told all there is to tell


def marginals(world: World) -> dict[str, float]:
    """Shares (0 to 1) over shipped orders that came to an end, and days from placed to told.

    `cod_share` is of all orders. Tiers: 0 metro, 1 large city, 2 the rest, COD only. Lags: orders old enough.
    """
    column = {name: world.truth[name].to_numpy() for name in ("cod", "tier", "p_cod", "p_prepaid")}
    cod = column["cod"]
    outcome, cause = (world.truth[name].to_numpy() for name in ("outcome", "cause"))
    rto, ended = outcome == "rto", np.isin(outcome, ["rto", "delivered"])
    figures = {
        "cod_share": float(cod.mean()),
        "cancelled_share": float((outcome == "cancelled").mean()),
        "lost_share": float((outcome == "lost").mean()),
        "cod_rto_share": _share(rto, ended & cod),
        "prepaid_rto_share": _share(rto, ended & ~cod),
        "cod_rto_expected": float(column["p_cod"][ended & cod].mean()),
        "prepaid_rto_expected": float(column["p_prepaid"][ended & ~cod].mean()),
    }
    figures |= {f"cod_rto_share_tier_{tier}": _share(rto, ended & cod & (column["tier"] == tier)) for tier in range(3)}
    causes = ("fake", "refusal", "address", "unreachable", "courier")
    figures |= {f"cod_cause_{name}": _share(cause == name, rto & cod) for name in causes}
    return figures | _lags(world, "delivered") | _lags(world, "rto_started")


def _share(what: Flags, among: Flags) -> float:
    return float(what[among].mean()) if among.any() else float("nan")


def _lags(world: World, kind: str) -> dict[str, float]:
    """50, 90 and 99 % quantiles of days from placed to told."""
    told = world.news.filter(pc.equal(world.news["type"], kind)).select(["order_id", "known_at"])
    placed = world.orders.group_by("order_id").aggregate([("placed_at", "min")])
    both = told.join(placed, keys="order_id")
    known_at, placed_at = _micros(both["known_at"]), _micros(both["placed_at_min"])
    days = (known_at - placed_at)[placed_at < world.until - SETTLED_DAYS * DAY] / DAY
    return {f"{kind}_days_q{share}": float(np.quantile(days, share / 100)) for share in (50, 90, 99)}


def _micros(times: pa.ChunkedArray) -> Floats:
    return np.asarray(times.cast(pa.int64()).to_numpy(), dtype=np.float64)
