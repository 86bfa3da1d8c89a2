"""Cases before they are sent: existing ids, reserved numbers, pairs in order; all in place, since a case that gets another body
loses what schemathesis knows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from smscontract.clauses.validity import problem_of
from smscontract.documents import Node, Operation
from smscontract.fuzz import Check
from smscontract.fuzz._values import tamed
from smscontract.numbers import is_reserved, may_dial_outside
from smscontract.st_hooks._target import Target
from smscontract.transport import LeashError

__all__ = ["Cases", "is_negative"]

#: Reserved numbers that strangers' numbers become.
_SPARE = 16
_NEXT = "list some with a reserved recipient in the file that SMSCONTRACT_RESOURCES names"
#: Of so many pairs of numbers that a rule forbids one is sent.
_LEFT = 3


class Cases:
    """Changes and holds back cases of schemathesis."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._given: dict[str, int] = {}
        self._changed: set[str] = set()
        self._pairs = 0

    def _operation(self, case: Any) -> Operation | None:
        self._target.locate(case.operation.base_url)
        return self._target.operation(case.operation.method, case.operation.path)

    def may_be_sent(self, case: Any) -> bool:
        """Whether there is anything that the case may name in its path."""
        operation = self._operation(case)
        if operation is None or not self._target.is_careful(operation):
            return True
        may = all(self._target.ids(operation, name) for name in operation.states)
        if not may:
            self._target.held.add(operation.key)
        return may

    def change(self, case: Any) -> None:
        """Makes the case one that texts nobody and, if it is meant to be valid, is."""
        operation = self._operation(case)
        if operation is None:
            return
        self._changed.add(case.id)
        if not is_negative(case) or self._target.is_careful(operation):
            self._name_what_exists(operation, case)
        if operation.body is not None:
            self._body(operation, case)
        for name, value in list((case.query or {}).items()):
            if may_dial_outside(str(value)) and sum(map(str.isdigit, str(value))) >= 7:
                case.query[name] = _without_digits(str(value))

    def _name_what_exists(self, operation: Operation, case: Any) -> None:
        for name in operation.states:
            listed = self._target.ids(operation, name)
            if listed and case.path_parameters and name in case.path_parameters:
                count = self._given[name] = self._given.get(name, -1) + 1
                unused = [one for one in listed if (name, one.value) not in self._target.spent] or listed
                case.path_parameters[name] = unused[count % len(unused)].value

    def _body(self, operation: Operation, case: Any) -> None:
        body, described = case.body, operation.body
        assert described is not None
        if isinstance(body, dict):
            for name, node in described.node.properties.items():
                if name in body and node.mask == "phone":
                    body[name] = self._number(operation, name, node, body[name])
            body.update(tamed(body, described.node))
            related = Check(operation, {}, {}).related(body)
            # Nearly always: what is refused for the pair shows nothing else. Now and then it stays, since that is a clause too.
            if related != body:
                self._pairs += 1
                if is_negative(case) or self._pairs % _LEFT:
                    body.update(related)
        elif isinstance(body, list):
            body[:] = tamed(body, described.node)
        elif isinstance(body, str) and may_dial_outside(body):
            case.body = _without_digits(body)
        elif isinstance(body, int | float) and not isinstance(body, bool) and may_dial_outside(json.dumps(body)):
            case.body = type(body)(1)

    def _number(self, operation: Operation, name: str, node: Node, value: Any) -> Any:
        """A number that may be sent: what has the form of one keeps it, what has not loses its digits."""
        kit = self._target.kit(operation)
        if not isinstance(value, str) or problem_of(node, value) is not None:
            return value
        if name in kit.owned:
            return kit.number(name)
        granted = {one.value for one in kit.resources.entries(name)}
        if value in granted or is_reserved(value):
            return value
        return kit.number(name, sum(map(ord, value)) % _SPARE)

    def complete(self, case: Any) -> None:
        """Changes a case that is meant to be valid and that nobody has changed yet."""
        if case.id not in self._changed and not is_negative(case):
            self.change(case)

    def leash(self, case: Any) -> None:
        """Raises `LeashError` if the case could dial outside the reserved ranges, or text somebody whom nobody knows."""
        operation = self._operation(case)
        if operation is None:
            return
        for name in operation.states if self._target.is_careful(operation) else ():
            if (case.path_parameters or {}).get(name) not in {one.value for one in self._target.ids(operation, name)}:
                self._target.held.add(operation.key)
                raise LeashError(f"nobody knows whom this `{name}` would text: {_NEXT}")
        query = urlencode([(name, str(value)) for name, value in _pairs(case.query)])
        parameters = {name: str(value) for name, value in (case.path_parameters or {}).items()}
        self._target.leash(operation).check(operation, f"?{query}", parameters, _bytes(case.body))


def is_negative(case: Any) -> bool:
    """Whether a case is meant to be refused."""
    return case.meta is not None and bool(case.meta.generation.mode.is_negative)


def _pairs(query: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    for name, value in (query or {}).items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body).encode()
    except (TypeError, ValueError):  # no body at all, or one of another media type
        return b"" if not isinstance(body, str | dict | list) else repr(body).encode()


def _without_digits(text: str) -> str:
    return "".join("x" if one.isdigit() else one for one in text)
