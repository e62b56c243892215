"""An installation brought back from a backup: nothing is in place until all of it was found whole."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import apsw

from data.console import Tell
from data.durable import drafting
from data.errors import DataError, UsageError
from data.keeping.backup import DATABASE, Backup, fingerprints, open_backup
from data.keeping.server import server_url

_CHUNK = 1 << 20
_OF_HOME = ".home"


def restore(folder: Path, home: Path, tell: Tell) -> Backup:
    """Bring the backup in `folder` back as the installation under `home`, which may hold the folder `keys` only.

    Every file is compared with the manifest's digest, every database checked and every key asked for before anything
    is put in place; a restore that is stopped leaves no installation, and nothing on a server that the next one would
    not take away. Raises UsageError BK004 if there is one;
    DataError BK002 if `folder` is no backup, BK003 if it is damaged, BK005 if a key is missing, BK006 if the disk is
    full.
    """
    backup = open_backup(folder)
    _empty(home)
    _same_keys(backup, home)
    with ExitStack() as undone:
        with drafting(home / "pools") as draft:
            for done, (path, said) in enumerate(backup.files.items()):
                tell("restore", done, len(backup.files))
                _checked_copy(backup.folder / path, _place(draft, path), said)
            for file in sorted((beside := draft / _OF_HOME).glob("*")):
                file.rename(home / file.name)
                undone.callback((home / file.name).unlink)
            if beside.exists():
                beside.rmdir()
            moved = _onto_server(draft, undone)
        undone.pop_all()  # the installation is in place
    for settle in moved:
        settle()
    return backup


def _onto_server(draft: Path, undone: ExitStack) -> list[Callable[[], None]]:
    """Each pool's tables to the server that keeps them; their files are not needed any more."""
    if (url := server_url()) is None:
        return []
    from data.keeping.moving import bring  # the driver of a server is loaded where there is one

    moved = []
    for file in sorted(draft.glob(f"*/*{DATABASE}")):
        moved.append(bring(file, url, file.parent.name, undone))
        file.unlink()
    return moved


def _place(draft: Path, path: str) -> Path:
    first, *rest = Path(path).parts
    return draft.joinpath(*rest) if first == "pools" else draft / _OF_HOME / path


def _empty(home: Path) -> None:
    if there := sorted(p.name for p in home.glob("*") if p.name != "keys"):
        to_do = "name a new folder by RTO_HOME, or move the old one away; only its keys stay"
        expected = "a folder that holds nothing but keys"
        raise UsageError("BK004", str(home), got=", ".join(there[:3]), expected=expected, to_do=to_do)


def _same_keys(backup: Backup, home: Path) -> None:
    here = fingerprints(home)
    for name, wanted in backup.manifest["keys"].items():
        if here.get(name) != wanted:
            raise DataError(
                "BK005",
                str(home / "keys" / name),
                got="another key" if name in here else "no key",
                expected=f"the key with fingerprint {wanted}",
                to_do="put the installation's own keys back first: without them no buyer is recognised",
            )


def _checked_copy(path: Path, to: Path, said: dict[str, Any]) -> None:
    if not path.is_file():
        raise _damaged(path, "no such file")
    to.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != said["sha256"]:
        raise _damaged(path, "a file that was altered or cut short")
    if path.suffix == DATABASE and (found := _unsound(to)):
        raise _damaged(path, found)


def _unsound(database: Path) -> str | None:
    """What SQLite finds wrong with a copy: the original was damaged before it was backed up."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = str(*connection.execute("PRAGMA quick_check(1)").fetchone() or ("nothing",))
    except apsw.Error as error:
        found = str(error)
    finally:
        connection.close()
    return None if found == "ok" else found


def _damaged(path: Path, got: str) -> DataError:
    return DataError("BK003", str(path), got=got, expected="the file as backed up", to_do="restore another backup")
