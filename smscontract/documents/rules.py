"""Rules of a contract file as values: parsed, checked against the vocabulary, every mistake reported with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.documents.clause import Source, level_of, source_from
from smscontract.documents.places import Place, parse_place
from smscontract.documents.schemas import check_schema
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Level
from smscontract.yaml import Marked

__all__ = ["DECIDERS", "Conditions", "Rule", "Undefined", "nearest_hint", "parse_rule", "parse_undefined", "seconds"]

#: The key that decides what kind of rule it is. A rule has exactly one.
DECIDERS = ("then", "requires", "equal", "differ", "less", "order", "constant", "unique", "same", "fresh", "moves")
_HISTORY = frozenset({"same", "fresh", "moves"})
_ALLOWED = {
    "then": {"when"},
    "requires": {"when", "else", "only"},
    "equal": {"when"},
    "differ": {"when"},
    "less": {"when"},
    "order": {"when", "skew"},
    "constant": {"when"},
    "unique": {"when", "per"},
    "same": {"when", "per", "among", "within", "across", "whole", "start"},
    "fresh": {"when", "per", "among", "within", "across", "whole"},
    "moves": {"when", "per", "among", "within", "across", "whole", "place", "start"},
}
_COMMON = frozenset({"says", "quote", "source", "ref", "why", "level", "like", "hygiene"})

#: A condition: each place with what it must be. Values are literals, lists, or one of the mappings of the vocabulary.
Conditions = tuple[tuple[Place, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One rule.

    Attributes:
        kind: one of `DECIDERS`.
        when, then, otherwise, among, across: conditions; empty where absent. `otherwise` is the key `else`.
        requires: a condition, or for a relation its name and two places.
        places: operands of `equal`, `differ`, `less`, `order`, `constant`, `unique`, `same`, `fresh`, or the place of `moves`.
        moves: allowed changes, transitive closure included.
        per: places that make the scope.
        skew, within: seconds.
        aside: it is a consumer's: what breaks it hides nothing that the provider promises.
    """

    name: str
    kind: str
    says: str
    source: Source
    level: Level
    when: Conditions = ()
    then: Conditions = ()
    requires: Conditions = ()
    requires_relation: tuple[str, tuple[Place, ...]] | None = None
    otherwise: Conditions = ()
    only: bool = False
    places: tuple[Place, ...] = ()
    per: tuple[Place, ...] = ()
    moves: Mapping[str, frozenset[str]] = field(default_factory=dict)
    among: Conditions = ()
    across: Conditions = ()
    within: float | None = None
    skew: float = 0.0
    whole: bool = False
    start_known: bool = False
    hygiene: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Undefined:
    """A kind of request of which nobody knows whether it is accepted."""

    name: str
    says: str
    when: Conditions
    file: str
    line: int


def nearest_hint(word: str, known: Any) -> str:
    """`did you mean ...` for a word that is not known, or the list of what is."""
    from difflib import get_close_matches

    names = sorted(str(name) for name in known)
    close = get_close_matches(word, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else f"known here: {', '.join(names)}"


_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: Any) -> float:
    """A length of time such as `5s`, `10m`, `1h` or `250ms` in seconds.

    Raises:
        UsageError: when the text is none.
    """
    match = _DURATION.fullmatch(str(text))
    if match is None:
        raise UsageError(f"`{text}` is no length of time", hint="write for example `5s`, `10m`, `1h`")
    return float(match.group(1)) * _UNITS[match.group(2)]


class _Reader:
    """Reads one rule and knows where it stands, so that each refusal carries its line."""

    def __init__(self, raw: Mapping[str, Any], marked: Marked, path: tuple[str | int, ...]) -> None:
        self.raw = raw
        self.marked = marked
        self.path = path

    def refuse(self, message: str, hint: str, *below: str | int) -> UnusableInput:
        return UnusableInput(message, file=self.marked.file, line=self.marked.line((*self.path, *below)), hint=hint)

    def place(self, text: Any, *below: str | int) -> Place:
        if not isinstance(text, str):
            raise self.refuse("expected a place", "write for example `got.status`", *below)
        try:
            return parse_place(text)
        except UsageError as error:
            raise self.refuse(error.message, error.hint or "", *below) from None

    def places(self, key: str) -> tuple[Place, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self.place(text, key, index) for index, text in enumerate(value))
        return (self.place(value, key),)

    def conditions(self, key: str) -> Conditions:
        value = self.raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, Mapping) or not value:
            raise self.refuse(f"`{key}` is a mapping of places", f"write `{key}: {{got.status: delivered}}`", key)
        result = []
        for text, expected in value.items():
            place = self.place(text, key, text)
            self.matcher(expected, place, key, text)
            result.append((place, expected))
        return tuple(result)

    def matcher(self, expected: Any, place: Place, *below: str | int) -> None:
        if isinstance(expected, Mapping):
            if len(expected) != 1 or next(iter(expected)) not in ("is", "in", "not", "schema"):
                raise self.refuse(
                    "unknown matcher", nearest_hint(str(next(iter(expected), "")), ["is", "in", "not", "schema"]), *below
                )
            word, value = next(iter(expected.items()))
            if word == "is" and value not in ("given", "absent"):
                raise self.refuse(f"`is: {value}` is unknown", "there are `is: given` and `is: absent`", *below)
            if word == "in":
                known = self.place(value, *below)
                if known.root != "known" or len(known.steps) != 2:
                    raise self.refuse(f"`in: {value}` is unknown", "write `in: known.PARAMETER.LABEL`", *below)
            if word == "schema":
                if not isinstance(value, Mapping):
                    raise self.refuse("`schema` needs a JSON Schema", "write `{schema: {type: string}}`", *below)
                check_schema(value, self.marked, (*self.path, *below))
            if word == "not" and isinstance(value, Mapping):
                raise self.refuse("`not` takes a value or a list", "write `{not: null}` or `{not: [a, b]}`", *below)
        if place.root == "code":
            codes = expected.get("not") if isinstance(expected, Mapping) else expected
            for code in codes if isinstance(codes, list) else [codes]:
                if re.fullmatch(r"[1-5]([0-9]{2}|XX)", str(code)) is None:
                    raise self.refuse(f"`{code}` is no status code", "write 401, 4XX or a list of them", *below)

    def duration(self, key: str) -> float | None:
        if key not in self.raw:
            return None
        try:
            return seconds(self.raw[key])
        except UsageError as error:
            raise self.refuse(error.message, error.hint or "", key) from None

    def flag(self, key: str) -> bool:
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse(f"`{key}` is true or false", f"write `{key}: true`", key)
        return value


def _closure(moves: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    reach = {start: set(ends) for start, ends in moves.items()}
    for _ in range(len(reach)):
        for ends in reach.values():
            for end in list(ends):
                ends.update(reach.get(end, ()))
    names = set(reach) | {end for ends in reach.values() for end in ends}
    return {name: frozenset(reach.get(name, set())) for name in names}


def _requires(reader: _Reader, name: str) -> tuple[Conditions, tuple[str, tuple[Place, ...]] | None]:
    value = reader.raw["requires"]
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in ("less", "equal", "differ"):
        word = next(iter(value))
        operands = value[word]
        if not isinstance(operands, list) or len(operands) != 2:
            raise reader.refuse(
                f"`{word}` in rule `{name}` needs two places", f"write `{word}: [sent.a, sent.b]`", "requires", word
            )
        places = tuple(reader.place(text, "requires", word, index) for index, text in enumerate(operands))
        return (), (word, places)
    return reader.conditions("requires"), None


def _source(reader: _Reader) -> Source:
    raw = reader.raw
    spec = {key: raw[key] for key in ("quote", "source", "ref", "why") if key in raw}
    source = source_from(spec or "inferred", reader.marked, reader.path)
    return Source(
        kind=source.kind,
        page=source.page,
        quote=source.quote,
        ref=source.ref,
        why=source.why,
        file=reader.marked.file,
        line=reader.marked.line(reader.path),
    )


def parse_rule(name: str, rules: Mapping[str, Any], marked: Marked, path: tuple[str | int, ...]) -> Rule:
    """Reads the rule `name` out of the mapping of all rules of its operation (`like:` may refer to another).

    Raises:
        UnusableInput: with file, line and the nearest known word.
    """
    stated = rules[name]
    reader = _Reader(stated if isinstance(stated, Mapping) else {}, marked, (*path, name))
    if not isinstance(stated, Mapping):
        raise reader.refuse(f"rule `{name}` is no mapping", "write `says:` and what is promised")
    reader.raw = raw = _like(name, rules, reader)
    kind = _kind(name, reader)
    source = _source(reader)
    requires, relation = _requires(reader, name) if kind == "requires" else ((), None)
    places = reader.places("place") if kind == "moves" else () if kind in ("then", "requires") else reader.places(kind)
    if kind in ("equal", "differ", "less") and len(places) != 2:
        raise reader.refuse(f"`{kind}` needs two places", f"write `{kind}: [sent.a, got.a]`", kind)
    if not places and kind not in ("then", "requires"):
        raise reader.refuse(f"`{kind}` names no place", f"write `{kind}: got.a`", kind)
    return Rule(
        name=name,
        kind=kind,
        says=raw["says"],
        source=source,
        level=level_of(source, lowered="level" in raw),
        when=reader.conditions("when"),
        then=reader.conditions("then"),
        requires=requires,
        requires_relation=relation,
        otherwise=reader.conditions("else"),
        only=reader.flag("only"),
        places=places,
        per=reader.places("per"),
        moves=_moves(reader) if kind == "moves" else {},
        among=reader.conditions("among"),
        across=reader.conditions("across"),
        within=reader.duration("within"),
        skew=reader.duration("skew") or 0.0,
        whole=reader.flag("whole"),
        start_known="start" in raw,
        hygiene=reader.flag("hygiene"),
    )


def _like(name: str, rules: Mapping[str, Any], reader: _Reader) -> Mapping[str, Any]:
    """The rule with what it takes over from the one that `like:` names: all its keys, but not what it says nor its source."""
    raw = reader.raw
    seen = {name}
    while "like" in raw:
        other = raw["like"]
        if not isinstance(other, str) or other not in rules or other in seen or not isinstance(rules[other], Mapping):
            raise reader.refuse(f"`like: {other}` names no other rule", nearest_hint(str(other), set(rules) - seen), "like")
        seen.add(other)
        inherited = {key: value for key, value in rules[other].items() if key not in ("says", "quote", "source", "ref", "why")}
        raw = {**inherited, **{key: value for key, value in raw.items() if key != "like"}}
        if "like" in rules[other]:
            raw["like"] = rules[other]["like"]
    return raw


def _kind(name: str, reader: _Reader) -> str:
    """The one key that decides what kind of rule it is; every other key has to go with it."""
    raw = reader.raw
    deciders = [key for key in DECIDERS if key in raw]
    if len(deciders) != 1:
        usual = _COMMON | {"when", "per", "else", *DECIDERS}
        unknown = [str(key) for key in raw if key not in usual]
        hint = nearest_hint(unknown[0], DECIDERS) if unknown else f"a rule has exactly one of {', '.join(DECIDERS)}"
        what = "nothing" if not deciders else f"several things: {' and '.join(f'`{key}`' for key in deciders)}"
        raise reader.refuse(f"rule `{name}` says {what}", hint, *(unknown[:1] or deciders[1:2]))
    kind = deciders[0]
    for key in raw:
        if key not in _COMMON | _ALLOWED[kind] | {kind}:
            others = [f"`{one}`" for one in DECIDERS if key in _ALLOWED[one]]
            hint = f"`{key}` goes with {' or '.join(others)}" if others else nearest_hint(str(key), _COMMON | _ALLOWED[kind])
            raise reader.refuse(f"rule `{name}`: unknown key `{key}`", hint, str(key))
    if not isinstance(raw.get("says"), str):
        raise reader.refuse(f"rule `{name}` does not say what it promises", "add `says:` with one plain sentence")
    for key, only in (("level", "should"), ("start", "known")):
        if raw.get(key, only) != only:
            hint = "a level can only be lowered; state a source instead" if key == "level" else "there is `start: known`"
            raise reader.refuse(f"`{key}: {raw[key]}` is unknown", hint, key)
    if kind in _HISTORY and "per" not in raw:
        raise reader.refuse(f"rule `{name}` needs a scope", "add `per: PLACE`")
    if kind == "moves" and "place" not in raw:
        raise reader.refuse(f"rule `{name}` needs `place`", "say which value moves: `place: got.status`")
    return kind


def _moves(reader: _Reader) -> dict[str, frozenset[str]]:
    value = reader.raw["moves"]
    if not isinstance(value, Mapping):
        raise reader.refuse("`moves` is a mapping", "write `moves: {draft: [sent]}`", "moves")
    return _closure({str(start): set(ends if isinstance(ends, list) else [ends]) for start, ends in value.items()})


def parse_undefined(name: str, raw: Any, marked: Marked, path: tuple[str | int, ...]) -> Undefined:
    """Reads one entry of `undefined:`.

    Raises:
        UnusableInput: with file and line.
    """
    reader = _Reader(raw if isinstance(raw, Mapping) else {}, marked, path)
    if not isinstance(raw, Mapping) or "when" not in raw:
        raise reader.refuse(f"`undefined: {name}` needs `when`", "say which requests are meant: `when: {sent.x: null}`")
    for key in raw:
        if key not in ("says", "when", "source", "ref", "quote", "why"):
            raise reader.refuse(f"unknown key `{key}`", nearest_hint(str(key), ["says", "when", "why"]), str(key))
    return Undefined(
        name=name, says=str(raw.get("says", name)), when=reader.conditions("when"), file=marked.file, line=marked.line(path)
    )
