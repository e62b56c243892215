"""UBJSON as xgboost writes it, from what `training.ubjson` reads: for bundles whose trees are spoilt on purpose."""

import struct
from typing import Any

import numpy as np

_KINDS = {"i1": b"i", "u1": b"U", "i2": b"I", "i4": b"l", "i8": b"L", "f4": b"d", "f8": b"D"}


def written(value: Any) -> bytes:
    match value:
        case dict():
            return b"{" + b"".join(_text(name) + written(one) for name, one in value.items()) + b"}"
        case np.ndarray():
            kind = f"{value.dtype.kind}{value.dtype.itemsize}"
            return b"[$" + _KINDS[kind] + b"#" + _length(len(value)) + value.astype(">" + kind).tobytes()
        case list():
            return b"[#" + _length(len(value)) + b"".join(map(written, value))
        case str():
            return b"S" + _text(value)
        case bool() | None:
            return {True: b"T", False: b"F", None: b"Z"}[value]
        case int():
            return _length(value)
    return b"D" + struct.pack(">d", value)


def _text(value: str) -> bytes:
    return _length(len(value.encode())) + value.encode()


def _length(n: int) -> bytes:
    return b"L" + struct.pack(">q", n)
