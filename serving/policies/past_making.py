"""Making the past ready to be tried on: every order of a pool's history through the fold and the published model, once.

Takes as long as a replay does. What comes out depends on history and model alone, so it is made again only when one of
them has changed.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from data.console import Tell
from data.contract import DAY
from data.history import Columns, History
from data.keeping.database import open_database
from data.keeping.journal import last_seq
from data.label import VOID
from data.pool import Pool, replace_text
from features.catalog import OWN_RECORD, Link, Sum
from features.contribution import Measure
from features.labels import labels_at, maturity
from features.layout import Readings
from features.replay import replay
from serving.policies.past import MEASURES, PERSONS, TEXTS, UNKNOWN, Past, folder_of, read_past
from serving.scores.batch import evidence_of, risks_of
from serving.scores.reasons import in_thousandths
from serving.scores.strangers import as_strangers
from training.bundle import Bundle

_AT_ONCE = 50_000
_RECORD = (
    *(Sum(key, Measure.KNOWN) for key in ("phone", "customer", "address", "pincode")),
    *(Sum(key, measure) for key in ("phone", "customer", "email") for measure in (Measure.DELIVERED, Measure.RTO)),
    *OWN_RECORD,
)
"""What evidence and a buyer's record are read from, whether the model looks at it or not."""
_RECORD_OF = "the merchant's own orders"
"""What a buyer's record counts: past orders made ready when it counted others' too are made anew."""


def past_of(pool: Pool, bundle: Bundle, now: int, tell: Tell) -> Past:
    """The pool's past orders, made anew if the model or the imports have changed, or live news is more than a day ahead."""
    made_from = {
        "bundle": bundle.digest,
        "segments": pool.segment_names(),
        "record": _RECORD_OF,
        "apart": pool.strangers_apart,
    }
    found = read_past(pool)
    if found and {name: found.about.get(name) for name in made_from} == made_from and not _behind(pool, found, now):
        return found
    from data.segments import load_history  # pyarrow

    return _make(pool, load_history(pool), bundle, made_from | {"made_at": now, "seq": _seq(pool)}, tell)


def _behind(pool: Pool, found: Past, now: int) -> bool:
    return now - int(found.about["made_at"]) > DAY and _seq(pool) != found.about["seq"]


def _seq(pool: Pool) -> int:
    connection = open_database(pool.database, read_only=True)
    try:
        return last_seq(connection)
    finally:
        connection.close()


def _make(pool: Pool, history: History, bundle: Bundle, about: dict[str, Any], tell: Tell) -> Past:
    labels = labels_at(history, history.known_through)
    rows = np.flatnonzero(labels.verdict != VOID)
    matures_in = maturity(labels, history.orders["placed_at"])
    sure = history.orders["placed_at"] <= history.known_through - matures_in
    outcome = np.where(np.isnan(labels.y) | ~sure, UNKNOWN, np.nan_to_num(labels.y)).astype(np.int8)
    told = {"placed_at": history.orders["placed_at"][rows], "outcome": outcome[rows], "acted": _acted(history)[rows]}
    readings = replay(history, tuple(dict.fromkeys((*bundle.sums, *_RECORD))), tell)
    judged = _judged((history.orders, readings), rows, bundle, pool.strangers_apart, tell)
    about |= {"through": history.known_through, "matures_in": matures_in, "orders": len(rows),
              "trained_through": int(bundle.about["trained_through"])}  # fmt: skip
    name = f"{about['made_at']}-{bundle.digest.removeprefix('sha256:')[:8]}"
    draft = folder_of(pool) / f".{os.getpid()}"
    draft.mkdir(parents=True)
    try:
        _write(draft, history.orders, rows, told | judged)
        (draft / "about.json").write_text(json.dumps(about, indent=1, sort_keys=True))
        draft.rename(folder_of(pool) / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    replace_text(folder_of(pool) / "current", name)
    for old in folder_of(pool).iterdir():
        if old.is_dir() and old.name != name and not old.name.startswith("."):
            shutil.rmtree(old)
    return Past(folder_of(pool) / name, about)


def _acted(history: History) -> Any:
    """(n,) had the shop done anything but ship?"""
    owner = np.repeat(np.arange(len(history)), np.diff(history.start))
    acted = np.zeros(len(history), dtype=bool)
    acted[owner[history.news["action"] > 0]] = True
    return acted


def _judged(history: tuple[Columns, Readings], rows: Any, bundle: Bundle, apart: bool, tell: Tell) -> Columns:
    orders, readings = history
    parts: list[Columns] = []
    single = bool((orders["merchant_id"] == orders["merchant_id"][:1]).all())  # then all that is counted is its own
    for start in range(0, len(rows), _AT_ONCE):
        here = rows[start : start + _AT_ONCE]
        some = {name: column[here] for name, column in orders.items()}
        read: dict[Sum | Link, Any] = {one: values[here] for one, values in readings.items()}
        read = dict(as_strangers(read, [single] * len(here))) if apart else read
        p_rto, if_prepaid = risks_of(bundle, some, read)
        evidence = evidence_of(read, [single] * len(here))
        q = np.full(len(here), UNKNOWN) if if_prepaid is None else in_thousandths(if_prepaid)
        numbers = (
            in_thousandths(p_rto),
            q,
            evidence.level,
            evidence.buyer,
            evidence.place,
            evidence.delivered,
            evidence.came_back,
        )
        parts.append(dict(zip(_JUDGED, (np.asarray(one, dtype=np.int32) for one in numbers), strict=True)))
        tell("risks of past orders", start + len(here), len(rows))
    return {name: np.concatenate([part[name] for part in parts]) for name in _JUDGED} if parts else {}


_JUDGED = ("k", "q", "level", "buyer_outcomes", "place_outcomes", "buyer_delivered", "buyer_rto")


def _write(folder: Path, orders: Columns, rows: Any, more: Columns) -> None:
    import pyarrow as pa

    for name, column in more.items():
        np.save(folder / f"{name}.npy", column)
    for name in (*MEASURES, *PERSONS):
        np.save(folder / f"{name}.npy", orders[name][rows])
    for name in TEXTS:
        encoded = pa.array(orders[name][rows], pa.string()).dictionary_encode()
        codes = encoded.indices.fill_null(UNKNOWN).to_numpy(zero_copy_only=False)
        np.save(folder / f"{name}.codes.npy", codes.astype(np.int32))
        (folder / f"{name}.values.json").write_text(json.dumps(encoded.dictionary.to_pylist()))
    ids = [str(one).encode() for one in orders["order_id"][rows].tolist()]
    np.save(folder / "order_id.ends.npy", np.cumsum([len(one) for one in ids], dtype=np.int64))
    (folder / "order_id.bin").write_bytes(b"".join(ids))
