"""Published policies on disk: versions that never change, which of them is live, lists, what was tried out, overrides.

pools/P/policies/live.json            {"acme": {"version": 3, "before": [1, 2]}}: replaced in one step
pools/P/policies/m-acme/000003.json   a version: the text as written, and all that was worked out for it
pools/P/policies/m-acme/tried/        for each policy that was simulated, by digest: when, on what, with what result
pools/P/policies/m-acme/lists/        imported lists (`list_store.py`)
pools/P/policies/m-acme/overrides.jsonl   what persons decided; only ever added to
"""

import hashlib
import json
import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from data.errors import DataError, GateRefused, UsageError
from data.imports.alone import alone
from data.pool import Pool, replace_text
from serving.decisions.overrides import Override, Overrides, override_of
from serving.web.http import LOG

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Version:
    """One published policy. text: as the merchant wrote it.  prices, tiers: of its caps.  lists: digest of each list by
    name.  tried: the simulation it was published on.
    """

    merchant_id: str
    version: int
    published_at: int
    text: str
    note: str
    lists: dict[str, str]
    prices: list[list[Any]]
    tiers: dict[str, str]
    tried: dict[str, Any]

    @property
    def policy_id(self) -> str:
        """As answers name it."""
        return f"{self.merchant_id}@{self.version}"

    def digest(self) -> str:
        """Changes with whatever decides."""
        decides = {name: getattr(self, name) for name in ("merchant_id", "text", "lists", "prices", "tiers")}
        return digest_of(decides)


def digest_of(told: Any) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class PolicyStore:
    """The policies of one pool's merchants."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.folder = pool, pool.folder / "policies"
        self.live_file = self.folder / "live.json"

    def changed_at(self) -> tuple[int, ...]:
        """Changes whenever something that decides does; two looks at the disk, for any number of merchants."""
        return tuple(p.stat().st_mtime_ns if p.exists() else -1 for p in (self.live_file, self.folder / "overridden"))

    def of(self, merchant_id: str) -> Path:
        """The folder of one merchant."""
        return self.folder / f"m-{quote(merchant_id, safe='')}"

    def live(self) -> dict[str, int]:
        """Which version is live, for each merchant that has one."""
        return {merchant: int(one["version"]) for merchant, one in self._live().items()}

    def _live(self) -> dict[str, Any]:
        if not self.live_file.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(self.live_file.read_text())
            return found
        except ValueError as error:
            raise _damaged(self.live_file) from error

    def versions(self, merchant_id: str) -> list[int]:
        """Every version ever published, oldest first."""
        folder = self.of(merchant_id)
        return sorted(int(p.stem) for p in folder.glob("[0-9]*.json")) if folder.is_dir() else []

    def read(self, merchant_id: str, version: int) -> Version:
        """Raises UsageError POLICY004 for a version that never was, DataError POLICY005 for one that was altered."""
        path = self.of(merchant_id) / f"{version:06d}.json"
        if not path.exists():
            known = ", ".join(map(str, self.versions(merchant_id))) or "none"
            raise UsageError(
                "POLICY004",
                f"policy of {merchant_id}",
                got=f"version {version}",
                expected=f"one of: {known}",
                to_do="name one of them; `rto policy show` prints the newest",
            )
        try:
            said = json.loads(path.read_text())
            found = Version(**said["policy"])
            if said["format"] > FORMAT or said["digest"] != found.digest():
                raise _damaged(path)
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path) from error
        return found

    def publish(self, draft: Callable[[int], Version]) -> Version:
        """Keep a new version and make it live in one step. draft: makes it, given its number."""
        merchant = draft(0).merchant_id
        with alone(self.folder, LOG.warning):
            number = max(self.versions(merchant), default=0) + 1
            found = draft(number)
            said = {
                "format": FORMAT,
                "digest": found.digest(),
                "policy": {n: getattr(found, n) for n in found.__slots__},
            }
            self.of(merchant).mkdir(parents=True, exist_ok=True)
            replace_text(self.of(merchant) / f"{number:06d}.json", json.dumps(said, indent=1, sort_keys=True))
            self._go_live(merchant, number)
        return found

    def undo(self, merchant_id: str) -> int | None:
        """Go back to what was live before; None: to what is shipped. Raises UsageError POLICY006 if nothing is live."""
        with alone(self.folder, LOG.warning):
            live = self._live()
            if merchant_id not in live:
                raise UsageError("POLICY006", f"policy of {merchant_id}", got="nothing published that is live",
                                 expected="a live version", to_do="rto policy publish FILE")  # fmt: skip
            before = list(live[merchant_id]["before"])
            version = before.pop() if before else None
            if version is None:
                del live[merchant_id]
            else:
                live[merchant_id] = {"version": version, "before": before}
            replace_text(self.live_file, json.dumps(live, indent=1, sort_keys=True))
        return version

    def _go_live(self, merchant_id: str, version: int) -> None:
        live = self._live()
        now = live.get(merchant_id)
        before = [*now["before"], now["version"]] if now else []
        live[merchant_id] = {"version": version, "before": before}
        replace_text(self.live_file, json.dumps(live, indent=1, sort_keys=True))

    def keep_trial(self, merchant_id: str, digest: str, trial: dict[str, Any]) -> None:
        """Remember that a policy was simulated, and how it went."""
        folder = self.of(merchant_id) / "tried"
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(
            folder / f"{digest.removeprefix('sha256:')[:32]}.json", json.dumps(trial, indent=1, sort_keys=True)
        )

    def trial(self, merchant_id: str, digest: str) -> dict[str, Any]:
        """Raises GateRefused GATE002 if this very policy was never simulated."""
        path = self.of(merchant_id) / "tried" / f"{digest.removeprefix('sha256:')[:32]}.json"
        if not path.exists():
            raise GateRefused("GATE002", f"policy of {merchant_id}", got="a policy that was not simulated as it stands",
                              expected="one that was tried on past orders; the live one stays",
                              to_do="rto policy simulate FILE, look at the result, then publish the same file")  # fmt: skip
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def add_override(self, merchant_id: str, one: Override) -> None:
        """Keep what a person decided; a running service notices within seconds."""
        folder = self.of(merchant_id)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "overrides.jsonl").open("a") as file:
            file.write(json.dumps(one.as_dict(), sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        replace_text(self.folder / "overridden", one.override_id)

    def overruled(self, merchant_id: str) -> set[tuple[str, int]]:
        """Kind and pseudonym of everybody for whom something was ever overruled."""
        path = self.of(merchant_id) / "overrides.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return {(kind, int(one)) for line in lines for kind, one in json.loads(line)["buyer"].items()}

    def without(self, merchant_id: str, gone: AbstractSet[tuple[str, int]]) -> int:
        """Take persons out of what was overruled for them, its reason with them; returns how many lines changed."""
        path = self.of(merchant_id) / "overrides.jsonl"
        if not path.exists():
            return 0
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        theirs = [one for one in lines if gone & set(dict(one["buyer"]).items())]
        for one in theirs:
            one |= {"buyer": {}, "reason": "erased", "by": "erased"}
        if theirs:
            replace_text(path, "".join(json.dumps(one, sort_keys=True) + "\n" for one in lines))
        return len(theirs)

    def stir(self) -> None:
        """A running service looks again at everything that decides."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_text(self.folder / "overridden", "looked at anew")

    def overrides(self) -> dict[str, Overrides]:
        """By merchant; of two lines about one override the later counts. Raises DataError POLICY005 if one is damaged."""
        found = {}
        for path in sorted(self.folder.glob("m-*/overrides.jsonl")):
            try:
                told = [override_of(json.loads(line)) for line in path.read_text().splitlines()]
            except (ValueError, KeyError, TypeError) as error:
                raise _damaged(path) from error
            found[unquote(path.parent.name.removeprefix("m-"))] = Overrides({o.override_id: o for o in told}.values())
        return found


def _damaged(path: Path) -> DataError:
    to_do = "restore it from a backup, or publish the policy again"
    return DataError("POLICY005", str(path), got="a file that was altered, cut short, or is of a newer version",
                     expected="what was written here", to_do=to_do)  # fmt: skip
