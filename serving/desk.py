"""A pool at the service's desk: its database, its writer, its merchants and the bundle that is published now."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.errors import DataError
from data.keeping.database import BUILT_FROM, Connection, get_meta, open_database
from data.places import load_register
from data.pool import Merchant, Pool, pool_names
from features.catalog import fingerprint
from features.store import Store
from serving.clock import Clock
from serving.decisions.shop import Policies, ShopPolicy
from serving.incoming import Incoming
from serving.keeping.intake import Intake
from serving.keeping.writer import Writer
from serving.policies.policy_shelf import Shelf
from serving.resilience.allowance import USUAL, Allowance
from serving.resilience.breaker import LEDGER, STORE, Breaker
from serving.resilience.lane import Lane
from serving.web.http import LOG, Refusal, place_of
from training.bundle import Bundle, read_bundle, signing_key

_LOOK_EVERY_S = 1.0
_AGAIN_AFTER_S = 15.0
_NOTICE_S = 0.05
_STALE = {"code": "state_stale", "text": "an import is not in the online state yet: rto state rebuild"}
_REFUSED = {
    "code": "policy_unreadable",
    "text": "the live policy cannot be read: the one before, or what is shipped, decides",
}


def as_served(bundle: Bundle, name: str) -> Bundle:
    """A published bundle with what answers say of it. name: of its folder."""
    more = {"version": name.partition("-")[0], "features": fingerprint(bundle.features)}
    about, alone = {**bundle.about, **more}, bundle.order_only
    return replace(bundle, about=about, order_only=None if alone is None else replace(alone, about=about))


class Desk:
    """Everything the routes need of one pool. Used from the event loop, which touches no database: single orders are read
    for in one thread, everything else in another, and writes go through the writer's."""

    def __init__(self, pool: Pool, public_key: Ed25519PublicKey, clock: Clock, allowance: Allowance = USUAL) -> None:
        self.pool, self.public_key, self.clock = pool, public_key, clock
        reader = open_database(pool.database, read_only=True)
        self.writer = Writer(lambda: open_database(pool.database))
        self._first_write()
        self.intake = Intake(pool.token_key())
        self.merchants, self.stale, self._merchants_as_of = pool.merchants(), False, -1
        self._noticed = False
        self.notice(reader)
        self.checkouts = Lane(reader, f"checkouts of {pool.name}")
        self.others = Lane(open_database(pool.database, read_only=True), f"readings of {pool.name}")
        self.store_breaker = Breaker(STORE, allowance.failures)
        self.ledger_breaker = Breaker(LEDGER, allowance.failures)
        self.apart = pool.strangers_apart
        self.shelf = Shelf(pool, clock.now)
        self.shelf.look_safely(self.merchants)  # what is published decides from the first order on
        self.look()
        self._bundle: Bundle | None = None
        self._serving: tuple[str, Bundle] | None = None
        self._before: tuple[str, Bundle] | None = None  # a rollback waits for nothing
        self._incoming = Incoming(public_key)
        self._published, self._looked_at, self._again_at = "", float("-inf"), float("inf")
        self._again = ""

    def _first_write(self) -> None:
        """Open what writing needs: the first decision must not wait for it. Somebody else's turn stops no scoring."""
        try:
            self.writer.submit(lambda connection: None).result()
        except DataError as error:
            LOG.warning("pool %s: %s", self.pool.name, place_of(error))

    def look(self) -> None:
        """Notice what imports have brought since: merchants at once; news and orders once the state holds them."""
        as_of = self.pool.merchants_file.stat().st_mtime_ns if self.pool.merchants_file.exists() else -1
        if as_of != self._merchants_as_of:
            self.merchants, self._merchants_as_of = self.pool.merchants(), as_of
        self.apart = self.pool.strangers_apart
        self._noticed = False
        self.shelf.look_aside(self.merchants)

    def notice(self, connection: Connection) -> None:
        """What the state says of itself, once after each look. Called where the database is read anyway."""
        if self._noticed:
            return
        self.stale = (get_meta(connection, BUILT_FROM) or "") != ",".join(self.pool.segment_names())
        self._kept = Store(connection)
        self._noticed = True

    @property
    def policies(self) -> Policies:
        """Who decides by what, now."""
        return self.shelf.policies

    def warnings(self, merchant_id: str) -> list[dict[str, str]]:
        """What a caller should know of every answer given now."""
        return ([_STALE] if self.stale else []) + ([_REFUSED] if merchant_id in self.shelf.refused else [])

    @property
    def published(self) -> bool:
        """Was a model ever promoted here? A pool without one is new, not broken."""
        return self.pool.champion.exists()

    def bundle(self) -> Bundle | None:
        """The published bundle; None before the first promotion. A bad new one is refused and the old one stays."""
        if self.clock.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = self.clock.monotonic()
            name = self.pool.champion.read_text().strip() if self.pool.champion.exists() else ""
            if name and (name != self._published or self._looked_at >= self._again_at):
                self._bring(name)
        if (here := self._incoming.here()) is not None and here[0] == self._published:
            self._swap(here[0], here[1].result)
        return self._bundle

    def _bring(self, name: str) -> None:
        """The first model is read here and now, one that served before is at hand; any other is tried and read aside."""
        self._published, self._again_at = name, float("inf")
        folder, before = self.pool.bundles / name, self._before
        if self._bundle is None:
            self._swap(name, partial(read_bundle, folder, self.public_key))
        elif before is not None and before[0] == name:
            self._swap(name, lambda: before[1])
        else:
            self._incoming.begin(name, folder)

    def _swap(self, name: str, read: Callable[[], Bundle]) -> None:
        try:
            bundle = read()
            self._kept.require(bundle.sums)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on serving
            LOG.error("bundle %s refused: %s", name, place_of(error))
            wait_s = (
                _LOOK_EVERY_S if name != self._again else _AGAIN_AFTER_S
            )  # its state may have been rebuilt just now
            self._again, self._again_at = name, self._looked_at + wait_s
            return
        self._before, self._serving = self._serving, (name, bundle)
        self._bundle = as_served(bundle, name)
        LOG.info("bundle %s serves", name)

    @property
    def single(self) -> bool:
        """Does the pool hold one merchant's orders only?"""
        return len(self.merchants) == 1

    def close(self) -> None:
        self.writer.close()
        self.checkouts.close()
        self.others.close()


class Desks:
    """The desks of every pool under a home, and which merchant sits at which. Pools that come later are noticed."""

    def __init__(self, home: Path, clock: Clock, allowance: Allowance = USUAL) -> None:
        """Raises what opening a pool raises: a service that starts must be able to serve what was imported."""
        load_register()  # a tenth of a second that the first order must not wait
        self.home, self.clock, self.public_key = home, clock, signing_key(home).public_key()
        self.allowance = allowance
        self.desks = {name: self._open(name) for name in pool_names(home)}
        self._of = self._seats()
        self._looked_at, self._again_at = clock.monotonic(), dict[str, float]()

    def _open(self, name: str) -> Desk:
        return Desk(Pool(self.home, name), self.public_key, self.clock, self.allowance)

    def _seats(self) -> dict[str, Desk]:
        return {m: desk for desk in self.desks.values() for m in desk.merchants}

    def look(self) -> None:
        """Once a second: are there new pools, merchants, imports? One that cannot be read hides no other."""
        now = self.clock.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        for name in pool_names(self.home):
            if now >= self._again_at.get(name, now) and not self._noticed(name):
                self._again_at[name] = now + _AGAIN_AFTER_S
        self._of = self._seats()

    def _noticed(self, name: str) -> bool:
        """False if the pool could not be read: an import may be half-way, a file damaged. It goes on as it was."""
        try:
            if name in self.desks:
                self.desks[name].look()
            elif Pool(self.home, name).merchants_file.exists():
                self.desks[name] = self._open(name)
                LOG.info("pool %s is served", name)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the other pools are served
            LOG.error("pool %s: %s", name, place_of(error))
            return False
        return True

    def of(self, merchant_id: str) -> tuple[Desk, Merchant]:
        """The desk and settings of a merchant. Raises Refusal 404 if it is not known here."""
        self.look()
        desk = self._of.get(merchant_id)
        if desk is None:
            raise Refusal(404, "not_found", "no such merchant", "/merchant_id")
        return desk, desk.merchants[merchant_id]

    def policy_of(self, merchant_id: str) -> ShopPolicy | None:
        """The merchant's published policy, if there is a merchant of that name with one."""
        desk = self._of.get(merchant_id)
        return None if desk is None else desk.policies.published.get(merchant_id)

    def ready(self) -> bool:
        """Does some pool serve, and each one that has a published model? A pool not promoted yet stops nobody."""
        self.look()
        serves = {name: desk.bundle() is not None for name, desk in self.desks.items()}
        return any(serves.values()) and all(serves[name] or not desk.published for name, desk in self.desks.items())

    async def notice(self) -> None:
        """Have every pool's state say what it holds; one that does not answer soon is what it was."""
        until = asyncio.get_running_loop().time() + _NOTICE_S
        for desk in self.desks.values():
            try:
                await desk.others.run(desk.notice, until)
            except Exception as error:  # noqa: BLE001 - told by the scores
                LOG.error("pool %s: %s", desk.pool.name, place_of(error))

    def notes(self) -> list[str]:
        """What is not as it should be, in counts: this is read without a key, and names no merchant."""
        without = sum(desk.bundle() is None for desk in self.desks.values())
        stale = sum(desk.stale for desk in self.desks.values())
        silent = sum(desk.store_breaker.open for desk in self.desks.values())
        told = {"pools without a model": without, "pools with an import not in the online state": stale,
                "pools whose database does not answer": silent}  # fmt: skip
        return [f"{what}: {n}" for what, n in told.items() if n]

    def close(self) -> None:
        for desk in self.desks.values():
            desk.close()
