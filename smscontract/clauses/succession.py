"""What exchanges of one scope say one after the other: whether a value stays, is new, moves as it may, has one owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from smscontract.clauses.outcomes import KEPT, Broken, Fact, Kept, Skipped, Spot
from smscontract.clauses.reduction import Decided, OneScope, by_scope, clusters
from smscontract.documents import Clause, Place, Rule

__all__ = ["reduce"]


def reduce(clauses: Mapping[str, Clause], facts: Sequence[Fact] | OneScope, *, holes: bool = False) -> Iterator[Decided]:
    """Judges each scope in order of time.

    Args:
        clauses: clauses of this family by id.
        facts: all facts, in any order, or those of one scope.
        holes: whether exchanges may be missing from the history (unreadable lines, a sample).
    """
    for scope in by_scope(facts):
        rule: Rule = clauses[scope.clause].detail
        if rule.kind == "unique":
            yield from _reduce_unique(scope.clause, scope)
        else:
            yield from _Scope(rule, scope, holes=holes).decide()


def _reduce_unique(identity: str, facts: Iterable[Fact]) -> Iterator[Decided]:
    owner = None
    for fact in facts:
        owner = fact.values["owner"] if owner is None else owner
        if fact.values["owner"] == owner:
            yield Decided(identity, fact, KEPT)
            continue
        message = "the value was seen with another owner before"
        broken = Broken(message=message, spot=fact.spot, expected="a value of its own", got=fact.shown)
        yield Decided(identity, fact, broken)


class _Scope:
    """The history of one scope."""

    def __init__(self, rule: Rule, facts: OneScope, *, holes: bool) -> None:
        self.identity = facts.clause
        self.rule = rule
        self.facts = facts
        self.whole = facts.whole and not holes
        self.holes = holes
        self.last: dict[str, Any] | None = None  # values of the latest earlier success, or what was known at first
        self.last_fact: Fact | None = None
        self.earlier: dict[str, set[str]] = {place.text: set() for place in rule.places}
        self.lost = False  # an exchange without an answer: the scope is unknown until the next success
        self.crossed = False

    def decide(self) -> Iterator[Decided]:
        for cluster in clusters(self.facts):
            known = next((fact.values["known"] for fact in cluster if fact.values["known"]), None)
            if self.last is None and not self.lost and known:
                self.last = dict(known)
            if len(cluster) == 1:
                yield from self._decide(cluster[0], self._reason())
                self._remember(cluster[0])
            else:
                yield from self._at_once(cluster)

    def _decide(self, fact: Fact, reason: str) -> Iterator[Decided]:
        values = fact.values
        if values["success"] and values["when"] is not False:
            if values["when"] is None:
                reason = reason or "not known from this exchange"
            outcome = Skipped(reason) if reason else self._compare(fact)
            if outcome is not None:
                yield Decided(self.identity, fact, outcome)

    def _at_once(self, cluster: list[Fact]) -> Iterator[Decided]:
        """Exchanges that overlap: nobody knows which was first, so a rule is broken only if it is in every order."""
        done = [fact for fact in cluster if fact.values["success"]]
        places = [place.text for place in self.rule.places]
        alike = all(len({fact.values["values"].get(place) for fact in done}) == 1 for place in places)
        sure = all(fact.values["answered"] and fact.values["when"] is not None for fact in cluster)
        reason = self._reason() or ("" if sure and self.rule.kind in ("same", "fresh") else "overlapping exchanges")
        if self.rule.kind == "same" and (self.rule.across or not all(fact.values["when"] for fact in done)):
            reason = reason or "overlapping exchanges"
        if reason or not done:
            for fact in cluster:
                yield from self._decide(fact, reason or "overlapping exchanges")
        else:
            yield from self._in_every_order(done)
        for fact in cluster:
            self._remember(fact, settled=alike and not reason)

    def _in_every_order(self, done: list[Fact]) -> Iterator[Decided]:
        """`same`: each has the value before and that of all others. `fresh`: none has an old one, nor that of another to which
        the rule applies; to share it with one to which it does not is what comes after it."""
        first = done[0]
        seen: list[Fact] = []
        for fact in done:
            if fact.values["when"] is False:
                continue
            outcome = self._compare(fact)
            for other in seen if self.rule.kind == "fresh" else [first] if fact is not first else []:
                for place in self.rule.places:
                    here, there = (one.values["values"].get(place.text) for one in (fact, other))
                    if None in (here, there) or isinstance(outcome, Broken):
                        continue
                    if (here == there) is (self.rule.kind == "fresh"):
                        outcome = self._broken_beside(fact, place, other)
                    else:
                        outcome = KEPT
            seen.append(fact)
            if outcome is not None:
                yield Decided(self.identity, fact, outcome)

    def _broken_beside(self, fact: Fact, place: Place, other: Fact) -> Broken:
        part, pointer = fact.values["spots"][place.text]
        how = "the same as" if self.rule.kind == "fresh" else "another than"
        expected = "a value of its own" if self.rule.kind == "fresh" else "the value of the exchange beside it"
        return Broken(
            message=f"`{place.text}` is {how} that of an exchange at the same moment ({other.origin})",
            spot=Spot(part, pointer),
            expected=expected,
            got=fact.values["shown"].get(place.text, ""),
        )

    def _reason(self) -> str:
        rule = self.rule
        if self.facts.timeless and self.facts.size > 1:
            return "no times"
        if self.holes and rule.kind in ("same", "moves"):
            return "the history may have holes"
        if rule.whole and not self.whole:
            return "not known to be a whole history"
        if self.lost and rule.kind in ("same", "moves"):
            return "an earlier exchange has no answer"
        return ""

    def _compare(self, fact: Fact) -> Kept | Broken | None:
        rule = self.rule
        if rule.kind == "fresh":
            return self._fresh(fact)
        if self.last is None:
            return None
        if rule.within is not None and not self._close(fact):
            return None
        if rule.across and not self.crossed:
            return None
        current = fact.values["plain"] if rule.kind == "moves" else fact.values["values"]
        judged = False
        for place in rule.places:
            before, now = self.last.get(place.text), current.get(place.text)
            if before is None or now is None:
                continue
            if rule.kind == "moves":
                if before not in rule.moves or now not in rule.moves:
                    continue
                judged = True
                if before != now and now not in rule.moves[before]:
                    allowed = ", ".join(f"`{name}`" for name in sorted(rule.moves[before]))
                    expected = f"`{before}`" + (f" or {allowed}" if allowed else "")
                    return self._broken(fact, place, f"`{place.text}` moved from `{before}` to `{now}`", expected)
            else:
                judged = True
                if before != now:
                    return self._broken(
                        fact, place, f"`{place.text}` is not the same as before", "the value of the exchange before"
                    )
        return KEPT if judged else None

    def _fresh(self, fact: Fact) -> Kept | Broken | None:
        for place in self.rule.places:
            now = fact.values["values"].get(place.text)
            if now is not None and now in self.earlier[place.text]:
                return self._broken(
                    fact, place, f"`{place.text}` was seen in this scope before", "a value that was not seen before"
                )
        return KEPT if any(self.earlier.values()) else None

    def _broken(self, fact: Fact, place: Place, message: str, expected: str) -> Broken:
        part, pointer = fact.values["spots"][place.text]
        if self.last_fact is not None:
            message += f" ({self.last_fact.origin})"
        return Broken(
            message=message, spot=Spot(part, pointer), expected=expected, got=fact.values["shown"].get(place.text, "")
        )

    def _close(self, fact: Fact) -> bool:
        if self.last_fact is None or self.last_fact.end is None or fact.start is None or self.rule.within is None:
            return False
        return fact.start - self.last_fact.end <= self.rule.within

    def _remember(self, fact: Fact, *, settled: bool = True) -> None:
        """What the scope is after an exchange; unless `settled` nobody can tell in what it left it."""
        values = fact.values
        if values["across"]:
            self.crossed = True
        if not values["answered"]:
            self.lost, self.last, self.last_fact = True, None, None
            return
        if not values["success"]:
            return
        if self.rule.kind == "fresh":
            for place, value in values["values"].items():
                self.earlier[place].add(value)
        current = values["plain"] if self.rule.kind == "moves" else values["values"]
        if not settled:
            self.lost, self.last, self.last_fact = True, None, None
            return
        self.last, self.last_fact, self.lost, self.crossed = dict(current), fact, False, False
