"""What HTTP and JSON ask of every answer: a documented status, the right content type, a complete body, one value in UTF-8."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from smscontract.clauses import evidence
from smscontract.clauses.body_text import charset_of, coding_of, declared_type, is_json, is_sound
from smscontract.clauses.evidence import SLOW
from smscontract.clauses.mutate import body_of, dumped, with_response, with_response_body
from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Skipped, Spot
from smscontract.clauses.reduction import Decided
from smscontract.clauses.schema import IN_FRONT
from smscontract.clauses.view import View
from smscontract.documents import Clause, Operation, Source, level_of
from smscontract.exchange import Auth, Exchange, Failure, Part, header_values
from smscontract.json_text import UNKNOWN, Flaw

__all__ = ["FAMILY", "break_", "clauses_of", "expand", "judge", "reduce"]

FAMILY = "protocol"

_BODY = Spot("response body")
_HEADERS = Spot("response headers")
_STATUS = Spot("status")

_HTTP = "RFC 9110"
_JSON = "RFC 8259"
#: name: what it says, and the section that states it; without one it is our own reasoning.
_CLAUSES = {
    "status": ("the status is one that the document lists", ""),
    "content-type": ("a success declares the content type that the document lists", ""),
    "content-type-of-refusals": ("a refusal declares the content type that the document lists", ""),
    "complete-body": ("the body is as long as `content-length` says", f"{_HTTP} section 8.6"),
    "json": ("a body declared as JSON is JSON", f"{_JSON} section 2"),
    "one-value": ("the body is one JSON value and nothing else", f"{_JSON} section 2"),
    "utf-8": ("JSON is encoded as UTF-8", f"{_JSON} section 8.1"),
    "no-bom": ("JSON starts without a byte order mark", f"{_JSON} section 8.1"),
    "unique-keys": ("no object has the same member twice", f"{_JSON} section 4"),
    "numbers": ("numbers are finite: neither NaN nor Infinity", f"{_JSON} section 6"),
    "unicode": ("texts hold no half of a surrogate pair", f"{_JSON} section 8.2"),
    "no-server-error": ("no request is answered with a 5xx", f"{_HTTP} section 15.6"),
    "answers": ("every request is answered in whole", f"{_HTTP} section 3.4"),
    "in-time": (f"an answer takes no longer than {SLOW:g} s", ""),
    "no-secrets": ("an answer does not repeat the credential", ""),
}
#: RFC 8259 says SHOULD of unique names, and only warns of lone surrogates.
_LOWERED = frozenset({"unique-keys", "unicode"})
_FLAWS = {
    Flaw.SYNTAX: "json",
    Flaw.EMPTY: "json",
    Flaw.SEVERAL: "one-value",
    Flaw.ENCODING: "utf-8",
    Flaw.BOM: "no-bom",
    Flaw.DUPLICATE: "unique-keys",
    Flaw.CONSTANT: "numbers",
    Flaw.SURROGATE: "unicode",
}
#: Codings that our own transport undoes.
_UNPACKED = frozenset({"gzip", "x-gzip", "deflate"})
#: Characters below which a credential could be any word.
_SECRET = 8
_WIRE_ONLY = frozenset({"utf-8", "no-bom"})
#: What only the document of the operation can promise.
_OF_DOCUMENTS = frozenset({"status", "content-type", "content-type-of-refusals"})


def clauses_of(operation: Operation) -> Iterator[Clause]:
    """The same clauses for every operation; the content type is as sure as the document's source for it."""
    for name, (says, ref) in _CLAUSES.items():
        if name == "no-secrets" and operation.security is None:
            continue
        source = Source(kind="http", ref=ref, file=operation.file, line=operation.line) if ref else None
        if source is None:
            source = Source(kind="inferred", file=operation.file, line=operation.line)
            answer = operation.success
            if name == "content-type" and answer is not None:
                base = answer.content_inherited.source
                # A page that shows a JSON body without naming its content type does not promise one.
                kind = base.kind if base.kind in ("docs", "sibling") else "inferred"
                source = Source(kind=kind, ref=base.ref, why=base.why, file=answer.file, line=answer.line)
        yield Clause(
            id=f"{operation.key}/protocol/{name}",
            provider=operation.provider,
            operation=operation.key,
            level=level_of(source, lowered=name in _LOWERED),
            family=FAMILY,
            says=says,
            source=source,
            detail=name,
        )


def judge(clause: Clause, view: View) -> Outcome:
    """Each clause by its own function, or as a flaw of the body's text."""
    if view.stray and clause.detail in _OF_DOCUMENTS:
        return None
    check = _CHECKS.get(clause.detail)
    if check is not None:
        return check(clause, view)
    if is_sound(view):
        return KEPT if view.exact or clause.detail not in _WIRE_ONLY else None
    return _flaw(clause, view)


def _status(_: Clause, view: View) -> Outcome:
    if view.status is None or view.status >= 500:
        return None
    if view.accepted or view.operation.documents_status(view.status):
        return KEPT
    listed = ", ".join(view.operation.responses)
    return Broken(
        message="the status is not documented", spot=_STATUS, expected=f"one of {listed}", got=view.status, uses=(_STATUS,)
    )


def _content_type(clause: Clause, view: View) -> Outcome:
    response, document = view.exchange.response, view.document
    if (clause.detail == "content-type") != view.accepted or view.status in IN_FRONT:
        return None
    if response is None or document is None or not document.content_types or response.body == b"":
        return None
    declared = declared_type(view)
    if declared is None or response.body is None:
        return Skipped("headers or body missing")
    if declared in document.content_types or "*/*" in document.content_types or (is_json(declared) and not view.accepted):
        return KEPT
    expected = " or ".join(f"`{kind}`" for kind in document.content_types)
    if declared == "":
        return Broken(message="the body has no content type", spot=_HEADERS, expected=expected, got="", uses=(_BODY,))
    return Broken(message="the body has another content type", spot=_HEADERS, expected=expected, got=declared, uses=(_BODY,))


def _complete(clause: Clause, view: View) -> Outcome:
    outcome = _length(view)
    # Live, a body that ends too early could be an outage: it takes a control and a repetition to tell.
    if view.exchange.own_record and not isinstance(outcome, Broken) and view.exchange.response is not None:
        return evidence.judge(clause, view)
    return outcome


def _length(view: View) -> Outcome:
    response = view.exchange.response
    if response is None or not view.exact or response.headers is None or response.body is None:
        return None
    lengths = header_values(response.headers, "content-length")
    bodiless = view.exchange.request.method == "HEAD" or view.status == 304
    if not lengths or bodiless or view.exchange.failure is not None:
        return None
    if header_values(response.headers, "content-encoding"):
        return None
    if lengths[0].strip() == str(len(response.body)):
        return KEPT
    return Broken(
        message="the body is not as long as `content-length` says",
        spot=_BODY,
        expected=f"{lengths[0]} bytes" if lengths[0].isdecimal() else "a number",
        got=f"{len(response.body)} bytes",
        plain=True,
        uses=(_BODY,),
    )


def _flaw(clause: Clause, view: View) -> Outcome:
    """Judged where the body is JSON by its content type or, where headers are unknown, by the document."""
    name = clause.detail
    parsed, document = view.got_parsed, view.document
    if parsed is None:
        return Skipped("response body missing") if view.exchange.response is not None and document is not None else None
    declared = declared_type(view)
    if view.exchange.own_record and (coding := coding_of(view)):
        return _packed(name, coding)
    if view.stray:
        if not declared or not is_json(declared) or parsed.flaws == (Flaw.EMPTY,):
            return None
    elif document is None or not document.content_types:
        return None
    if view.status in IN_FRONT:
        return None  # whatever stands in front of the server may have answered
    if declared and not is_json(declared):
        return None  # another content type is the cause; what such a body is, is not our business
    if name in _WIRE_ONLY and not view.exact:
        return None
    if name == "utf-8" and charset_of(view) not in ("", "utf-8", "utf8"):
        return Broken(
            message="the content type names another encoding", spot=_BODY, expected="UTF-8", got=charset_of(view), uses=(_BODY,)
        )
    if Flaw.EMPTY in parsed.flaws and not view.accepted:
        return None
    for flaw in parsed.flaws:
        if _FLAWS.get(flaw) == name:
            fatal = flaw not in (Flaw.DUPLICATE, Flaw.BOM)
            return Broken(
                message=f"the body is {flaw}"
                if flaw in (Flaw.EMPTY, Flaw.SYNTAX, Flaw.SEVERAL, Flaw.ENCODING)
                else f"the body has a {flaw}",
                spot=_BODY,
                expected=clause.says,
                got=parsed.detail if flaw in (Flaw.SYNTAX, Flaw.ENCODING, Flaw.SEVERAL) else str(flaw),
                plain=True,
                uses=(_BODY,) if fatal else (),
            )
    return KEPT if parsed.value is not UNKNOWN or Flaw.DEPTH in parsed.flaws else None


def _packed(name: str, coding: str) -> Outcome:
    """Our own transport unpacks what can be unpacked: what is packed still is not what the header says, or nobody can tell."""
    if name != "json" or not _UNPACKED.issuperset(coding.split(", ")):
        return None
    expected = f"a body that is {coding}"
    return Broken(
        message="the body cannot be unpacked", spot=_HEADERS, expected=expected, got="another", plain=True, uses=(_BODY,)
    )


def _secrets(_: Clause, view: View) -> Outcome:
    response, security = view.exchange.response, view.operation.security
    if response is None or security is None or view.exchange.auth is Auth.ABSENT:
        return None
    if Part.CREDENTIAL in view.exchange.missing:
        return Skipped(f"{view.exchange.missing[Part.CREDENTIAL]}: {Part.CREDENTIAL}")
    places = (
        header_values(view.exchange.request.headers, security.name)
        if security.where == "header"
        else view.query.get(security.name)
    )
    if not places or (response.body is None and response.headers is None):
        return Skipped("credential unknown")
    secrets = [secret for value in places if len(secret := value.rpartition(" ")[2]) >= _SECRET]
    texts = [value for _, value in response.headers or ()]
    for secret in secrets:
        if secret.encode("utf-8", "replace") in (response.body or b"") or any(secret in text for text in texts):
            return Broken(
                message="the answer repeats the credential",
                spot=_BODY,
                expected="an answer without it",
                got=secret,
                mask="secret",
            )
    return KEPT if secrets else None


_CHECKS: Mapping[str, Callable[[Clause, View], Outcome]] = {
    "status": _status,
    "content-type": _content_type,
    "content-type-of-refusals": _content_type,
    "complete-body": _complete,
    "no-secrets": _secrets,
    "no-server-error": evidence.judge,
    "answers": evidence.judge,
    "in-time": evidence.judge,
}


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact]) -> Iterator[Decided]:
    """What is broken, flaky or not to be told, by cases with their controls and repetitions."""
    yield from evidence.reduce(clauses, facts)


def expand(clause: Clause, broken: Exchange, good: Exchange) -> list[Exchange]:
    """The exchanges that it takes to tell."""
    return evidence.expand(clause, broken, good)


def break_(clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:  # noqa: ARG001 - the signature of all families
    """The same answer with the one flaw."""
    if last.response is not None and last.response.body is not None:
        yield from _BREAKS[clause.detail](last, last.response.body, operation)


def _with_header(last: Exchange, name: str, value: str) -> Exchange:
    headers = last.response.headers or () if last.response is not None else ()
    return with_response(last, headers=(*((key, text) for key, text in headers if key != name), (name, value)))


def _with_member(last: Exchange, member: bytes) -> Iterator[Exchange]:
    value = body_of(last)
    if isinstance(value, dict):
        yield with_response(last, body=dumped(value)[:-1] + (b", " if value else b"") + member + b"}")


def _no_status(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield with_response(last, status=302)
    yield with_response(last, status=304)


def _other_type(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield _with_header(last, "content-type", "text/html; charset=utf-8")


def _longer(last: Exchange, raw: bytes, _: Operation) -> Iterator[Exchange]:
    yield _with_header(last, "content-length", str(len(raw) + 7))


def _no_json(last: Exchange, raw: bytes, _: Operation) -> Iterator[Exchange]:
    yield with_response(last, body=raw[:-1] or b"<html>")
    yield with_response(last, body=b"<html>no</html>")


def _two_values(last: Exchange, raw: bytes, _: Operation) -> Iterator[Exchange]:
    yield with_response(last, body=raw + raw)
    yield with_response(last, body=raw + b"{}")


def _not_utf8(last: Exchange, raw: bytes, _: Operation) -> Iterator[Exchange]:
    text = re.search(rb'": ?"', raw)
    if text is not None:
        yield with_response(last, body=raw[: text.end()] + b"\xe9" + raw[text.end() :])


def _bom(last: Exchange, raw: bytes, _: Operation) -> Iterator[Exchange]:
    yield with_response(last, body=b"\xef\xbb\xbf" + raw)


def _twice(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    value = body_of(last)
    if isinstance(value, dict) and value:
        key = next(iter(value))
        yield with_response(last, body=b"{" + dumped({key: value[key]})[1:-1] + b"," + dumped(value)[1:])


def _nan(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield from _with_member(last, b'"ratio": NaN')


def _half(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield from _with_member(last, b'"note": "\\ud800"')


def _told(last: Exchange, _: bytes, operation: Operation) -> Iterator[Exchange]:
    security, value = operation.security, body_of(last)
    tokens = header_values(last.request.headers, security.name) if security is not None else None
    if tokens and isinstance(value, dict):
        yield with_response_body(last, {**value, "debug": tokens[0]})


def _server_error(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield with_response(last, status=500, body=b'{"error": "internal"}')


def _no_answer(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    yield dataclasses.replace(last, response=None, failure=Failure.RESET)


def _slow(last: Exchange, _: bytes, __: Operation) -> Iterator[Exchange]:
    if last.sent_at is not None:
        yield dataclasses.replace(last, received_at=last.sent_at + SLOW + 0.2)


_BREAKS: Mapping[str, Callable[[Exchange, bytes, Operation], Iterator[Exchange]]] = {
    "status": _no_status,
    "content-type": _other_type,
    "content-type-of-refusals": _other_type,
    "complete-body": _longer,
    "json": _no_json,
    "one-value": _two_values,
    "utf-8": _not_utf8,
    "no-bom": _bom,
    "unique-keys": _twice,
    "numbers": _nan,
    "unicode": _half,
    "no-secrets": _told,
    "no-server-error": _server_error,
    "answers": _no_answer,
    "in-time": _slow,
}
