"""A pool at the service's desk: its database, its writer, its merchants and the bundle that is published now."""

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.database import Connection, open_database
from data.places import load_register
from data.pool import Merchant, Pool, pool_names
from features.catalog import fingerprint
from features.store import Store
from serving.clock import Clock
from serving.http import LOG, Refusal, place_of
from serving.intake import Intake
from serving.writer import Writer
from training.bundle import Bundle, read_bundle, signing_key

_LOOK_EVERY_S = 1.0
_AGAIN_AFTER_S = 15.0


class Desk:
    """Everything the routes need of one pool. Used from the event loop only; writes go through the writer's thread."""

    def __init__(self, pool: Pool, public_key: Ed25519PublicKey, clock: Clock) -> None:
        self.pool, self.public_key, self.clock = pool, public_key, clock
        self.reader: Connection = open_database(pool.database, read_only=True)
        self.writer = Writer(lambda: open_database(pool.database))
        self.writer.submit(lambda connection: None).result()  # open by now: the first decision must not wait for it
        self.intake = Intake(pool.token_key())
        self.merchants = pool.merchants()
        self._bundle: Bundle | None = None
        self._published, self._looked_at, self._again_at = "", float("-inf"), float("inf")

    def bundle(self) -> Bundle | None:
        """The published bundle; None before the first promotion. A bad new one is refused and the old one stays."""
        if self.clock.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = self.clock.monotonic()
            name = self.pool.champion.read_text().strip() if self.pool.champion.exists() else ""
            if name and (name != self._published or self._looked_at >= self._again_at):
                self._swap(name)
        return self._bundle

    def _swap(self, name: str) -> None:
        self._published, self._again_at = name, float("inf")
        try:
            bundle = read_bundle(self.pool.bundles / name, self.public_key)
            Store(self.reader).require(bundle.sums)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on serving
            LOG.error("bundle %s refused: %s", name, place_of(error))
            self._again_at = self._looked_at + _AGAIN_AFTER_S  # its state may be rebuilt meanwhile
            return
        more = {"version": name.partition("-")[0], "features": fingerprint(bundle.features)}
        self._bundle = replace(bundle, about={**bundle.about, **more})
        LOG.info("bundle %s serves", name)

    @property
    def single(self) -> bool:
        """Does the pool hold one merchant's orders only?"""
        return len(self.merchants) == 1

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


class Desks:
    """The desks of every pool under a home, and which merchant sits at which."""

    def __init__(self, home: Path, clock: Clock) -> None:
        load_register()  # a tenth of a second that the first order must not wait
        public_key = signing_key(home).public_key()
        self.desks = {name: Desk(Pool(home, name), public_key, clock) for name in pool_names(home)}
        self._of = {m: desk for desk in self.desks.values() for m in desk.merchants}

    def of(self, merchant_id: str) -> tuple[Desk, Merchant]:
        """The desk and settings of a merchant. Raises Refusal 404 if it is not known here."""
        desk = self._of.get(merchant_id)
        if desk is None:
            raise Refusal(404, "not_found", "no such merchant", "/merchant_id")
        return desk, desk.merchants[merchant_id]

    def ready(self) -> bool:
        """Does every pool have a bundle that serves?"""
        return bool(self.desks) and all(desk.bundle() is not None for desk in self.desks.values())

    def close(self) -> None:
        for desk in self.desks.values():
            desk.close()
