"""What a journal holds of others, so that the file alone tells nobody: sealed with a key that lies beside it.

The key is a file of its own, readable by the user alone, and is taken away when nothing is left to be finished. From then on
nobody can read what was sealed with it, wherever copies of the journal are.
"""

from __future__ import annotations

import base64
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smscontract.errors import UnusableInput

__all__ = ["Seal", "key_file"]

_SIZE = 32
_NONCE = 12


def key_file(path: str) -> Path:
    """Where the key of a journal lies."""
    return Path(f"{path}.key")


class Seal:
    """Seals texts, and opens what was sealed with the same key.

    Args:
        key: `None` for a fresh one.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = os.urandom(_SIZE) if key is None else key
        self._cipher = AESGCM(hmac.digest(self._key, b"seal", "sha256"))

    @classmethod
    def beside(cls, path: str) -> Seal:
        """The seal whose key lies beside a journal.

        Raises:
            UnusableInput: it is not there, or is none.
        """
        file = key_file(path)
        try:
            key = file.read_bytes()
        except FileNotFoundError:
            raise UnusableInput(
                "the key of the journal is not there, so nobody can read its answers",
                file=str(file),
                hint="it goes when a run has ended: then begin a new one; else put it back where it was, beside the journal",
            ) from None
        except OSError as error:
            raise UnusableInput(f"the key of the journal cannot be read: {error.strerror}", file=str(file)) from None
        if len(key) != _SIZE:
            raise UnusableInput("this is no key of a journal", file=str(file), hint="put back what the run wrote")
        return cls(key)

    def keep(self, path: str) -> None:
        """Writes the key beside a journal.

        Raises:
            OSError: it cannot be written.
        """
        file = key_file(path)
        file.unlink(missing_ok=True)  # one that others may read stays one that others may read
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, self._key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def name(self, data: bytes) -> str:
        """A name of some bytes that says nothing of them."""
        return hmac.digest(self._key, b"name" + data, "sha256").hex()[:24]

    def sealed(self, data: bytes) -> str:
        """Bytes as a text that only `opened` can read."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, None)).decode()

    def opened(self, text: str) -> bytes | None:
        """What was sealed; `None` if that is not whole, or not of this key."""
        try:
            raw = base64.b64decode(text, validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None)
        except (ValueError, InvalidTag):
            return None
