"""What goes into a report and what comes out: values only. Shares run 0 to 1, moments are microseconds UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from serving.reports.shares import Share


@dataclass(frozen=True, slots=True)
class OpenRisk:
    """One open order as scored now. saving_minor: expected, against shipping it as it is; None without costs.

    codes: bucket and code of what raises the risk.
    """

    order_id: str
    placed_at: int
    amount_minor: float | None
    p_rto: float
    tier: str
    action: str
    saving_minor: float | None
    reasons: Sequence[str] = ()
    codes: Sequence[tuple[str, str]] = ()


class ReliabilityBin(NamedTuple):
    """Orders of similar probability: what was said, what came, its 95 % interval, how many."""

    p_mean: float
    rto_share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the model did on orders it had not seen. bins: by "all" and "cod"; None where a figure is not defined."""

    bins: Mapping[str, Sequence[tuple[float, float, float, float, int]]]
    n_test: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    log_loss: float | None
    log_loss_constant: float | None
    base_rate: float | None
    trained_through: str
    model_version: str


@dataclass(frozen=True, slots=True)
class Money:
    """The merchant's money. minor_digits: decimals of the currency. cost_basis: one phrase, where the cost is from.

    shipped: the costs are those that come with the program, the shop has set none.
    """

    currency: str
    cost_of_one_rto_minor: int | None = None
    cost_basis: str = ""
    minor_digits: int = 2
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose report, when, and of which days. matures_in_days: age from which an order's outcome counts.

    known_through: the moment to which the history is complete; None: `generated_at`. Maturity is measured to it.
    since, until: the first and the last local day of orders asked for, None without a limit.  shares_model: other
    merchants' orders are in the model's evidence too.  through: the last moment of the period where no last day was asked
    for; None: to where the history is complete.  old: is that too long ago (`serving/freshness.py`)?
    """

    merchant_id: str
    timezone: str
    generated_at: int
    matures_in_days: float
    known_through: int | None = None
    since: date | None = None
    until: date | None = None
    shares_model: bool = False
    through: int | None = None
    old: bool = False

    @property
    def told_until(self) -> int:
        return self.generated_at if self.known_through is None else self.known_through

    @property
    def ends_at(self) -> int:
        return self.told_until if self.through is None else self.through


@dataclass(frozen=True, slots=True)
class Period:
    """A week or a month. Shares are of orders with an outcome so far; `mature` once every order is old enough."""

    start: date
    orders: int
    cod_orders: int
    open: int
    every: Share
    cod: Share
    prepaid: Share
    mature: bool

    @property
    def cod_share(self) -> float | None:
        return self.cod_orders / self.orders if self.orders else None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One line of a table. stands_out: its whole interval lies above (1) or below (-1) the merchant's average.

    more: what else names it (the district of a PIN code).  shrunk: the share it is ranked by, where it is.
    cod: of its cash orders alone, where both kinds are told and it matters.
    """

    name: str
    share: Share
    stands_out: int = 0
    more: str = ""
    shrunk: float | None = None
    cod: Share | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Matured orders with an outcome by one of their values. The rows and `missing` add up to `total`.

    rows: all of them, those to show first.  missing: orders that have no such value.  shown: how many rows a page
    shows.  note: why there are none, or what the rows shown have in common.
    """

    key: str
    heading: str
    what: str
    rows: tuple[GroupRow, ...] = ()
    missing: Share = field(default_factory=Share)
    shown: int = 12
    note: str = ""

    @property
    def total(self) -> Share:
        return sum((row.share for row in self.rows), self.missing)

    @property
    def has_cod(self) -> bool:
        return any(row.cod is not None for row in self.rows)

    @property
    def rest(self) -> Share:
        """Rows that a page does not show, together."""
        return sum((row.share for row in self.rows[self.shown :]), Share())


@dataclass(frozen=True, slots=True)
class Cause:
    name: str
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class Headline:
    """Counts of all orders in the report, and shares of the matured ones.

    other: lost or delivered in part.  outcome_known: matured orders with an outcome, of those not cancelled.
    """

    shipped_or_open: int
    delivered: int
    rto: int
    open: int
    cancelled: int
    other: int
    matured: int
    outcome_known: int
    every: Share
    cod: Share
    prepaid: Share
    has_payment: bool


@dataclass(frozen=True, slots=True)
class RtoCost:
    """Money lost to RTO: `rto` parcels x `each_minor`."""

    rto: int
    each_minor: int

    @property
    def total_minor(self) -> int:
        return self.rto * self.each_minor


@dataclass(frozen=True, slots=True)
class AdviceSum:
    """Open orders with one advised action. expected_rto: sum of their probabilities if shipped as they are."""

    action: str
    orders: int
    expected_rto: float
    saving_minor: float | None


@dataclass(frozen=True, slots=True)
class Today:
    """Open orders now: the ones to act on, best first, and sums over all of them. waiting: open, scored or not.

    rows: where no order's advice could be weighed in money, the riskiest.
    """

    waiting: int = 0
    scored: int = 0
    expected_rto: float = 0.0
    high: int = 0
    to_act: int = 0
    rows: tuple[OpenRisk, ...] = ()
    sums: tuple[AdviceSum, ...] = ()
    saving_minor: float | None = None

    @property
    def weighed(self) -> bool:
        """Could any advice be weighed in money? Without costs it is the default, whatever the risk."""
        return self.saving_minor is not None


@dataclass(frozen=True, slots=True)
class Attempts:
    """Matured orders of which an attempt to deliver was told. delivered, rto, open: of those whose first one failed."""

    told: int = 0
    first_failed: int = 0
    delivered: int = 0
    rto: int = 0

    @property
    def open(self) -> int:
        return self.first_failed - self.delivered - self.rto


@dataclass(frozen=True, slots=True)
class Delay:
    """How long something took: days that half, 90 % and 99 % of n orders were within."""

    name: str
    n: int
    half: float
    most: float
    nearly_all: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Orders on which one thing was done, and what became of those with an outcome."""

    action: str
    orders: int
    share: Share


@dataclass(frozen=True, slots=True)
class TierWeek:
    """Decisions (or open orders) of one week by tier."""

    start: date
    low: int
    medium: int
    high: int

    @property
    def orders(self) -> int:
        return self.low + self.medium + self.high


@dataclass(frozen=True, slots=True)
class TierRow:
    """What became of orders of one tier. said: mean probability told of those with an outcome."""

    tier: str
    orders: int
    share: Share
    said: float | None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A reason that raised the risk: of how many of the orders looked at it was one of those told."""

    bucket: str
    code: str
    orders: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What was said of orders. source: "decisions", "open" (too few decisions: open orders as scored now), ""

    orders: each counted once, by the last decision.  left_out: older decisions beyond the most that are read.
    decisions: orders or checkouts of the period decided on.  placed_since: its orders since the first of those decisions.
    """

    source: str = ""
    orders: int = 0
    left_out: int = 0
    decisions: int = 0
    placed_since: int = 0
    weeks: tuple[TierWeek, ...] = ()
    tiers: tuple[TierRow, ...] = ()
    reasons: tuple[ReasonRow, ...] = ()
    actions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of the page. first, last: local days of the first and last order, None without orders.

    foreign: orders whose amount is in another currency.  switched: orders whose buyer changed to paying online.
    reason_words: what a reason says, by its code.
    """

    meta: Meta
    money: Money
    evidence: Evidence | None
    headline: Headline
    cost: RtoCost | None
    first: date | None = None
    last: date | None = None
    foreign: int = 0
    weeks: tuple[Period, ...] = ()
    months: tuple[Period, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)
    delays: tuple[Delay, ...] = ()
    taken: tuple[Taken, ...] = ()
    switched: Taken | None = None
    advice: Advice = field(default_factory=Advice)
    today: Today = field(default_factory=Today)
    reason_words: Mapping[str, str] = field(default_factory=dict)
