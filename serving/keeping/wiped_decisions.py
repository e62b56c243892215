"""Decisions without their buyer: what was advised, when, by which policy, with what chance and for what money stays; what
was seen and said of the person goes."""

from collections.abc import Collection, Iterator, Set
from typing import Any

import orjson

from data.history import ERASED
from data.keeping.database import Connection
from data.keeping.erasing import wiped
from data.keeping.journal import packed, unpacked
from data.keeping.traces import OrderId
from serving.keeping import checkouts
from serving.keeping.kept_decisions import Span, each

_SEEN = ("x", "features", "why")
_WARNING = {"code": "buyer_erased", "text": "the buyer was erased on request: what was known of them is no longer told"}


def of_the_person(
    connection: Connection, merchants: Collection[str], orders: Set[OrderId], gone: Set[tuple[str, int]], since: int
) -> Iterator[dict[str, Any]]:
    """Decisions made since a moment about these orders, their checkouts, or whoever these handles named; those that were
    wiped left out."""
    theirs = {merchant: {order for m, order in orders if m == merchant} for merchant in merchants}
    for merchant in merchants:
        kept = [checkouts.checkout_of(connection, merchant, order) for order in theirs[merchant]]
        carts = {one for one in kept if one is not None}
        for one in each(connection, [Span(merchant, since)]):
            body = one.read()
            made = body["made_from"]
            about = made["order_id"] in theirs[merchant] or made["checkout_id"] in carts
            if not made.get(ERASED) and (about or _names(made, gone)):
                yield body


def _names(made: dict[str, Any], gone: Set[tuple[str, int]]) -> bool:
    if not made.get("columns"):
        return False
    columns = orjson.loads(made["columns"])
    return any(columns.get(kind) == pseudonym for kind, pseudonym in gone)


def wipe(connection: Connection, body: dict[str, Any]) -> None:
    """Keep a decision without its buyer. Call within a transaction."""
    answer, made = body["answer"], {name: value for name, value in body["made_from"].items() if name not in _SEEN}
    if made.get("columns"):
        made["columns"] = packed(wiped(unpacked(made["columns"])))
    if "evidence" in made:
        made |= {"evidence": ["thin", 0, made["evidence"][2]], "record": [0, 0]}
        risk = answer["risk"] | {"evidence": answer["risk"]["evidence"] | {"level": "thin", "buyer_outcomes": 0}}
        answer |= {"risk": risk, "reasons": []} | ({"buyer_text": ""} if "buyer_text" in answer else {})
    answer["warnings"] = [*answer.get("warnings", []), _WARNING]
    text = orjson.dumps(body | {"answer": answer, "made_from": made | {ERASED: True}}, option=orjson.OPT_SORT_KEYS)
    sql = "UPDATE decisions SET body = ? WHERE decision_id = ?"
    connection.execute(sql, (text.decode(), body["decision_id"]))


def forget_answers(connection: Connection, merchants: Collection[str], ids: Set[str]) -> int:
    """Answers under an Idempotency-Key that name one of these orders or decisions: a key is kept for a day, and is free then.
    Returns how many went. Call within a transaction."""
    n = 0
    for merchant in merchants:
        rows: list[Any] = connection.execute(
            "SELECT key, body FROM answered WHERE merchant_id = ?", (merchant,)
        ).fetchall()
        for key, body in rows:
            if not ids.isdisjoint(_strings(orjson.loads(body))):
                connection.execute("DELETE FROM answered WHERE merchant_id = ? AND key = ?", (merchant, key))
                n += 1
    return n


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list):
        for one in told.values() if isinstance(told, dict) else told:
            yield from _strings(one)
