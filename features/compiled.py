"""The kernels of the fold, compiled by numba from the very functions the service runs uncompiled."""

from pathlib import Path
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from data.compiled import cache_folder, compiler, judge, later, voided
from features import contribution, fold, links

SOURCES = (
    "../data/label.py",
    "../data/compiled.py",
    "contribution.py",
    "fold.py",
    "links.py",
    "scan.py",
    "scan_facts.py",
    "compiled.py",
)

_ROUND = ("facts.py", "key_codes.py", "kind_fold.py", "link_replay.py", "timeline.py")
KERNELS = cache_folder(Path(__file__).parent, (*SOURCES, *_ROUND)).name
"""Changes when a kernel of the fold does, or what goes in and out of it."""

compile_kernel = compiler(Path(__file__).parent, SOURCES)
"""`compile_kernel(function, **callees)`: `function` compiled, with the names in `callees` bound to compiled kernels."""

__all__ = ["KERNELS", "add", "compile_kernel", "join", "judge", "read", "soon", "standing", "weigh", "weigh_in"]


@intrinsic  # type: ignore[untyped-decorator]
def soon(context: Any, array: Any, row: Any) -> Any:
    """Ask the processor to fetch a row, or a number of a flat array: it is far away, and the loop comes to it in a moment."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        held = context.make_array(kind)(context, builder, args[0])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kinds = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        prefetch = cgutils.get_or_insert_function(builder.module, kinds, "llvm.prefetch.p0")
        index = builder.sext(args[1], ir.IntType(64)) if args[1].type.width < 64 else args[1]
        indices = [index, *[ir.IntType(64)(0)] * (kind.ndim - 1)]
        place = cgutils.get_item_pointer(context, builder, kind, held, indices, wraparound=False)
        start = builder.bitcast(place, byte)
        for line in (0, 64)[: kind.ndim]:  # a row of numbers may lie on two lines of the cache
            builder.call(prefetch, [builder.gep(start, [word(line)]), word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, row), codegen


weigh = compile_kernel(contribution.weigh, later=later, voided=voided, judge=judge)
add = compile_kernel(fold.add)
read = compile_kernel(fold.read)
join = compile_kernel(links.join)
weigh_in = compile_kernel(links.weigh_in)
standing = compile_kernel(links.standing)
