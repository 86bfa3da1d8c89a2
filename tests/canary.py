"""Values that no output may show unless it is asked to, exchanges that are full of them, and how they are looked for: in texts
as reports escape them, and in files whatever they are packed in."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import html
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from smscontract.exchange import Exchange
from tests.core import BLAND, STUUT, made, refused

TOKEN = "canary-token-9f8e7d6c5b4a"  # opens nothing
#: One that looks like a credential wherever it stands; the other is known as the credential of its request alone.
LIVE = f"sk_{TOKEN}"
PHONE = "+14155550177"
SPELLED = "tel:+1-415-555-0177"
TEXT = "Canary sings at midnight"
#: What must not be found, in whatever spelling a report could give it.
PIECES = (TOKEN, "9f8e7d6c5b4a", "4155550177", "415-555-0177", "555-0177", "sings", "midnight")


def with_request(exchange: Exchange, **changes: Any) -> Exchange:
    return dataclasses.replace(exchange, request=dataclasses.replace(exchange.request, **changes))


def planted() -> list[Exchange]:
    """Exchanges that are broken where a canary sits."""
    places: list[dict[str, Any]] = [
        {"body": TEXT, "to_number": SPELLED, "from_number": PHONE},
        {"body": None, "error_message": TEXT},
        {"status": TEXT},
        {"status": PHONE},
        {"status": TOKEN},
        {"direction": f"Bearer {TOKEN}"},
        {"created_at": PHONE},
        {"sent_at": TEXT},
        {"id": PHONE},
        {"id": TEXT},
        {"object": TEXT},
        {"to_number": f"{PHONE} {TEXT}"},
        {"from_number": PHONE, "to_number": SPELLED},
        {TEXT: 1, PHONE: 2, TOKEN: 3},
        {"classifications": [{"reason": TEXT, TEXT: PHONE, "classification": TEXT}]},
        {"classifications": [{"agent_metrics": {"error_code": PHONE}}]},
        {"is_automated": {TEXT: PHONE}},
        {"sms_thread_id": 14155550177},
        {"error_message": f"failed for {PHONE} with {TOKEN}", "status": "sent"},
    ]
    found = [made(STUUT, step=step, answer=one) for step, one in enumerate(places)]
    raw: list[bytes] = [
        f'{{"body": "{TEXT}", "to": "{PHONE}"'.encode(),
        f"<html>{TEXT} {PHONE} {TOKEN}</html>".encode(),
        f'{{"{TEXT}": 1, "{TEXT}": 2}}'.encode(),
        f'{{"{PHONE}": NaN}}'.encode(),
        f'{{"a": "{TEXT}"}} {{"b": "{PHONE}"}}'.encode(),
        f'{{"a": "{TEXT} \\ud800"}}'.encode(),
        f'["{TEXT}", "{PHONE}"]'.encode(),
        f'"{TEXT}"'.encode(),
    ]
    found += [made(STUUT, step=30 + step, body=body) for step, body in enumerate(raw)]
    kind = (("content-type", f"text/{TOKEN}; charset={TEXT}"), ("x-note", f"{PHONE} {TEXT}"))
    found.append(made(STUUT, step=50, headers=kind))
    found.append(made(STUUT, step=51, headers=(("content-type", f"application/json; charset={PHONE}"),)))
    found.append(made(STUUT, step=52, headers=(("content-type", "application/json"), ("content-length", PHONE))))
    sent: list[dict[str, Any]] = [
        {"message": TEXT, "user_number": SPELLED},
        {"sender": TEXT},
        {"sender": PHONE},
        {"request_data": TEXT},
        {"request_data": {TEXT: PHONE}, "time_out": TEXT},
        {"time_out": 60, "warning_time": 60, "message": TEXT},
        {TEXT: PHONE, TOKEN: TEXT},
        {"user_number": PHONE, "agent_number": PHONE, "message": TEXT},
    ]
    found += [made(BLAND, step=60 + step, sent=one, answer={"data": {"message": TEXT}}) for step, one in enumerate(sent)]
    found.append(refused(BLAND, 400, {"data": None, "errors": [{"error": TEXT, "message": PHONE}]}, step=80))
    found.append(refused(BLAND, 400, {"data": {"message": TEXT}, "errors": [{"error": " ", "message": TOKEN}]}, step=81))
    found.append(made(BLAND, step=82, answer={"data": {"conversation_id": PHONE, "workflow_id": PHONE}}))
    found.append(made(BLAND, step=83, answer={"data": {"conversation_id": PHONE, "workflow_id": TEXT}}))
    for step, path in enumerate([f"/v1/{TOKEN}", f"/users/{PHONE}/{TEXT.replace(' ', '%20')}", f"/a?to={PHONE}&key={TOKEN}"]):
        found.append(
            with_request(dataclasses.replace(made(STUUT, step=90 + step), operation=None), url=f"https://x.test{path}")
        )
    odd = f"https://x.test/v2/sms-threads/messages/{PHONE}/send?token={TOKEN}&text={TEXT.replace(' ', '+')}"
    found.append(with_request(dataclasses.replace(made(STUUT, step=95), path_parameters=None), url=odd))
    credentials = (("authorization", f"Bearer {TOKEN}"), ("x-note", TEXT))
    return [with_request(one, headers=(*credentials, ("content-type", "application/json"))) for one in found] + [
        with_request(made(STUUT, step=96, answer={"body": f"you sent {TOKEN}"}), headers=credentials)
    ]


def leaks(text: str, pieces: Sequence[str] = PIECES) -> list[str]:
    """Which pieces a text shows, in whatever spelling a report could give them."""
    with warnings.catch_warnings(action="ignore"):  # not every backslash is an escape
        plain = text.encode("utf-8", "surrogatepass").decode("unicode_escape", "replace")
    bare = html.unescape(text.replace("\\", ""))
    return [piece for piece in pieces if any(piece in one for one in (text, plain, bare))]


def unpacked(data: bytes) -> Iterator[bytes]:
    """Some bytes, and whatever in them can be unpacked: gzip, zlib, and Base64 at each offset."""
    yield data
    for match in re.finditer(rb"\x1f\x8b\x08|x[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj(47).decompress(data[match.start() :], 1 << 24)
        except zlib.error:
            continue
    for match in re.finditer(rb"[A-Za-z0-9+/]{16,}", data):
        for offset in range(4):
            run = match[0][offset:]
            try:
                yield base64.b64decode(run[: len(run) // 4 * 4])
            except binascii.Error:
                continue


def leaks_of(data: bytes, pieces: Sequence[str]) -> list[str]:
    """Which pieces some bytes hold, packed or not."""
    found = set()
    for one in unpacked(data):
        found |= {piece for piece in pieces if piece.encode("utf-16-le") in one}
        found |= set(leaks(one.decode("latin-1"), pieces))
    return sorted(found)


def leaks_below(folder: Path, pieces: Sequence[str]) -> dict[str, list[str]]:
    """Which files below a folder hold pieces, in their content or their name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # it was there a moment ago
            continue
        if here := sorted({*leaks(name, pieces), *leaks_of(data, pieces)}):
            found[name] = here
    return found
