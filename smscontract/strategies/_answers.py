"""Answers that keep the contract: drawn from the schema, then changed until the judge finds nothing."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from smscontract.clauses.mutate import dumped, with_value
from smscontract.clauses.requirement import RuleDetail
from smscontract.clauses.rules import node_at, set_place
from smscontract.documents import Node, Place, ResponseDocument, Rule
from smscontract.examples.stage import Stage
from smscontract.exchange import Exchange, Response
from smscontract.fuzz._values import json_values, objects, texts
from smscontract.json_text import parse
from smscontract.numbers import examples
from smscontract.strategies._model import SampleAnswer, SampleRequest
from smscontract.strategies._requests import Flaw, Maker
from smscontract.strategies._valid import SENT_AT, Draw, exchange_of

__all__ = ["Answers"]

#: Seconds before the answer in which its times lie.
_PAST = 3600
#: Findings that are mended before an example of the document is taken instead.
_TRIES = 12
#: What a contract's `4XX` may be.
_CLIENT = (400, 409, 422)


class Answers:
    """Answers of one operation. See `smscontract.strategies.answers`."""

    def __init__(self, maker: Maker, status: int | None, having: Mapping[str, Any]) -> None:
        self.maker = maker
        self.operation = maker.operation
        self.stage = Stage(maker.judge, maker.operation)
        self.having = {_steps(place): value for place, value in having.items()}
        self.flaws = maker.flaws_for(status) if status is None or status // 100 == 4 else []
        success = self.operation.success
        code = int(success.key) if success is not None and success.key.isdecimal() else 200
        self.codes = [one for one in (code,) if success is not None and status in (None, one)]
        if success is not None and status is not None and status // 100 == 2 and success.key == "2XX":
            self.codes = [status]
        self.status = status
        self.phones = examples(8, seed=1)
        self._bodies: dict[str, st.SearchStrategy[Any]] = {}
        if not self.codes and not self.flaws:
            raise InvalidArgument(f"`{self.operation.key}` has no answer with status {status} that keeps the contract")
        if not self._possible():
            raise InvalidArgument(f"`{self.operation.key}` has no such answer that is {json.dumps(dict(having))}")

    def _possible(self) -> bool:
        """Whether there is an answer with the wanted members at all. Without a status they are those of a success."""
        if not self.having:
            return True
        plain = self.maker.sample(self.maker.plainest, "valid")
        if self.status is None or self.codes:
            self.codes = [code for code in self.codes if self._shown(plain, code, None) is not None]
            self.flaws = []
        return bool(self.codes or self.flaws)

    def answers(self) -> st.SearchStrategy[SampleAnswer]:
        """The strategy."""

        @st.composite
        def kept_answers(draw: Draw) -> SampleAnswer:
            return self._answer(draw)

        return kept_answers()

    def _answer(self, draw: Draw) -> SampleAnswer:
        if self.codes and (not self.flaws or not draw(st.booleans())):
            request, flaw = self.maker.sample(self.maker.valid(draw), "valid"), None
            status = draw(st.sampled_from(self.codes))
        else:
            request, flaw = self.maker.drawn(draw, self.flaws)
            status = self.status or draw(st.sampled_from(_statuses(flaw.codes)))
        document = self.operation.success if flaw is None else self.operation.refusal
        body = self._body(draw, document)
        kept = self._mended(self._exchange(request, status, body), flaw) or self._shown(request, status, flaw)
        if kept is None and flaw is None:  # an id that no answer can name
            request = self.maker.sample(self.maker.plainest, "valid")
            kept = self._mended(self._exchange(request, status, body), flaw) or self._shown(request, status, flaw)
        if kept is None:
            raise InvalidArgument(f"`{self.operation.key}`: we know no answer {status} that keeps the contract")
        response = kept.response
        assert response is not None
        return SampleAnswer(request=request, status=response.status, headers=response.headers or (), body=response.body or b"")

    # -- the body

    def _body(self, draw: Draw, document: ResponseDocument | None) -> Any:
        if document is None or document.node is None:
            return {}
        shown = list(document.examples.values())
        if not document.node.types and not document.node.properties:
            return draw(st.sampled_from(shown)) if shown else {}
        if document.key not in self._bodies:
            self._bodies[document.key] = self._values(document.node, shown)
        body = draw(self._bodies[document.key])
        for steps, value in self.having.items():
            body = with_value(body, steps, value)
        return body

    def _values(self, node: Node, shown: Sequence[Any]) -> st.SearchStrategy[Any]:
        """Values of one place, most of them as described."""
        made = self._typed(node, shown)
        if not node.nullable or not (node.types or node.enum):
            return made
        return st.booleans().flatmap(lambda given: made if given else st.none())

    def _typed(self, node: Node, shown: Sequence[Any]) -> st.SearchStrategy[Any]:
        seen = [one for one in shown if one is not None]
        if "const" in node.raw:
            return st.just(node.raw["const"])
        listed = node.enum or node.known_values
        if listed:
            return st.sampled_from(list(listed))
        if self._constant(node) and seen:
            return st.just(seen[0])
        kinds = [self._of_type(kind, node, seen) for kind in sorted(node.types, reverse=True)]
        return st.one_of(kinds) if kinds else json_values(1)

    def _of_type(self, kind: str, node: Node, seen: Sequence[Any]) -> st.SearchStrategy[Any]:
        if kind == "object":
            if not node.properties:
                return objects(1)
            made = {
                name: self._values(child, [one[name] for one in seen if isinstance(one, dict) and name in one])
                for name, child in node.properties.items()
            }
            required = {name: one for name, one in made.items() if node.properties[name].required}
            return st.fixed_dictionaries(required, optional={name: one for name, one in made.items() if name not in required})
        if kind == "array":
            below = [item for one in seen if isinstance(one, list) for item in one]
            items = self._values(node.items, below) if node.items is not None else json_values(1)
            least = int(node.other.get("minItems", 0))
            return st.lists(items, min_size=least, max_size=max(least, 2))
        if kind == "boolean":
            return st.booleans()
        if kind in ("integer", "number"):
            low, high = int(node.other.get("minimum", 0)), int(node.other.get("maximum", 1000))
            whole = st.integers(low, max(low, high))
            return (
                whole
                if kind == "integer"
                else st.one_of(whole, st.sampled_from([one for one in seen if _is_number(one)] or [low]))
            )
        return self._text(node, [one for one in seen if isinstance(one, str)])

    def _text(self, node: Node, seen: Sequence[str]) -> st.SearchStrategy[str]:
        if node.raw.get("format") == "date-time":
            return st.builds(_moment, st.integers(1, _PAST), st.sampled_from(("Z", ".250Z", "+00:00")))
        if node.mask == "phone":
            return st.sampled_from(self.phones)
        if "pattern" in node.raw or "format" in node.raw:
            return st.sampled_from(list(seen)) if seen else st.just("text")
        least = max(1, int(node.other.get("minLength", 1)))
        drawn = texts(least, max(least, int(node.other.get("maxLength", 1600 if node.mask == "text" else 64))))
        return st.one_of(st.sampled_from(list(seen)), drawn) if seen else drawn

    def _constant(self, node: Node) -> bool:
        """Whether a rule says that a place never varies: then its value is what the document shows."""
        wanted = tuple("[*]" if step == "items" else step for step in node.path)
        return any(
            rule.kind == "constant" and any(place.root == "got" and tuple(place.steps) == wanted for place in rule.places)
            for rule in self.operation.rules
        )

    # -- until nothing is wrong

    def _exchange(self, request: SampleRequest, status: int, body: Any) -> Exchange:
        raw = dumped(body)
        headers = (("content-type", "application/json"), ("content-length", str(len(raw))))
        exchange = exchange_of(request)
        return self._ordered(_answered(exchange, Response(status=status, headers=headers, body=raw)))

    def _ordered(self, exchange: Exchange) -> Exchange:
        """The exchange with times in the order that rules want."""
        for rule in self.operation.rules:
            if rule.kind != "order" or any("[*]" in place.steps for place in rule.places):
                continue
            body = _body_of(exchange)
            found = [(place, _at(body, place)) for place in rule.places if place.root == "got"]
            times = [(place, value) for place, value in found if isinstance(value, str)]
            for (place, _), value in zip(times, sorted((value for _, value in times), key=_instant), strict=True):
                exchange = set_place(exchange, place, value) or exchange
        return exchange

    def _mended(self, exchange: Exchange | None, flaw: Flaw | None) -> Exchange | None:
        """The exchange with its answer changed until it keeps everything, or `None`."""
        for _ in range(_TRIES):
            if exchange is None:
                return None
            findings = self.maker.judge.judge(exchange).findings
            if not findings:
                return exchange if self._has(exchange) else None
            detail = self.maker.catalogue.clauses[findings[0].clause].detail
            changed: Exchange | None = None
            if isinstance(detail, RuleDetail) and flaw is not None:
                wanted = tuple((place, want) for place, want in detail.rule.otherwise if place.root == "got")
                changed = self.stage.meet(exchange, wanted)
            elif isinstance(detail, Rule) and detail.kind == "then":
                changed = self._met(exchange, detail)
            elif isinstance(detail, Rule) and detail.kind == "equal":
                changed = self.stage.equalised(exchange, detail)
            elif isinstance(detail, Rule) and detail.kind == "differ":
                changed = self._apart(exchange, detail)
            exchange = self._ordered(changed) if changed is not None and changed != exchange else None
        return None

    def _met(self, exchange: Exchange, rule: Rule) -> Exchange | None:
        """The exchange without what the rule speaks of, where that may be null; else with what it wants."""
        for place, _ in rule.when:
            may_go = any(node.nullable for node in node_at(self.operation, place))
            if place.root == "got" and may_go and tuple(place.steps) not in self.having:
                return set_place(exchange, place, None)
        return self.stage.meet(exchange, rule.then)

    def _apart(self, exchange: Exchange, rule: Rule) -> Exchange | None:
        """The exchange with another value at the second of two places that may not be equal."""
        place = rule.places[1]
        value = _at(_body_of(exchange), place)
        if isinstance(value, str):
            other = next((one for one in self.phones if one != value), "") if value in self.phones else f"{value}x"
            return set_place(exchange, place, other)
        return None

    def _has(self, exchange: Exchange) -> bool:
        body = _body_of(exchange)
        return all(_same(_value(body, steps), value) for steps, value in self.having.items())

    def _shown(self, request: SampleRequest, status: int, flaw: Flaw | None) -> Exchange | None:
        """One of the document's own examples, changed as little as it takes."""
        document = self.operation.success if flaw is None else self.operation.refusal
        for sample in document.examples.values() if document is not None else ({},):
            body = copy.deepcopy(sample)
            for steps, value in self.having.items():
                body = with_value(body, steps, value)
            kept = self._mended(self._exchange(request, status, body), flaw)
            if kept is not None:
                return kept
        return None


def _answered(exchange: Exchange, response: Response) -> Exchange:
    return dataclasses.replace(exchange, response=response)


def _steps(place: str) -> tuple[str, ...]:
    return tuple(place.lstrip("/").split("/")) if place.startswith("/") else (place,)


def _statuses(codes: Sequence[str]) -> list[int]:
    return [status for code in codes for status in ([int(code)] if code.isdecimal() else _CLIENT)]


def _moment(before: int, suffix: str) -> str:
    return datetime.fromtimestamp(SENT_AT - before, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S") + suffix


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _body_of(exchange: Exchange) -> Any:
    return parse(exchange.response.body or b"").value if exchange.response is not None else None


def _value(body: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _at(body: Any, place: Place) -> Any:
    return _value(body, [str(step) for step in place.steps])


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
