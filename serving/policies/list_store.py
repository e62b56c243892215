"""Imported lists on disk: columns of numbers that are read whole, and the label of each row. Needs numpy only.

.../lists/NAME/current            the digest of the newest import
.../lists/NAME/DIGEST/            keys.npy, until.npy, ends.npy, labels.bin, about.json: never changed,
                                  but for persons who were erased: about.json then names the part that counts
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import DataError, UsageError
from data.persons.tokens import token_maker
from data.pool import Pool, replace_text
from serving.decisions.lists import PERSONS, Rows
from serving.policies.policy_store import PolicyStore

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_PARTS = ("keys", "until", "ends")


class ListStore:
    """The lists of one merchant."""

    def __init__(self, pool: Pool, merchant_id: str) -> None:
        self.pool, self.merchant_id = pool, merchant_id
        self.folder = PolicyStore(pool).of(merchant_id) / "lists"

    def names(self) -> list[str]:
        return sorted(p.parent.name for p in self.folder.glob("*/current"))

    def current(self, name: str) -> str:
        """The digest of a list's newest import. Raises UsageError LIST003 for a name nobody imported."""
        path = self.folder / name / "current"
        if not NAME.fullmatch(name) or not path.exists():
            known = ", ".join(self.names()) or "none"
            raise UsageError("LIST003", f"list {name!r} of {self.merchant_id}", got="no such list", expected=f"one of: {known}",
                             to_do="rto lists import FILE --name NAME --kind KIND")  # fmt: skip
        return path.read_text().strip()

    def about(self, name: str, digest: str) -> dict[str, Any]:
        """Kind, rows, when it was imported, from which file. Raises DataError LIST004 if it is gone or damaged."""
        try:
            found: dict[str, Any] = json.loads((self._folder(name, digest) / "about.json").read_text())
            return found
        except (OSError, ValueError) as error:
            raise self._damaged(name) from error

    def rows(self, name: str, digest: str) -> Rows:
        """Its rows, whole in memory. Raises DataError LIST004 if they are not those that were imported."""
        about = self.about(name, digest)
        folder = self._folder(name, digest) / about.get("part", "")
        try:
            keys, until, ends = (np.load(folder / f"{part}.npy") for part in _PARTS)
            found = Rows(keys, until, ends, (folder / "labels.bin").read_bytes())
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(name) from error
        if digest_of(about["kind"], found) != about.get("without", digest):
            raise self._damaged(name)
        return found

    def keep(self, name: str, kind: str, rows: Rows, about: dict[str, Any]) -> str:
        """Write an import and make it the newest; returns its digest. What is live goes on with the rows it was
        published with."""
        digest = digest_of(kind, rows)
        folder = self._folder(name, digest)
        self._write(folder, rows)
        replace_text(
            folder / "about.json", json.dumps({**about, "name": name, "kind": kind, "rows": len(rows)}, indent=1)
        )
        replace_text(self.folder / name / "current", digest)
        return digest

    def without(self, name: str, folder: str, gone: Collection[int]) -> int:
        """Take persons out of an import, by their keys; it keeps its name and digest, by which policies know it. Returns
        how many rows went. A reader sees the rows from before, or those after."""
        about = json.loads((self.folder / name / folder / "about.json").read_text())
        if about["kind"] not in PERSONS:
            return 0
        whole = self.folder / name / folder / about.get("part", "")
        keys, until, ends = (np.load(whole / f"{part}.npy") for part in _PARTS)
        rows = Rows(keys, until, ends, (whole / "labels.bin").read_bytes())
        stay = np.flatnonzero(~np.isin(keys, list(gone)))
        if len(stay) == len(keys):
            return 0
        labels = [(rows.label(row) or "").encode() for row in stay.tolist()]
        ends = np.cumsum([len(text) for text in labels], dtype=np.int64)
        left = Rows(keys[stay], until[stay], ends, b"".join(labels))
        part = f"part-{os.urandom(4).hex()}"
        self._write(self.folder / name / folder / part, left)
        about |= {"part": part, "without": digest_of(about["kind"], left), "rows": len(left)}
        replace_text(self.folder / name / folder / "about.json", json.dumps(about, indent=1))
        self.tidy(name, folder)
        return len(keys) - len(left)

    def persons(self) -> Iterator[tuple[str, int]]:
        """Kind and pseudonym of everybody on a list that was ever imported."""
        for name, folder in self.imports():
            about = json.loads((self.folder / name / folder / "about.json").read_text())
            if about["kind"] in PERSONS:
                keys = np.load(self.folder / name / folder / about.get("part", "") / "keys.npy")
                yield from ((about["kind"], one) for one in keys.tolist())

    def tidy(self, name: str, folder: str) -> None:
        """Remove the files of an import that count no more."""
        about = json.loads((self.folder / name / folder / "about.json").read_text())
        if "part" in about:
            for path in (self.folder / name / folder).iterdir():
                if path.is_dir() and path.name != about["part"]:
                    shutil.rmtree(path)
                elif path.is_file() and path.name != "about.json":
                    path.unlink()

    def imports(self) -> list[tuple[str, str]]:
        """Name and folder of every import that was ever kept."""
        return sorted((p.parent.parent.name, p.parent.name) for p in self.folder.glob("*/*/about.json"))

    @staticmethod
    def _write(folder: Path, rows: Rows) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for part in _PARTS:
            np.save(folder / f"{part}.npy", getattr(rows, part))
        (folder / "labels.bin").write_bytes(rows.labels)

    def _folder(self, name: str, digest: str) -> Path:
        return self.folder / name / digest.removeprefix("sha256:")[:32]

    def _damaged(self, name: str) -> DataError:
        return DataError("LIST004", f"list {name!r} of {self.merchant_id}", got="files that are gone, damaged or altered",
                         expected="the list as it was imported", to_do="restore a backup, or import it again")  # fmt: skip


def digest_of(kind: str, rows: Rows) -> str:
    made = hashlib.sha256(kind.encode())
    for part in (*_PARTS, "labels"):
        made.update(b"\0")
        made.update(
            bytes(getattr(rows, part)) if part == "labels" else np.ascontiguousarray(getattr(rows, part)).tobytes()
        )
    return "sha256:" + made.hexdigest()


@cache
def _maker(key: bytes, kind: str) -> Any:
    return token_maker(key, f"list.{kind}")


def thing_key(token_key: bytes, kind: str, text: str) -> int:
    """The key of an article or PIN code: whole and not below 0."""
    spelled = "".join(text.split()) if kind == "pincode" else text.strip().casefold()
    return int.from_bytes(_maker(token_key, kind)(spelled)[:8], "big") >> 1
