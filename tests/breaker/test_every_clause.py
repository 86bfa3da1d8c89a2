"""Every clause of the shipped contracts, broken in front of the sandbox: the judge names that clause and no other."""

from __future__ import annotations

import pytest

from smscontract.breaker import parse_breaks
from tests.breaker.drive import CATALOGUE, OPTIONAL, PLAIN, Drive, gather_evidence, walk_bland, walk_stuut

WALKS = {"stuut.send-sms": walk_stuut, "bland.create-sms": walk_bland}
#: Families that one answer shows: a few requests are enough.
SHOWN = {"presence", "null", "type", "enum", "format", "constant", "condition", "relation"}

#: Clauses that cannot be broken alone with what the sandbox knows, and why.
CANNOT = {
    # Any other time breaks send-keeps-draft too.
    "stuut.send-sms/rule/created-before-answer": "the resources say when a draft was created",
}


@pytest.mark.parametrize("identity", [one for one in CATALOGUE.clauses if one not in CANNOT])
def test_exactly_this_clause_is_broken(identity: str) -> None:
    clause = CATALOGUE.clauses[identity]
    drive = Drive(identity, exact=True)
    WALKS[clause.operation](drive, short=clause.family in SHOWN)
    if clause.detail in ("no-server-error", "answers", "complete-body"):
        gather_evidence(drive)
    assert drive.named() == {identity}
    ((_, tally),) = drive.breaker.tallies
    assert tally.broken == tally.eligible > 0
    assert tally.inexact == 0


@pytest.mark.parametrize("walk", WALKS.values())
@pytest.mark.parametrize("short", [False, True])
def test_nothing_is_named_where_nothing_is_broken(walk: object, short: bool) -> None:
    assert callable(walk)
    drive = Drive()
    walk(drive, short=short)
    assert drive.named() == set()
    # ... nor where the breaker looks at every exchange and has nothing to do
    drive = Drive("stuut.send-sms/200/status:enum@code=418", "bland.create-sms/2XX/data:required@code=418")
    walk(drive, short=short)
    assert drive.named() == set()


@pytest.mark.parametrize("identity", CANNOT)
def test_what_cannot_be_broken_alone_is_left_alone_on_demand(identity: str) -> None:
    drive = Drive(identity, exact=True)
    WALKS[CATALOGUE.clauses[identity].operation](drive)
    assert drive.named() == set()
    ((_, tally),) = drive.breaker.tallies
    assert tally.broken == 0
    assert tally.spared == len(drive.seen)


def test_without_the_time_in_the_resources_it_can_be_broken_alone() -> None:
    identity = "stuut.send-sms/rule/created-before-answer"
    drive = Drive(identity, exact=True, sparse=True)
    walk_stuut(drive)
    assert drive.named() == {identity}


def test_else_the_nearest_break_names_it_among_others() -> None:
    identity = "stuut.send-sms/rule/created-before-answer"
    drive = Drive(identity)
    drive.send(drive.drafts("draft-pending")[0])
    assert drive.named() == {identity, "stuut.send-sms/rule/send-keeps-draft"}
    ((_, tally),) = drive.breaker.tallies
    assert tally.inexact == tally.broken == 1


@pytest.mark.parametrize("name", OPTIONAL)
def test_who_gives_a_member_is_refused_whatever_else_the_request_has(name: str) -> None:
    """As a server would that does not know it: also where no judge could tell which member is to blame."""
    drive = Drive(f"bland.create-sms/request/{name}:accepts")
    rich = drive.create({**PLAIN, **OPTIONAL})
    plain = drive.create(PLAIN)
    assert rich.response is not None
    assert rich.response.status == 400
    assert plain.response is not None
    assert plain.response.status == 200


def test_every_clause_is_ready_to_be_broken_at_once() -> None:
    breaks = parse_breaks(CATALOGUE.clauses, CATALOGUE)
    assert [one.clause for one in breaks] == list(CATALOGUE.clauses)
    drive = Drive(*CATALOGUE.clauses)
    walk_bland(drive, short=True)
    walk_stuut(drive, short=True)
    assert sum(tally.broken for _, tally in drive.breaker.tallies) == len(drive.seen)
    assert max(tally.broken for _, tally in drive.breaker.tallies) == 1
