"""What has to be seen: shares, names, waivers and their end."""

from __future__ import annotations

from datetime import date

import pytest

from smscontract.errors import ExitCode, SmscontractError, UnusableInput, UsageError
from smscontract.requirements import Requirement, Requirements, Waiver, requirement
from smscontract.seen import OperationSeen
from smscontract.witnesses import aims_of, seen
from tests import core
from tests.witnesses import samples

TODAY = date(2026, 11, 22)
SENT, DRAFT = f"{core.STUUT}/200/status=sent", f"{core.STUUT}/200/status=draft"
ENUM = f"{core.STUUT}/200/status:enum"


def table(*statuses: str) -> tuple[OperationSeen, ...]:
    exchanges = [samples.message(status=status) for status in statuses]
    signatures = [core.judge().judge(one).signature for one in exchanges]
    counted = samples.ledger_of(("2026-11-20", "plan", one) for one in signatures if one is not None)
    return seen(core.shipped(), counted, operations=[core.STUUT] if statuses else [])


def waiver(point: str, until: date = TODAY) -> Waiver:
    return Waiver(point=point, reason="nobody can", until=until, file="smscontract.toml", line=7)


def causes(found: tuple[OperationSeen, ...], *required: str, waivers: tuple[Waiver, ...] = ()) -> list[str]:
    asked = Requirements(tuple(requirement(text) for text in required), waivers)
    asked.check(core.shipped())
    result = list(asked.unmet(asked.applied(found, TODAY), core.shipped(), TODAY))
    assert {cause.code for cause in result} <= {ExitCode.CANNOT_TELL}
    return [cause.says for cause in result]


def test_names_that_were_seen_and_names_that_were_not() -> None:
    assert causes(table("sent"), SENT, ENUM) == []
    assert causes(table("sent"), DRAFT) == [f"1 required witness missing: `{DRAFT}` was never seen"]
    assert causes(table(), ENUM, SENT) == [
        f"2 required witnesses missing: `{ENUM}` was never judged, `{SENT}` was never seen",
    ]


def test_a_star_stands_for_all_that_begin_so() -> None:
    (says,) = causes(table("sent"), f"{core.STUUT}/200/status=*")
    assert says.startswith("5 required witnesses missing: ")
    assert says.endswith("and 2 more")


def test_shares_are_of_each_operation() -> None:
    (one,) = table("sent")
    share = 100 * one.reached // len(one.points)
    assert causes((one,), f"{share}%") == []
    (says,) = causes((one,), f"{share + 1}%")
    assert says.startswith(f"{core.STUUT}: {one.reached} of 60 witness points seen, {share + 1}% are required; never seen: `")
    assert causes((one,), "0%") == []


def test_a_share_that_is_reached_exactly_is_reached() -> None:
    (one,) = table("sent")
    never = [waiver(point.name) for point in one.never]
    assert causes((one,), "100%", waivers=tuple(never)) == []
    (says,) = causes((one,), "100%", waivers=tuple(never[:-1]))
    assert f"{one.reached} of {one.reached + 1} witness points" in says


@pytest.mark.parametrize("required", [DRAFT, "100%"])
def test_an_expired_waiver_waives_nothing_and_says_so(required: str) -> None:
    ended = waiver(DRAFT, date(2026, 11, 21))
    assert causes(table("sent"), DRAFT, waivers=(waiver(DRAFT),)) == []
    if required == DRAFT:
        assert causes(table("sent"), required, waivers=(ended,)) == [
            f"1 required witness missing: `{DRAFT}` was never seen (its waiver ended on 2026-11-21)"
        ]
    (one,) = Requirements(waivers=(ended,)).applied(table("sent"), TODAY)
    assert one.notes == (f"the waiver of `{DRAFT}` ended on 2026-11-21 (smscontract.toml:7)",)
    assert one.waived == 0


def test_a_waiver_of_what_was_seen_is_not_needed() -> None:
    (one,) = Requirements(waivers=(waiver(SENT),)).applied(table("sent"), TODAY)
    assert one.notes == (f"the waiver of `{SENT}` is not needed any more: it was seen (smscontract.toml:7)",)
    assert len(one.counted) == 60, "what was seen counts, waived or not"
    assert Requirements(waivers=(waiver(ENUM),)).applied(table("sent"), TODAY)[0].notes


def test_a_waived_clause_need_not_be_judged() -> None:
    assert causes(table(), ENUM, waivers=(waiver(ENUM),)) == [] or table() == ()
    moves = f"{core.STUUT}/rule/moves-on"
    assert causes(table("sent"), moves) == [f"1 required witness missing: `{moves}` was never judged"]
    assert causes(table("sent"), moves, waivers=(waiver(f"{core.STUUT}/rule/*"),)) == []


@pytest.mark.parametrize("text", ["90", "101%", "9e1%", "1.%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="is no share of the points"):
        requirement(text)
    with pytest.raises(UnusableInput, match="is no share of the points"):
        requirement(text, file="a.toml", line=3)


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        (Requirements((requirement("stuut.send-sms/200/status=sendt"),)), UsageError, "status=sent"),
        (Requirements((requirement("acme.send/200"),)), UsageError, "did you mean"),
        (Requirements((Requirement(text="stut.send-sms/200", file="a.toml", line=3),)), UnusableInput, "stuut.send-sms/200"),
        (Requirements(waivers=(waiver("stuut.send-sms/200/status=sendt"),)), UnusableInput, "status=sent"),
    ],
)
def test_names_that_mean_nothing_are_refused(asked: Requirements, error: type[SmscontractError], hint: str) -> None:
    with pytest.raises(error) as refused:
        asked.check(core.shipped())
    assert refused.value.message.endswith("is neither a witness point nor a clause")
    assert hint in (refused.value.hint or "")


def test_a_file_may_speak_of_providers_that_this_run_does_not_look_at() -> None:
    asked = Requirements((Requirement(text="acme.send/200", file="a.toml", line=3),), (waiver("parcel.send/200"),))
    asked.check(core.shipped())
    assert list(asked.unmet(table("sent"), core.shipped(), TODAY)) == []


def test_every_point_and_clause_can_be_asked_for() -> None:
    names = [*(aim.name for one in core.shipped().operations.values() for aim in aims_of(one)), *core.shipped().clauses]
    Requirements(tuple(requirement(name) for name in names), tuple(waiver(name) for name in names)).check(core.shipped())
