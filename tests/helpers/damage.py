"""Bytes spoilt at random, as disks, cuts and hostile hands spoil them."""

import random


def damage(content: bytes, rng: random.Random) -> bytes:
    """A few bits turned round, a piece taken out, doubled or overwritten, or an end cut off."""
    at, n = rng.randrange(len(content)), rng.randrange(1, 40)
    match rng.randrange(5):
        case 0:
            spoilt = bytearray(content)
            for _ in range(rng.randrange(1, 4)):
                spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
            return bytes(spoilt)
        case 1:
            return content[:at]
        case 2:
            return content[:at] + content[at + n :]
        case 3:
            return content[:at] + content[at : at + n] + content[at:]
    return content[:at] + rng.randbytes(n) + content[at + n :]
