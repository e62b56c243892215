"""How far what is known of parcels reaches, and whether that is too long ago to say much about today's orders."""

from datetime import UTC, datetime

from data.contract import DAY, SECOND, NewsType
from data.keeping.database import KNOWN_THROUGH, Connection, get_meta, scalar
from data.keeping.journal import LIVE

OLD_AFTER_DAYS = 35.0
"""Who imports once a month is never told of it. By then all that was on its way has ended, and no buyer, place or courier
has been learned about since: risks are those of another season."""
TO_DO = "import newer orders: rto import FILE --mapping M"
_OF_THE_PARCEL = tuple(t.name.lower() for t in NewsType if NewsType.DISPATCHED <= t < NewsType.CORRECTION)
"""That an order was placed says nothing of how parcels end: one test order must not make an old history look new."""
_LIVE = f"""SELECT known_at FROM news WHERE origin = ? AND type IN ({", ".join("?" for _ in _OF_THE_PARCEL)})"""
_NEWEST = " ORDER BY seq DESC LIMIT 1"  # live news is kept as it comes: the search ends at the first


def imported_through(connection: Connection) -> int:
    """The moment to which the imports of a pool are complete, microseconds; 0 where nothing was imported."""
    return int(get_meta(connection, KNOWN_THROUGH) or 0)


def live_through(connection: Connection, merchant_id: str | None = None) -> int:
    """When the newest live news of a parcel came, of one merchant or of all; 0 where none did."""
    asked: tuple[str, ...] = (LIVE, *_OF_THE_PARCEL)
    if merchant_id is None:
        return int(scalar(connection, _LIVE + _NEWEST, asked) or 0)
    return int(scalar(connection, f"{_LIVE} AND merchant_id = ?{_NEWEST}", (*asked, merchant_id)) or 0)


def known_through(connection: Connection) -> int:
    """The same of imports and live news together."""
    return max(imported_through(connection), live_through(connection))


def too_old(through: int, matures_in: float, at: int) -> bool:
    """Is the last that is known too old at a moment? matures_in: age from which an order's outcome counts, microseconds."""
    return at - through > max(OLD_AFTER_DAYS * DAY, matures_in)


def warnings(through: int, matures_in: float, at: int) -> list[dict[str, str]]:
    """What to say beside scores of a moment, as the service says it: code and text; nothing where the news is new."""
    if not through or not too_old(through, matures_in, at):
        return []
    days = f"{days_before(through, at):,} days before these scores"
    return [{"code": "old_news", "text": f"nothing is known after {day(through)}, {days}: {TO_DO}"}]


def day(moment: int) -> str:
    """The day of a moment, UTC."""
    return datetime.fromtimestamp(moment / SECOND, UTC).date().isoformat()


def days_before(through: int, at: int) -> int:
    """Whole days between the last that is known and a moment."""
    return int((at - through) // DAY)
