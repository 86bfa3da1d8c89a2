"""Scenes for rules, which may need more than one exchange."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from smscontract.clauses.acceptance import RequestDetail
from smscontract.clauses.rules import set_place
from smscontract.documents import Rule
from smscontract.examples.base import START
from smscontract.examples.requests import Requests
from smscontract.exchange import Exchange, Origin, OriginKind

__all__ = ["Histories"]


class Histories(Requests):
    """Scenes for rules."""

    def rule(self, rule: Rule) -> Iterator[list[Exchange]]:
        """Exchanges, or histories, that keep the rule."""
        history = rule.kind in ("same", "fresh", "moves", "unique", "constant")
        steps = 1 if history else 0
        lasts = list(self.lasts(rule, steps))
        if not history:
            yield from ([one] for one in lasts)
            return
        for last in lasts:
            for first in self.successes():
                for between in self.between(rule):
                    yield from self.histories(rule, first, between, last)

    def histories(self, rule: Rule, first: Exchange, between: list[Exchange], last: Exchange) -> Iterator[list[Exchange]]:
        """An exchange, what lies between, and one more of the same scope, or of another."""
        spent = {name: entry for name, entry in last.known.items() if name not in self.operation.states}
        last = dataclasses.replace(last, known=spent)
        if between:
            last = dataclasses.replace(
                last, sent_at=START + 120, received_at=START + 120.2, origin=dataclasses.replace(last.origin, request=3)
            )
        yield [first, *between, last]
        renewed = last
        for place in rule.places:
            if place.root == "got":
                renewed = set_place(renewed, place, "another-value-1") or renewed
        yield [first, *between, renewed]
        yield [first, *between, self.other_scope(rule, last)]

    def other_scope(self, rule: Rule, exchange: Exchange) -> Exchange:
        """The exchange moved to another scope, with ids of its own."""
        for place in rule.per if all(place.root == "sent" for place in rule.per) else rule.places[:1]:
            if place.root == "sent":
                exchange = set_place(exchange, place, "+14155550142") or exchange
                break
        return self.renewed(exchange)

    def between(self, rule: Rule) -> Iterator[list[Exchange]]:
        """Refused requests for a rule that looks across them; nothing for any other."""
        if not rule.across:
            yield []
            return
        for clause in self.judge.catalogue.of_operation(self.operation.key):
            detail = clause.detail
            if (
                isinstance(detail, RequestDetail)
                and detail.word == "refuses"
                and detail.place not in {place.last for place in rule.per}
            ):
                for scene in self.refuses(detail):
                    refused = dataclasses.replace(
                        scene[0],
                        sent_at=START + 60,
                        received_at=START + 60.2,
                        origin=Origin(kind=OriginKind.LIVE, case="example-1", request=2),
                    )
                    if not self.judge.judge(refused).findings:
                        yield [refused]
                        break

    def lasts(self, rule: Rule, step: int) -> Iterator[Exchange]:
        """Exchanges of which the rule speaks, and which keep it."""
        refusal = any(
            place.root == "code" and not str(expected if not isinstance(expected, list) else expected[0]).startswith("2")
            for place, expected in rule.when
        )
        for base in self.refusals(step) if refusal else self.successes(step):
            when = tuple(one for one in rule.when if not (refusal and one[0].root == "code"))
            met = self.meet(base, when)
            met = self.meet(met, rule.then) if met is not None and rule.kind == "then" else met
            fixed = self.repaired(met) if met is not None else None
            if fixed is not None:
                yield fixed
