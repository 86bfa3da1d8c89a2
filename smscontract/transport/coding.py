"""Answers that come packed although nobody asked for it: unpacked, since what is judged is what was meant."""

from __future__ import annotations

import zlib

from smscontract.exchange import Response

__all__ = ["unpacked"]

#: Window bits for `zlib`: gzip, and deflate with its header.
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def unpacked(response: Response, limit: int) -> Response:
    """The answer as it was before it was packed: without `content-encoding`, its length that of the body. What cannot be
    unpacked, or is more than `limit` bytes then, stays as it is, and the header with it.

    Args:
        limit: bytes of the body at most.
    """
    headers, body = response.headers or (), response.body or b""
    codings = [word.strip().lower() for name, value in headers if name == "content-encoding" for word in value.split(",")]
    codings = [word for word in codings if word not in ("", "identity")]
    if not codings or not body:
        return response
    for coding in reversed(codings):
        window = _WINDOWS.get(coding)
        if window is None:
            return response
        unpacker = zlib.decompressobj(window)
        try:
            body = unpacker.decompress(body, limit + 1)
        except zlib.error:
            return response
        if not unpacker.eof or len(body) > limit:
            return response
    kept = tuple((name, value) for name, value in headers if name not in ("content-encoding", "content-length"))
    return Response(status=response.status, headers=(*kept, ("content-length", str(len(body)))), body=body)
