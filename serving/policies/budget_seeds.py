"""What of a merchant's caps is used up already, from the ledger: read once, when a policy with caps is taken up."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from data.contract import DAY, SECOND, Action
from data.keeping.database import open_database
from data.pool import Merchant, Pool
from serving.decisions.caps import ALL, PLACE_TIER, PLACE_TIERS, STATE, UNKNOWN, place_name
from serving.decisions.shop import ShopPolicy
from serving.policies.budget import WINDOW_DAYS, Counted
from serving.policies.choosing import BEYOND_CAPS

MOST = 500_000
"""Newest decisions that are looked at: of a merchant with more in a week the shares are those of its newest."""
_DECISIONS = """SELECT scored_at, COALESCE(order_id, checkout_id, decision_id),
json_extract(body, '$.answer.recommendation.action'), json_extract(body, '$.answer.recommendation.decided_by'),
json_extract(json_extract(body, '$.made_from.columns'), '$.state', '$.district', '$.payment_method')
FROM decisions WHERE merchant_id = ? AND scored_at >= ? ORDER BY scored_at DESC, decision_id LIMIT ?"""


def counted(pool: Pool, merchant: Merchant, shop: ShopPolicy, now: int) -> Iterator[Counted]:
    """The last decision of each order of the last days, oldest first."""
    connection = open_database(pool.database, read_only=True)
    try:
        since = now - WINDOW_DAYS * DAY
        found: dict[tuple[int, str], Counted] = {}
        for row in connection.execute(_DECISIONS, (merchant.merchant_id, since, MOST)):
            one = _counted(row, merchant, shop)
            if one is not None:
                found.setdefault((one.day, one.subject), one)
    finally:
        connection.close()
    return iter(sorted(found.values(), key=lambda one: one.day))


def _counted(row: Any, merchant: Merchant, shop: ShopPolicy) -> Counted | None:
    scored_at, subject, action, by, told = row
    state, district, method = orjson.loads(told) if told else (None, None, None)
    if method == "prepaid":
        return None
    tier = shop.prices.tiers.get(place_name(state, district), PLACE_TIERS[-1])
    groups = ((ALL, ""), (PLACE_TIER, tier), (STATE, state or UNKNOWN))
    counts = Action.ALLOW_COD if by in BEYOND_CAPS else Action[action.upper()]
    return Counted(subject, day_of(scored_at, merchant.timezone), counts, groups)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def day_of(at: int, zone: str) -> int:
    """The number of a moment's day in a zone."""
    return _day_of(at // _QUARTER_HOUR, zone)


_QUARTER_HOUR = 15 * 60 * SECOND


@lru_cache(maxsize=256)
def _day_of(quarter_hour: int, zone: str) -> int:
    """No zone's day begins within a quarter of an hour."""
    return datetime.fromtimestamp(quarter_hour * 900, _zone(zone)).toordinal()
