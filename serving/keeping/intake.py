"""From a request to kept columns: the same arrival as imports, for one order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import orjson

from data.arrival import Desk, Kept, arrive
from data.contract import CLOCK_SLACK, EARLIEST, SECOND
from data.details import kept_details
from data.history import Told
from data.keeping import journal
from data.keeping.database import Connection
from data.places import load_register
from data.pool import Merchant
from serving.web.http import LOG, Refusal, place_of
from serving.web.schema import Customer, EventIn, LineItem, OrderIn

Find = Callable[[Connection, str, list[bytes | None]], "np.ndarray[Any, Any]"]


Telling: TypeAlias = tuple[OrderIn, Merchant, int]
"""An order, whose it is, and when it was sent, microseconds."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What arrival needs of a pool."""

    token_key: bytes

    def desk(self, connection: Connection, assign: Find) -> Desk:
        return Desk(self.token_key, lambda kind, tokens: assign(connection, kind, tokens), load_register())

    def known(self, connection: Connection, orders: list[Telling]) -> list[dict[str, Any] | Exception]:
        """Kept columns of orders for scoring, persons never seen stay unseen; for one that cannot be read, why."""
        find = partial(journal.find_all_pseudonyms, connection)
        desk, found = replace(self.desk(connection, journal.find_pseudonyms), assign_all=find), list[Any]()
        for told in orders:
            try:
                found.append(_told(*told))
            except Exception as error:  # noqa: BLE001 - handed to who asked about this order
                found.append(error)
        readable = [one for one in found if not isinstance(one, Exception)]
        arrived = iter(_arrived(readable, desk) if readable else ())
        return [one if isinstance(one, Exception) else next(arrived) for one in found]

    def unrecognised(self, order: OrderIn, merchant: Merchant, now: int) -> dict[str, Any]:
        """Kept columns for scoring where nobody can be looked up: persons who are named count as never seen."""
        return self._columns(Desk(self.token_key, journal.unseen, load_register()), order, merchant, now)

    def all_placed(
        self, connection: Connection, placed: Sequence[tuple[OrderIn, Merchant, int]]
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Kept columns of placed orders, each with its merchant and the server's time: persons get their pseudonyms.
        Call within a transaction."""
        told = [_told(*one) for one in placed]
        desk = self.desk(connection, journal.assign_pseudonyms)
        table = arrive({name: [one[name][0] for one in told] for name in told[0]}, desk)
        columns = [column.tolist() for column in table.values()]
        return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]

    def _columns(self, desk: Desk, order: OrderIn, merchant: Merchant, now: int) -> dict[str, Any]:
        [columns] = rows_of(arrive(_told(order, merchant, now), desk))
        return columns

    def told(self, connection: Connection, event: EventIn, merchant: Merchant, now: int) -> Told:
        """News as told, stamped with the server's time. Call within a transaction."""
        happened = micros(event.happened_at, now, "/happened_at")
        details = None
        if event.details is not None:
            details = self._details(connection, event, event.details.model_dump(exclude_none=True), merchant)
        elif event.type in ("correction", "address_corrected", "action_taken"):
            raise Refusal(422, "invalid", f"{event.type} needs details", "/details")
        return Told(event.merchant_id, event.order_id, event.source, event.event_id, event.type, happened, now,
                    event.reason, details, live=True)  # fmt: skip

    def _details(self, connection: Connection, event: EventIn, said: dict[str, Any], merchant: Merchant) -> str | None:
        if "address" in said:
            country = said["address"].setdefault("country", merchant.country)
            _pincode(said["address"].get("pincode"), country, "/details/address/pincode")
        try:
            return kept_details(event.type, said, self.desk(connection, journal.assign_pseudonyms))
        except KeyError as missing:
            raise Refusal(
                422, "invalid", f"{event.type} needs {missing.args[0]}", f"/details/{missing.args[0]}"
            ) from None


def _arrived(told: list[dict[str, list[Any]]], desk: Desk) -> list[dict[str, Any] | Exception]:
    """Kept columns of each order as told: together, and one by one if that breaks, so that one bad order stays alone."""
    if len(told) > 1:
        try:
            return list(rows_of(arrive({name: [one[name][0] for one in told] for name in told[0]}, desk)))
        except Exception as error:  # noqa: BLE001 - tried again one by one
            LOG.error(orjson.dumps({"failed": place_of(error)}).decode())
    return [_alone(one, desk) for one in told]


def _alone(told: dict[str, list[Any]], desk: Desk) -> dict[str, Any] | Exception:
    try:
        return next(rows_of(arrive(told, desk)))
    except Exception as error:  # noqa: BLE001 - handed to who asked about this order
        return error


def rows_of(table: Kept) -> Iterator[dict[str, Any]]:
    """Each order's columns as Python's own values."""
    return (
        dict(zip(table, row, strict=True)) for row in zip(*(column.tolist() for column in table.values()), strict=True)
    )


def micros(moment: datetime, now: int, field: str) -> int:
    """A moment as told, microseconds. Raises Refusal 422 for one before 2000, or ahead of the server's clock."""
    told = round(moment.timestamp() * SECOND)
    if told > now + CLOCK_SLACK:
        raise Refusal(422, "in_the_future", "more than 5 minutes ahead of the server's clock", field)
    if told < EARLIEST:
        raise Refusal(422, "too_old", "a time before the year 2000", field)
    return told


def _placed_at(order: OrderIn, now: int) -> int:
    assert order.placed_at is not None, "asked for before (serving/web/stages.py)"
    return micros(order.placed_at, now, "/order/placed_at")


def _pincode(told: str | None, country: str, field: str) -> str | None:
    if not told or not told.strip():
        return None
    compact = "".join(told.split())
    if country != "IN":
        return told.strip()
    if not (len(compact) == 6 and compact.isascii() and compact.isdigit() and compact[0] != "0"):
        raise Refusal(422, "invalid", "a PIN code: six digits, the first not 0", field)
    return compact


def _goods_worth(lines: list[LineItem]) -> float | None:
    """What stands for an amount that was not told, as for rows that are scored (`data/files/joining.py`, `orders_of`)."""
    worth = [line.quantity * line.price_minor for line in lines if line.price_minor is not None]
    return float(sum(worth)) if worth and len(worth) == len(lines) else None


def _told(order: OrderIn, merchant: Merchant, now: int) -> dict[str, list[Any]]:
    lines = order.line_items
    dearest = max(lines, key=lambda line: line.price_minor or 0, default=None)
    country = order.shipping_address.country or merchant.country
    flat: dict[str, Any] = {
        "order_id": order.order_id or "",
        "merchant_id": merchant.merchant_id,
        "placed_at": _placed_at(order, now),
        "timezone": merchant.timezone,
        "currency": order.currency or merchant.currency,
        "country": country,
        "sku": dearest.sku if dearest else None,
        "category": dearest.category if dearest else None,
        "n_lines": float(len(lines)) if lines else 1.0,
        "n_units": float(sum(line.quantity for line in lines)) if lines else None,
        "pincode": _pincode(order.shipping_address.pincode, country, "/order/shipping_address/pincode"),
        "origin_pincode": _pincode(order.origin_pincode, merchant.country, "/order/origin_pincode"),
        "promised_at": None if order.promised_at is None else round(order.promised_at.timestamp() * SECOND),
    }
    for said, names in ((order, _OF_ORDER), (order.customer, _OF_CUSTOMER), (order.shipping_address, _OF_ADDRESS)):
        for name in names:
            flat[name] = getattr(said, name)
    if order.amount_minor is None:
        flat["amount_minor"] = _goods_worth(lines)
    return {name: [value] for name, value in flat.items()}


_OF_ORDER = ("channel", "amount_minor", "discount_minor", "shipping_fee_minor", "payment_method", "courier", "device_id", "ip",
             "campaign")  # fmt: skip
_OF_CUSTOMER = tuple(Customer.model_fields)
_OF_ADDRESS = ("line1", "line2", "landmark", "city", "district", "state")
