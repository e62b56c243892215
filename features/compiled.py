"""The kernels of the fold, compiled by numba from the very functions the service runs uncompiled."""

from pathlib import Path

from data.compiled import cache_folder, compiler, judge, later, voided
from features import contribution, fold, links

SOURCES = (
    "../data/label.py",
    "../data/compiled.py",
    "contribution.py",
    "fold.py",
    "links.py",
    "scan.py",
    "compiled.py",
)

_ROUND = ("facts.py", "key_codes.py", "kind_fold.py", "link_replay.py", "timeline.py")
KERNELS = cache_folder(Path(__file__).parent, (*SOURCES, *_ROUND)).name
"""Changes when a kernel of the fold does, or what goes in and out of it."""

compile_kernel = compiler(Path(__file__).parent, SOURCES)
"""`compile_kernel(function, **callees)`: `function` compiled, with the names in `callees` bound to compiled kernels."""

__all__ = ["KERNELS", "add", "compile_kernel", "join", "judge", "read", "standing", "weigh", "weigh_in"]

weigh = compile_kernel(contribution.weigh, later=later, voided=voided, judge=judge)
add = compile_kernel(fold.add)
read = compile_kernel(fold.read)
join = compile_kernel(links.join)
weigh_in = compile_kernel(links.weigh_in)
standing = compile_kernel(links.standing)
