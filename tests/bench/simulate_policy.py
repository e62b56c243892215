"""`python -m tests.bench.simulate_policy`: a policy with rules, lists and caps tried on a million past orders, by stage.

The past is that of a small market, repeated: what is timed does not look at who ordered. Times are CPU seconds, and wall.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from data.contract import DAY
from serving.decisions.lists import Rows
from serving.policies.list_store import ListStore
from serving.policies.past import MEASURES, PERSONS, TEXTS, Past, folder_of
from serving.policies.past_making import past_of
from serving.policies.policy_hand import Hand
from serving.policies.pricing import priced
from serving.policies.simulating import simulate
from serving.scores.score_file import published
from tests.helpers.installation import NOW, SHOP, Installation, built, silent

ORDERS = 1_000_000
PRICES, SIMULATING = "prices of caps", f"simulating {ORDERS:,} orders"
POLICY = """
[economics]
forward_minor = 8200
[caps]
never_refuse_after = 3
[caps.prepaid_only]
share = 0.08
share_per_state = 0.15
[caps.confirm_call]
share = 0.1
[[lists]]
name = "bad"
effect = "block"
[[rules]]
id = "dear"
when = "value >= 1500 and buyer_outcomes = 0"
then = "confirm_call"
[[rules]]
id = "far"
when = "state in [Bihar, Jharkhand] and (p_rto > 0.5 or address_words < 4)"
then = "prepaid_only"
[[rules]]
id = "night"
when = "hour < 5 and category != shoes"
then = "confirm_message"
"""


def repeated(past: Past, n: int) -> Past:
    """The past of one shop as `n` orders spread over 90 days."""
    names, methods = past.text("merchant_id"), past.text("payment_method")
    ours = np.flatnonzero((names.coded == names.values.index(SHOP)) & (methods.coded == methods.values.index("cod")))
    rows, rng = np.resize(ours, n), np.random.default_rng(7)
    folder = past.folder.parent / "repeated"
    folder.mkdir()
    for path in past.folder.glob("*.npy"):
        np.save(folder / path.name, np.load(path)[rows])
    for path in past.folder.glob("*.json"):
        (folder / path.name).write_text(path.read_text())
    through = int(past.about["through"])
    np.save(folder / "placed_at.npy", np.sort(rng.integers(through - 90 * DAY, through, n)))
    for kind in PERSONS:
        np.save(folder / f"{kind}.npy", rng.integers(1, n // 2, n))
    np.save(folder / "order_id.ends.npy", np.arange(1, n + 1, dtype=np.int64) * 8)
    (folder / "order_id.bin").write_bytes(b"".join(b"%08d" % i for i in range(n)))
    assert {p.stem.split(".")[0] for p in folder.glob("*.npy")} >= {*MEASURES, *PERSONS, *TEXTS}
    return Past(folder, past.about)


def timed(what: str, times: dict[str, list[float]], run):  # type: ignore[no-untyped-def]
    cpu, wall = time.process_time(), time.perf_counter()
    found = run()
    times[what] = [round(time.process_time() - cpu, 2), round(time.perf_counter() - wall, 2)]
    return found


def measured() -> tuple[dict[str, list[float]], dict[str, Any]]:
    """(CPU and wall seconds by stage, what the simulation told)."""
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        made: Installation = built(Path(scratch))
        bundle = published(made.pool)
        past = timed("making 4,000 past orders ready", times, lambda: past_of(made.pool, bundle, NOW, silent))
        past = repeated(past, ORDERS)
        hand = Hand(made.pool, made.pool.merchants()[SHOP])
        keys = np.arange(1, 1_000_001, dtype=np.int64) * 3
        ListStore(made.pool, SHOP).keep(
            "bad",
            "phone",
            Rows(keys, np.full(len(keys), 2**62), np.zeros(len(keys), np.int64), b""),
            {"imported_at": 0},
        )
        shop = timed("making the policy ready", times, lambda: hand.draft_of(POLICY, "policy.toml").ready())
        rows = past.rows_of(SHOP, 90)
        assert len(rows) == ORDERS
        shop = timed(PRICES, times, lambda: priced(shop, past, rows))
        told = timed(SIMULATING, times, lambda: simulate(past, SHOP, shop, hand.live(), 90))
        assert folder_of(made.pool).exists()
    return times, told


def main() -> None:
    times, told = measured()
    print(json.dumps({"cpu_s, wall_s": times, "decided_by": told["decided_by"], "caps": told["caps"]}, indent=1))


if __name__ == "__main__":
    main()
