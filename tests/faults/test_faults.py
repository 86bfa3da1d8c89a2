"""The gate notices what servers get wrong, names the clause, and keeps quiet about servers that are right.

A sample runs with every suite; the whole catalogue by hand: `python -m pytest -m campaign tests/faults`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from smscontract.errors import ExitCode
from tests.faults.catalogue import FAULTS, TWINS
from tests.faults.model import OPERATIONS, Kind, judge_of, outcome_of

SAMPLE = (
    "bland-conversation-id-is-the-workflows",
    "bland-empty-errors-on-failure",
    "bland-equal-times-pass",
    "bland-false-counts-as-true",
    "bland-garbage-is-let-in",
    "bland-line-feed-behind",
    "bland-refused-archives",
    "bland-two-answers",
    "stuut-automated-delivered-without-time",
    "stuut-body-cut-at160",
    "stuut-foreign-ids-readable",
    "stuut-length-cut",
    "stuut-local-time-called-utc",
    "stuut-neighbouring-id",
    "stuut-reason-null-in-the-second",
    "stuut-second-send-texts-again",
    "stuut-strangers-get400",
)
RIGHT = (
    "bland-accepted-is202",
    "bland-forbids",
    "bland-ids-slashes",
    "bland-nulls-refused",
    "bland-strict-optionals",
    "bland-unknown-members-refused",
    "stuut-extra-fields",
    "stuut-forbidden",
    "stuut-ids-percents",
    "stuut-one-bad-gateway",
    "stuut-refusals-without-body",
    "stuut-same-answer-again",
    "stuut-state-is422-with-a-list",
    "stuut-tel-numbers",
)


def notices(name: str, *, fuzz: int = 0) -> None:
    fault = FAULTS[name]
    outcome = outcome_of(fault.build(), fault.provider, fuzz=fuzz)
    if not fault.shown:
        assert not outcome.found, "it shows after all"
        return
    assert outcome.named(fault), f"expected {sorted(fault.expected)}, got {outcome.found}"
    assert outcome.wrong(fault) == set()
    assert outcome.exit_code == ExitCode.BROKEN


def keeps_quiet(name: str, *, fuzz: int = 0) -> None:
    twin = TWINS[name]
    outcome = outcome_of(twin.build(), twin.provider, fuzz=fuzz)
    assert outcome.found == {}
    assert outcome.exit_code == ExitCode.KEPT


@pytest.mark.parametrize("name", SAMPLE)
def test_sample_is_noticed(name: str) -> None:
    notices(name)


@pytest.mark.parametrize("name", RIGHT)
def test_sample_is_left_alone(name: str) -> None:
    keeps_quiet(name)


@pytest.mark.campaign
@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_noticed(name: str) -> None:
    notices(name)


@pytest.mark.campaign
@pytest.mark.parametrize("name", TWINS)
def test_every_twin_is_left_alone(name: str) -> None:
    keeps_quiet(name)


@pytest.mark.parametrize("name", FAULTS)
def test_expected_clauses_exist(name: str) -> None:
    fault = FAULTS[name]
    clauses = judge_of(fault.provider).catalogue.clauses
    assert fault.expected
    unknown = [one for one in fault.expected | fault.also if f"{OPERATIONS[fault.provider]}/{one}" not in clauses]
    assert unknown == []


def test_catalogue_is_wide() -> None:
    kinds = Counter(fault.kind for fault in FAULTS.values())
    assert set(kinds) == set(Kind)
    logic = kinds[Kind.MEANING] + kinds[Kind.INPUT] + kinds[Kind.AUTH]
    assert len(FAULTS) >= 250
    assert logic >= 150
    providers = Counter(fault.provider for fault in FAULTS.values())
    assert min(providers.values()) >= 110
    assert len(TWINS) >= 60
