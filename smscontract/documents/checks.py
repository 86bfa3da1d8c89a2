"""What a rule says held against the document: a place that does not exist would never be judged, and nobody would notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from smscontract.documents.clause import Source
from smscontract.documents.nodes import Node
from smscontract.documents.openapi import Operation
from smscontract.documents.places import EACH, Place, parse_place
from smscontract.documents.rules import Conditions, Rule

__all__ = ["places_of", "sources_of", "unknown_place"]


def _of_conditions(conditions: Conditions) -> Iterator[Place]:
    for place, expected in conditions:
        yield place
        if isinstance(expected, Mapping) and "in" in expected:
            yield parse_place(expected["in"])


def places_of(rule: Rule) -> Iterator[Place]:
    """Every place that a rule names."""
    yield from (*rule.places, *rule.per, *(rule.requires_relation[1] if rule.requires_relation else ()))
    for conditions in (rule.when, rule.then, rule.requires, rule.otherwise, rule.among, rule.across):
        yield from _of_conditions(conditions)


def unknown_place(rule: Rule, operation: Operation) -> tuple[Place, list[str]] | None:
    """The first place of a rule that the document does not know, and those that it does."""
    for place in places_of(rule):
        known = _known(place, operation, of_errors=any(one.root == "code" for one, _ in (*rule.when, *rule.otherwise)))
        if known is not None and place.text not in known and not any(_below(place, one) for one in known):
            return place, sorted(known)
    return None


def _below(place: Place, known: str) -> bool:
    """Whether a known place that is open (written with `...`) holds this one."""
    return known.endswith("...") and place.text.startswith(known.removesuffix("..."))


def _known(place: Place, operation: Operation, *, of_errors: bool) -> set[str] | None:
    """The places with this root that the document knows, or `None` where anything may be meant."""
    if place.text.startswith("/"):
        return None
    if place.root == "sent":
        return set(_texts("sent", [operation.body.node])) if operation.body is not None else None
    if place.root == "got":
        nodes = [one.node for one in operation.responses.values() if one.node is not None]
        # A refusal may be open: nobody lists its members.
        return None if of_errors and not all(node.properties or node.items for node in nodes) else set(_texts("got", nodes))
    parameters = [one for one in operation.parameters if one.where == place.root]
    if place.root in ("path", "query"):
        return {f"{place.root}.{one.name}" for one in parameters}
    if place.root == "known":
        names = {one.name for one in operation.parameters} | set(
            operation.body.node.properties if operation.body is not None else ()
        )
        return {"known.state", *(f"known.{name}..." for name in names)}
    return None


def _texts(root: str, nodes: Iterable[Node]) -> Iterator[str]:
    for top in nodes:
        yield root
        for node in top.walk():
            text = _text(root, top, node)
            yield text
            if not node.properties and node.items is None and not (node.types - {"object"}):
                yield f"{text}..."  # an object that lists no members may have any


def _text(root: str, top: Node, node: Node) -> str:
    text, current = root, top
    for step in node.path:
        following = current.items if step == "items" and current.items is not None else current.properties.get(step)
        text += EACH if following is current.items and following is not None else f".{step}"
        current = following if following is not None else current
    return text


def sources_of(operation: Operation) -> Iterator[Source]:
    """Every source that a document or its rules state for one operation."""
    yield from (rule.source for rule in operation.rules)
    yield from (call.source for call in (operation.read, operation.end) if call is not None)
    yield operation.inherited.source
    nodes = [one.node for one in operation.parameters]
    nodes += [operation.body.node] if operation.body is not None else []
    nodes += [one.node for one in operation.responses.values() if one.node is not None]
    for top in nodes:
        for node in top.walk():
            yield from (node.inherited.source, *node.own_sources.values())
