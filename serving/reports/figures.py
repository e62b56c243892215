"""What goes into a report and what comes out: values only. Shares run 0 to 1, moments are microseconds UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from serving.reports.shares import Share


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as the report sees it: nothing in it names a person.

    outcome: 1 RTO, 0 delivered, NaN without a verdict.  status: open, delivered, rto, cancelled, lost or mixed.
    cause: a reason of the contract, lower case; None where none was told.
    """

    order_id: str
    placed_at: int
    payment: str | None
    amount_minor: float | None
    pincode: str | None
    district: str | None
    state: str | None
    category: str | None
    outcome: float
    status: str
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class OpenRisk:
    """One open order as scored now. saving_minor: expected, against shipping it as it is; None without costs."""

    order_id: str
    placed_at: int
    amount_minor: float | None
    p_rto: float
    tier: str
    action: str
    saving_minor: float | None
    reasons: Sequence[str] = ()


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
    """The merchant's money. minor_digits: decimals of the currency. cost_basis: one phrase, where the cost is from."""

    currency: str
    cost_of_one_rto_minor: int | None = None
    cost_basis: str = ""
    minor_digits: int = 2


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose report, and when. matures_in_days: age from which an order's outcome counts.

    known_through: the moment to which the history is complete; None: `generated_at`. Maturity is measured to it.
    """

    merchant_id: str
    timezone: str
    generated_at: int
    matures_in_days: float
    known_through: int | None = None

    @property
    def told_until(self) -> int:
        return self.generated_at if self.known_through is None else self.known_through


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
    """One line of a table. stands_out: its whole interval lies above (1) or below (-1) the merchant's average."""

    name: str
    share: Share
    stands_out: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A table of groups. missing: matured orders that have no such value; note: why rows are left out or absent."""

    rows: tuple[GroupRow, ...] = ()
    missing: int = 0
    note: str = ""


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
    """Open orders now: the ones to act on, best first, and sums over all of them."""

    scored: int = 0
    expected_rto: float = 0.0
    high: int = 0
    to_act: int = 0
    rows: tuple[OpenRisk, ...] = ()
    sums: tuple[AdviceSum, ...] = ()
    saving_minor: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of the page. first, last: local days of the first and last order, None without orders."""

    meta: Meta
    money: Money
    evidence: Evidence | None
    headline: Headline
    cost: RtoCost | None
    first: date | None = None
    last: date | None = None
    weeks: tuple[Period, ...] = ()
    months: tuple[Period, ...] = ()
    states: Group = field(default_factory=Group)
    pincodes: Group = field(default_factory=Group)
    categories: Group = field(default_factory=Group)
    values: Group = field(default_factory=Group)
    causes: tuple[Cause, ...] = ()
    today: Today = field(default_factory=Today)
