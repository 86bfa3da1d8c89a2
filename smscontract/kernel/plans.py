"""What has to be looked at in the exchanges of one operation, compiled once from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from smscontract.clauses import families
from smscontract.clauses.conditions import status_matches
from smscontract.clauses.schema import nodes_of
from smscontract.documents import Conditions, Operation, Place, Rule
from smscontract.documents.openapi import ResponseDocument
from smscontract.kernel.heads import Head, Heads
from smscontract.kernel.kinship import kinship_of
from smscontract.kernel.matchers import Bit, Unsure, bits_of
from smscontract.kernel.members import fields_of, is_long, repeats
from smscontract.kernel.schema import answer_schema, names_schema, request_schema, validator
from smscontract.kernel.shape import Shape, shape_of

__all__ = ["Answers", "Requests", "heads_of"]

#: What the short way knows how to leave out. Whoever adds a family or a kind of rule says here, and below, what its verdict
#: rests on; until then each exchange of such an operation is judged by itself.
_FAMILIES = frozenset({"protocol", "auth", "request", "state", "presence", "null", "type", "enum", "format", "constant"}) | {
    "condition",
    "relation",
    "history",
    "hygiene",
}
_KINDS = frozenset({"then", "requires", "equal", "differ", "less", "order", "constant", "unique", "same", "fresh", "moves"})

_Valid = Callable[[Any], bool]

#: Orders of names of members of a request that are remembered.
_NAMES = 4096


def _places(conditions: Conditions) -> list[Place]:
    return [place for place, _ in conditions]


def _every_place(operation: Operation, rules: Sequence[Rule]) -> list[Place]:
    found = [place for one in operation.undefined for place in _places(one.when)]
    for rule in rules:
        for conditions in (rule.when, rule.then, rule.requires, rule.otherwise, rule.among, rule.across):
            found += _places(conditions)
        found += [*rule.places, *rule.per, *(rule.requires_relation[1] if rule.requires_relation is not None else ())]
    return found


class Requests:
    """The requests of one operation.

    Attributes:
        heads: of the requests.
        answers: heads of the answers.
        valid: whether a body is as described and nothing in it undefined; by `schema`.
        named: whether the names of its members are none that are undefined, by all names.
        shape: of a body.
        bits: beside the shape.
        relations: of rules that a request has to meet.

    Raises:
        Unsure: its requests cannot be judged in the short way.
    """

    def __init__(self, operation: Operation) -> None:
        if not set(families()) <= _FAMILIES or not {rule.kind for rule in operation.rules} <= _KINDS:
            raise Unsure
        self.operation = operation
        fields = {place.steps[0] for place in _every_place(operation, operation.rules) if place.root == "header"}
        fields |= {parameter.name for parameter in operation.parameters if parameter.where == "header"}
        self.heads = Heads(operation, fields)
        self.answers = Heads(operation, ())
        self.schema = request_schema(operation)
        self.valid: _Valid = validator(self.schema).is_valid
        self._named: _Valid = validator(names_schema(operation)).is_valid
        self.named: dict[tuple[str, ...], bool] = {}
        self.shape: Shape = shape_of(operation.body.node if operation.body is not None else None)
        self.bits: list[Bit] = []
        self.relations: list[tuple[str, tuple[Place, ...]]] = []
        for one in operation.undefined:
            if not _folded(one.when):
                self.bits += bits_of(one.when, operation, None, every=False)
        for rule in operation.rules:
            if rule.kind == "requires":
                self.bits += bits_of((*rule.when, *rule.requires), operation, None, every=False)
                self.bits += bits_of(rule.requires, operation, None, every=True)
                if rule.requires_relation is not None:
                    self.relations.append(rule.requires_relation)
        if any(place.root == "got" for rule in operation.rules for place in _places(rule.requires)):
            raise Unsure
        for parameter in operation.parameters:
            node = parameter.node
            plain = node.types <= {"string"} and node.enum is None and not node.other
            if parameter.where == "path" and not (plain and not {"pattern", "format", "const"} & set(node.raw)):
                raise Unsure

    def knows(self, names: tuple[str, ...]) -> bool:
        """What goes into `named`."""
        if len(self.named) >= _NAMES:
            raise Unsure
        self.named[names] = self._named(dict.fromkeys(names))
        return self.named[names]


def heads_of(
    requests: Requests, asked: Any, answer: Any, *, text: str | None, body: str | None, line: bytes, stated: bool
) -> tuple[Head | None, Head | None]:
    """The heads of an exchange; `None` where fields are unknown.

    Args:
        asked, answer: both messages as they are recorded; `body` and `text` are their bodies, where they are texts.
        stated: whether the recording says itself what it took away.

    Raises:
        Unsure: a body is not as long as is said, or a credential of the request is in the answer.
    """
    asking = fields_of(asked.get("headers"))
    head = requests.heads.of(asking, stated=stated) if asking is not None else None
    fields = fields_of(answer.get("headers"))
    beside = requests.answers.of(fields, stated=stated) if fields is not None else None
    if head is not None:
        if head.length and not stated and not is_long(asking[head.length], body):
            raise Unsure
        if head.secrets:
            whole = text if text is not None else line.decode()
            if repeats(head.secrets, whole, fields.values() if fields is not None else ()):
                raise Unsure
    if beside is not None and beside.length and not stated and not is_long(fields[beside.length], text):
        raise Unsure
    return head, beside


def _folded(conditions: Conditions) -> bool:
    """Whether `request_schema` refuses what meets these conditions."""
    return any(
        place.root == "sent" and (place.steps or (isinstance(expected, dict) and "schema" in expected))
        for place, expected in conditions
    ) and not any(isinstance(expected, dict) and "in" in expected for _, expected in conditions)


class Answers:
    """The answers of one operation with one status.

    Attributes:
        valid: whether a body keeps its schema, and surely what rules ask of its texts; by `schema`.
        errors: where it does not.
        listed: places whose values tell answers apart, beside those that the document lists.
        shape: of a body; `kinship` of what a judgement rests on in it, the counts of values aside.
        bits: beside the shape; `sent_bits` only where the request has a body.
        relations, orders: rules that are asked of each answer.
        made: what kinds of such answers share; `asked` what relations ask of which of them.

    Raises:
        Unsure: they cannot be judged in the short way.
    """

    def __init__(self, operation: Operation, status: int) -> None:
        document = operation.response_for(status)
        if document is None or document.node is None:
            raise Unsure
        self.document: ResponseDocument = document
        rules = [rule for rule in operation.rules if _speaks(rule, status)]
        self.schema = answer_schema(document, rules)
        compiled = validator(self.schema)
        self.valid: _Valid = compiled.is_valid
        self.errors = compiled.iter_errors
        self.listed = _constants(operation, rules)
        self.shape: Shape = shape_of(document.node, self.listed)
        self.kinship: Shape = kinship_of(document.node, self.listed, _every_place(operation, rules))
        self.relations = [rule for rule in rules if rule.kind in ("equal", "differ", "less")]
        self.orders = [rule for rule in rules if rule.kind == "order"]
        self.made: dict[Hashable, Any] = {}
        self.asked: dict[Hashable, Any] = {}
        self.bits: list[Bit] = []
        self.sent_bits: list[Bit] = []
        for rule in rules:
            # Without a body none of these conditions holds, and it is all one whether others do.
            asks = bool(rule.when) and all(
                place.root == "sent" and place.steps and not isinstance(expected, dict) for place, expected in rule.when
            )
            mine = self.sent_bits if asks and rule.kind in ("then", "equal", "differ", "less", "order") else self.bits
            for conditions in (rule.when, rule.across, *(() if rule.kind == "requires" else (rule.among,))):
                mine += bits_of(conditions, operation, document, every=conditions is rule.among)
            mine += bits_of(rule.then, operation, document, every=True, told=rule.kind == "then")
            if rule.kind == "requires" and (status // 100 != 2 or rule.requires):
                mine += bits_of(rule.otherwise, operation, document, every=False)
        for _, node in nodes_of(operation):
            if "const" in node.raw and not isinstance(node.raw["const"], str | bool | int):
                raise Unsure


def _speaks(rule: Rule, status: int) -> bool:
    """Whether a rule has anything to do with answers of this status."""
    if rule.kind in ("requires", "same", "fresh", "moves", "unique"):
        return True
    codes = [_is_code(expected, status) for place, expected in rule.when if place.root == "code"]
    return all(codes) if codes else status // 100 == 2


def _is_code(expected: Any, status: int) -> bool:
    if isinstance(expected, dict):
        word, operand = next(iter(expected.items()))
        return word != "not" or not status_matches(status, operand)
    return status_matches(status, expected)


def _constants(operation: Operation, rules: Sequence[Rule]) -> frozenset[tuple[str, ...]]:
    """Places whose values have to be told, because there is one for all exchanges."""
    found = set()
    for rule in rules:
        if rule.kind == "constant":
            steps = tuple("items" if step == "[*]" else step for step in rule.places[0].steps)
            known = {node.path for document, node in nodes_of(operation)}
            if rule.places[0].root != "got" or not steps or steps not in known:
                raise Unsure
            found.add(steps)
    return frozenset(found)
