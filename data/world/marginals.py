"""The figures a made-up market is judged by, each with the band it must lie in and where that is from.

`MARGINALS` is the list of measurers: each takes a world and yields its figures. A new one is added there and nowhere else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contract import DAY, NewsType, Reason
from data.world.ceilings import ceilings
from data.world.effects import P_CAUSES
from data.world.marginal import Marginal, at_size
from data.world.outcomes import CAUSES
from data.world.simulate import World
from data.world.streams import Flags, Floats, Ints
from data.world.truth import OUTCOMES

SETTLED_DAYS = 45  # orders older than this at the world's end have told all there is to tell
LARGE_DISTRICT, FEW_DISTRICTS = 0.005, 20  # of cash orders that came to an end; too few to have quantiles
FARTHEST = (
    4.0  # standard errors: of some twenty groups one is beyond 3 in every twentieth market, beyond 4 in a thousandth
)
SHIPWAY, CLICKPOST = "Shipway ShipNotes FY25", "ClickPost 2019, 300,000 RTOs"
PROTOTYPE = "prototype, within 3 to 15 days of public figures"
TIERS = "assumed order of tiers"
BY_CHANCE = "the drawn outcomes follow the closed form"


Measurer = Callable[[World], Iterator[Marginal]]


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Rows of shipped orders that came to an end, told or not, by how they were paid; and all of them."""

    rto: Flags
    cod: Flags
    prepaid: Flags

    @classmethod
    def of(cls, world: World) -> "Ended":
        """Orders whose payment was switched on the way are in neither."""
        inner = world.inner
        outcome, switched = inner.course.outcome, inner.handling.switched
        ended = (outcome == OUTCOMES.index("delivered")) | (outcome == OUTCOMES.index("rto"))
        cod = inner.orders.cod
        return cls(outcome == OUTCOMES.index("rto"), ended & cod & ~switched, ended & ~cod)


def shares(world: World) -> Iterator[Marginal]:
    """How orders are paid and how they end."""
    ended, course = Ended.of(world), world.inner.course
    cod, paid = _share(ended.rto, ended.cod), _share(ended.rto, ended.prepaid)
    both = "KPMG ~60 %, bot.space 60-65 %"
    yield Marginal("COD share of orders", _share(world.inner.orders.cod), 0.60, 0.68, both, 0.003)
    yield Marginal("RTO share, COD", cod, 0.24, 0.30, f"{SHIPWAY}: 26 %", 0.0038)
    yield Marginal("RTO share, prepaid", paid, 0.02, 0.05, f"{SHIPWAY}: < 2 %; cashfree 4-8 %", 0.0014)
    yield Marginal("cancelled before dispatch", _share(course.cancelled), 0.03, 0.06, "assumed", 0.0006)
    yield Marginal("lost", _share(course.lost), 0.001, 0.006, "assumed", 0.0001)
    yield Marginal("ended but never told", _share(course.untold), 0.0005, 0.004, "assumed", 0.0001)


def places(world: World) -> Iterator[Marginal]:
    """COD RTO by tier and by district."""
    ended, geo, place = Ended.of(world), world.inner.market.geography, world.inner.orders.visits.place
    metro, city, rest = (_share(ended.rto, ended.cod & (geo.tier[place] == tier)) for tier in range(3))
    yield Marginal("COD RTO, large cities above metros", city - metro, 0.005, 0.12, TIERS, 0.008)
    yield Marginal("COD RTO, the rest above large cities", rest - city, 0.005, 0.12, TIERS, 0.008)
    low, high = _districts(world, ended)
    yield Marginal("COD RTO, 5th of 100 large districts", low, 0.18, 0.25, f"{SHIPWAY}: Vadodara 18 %", 0.008)
    yield Marginal("COD RTO, 95th of 100 large districts", high, 0.26, 0.33, f"{SHIPWAY}: Patna 35 %", 0.010)


def _districts(world: World, ended: Ended) -> tuple[float, float]:
    """The 5th and 95th of 100 large districts by mean chance, freed of the luck of who happens to live there.

    Published shares rest on millions of parcels. Here a few hundred buyers make up a district, so each mean is drawn
    to the common one until the districts vary as much as districts do, their buyers' luck taken off.
    """
    visits, p = world.inner.orders.visits, world.truth["p_cod"].to_numpy()[ended.cod]
    person, district = visits.person[ended.cod], world.inner.market.geography.district_code[visits.place[ended.cod]]
    count = np.bincount(district)
    mean = np.bincount(district, weights=p) / np.maximum(count, 1)
    buyer, row = np.unique(district * (visits.person.max() + 1) + person, return_inverse=True)
    surplus = np.bincount(row, weights=p - p.mean())
    luck = np.bincount(buyer // (visits.person.max() + 1), weights=surplus**2) / np.maximum(count, 1) ** 2
    large = count >= LARGE_DISTRICT * count.sum()
    if large.sum() < FEW_DISTRICTS:
        return float("nan"), float("nan")
    mean, luck = mean[large], luck[large]
    real = max(mean.var() - luck.mean(), 0.0)
    low, high = np.quantile(mean.mean() + (mean - mean.mean()) * np.sqrt(real / (real + luck)), (0.05, 0.95))
    return float(low), float(high)


def delays(world: World) -> Iterator[Marginal]:
    """COD RTO by days to the first attempt."""
    ended, bucket = Ended.of(world), world.inner.transit.delay_bucket
    for number, (name, share) in enumerate((("1-2", 0.22), ("3-5", 0.27), ("over 5", 0.35))):
        value, source = _share(ended.rto, ended.cod & (bucket == number)), f"{SHIPWAY}: {share:.0%}"
        yield Marginal(f"COD RTO, first attempt in {name} days", value, share - 0.02, share + 0.02, source, 0.005)


BOOKED = {
    "refused": ((Reason.REFUSED,), 0.52),
    "unreachable": ((Reason.UNREACHABLE,), 0.20),
    "bad address": ((Reason.BAD_ADDRESS,), 0.10),
    "no attempt": ((Reason.NO_ATTEMPT,), 0.03),
    "other": ((Reason.FAKE_OR_NO_INTENT, Reason.DAMAGED, Reason.OTHER, Reason.NONE), 0.15),
}
"""Reasons as booked, and ClickPost's share of each among COD RTOs."""


def reasons(world: World) -> Iterator[Marginal]:
    """The last reason booked for each COD RTO."""
    news, ended = world.inner.news, Ended.of(world)
    last = np.zeros(world.n_orders, dtype=np.int64)
    failed = np.flatnonzero(news.type == int(NewsType.ATTEMPT_FAILED))
    failed = failed[np.lexsort((news.slot[failed], news.happened_at[failed]))]
    last[news.order[failed]] = news.reason[failed]  # the last assignment stands
    old = world.inner.course.placed_at < world.until - SETTLED_DAYS * DAY
    among = last[ended.cod & ended.rto & old]
    for name, (kinds, share) in BOOKED.items():
        value = float(np.isin(among, [int(kind) for kind in kinds]).mean()) if len(among) else float("nan")
        least, most = max(share - 0.06, 0.0), share + 0.06
        yield Marginal(f"COD RTO booked as {name}", value, least, most, f"{CLICKPOST}: {share:.0%}", 0.004)


LAGS = {
    "delivered": ("delivered", ((50, 3.4, 5.2, 0.03), (90, 6.7, 10.1, 0.05), (99, 10.8, 16.4, 0.20))),
    "RTO": ("rto_started", ((50, 7.4, 10.0, 0.03), (90, 11.6, 15.8, 0.06), (99, 16.4, 22.4, 0.22))),
}
"""Days from placed to told: quantile, least, most, scatter over seeds."""


def lags(world: World) -> Iterator[Marginal]:
    """How long it takes until an end is told."""
    placed = world.orders.group_by("order_id").aggregate([("placed_at", "min")])
    for name, (kind, quantiles) in LAGS.items():
        told = world.news.filter(pc.equal(world.news["type"], kind)).select(["order_id", "known_at"])
        both = told.join(placed, keys="order_id")
        known_at, placed_at = _micros(both["known_at"]), _micros(both["placed_at_min"])
        days = (known_at - placed_at)[placed_at < world.until - SETTLED_DAYS * DAY] / DAY
        for share, least, most, scatter in quantiles:
            value = float(np.quantile(days, share / 100)) if len(days) else float("nan")
            yield Marginal(f"days until {name} is told, {share}th of 100", value, least, most, PROTOTYPE, scatter)


def truth_holds(world: World) -> Iterator[Marginal]:
    """How far drawn outcomes are from their chances, in standard errors: the farthest of all groups of a kind."""
    ended, untouched = Ended.of(world), world.inner.handling.action == 0
    chance = np.where(ended.cod, *(world.truth[name].to_numpy() for name in ("p_cod", "p_prepaid")))
    rows = (ended.cod | ended.prepaid) & untouched
    tier = world.inner.market.geography.tier[world.inner.orders.visits.place]
    groups = {
        "tenth of the risk": np.searchsorted(np.quantile(chance[rows], np.arange(0.1, 1.0, 0.1)), chance),
        "tier": tier,
        "payment": ended.cod.astype(np.int64),
    }
    for name, group in groups.items():
        yield _farthest(f"mean(p) = mean(y) by {name}", ended.rto[rows], chance[rows], group[rows])
    cause, n = world.inner.before.cause, world.n_orders
    fired = np.concatenate([cause == number for number in range(1, len(CAUSES))])
    chances = np.concatenate([world.truth[name].to_numpy() for name in P_CAUSES])
    yield _farthest("mean(p) = mean(y) by true cause", fired, chances, np.repeat(np.arange(len(P_CAUSES)), n))


def _farthest(name: str, happened: Flags, chance: Floats, group: Ints) -> Marginal:
    surplus = np.bincount(group, weights=happened - chance)
    error = np.sqrt(np.bincount(group, weights=chance * (1 - chance)))
    most = float(np.abs(surplus / np.where(error > 0, error, np.inf)).max())
    return Marginal(f"{name}, standard errors", most, 0.0, FARTHEST, BY_CHANCE)


MARGINALS: tuple[Measurer, ...] = (shares, places, delays, reasons, lags, truth_holds, ceilings)


def marginals(world: World) -> list[Marginal]:
    """Every figure of `world`, in the order of `MARGINALS`, with bands as wide as its size needs."""
    return [at_size(figure, world.n_orders) for measure in MARGINALS for figure in measure(world)]


def _share(what: Flags, among: Flags | None = None) -> float:
    rows = what if among is None else what[among]
    return float(rows.mean()) if len(rows) else float("nan")


def _micros(times: pa.ChunkedArray) -> Floats:
    return np.asarray(times.cast(pa.int64()).to_numpy(), dtype=np.float64)
