"""A made-up market from start to end, step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.contract import DAY, EARLIEST
from data.errors import PlanError
from data.world.basket import fill_shelf
from data.world.chances import cause_chances
from data.world.checkout import Orders, place_orders
from data.world.contacts import introduce
from data.world.course import Course, cancelled_unasked, lost_if_shipped, run_course
from data.world.effects import BACK, CANCELLED, KEPT, LOST, Potential, draw_effect_luck
from data.world.geography import lay_out
from data.world.handling import Handling
from data.world.news import News, tell
from data.world.outcomes import Fate, Logits, cause_logits, draw_fate
from data.world.parameter import check_number
from data.world.people import populate
from data.world.policies import decide, handle
from data.world.presets import N_ORDERS_MAX, N_ORDERS_MIN, Preset, check_preset
from data.world.tables import news_table, orders_table
from data.world.transit import Transit, carry
from data.world.truth import orders_truth
from data.world.visits import Market

STEPS = 6
LATEST = 4_102_444_800_000_000  # 2100-01-01


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A made-up market: what its shops know (`orders`, `news`) and, apart, what is true (`truth`).

    `orders` has a row for each line, `news` for each piece of news known by `until`, `truth` for each order by time.
    """

    preset: Preset
    n_orders: int
    seed: int
    until: int
    orders: pa.Table
    news: pa.Table
    truth: pa.Table
    inner: "Inner"


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """How the world came about: everything drawn, row for row with `World.truth`. For the oracle and for tests."""

    market: Market
    orders: Orders
    transit: Transit
    cash: Logits  # of the causes, if paid in cash
    paid: Logits  # if paid up front
    fate: Fate
    before: Potential
    handling: Handling
    course: Course
    news: News


def simulate(preset: Preset, n_orders: int, seed: int, until: int, progress: Callable[[int, int], None]) -> World:
    """Make up `n_orders` orders over the `preset.days` days before `until` (microseconds since 1970 UTC).

    Nothing known later than `until` is told: the newest orders are open. The same arguments give the same world.
    `progress(done, STEPS)` is called after each step. Raises PlanError W002 for an argument out of range.
    """
    check_plan(preset, n_orders, seed, until)
    preset = preset.opened(seed)
    geography = lay_out(preset.geography, seed)
    people = populate(preset, geography, n_orders, seed)
    market = Market(preset, seed, until, geography, people, fill_shelf(preset, seed))
    orders = place_orders(market, n_orders)
    progress(1, STEPS)
    transit = carry(market, orders.visits)
    cash = cause_logits(market, orders, transit)
    paid = cash.if_prepaid(preset.causes)
    by_cause = tuple(cause_chances(logits, transit.delay_share, preset.causes) for logits in (cash, paid))
    progress(2, STEPS)
    just_shipped = draw_fate(market, cash.where(orders.cod, paid), transit)
    before = before_any_action(market, orders, just_shipped)
    handling, fate = handle(market, before, decide(market, orders, preset.logging), just_shipped)
    course = run_course(market, orders, transit, fate, handling)
    news = tell(market, orders, fate, handling, course)
    progress(3, STEPS)
    contacts = introduce(market, orders)
    progress(4, STEPS)
    told = orders_table(market, orders, contacts, transit)
    progress(5, STEPS)
    inner = Inner(market, orders, transit, cash, paid, fate, before, handling, course, news)
    truth = orders_truth(inner, by_cause)
    world = World(preset, n_orders, seed, until, told, news_table(market, orders, news), truth, inner)
    progress(6, STEPS)
    return world


def before_any_action(market: Market, orders: Orders, fate: Fate) -> Potential:
    """(n,) what would become of the orders if they were just shipped."""
    count = len(orders)
    stays = cancelled_unasked(market, orders), lost_if_shipped(market, count)
    ends = np.select(stays, (CANCELLED, LOST), np.where((fate.cause > 0) & ~fate.after_all, BACK, KEPT))
    return Potential(orders.cod, fate.cause, ends, fate.after_all, draw_effect_luck(market.seed, count))


def check_plan(preset: Preset, n_orders: int, seed: int, until: int) -> None:
    """Raises PlanError W002 naming the first argument that is out of range."""
    check_preset(preset)
    for name, got, least, most in (("orders", n_orders, N_ORDERS_MIN, N_ORDERS_MAX), ("seed", seed, 0, 2**63 - 1)):
        check_number(name, got, least, most)
    if not (earliest := EARLIEST + preset.days * DAY) <= until <= LATEST:
        expected = f"{_day(earliest)} to {_day(LATEST)}"
        raise PlanError("W002", "until", got=_day(until), expected=expected, to_do="name a last day between them")


def _day(moment: int) -> str:
    """The date of a moment in microseconds."""
    return str(np.datetime64(moment, "us").astype("datetime64[D]"))
