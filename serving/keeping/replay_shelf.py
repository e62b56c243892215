"""What decisions of one pool were made with, found by digest: bundles that were published, policies, overrides."""

import hashlib
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data.errors import DataError, RtoError
from data.pool import Pool
from serving.decisions.overrides import Override
from serving.decisions.shop import ShopPolicy, shipped
from serving.desk import as_served
from serving.keeping.replaying import Kept, as_bytes, replayed
from serving.policies.policy_shelf import loaded
from serving.policies.policy_store import PolicyStore
from training.bundle import Bundle, read_bundle


class ReplayShelf:
    """Reads each bundle and policy once, and nothing that no decision asks for."""

    def __init__(self, pool: Pool, public_key: Ed25519PublicKey) -> None:
        self.pool, self.public_key, self.store = pool, public_key, PolicyStore(pool)
        self._bundles: dict[str, Bundle] = {}
        self._policies: dict[tuple[str, str, str | None], ShopPolicy] = {}

    def again(self, kept: Kept) -> dict[str, Any]:
        """The answer worked out anew. Raises DataError REPLAY001 naming what is gone, REPLAY003 as `replayed` does."""
        made = kept["made_from"]
        bundle = self.bundle(made["bundle"]) if made.get("bundle") else None
        if "policy" not in made:
            return replayed(kept, bundle, shipped(None))  # of an earlier version: it says so
        shop = self.policy(made["merchant_id"], made["policy"], kept["answer"]["currency"])
        override = self.override(made["merchant_id"], made["override"]) if made.get("override") else None
        return replayed(kept, bundle, shop, override)

    def same(self, kept: Kept) -> bool:
        """Is it, byte for byte, what was answered?"""
        return as_bytes(self.again(kept)) == as_bytes(kept["answer"])

    def bundle(self, digest: str) -> Bundle:
        if digest not in self._bundles:
            folders = self.pool.bundles.iterdir() if self.pool.bundles.is_dir() else ()
            found = next((f for f in folders if not f.name.startswith(".") and _digest(f) == digest), None)
            if found is None:
                raise _gone("bundle", digest, f"bring back its folder under {self.pool.name}/bundles from a backup")
            try:
                self._bundles[digest] = as_served(read_bundle(found, self.public_key), found.name)
            except RtoError as error:
                raise _gone("bundle", digest, f"it is refused with {error.code}: see docs/errors.md") from error
        return self._bundles[digest]

    def policy(self, merchant_id: str, digest: str, currency: str | None) -> ShopPolicy:
        key = (merchant_id, digest, currency)
        if key not in self._policies:
            self._policies[key] = self._found(merchant_id, digest, currency)
        return self._policies[key]

    def _found(self, merchant_id: str, digest: str, currency: str | None) -> ShopPolicy:
        if (plain := shipped(currency)).digest == digest:
            return plain
        merchant = self.pool.merchants().get(merchant_id)
        for number in reversed(self.store.versions(merchant_id)):
            version = self.store.read(merchant_id, number)
            if merchant is not None and version.digest() == digest:
                return loaded(self.pool, merchant, version)
        raise _gone("policy", digest, "bring back the merchant's policies, or the version of rto-risk that shipped it")

    @cached_property
    def _overrides(self) -> Any:
        return self.store.overrides()

    def override(self, merchant_id: str, override_id: str) -> Override:
        mine = self._overrides.get(merchant_id)
        if (mine is None or mine.by_id(override_id) is None) and "_overrides" in vars(self):
            del self._overrides  # one made since
            mine = self._overrides.get(merchant_id)
        found: Override | None = None if mine is None else mine.by_id(override_id)
        if found is None:
            raise _gone("override", override_id, "bring back the merchant's overrides.jsonl from a backup")
        return found


def _digest(folder: Any) -> str:
    path = folder / "MANIFEST.json"
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _gone(what: str, digest: str, to_do: str) -> DataError:
    return DataError("REPLAY001", f"replay, {what}", got=f"no {what} {digest}",
                     expected="the one the decision was made with", to_do=to_do)  # fmt: skip
