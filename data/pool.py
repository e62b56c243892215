"""Where a pool keeps its files. A pool is the merchants that share one token key, one buyer history, one model."""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import DataError, UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Merchant:
    """What the service must know of a merchant to read its times and money."""

    merchant_id: str
    timezone: str = "Asia/Kolkata"
    currency: str = "INR"
    country: str = "IN"


@dataclass(frozen=True, slots=True)
class Pool:
    """Paths of one pool under `home`; reads no environment."""

    home: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.home / "pools" / self.name

    @property
    def segments(self) -> Path:
        return self.folder / "segments"

    def segment_names(self) -> list[str]:
        """Names of the imports, oldest first; reads no segment, so that a service may ask again and again."""
        folders = self.segments.iterdir() if self.segments.is_dir() else ()
        return sorted(p.name for p in folders if p.is_dir() and not p.name.startswith("."))

    @property
    def database(self) -> Path:
        return self.folder / "store.sqlite"

    @property
    def champion(self) -> Path:
        """A text file naming the published bundle; replaced in one step on promotion."""
        return self.folder / "champion"

    @property
    def shadow(self) -> Path:
        """A text file naming the bundle that is scored beside the published one since it was written; none: none is."""
        return self.folder / "shadow"

    @property
    def bundles(self) -> Path:
        return self.folder / "bundles"

    @property
    def token_key_file(self) -> Path:
        return self.home / "keys" / f"{self.name}.token.key"

    @property
    def merchants_file(self) -> Path:
        """Written at the end of an import, so a pool that has one can be served."""
        return self.folder / "merchants.json"

    def token_key(self) -> bytes:
        """The secret that turns personal values into tokens; made at first use, readable by its owner only.

        Raises DataError KEY003 if it is gone while the pool has a history: a new one would unlink every buyer from it.
        """
        if not self.token_key_file.exists() and self.segments.is_dir() and any(self.segments.iterdir()):
            to_do = "restore it from a backup of the keys; without it no buyer can be recognised"
            raise DataError(
                "KEY003", str(self.token_key_file), got="no token key", expected="the pool's own", to_do=to_do
            )
        return secret_file(self.token_key_file)

    def merchants(self) -> dict[str, Merchant]:
        """Merchants by id, as told by the imports so far."""
        if not self.merchants_file.exists():
            return {}
        return {m["merchant_id"]: Merchant(**m) for m in json.loads(self.merchants_file.read_text())}

    @property
    def strangers_apart(self) -> bool:
        """Is a buyer of whom a merchant knows no outcome itself scored as if nobody knew them?"""
        return (self.folder / "strangers_apart").exists()

    def keep_strangers_apart(self, apart: bool) -> None:
        """Set it; whoever serves the pool notices."""
        if apart:
            replace_text(self.folder / "strangers_apart", "")
        else:
            (self.folder / "strangers_apart").unlink(missing_ok=True)

    def add_merchants(self, merchants: list[Merchant]) -> None:
        known = {**self.merchants(), **{m.merchant_id: m for m in merchants}}
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [asdict(known[name]) for name in sorted(known)]
        replace_text(self.merchants_file, json.dumps(rows, indent=1))


def open_pool(home: Path, name: str | None) -> Pool:
    """The pool called `name`, or the only one there is.

    Raises UsageError if the name is unfit, or none is given and there is not exactly one pool.
    """
    if name is not None:
        if not _NAME.fullmatch(name):
            raise UsageError("CLI002", "--pool", got=repr(name), expected="lower-case letters, digits, '-', '_' or '.'",
                             to_do="name the pool so")  # fmt: skip
        return Pool(home, name)
    found = pool_names(home)
    if len(found) != 1:
        to_do = "name one with --pool" if found else "import a history first: rto import FILE --mapping M"
        raise UsageError("CLI001", f"pools under {home}", got=", ".join(found) or "none", expected="one", to_do=to_do)
    return Pool(home, found[0])


def pool_names(home: Path) -> list[str]:
    """Names of the pools under `home`, sorted. What a refused import leaves behind, a folder without merchants, is none."""
    found = (home / "pools").iterdir() if (home / "pools").is_dir() else ()
    return sorted(p.name for p in found if Pool(home, p.name).merchants_file.exists())


def pools_of(home: Path) -> dict[str, Pool]:
    """The pool of each merchant under `home`."""
    return {merchant: pool for name in pool_names(home) for pool in [Pool(home, name)] for merchant in pool.merchants()}


def at_home(pool: Pool, merchants: list[str]) -> None:
    """Raises UsageError CLI009 if one of the merchants lives in another pool: the service would ask but one of them."""
    known = pools_of(pool.home)
    for merchant in merchants:
        if (there := known.get(merchant, pool)).name != pool.name:
            to_do = f"pass --pool {there.name}; or give this one another id with --merchant"
            expected = f"pool {there.name}, where its history is"
            raise UsageError("CLI009", f"merchant {merchant}", got=f"pool {pool.name}", expected=expected, to_do=to_do)


def secret_file(path: Path, *, n_bytes: int = 32) -> bytes:
    """The secret in `path`, made at first use with mode 0600. Safe when two processes start together."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(n_bytes))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: then its secret is the one
        except FileExistsError:
            return path.read_bytes()
        finally:
            draft.unlink()
    return path.read_bytes()


def replace_text(path: Path, text: str) -> None:
    """Write `text` so that a reader sees the old file or the new one, never a part."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
