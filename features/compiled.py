"""The kernels of the fold, compiled by numba from the very functions the service runs uncompiled."""

import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from data import label
from features import contribution, fold, links

_SOURCES = ("../data/label.py", "contribution.py", "fold.py", "links.py", "scan.py", "compiled.py")


def _cache_by_content() -> None:
    """Key the on-disk cache by the kernels' text: numba itself watches only the file of the outermost function."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in _SOURCES)).hexdigest()[:12]
    config.CACHE_DIR = str(here / "__pycache__" / f"numba-{digest}")


def compile_kernel(function: Callable[..., Any], **callees: Any) -> Any:
    """`function` compiled, with the names in `callees` bound to compiled kernels instead of plain functions."""
    scope = {**function.__globals__, **callees}
    bound = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    return numba.njit(bound, cache=True, nogil=True)


_cache_by_content()
later = compile_kernel(label.later)
voided = compile_kernel(label.voided)
judge = compile_kernel(label.judge, later=later, voided=voided)
weigh = compile_kernel(contribution.weigh, later=later, voided=voided, judge=judge)
add = compile_kernel(fold.add)
read = compile_kernel(fold.read)
join = compile_kernel(links.join)
weigh_in = compile_kernel(links.weigh_in)
standing = compile_kernel(links.standing)
