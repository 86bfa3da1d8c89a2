"""Rules that a request has to meet: who breaks one is refused, with the answer that the rule names."""

from __future__ import annotations

from dataclasses import dataclass

from smscontract.clauses.conditions import evaluate, expectation, mask_at, status_matches
from smscontract.clauses.outcomes import KEPT, Broken, Outcome, Skipped, Spot
from smscontract.clauses.validity import refused, requirement_holds
from smscontract.clauses.view import View
from smscontract.documents import Conditions, Rule
from smscontract.exchange import Auth
from smscontract.json_text import ABSENT

__all__ = ["RuleDetail", "blamed_on_a_rule", "judge_rule"]


@dataclass(frozen=True, slots=True)
class RuleDetail:
    """A rule with `requires`; `code` is true for the clause on the status."""

    rule: Rule
    code: bool


def judge_rule(detail: RuleDetail, view: View) -> Outcome:
    """Not judged where nobody knows whether the request had to be refused, or for which of several reasons it was."""
    rule, assessment, answer = detail.rule, view.assessment, refused(view)
    if assessment.undefined or answer is None or view.exchange.auth in (Auth.ABSENT, Auth.WRONG):
        return None
    if rule.name in assessment.unknown_rules:
        return Skipped("not known from this exchange", "give `--resources` that say it")
    if rule.name not in assessment.rules:
        return None if detail.code or answer is False else _only(rule, view)
    if answer is False:
        return _accepted(detail, view)
    foreign = not view.exchange.own_record
    if assessment.causes > 1 or assessment.unknown_rules or assessment.unsure or foreign:
        met = evaluate(_members(rule), view, every=False)
        # Whatever the others are: it was refused, and for this one if it says so.
        if not detail.code and met.truth is True and not met.empty:
            return KEPT
        return Skipped("refused, but there may be another reason")
    return _status_of(rule, view) if detail.code else _refusal(rule, view)


def blamed_on_a_rule(view: View) -> bool:
    """Whether a valid request was refused in the words of a rule that it keeps: then that is the finding."""
    rules = [rule for rule in view.operation.rules if rule.kind == "requires" and rule.only]
    return any(isinstance(_only(rule, view), Broken) for rule in rules)


def _members(rule: Rule) -> Conditions:
    """The members of the answer that a rule names; its status aside."""
    return tuple((place, expected) for place, expected in rule.otherwise if place.root != "code")


def _only(rule: Rule, view: View) -> Outcome:
    """`only: true`: the answer of this rule is given for no other cause."""
    assessment, members = view.assessment, _members(rule)
    if not rule.only or not members or assessment.unsure or requirement_holds(rule, view) is not True:
        return None
    met = evaluate(members, view, every=False)
    if met.truth is not True or met.empty:
        return KEPT if met.truth is False else None
    spot = met.uses[0] if met.uses else Spot("response body")
    return Broken(
        message="refused for this rule although the request keeps it",
        spot=spot,
        expected="another answer",
        got=view.status,
        uses=(spot,),
    )


def _accepted(detail: RuleDetail, view: View) -> Outcome:
    members = _members(detail.rule)
    met = evaluate(members, view, every=False)
    if members and met.truth is True and not met.empty:
        # Refused in so many words, under the status of a success: the status is what is wrong.
        if not detail.code:
            return KEPT
        codes = next((expected for place, expected in detail.rule.otherwise if place.root == "code"), "4XX")
        return Broken(
            message="the refusal has the status of a success",
            spot=Spot("status"),
            expected=expectation(codes),
            got=view.status,
            uses=(Spot("response body"),),
        )
    if detail.code:
        return None
    message = "the request was accepted although it breaks this rule"
    return Broken(message=message, spot=Spot("status"), expected="a 4xx", got=view.status)


def _status_of(rule: Rule, view: View) -> Outcome:
    codes = next(expected for place, expected in rule.otherwise if place.root == "code")
    if view.status is not None and status_matches(view.status, codes):
        return KEPT
    return Broken(message="the refusal has another status", spot=Spot("status"), expected=expectation(codes), got=view.status)


def _refusal(rule: Rule, view: View) -> Outcome:
    members = _members(rule)
    if not members:
        return KEPT
    met = evaluate(members, view, every=False)
    if met.truth is None:
        return Skipped("response body unreadable")
    if met.empty:
        return Skipped("the answer has no such list")
    if met.truth:
        return KEPT
    place, expected = members[0]
    spot, value = (view.places(place) or [(Spot(place.part), ABSENT)])[0]
    if met.failed is not None:
        place, spot, value, expected = met.failed
    return Broken(
        message=f"`{place.text}` of the refusal is not as promised",
        spot=spot,
        expected=expectation(expected),
        got=value,
        mask=mask_at(view, place),
        uses=met.uses,
    )
