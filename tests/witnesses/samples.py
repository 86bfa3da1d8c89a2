"""Ledgers of real signatures: every exchange of the shipped examples, and many that are broken, judged once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from hypothesis import strategies as st

from smscontract.exchange import Exchange
from smscontract.judge import Signature
from smscontract.ledger import SOURCES, Day, Ledger, RangeKey
from tests import core

#: What stands in every answer that is made here, and in no contract.
CANARIES = ("quokka", "14155550142", "wombat-77")

DAYS: tuple[Day, ...] = ("2026-11-20", "2026-11-21", None)

#: One counted exchange.
Entry = tuple[Day, str, Signature]


def message(**answer: object) -> Exchange:
    """An answer of the first operation that holds canaries."""
    given = {"body": f"{CANARIES[0]} text", "to_number": f"+{CANARIES[1]}", "id": CANARIES[2], **answer}
    return core.made(core.STUUT, answer=given)


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Exchanges with many signatures: kept and broken, success and refusal, without body and without answer."""
    found = [message(status=status) for status in ("draft", "pending", "sent", "delivered", "failed", "undelivered", "quokka")]
    odd: list[object] = [None, ..., "wombat-77", True, False, 14155550142, [], {}]
    for name in ("modified_at", "sms_thread_id", "error_message", "status", "body", "is_automated"):
        found += [message(**{name: value}) for value in odd]
    found += [core.refused(core.STUUT, status) for status in (400, 401, 404, 422)]
    found += [core.refused(core.BLAND, status) for status in (400, 401, 422)]
    found += [core.made(core.BLAND), core.made(core.BLAND, status=201), core.made(core.STUUT, status=202)]
    found += [core.made(core.STUUT, body=b"quokka{"), core.made(core.STUUT, body=b"")]
    return tuple(found)


@cache
def signatures() -> tuple[Signature, ...]:
    """The different signatures of those exchanges, in a fixed order."""
    judged = [core.judge().judge(one).signature for one in exchanges()]
    return tuple(dict.fromkeys(one for one in judged if one is not None))


def entries() -> st.SearchStrategy[Entry]:
    return st.tuples(st.sampled_from(DAYS), st.sampled_from(SOURCES), st.sampled_from(signatures()))


_RANGES = st.dictionaries(
    st.sampled_from([RangeKey(core.STUUT, "200", "body", "length"), RangeKey(core.STUUT, "200", "classifications", "length")]),
    st.integers(0, 2000),
)
_CLAUSES = st.sampled_from([f"{core.STUUT}/rule/moves-on", f"{core.BLAND}/rule/new-is-new"])
_DECIDED = st.lists(st.tuples(_CLAUSES, st.sampled_from("kbs"), st.sampled_from(SOURCES), st.sampled_from(DAYS)), max_size=4)


def ledger_of(counted: Iterable[Entry]) -> Ledger:
    ledger = Ledger()
    for day, source, signature in counted:
        ledger.add(signature, day, source)
    return ledger


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    ledger = ledger_of(draw(st.lists(entries(), max_size=30)))
    for decided in draw(_DECIDED):
        ledger.decided[decided] += 1
    for key, value in draw(_RANGES).items():
        ledger.stretch(key, value)
    return ledger
