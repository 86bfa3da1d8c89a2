"""Merging is associative and commutative, nothing is lost beyond the limit, and files give back what was written."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smscontract import codec, ledger_file
from smscontract import ledger as module
from smscontract.errors import UnusableInput, UsageError
from smscontract.judge import Signature
from smscontract.ledger import Ledger
from tests import core
from tests.witnesses import samples

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@pytest.fixture(params=[2, module.KEPT_PER_DAY])
def _kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit that is always reached, and with the real one."""
    monkeypatch.setattr(module, "KEPT_PER_DAY", request.param)


def told(ledger: Ledger) -> tuple[Counter[object], ...]:
    """Every number in a ledger, without what is only known of signatures as a whole."""
    answers: Counter[object] = Counter()
    seen: Counter[object] = Counter()
    outcomes: Counter[object] = Counter()
    for one in ledger.answers():
        answers[one[:-1]] += one.number
    for place in ledger.seen():
        seen[place[:-1]] += place.number
    for outcome in ledger.outcomes(core.shipped()):
        for when, number in outcome.numbers.items():
            outcomes[outcome.clause, outcome.outcome, when] += number
    return answers, seen, outcomes


def test_there_are_many_signatures() -> None:
    assert len(samples.signatures()) > 20


@pytest.mark.usefixtures("_kept")
@SHARED
@given(samples.ledgers())
def test_a_part_has_all_of_a_ledger_but_what_histories_said(ledger: Ledger) -> None:
    ledger = ledger.merge(Ledger())
    ledger.decided.clear()
    assert codec.ledger(json.loads(json.dumps(codec.ledger_plain(ledger)))) == ledger


@pytest.mark.usefixtures("_kept")
@SHARED
@given(samples.ledgers(), samples.ledgers(), samples.ledgers())
def test_merging_is_associative_and_commutative(one: Ledger, two: Ledger, three: Ledger) -> None:
    before = told(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(two) == two.merge(one)
    assert one.merge(Ledger()) == one.merge(Ledger()).merge(Ledger())
    assert told(one) == before, "neither is changed"


@pytest.mark.usefixtures("_kept")
@SHARED
@given(st.lists(samples.entries(), max_size=60), st.randoms(use_true_random=False), st.integers(0, 60))
def test_counting_in_any_order_and_any_parts(counted: list[samples.Entry], random: object, cut: int) -> None:
    whole = samples.ledger_of(counted).compact()
    shuffled = list(counted)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a `Random`
    assert samples.ledger_of(shuffled).compact() == whole
    parts = samples.ledger_of(shuffled[:cut]).merge(samples.ledger_of(shuffled[cut:]))
    assert parts == whole


@SHARED
@given(st.lists(samples.entries(), max_size=80))
def test_no_count_is_lost_beyond_the_limit(monkeypatch: pytest.MonkeyPatch, counted: list[samples.Entry]) -> None:
    full = told(samples.ledger_of(counted))
    with monkeypatch.context() as patch:
        patch.setattr(module, "KEPT_PER_DAY", 1)
        small = samples.ledger_of(counted).compact()
        assert told(small) == full
        groups = Counter((day, source, signature.operation) for day, source, signature in small.entries)
        assert all(number == 1 for number in groups.values())


def test_a_day_has_a_few_hundred_entries_whatever_comes() -> None:
    (first, *_) = samples.signatures()
    ledger = Ledger()
    for number in range(2 * module._UNSORTED):
        outcomes = f"{number:020b}".replace("0", "k").replace("1", "b") + first.outcomes[20:]
        ledger.add(Signature(first.operation, first.status, outcomes, first.witnesses), "2026-11-20", "recording")
    assert len(ledger.entries) <= 2 * module._UNSORTED
    assert len(ledger.compact().entries) == module.KEPT_PER_DAY
    assert sum(one.number for one in ledger.answers()) == 2 * module._UNSORTED
    assert len(ledger_file.dumps(ledger, core.shipped())) < 200_000


# -- files


def write(ledger: Ledger, path: Path) -> str:
    ledger_file.write(str(path), ledger, core.shipped())
    return str(path)


@pytest.mark.usefixtures("_kept")
@SHARED
@given(ledger=samples.ledgers(), other=samples.ledgers())
def test_a_file_gives_back_the_ledger(tmp_path: Path, ledger: Ledger, other: Ledger) -> None:
    read, notes = ledger_file.load(write(ledger, tmp_path / "one.json"), core.shipped())
    assert (read.entries, read.rest, read.decided) == (ledger.compact().entries, ledger.rest, ledger.decided)
    # Lengths are written with what was counted of their operation.
    counted = {one.operation for one in ledger.answers()} | {one[0].partition("/")[0] for one in ledger.decided}
    assert read.ranges == {key: ends for key, ends in ledger.ranges.items() if key.operation in counted}
    assert notes == []
    second, _ = ledger_file.load(write(other, tmp_path / "two.json"), core.shipped())
    merged = write(ledger.merge(other), tmp_path / "merged.json")
    again = write(second.merge(read), tmp_path / "again.json")
    if not ledger.ranges and not other.ranges:
        assert Path(merged).read_bytes() == Path(again).read_bytes()


@SHARED
@given(samples.ledgers())
def test_a_file_is_as_its_schema_has_it_and_holds_no_value(ledger: Ledger) -> None:
    text = ledger_file.dumps(ledger, core.shipped())
    jsonschema.validate(json.loads(text), ledger_file.schema())
    assert not [canary for canary in samples.CANARIES if canary in text]
    assert text == ledger_file.dumps(ledger.merge(Ledger()), core.shipped())


def full() -> Ledger:
    ledger = samples.ledger_of([("2026-11-20", "plan", one) for one in samples.signatures()])
    ledger.decided[f"{core.STUUT}/rule/moves-on", "k", "plan", "2026-11-20"] += 3
    return ledger


def test_another_version_of_the_contract(tmp_path: Path) -> None:
    """Names decide, not positions; what the contract does not have is left out and said."""
    data = json.loads(ledger_file.dumps(full(), core.shipped()))
    stated = data["operations"][core.STUUT]
    stated["clauses"] = [*reversed(stated["clauses"]), f"{core.STUUT}/rule/of-old"]
    for one in stated["signatures"]:
        one["outcomes"] = one["outcomes"][::-1] + "k"
        one["witnesses"] = one["witnesses"] and [*one["witnesses"], ["null"]]
    for row in stated["histories"]:
        row[2] = len(stated["clauses"]) - 2 - row[2]
    stated["places"]["200"].append("gone")
    stated["places"]["4XX"].append("gone")
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data))
    read, notes = ledger_file.load(str(path), core.shipped())
    assert read == full().compact()
    assert notes == [f"{path}: 1 clause and 1 place of {core.STUUT} not in this contract, left out"]


def test_members_that_the_contract_does_not_list_are_told_by_nobody(tmp_path: Path) -> None:
    text = ledger_file.dumps(full(), core.shipped())
    path = tmp_path / "forged.json"
    path.write_text(text.replace("member:undelivered", "member:quokka"))
    read, _ = ledger_file.load(str(path), core.shipped())
    again = ledger_file.dumps(read, core.shipped())
    assert "quokka" not in again
    assert "undelivered" not in again.partition('"signatures"')[2]
    assert again.count('"other"') > text.count('"other"')


FORGED: list[tuple[str | None, str, dict[str, object] | None]] = [
    ("{", "this is no ledger", None),
    ("[]", "this is no ledger", None),
    ('{"smscontract": "exchanges", "version": 1}', "this is no ledger", None),
    ('{"smscontract": "ledger", "version": 2, "operations": {}}', "in a version that we do not read", None),
    ('{"smscontract": "ledger", "version": 1}', "`` is not as the form has it", None),
    (None, "is not as the form has it", {"counts": [["2026-11-20", "elsewhere", 0, 1]]}),
    (None, "is not as the form has it", {"counts": [["yesterday", "plan", 0, 1]]}),
    (None, "is not as the form has it", {"counts": [["2026-11-20", "plan", 0, 0]]}),
    (None, "is not as the form has it", {"counts": [["2026-11-20", "plan", 0, True]]}),
    (None, "refers to number 99999 of", {"counts": [["2026-11-20", "plan", 99999, 1]]}),
    (None, "refers to number 99999 of", {"histories": [["2026-11-20", "plan", 99999, "k", 1]]}),
    (None, "refers to number", {"signatures": [{"status": 200, "outcomes": "kk", "witnesses": []}]}),
    (None, "refers to number", {"clauses": []}),
    (None, "refers to number", {"places": {"200": [""]}}),
]


@pytest.mark.parametrize(("text", "message", "changes"), FORGED)
def test_what_is_no_ledger_is_refused(
    tmp_path: Path, text: str | None, message: str, changes: dict[str, object] | None
) -> None:
    path = tmp_path / "forged.json"
    if text is None:
        data = json.loads(ledger_file.dumps(full(), core.shipped()))
        data["operations"][core.STUUT].update(changes or {})
        text = json.dumps(data)
    path.write_text(text)
    with pytest.raises(UnusableInput) as error:
        ledger_file.load(str(path), core.shipped())
    assert message in error.value.message
    assert error.value.file == str(path)


def test_an_operation_of_nobody_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(ledger_file.dumps(full(), core.shipped()).replace(core.STUUT, "acme.send-text"))
    with pytest.raises(
        UnusableInput, match=r"counts `acme\.send-text`, which is in no contract here\n  help  name its contract"
    ):
        ledger_file.load(str(path), core.shipped())


def test_where_a_ledger_cannot_go(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "ledger.json"):
        with pytest.raises(UsageError):
            ledger_file.check_destination(str(path))
    with pytest.raises(UnusableInput, match="cannot be read"):
        ledger_file.load(str(tmp_path / "missing.json"), core.shipped())
    assert not ledger_file.is_ledger(str(tmp_path))
    assert not ledger_file.is_ledger(str(tmp_path / "missing.json"))
    assert ledger_file.is_ledger(write(full(), tmp_path / "ledger.json"))
