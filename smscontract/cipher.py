"""Bytes that lie on a disk for a while, and that nobody reads who has not the key.

It keeps a copy of a file from telling anything, no more: whoever reads the memory of the process, or the key, reads all. A
library of ciphers would be one more compiled package for every user of the core, for that alone.
"""

from __future__ import annotations

import hashlib

__all__ = ["mixed"]


def mixed(key: bytes, data: bytes) -> bytes:
    """The bytes under a stream of bytes that belongs to the key; twice, they are themselves again.

    Args:
        key: at least 32 secret bytes with something behind them that no other data is mixed with under the same secret.
    """
    stream = hashlib.shake_128(key).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))
