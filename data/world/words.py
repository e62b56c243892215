"""Text columns as Arrow arrays, made from short lists of words and the number of each row's word."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.world.streams import Flags, Ints


def spread(words: Sequence[str | None], number: Ints | Flags, absent: Flags | None = None) -> pa.Array:
    """(n,) the word of each row; null where the word is None or `absent`."""
    return pa.array(words, pa.string()).take(pa.array(number, pa.int64(), mask=absent))


def joined(parts: Sequence[pa.Array], between: str) -> pa.Array:
    """(n,) the parts of each row with `between` them; null where any part is."""
    return pc.binary_join_element_wise(*parts, between)


def text_of(numbers: Ints) -> pa.Array:
    """(n,) whole numbers in decimal digits."""
    return pa.array(np.asarray(numbers, dtype=np.int64)).cast(pa.string())


def without(values: pa.Array, absent: Flags) -> pa.Array:
    """(n,) `values` with null where `absent`."""
    return pc.if_else(pa.array(absent), pa.scalar(None, pa.string()), values)
