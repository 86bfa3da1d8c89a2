"""The examples of `explain`: one side keeps every clause, the other breaks exactly one; for each clause that ships."""

from __future__ import annotations

import pytest

from smscontract.documents import FAMILIES
from smscontract.examples import base_exchange, broken_by, example_of, scenes
from smscontract.findings import Level
from tests.core import judge, shipped


@pytest.mark.parametrize("identity", list(shipped().clauses))
def test_each_clause_has_an_exchange_that_keeps_it_and_one_that_breaks_it_alone(identity: str) -> None:
    example = example_of(judge(), shipped().clauses[identity])
    assert example is not None
    assert broken_by(judge(), example.keeps) == []
    assert broken_by(judge(), example.breaks) == [identity]


@pytest.mark.parametrize("identity", list(shipped().clauses))
def test_the_broken_side_is_as_short_as_it_can_be(identity: str) -> None:
    example = example_of(judge(), shipped().clauses[identity])
    assert example is not None
    for left_out in range(len(example.breaks)):
        rest = [one for index, one in enumerate(example.breaks) if index != left_out]
        assert identity not in broken_by(judge(), rest)


@pytest.mark.parametrize("operation", list(shipped().operations))
def test_the_base_is_valid_and_keeps_everything(operation: str) -> None:
    exchange = base_exchange(shipped().operations[operation])
    view = judge().view(exchange)
    assert view is not None
    assert view.validity == "valid"
    assert judge().judge(exchange).findings == ()


def test_scenes_are_made_for_every_family() -> None:
    reached = {clause.family for clause in shipped().clauses.values() if next(iter(scenes(judge(), clause)), None)}
    assert reached == set(FAMILIES)


def test_no_must_is_inferred_and_no_sibling_either() -> None:
    musts = {clause.source.kind for clause in shipped().clauses.values() if clause.level is Level.MUST}
    assert musts == {"page", "docs", "http"}


def test_ids_are_safe_in_a_shell_and_say_their_operation() -> None:
    for identity, clause in shipped().clauses.items():
        assert identity.startswith(f"{clause.operation}/")
        assert not set(identity) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:~%"), identity


def test_every_clause_names_the_line_that_states_it() -> None:
    for clause in shipped().clauses.values():
        assert clause.file.startswith(("openapi/", "contracts/")), clause.id
        assert clause.line > 1, clause.id
