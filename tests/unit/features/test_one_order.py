"""Is one order's news, resolved by itself, what the whole history makes of it?"""

from typing import Any

from hypothesis import given, settings

from data import contract
from data.contract import DAY, Payment, Reason
from data.history import PLACE_AND_ADDRESS, Told
from data.label import News, judge, label
from features.contribution import contribution
from features.one_order import address_version, order_news, resolve, rto_cause, standing, verdict
from tests.helpers.histories import T0, history_of, known_orders, worlds

World = tuple[list[dict[str, Any]], list[Told]]


def moments(news: News) -> list[int]:
    """Before all news, and before and after each piece of it."""
    return [T0 - DAY, *(k + e for k in news.known_at for e in (0, 1))]


def columns_of(news: News) -> tuple[Any, ...]:
    return news.type, news.happened_at, news.known_at, news.rank, news.reason, news.voids


@given(world=worlds())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_label_contribution_and_place_are_those_of_the_history_at_any_moment(world: World) -> None:
    rows, told = world
    for known in known_orders(history_of(rows, told)):
        ids = known.columns["merchant_id"], known.columns["order_id"]
        mine = resolve([t for t in told if (t.merchant_id, t.order_id) == ids])
        order = {
            "is_cod": known.columns["payment_method"] == Payment.COD,
            "amount_minor": float(known.columns["amount_minor"]),
        }
        for at in moments(known.news):
            one, other = (contribution(**order, news=news, before=at) for news in (mine.news, known.news))
            assert (one.everyone, one.buyer) == (other.everyone, other.buyer)
            assert address_version(mine.news, at) == one.address_version
            place = mine.corrected[one.address_version - 1] if one.address_version else None
            assert place == known.corrected.get(other.address_version)
            assert str(label(mine.news, at)) == str(label(known.news, at))  # NaN is NaN


@given(world=worlds())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_cause_of_an_rto_blames_the_courier_when_the_label_does(world: World) -> None:
    rows, told = world
    for row in rows:
        news = order_news([t for t in told if (t.merchant_id, t.order_id) == (row["merchant_id"], row["order_id"])])
        for at in moments(news):
            found, reason = judge(at, *columns_of(news))
            cause = rto_cause(news, at)
            assert found == verdict(news, at)
            assert (cause is not None) == (found == 1)
            assert (cause or Reason.NONE) == reason


def told(kind: str, day: int, event_id: str = "", **more: Any) -> Told:
    return Told("m", "o", "shop", event_id or kind, kind, T0 + day * DAY, T0 + day * DAY, **more)


def test_the_cause_is_the_last_reason_up_to_the_start_of_the_rto() -> None:
    news = [
        told("placed", 0),
        told("attempt_failed", 2, "a1", reason="unreachable"),
        told("attempt_failed", 3, "a2", reason="refused"),
        told("rto_started", 4),
        told("rto_received", 9, reason="damaged"),
    ]
    assert rto_cause(order_news(news)) is Reason.REFUSED
    assert rto_cause(order_news([*news[:1], *news[3:4]])) is Reason.NONE
    assert rto_cause(order_news(news[:3])) is None


def test_corrected_addresses_are_numbered_by_when_they_were_told() -> None:
    second = told("address_corrected", 2, "b", details='{"address": {"pincode": "560001", "address": 4}}')
    first = told("address_corrected", 1, "c", details='{"address": {"pincode": "800001"}}')
    resolved = resolve([told("placed", 0), second, first, second])
    assert [p["pincode"] for p in resolved.corrected] == ["800001", "560001"]
    assert [p["address"] for p in resolved.corrected] == [-1, 4]
    assert set(resolved.corrected[0]) == set(PLACE_AND_ADDRESS)
    assert resolved.news.version == [0, 1, 2]


def test_news_that_a_correction_took_back_no_longer_stands() -> None:
    undo = told("correction", 5, details='{"voids": "delivered"}')
    news = order_news([told("placed", 0), told("delivered", 3), undo])
    assert [contract.NewsType(news.type[i]).name for i in standing(news)] == ["PLACED", "CORRECTION"]
    assert [contract.NewsType(news.type[i]).name for i in standing(news, T0 + 5 * DAY)] == ["PLACED", "DELIVERED"]


def test_ties_are_broken_by_source_and_then_event_id_as_in_the_history() -> None:
    at = T0 + DAY
    tied = [
        Told("m", "o", source, event_id, "attempt_failed", at, at, reason)
        for source, event_id, reason in (("b", "1", "refused"), ("a", "2", "no_attempt"), ("a", "3", "other"))
    ]
    news = [told("placed", 0), *tied, told("rto_started", 2)]
    (known,) = known_orders(history_of([{"order_id": "o", "merchant_id": "m", "placed_at": T0}], news))
    assert order_news(news[::-1]).rank == known.news.rank
    assert rto_cause(order_news(news)) is Reason.REFUSED
