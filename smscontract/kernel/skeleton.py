"""A line as a pattern: which other lines surely are judged as this one was, once their varying values were asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from smscontract.documents import Node
from smscontract.kernel.asked import Asked, Steps, ask, asked_by_rules
from smscontract.kernel.leaves import DATE_TIME, Asking, Memo, Pattern, as_is, harmless, number, text, word
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.plans import Answers, Requests
from smscontract.kernel.scan import Leaf, escaped, scan

__all__ = ["Seen", "Skeleton", "skeleton"]

_SIDES = {"request": "sent", "response": "got"}
#: Members of a line that are judged as they are.
_FIXED = frozenset({"auth", "missing", "known", "role", "operation", "path_parameters", "case", "number", "failure", "wire"})
_TIMES = ("sent_at", "received_at")
_SECONDS = r"(?:0|[1-9][0-9]{0,9}+)(?:\.[0-9]{1,9}+)?+"
_SEGMENT = "[A-Za-z0-9_.~+:@-]++"
_ANY = "Any text."
#: Around a body whose length is told: no patterns for themselves.
_BRACKETS = ("(", ")")


class Seen(NamedTuple):
    """An exchange that was counted in the short way.

    Attributes:
        record: the line as JSON; `got`, `sent` and `path` are its bodies and the parameters of its path.
        url: its URL in pieces: texts, and names of parameters in tuples.
        matter: names of header fields whose values matter, of the request and of the answer.
        length: names of those that tell how long the bodies are.
        secrets: credentials in the request.
        stated: whether the line says what is missing.
    """

    record: Any
    requests: Requests
    answers: Answers
    got: Any
    sent: Any
    path: Mapping[str, str]
    url: Sequence[str | tuple[str]]
    matter: Mapping[str, frozenset[str]]
    length: Mapping[str, str]
    secrets: Sequence[str]
    stated: bool


@dataclass(slots=True)
class Skeleton:
    """The pattern of a line.

    Attributes:
        pieces: texts that are as they are, and patterns for `re`; which of the two it is.
        told: groups whose values tell exchanges apart.
        values: groups of values that are there as they are, by root and steps.
        escaped: groups of values with the depth at which they are written, if there may be escapes in them.
        memos: groups whose values have to be asked for, by their memo.
        length, bodies: groups of the length of a body and of itself, by side.
        times: groups of when the request was sent and the answer came; of which form they are.
    """

    pieces: list[tuple[str, bool]] = field(default_factory=list)
    groups: int = 0
    told: list[int] = field(default_factory=list)
    values: dict[tuple[str, Steps], int] = field(default_factory=dict)
    escaped: list[tuple[int, int]] = field(default_factory=list)
    fixed: set[tuple[str, Steps]] = field(default_factory=set)
    memos: dict[Memo, list[int]] = field(default_factory=dict)
    times: dict[str, tuple[int, bool]] = field(default_factory=dict)
    length: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, int] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The pattern for `re`."""
        return "".join(piece if is_pattern else re.escape(piece) for piece, is_pattern in self.pieces)

    @property
    def runs(self) -> list[str]:
        """The texts in it that are as they are, as long as they can be."""
        joined = "".join(
            "\0" if is_pattern and piece not in _BRACKETS else "" if is_pattern else piece for piece, is_pattern in self.pieces
        )
        return [run for run in joined.split("\0") if run]

    def say(self, literal: str) -> None:
        """A part that stays as it is."""
        self.pieces.append((literal, False))

    def vary(self, pattern: Pattern, at: tuple[str, Steps] | None = None, depth: int = 1) -> None:
        """A part that varies."""
        self.pieces.append((pattern.source, True))
        self.groups += pattern.groups
        if pattern.told:
            self.told.append(self.groups - pattern.groups)
        if pattern.groups and pattern.as_is and at is not None:
            self.values[at] = self.groups - 1
        if pattern.escaped:
            self.escaped.append((self.groups - 1, depth))
        if pattern.memo is not None:
            self.memos.setdefault(pattern.memo, []).append(self.groups - 1)


def skeleton(line: str, seen: Seen, memo: Callable[[Sequence[Any], int], Memo]) -> Skeleton:
    """The pattern of the line of an exchange.

    Args:
        memo: gives the memo of some schemas and a depth.

    Raises:
        Unsure: there is none.
    """
    return _Maker(line, seen, memo).made


class _Maker:
    def __init__(self, line: str, seen: Seen, memo: Callable[[Sequence[Any], int], Memo]) -> None:
        self._seen = seen
        self._memo = memo
        self.made = Skeleton()
        if any({"json", "body"} <= set(seen.record[side]) for side in _SIDES):
            raise Unsure
        if any(not secret.isascii() or '"' in secret or "\\" in secret for secret in seen.secrets):
            raise Unsure
        roots: dict[str, Any] = {"got": seen.got, "path": dict(seen.path)}
        if "json" in seen.record["request"] or seen.record["request"].get("body"):
            roots["sent"] = seen.sent
        #: At which depth most texts are written.
        self._depth = 1 if "json" in seen.record["response"] else 2
        operation = seen.requests.operation
        self._asked: dict[str, Asked] = asked_by_rules(operation, roots)
        ask(seen.answers.schema, seen.got, (), self._asked["got"])
        if "sent" in roots:
            ask(seen.requests.schema, seen.sent, (), self._asked["sent"])
        self._nodes = {
            "got": seen.answers.document.node,
            "sent": operation.body.node if operation.body is not None else None,
        }
        self._needed = {
            (place.root, place.steps)
            for rule in operation.rules
            for place in (*rule.places, *rule.per, *(rule.requires_relation[1] if rule.requires_relation is not None else ()))
        }
        for piece in scan(line):
            if isinstance(piece, str):
                self.made.say(piece)
            else:
                self._leaf(piece)
        if any(
            line.count(secret) != sum(one.count(secret) for one, is_pattern in self.made.pieces if not is_pattern)
            for secret in seen.secrets
        ):
            raise Unsure
        if set(self.made.length) - set(self.made.bodies):
            raise Unsure

    def _leaf(self, leaf: Leaf) -> None:
        first, *below = leaf.steps or (None,)
        if first in _FIXED or not leaf.steps:
            self._literal(leaf)
        elif first in _TIMES and not below:
            self._time(str(first), leaf)
        elif first in _SIDES:
            self._of_message(str(first), below, leaf)
        else:
            self._ignored(leaf)

    def _of_message(self, side: str, below: list[Any], leaf: Leaf) -> None:
        root = _SIDES[side]
        if below == ["url"]:
            self._url(leaf)
        elif below in (["method"], ["status"]):
            self._literal(leaf)
        elif below[:1] == ["headers"]:
            self._field(side, below[1:], leaf)
        elif below[:1] == ["json"]:
            self._value(root, tuple(below[1:]), leaf, 1)
        elif below == ["body"] and leaf.raw and type(leaf.value) is str:
            self._body(root, leaf)
        elif below == ["body"]:
            self._literal(leaf)
        else:
            self._ignored(leaf)

    def _literal(self, leaf: Leaf, depth: int = 1) -> None:
        quote = "" if type(leaf.value) is not str else '"' if depth == 1 else '\\"'
        self.made.say(f"{quote}{leaf.raw}{quote}")

    def _ignored(self, leaf: Leaf) -> None:
        """A value that nobody looks at."""
        if type(leaf.value) is str and leaf.raw:
            self._harmless(leaf)
            return
        pattern = number(Asking(), leaf.raw) if type(leaf.value) in (int, float) else None
        if pattern is None:
            self._literal(leaf)
        else:
            self.made.vary(pattern)

    def _harmless(self, leaf: Leaf) -> None:
        """A text that is only not to be a marker."""
        pattern = harmless(leaf.raw, self._depth, self._memo)
        if pattern is None:
            self._literal(leaf)
        else:
            self.made.vary(pattern)

    def _time(self, name: str, leaf: Leaf) -> None:
        if leaf.value is None:
            self._literal(leaf)
            return
        textual = type(leaf.value) is str
        if textual:
            pattern = text(Asking(({"format": "date-time"},)), leaf.value, 1, self._memo, nullable=False, needed=True)
            if pattern.memo is not None:
                raise Unsure
        else:
            if not re.fullmatch(_SECONDS, leaf.raw):
                raise Unsure
            pattern = Pattern(f"({_SECONDS})")
        self.made.vary(pattern)
        self.made.times[name] = (self.made.groups - 1, textual)

    def _url(self, leaf: Leaf) -> None:
        if leaf.raw != leaf.value:
            raise Unsure
        self.made.say('"')
        for piece in self._seen.url:
            if isinstance(piece, str):
                self.made.say(piece)
                continue
            (name,) = piece
            asking = Asking(self._asked["path"].get((name,), ()), not self._seen.stated)
            self.made.vary(as_is(asking, self._seen.path[name], _SEGMENT, self._memo), ("path", (name,)))
        self.made.say('"')

    def _field(self, side: str, below: list[Any], leaf: Leaf) -> None:
        """A name or value of a header field."""
        fields = self._seen.record[side]["headers"]
        name = below[0] if len(below) == 1 and type(fields) is dict else None
        if len(below) == 2 and below[1] == 1:
            name = fields[below[0]][0]
        if name is None or type(leaf.value) is not str or not leaf.raw or name in self._seen.matter[side]:
            self._literal(leaf)
        elif name == self._seen.length[side]:
            body = self._seen.record[side].get("body")
            if self._seen.stated or not body:
                self._literal(leaf)
                return
            self.made.vary(Pattern('"([0-9]{1,8}+)"'))
            self.made.length[side] = self.made.groups - 1
        else:
            self._harmless(leaf)

    def _body(self, root: str, leaf: Leaf) -> None:
        """A body that is a text."""
        side = "request" if root == "sent" else "response"
        pieces = scan(leaf.value)
        raw = [escaped(one if isinstance(one, str) else _written(one), leaf.raw) for one in pieces]
        if "".join(raw) != leaf.raw:
            raise Unsure
        self.made.say('"')
        wanted = bool(self._seen.length[side]) and not self._seen.stated
        if wanted:
            self.made.pieces.append(("(", True))
            self.made.groups += 1
            self.made.bodies[side] = self.made.groups - 1
        for piece, written in zip(pieces, raw, strict=True):
            if isinstance(piece, str):
                self.made.say(written)
            else:
                inner = written[2:-2] if type(piece.value) is str else written
                self._value(root, piece.steps, Leaf(piece.steps, piece.value, inner), 2)
        if wanted:
            self.made.pieces.append((")", True))
        self.made.say('"')

    def _value(self, root: str, steps: Steps, leaf: Leaf, depth: int) -> None:
        """A value of a body."""
        pattern = self._pattern(root, steps, leaf, depth)
        if pattern is None:
            self.made.fixed.add((root, steps))
            self._literal(leaf, depth)
        else:
            self.made.vary(pattern, (root, steps), depth)

    def _pattern(self, root: str, steps: Steps, leaf: Leaf, depth: int) -> Pattern | None:
        """What may stand there instead; `None` if nothing else."""
        value = leaf.value
        node, listed = self._declared(root, steps), self._seen.answers.listed if root == "got" else frozenset()
        if type(value) is bool:
            self.made.told.append(self.made.groups)
            return Pattern("(true|false)")
        told = node is not None and (node.enum is not None or node.known_values is not None or node.path in listed)
        asking = Asking(self._asked[root].get(steps, ()), not self._seen.stated)
        if type(value) in (int, float):
            place = tuple(step for step in steps if type(step) is str)
            return None if told or (root, place) in self._needed else number(asking, leaf.raw)
        nullable = node is not None and node.nullable is True and node.types == {"string"}
        if value == "" or (value is None and (not nullable or told)):
            return None
        if told:
            found = word(value, depth, nullable=nullable)
            if found is not None:
                self.made.told.append(self.made.groups + nullable)
            return found
        if value is None:
            value = DATE_TIME if node is not None and node.raw.get("format") == "date-time" else _ANY
        return text(asking, value, depth, self._memo, nullable=nullable, needed=(root, steps) in self._needed)

    def _declared(self, root: str, steps: Steps) -> Node | None:
        node = self._nodes[root]
        for step in steps:
            if node is None:
                return None
            node = node.items if type(step) is int else node.properties.get(str(step))
        return node


def _written(leaf: Leaf) -> str:
    return f'"{leaf.raw}"' if type(leaf.value) is str else leaf.raw
