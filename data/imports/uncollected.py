"""No hunt for rings of garbage while an import holds millions of live values: each hunt would look at all of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within the block Python's cyclic collector rests; what nobody refers to goes at once, as always.

    Afterwards it is as it was before: an import may be called by a process that lives on.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
