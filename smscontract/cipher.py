"""Bytes that lie on a disk for a while, and that nobody reads who has not the key: AES-256 in counter mode."""

from __future__ import annotations

__all__ = ["mixed"]

_BLOCK = 16


def mixed(key: bytes, data: bytes, place: int) -> bytes:
    """Bytes under the stream of a key; twice, they are themselves again.

    Args:
        key: 32 secret bytes.
        place: where in the stream they are (bytes): no other data may ever be under these bytes of it.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    number, within = divmod(place, _BLOCK)
    stream = Cipher(AES(key), CTR(number.to_bytes(_BLOCK))).encryptor()
    stream.update(bytes(within))
    return stream.update(data)
