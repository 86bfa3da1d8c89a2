"""What every probe family is given and gives back: cases, and a kit that builds and classifies requests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote

from smscontract.clauses.view import Assessment
from smscontract.documents import Clause, Node, Operation
from smscontract.exchange import Auth, Exchange, Headers, Origin, OriginKind, Request
from smscontract.judge import Judge
from smscontract.numbers import examples, may_dial_outside
from smscontract.resources import Entry, Resources

__all__ = ["JSON_HEADERS", "Case", "Credential", "Kit", "Lack", "ProbeFamily", "synthesised"]

JSON_HEADERS: Headers = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential to send: the value of its header, what is known of it, and the value of a second header beside it."""

    value: str | None
    auth: Auth | None
    beside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One planned request.

    Attributes:
        name: unique within the operation's plan, and stable.
        aims: ids of the clauses that it is there for.
        entries: the resource of each path parameter.
        credential: a word for it: `good`, `absent`, `garbage`, `scheme`.
        spends: whether an accepted request uses up what it names.
        repeats: whether it names on purpose what an earlier case has used up.
        neutral: whether it can serve as the control of others: sent at any time, it changes nothing that others need.
        rank: 0 for what is kept even when the plan is shortened.
        method: another method than the operation's.
        spelling: how the path is written: `slash` with one more at its end, `escaped` with escapes that it does not need.
        together: so many copies are sent at the same moment.
        promoted: whether it is what an earlier run found, sent again.
    """

    name: str
    aims: tuple[str, ...]
    body: bytes = b""
    headers: Headers = JSON_HEADERS
    entries: Mapping[str, Entry] = field(default_factory=dict)
    query: str = ""
    credential: str = "good"
    spends: bool = False
    repeats: bool = False
    neutral: bool = False
    rank: int = 1
    method: str = ""
    spelling: str = ""
    together: int = 1
    promoted: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """A clause that cannot be probed because something is missing, and the line that would help."""

    clause: str
    reason: str
    hint: str


class ProbeFamily(Protocol):
    """A module of this package: its place in the plan and its cases. `SHARE` says how many of them stand in one round of the
    plan (one, if it is not there), `START` the round in which they begin (the first)."""

    ORDER: int

    def cases(self, kit: Kit) -> Iterator[Case | Lack]:
        """The cases of one operation, in order."""


def synthesised(node: Node) -> Any:
    """A simple value that keeps a schema, where the document gives no example."""
    for sample in (node.raw.get("example"), *(node.raw.get("examples") or [])):
        if sample is not None:
            return sample
    if "const" in node.raw:
        return node.raw["const"]
    if node.enum:
        return node.enum[0]
    if "object" in node.types:
        return {name: synthesised(child) for name, child in node.properties.items() if child.required}
    if "array" in node.types:
        return [synthesised(node.items)] if node.items is not None and node.raw.get("minItems") else []
    if "boolean" in node.types:
        return True
    if node.types & {"integer", "number"}:
        return node.raw.get("minimum", node.raw.get("exclusiveMinimum", 0) + 1)
    return "text".ljust(int(node.raw.get("minLength", 0)), "x")


class Kit:
    """Builds requests of one operation on one target.

    Args:
        judge: classifies what is built.
        operation: whose requests.
        resources: what exists on the target.
        seed: varies numbers and texts that are free to choose.
    """

    def __init__(self, judge: Judge, operation: Operation, resources: Resources, *, seed: int = 0) -> None:
        self.judge = judge
        self.operation = operation
        self.resources = resources
        self.seed = seed
        taken = set(resources.values())
        self._spare = [number for number in examples(400, seed=seed) if number not in taken]

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of the operation."""
        return self.judge.catalogue.of_operation(self.operation.key)

    def clause(self, rest: str) -> tuple[str, ...]:
        """The id of a clause of this operation, if it exists."""
        identity = f"{self.operation.key}/{rest}"
        return (identity,) if identity in self.judge.catalogue.clauses else ()

    # -- bodies

    @cached_property
    def phones(self) -> tuple[str, ...]:
        """Names of the body's members that are telephone numbers."""
        body = self.operation.body
        return tuple(name for name, node in body.node.properties.items() if node.mask == "phone") if body is not None else ()

    @cached_property
    def owned(self) -> dict[str, str]:
        """For each member that a rule wants under a label of the resources: that label."""
        found = {}
        for rule in self.operation.rules:
            for place, expected in rule.requires:
                if isinstance(expected, Mapping) and "in" in expected and place.root == "sent":
                    found[place.last] = str(expected["in"]).split(".")[2]
        return found

    def number(self, member: str, index: int = 0) -> str:
        """The number of a member for the pair of this index: from the resources where they have enough, else a reserved one."""
        label = self.owned.get(member)
        entries = self.resources.entries(member, label)
        if label is not None and entries:
            return entries[index % len(entries)].value if index < 0 else entries[0].value
        if index < len(entries):
            return entries[index].value
        position = (sum(map(ord, member)) + index * 7) % len(self._spare)
        return self._spare[position]

    def with_pair(self, body: dict[str, Any], index: int = 0) -> dict[str, Any]:
        """The body with the numbers of one pair."""
        return {**body, **{name: self.number(name, index) for name in self.phones if name in body}}

    @property
    def abroad(self) -> str:
        """A number that is reserved for drama in another country than the others."""
        return f"+44207946{self.seed % 1000:04d}"

    @cached_property
    def least(self) -> dict[str, Any]:
        """A valid body with no more than it takes."""
        body = self.operation.body
        if body is None:
            return {}
        samples = [value for value in body.examples.values() if isinstance(value, dict)]
        sample = min(samples, key=lambda one: len(json.dumps(one)), default=None)
        if sample is None:
            sample = synthesised(body.node)
        kept = (
            {name: value for name, value in sample.items() if body.node.properties[name].required}
            if body.node.properties
            else sample
        )
        return self.with_pair(copy.deepcopy(kept))

    @cached_property
    def richest(self) -> dict[str, Any]:
        """A valid body with every member that the document shows or that can be made up."""
        body = self.operation.body
        if body is None:
            return {}
        samples = [value for value in body.examples.values() if isinstance(value, dict)]
        sample = copy.deepcopy(max(samples, key=lambda one: len(json.dumps(one)), default={}))
        for name, node in body.node.properties.items():
            sample.setdefault(name, synthesised(node))
        return self.with_pair(sample)

    @staticmethod
    def encoded(value: Any) -> bytes:
        """A body as it goes out."""
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")

    # -- classification

    def known(self, body: bytes, entries: Mapping[str, Entry]) -> dict[str, dict[str, Any]]:
        """What the resources say of the ids and numbers in a request."""
        known = {name: entry.as_known() for name, entry in entries.items()}
        try:
            value = json.loads(body) if body else None
        except (ValueError, RecursionError):
            return known
        if isinstance(value, dict):
            for name in self.resources.parameters():
                entry = self.resources.find(name, value.get(name)) if isinstance(value.get(name), str) else None
                if entry is not None:
                    known[name] = entry.as_known()
        return known

    def target(self, entries: Mapping[str, Entry], query: str = "", spelling: str = "") -> tuple[str, dict[str, str]]:
        """Path and query as they go out, in the spelling of a `Case`, and the path parameters."""
        path = self.operation.path
        values: dict[str, str] = {}
        for parameter in self.operation.parameters:
            if parameter.where == "path":
                entry = entries.get(parameter.name)
                value = entry.value if entry is not None else str(parameter.example or synthesised(parameter.node))
                values[parameter.name] = value
                path = path.replace(
                    f"{{{parameter.name}}}", _escaped(value) if spelling == "escaped" else quote(value, safe="")
                )
        path += "/" if spelling == "slash" else ""
        return (f"{path}?{query}" if query else path), values

    def assess(self, body: bytes, *, entries: Mapping[str, Entry] | None = None, headers: Headers = JSON_HEADERS) -> Assessment:
        """What the judge will say of the validity of a request with a good credential."""
        target, parameters = self.target(entries or {})
        exchange = Exchange(
            request=Request(method=self.operation.method, url=f"http://127.0.0.1{target}", headers=headers, body=body),
            response=None,
            origin=Origin(kind=OriginKind.LIVE),
            auth=Auth.GOOD,
            known=self.known(body, entries or {}),
            operation=self.operation.key,
            path_parameters=parameters,
        )
        view = self.judge.view(exchange)
        return view.assessment if view is not None else Assessment()

    def is_valid(self, value: Any) -> bool:
        """Whether a body is valid, as far as the contract and the resources tell."""
        return self.assess(self.encoded(value)).validity == "valid"

    def breaks_only(self, value: Any, place: str) -> bool:
        """Whether a body is invalid at one place and valid in all else, and texts nobody."""
        if any(may_dial_outside(str(inner)) for name in self.phones for inner in _leaves(value, name)):
            return False
        assessment = self.assess(self.encoded(value))
        return (
            assessment.validity == "invalid"
            and list(assessment.violations) == [place]
            and assessment.causes == 1
            and not assessment.unknown_rules
        )


def _escaped(value: str) -> str:
    """A path segment with every byte escaped."""
    return "".join(f"%{byte:02X}" for byte in value.encode())


def _leaves(value: Any, name: str) -> Iterator[Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    if isinstance(inner, dict):
        yield from inner.values()
    elif isinstance(inner, list):
        yield from inner
    elif isinstance(inner, str | int | float) and not isinstance(inner, bool):
        yield inner
