"""Are compiled kernels kept by content, so that a changed kernel is never served from an old compilation?"""

import shutil
import subprocess
import sys
from pathlib import Path

import features

ROOT = Path(features.__file__).parent.parent
KERNELS = (
    "features/fold.py",
    "features/links.py",
    "data/label.py",
    "features/scan.py",
    "features/contribution.py",
    "features/compiled.py",
)
SHOW = """
import pathlib, sys
from numba.core import config
from features import compiled
print(config.CACHE_DIR)
for name in sys.argv[1:]:
    path = pathlib.Path(name)
    path.write_text(path.read_text() + "# changed")
    compiled._cache_by_content()
    print(config.CACHE_DIR)
"""


def test_the_cache_is_named_by_the_text_of_every_kernel(tmp_path: Path) -> None:
    without = shutil.ignore_patterns("__pycache__", "*.csv*", "*.parquet", "world")
    for room in ("data", "features"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=without)
    ran = subprocess.run(
        [sys.executable, "-c", SHOW, *KERNELS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    names = [Path(line) for line in ran.stdout.split()]
    assert all(name.name.startswith("numba-") and name.is_relative_to(tmp_path) for name in names)
    assert len(set(names)) == 1 + len(KERNELS)
