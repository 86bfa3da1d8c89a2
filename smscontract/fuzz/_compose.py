"""Requests out of two sources: schemathesis's strategies, and values of our own laid over them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from smscontract.documents import Node, Operation
from smscontract.fuzz import _values
from smscontract.fuzz._check import Check
from smscontract.fuzz._model import NEGATIVE, POSITIVE, FuzzRequest
from smscontract.json_text import ABSENT
from smscontract.numbers import examples, may_dial_outside

__all__ = ["Composer"]

#: What schemathesis is told: nothing found on disk or learned from a server changes what it makes, and the credential is ours.
_CONFIG: dict[str, Any] = {
    "seed": 0,
    "workers": 1,
    "cache": {"enabled": False},
    "auth": {"auto-signup": False},
    "analysis": {"constants": {"enabled": False}},
    "generation": {"database": "none", "with-security-parameters": False, "allow-x00": False},
    "phases": {
        "examples": {"extra-data-sources": {"responses": False}},
        "coverage": {"extra-data-sources": {"responses": False}, "unexpected-methods": []},
        "fuzzing": {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}},
    },
}
_ABSENT, _MADE, _GENERATED = "absent", "made", "generated"
#: How often a member is left away, made by us, or generated from its schema. The first is what shrinking tries first.
_OPTIONAL = (_ABSENT, _ABSENT, _MADE, _MADE, _MADE, _GENERATED)
_SELDOM = (_ABSENT, _ABSENT, _ABSENT, _MADE)
_REQUIRED = (_MADE, _MADE, _MADE, _MADE, _GENERATED)

Draw = Callable[[Any], Any]


class Composer:
    """Makes requests of one operation.

    Args:
        operation: whose.
        document: its OpenAPI document.
        check: how requests are read.
        numbers, ids: what is valid, by place and by parameter.
    """

    def __init__(
        self,
        operation: Operation,
        document: Mapping[str, Any],
        check: Check,
        numbers: Mapping[str, Sequence[str]],
        ids: Mapping[str, Sequence[str]],
    ) -> None:
        from hypothesis import strategies as st

        self.st = st
        self.operation = operation
        self.check = check
        self.ids = ids
        self._document = document
        self._cases: dict[str, Any] = {}
        #: by mode, what schemathesis failed with
        self.trouble: dict[str, str] = {}
        self._spare = examples(8)
        self.allowed = {node.text: self._numbers_for(node, numbers) for node in self._nodes() if node.mask == "phone"}
        members = check.members()
        body = operation.body
        #: what the document's examples show of each member
        shown = [one for one in body.examples.values() if isinstance(one, Mapping)] if body is not None else []
        self.samples: dict[str, list[Any]] = {name: [one[name] for one in shown if name in one] for name in members}
        sources = {name: (node, self.samples[name], self._allowed_below(node)) for name, node in members.items()}
        #: for each member values that are valid more often than not (`None`: only schemathesis can make any), and wrong ones
        self.made = {name: _values.values(*source) for name, source in sources.items()}
        self.wrong = {name: _values.wrong_values(*source) for name, source in sources.items()}
        self.base = self._base()
        self.fallback = {name: seen[-1] for name, seen in self.samples.items() if seen and members[name].mask != "phone"}
        #: parameters of which each value is used once, since an accepted request uses it up
        self.consumed = [one.name for one in operation.parameters if one.where == "path" and one.name in operation.states]
        self._has_parameters = any(one.where in ("query", "header") for one in operation.parameters)

    def _nodes(self) -> list[Node]:
        return list(self.operation.body.node.walk()) if self.operation.body is not None else []

    def _numbers_for(self, node: Node, numbers: Mapping[str, Sequence[str]]) -> list[str]:
        given = list(numbers.get(node.text) or numbers.get(node.path[-1] if node.path else "") or ())
        # Where a rule wants a number that the account owns, nobody but the caller knows one.
        return given or ([] if node.text in self.check.labels else self._spare)

    def _allowed_below(self, node: Node) -> list[str]:
        return next((self.allowed[one.text] for one in node.walk() if one.text in self.allowed), [])

    def _base(self) -> Any:
        """The plainest valid body: required members only if that is enough, else the document's smallest example."""
        body = self.operation.body
        if body is None:
            return ABSENT
        if not body.node.properties:
            return next(iter(body.examples.values()), ABSENT)
        return {
            name: _values.plain(node, self.samples[name], self._allowed_below(node))
            for name, node in body.node.properties.items()
            if node.required
        }

    # -- schemathesis

    def _draw_case(self, draw: Draw, mode: str) -> Any:
        """A case of schemathesis, or `None` where it has none to offer (then `trouble` says why)."""
        from hypothesis.errors import UnsatisfiedAssumption

        try:
            return draw(self._case(mode))
        except UnsatisfiedAssumption:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a library makes of a document
            self.trouble[mode] = type(error).__name__
            return None

    def _case(self, mode: str) -> Any:
        if mode not in self._cases:
            import schemathesis
            from schemathesis import GenerationMode

            config = schemathesis.Config.from_dict(copy.deepcopy(_CONFIG))
            schema = schemathesis.openapi.from_dict(copy.deepcopy(dict(self._document)), config=config)
            wanted = GenerationMode.POSITIVE if mode == POSITIVE else GenerationMode.NEGATIVE
            self._cases[mode] = schema[self.operation.path][self.operation.method].as_strategy(generation_mode=wanted)
        return self._cases[mode]

    def _parts(self, case: Any) -> dict[str, Any]:
        """Query and headers of a generated case."""
        if not self._has_parameters or case is None:
            return {"query": (), "headers": ()}
        hidden = {"content-type", "authorization", "host", "content-length", "user-agent"}
        if self.operation.security is not None:
            hidden.add(self.operation.security.name)
        headers = tuple((str(name).lower(), str(value)) for name, value in (case.headers or {}).items())
        query = tuple(
            (str(name), _text(one))
            for name, value in (case.query or {}).items()
            for one in (value if isinstance(value, list) else [value])
        )
        return {"query": query, "headers": tuple(pair for pair in headers if pair[0] not in hidden)}

    def _path(self, draw: Draw, ids: Mapping[str, str], case: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for parameter in self.operation.parameters:
            if parameter.where != "path":
                continue
            name = parameter.name
            if name in ids:
                found[name] = ids[name]
            elif self.ids.get(name):
                found[name] = draw(self.st.sampled_from(list(self.ids[name])))
            else:
                found[name] = _generated_id(case, name) or str(parameter.example or "x")
        return found

    def _needs_case(self, ids: Mapping[str, str]) -> bool:
        parameters = [one for one in self.operation.parameters if one.where == "path"]
        return self._has_parameters or any(one.name not in ids and not self.ids.get(one.name) for one in parameters)

    # -- requests

    def unknown(self) -> list[str]:
        """What a valid request needs and nobody but the caller knows: numbers of the account, things that exist."""
        paths = [one.name for one in self.operation.parameters if one.where == "path"]
        missing = [place for place in self.check.labels if not self.allowed.get(place)]
        return missing + [name for name in paths if not self.ids.get(name)]

    def _body(self, draw: Draw, case: Any, optional: Sequence[str], skip: str | None = None) -> tuple[Any, Any]:
        """A body that is valid more often than not, and the generated case if one was needed."""
        node = self.operation.body.node if self.operation.body is not None else None
        if node is None:
            return ABSENT, case
        if not node.properties:
            case = case or self._draw_case(draw, POSITIVE)
            return (_json_of(case.body) if case is not None else self.base), case
        body: dict[str, Any] = {}
        for name, member in node.properties.items():
            if name == skip:
                continue
            made = self.made[name]
            how = draw(self.st.sampled_from(_REQUIRED if member.required else optional))
            if how == _ABSENT:
                continue
            if how == _GENERATED and (name in self.allowed or not self.made):
                how = _MADE
            if how == _GENERATED or (made is None and name not in self.base):
                case = case or self._draw_case(draw, POSITIVE)
                value = case.body.get(name, ABSENT) if case is not None and isinstance(case.body, dict) else ABSENT
                if value is not ABSENT:
                    body[name] = _values.tamed(value, member)
                    continue
            if made is not None:
                body[name] = draw(made)
        return body, case

    def positive(self, draw: Draw, ids: Mapping[str, str]) -> FuzzRequest | None:
        """A valid request, or `None` where what was drawn is none and cannot be made one."""
        case = self._draw_case(draw, POSITIVE) if self._needs_case(ids) else None
        body, case = self._body(draw, case, _OPTIONAL)
        parts = {"path_parameters": self._path(draw, ids, case), **self._parts(case)}
        escaped = draw(self.st.sampled_from((False, False, False, True))) if body is not ABSENT else False
        try:
            request = self.check.request(POSITIVE, ABSENT, **parts)
            fitted = self.check.fit(request, body, self.base, self.fallback)
            if fitted is not None and escaped:
                value = self.check.read(fitted)
                fitted = self.check.request(POSITIVE, value, escaped=True, **parts)
        except ValueError:
            return None
        return fitted

    def negative(self, draw: Draw, ids: Mapping[str, str]) -> FuzzRequest | None:
        """A request that is invalid for one reason, or `None`."""
        if self.operation.body is None and not self._has_parameters:
            return self._nobody(draw)
        near = bool(self.made) and draw(self.st.sampled_from((True, False)))
        case = None if near else self._draw_case(draw, NEGATIVE)
        parts = {"path_parameters": self._path(draw, ids, case)}
        if case is None:
            if not self.made:
                return None
            name = draw(self.st.sampled_from([one for one in self.wrong if self.wrong[one]]))
            return self.with_wrong(draw, name, draw(self.st.sampled_from(self.wrong[name])), parts)
        body = _json_of(case.body)
        names = self.check.bad_members(body) if isinstance(body, dict) else []
        if names:
            name = draw(self.st.sampled_from(names))
            return self.with_wrong(draw, name, self._harmless(draw, name, body.get(name, ABSENT)), parts)
        if isinstance(body, dict) and not self._has_parameters:
            return None
        if not isinstance(body, dict) and self._has_parameters and body is not ABSENT and draw(self.st.booleans()):
            return None
        if isinstance(body, bytes) and may_dial_outside(body.decode("utf-8", "replace")):
            return None
        if self.operation.body is not None and body is not ABSENT:
            body = _values.tamed(body, self.operation.body.node)
        return self._meant(body if not isinstance(body, dict) else self.base, {**parts, **self._parts(case)})

    def _harmless(self, draw: Draw, name: str, value: Any) -> Any:
        """A generated wrong value by which nobody can be called."""
        tame = _values.tamed(value, self.check.members()[name])
        if tame == value or not isinstance(value, str):
            return tame
        return draw(self.st.sampled_from(_values.near_misses(self.allowed.get(name) or self._spare)))

    def with_wrong(self, draw: Draw, name: str, value: Any, parts: Mapping[str, Any]) -> FuzzRequest | None:
        """The wrong member in an otherwise valid request: in a drawn one, else in the plainest, else in the fullest."""
        body, _ = self._body(draw, None, _SELDOM, skip=name)
        if not isinstance(body, dict):
            return None
        full = {**self.fallback, **{one: numbers[0] for one, numbers in self.allowed.items() if numbers}}
        fitted = self.check.fit(self.check.request(POSITIVE, ABSENT, **parts), {**self.base, **body}, self.base, self.fallback)
        drawn = self.check.read(fitted) if fitted is not None else self.base
        for around in (drawn, self.base, full):
            wrong = {one: other for one, other in around.items() if one != name}
            if value is not ABSENT:
                wrong[name] = value
            request = self._meant(self.check.related(wrong, keep=name), parts)
            if request is not None:
                return request
        return None

    def _meant(self, body: Any, parts: Mapping[str, Any]) -> FuzzRequest | None:
        try:
            request = self.check.request(NEGATIVE, body, **parts)
        except ValueError:
            return None
        return request if self.check.is_meant(request) else None

    def _nobody(self, draw: Draw) -> FuzzRequest | None:
        """A request for something that does not exist, under a name that nobody has given."""
        drawn = self._draw_case(draw, POSITIVE)
        path: dict[str, str] = {}
        for parameter in self.operation.parameters:
            if parameter.where != "path":
                continue
            # The front is ours, so that a server which cuts the odd rest off finds nothing either; letters dial nobody.
            letters = self.st.sampled_from("abcdefghijkmnopqrstuvwxyz")
            front = "".join(draw(self.st.lists(letters, min_size=8, max_size=8)))
            rest = draw(self.st.sampled_from(_ODD_ENDS)) or _generated_id(drawn, parameter.name)
            path[parameter.name] = f"nobody-{front}{rest}"[:200]
            if may_dial_outside(path[parameter.name]):
                path[parameter.name] = f"nobody-{front}"
        return self._meant(ABSENT, {"path_parameters": path})


#: Ends of an id that trip a router or a query; the empty one stands for what is generated. A server that takes `/..` for a
#: step up must not find anything there either.
_ODD_ENDS = (
    *("", "", "", "", "%", "%00", "%2e%2e", "/..", "/../nobody", ";x=1", "?x=1", "#x", "'", '"', "' or ''='"),
    *("\\", " ", "+", "\n", "*", "é", "😀", "a" * 150),
)


def _generated_id(case: Any, name: str) -> str:
    """A generated parameter of the path; schemathesis has it percent-encoded."""
    return unquote(_text((getattr(case, "path_parameters", None) or {}).get(name, "")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _json_of(body: Any) -> Any:
    """A generated body as a JSON value, as bytes, or `ABSENT`."""
    if type(body).__name__ == "NotSet":
        return ABSENT
    return body
