"""Exchanges in which every number, text and credential is replaced by a stand-in that is judged like it.

A stand-in has the form of what it replaces: a number in E.164 becomes one of those that are reserved for fiction, a text one
of the same length, and equal values equal stand-ins (there are ten thousand of them: two people may share one). So
clauses keep what they say of type, presence, form, length and sameness. What cannot be replaced like that (a body that is no
clean JSON) is left out, and marked as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from smscontract.clauses.schema import NULL_TEXTS
from smscontract.documents import Node, Operation
from smscontract.exchange import Exchange, Headers, Part
from smscontract.json_text import parse
from smscontract.judge import Judge
from smscontract.mask import Kind, Masker
from smscontract.numbers import examples

__all__ = ["stand_in"]

_SCRUBBED = "scrubbed"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NOBODY = "999"  # no country has it
_RESERVED = 10_000
_LETTERS = "bcdfghjklmnpqrst"
_WORD = re.compile(r"[A-Za-z0-9_-]{20,}")  # shorter ones are anybody's name or number
_PREFIX = re.compile(r"[A-Za-z]{1,4}(?=[0-9_-])[_-]?")
_DEPTH = 64
#: Lengths and codings of the body as it was, and digests of it.
_OF_BODIES = frozenset({"content-encoding", "content-length", "content-md5", "digest", "etag", "transfer-encoding"})
_HIDDEN = re.compile(r"(?:\w+ )?<(?:phone|text|secret):[0-9a-f]{8}>", re.ASCII)
_OF_HTTP = frozenset({"accept", "accept-encoding", "allow", "connection", "date", "retry-after", "vary", "www-authenticate"})
_MEDIA = re.compile(r"[a-z]+/[\w.+-]+(; ?charset=[\w-]{1,20})?", re.IGNORECASE | re.ASCII)


def stand_in(judge: Judge, exchange: Exchange, ours: Container[str] = ()) -> Exchange | None:
    """The exchange with stand-ins for all that must not leave, or `None` if it belongs to no operation: then nobody knows what
    in it is what.

    Args:
        ours: texts and numbers that are nobody's but ours, and stay.
    """
    exchange = judge.match(exchange)
    if exchange.operation is None:
        return None
    operation = judge.catalogue.operations[exchange.operation]
    return _Replacing(judge.masker_of(exchange), operation, ours).exchange(exchange)


def _alike(character: str, number: int) -> str:
    for alphabet in ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ"):
        if character in alphabet:
            return alphabet[number % len(alphabet)]
    return character


@cache
def _reserved() -> list[str]:
    return examples(_RESERVED)


class _Replacing:
    def __init__(self, masker: Masker, operation: Operation, ours: Container[str]) -> None:
        self._ours = ours
        self._masker = masker
        self._operation = operation

    def exchange(self, exchange: Exchange) -> Exchange:
        missing = {**exchange.missing, Part.CREDENTIAL: _SCRUBBED}
        request, response = exchange.request, exchange.response
        node = self._operation.body.node if self._operation.body is not None else None
        sent = self._body(request.body, node, Part.REQUEST_BODY, missing)
        url, parameters = self._url(request.url, exchange.path_parameters or {})
        request = replace(request, url=url, headers=self._headers(request.headers), body=sent)
        if response is not None:
            document = self._operation.response_for(response.status)
            got = self._body(response.body, document.node if document is not None else None, Part.RESPONSE_BODY, missing)
            response = replace(response, headers=self._headers(response.headers), body=got)
        return replace(exchange, request=request, response=response, path_parameters=parameters, missing=missing)

    def _body(self, body: bytes | None, node: Node | None, part: Part, missing: dict[Part, str]) -> bytes | None:
        if not body or part in missing:
            return None if part in missing else body
        parsed = parse(body)
        if parsed.flaws:
            missing[part] = _SCRUBBED
            return None
        try:
            return json.dumps(self._value(parsed.value, node, None, 0), ensure_ascii=False).encode()
        except (ValueError, RecursionError, UnicodeError):
            missing[part] = _SCRUBBED
            return None

    def _value(self, value: Any, node: Node | None, kind: Kind | None, depth: int) -> Any:
        if depth > _DEPTH:
            raise ValueError
        kind = (node.mask if node is not None else None) or kind
        if isinstance(value, dict):
            properties = node.properties if node is not None else {}
            return {
                name if name in properties else self._text(name, None): self._value(one, properties.get(name), kind, depth + 1)
                for name, one in value.items()
            }
        if isinstance(value, list):
            items = node.items if node is not None else None
            return [self._value(one, items, kind, depth + 1) for one in value]
        if isinstance(value, str):
            return self._text(value, kind)
        if value is None or isinstance(value, bool) or self._masker.value(value, kind) == json.dumps(value):
            return value
        number = self._digits(json.dumps(value))
        return int(number) if isinstance(value, int) else float(number)

    def _text(self, text: str, kind: Kind | None) -> str:
        if not text or text.isspace() or text in NULL_TEXTS or text in self._ours:
            return text
        if kind == "phone":
            return self._number(text)
        if kind is None and self._masker.value(text, None) == json.dumps(text, ensure_ascii=False):
            return text
        return self._letters(text) if kind is not None or not _WORD.fullmatch(text) else self._like(text)

    def _like(self, word: str) -> str:
        """A word that a machine made: digits for digits, letters for letters of the same kind, and the prefix that tells what
        it is (`SM`, `sms_`)."""
        prefix = _PREFIX.match(word)
        head = prefix[0] if prefix else ""
        fresh = self._hexadecimal(word, len(word))
        return head + "".join(_alike(one, int(digit, 16)) for one, digit in zip(word[len(head) :], fresh, strict=False))

    def _letters(self, text: str) -> str:
        """Letters only, so that nothing in them reads like a number."""
        made = "".join(_LETTERS[int(digit, 16)] for digit in self._hexadecimal(text, len(text)))
        return made[: len(text)]

    def _number(self, text: str) -> str:
        if _E164.fullmatch(text):
            reserved = _reserved()
            return reserved[int(self._decimal(text, 12)) % len(reserved)]
        return self._digits(text)

    def _digits(self, text: str) -> str:
        """The same shape: a digit for each digit, letters for letters (`tel:` stays), all else as it is."""
        count = sum(character.isdigit() for character in text)
        fresh = iter((_NOBODY + self._decimal(text, count))[:count])
        head = "tel:" if text.startswith("tel:") else ""
        rest = text[len(head) :]
        return head + "".join(
            next(fresh) if one.isdigit() else "x" if one.isalpha() else one if one.isascii() else "." for one in rest
        )

    def _decimal(self, text: str, count: int) -> str:
        return str(int(self._hexadecimal(text, count + 8), 16))[-count:].rjust(count, "0") if count else ""

    def _hexadecimal(self, text: str, count: int) -> str:
        """Keyed digits, at least so many, equal for equal texts."""
        made, number = "", 0
        while len(made) < min(count, 256):
            made += self._masker.token("secret", f"stand-in {number} {text}")[8:16]
            number += 1
        return made * (count // len(made) + 1) if made else ""

    def _headers(self, headers: Headers | None) -> Headers | None:
        if headers is None:
            return None
        return tuple((name, self._header(name, value)) for name, value in headers if name not in _OF_BODIES)

    def _header(self, name: str, value: str) -> str:
        hidden = self._masker.header(name, value)
        if not value or _HIDDEN.fullmatch(hidden):
            return hidden
        if hidden != value:  # what stands beside a number or a credential is as much somebody's
            return hidden if name in _OF_HTTP else self._masker.token("text", value)
        kinds = {one.name.lower(): one.node.mask for one in self._operation.parameters if one.where == "header"}
        if name in kinds:
            return self._text(value, kinds[name])
        # What the protocol speaks of stays; a field of anybody's may hold anything, like the host and an address.
        return value if name in _OF_HTTP or _MEDIA.fullmatch(value) else self._masker.token("text", value)

    def _url(self, url: str, parameters: Any) -> tuple[str, dict[str, str]]:
        """The operation's own path with stand-ins for what was in it. The host may be anybody's and is left out."""
        kinds = {one.name: one.node.mask for one in self._operation.parameters if one.where == "path"}
        stand_ins = {name: self._text(unquote(str(value)), kinds.get(name)) for name, value in parameters.items()}
        path = self._operation.path
        for name, value in stand_ins.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        known = {one.name: one.node.mask for one in self._operation.parameters if one.where == "query"}
        query = urlencode(
            [
                (name if name in known else self._text(name, None), self._text(value, known.get(name)))
                for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
            ]
        )
        return f"{path}{'?' if query else ''}{query}", stand_ins
