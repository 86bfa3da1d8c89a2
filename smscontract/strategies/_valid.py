"""Valid requests: the plainest, the fullest, and drawn ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from smscontract.catalogue import Catalogue
from smscontract.documents import Node, Operation
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request, Wire
from smscontract.fuzz import Check, Composer, FuzzRequest
from smscontract.json_text import ABSENT
from smscontract.judge import Judge
from smscontract.numbers import examples
from smscontract.strategies._model import SampleRequest
from smscontract.transport import Leash, LeashError

__all__ = ["SENT_AT", "Draw", "Valid", "exchange_of"]

#: 2026-03-02T10:00:00Z, when every request is sent.
SENT_AT = 1772445600.0

#: Ids of a path whose form nobody has described, from plain to odd.
_IDS = ("1", "sms_01", "4f1c3a52-7d1e-4c58-9d57-2f6f0b1d9a10", "A-b_c.d~e", "ä", "a b", "a+b", "100%", "a/b", "😀")
#: What a wrong credential is.
_WRONG = "smscontract-no-such-credential"

Draw = Callable[[Any], Any]


class Valid:
    """Makes valid requests of one operation.

    Args:
        ids, numbers: as `requests` takes them.
        token: the good credential.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        operation: Operation,
        ids: Mapping[str, Sequence[str]],
        numbers: Mapping[str, Sequence[str]],
        token: str,
    ) -> None:
        self.catalogue = catalogue
        self.judge = Judge(catalogue)
        self.operation = operation
        self.token = token
        self._leash = Leash()
        paths = [one for one in operation.parameters if one.where == "path"]
        self.ids = {one.name: list(ids.get(one.name) or _ids(one.node, one.example)) for one in paths}
        spare = examples(9)[8:]  # none of those that other places get
        owned = Check(operation, {}, {}).labels
        given = {name: list(numbers.get(name) or spare) for name in owned}
        self.numbers = {**{name: list(listed) for name, listed in numbers.items()}, **given}
        self.check = Check(operation, self.numbers, self.ids)
        self.composer = Composer(operation, operation.raw, self.check, self.numbers, self.ids)
        around = self._around()
        if around is None:
            raise InvalidArgument(f"`{operation.key}`: we know no valid request to begin with")
        self.plainest, *self._richer = around

    # -- without anything drawn

    def _around(self) -> list[FuzzRequest] | None:
        """Valid requests without anything drawn: the plainest, and the fullest."""
        members = self.check.members()
        phones = {name: listed[0] for name, listed in self.composer.allowed.items() if listed}
        full = {name: value for name, value in {**self.composer.fallback, **phones}.items() if name in members}
        found = []
        for body in (self.composer.base, {**full} if members else self.composer.base):
            fitted = self._fitted(body, self._plain_parts())
            if fitted is not None:
                found.append(fitted)
        return found or None

    def _plain_parts(self) -> dict[str, Any]:
        return {
            "path_parameters": {name: listed[0] for name, listed in self.ids.items()},
            "query": tuple((one.name, _text(one.node, one.example)) for one in self._parameters("query") if one.required),
            "headers": tuple(
                (one.name.lower(), _text(one.node, one.example)) for one in self._parameters("header") if one.required
            ),
        }

    def _parameters(self, where: str) -> list[Any]:
        return [one for one in self.operation.parameters if one.where == where]

    def _fitted(self, body: Any, parts: Mapping[str, Any]) -> FuzzRequest | None:
        empty = self.check.request("positive", ABSENT, **parts)
        return self.check.fit(empty, body, self.composer.base, self.composer.fallback)

    def _parts(self, request: FuzzRequest) -> dict[str, Any]:
        headers = tuple(pair for pair in request.headers if pair[0] != "content-type")
        return {"path_parameters": request.path_parameters, "query": request.query, "headers": headers}

    def leashed(self, request: FuzzRequest) -> bool:
        """Whether a request may be sent anywhere."""
        try:
            self._leash.check(self.operation, self._path(request), request.path_parameters, request.body or b"")
        except LeashError:
            return False
        return True

    # -- drawn

    def valid(self, draw: Draw) -> FuzzRequest:
        """A valid request; the plainest where what was drawn cannot be made one."""
        parts = {
            "path_parameters": {name: draw(st.sampled_from(listed)) for name, listed in self.ids.items()},
            "query": self._drawn(draw, "query"),
            "headers": self._drawn(draw, "header"),
        }
        for some in (parts, {**self._plain_parts(), "path_parameters": parts["path_parameters"]}):
            body = self._body(draw, None) if some is parts else self.check.read(self.plainest)
            fitted = self._fitted(body, some)
            if fitted is not None and self.leashed(fitted):
                return fitted
        return self.plainest

    def _drawn(self, draw: Draw, where: str) -> tuple[tuple[str, str], ...]:
        found = []
        for one in self._parameters(where):
            if one.required or draw(st.booleans()):
                listed = [one.example] if one.example is not None else list(one.node.enum or ())
                value = draw(st.sampled_from(listed)) if listed else None
                found.append((one.name if where == "query" else one.name.lower(), _text(one.node, value)))
        return tuple(found)

    def _body(self, draw: Draw, skip: str | None) -> Any:
        members = self.check.members()
        if not members:
            return self.composer.base
        body = {}
        for name, node in members.items():
            if name == skip or (not node.required and not draw(st.booleans())):
                continue
            made = self.composer.made[name]
            if made is not None:
                body[name] = draw(made)
            elif name in self.composer.base:
                body[name] = self.composer.base[name]
        return body

    # -- as users get it

    def _path(self, request: FuzzRequest) -> str:
        path = self.operation.path
        for name, value in request.path_parameters.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return path + (f"?{urlencode(request.query)}" if request.query else "")

    def sample(self, request: FuzzRequest, validity: str, clause: str = "", auth: Auth = Auth.GOOD) -> SampleRequest:
        """A request as users get it."""
        security = self.operation.security
        headers: list[tuple[str, str]] = [("accept", "application/json"), *request.headers]
        path = self._path(request)
        token = {Auth.GOOD: self.token, Auth.WRONG: _WRONG}.get(auth)
        if security is not None and token is not None:
            if security.where == "header":
                headers.append((security.name, {"bearer": "Bearer ", "basic": "Basic "}.get(security.kind, "") + token))
            else:
                path += f"{'&' if '?' in path else '?'}{security.name}={quote(token, safe='')}"
        return SampleRequest(
            operation=self.operation.key,
            method=self.operation.method,
            path=path,
            path_parameters=dict(request.path_parameters),
            headers=tuple(headers),
            body=request.body,
            validity=validity,
            clause=clause,
            auth=str(auth),
            known=dict(request.known),
        )


def exchange_of(sample: SampleRequest) -> Exchange:
    """A request as the judge sees it, not yet answered."""
    return Exchange(
        request=Request(
            method=sample.method,
            url=f"https://api.example.test{sample.path}",
            headers=(*sample.headers, ("content-length", str(len(sample.body or b"")))),
            body=sample.body or b"",
        ),
        response=None,
        origin=Origin(kind=OriginKind.TEST, case=sample.operation),
        sent_at=SENT_AT,
        received_at=SENT_AT + 0.2,
        auth=Auth(sample.auth),
        known={name: {"label": label, "state": label} for name, label in sample.known.items()},
        wire=Wire.EXACT,
        own_record=True,
        operation=sample.operation,
        path_parameters=dict(sample.path_parameters),
    )


def _ids(node: Node, example: Any) -> list[str]:
    if node.mask == "phone":
        return examples(8)
    shown = [] if example is None else [str(example)]
    if node.enum:
        return [str(one) for one in node.enum]
    if node.types and "string" not in node.types:
        return shown or ["1"]
    return shown + (
        [] if shown and ("pattern" in node.raw or "format" in node.raw) else [one for one in _IDS if one not in shown]
    )


def _text(node: Node, value: Any) -> str:
    """A parameter's value as it stands in a URL or a header."""
    if value is None:
        value = node.enum[0] if node.enum else True if "boolean" in node.types else 1 if node.types - {"string"} else "text"
    return json.dumps(value) if isinstance(value, bool) else str(value)
