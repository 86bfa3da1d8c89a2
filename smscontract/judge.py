"""The judge: what one exchange says of each clause, and what all exchanges together say of the rest.

`Judge.judge` is pure: no I/O, no clock, no network; it never raises, whatever the bytes. `Judge.reduce` takes the facts of any
number of exchanges in any order. Merging is concatenation, hence associative and commutative up to order, and `reduce` does
not depend on order: live runs, recordings, processes and machines use the same map and the same reduce.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.clauses import families
from smscontract.clauses.credentials import credentials
from smscontract.clauses.fast import Asked, Quick
from smscontract.clauses.kinds import Cell, kinds_seen
from smscontract.clauses.news import news
from smscontract.clauses.outcomes import KEPT, Broken, Fact, Outcome, Shown, Skipped, Spot
from smscontract.clauses.reduction import Decided, unsettled
from smscontract.clauses.validity import assess
from smscontract.clauses.view import View
from smscontract.documents import Clause
from smscontract.exchange import Exchange
from smscontract.facts import FactStore, kept
from smscontract.findings import Finding, Level, New, NotJudged
from smscontract.json_text import ABSENT, UNKNOWN
from smscontract.mask import Masker
from smscontract.reduced import BY_SCOPE, Reduced, finding_of, reduced

__all__ = ["Judge", "Judgement", "Signature"]

_BODY = Spot("response body")
#: Families that speak of the answer to any request, also by another method or to another path than the operation's.
_OF_ANY_ANSWER = frozenset({"protocol", "auth"})
_RULE_FAMILIES = frozenset({"condition", "relation", "history", "hygiene", "constant"})


@dataclass(frozen=True, slots=True)
class Signature:
    """What the ledger counts, small enough that a million exchanges have a few hundred.

    Attributes:
        operation, status: of the exchange; the status is 0 where there is no answer.
        outcomes: for each clause of the operation, in the catalogue's order: `-` it does not speak of the exchange, `k` kept,
            `b` broken, `s` not judged, `f` a fact for the reduction.
        witnesses: for each declared place of the answer the kinds of value seen there, as `clauses.kinds` names them; empty
            where the body could not be read.
    """

    operation: str
    status: int
    outcomes: str
    witnesses: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of one exchange. `signature` is `None` where the exchange fits no operation."""

    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    new: tuple[New, ...] = ()
    signature: Signature | None = None


class Judge:
    """Judges exchanges by a catalogue.

    Args:
        catalogue: the clauses.
        masker: how values are shown; findings hold nothing that it did not pass.
    """

    def __init__(self, catalogue: Catalogue, masker: Masker | None = None) -> None:
        self.catalogue = catalogue
        self.masker = masker or Masker()
        self._key = hashlib.sha256(self.masker.token("secret", "digest").encode()).digest()
        self._modules = families()
        self.quick = Quick()
        self._ranks = {name: rank for rank, name in enumerate(self._modules)}
        self._precedence: dict[str, tuple[Clause, ...]] = {}
        self._silence: dict[str, dict[str, str]] = {}
        self._maskers: dict[tuple[str, ...], Masker] = {}

    def digest(self, value: Any) -> str:
        """A keyed digest of a JSON value (16 bytes as hexadecimal): equal values, equal digests."""
        if type(value) is str:
            text = encode_basestring_ascii(value)  # what `dumps` makes of it
        else:
            plain = int(value) if isinstance(value, float) and value.is_integer() else value
            text = json.dumps(plain, sort_keys=True, default=str)
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    def precedence(self, operation: str) -> tuple[Clause, ...]:
        """The clauses of an operation as they are asked: by family, what is sure first, then by id, so that the order in which
        the documents state them changes nothing."""
        if operation not in self._precedence:
            clauses = self.catalogue.of_operation(operation)
            ranked = sorted(clauses, key=lambda one: (self._ranks[one.family], one.level != Level.MUST, one.id))
            self._precedence[operation] = tuple(ranked)
        return self._precedence[operation]

    def silence(self, operation: str) -> dict[str, str]:
        """Outcomes in which no clause of an operation speaks, by clause in the catalogue's order."""
        if operation not in self._silence:
            self._silence[operation] = dict.fromkeys([clause.id for clause in self.catalogue.of_operation(operation)], "-")
        return self._silence[operation].copy()

    def match(self, exchange: Exchange) -> Exchange:
        """The exchange with its operation and path parameters, where it fits one and has none yet."""
        if exchange.operation is not None and exchange.operation in self.catalogue.operations:
            operation = self.catalogue.operations[exchange.operation]
            if exchange.path_parameters is None:
                parameters = operation.match_path(exchange.request.url)
                return dataclasses.replace(exchange, path_parameters=parameters)
            return exchange
        # A reader that knows the provider alone names that.
        named = exchange.operation
        provider = named if named is not None and "." not in named else None
        found = self.catalogue.match(exchange.request.method, exchange.request.url, provider)
        if found is None:
            return dataclasses.replace(exchange, operation=None, path_parameters=None)
        return dataclasses.replace(exchange, operation=found[0].key, path_parameters=found[1])

    def view(self, exchange: Exchange) -> View | None:
        """The exchange as clauses see it, its request assessed; `None` where it fits no operation."""
        exchange = self.match(exchange)
        if exchange.operation is None:
            return None
        masker = self.masker_of(exchange)
        view = View(exchange, self.catalogue.operations[exchange.operation], self.digest, masker.value)
        view.assessment = assess(view)
        return view

    def masker_of(self, exchange: Exchange) -> Masker:
        """The masker that also knows the credential of one exchange, so that it is hidden wherever else it turns up."""
        secrets = tuple(sorted(credentials(exchange, self.catalogue.operations.get(exchange.operation or ""))))
        if not secrets:
            return self.masker
        if secrets not in self._maskers:
            if len(self._maskers) > _MASKERS:
                self._maskers.clear()
            self._maskers[secrets] = self.masker.knowing(secrets)
        return self._maskers[secrets]

    def judge(self, exchange: Exchange) -> Judgement:
        """What one exchange says of every clause of its operation. Never raises."""
        view = self.view(exchange)
        return self.judged(view) if view is not None else Judgement()

    def judged(self, view: View) -> Judgement:
        """As `judge`, of an exchange that is seen already."""
        return _Pass(self, view).judgement()

    def reduce(
        self,
        facts: Iterable[Fact] | FactStore,
        *,
        holes: bool | Collection[str] = False,
        take: Callable[[Finding], object] | None = None,
    ) -> Reduced:
        """What clauses on more than one exchange say.

        Args:
            facts: those of all judgements, in any order.
            holes: whether exchanges may be missing (a line could not be read), or of which clauses' histories (a sample was
                taken).
            take: takes each finding; then the result holds none of them, however many there are.

        Raises:
            UnusableInput: what is beyond memory cannot be kept.
        """
        store = facts if isinstance(facts, FactStore) else FactStore(facts)
        with kept():
            return reduced(self.catalogue.clauses, self._decided(store, holes=holes), take)

    def _decided(self, store: FactStore, *, holes: bool | Collection[str]) -> Iterator[Decided]:
        by_family: dict[tuple[str, str], list[str]] = {}
        for identity in store.clauses():
            clause = self.catalogue.clauses[identity]
            by_family.setdefault((clause.operation, clause.family), []).append(identity)
        for (operation, family), mine in sorted(by_family.items()):
            clauses = {clause.id: clause for clause in self.catalogue.of_operation(operation) if clause.family == family}
            module = self._modules[family]
            if family in BY_SCOPE:
                for identity in mine:
                    missing = holes if isinstance(holes, bool) else identity in holes
                    for scope in store.scopes(identity):
                        yield from module.reduce(clauses, scope, holes=missing)
                    yield from store.decided(identity, holes=missing)
            else:
                yield from module.reduce(clauses, [fact for identity in mine for fact in store.of_clause(identity)])


#: Maskers that are kept at a time: runs have one credential or a few.
_MASKERS = 64


@lru_cache(maxsize=1024)
def _not_judged(clause: str, reason: str, hint: str) -> NotJudged:
    return NotJudged(clause=clause, reason=reason, hint=hint)


class _Pass:
    """One pass over the clauses of one exchange."""

    def __init__(self, judge: Judge, view: View) -> None:
        self.judge = judge
        self.view = view
        self.masker = judge.masker_of(view.exchange)
        self.broken: list[Spot] = []
        self.findings: list[Finding] = []
        self.facts: list[Fact] = []
        self.skipped: list[NotJudged] = []

    def judgement(self) -> Judgement:
        judge, view = self.judge, self.view
        key = view.operation.key
        asked = judge.quick.asked(view, judge.precedence(key))
        outcomes = judge.silence(key)
        self._others(asked.before, outcomes)
        if not view.stray:
            self._schema(asked, outcomes)
        self._others(asked.after, outcomes)
        return Judgement(
            findings=tuple(self.findings),
            facts=tuple(self.facts),
            not_judged=tuple(self.skipped),
            new=tuple(news(self.masker, view)) if not view.stray and not self._hidden(_BODY) else (),
            signature=Signature(
                key,
                view.status or 0,
                "".join(outcomes.values()),
                kinds_seen(view),
            ),
        )

    def _others(self, clauses: Iterable[tuple[Clause, str | None]], outcomes: dict[str, str]) -> None:
        """The clauses of all families that do not speak of the schema."""
        view, modules = self.view, self.judge._modules  # noqa: SLF001 - one module
        violations, stray = view.assessment.violations, view.stray
        for clause, place in clauses:
            if (place is None or place in violations) and (not stray or clause.family in _OF_ANY_ANSWER):
                outcome: Outcome = modules[clause.family].judge(clause, view)
                if outcome is KEPT:
                    outcomes[clause.id] = "k"
                elif outcome is not None:
                    outcomes[clause.id] = self._take(clause, outcome)

    def _schema(self, asked: Asked, outcomes: dict[str, str]) -> None:
        """The clauses of the schema, once every family of higher precedence has spoken: by one glance where it is kept, one by
        one where it may not be."""
        quick, view = self.judge.quick, self.view
        hidden = self._hidden(_BODY)
        suspects = None
        if not hidden and (view.document is None or quick.schema_kept(view) or (suspects := quick.suspects(view)) is not None):
            index = view.got_index
            for path, required, others in asked.places:
                spots = index.get(path)
                if spots:
                    outcomes.update(required)
                    if others and any(value is not ABSENT for _, value in spots):
                        outcomes.update(others)
            if suspects is None:
                return
        for clause in asked.schema:
            if hidden:
                applies = view.document is not None and clause.detail.key == view.document.key
                outcome: Outcome = Skipped("the body as a whole is broken") if applies else None
            elif suspects is None or suspects.has(clause.detail.node):
                outcome = self.judge._modules[clause.family].judge(clause, view)  # noqa: SLF001 - one module
            else:
                continue
            outcomes[clause.id] = self._take(clause, outcome)
            hidden = hidden or (isinstance(outcome, Broken) and self._hidden(_BODY))

    def _hidden(self, spot: Spot) -> bool:
        """Whether something at this very place, or above it, is broken already."""
        return bool(self.broken) and any(
            spot == one or (one.overlaps(spot) and len(one.pointer) < len(spot.pointer)) for one in self.broken
        )

    def _meets(self, uses: Iterable[Spot]) -> bool:
        """Whether something is broken at one of some places, below it or above it."""
        return any(one.overlaps(use) for use in uses for one in self.broken if one.part == use.part)

    def _take(self, clause: Clause, outcome: Outcome) -> str:
        if clause.family == "protocol" and isinstance(outcome, Broken) and outcome.uses and self._hidden(outcome.spot):
            outcome = Skipped("the body as a whole is broken")
        if clause.family in _RULE_FAMILIES and isinstance(outcome, Broken | Shown):
            uses = (*outcome.uses, *outcome.rests) if isinstance(outcome, Broken) else outcome.uses
            if self.broken and self._meets(uses):
                # Something happened to that scope all the same, and nobody can tell what.
                facts = outcome.facts if isinstance(outcome, Shown) else ()
                self.facts.extend(lost for fact in facts if (lost := unsettled(fact)) is not None)
                outcome = Skipped("what it rests on is broken")
        if outcome is None:
            return "-"
        if isinstance(outcome, Skipped):
            self.skipped.append(_not_judged(clause.id, outcome.reason, outcome.hint))
            return "s"
        if isinstance(outcome, Shown):
            self.facts.extend(outcome.facts)
            self.broken.extend(outcome.uses if clause.family == "protocol" else ())
            return "f"
        if isinstance(outcome, Broken):
            self.broken.extend(outcome.uses)
            self.findings.append(self._finding(clause, outcome))
            return "b"
        return "k"

    def _finding(self, clause: Clause, broken: Broken) -> Finding:
        exchange = self.view.exchange
        got = "no such member" if broken.got is ABSENT else "unknown" if broken.got is UNKNOWN else self._shown(broken)
        return finding_of(clause, broken, got, origin=exchange.origin, time=exchange.received_at)

    def _shown(self, broken: Broken) -> str:
        masker = self.masker
        if broken.plain or (broken.mask is None and broken.spot.part in ("status", "time")):
            return masker.scrub(str(broken.got))
        return masker.value(broken.got, broken.mask)
