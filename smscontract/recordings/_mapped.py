"""Logs of any shape, read through a mapping of the user's. A mapping is one more format, made while the program runs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from smscontract.exchange import Exchange, Headers, Origin, OriginKind, Part, Request, Response
from smscontract.findings import Problem
from smscontract.mapping import FORMS, LogMapping, Place, steps
from smscontract.recordings import _parquet
from smscontract.recordings._brief import Briefly, Unusual, named
from smscontract.recordings._json import Broken, elements, parse
from smscontract.recordings._parts import Options, from_base64, headers_of, lines, problem, recorded, status_of, to_bytes
from smscontract.recordings._record import ABSENT, Record
from smscontract.recordings._scrubbed import CREDENTIALS, SCRUBBED, TRUNCATED, is_without_credential
from smscontract.rfc3339 import timestamp

__all__ = ["Mapped"]

_PER_SECOND = {"": 1, "s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NO_STATUS = (None, 0, -1, "", "-", "0", "000")


class Mapped:
    """The format that a mapping describes."""

    SUFFIXES: tuple[str, ...] = ()

    def __init__(self, mapping: LogMapping) -> None:
        self.NAME = mapping.name
        self.mapping = mapping
        self._markers = [(one, to_bytes(one)) for one in mapping.scrubbed]

    def looks_like(self, name: str, head: bytes) -> bool:
        """Whether the mapping names the file; without a name: whether it is no text, and still can be read."""
        return self.mapping.claims(name) if name else _parquet.is_parquet(head)

    def read(self, stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
        """One exchange or problem for each record; a problem if the file ends too early."""
        origin = Origin(kind=OriginKind.FILE, file=file)
        what, where = ("entry", origin)
        brief = Briefly(options.taker, self._brief, file) if options.taker is not None else None

        def made() -> Exchange:
            if isinstance(record, Broken):
                raise record
            return self.exchange(record, where, options.limit)

        try:
            for what, where, record in self._records(stream, origin, options):
                try:
                    if brief is None or not brief.take(record, where.number, made):
                        yield made()
                except Broken as error:
                    yield problem(what, error, file, line=where.line, entry=where.entry)
        except Broken as error:
            yield problem("file", error, file, line=where.line, entry=where.entry)

    def cut_as(self, head: bytes) -> str:
        """How a file that begins so can be cut: `lines`, `groups` (of rows), or not at all."""
        if _parquet.is_parquet(head):
            return "groups"
        return "lines" if self.mapping.records == "lines" else ""

    def _records(
        self, stream: BufferedReader, origin: Origin, options: Options
    ) -> Iterator[tuple[str, Origin, Record | Broken]]:
        limit = options.limit

        def at(line: int | None = None, entry: int | None = None) -> Origin:
            return Origin(kind=OriginKind.FILE, file=origin.file, line=line, entry=entry)

        if _parquet.is_parquet(stream.peek(4)):
            for number, row in _parquet.rows(stream, options.groups, options.line):
                broken = isinstance(row, Broken)
                yield "file" if broken else "row", at(entry=number), row if isinstance(row, Broken) else Record(row)
        elif self.mapping.records == "csv":
            for number, named in _csv(stream, limit):
                yield "row", at(line=number), Record(named)
        elif self.mapping.records == "lines":
            for number, line in _lines(stream, options):
                yield "line", at(line=number), line
        else:
            for number, value in enumerate(elements(stream, steps(self.mapping.records), limit)):
                yield "entry", at(entry=number), value if isinstance(value, Broken) else Record(value)

    def exchange(self, record: Record, origin: Origin, limit: int) -> Exchange:
        """The exchange that a record tells of.

        Raises:
            Broken: it has no URL, or something in it is not what the mapping says.
        """
        missing: dict[Part, str] = {}
        url, method = self._word(record, "url"), self._word(record, "method")
        if not url:
            raise Broken(f"has no URL at `{self._at('url')}`")
        request = Request(
            method=method,
            url=url,
            headers=self._headers(record, "request-headers"),
            body=self._body(record, "request-body", Part.REQUEST_BODY, missing),
        )
        response = None
        status = self._found(record, "status")
        if status is not ABSENT and status not in _NO_STATUS:
            response = Response(
                status=status_of(int(status) if isinstance(status, float) and status.is_integer() else status),
                headers=self._headers(record, "response-headers"),
                body=self._body(record, "response-body", Part.RESPONSE_BODY, missing),
            )
        sent_at, received_at, took = self._time(record, "time"), self._time(record, "received-time"), self._took(record)
        if received_at is None and sent_at is not None and took is not None:
            received_at = sent_at + took
        self._find_markers(request, response, missing)
        return recorded(request, response, origin, sent_at=sent_at, received_at=received_at, missing=missing, limit=limit)

    def _brief(self, record: Any) -> dict[str, Any]:
        """As `exchange`, for records in which nothing is missing but the credential."""
        missing: dict[Part, str] = {}
        status, url = self._found(record, "status"), self._word(record, "url")
        asked, answered = self._fields(record, "request-headers"), self._fields(record, "response-headers")
        sent = self._body(record, "request-body", Part.REQUEST_BODY, missing)
        got = self._body(record, "response-body", Part.RESPONSE_BODY, missing)
        if missing or got is None or type(status) is not int or status in _NO_STATUS:
            raise Unusual
        sent_at, received_at, took = self._time(record, "time"), self._time(record, "received-time"), self._took(record)
        if received_at is None and sent_at is not None and took is not None:
            received_at = sent_at + took
        for text, raw in self._markers:
            if text in url or raw in got or raw in (sent or b"") or any(text in value for value in (answered or {}).values()):
                raise Unusual
            marked = [name.strip().lower() for name, value in (asked or {}).items() if text in value]
            # Without any credential it is missing anyway.
            if marked and not (CREDENTIALS.issuperset(marked) and is_without_credential(headers_of({"headers": asked}) or ())):
                raise Unusual
        return {
            "request": {
                "method": self._word(record, "method"),
                "url": url,
                "headers": asked,
                "body": None if sent is None else sent.decode(),
            },
            "response": {"status": status, "headers": answered, "body": got.decode()},
            "sent_at": sent_at,
            "received_at": received_at,
        }

    def _fields(self, record: Record, name: str) -> dict[str, Any] | None:
        found = self._found(record, name)
        if type(found) is dict:
            return named(found, len(found))
        fields = self._headers(record, name)
        return None if fields is None else named(dict(fields), len(fields))

    def _place(self, name: str) -> Place | None:
        return self.mapping.places.get(name)

    def _at(self, name: str) -> str:
        place = self._place(name)
        return place.at if place is not None else name

    def _found(self, record: Record, name: str) -> Any:
        """The value; null counts as absent."""
        if (place := self._place(name)) is None:
            return ABSENT
        found = record.get(place.at) if place.value is None else place.value
        return ABSENT if found is None else found

    def _word(self, record: Record, name: str) -> str:
        found, place = self._found(record, name), self._place(name)
        if found is ABSENT or place is None:
            return ""
        if not isinstance(found, str):
            raise Broken(f"has no text at `{place.at}`", f"it is mapped to `{name}`")
        if place.form != "request-line":
            return found.strip()
        parts = found.split(" ")  # `POST /v1/x HTTP/1.1`
        if len(parts) < 2:
            raise Broken(f"has no request line at `{place.at}`", "it begins with a method and a URL")
        return parts[0] if name == "method" else parts[1]

    def _headers(self, record: Record, name: str) -> Headers | None:
        found, place = self._found(record, name), self._place(name)
        if found is ABSENT or place is None:
            return None
        if isinstance(found, str) and place.form == "lines":
            pairs = [line.partition(":") for line in found.splitlines() if ":" in line]
            return tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)
        return headers_of({"headers": parse(to_bytes(found)) if isinstance(found, str) else found})

    def _body(self, record: Record, name: str, part: Part, missing: dict[Part, str]) -> bytes | None:
        found, place = self._found(record, name), self._place(name)
        if place is None or found is ABSENT:
            return None
        if isinstance(found, bytes):
            body = length = found
        elif isinstance(found, str) and place.form != "json":
            length = to_bytes(found)
            body = from_base64(found) if place.form == "base64" else length
        elif place.form in ("text", "json-string", "base64"):
            raise Broken(f"has no text at `{place.at}`", f"it is mapped to `{name}` as {place.form}")
        else:
            body = length = record.raw(place.at)
        if place.cut_at is not None and _reaches(length, place.cut_at):
            missing[part] = TRUNCATED
        return body

    def _time(self, record: Record, name: str) -> float | None:
        found, place = self._found(record, name), self._place(name)
        if found is ABSENT or place is None:
            return None
        form = place.form or (FORMS[name][0] if isinstance(found, str) else "epoch-s")
        if form == "rfc3339":
            result = timestamp(found) if isinstance(found, str) else None
        else:
            number = _number(found)
            result = None if number is None else number / _PER_SECOND[form.removeprefix("epoch-")]
        if result is None:
            raise Broken(f"has no time at `{place.at}`", f"it is mapped to `{name}` as {form}")
        if abs(result) >= 1e11:
            raise Broken(f"has a time beyond the year 5000 at `{place.at}`", f'is it `as = "epoch-ms"` and not {form}?')
        return result

    def _took(self, record: Record) -> float | None:
        found, place = self._found(record, "took"), self._place("took")
        if found is ABSENT or place is None:
            return None
        number = _number(found)
        return None if number is None or number < 0 else number / _PER_SECOND[place.form]

    def _find_markers(self, request: Request, response: Response | None, missing: dict[Part, str]) -> None:
        for text, raw in self._markers:
            if text in request.url:
                missing[Part.URL] = SCRUBBED
            for name, value in request.headers or ():
                if text in value:
                    missing[Part.CREDENTIAL if name in CREDENTIALS else Part.REQUEST_HEADERS] = SCRUBBED
            if request.body and raw in request.body:
                missing.setdefault(Part.REQUEST_BODY, SCRUBBED)
            if response is None:
                continue
            if any(text in value for _, value in response.headers or ()):
                missing[Part.RESPONSE_HEADERS] = SCRUBBED
            if response.body and raw in response.body:
                missing.setdefault(Part.RESPONSE_BODY, SCRUBBED)


def _reaches(text: bytes, cut_at: int) -> bool:
    # Loggers count bytes, characters, or UTF-16; and they do not leave half a character.
    return len(text) > cut_at - 4 or len(text.decode("utf-8", "replace")) >= cut_at


def _number(found: Any) -> int | float | None:
    if isinstance(found, str):
        try:
            found = int(found) if found.isascii() and found.isdecimal() and len(found) < 30 else float(found)
        except ValueError:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not -1e30 < found < 1e30:
        return None
    return found


def _lines(stream: BufferedReader, options: Options) -> Iterator[tuple[int, Record | Broken]]:
    """The JSON object of each line; what a shipper of logs writes before it in the line is passed over."""
    for number, line in lines(stream, options.limit, options.line):
        try:
            yield number, line if isinstance(line, Broken) else Record(parse(text := line[max(line.find(b"{"), 0) :]), text)
        except Broken as error:
            yield number, error


def _csv(stream: BufferedReader, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(max(limit, csv.field_size_limit()))
    rows = csv.DictReader(_text(stream, limit))
    try:
        for row in rows:
            yield rows.line_num, {key: value for key, value in row.items() if isinstance(value, str) and value}
    except csv.Error:
        raise Broken(f"is not CSV behind line {rows.line_num}") from None


def _text(stream: BufferedReader, limit: int) -> Iterator[str]:
    while line := stream.readline(limit + 1):
        if len(line) > limit:
            raise Broken(f"has a line longer than {limit} bytes")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Broken(f"is not UTF-8 at byte {error.start + 1} of a line") from None
