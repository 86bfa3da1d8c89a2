"""What `--record` writes: every exchange as it was, credentials replaced, readable by the user alone."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import FileIO
from urllib.parse import quote, quote_plus

from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Headers
from smscontract.recordings import jsonl

__all__ = ["hiding", "recording"]

#: So many characters of a credential may not survive anywhere.
_PIECE = 12
#: A credential shorter than this could be any word: it is replaced only where it stands as one.
_SHORT = 8
_STAND_IN = "smscontract-credential-"


@contextmanager
def recording(path: str | None, tokens: Iterable[str]) -> Iterator[Callable[[Exchange], None]]:
    """Takes exchanges as they come and writes each at once.

    Args:
        path: `None` for no recording at all.
        tokens: the credentials of the run.

    Raises:
        UnusableInput: the file cannot be written, now or later.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except (OSError, ValueError) as error:
        raise _refused(path, error) from None
    # Without a buffer what is written is there, however the run ends.
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)  # the file may have been there before
        yield _Writer(path, stream, tokens)


def _refused(path: str, error: Exception) -> UnusableInput:
    reason = getattr(error, "strerror", None) or "its name is none"
    return UnusableInput(f"the recording cannot be written: {reason}", file=path, hint="name a file in a folder that exists")


def hiding(tokens: Iterable[str]) -> Callable[[Exchange], bytes]:
    """Makes lines of exchanges, credentials replaced."""
    return _Hiding(tokens).line


class _Writer:
    def __init__(self, path: str, stream: FileIO, tokens: Iterable[str]) -> None:
        self._path = path
        self._stream = stream
        self._hide = _Hiding(tokens)
        self._write(jsonl.header("gate"))

    def __call__(self, exchange: Exchange) -> None:
        self._write(self._hide.line(exchange))

    def _write(self, line: bytes) -> None:
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            raise _refused(self._path, error) from None


class _Hiding:
    """Replaces credentials by a text of the same length, so that lengths and echoes are judged as they were live."""

    def __init__(self, tokens: Iterable[str]) -> None:
        ordered = sorted({token for token in tokens if token}, key=len, reverse=True)
        self._forms = {form for token in ordered if len(token) >= _SHORT for form in _forms(token)}
        self._pieces = {form[i : i + _PIECE]: i for form in self._forms for i in range(len(form) - _PIECE + 1)}
        # Whatever holds twelve bytes of a form in a row holds one of these: a quick look spares the slow one.
        step = _PIECE // 2
        self._anchors = {form[i : i + step] for form in self._forms for i in range(0, len(form) - step + 1, step)}
        self._whole = sorted((form for form in self._forms if len(form) < _PIECE), key=len, reverse=True)
        words = [re.escape(token.encode()) for token in ordered if len(token) < _SHORT]
        self._words = re.compile(rb"(?<![0-9A-Za-z])(?:" + b"|".join(words) + rb")(?![0-9A-Za-z])") if words else None

    def line(self, exchange: Exchange) -> bytes:
        """The line of an exchange without credentials."""
        # Once as judged, so that an answer that repeats the credential repeats the stand-in; and once as written, for bodies
        # that are no text.
        return self.raw(jsonl.dumps(self.exchange(exchange)))

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange with every credential replaced, wherever it stands and however it is written."""
        request, response = exchange.request, exchange.response
        request = replace(
            request, url=self.text(request.url), headers=self._headers(request.headers), body=self._body(request.body)
        )
        if response is not None:
            response = replace(response, headers=self._headers(response.headers), body=self._body(response.body))
        return replace(exchange, request=request, response=response)

    def _headers(self, headers: Headers | None) -> Headers | None:
        return None if headers is None else tuple((self.text(name), self.text(value)) for name, value in headers)

    def _body(self, body: bytes | None) -> bytes | None:
        return None if body is None else self.raw(body)

    def text(self, text: str) -> str:
        """The same for a text, read as the bytes that it was on the wire."""
        try:
            return self.raw(text.encode("latin-1")).decode("latin-1")
        except UnicodeEncodeError:
            return self.raw(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def raw(self, data: bytes) -> bytes:
        """Bytes without credentials, as many as before."""
        if any(anchor in data for anchor in self._anchors):
            for form in self._whole:
                data = data.replace(form, _stand_in(len(form)))
            data = self._without_pieces(data)
        return self._words.sub(lambda match: _stand_in(len(match[0])), data) if self._words is not None else data

    def _without_pieces(self, data: bytes) -> bytes:
        result = bytearray(data)
        for i in range(len(data) - _PIECE + 1):
            begin = self._pieces.get(data[i : i + _PIECE])
            if begin is not None:
                result[i : i + _PIECE] = _stand_in(begin + _PIECE)[begin:]
        return bytes(result)


def _stand_in(length: int) -> bytes:
    return (_STAND_IN * (length // len(_STAND_IN) + 1))[:length].encode()


def _forms(token: str) -> Iterator[bytes]:
    """The ways in which a credential of some length is written."""
    raw = token.encode("utf-8", "surrogatepass")
    once = json.dumps(token)[1:-1]
    texts = {
        token,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(raw, safe="")),
        once,
        json.dumps(token, ensure_ascii=False)[1:-1],
        json.dumps(once)[1:-1],
        token.replace("/", "\\/"),
        raw.hex(),
        raw.hex().upper(),
        token.swapcase(),  # as a near miss is sent
    }
    for text in texts:
        yield text.encode("utf-8", "surrogatepass")
    yield token.encode("utf-16-le", "surrogatepass")
    yield token.encode("latin-1", "replace")
    for offset in range(3):  # in Base64 it looks different behind each number of bytes, but for its inner part
        coded = base64.b64encode(bytes(offset) + raw).rstrip(b"=")
        core = coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))
