"""A strict reader of the UBJSON that xgboost writes (draft 12 with typed arrays, its `L` lengths), bounds checked.

Trees are looked at by this reader before xgboost's own sees a byte: what is not whole is refused in Python, not in C++.
"""

import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Value: TypeAlias = Any
"""dict, list, str, int, float, bool, None, or a typed array as numpy's."""

_NUMBERS = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q", b"d": "f", b"D": "d"}
_ARRAYS = {kind: np.dtype(">" + code) for kind, code in _NUMBERS.items()}
_DEEPEST = 32


class UbjsonError(ValueError):
    """The bytes are not whole, or not what xgboost writes."""


@dataclass(slots=True)
class _Reader:
    content: bytes
    at: int = 0

    def take(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.content):
            raise UbjsonError(f"ends within a value at byte {self.at}")
        self.at += n
        return self.content[self.at - n : self.at]

    def number(self, kind: bytes) -> Any:
        code = _NUMBERS.get(kind)
        if code is None:
            raise UbjsonError(f"no number at byte {self.at}")
        return struct.unpack(">" + code, self.take(struct.calcsize(code)))[0]

    def length(self) -> int:
        found = self.number(self.take(1))
        if not isinstance(found, int) or not 0 <= found <= len(self.content):
            raise UbjsonError(f"a length that cannot be at byte {self.at}")
        return found

    def text(self) -> str:
        return self.take(self.length()).decode("utf-8")

    def value(self, depth: int = 0) -> Value:
        if depth > _DEEPEST:
            raise UbjsonError("nested too deeply")
        kind = self.take(1)
        if kind == b"{":
            return self.members(depth)
        if kind == b"[":
            return self.entries(depth)
        if kind == b"S":
            return self.text()
        if kind in b"TFZ":
            return {b"T": True, b"F": False, b"Z": None}[kind]
        return self.number(kind)

    def members(self, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while self.content[self.at : self.at + 1] != b"}":
            name = self.text()
            if name in found:
                raise UbjsonError(f"the name {name[:40]!r} stands twice")
            found[name] = self.value(depth + 1)
        self.take(1)
        return found

    def entries(self, depth: int) -> Value:
        ahead = self.content[self.at : self.at + 1]
        if ahead == b"$":
            self.take(1)
            return self.typed(self.take(1))
        if ahead == b"#":
            self.take(1)
            return [self.value(depth + 1) for _ in range(self.length())]
        found = []
        while self.content[self.at : self.at + 1] != b"]":
            found.append(self.value(depth + 1))
        self.take(1)
        return found

    def typed(self, kind: bytes) -> Any:
        if kind not in _ARRAYS or self.take(1) != b"#":
            raise UbjsonError(f"a typed array that cannot be at byte {self.at}")
        n, size = self.length(), _ARRAYS[kind].itemsize
        return np.frombuffer(self.take(n * size), _ARRAYS[kind])


def read(content: bytes) -> Value:
    """The value that the bytes hold, and nothing after it. Raises UbjsonError."""
    reader = _Reader(content)
    try:
        found = reader.value()
    except UnicodeDecodeError:
        raise UbjsonError(f"a text that is not UTF-8 before byte {reader.at}") from None
    if reader.at != len(content):
        raise UbjsonError(f"{len(content) - reader.at} bytes too many")
    return found
