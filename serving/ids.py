"""Random ids, drawn ahead: each draw from the system gives up the interpreter, which a busy reader then keeps for
milliseconds. Nothing in them can be guessed, and none is given twice, whichever thread asks.
"""

import os

_BYTES, _AHEAD = 16, 256
_ready: list[bytes] = []


def forget() -> None:
    """Draw anew: after a fork both sides would give the same."""
    _ready.clear()


os.register_at_fork(after_in_child=forget)


def random_hex(n_bytes: int) -> str:
    """`secrets.token_hex`, of 16 bytes at most."""
    if not 0 < n_bytes <= _BYTES:
        raise ValueError(f"{n_bytes} bytes: 1 to {_BYTES}")
    while True:
        try:
            return _ready.pop()[:n_bytes].hex()
        except IndexError:  # two threads may both draw: the more there are
            drawn = os.urandom(_BYTES * _AHEAD)
            _ready.extend(drawn[at : at + _BYTES] for at in range(0, len(drawn), _BYTES))
