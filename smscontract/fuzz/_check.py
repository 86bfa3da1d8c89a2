"""Whether a made request is what it is meant to be, by the same reading of the contract that the judge uses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from smscontract.clauses.relation import holds
from smscontract.clauses.validity import assess
from smscontract.clauses.view import Assessment, View
from smscontract.documents import Node, Operation
from smscontract.exchange import Auth, Exchange, Origin, OriginKind, Request, Wire
from smscontract.fuzz._model import FuzzRequest
from smscontract.json_text import ABSENT, json_type

__all__ = ["Check", "dumped", "missing_label"]

_ORIGIN = Origin(kind=OriginKind.LIVE)


def dumped(value: Any, *, escaped: bool = False) -> bytes | None:
    """The bytes of a body: JSON, or what is bytes already; `None` for no body.

    Raises:
        ValueError: the value has no JSON text in UTF-8 (NaN, a lone surrogate).
    """
    if value is ABSENT:
        return None
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=escaped, allow_nan=False, separators=(",", ":")).encode("utf-8")


def missing_label(operation: Operation, parameter: str) -> str | None:
    """The label under which the contract speaks of an id that does not exist: one that is answered with 404 alone."""
    labels = operation.states.get(parameter, {})
    return next((label for label, (codes, _) in labels.items() if tuple(codes) == ("404",)), None)


def _accepted_label(operation: Operation, parameter: str) -> str | None:
    labels = operation.states.get(parameter, {})
    return next((label for label, (codes, _) in labels.items() if any(code.startswith("2") for code in codes)), None)


class Check:
    """Reads requests of one operation as the judge will.

    Args:
        operation: whose.
        numbers: for each place of a telephone number the values that are valid there.
        ids: for each parameter of the path the values that exist and are accepted.
    """

    def __init__(self, operation: Operation, numbers: Mapping[str, Sequence[str]], ids: Mapping[str, Sequence[str]]) -> None:
        self.operation = operation
        self.numbers = {name: frozenset(values) for name, values in numbers.items()}
        self.ids = {name: frozenset(values) for name, values in ids.items()}
        #: for each place of the body the label that a rule wants its value to have
        self.labels: dict[str, str] = {}
        for rule in operation.rules:
            for place, expected in rule.requires:
                if place.root == "sent" and isinstance(expected, Mapping) and "in" in expected:
                    self.labels["/".join(place.steps)] = str(expected["in"]).split(".")[2]

    def request(self, mode: str, body: Any, *, escaped: bool = False, **parts: Any) -> FuzzRequest:
        """The request with a body and all else (`path_parameters`, `query`, `headers`) given.

        Raises:
            ValueError: the body has no JSON text.
        """
        raw = dumped(body, escaped=escaped)
        headers = tuple(parts.pop("headers", ()))
        if raw is not None and self.operation.body is not None:
            headers = (("content-type", next(iter(self._media()), "application/json")), *headers)
        path = dict(parts.pop("path_parameters", {}))
        return FuzzRequest(mode=mode, body=raw, headers=headers, path_parameters=path, known=self._known(path, body), **parts)

    def _media(self) -> list[str]:
        content = self.operation.body.content_types if self.operation.body is not None else ()
        return [name for name in content if name == "application/json" or name.endswith("+json")]

    def _known(self, path: Mapping[str, str], body: Any) -> dict[str, str]:
        known: dict[str, str] = {}
        for name, given in path.items():
            exists = given in self.ids.get(name, ())
            if name in self.operation.states:
                label = (_accepted_label if exists else missing_label)(self.operation, name)
            else:
                label = "given" if exists else None
            if label is not None:
                known[name] = label
        for place, wanted in self.labels.items():
            value: Any = body
            for step in place.split("/"):
                value = value.get(step) if isinstance(value, dict) else None
            name = place.rpartition("/")[2]
            if isinstance(value, str) and value in self.numbers.get(place, self.numbers.get(name, ())):
                known[name] = wanted
        return known

    def assess(self, request: FuzzRequest) -> Assessment:
        """Validity and its reasons, the credential taken to be good."""
        operation = self.operation
        path = operation.path
        for name, value in request.path_parameters.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        url = f"https://target.invalid{path}" + (f"?{urlencode(request.query)}" if request.query else "")
        exchange = Exchange(
            request=Request(method=operation.method, url=url, headers=request.headers, body=request.body or b""),
            response=None,
            origin=_ORIGIN,
            auth=Auth.GOOD,
            known={name: {"label": label, "state": label} for name, label in request.known.items()},
            wire=Wire.EXACT,
            own_record=True,
            operation=operation.key,
            path_parameters=request.path_parameters,
        )
        return assess(View(exchange, operation, str, lambda _value, _kind: ""))

    def is_meant(self, request: FuzzRequest) -> bool:
        """Whether the request is what its mode asks for: valid, or invalid for a single reason."""
        found = self.assess(request)
        if request.mode == "positive":
            return found.validity == "valid"
        return found.validity == "invalid" and found.causes == 1

    def related(self, body: Any, keep: str | None = None) -> Any:
        """The body with pairs of numbers put in order that a rule wants in order (in place: dropping them would leave little to
        send). `keep` is the member that stays as it is."""
        for rule in self.operation.rules:
            if rule.requires_relation is None or not isinstance(body, dict):
                continue
            word, (left, right) = rule.requires_relation
            if left.root != "sent" or right.root != "sent" or len(left.steps) != 1 or len(right.steps) != 1:
                continue
            one, two = left.steps[0], right.steps[0]
            if not all(json_type(body.get(name)) in ("integer", "number") for name in (one, two)):
                continue
            if holds(word, body[one], body[two]):
                continue
            if keep not in (one, two):
                body = {**body, one: body[two], two: body[one]}
            if not holds(word, body[one], body[two]) and word == "less":
                name, value = (one, body[two] - 1) if keep == two or keep is None else (two, body[one] + 1)
                body = {**body, name: value}
        return body

    def fit(self, request: FuzzRequest, body: Any, base: Any, samples: Mapping[str, Any]) -> FuzzRequest | None:
        """The nearest valid request to one with this body, or `None`.

        Members that spoil it give way to the document's own sample (`samples`), then to the plainest value (`base`), or are
        left away if they are optional.
        """
        headers = tuple(pair for pair in request.headers if pair[0] != "content-type")

        def attempt(value: Any) -> tuple[FuzzRequest | None, Assessment | None]:
            try:
                made = self.request(
                    request.mode, value, path_parameters=request.path_parameters, query=request.query, headers=headers
                )
            except ValueError:
                return None, None
            return made, self.assess(made)

        for last in (False, True, True):
            body = self.related(body)
            made, found = attempt(body)
            if found is not None and found.validity == "valid":
                return made
            if found is None or not isinstance(body, dict) or not isinstance(base, dict):
                break
            body = dict(body)
            for name in self._spoilers(found):
                if not last and name in samples and name in body:
                    body[name] = samples[name]
                elif name in base:
                    body[name] = base[name]
                else:
                    body.pop(name, None)
        return None

    def _spoilers(self, found: Assessment) -> list[str]:
        """Members that the reasons against a request name."""
        names = {place.split("/")[0] for place in found.violations}
        conditions = [one.when for one in self.operation.undefined if one.name in found.undefined]
        for rule in self.operation.rules:
            if rule.name in found.rules:
                conditions.append(rule.requires)
                names |= {place.steps[0] for place in (rule.requires_relation or ("", ()))[1] if place.root == "sent"}
        names |= {place.steps[0] for one in conditions for place, _ in one if place.root == "sent" and place.steps}
        return [name for name in self.members() if name in names]

    def read(self, request: FuzzRequest) -> Any:
        """The body of a request that was made here, as a value."""
        return ABSENT if request.body is None else json.loads(request.body)

    def bad_members(self, body: Any) -> list[str]:
        """Members of a body that are not as described, in the order of the document."""
        try:
            found = self.assess(self.request("negative", body)).violations
        except ValueError:
            return []
        tops = {place.split("/")[0] for place in found if place and not place.startswith(("query.", "header.", "path."))}
        return [name for name in self.members() if name in tops]

    def members(self) -> Mapping[str, Node]:
        """The declared members of the body."""
        return self.operation.body.node.properties if self.operation.body is not None else {}
