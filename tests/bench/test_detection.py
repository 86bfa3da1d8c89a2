"""The catalogue of the comparison is wide enough to say something, and everything in it can be built."""

from __future__ import annotations

from collections import Counter

from smscontract.catalogue import load_catalogue
from tests.bench.detection import SERVERS, Result, Server, _row
from tests.faults.catalogue import FAULTS, TWINS


def test_it_has_faults_of_every_kind_and_every_family_at_both_endpoints() -> None:
    wrong = [one for one in SERVERS.values() if one.kind]
    providers = Counter(one.provider for one in wrong)
    assert len(wrong) >= 250
    assert min(providers.values()) >= 125
    families = {f"breaker: {clause.family}" for clause in load_catalogue().clauses.values()}
    assert {one.kind for one in wrong} == families | {str(fault.kind) for fault in FAULTS.values()}
    assert sum("@" in one.name for one in wrong) >= 25
    assert all(one.expected for one in wrong)
    assert sum(not one.kind for one in SERVERS.values()) == len({*TWINS, "stuut-sandbox", "bland-sandbox"})


def test_every_broken_server_can_be_built() -> None:
    one: Server
    for one in SERVERS.values():
        if one.kind.startswith("breaker"):
            assert callable(one.build())


def test_a_row_counts_what_was_found() -> None:
    results = [
        Result(tool="gate", server="a", first=first, named=first is not None, requests=10, seconds=1.0)
        for first in (1, 3, None, 8)
    ]
    assert _row("all", results).split() == ["all", "4", "3", "75", "%", "3", "3", "8", "10"]
