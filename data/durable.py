"""Folders that appear whole, and on disk, or not at all; and where nothing may be written, that said in words."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from data.errors import DataError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder` to fill; it becomes `folder` when the block ends well, else it vanishes.

    What a process that was killed left behind is cleared away. Raises DataError BK006 if the disk is full or may not
    be written.
    """
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear(folder.parent)
        draft.mkdir()
        yield draft
        for path in (*draft.rglob("*"), draft):
            sync(path)
        draft.rename(folder)
        sync(folder.parent)
    except (OSError, apsw.FullError, apsw.IOError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_ROOM:
            raise
        got = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        to_do = "make room or name another folder, and try again: nothing was changed"
        raise DataError("BK006", str(folder), got=got, expected="a disk with room to write", to_do=to_do) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _clear(parent: Path) -> None:
    """Drafts of processes that are no more."""
    for left in parent.glob(".*.*"):
        owner = left.name.rpartition(".")[2]
        if left.is_dir() and owner.isdigit() and not _runs(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    with suppress(ProcessLookupError):
        try:
            os.kill(process, 0)
        except PermissionError:  # somebody else's
            return True
        return True
    return False


def sync(path: Path) -> None:
    """What was written to the file or folder survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn what opening raises in a folder, or of a file, that may only be read into DataError DB006: also who only reads
    puts a lock beside the file."""
    try:
        yield
    except (PermissionError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
        expected = "a folder and files that this user may write"
        to_do = "let this user write there, or name another place by RTO_HOME: nothing was changed"
        raise DataError("DB006", str(path), got="no leave to write", expected=expected, to_do=to_do) from error
