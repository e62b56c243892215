"""Orders of one moment: read, scored together, each answered from the rung that was asked. Called where databases are read.

Single orders that waited in line at the same time are scored at once (`lane.Shared`): the answers are those of each alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from data.keeping.database import Connection
from data.keeping.one_moment import one_moment
from data.pool import Merchant
from serving.decisions.shop import Policies
from serving.desk import Desk
from serving.ids import random_hex
from serving.keeping import checkouts
from serving.policies.budget_seeds import day_of
from serving.resilience.ladder import FAILED, log_failure, of_store
from serving.scorer import Ask, Counting, Scored, fallback, score, score_many
from serving.web import stages
from serving.web.http import Refusal
from serving.web.once import Asked, Repeated, require_new
from serving.web.schema import Options, OrderIn
from training.bundle import Bundle

_AS_KEPT = {
    "code": "kept_order_scored",
    "text": "the order was scored as kept: what was sent beside its id was not read",
}
Answer: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Orders of one merchant at one stage, asked about at one moment (microseconds).

    whole: makes the body of the answer from what is said of each order.  asked: where it stands under a key.
    arrived: by the event loop's clock.
    """

    merchant: Merchant
    stage: str
    options: Options
    orders: Sequence[OrderIn]
    at: int
    request_id: str
    whole: "Callable[[list[Answer | Refusal]], Answer]"
    arrived: float
    asked: Asked | None = None
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids.extend(f"dec_{random_hex(12)}" for _ in self.orders)


_Order: TypeAlias = tuple[Question, int]
"""One order of a question."""
_Spared = Callable[[int, Exception], "Scored | Exception"]
"""What is answered about the order at a place after it broke; raises that again where it is not the order's own matter."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One order read: what the scorer is asked, and what the caller should know of the reading."""

    ask: Ask
    warnings: tuple[dict[str, str], ...] = ()

    def told(self, scored: Scored) -> Scored:
        return replace(scored, beside=self.warnings)


def singles(
    connection: Connection, items: list[tuple[Desk, Bundle | None, Question]]
) -> list[Scored | Refusal | Exception]:
    """The full rung of single orders of one desk that waited together: what is said of each, or what broke of it. Raises
    what breaks of the store."""
    desk, found = items[0][0], dict[int, Scored | Exception]()
    desk.notice(connection)
    by_bundle: dict[int, list[int]] = {}
    for place, (_, bundle, question) in enumerate(items):
        try:
            require_new(connection, question.asked)
            by_bundle.setdefault(id(bundle), []).append(place)
        except (Repeated, Refusal) as said:
            found[place] = said
    for places in by_bundle.values():
        orders = [(items[place][2], 0) for place in places]
        found |= zip(places, _now(connection, desk, items[places[0]][1], orders, _its_own), strict=True)
    return [found[place] for place in range(len(items))]


def _its_own(_: int, error: Exception) -> Exception:
    """What breaks of a single order is told to who waits for it; what breaks of the store is everybody's."""
    if of_store(error):
        raise error
    return error


def noticing(desk: Desk, bundle: Bundle | None, question: Question, connection: Connection) -> list[Scored | Refusal]:
    """The full rung. Raises Repeated or Refusal where it was answered before under its key, and what breaks of the store."""
    desk.notice(connection)
    require_new(connection, question.asked)
    return _in_one_moment(connection, desk, bundle, question)


def _in_one_moment(
    connection: Connection, desk: Desk, bundle: Bundle | None, question: Question
) -> list[Scored | Refusal]:
    """Every order read and scored at one moment, whatever is written meanwhile. One of many that breaks stays alone; raises
    what breaks of the store, and of a single order anything."""

    def spared(i: int, error: Exception) -> Scored | Refusal:
        if of_store(error) or len(question.orders) == 1:
            raise error
        log_failure(error, question.ids[i])
        try:
            return order_only(desk, bundle, question, i, FAILED)
        except Exception as again:  # noqa: BLE001 - logged by its place; the answer says that it is a fallback
            log_failure(again, question.ids[i])
            return default(desk, question, i, FAILED)

    found = _now(connection, desk, bundle, [(question, i) for i in range(len(question.orders))], spared)
    return cast("list[Scored | Refusal]", found)  # `spared` gives no other


def _now(
    connection: Connection, desk: Desk, bundle: Bundle | None, orders: list[_Order], spared: "_Spared"
) -> list[Scored | Exception]:
    """Orders of one desk read and scored at one moment."""
    with one_moment(connection):
        reads = _reads(connection, desk, orders, spared)
        asked = {i: one.ask for i, one in enumerate(reads) if isinstance(one, _Read)}
        counting = _counting(desk, [orders[i][0] for i in asked])
        scored = _scored(connection, bundle, asked, counting, spared)
    return [_told(one, scored.get(i)) for i, one in enumerate(reads)]


def _told(read: "_Read | Scored | Exception", scored: "Scored | Exception | None") -> Scored | Exception:
    if not isinstance(read, _Read):
        return read
    assert scored is not None, "whatever was asked is answered"
    return read.told(scored) if isinstance(scored, Scored) else scored


def _counting(desk: Desk, questions: Sequence[Question]) -> Counting:
    """How answers count against the caps of their merchants. questions: of each of them."""
    days = [day_of(one.at, one.merchant.timezone) for one in questions]
    return Counting(desk.shelf.budgets, days, [not one.options.dry_run for one in questions])


def _reads(
    connection: Connection, desk: Desk, orders: list[_Order], spared: _Spared
) -> list["_Read | Scored | Exception"]:
    """What the scorer is asked about each order."""
    policies, found = desk.policies, dict[int, _Read | Scored | Exception]()
    kept = dict[int, tuple[str | None, dict[str, Any] | None]]()
    became = checkouts.became(connection, list(dict.fromkeys(_checkouts(orders))))
    for place, (question, i) in enumerate(orders):
        try:
            kept[place] = _as_kept(connection, question, question.orders[i], became)
        except Refusal as refusal:
            found[place] = refusal
        except Exception as error:  # noqa: BLE001 - raised again, or answered from a lower rung
            found[place] = spared(place, error)
    new = [place for place, (_, columns) in kept.items() if columns is None]
    told = [
        (orders[place][0].orders[orders[place][1]], orders[place][0].merchant, orders[place][0].at) for place in new
    ]
    arrived = dict(zip(new, desk.intake.known(connection, told), strict=True))
    for place, (order_id, as_kept) in kept.items():
        columns = arrived[place] if as_kept is None else as_kept
        if isinstance(columns, Exception):
            found[place] = columns if isinstance(columns, Refusal) else spared(place, columns)
        else:
            found[place] = _asking(desk, policies, orders[place], order_id, columns, kept=place not in arrived)
    return [found[place] for place in range(len(orders))]


def _asking(
    desk: Desk, policies: Policies, which: _Order, order_id: str | None, columns: dict[str, Any], *, kept: bool
) -> _Read:
    (question, i), merchant_id = which, which[0].merchant.merchant_id
    order = question.orders[i]
    ask = Ask(merchant_id, columns, question.ids[i], question.at, order_id, order.checkout_id,
              question.options.explain, desk.single, question.stage, policies, desk.apart)  # fmt: skip
    return _Read(ask, (_AS_KEPT,) if kept and stages.says_more(order) else ())


def _checkouts(orders: list[_Order]) -> Iterator[tuple[str, str]]:
    """The checkouts that may have become orders: scored again, those must not see themselves."""
    for question, i in orders:
        order = question.orders[i]
        if order.order_id is None and order.checkout_id is not None:
            yield question.merchant.merchant_id, order.checkout_id


def _as_kept(
    connection: Connection, question: Question, order: OrderIn, became: Mapping[tuple[str, str], str]
) -> tuple[str | None, dict[str, Any] | None]:
    """The id an order goes by here, and what is kept of it; None if it is to be read as sent. became: of checkouts."""
    merchant_id = question.merchant.merchant_id
    order_id = order.order_id or became.get((merchant_id, order.checkout_id or ""))
    kept = stages.as_kept(connection, question.stage, merchant_id, order)
    stages.require(question.stage, order, kept=kept is not None)
    return order_id, kept or None


def _scored(
    connection: Connection, bundle: Bundle | None, asked: dict[int, Ask], counting: Counting, spared: _Spared
) -> dict[int, Scored | Exception]:
    """One answer for each ask: together, and one by one if that breaks, so that one bad order stays alone."""
    if len(asked) > 1:
        try:
            return dict(zip(asked, score_many(connection, bundle, list(asked.values()), counting), strict=True))
        except Exception as error:
            if of_store(error):
                raise
            log_failure(error)
    found: dict[int, Scored | Exception] = {}
    for n, (i, ask) in enumerate(asked.items()):
        try:
            found[i] = score(connection, bundle, ask, counting.only(n))
        except Exception as error:  # noqa: BLE001 - raised again, or answered from a lower rung
            found[i] = spared(i, error)
    return found


def order_only(desk: Desk, bundle: Bundle | None, question: Question, i: int, because: str) -> Scored | Refusal:
    """What the order alone says, by the model that was never told of any history; without a model, lists and rules."""
    order, merchant = question.orders[i], question.merchant
    alone = None if bundle is None else bundle.order_only
    if order.placed_at is None or (bundle is not None and alone is None):
        return default(desk, question, i, because)  # only what is kept of it would say more
    try:
        stages.require(question.stage, order, kept=False)
        columns = desk.intake.unrecognised(order, merchant, question.at)
    except Refusal as refusal:
        return refusal
    ask = Ask(merchant.merchant_id, columns, question.ids[i], question.at, order.order_id, order.checkout_id,
              question.options.explain, desk.single, question.stage, desk.policies, degraded=because)  # fmt: skip
    return score(None, alone, ask, _counting(desk, [question]))


def default(desk: Desk, question: Question, i: int, because: str) -> Scored:
    order = question.orders[i]
    ids = (question.ids[i], question.at, order.order_id, order.checkout_id)
    return fallback(Ask(question.merchant.merchant_id, {}, *ids, stage=question.stage, policies=desk.policies,
                        degraded=because))  # fmt: skip
