"""Are compiled kernels kept by content, so that a changed kernel is never served from an old compilation?"""

import shutil
from pathlib import Path

import pytest

import data.compiled
import features.compiled
from data.compiled import cache_folder

ROOMS = (data.compiled, features.compiled)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_the_cache_is_named_by_the_text_of_every_kernel(room, tmp_path: Path) -> None:
    here = Path(room.__file__).parent
    for name in ("data", "features"):
        shutil.copytree(here.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("[!.]*.csv*", "world"))
    folder = tmp_path / here.name
    names = [cache_folder(folder, room.SOURCES)]
    for name in room.SOURCES:
        (folder / name).write_text((folder / name).read_text() + "# changed")
        names.append(cache_folder(folder, room.SOURCES))
    assert len(set(names)) == 1 + len(room.SOURCES)
    assert {name.parent for name in names} == {folder / "__pycache__"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_file_with_a_compiled_kernel_is_watched(room) -> None:
    kernels = (getattr(one, "py_func", None) for one in vars(room).values())
    files = {Path(one.__code__.co_filename).name for one in kernels if one is not None}
    assert files
    assert files <= {Path(name).name for name in room.SOURCES}
