"""The queue over HTTP: whom to call or message today, for a shop's own screen or a dialler that fetches it."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from data.keeping.database import open_database
from data.pool import Merchant, Pool
from serving.calling.queueing import Wanted, queue
from serving.web.http import Refusal, rfc3339

MOST_CONTACTS, MOST_DAYS = 10_000, 90
WAYS = ("call", "message")
LONGEST_LINK = 500


def wanted_of(query: Mapping[str, str], merchant_id: str, now: int) -> Wanted:
    """What a request wants. Raises Refusal 422 for a value that does not fit."""
    by, link = query.get("by", "call"), query.get("link", "")
    if by not in WAYS:
        raise Refusal(422, "invalid", f"one of {', '.join(WAYS)}", "?by")
    if link and (not link.startswith(("https://", "http://")) or len(link) > LONGEST_LINK):
        raise Refusal(422, "invalid", f"an address of http or https, at most {LONGEST_LINK} characters", "?link")
    most, days = _whole(query, "capacity", 100, MOST_CONTACTS), _whole(query, "days", 7, MOST_DAYS)
    return Wanted(merchant_id, f"confirm_{by}", most, days, now, link)


def queue_told(pool: Pool, merchant: Merchant, wanted: Wanted) -> dict[str, Any]:
    """The answer: what was asked for, and the contacts worth making, best first."""
    with closing(open_database(pool.database, read_only=True)) as connection:
        rows = queue(connection, wanted)
    return {
        "merchant_id": merchant.merchant_id,
        "by": wanted.by.removeprefix("confirm_"),
        "capacity": wanted.most,
        "days": wanted.days,
        "made_at": rfc3339(wanted.now),
        "orders": rows,
    }


def _whole(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise Refusal(422, "invalid", f"a whole number from 1 to {most:,}", f"?{name}")
    return int(text)
