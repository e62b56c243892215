"""The keyed, one-way names of personal values: HMAC-SHA-256, the first 16 bytes."""

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache

_BLOCK = 64  # bytes of a SHA-256 block
_INNER, _OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))


def token(key: bytes, kind: str, value: str) -> bytes:
    """The token of one value."""
    return hmac.digest(key, f"{kind}\0{value}".encode(), hashlib.sha256)[:16]


@lru_cache(maxsize=64)
def token_maker(key: bytes, kind: str) -> Callable[[str], bytes]:
    """`token` for many values of one kind: the key's two blocks are hashed once (RFC 2104), which is twice as fast."""
    padded = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))
    inner.update(f"{kind}\0".encode())

    def make(value: str) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(value.encode())
        around.update(within.digest())
        return around.digest()[:16]

    return make
