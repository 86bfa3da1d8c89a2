"""Requests: valid ones, and for each clause that has a request refused those that it alone is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.clauses.conditions import status_matches
from smscontract.clauses.relation import holds
from smscontract.clauses.view import Assessment
from smscontract.data import shipped_contracts
from smscontract.documents import Operation
from smscontract.errors import SmscontractError
from smscontract.exchange import Auth
from smscontract.fuzz import FuzzRequest
from smscontract.json_text import ABSENT
from smscontract.numbers import examples, is_reserved
from smscontract.strategies._model import SampleRequest
from smscontract.strategies._valid import Draw, Valid

__all__ = ["Flaw", "Maker", "maker"]

#: What a contract's 4XX does not stand for: refused for the credential, for the time or the rate.
_SPECIAL = (401, 403, 408, 425, 429)
_LETTERS = "abcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True)
class Flaw:
    """One way to be wrong.

    Attributes:
        clause: that has such a request refused.
        codes: statuses that a refusal may have then, as contracts write them.
        make: draws a request.
    """

    clause: str
    codes: tuple[str, ...]
    make: Callable[[Draw], FuzzRequest]
    auth: Auth = Auth.GOOD


def _media(value: Any) -> Any:
    return tuple(sorted((name, tuple(listed)) for name, listed in (value or {}).items()))


def maker(
    operation: str, ids: Mapping[str, Sequence[str]] | None, numbers: Mapping[str, Sequence[str]] | None, token: str
) -> Maker:
    """The maker of an operation. See `smscontract.strategies.requests`."""
    for name, listed in (numbers or {}).items():
        if not all(is_reserved(one) for one in listed):
            raise InvalidArgument(f"a number of `{name}` is not reserved for fiction and tests")
    return _maker(operation, _media(ids), _media(numbers), token)


@lru_cache(maxsize=32)
def _maker(operation: str, ids: tuple[Any, ...], numbers: tuple[Any, ...], token: str) -> Maker:
    provider = operation.partition(".")[0] if operation.partition(".")[0] in shipped_contracts() else operation
    try:
        catalogue = load_catalogue((provider,))
        found = catalogue.operation(operation if provider != operation else next(iter(catalogue.contracts)))
    except SmscontractError as error:
        raise InvalidArgument(str(error)) from None
    return Maker(catalogue, found, dict(ids), dict(numbers), token)


class Maker(Valid):
    """Makes requests of one operation, valid and invalid ones. Arguments as for `Valid`."""

    def __init__(
        self,
        catalogue: Catalogue,
        operation: Operation,
        ids: Mapping[str, Sequence[str]],
        numbers: Mapping[str, Sequence[str]],
        token: str,
    ) -> None:
        super().__init__(catalogue, operation, ids, numbers, token)
        wrong = list(self._wrong_members())
        self._undefined = [one for one in wrong if one[2].validity == "undefined"]
        self.flaws = list(self._flaws([one for one in wrong if self._alone(one[2])]))

    def _wrong_members(self) -> Iterator[tuple[str, Any, Assessment, FuzzRequest]]:
        """Members with a value that is not plainly right, in the plainest request in which that is the only thing to say."""
        for name, values in self.composer.wrong.items():
            for value in values:
                for around in (self.plainest, *self._richer):
                    made = self._with(around, name, value)
                    found = self.check.assess(made) if made is not None else None
                    if made is not None and found is not None and found.validity != "valid":
                        yield name, value, found, made
                        if self._alone(found):
                            break

    def _with(self, around: FuzzRequest, name: str, value: Any) -> FuzzRequest | None:
        body = {one: other for one, other in self.check.read(around).items() if one != name}
        if value is not ABSENT:
            body[name] = value
        try:
            made = self.check.request("negative", self.check.related(body, keep=name), **self._parts(around))
        except ValueError:
            return None
        return made if self.leashed(made) else None

    @staticmethod
    def _alone(found: Assessment) -> bool:
        return found.validity == "invalid" and found.causes == 1 and not found.unknown_rules

    # -- what is wrong

    def _flaws(self, wrong: Sequence[tuple[str, Any, Assessment, FuzzRequest]]) -> Iterator[Flaw]:
        by_clause: dict[str, list[tuple[str, Any, FuzzRequest]]] = {}
        for name, value, found, made in wrong:
            by_clause.setdefault(self.clause_of(found), []).append((name, value, made))
        for clause, listed in by_clause.items():
            yield Flaw(clause, ("400", "422"), lambda draw, listed=listed: self._member(draw, listed))  # type: ignore[misc]
        yield from self._bodies()
        yield from self._rules()
        for parameter, labels in self.operation.states.items():
            for label, (codes, _) in labels.items():
                if not any(code.startswith("2") for code in codes):
                    clause = f"{self.operation.key}/state/{parameter}/{label}"
                    yield Flaw(clause, tuple(codes), lambda draw, at=(parameter, label): self._state(draw, *at))  # type: ignore[misc]
        if self.operation.security is not None:
            for auth in (Auth.ABSENT, Auth.WRONG):
                yield Flaw(f"{self.operation.key}/auth/{auth}", ("401", "403"), self.valid, auth)

    def clause_of(self, found: Assessment) -> str:
        """The clause that has a request refused which is wrong in one thing."""
        place = next(iter(found.violations), None)
        if place is not None:
            return f"{self.operation.key}/request{'/' + place if place else ''}:refuses"
        return f"{self.operation.key}/rule/{next(iter(found.rules), '')}"

    def _member(self, draw: Draw, listed: Sequence[tuple[str, Any, FuzzRequest]]) -> FuzzRequest:
        name, value, plain = listed[draw(st.integers(0, len(listed) - 1))]
        fitted = self._fitted({**self.composer.base, **self._body(draw, name)}, self._parts(plain))
        made = self._with(fitted, name, value) if fitted is not None else None
        return made if made is not None and self._alone(self.check.assess(made)) else plain

    def _bodies(self) -> Iterator[Flaw]:
        """Bodies that are no object, no JSON, or not there."""
        if self.operation.body is None:
            return
        good = self.plainest.body or b"{}"
        found = []
        for body in (ABSENT, [], "text", 0, False, [json.loads(good)], good[:-1], b"{", good + b"}", b"{'a': 1}"):
            made = self.check.request("negative", body, **self._parts(self.plainest))
            if self._alone(self.check.assess(made)) and self.leashed(made):
                found.append(made)
        if found:
            clause = self.clause_of(self.check.assess(found[0]))
            yield Flaw(clause, ("400", "422"), lambda draw: draw(st.sampled_from(found)))

    def _rules(self) -> Iterator[Flaw]:
        for rule in self.operation.rules:
            codes = next((expected for place, expected in rule.otherwise if place.root == "code"), "4XX")
            listed = tuple(codes) if isinstance(codes, list) else (str(codes),)
            clause = f"{self.operation.key}/rule/{rule.name}"
            for place, expected in rule.requires:
                if place.root == "sent" and isinstance(expected, Mapping) and "in" in expected:
                    yield Flaw(clause, listed, lambda draw, name=place.last: self._not_owned(draw, name))  # type: ignore[misc]
            if rule.requires_relation is not None:
                word, (left, right) = rule.requires_relation
                if left.root == right.root == "sent" and len(left.steps) == len(right.steps) == 1:
                    at = (word, left.last, right.last)
                    if self._related(at, 1, 1, self.plainest) is not None:
                        yield Flaw(clause, listed, lambda draw, at=at: self._unrelated(draw, at))  # type: ignore[misc]

    def _not_owned(self, draw: Draw, name: str) -> FuzzRequest:
        made = self.valid(draw)
        stranger = draw(st.sampled_from([one for one in examples(24) if one not in self.numbers[name]]))
        made = self.check.request("negative", {**self.check.read(made), name: stranger}, **self._parts(made))
        return replace(made, known={**made.known, name: "foreign"})

    def _unrelated(self, draw: Draw, at: tuple[str, str, str]) -> FuzzRequest:
        """Two numbers that do not stand to each other as a rule wants: equal ones, or the other way round."""
        made, less, more = self.valid(draw), draw(st.integers(1, 600)), draw(st.integers(0, 600))
        found = self._related(at, less, more, made)
        plain = self._related(at, 1, 0, self.plainest)
        assert plain is not None, "the caller has seen to it"
        return found or plain

    def _related(self, at: tuple[str, str, str], less: int, more: int, around: FuzzRequest) -> FuzzRequest | None:
        word, left, right = at
        for one, two in ((less, less), (less + more, less), (less, less + more)):
            if not holds(word, one, two):
                body = {**self.check.read(around), left: one, right: two}
                made = self.check.request("negative", body, **self._parts(around))
                if self._alone(self.check.assess(made)):
                    return made
        return None

    def _state(self, draw: Draw, parameter: str, label: str) -> FuzzRequest:
        made = self.valid(draw)
        stem = "".join(draw(st.lists(st.sampled_from(_LETTERS), min_size=6, max_size=6)))
        path = {**made.path_parameters, parameter: f"{label}-{stem}"}
        return replace(made, path_parameters=path, known={**made.known, parameter: label})

    # -- strategies

    def requests(self, valid: bool | None) -> st.SearchStrategy[SampleRequest]:
        """See `smscontract.strategies.requests`."""
        if valid is True:
            return self._valid_ones()
        invalid = self._invalid_ones(self.flaws) if self.flaws else None
        if valid is False:
            if invalid is None:
                raise InvalidArgument(f"`{self.operation.key}` has nothing that would be refused")
            return invalid
        undefined = st.sampled_from([self.sample(one[3], "undefined") for one in self._undefined]) if self._undefined else None
        return st.one_of([one for one in (self._valid_ones(), invalid, undefined) if one is not None])

    def _valid_ones(self) -> st.SearchStrategy[SampleRequest]:
        @st.composite
        def valid_requests(draw: Draw) -> SampleRequest:
            return self.sample(self.valid(draw), "valid")

        return valid_requests()

    def _invalid_ones(self, flaws: Sequence[Flaw]) -> st.SearchStrategy[SampleRequest]:
        @st.composite
        def invalid_requests(draw: Draw) -> SampleRequest:
            return self.drawn(draw, flaws)[0]

        return invalid_requests()

    def drawn(self, draw: Draw, flaws: Sequence[Flaw]) -> tuple[SampleRequest, Flaw]:
        """A request that is wrong in one of some ways, and in which."""
        flaw = flaws[draw(st.integers(0, len(flaws) - 1))]
        return self.sample(flaw.make(draw), "invalid", flaw.clause, flaw.auth), flaw

    def flaws_for(self, status: int | None) -> list[Flaw]:
        """Flaws for which a request may be refused with a status."""
        return [
            one
            for one in self.flaws
            if status is None or str(status) in one.codes or (status not in _SPECIAL and status_matches(status, one.codes))
        ]
