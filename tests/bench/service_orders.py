"""The installation and the orders of `make bench-service`: a made-up market, imported, trained, promoted; its own buyers
order again."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from serving.clock import Clock
from serving.demo_orders import order
from tests.bench.journey import rto
from tests.bench.service_run import http_request

SEED, POOL, UNTIL_LAST = 7, "bench", 2_000
BATCH = 100


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders as bodies. keys: by merchant.  bodies: merchant and what is asked of one order."""

    keys: dict[str, str]
    asked: list[tuple[str, dict[str, Any]]]

    def requests(self, path: str, *, explain: int = 5, with_key: bool = True) -> list[bytes]:
        """One request for each order."""
        return [
            http_request(path, _body(merchant, {"order": one}, explain), self.keys[merchant] if with_key else None)
            for merchant, one in self.asked
        ]

    def batches(self) -> list[bytes]:
        """The same orders, `BATCH` of one merchant at a time."""
        by_merchant: dict[str, list[dict[str, Any]]] = {}
        for merchant, one in self.asked:
            by_merchant.setdefault(merchant, []).append(one)
        return [
            http_request("/v1/score/batch", _body(merchant, {"orders": own[i : i + BATCH]}, 5), self.keys[merchant])
            for merchant, own in by_merchant.items()
            for i in range(0, len(own) - BATCH + 1, BATCH)
        ]


def _body(merchant: str, what: dict[str, Any], explain: int) -> bytes:
    return orjson.dumps({"merchant_id": merchant, "stage": "checkout", **what, "options": {"explain": explain}})


def installed(home: Path, n: int) -> None:
    """An installation that serves, unless it is there already."""
    if (home / "pools" / POOL / "champion").exists():
        return
    market = home / "market"
    rto(home, "simulate", "--preset", "demo", "--orders", str(n), "--seed", str(SEED), "--until", "2026-06-30",
        "--out", str(market))  # fmt: skip
    files = [str(market / "orders.parquet"), str(market / "news.parquet")]
    rto(home, "import", *files, "--mapping", "native", "--pool", POOL)
    rto(home, "train")
    rto(home, "promote", "challenger")
    rto(home, "state", "rebuild")


def asked_of(home: Path) -> Orders:
    """Cash orders at the checkout, by buyers of the market, placed now; a new key for each merchant."""
    rows = pq.read_table(home / "market" / "orders.parquet").to_pylist()
    now, asked = Clock().now(), []
    for i, row in enumerate(random.Random(SEED).sample(rows, min(UNTIL_LAST, len(rows)))):
        asked.append((str(row["merchant_id"]), order(row, now, None) | {"checkout_id": f"bench-{i}"}))
    merchants = sorted({merchant for merchant, _ in asked})
    keys = {merchant: str(rto(home, "keys", "create", "--merchant", merchant).answer["key"]) for merchant in merchants}
    return Orders(keys, asked)
