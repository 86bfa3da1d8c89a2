"""Any report at all, with hostile text in every place."""

from __future__ import annotations

from hypothesis import strategies as st

from smscontract.exchange import Origin, OriginKind
from smscontract.findings import (
    ChangedRow,
    ClauseRow,
    ContractStamp,
    FindingGroup,
    KnownRow,
    Level,
    NewGroup,
    NewKind,
    NotJudgedGroup,
    OperationSummary,
    Problem,
    Report,
    Unmatched,
    Verdict,
    Where,
)
from tests.reports.samples import HOSTILE

texts = st.sampled_from(HOSTILE) | st.text(max_size=8)
words = texts.map(lambda text: text or "x")
counts = st.integers(min_value=1, max_value=10**12)
times = st.none() | st.floats()
origins = st.one_of(
    st.builds(Origin, kind=st.just(OriginKind.FILE), file=texts, entry=st.integers(0, 10**9)),
    st.builds(Origin, kind=st.just(OriginKind.FILE), file=texts, line=st.integers(1, 10**9)),
    st.builds(Origin, kind=st.just(OriginKind.LIVE), case=st.none() | texts, request=st.none() | st.integers(1, 10**6)),
)
wheres = st.builds(Where, origin=origins, time=times)
pointers = st.lists(texts.map(lambda text: text.replace("~", "~0").replace("/", "~1")), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
groups = st.builds(
    FindingGroup,
    clause=words,
    level=st.sampled_from(Level),
    says=texts,
    message=texts,
    pointer=pointers,
    part=texts,
    expected=texts,
    got=texts,
    count=counts,
    first=wheres,
    last=wheres,
    where=st.lists(wheres, max_size=3).map(tuple),
    fails=st.booleans(),
    source=texts,
    quote=texts,
    file=texts,
    line=st.integers(0, 10**6),
    again=texts,
    curl=texts,
    note=texts,
    asked=texts,
    answered=texts,
    known=texts,
)
known = st.builds(
    KnownRow,
    fingerprint=words,
    status=st.sampled_from(["known", "expired", "gone", "not-judged"]),
    reason=texts,
    owner=texts,
    expires=st.just("") | st.just("2027-01-31"),
    file=words,
    line=st.integers(1, 10**6),
)
changes = st.builds(
    ChangedRow, place=words, before=texts, after=texts, count=counts, case=texts, request=st.none() | st.integers(1, 9)
)
stamps = st.builds(ContractStamp, provider=words, version=texts, digest=texts)
rows = st.builds(
    ClauseRow,
    clause=words,
    operation=words,
    family=texts,
    level=st.sampled_from(Level),
    says=texts,
    source=texts,
    quote=texts,
    file=texts,
    line=st.integers(0, 10**6),
)
reports = st.builds(
    Report,
    version=st.just(1),
    verdict=st.sampled_from(Verdict),
    exit_code=st.sampled_from([0, 1, 2, 3, 4, 130]),
    causes=st.lists(words, max_size=2).map(tuple),
    exchanges=st.integers(0, 10**12),
    requests=st.none() | st.integers(0, 10**6),
    findings=st.lists(groups, max_size=3).map(tuple),
    new=st.lists(st.builds(NewGroup, place=words, kind=st.sampled_from(NewKind), count=counts, first=wheres), max_size=2).map(
        tuple
    ),
    not_judged=st.lists(st.builds(NotJudgedGroup, clause=words, reason=words, count=counts, hint=texts), max_size=3).map(tuple),
    operations=st.lists(
        st.builds(
            OperationSummary,
            operation=words,
            exchanges=counts,
            kept=counts,
            broken=counts,
            not_judged=counts,
            new=counts,
            newest=times,
            plan=texts,
            latency=st.just(()) | st.tuples(*[st.integers(0, 10**9)] * 12),
        ),
        max_size=2,
    ).map(tuple),
    problems=st.lists(
        st.builds(
            Problem,
            message=words,
            file=texts,
            line=st.none() | st.integers(1, 10**6),
            entry=st.none() | st.integers(0, 10**6),
            hint=texts,
        ),
        max_size=2,
    ).map(tuple),
    unmatched=st.lists(st.builds(Unmatched, shape=texts, count=counts), max_size=2).map(tuple),
    judged_clauses=st.integers(0, 10**6),
    kept=st.lists(words, max_size=3).map(tuple),
    now=st.floats(allow_nan=False, allow_infinity=False),
    command=texts,
    labels=st.lists(st.tuples(words, texts), max_size=2).map(tuple),
    contracts=st.lists(stamps, max_size=2).map(tuple),
    clauses=st.lists(rows, max_size=3).map(tuple),
    known=st.lists(known, max_size=2).map(tuple),
    against=texts,
    changes=st.lists(changes, max_size=2).map(tuple),
    extra=st.just({}),
)
