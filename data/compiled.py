"""The loops of this room, compiled by numba from the very functions that run uncompiled. Never loaded by the service."""

import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from data import digits, label, loops


def cache_folder(folder: Path, sources: tuple[str, ...]) -> Path:
    """Where compiled kernels are kept: beside the modules of `folder`, named by the text of `sources`.

    numba itself watches only the file of the outermost function, and would serve an inner one from before it changed.
    """
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in sources)).hexdigest()[:12]
    return folder / "__pycache__" / f"numba-{digest}"


def compiler(folder: Path, sources: tuple[str, ...]) -> Callable[..., Any]:
    """Makes `compile_kernel(function, **callees)`: the function compiled, names in `callees` bound to compiled kernels."""
    cache = str(cache_folder(folder, sources))

    def compile_kernel(function: Callable[..., Any], **callees: Any) -> Any:
        config.CACHE_DIR = cache
        scope = {**function.__globals__, **callees}
        bound = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
        return numba.njit(bound, cache=True, nogil=True)

    return compile_kernel


SOURCES = ("label.py", "loops.py", "digits.py", "compiled.py")
_compile = compiler(Path(__file__).parent, SOURCES)

later = _compile(label.later)
voided = _compile(label.voided)
judge = _compile(label.judge, later=later, voided=voided)
judge_all = _compile(loops.judge_all, judge=judge)
count_breaks = _compile(loops.count_breaks)
may_end_in_space = _compile(loops.may_end_in_space)
number_keys = _compile(loops.number_keys)
_slot_of = _compile(loops.slot_of)
index_keys = _compile(loops.index_keys, slot_of=_slot_of)
find_keys = _compile(loops.find_keys, slot_of=_slot_of)
group_rows = _compile(loops.group_rows)
count_levels = _compile(loops.count_levels)
_comes_later = _compile(loops.comes_later)
sort_parts = _compile(loops.sort_parts, comes_later=_comes_later)
_number_at = _compile(digits.number_at)
_minutes_from_utc = _compile(digits.minutes_from_utc, number_at=_number_at)
_tell = _compile(digits.tell, number_at=_number_at, minutes_from_utc=_minutes_from_utc)
_days_to = _compile(digits.days_to)
_moment_of = _compile(digits.moment_of, days_to=_days_to)
read_times = _compile(digits.read_times, tell=_tell, moment_of=_moment_of)
