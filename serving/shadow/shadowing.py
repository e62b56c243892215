"""`python -m serving.shadow.shadowing POOL`: a process that scores beside the champion what the champion has answered already.

It follows the ledger: a decision that is kept is read, scored by the challenger as of the moment it was made, and what the
challenger would have said is kept under the decision's id and the challenger's digest. A process of its own, and a humble
one: whatever a challenger does, no answer waits for it, changes, or fails.
"""

import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.contract import SECOND
from data.keeping import journal
from data.keeping.database import Connection, immediate, open_database
from data.keeping.one_moment import one_moment
from data.keeping.server import keep_on_server
from data.pool import Pool
from serving.clock import Clock
from serving.desk import as_served
from serving.keeping import checkouts
from serving.policies.policy_shelf import Shelf
from serving.scorer import Ask, Scored, score, score_many
from serving.settings import settings
from serving.web.http import LOG, place_of
from training.bundle import Bundle, read_bundle, signing_key

_AT_ONCE = 50
_AGAIN = 60 * SECOND  # a slow disk may keep a decision later than one that was made after it
_IDLE_S, _LOOK_POLICIES_S = 0.5, 10.0
_NEW = """SELECT d.decision_id, d.body FROM decisions d
LEFT JOIN shadows s ON s.decision_id = d.decision_id AND s.digest = ?
WHERE d.merchant_id = ? AND d.scored_at >= ? AND s.decision_id IS NULL AND json_extract(d.body, '$.answer.rung') = 'full'
ORDER BY d.scored_at LIMIT ?"""


@dataclass(slots=True)
class Challenger:
    """The bundle on trial. since: decisions made before are not its own.  through: by merchant, the newest it has scored."""

    bundle: Bundle
    name: str
    since: int
    through: dict[str, int]

    @staticmethod
    def of(pool: Pool, public_key: Ed25519PublicKey) -> "Challenger | None":
        """The one named by the pool; None where there is none. Raises GateRefused as `read_bundle`."""
        if not pool.shadow.exists():
            return None
        name = pool.shadow.read_text().strip()
        bundle = as_served(read_bundle(pool.bundles / name, public_key), name)
        return Challenger(bundle, name, pool.shadow.stat().st_mtime_ns // 1_000, {})


class Follower:
    """Scores the decisions of one pool by its challenger. Reads by one connection, and writes by another, a little at a time."""

    def __init__(self, pool: Pool, challenger: Challenger, clock: Clock) -> None:
        self.pool, self.challenger = pool, challenger
        self.reader = open_database(pool.database, read_only=True)
        self.merchants, self.apart = pool.merchants(), pool.strangers_apart
        self.shelf = Shelf(pool, clock.now)
        self.shelf.look_safely(self.merchants)

    def step(self) -> int:
        """Score what is new, a few of each merchant; how many."""
        return sum(self._merchant(merchant_id) for merchant_id in self.merchants)

    def close(self) -> None:
        self.reader.close()

    def _merchant(self, merchant_id: str) -> int:
        one = self.challenger
        start = max(one.since, one.through.get(merchant_id, 0) - _AGAIN)
        with one_moment(self.reader):
            found = self.reader.execute(_NEW, (one.bundle.digest, merchant_id, start, _AT_ONCE)).fetchall()
            kept = [one for one in (orjson.loads(body) for _, body in found) if one["made_from"].get("columns")]
            rows = self._scored(kept) if kept else []
        if rows:
            with closing(open_database(self.pool.database)) as writer, immediate(writer):
                writer.executemany("INSERT INTO shadows VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
            one.through[merchant_id] = max(row[3] for row in rows)
        return len(rows)

    def _scored(self, kept: list[dict[str, Any]]) -> list[tuple[str, str, str, int, str]]:
        asks = [self._ask(decision) for decision in kept]
        bundle, through = self.challenger.bundle, journal.last_seq(self.reader)
        try:
            said: list[Scored | Exception] = list(score_many(self.reader, bundle, asks))
        except Exception:  # noqa: BLE001 - tried again one by one, and then kept with the decision it broke at
            said = [_alone(self.reader, bundle, ask) for ask in asks]
        return [
            (ask.decision_id, bundle.digest, ask.merchant_id, ask.at, self._body(one, decision, through))
            for ask, one, decision in zip(asks, said, kept, strict=True)
        ]

    def _ask(self, decision: dict[str, Any]) -> Ask:
        """The same question. An order that the checkout became since must not see itself."""
        made = decision["made_from"]
        order_id = made["order_id"]
        if order_id is None and made["checkout_id"] is not None:
            became = checkouts.orders_of(self.reader, made["merchant_id"], made["checkout_id"])
            order_id = became[0] if len(became) == 1 else None
        return Ask(made["merchant_id"], journal.unpacked(made["columns"]), decision["decision_id"], made["scored_at"],
                   order_id, made["checkout_id"], 0, len(self.merchants) == 1, made["stage"], self.shelf.policies,
                   self.apart)  # fmt: skip

    def _body(self, one: Scored | Exception, decision: dict[str, Any], through: int) -> str:
        told: dict[str, Any] = {"champion": decision["answer"]["model"]["digest"], "version": self.challenger.name,
                                "news_since": through - decision["made_from"]["folded_through"]}  # fmt: skip
        if isinstance(one, Exception):
            return orjson.dumps(told | {"failed": place_of(one)}).decode()
        risk, advice = one.answer["risk"], one.answer["recommendation"]
        told |= {name: risk[name] for name in ("p_rto", "p_rto_if_prepaid")}
        return orjson.dumps(told | {name: advice[name] for name in ("action", "decided_by")}).decode()


def _alone(connection: Connection, bundle: Bundle, ask: Ask) -> Scored | Exception:
    try:
        return score(connection, bundle, ask)
    except Exception as error:  # noqa: BLE001 - kept with the decision
        return error


def follow(pool: Pool, clock: Clock, parent: int) -> None:
    """Until the pool names no challenger, or whoever started this process is gone."""
    follower: Follower | None = None
    looked_at = clock.monotonic()
    while os.getppid() == parent:
        named = pool.shadow.read_text().strip() if pool.shadow.exists() else ""
        if not named:
            return
        if follower is None or follower.challenger.name != named:
            challenger = Challenger.of(pool, signing_key(pool.home).public_key())
            assert challenger is not None, "it is named"
            follower = Follower(pool, challenger, clock)
            LOG.info("bundle %s is scored in the shadow", named)
        if clock.monotonic() - looked_at > _LOOK_POLICIES_S:
            follower.shelf.look_safely(follower.merchants)
            looked_at = clock.monotonic()
        if not follower.step():
            time.sleep(_IDLE_S)


def main() -> int:
    """Follow one pool; its name is the argument."""
    os.nice(10)
    at = settings()
    keep_on_server(at.database_url)
    follow(Pool(at.home, sys.argv[1]), Clock(), os.getppid())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
