"""Reports to render: one that has something in every section, with a baseline too, and with any text in every place."""

from __future__ import annotations

from dataclasses import replace

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

NOON = 1_777_809_600.0  # 2026-05-03T12:00:00Z
DAY = 86_400.0


def entry(number: int, time: float | None = NOON, file: str = "2026-05.har") -> Where:
    return Where(origin=Origin(kind=OriginKind.FILE, file=file, entry=number), time=time)


DELIVERED = FindingGroup(
    clause="stuut.send-sms/rule/delivered-has-time",
    level=Level.SHOULD,
    says="a delivered message says when it was delivered",
    message="the message is `delivered` but carries no delivery time",
    pointer="/delivered_at",
    part="response body",
    expected="a date-time, because /status is `delivered`",
    got="null",
    count=3,
    first=entry(31),
    last=entry(77, NOON + 60),
    where=(entry(31), entry(40, None), entry(77, NOON + 60)),
    fails=False,
    file="contracts/stuut.yaml",
    line=41,
    again="smscontract validate 2026-05.har --select stuut.send-sms/rule/delivered-has-time",
    note="3 of 9 answers",
)

STATUS = FindingGroup(
    clause="stuut.send-sms/200/status:enum",
    level=Level.MUST,
    says="`status` is one of the six listed members",
    message="`queued` is no member",
    pointer="/status",
    part="response body",
    expected="one of draft, pending, sent, delivered, undelivered, failed",
    got='"queued"',
    count=1,
    first=entry(12),
    last=entry(12),
    where=(entry(12),),
    fails=True,
    source="page",
    quote="The status of the message.",
    file="openapi/stuut.yaml",
    line=120,
    again="smscontract validate 2026-05.har --select stuut.send-sms/200/status:enum",
    curl="""curl -sS -X POST https://api.example.test/v2/send -H "Authorization: Bearer $TOKEN" --data-raw '{"a": 1}'""",
    asked='POST https://api.example.test/v2/send\ncontent-type: application/json\n\n{\n  "a": 1\n}',
    answered='200\ncontent-type: application/json\n\n{\n  "status": "queued"\n}',
)


def _row(one: FindingGroup) -> ClauseRow:
    return ClauseRow(
        clause=one.clause,
        operation=one.clause.partition("/")[0],
        family="enum",
        level=one.level,
        says=one.says,
        source=one.source,
        quote=one.quote,
        file=one.file,
        line=one.line,
    )


FULL = Report(
    verdict=Verdict.BROKEN,
    exit_code=1,
    causes=("1 clause broken: `stuut.send-sms/200/status:enum`", "1 part of the input could not be read"),
    exchanges=57,
    requests=None,
    findings=(DELIVERED, STATUS),
    new=(
        NewGroup(place="stuut.send-sms/200/segments", kind=NewKind.FIELD, count=42, first=entry(0, None)),
        NewGroup(place="bland.create-sms/201", kind=NewKind.STATUS, count=1, first=entry(3)),
    ),
    not_judged=(
        *(
            NotJudgedGroup(clause=f"bland.create-sms/rule/history-{number}", reason="whole history unknown", count=3)
            for number in range(5)
        ),
        NotJudgedGroup(
            clause="bland.create-sms/auth/key-needed", reason="scrubbed", count=2, hint="record the header's presence"
        ),
    ),
    operations=(
        OperationSummary(
            operation="stuut.send-sms",
            exchanges=42,
            kept=31,
            broken=2,
            not_judged=0,
            new=1,
            newest=NOON + 60,
            plan="0123456789abcdef",
            latency=(0, 0, 3, 20, 15, 2, 1, 0, 1, 0, 0, 0),
        ),
        OperationSummary(operation="bland.create-sms", exchanges=3, kept=5, broken=0, not_judged=6, new=1),
    ),
    problems=(
        Problem(message="this is no JSON: it ends at column 881", file="x.jsonl", line=3, hint="write one object a line"),
    ),
    unmatched=(Unmatched(shape="GET /v1/sms/conversations/{}", count=12),),
    judged_clauses=38,
    kept=("stuut.send-sms/200/id:required", "bland.create-sms/2XX/data:required"),
    now=NOON + 3 * DAY + 3600,
    command="validate",
    labels=(("branch", "main"), ("run", "17")),
    contracts=(
        ContractStamp(provider="stuut", version="v2", digest="00112233445566aa"),
        ContractStamp(provider="bland", version="v1", digest="aa00112233445566"),
    ),
    clauses=(
        _row(STATUS),
        _row(DELIVERED),
        ClauseRow(
            clause="stuut.send-sms/200/id:required",
            operation="stuut.send-sms",
            family="presence",
            level=Level.MUST,
            says="`id` is there",
            source="page",
            quote="The unique identifier.",
            file="openapi/stuut.yaml",
            line=88,
        ),
        ClauseRow(
            clause="bland.create-sms/auth/key-needed",
            operation="bland.create-sms",
            family="auth",
            level=Level.SHOULD,
            says="without a key nothing is accepted",
            source="sibling",
            file="contracts/bland.yaml",
            line=30,
        ),
    ),
)

#: The same with a baseline that accepts one finding and lists one that is no more, and compared with another run.
KNOWN = replace(
    FULL,
    findings=(replace(DELIVERED, known="they know, team SMS, until 2027-01-31"), STATUS),
    known=(
        KnownRow(
            fingerprint=DELIVERED.fingerprint,
            status="known",
            reason="they know",
            owner="team SMS",
            expires="2027-01-31",
            file="baseline.toml",
            line=3,
        ),
        KnownRow(
            fingerprint="stuut.send-sms/200/body:null /body",
            status="gone",
            reason="",
            owner="",
            expires="",
            file="baseline.toml",
            line=9,
        ),
    ),
    against="yesterday.jsonl",
    changes=(
        ChangedRow(
            place="stuut.send-sms/200/modified_at", before="null", after="value", count=4, case="send a draft", request=7
        ),
    ),
)

EMPTY = Report(
    verdict=Verdict.CANNOT_TELL,
    exit_code=3,
    causes=("nothing was judged: there was no exchange",),
    exchanges=0,
    requests=None,
    findings=(),
    new=(),
    not_judged=(),
)

#: What a provider, a file name or a recorder may put into a text to act on a terminal, a log or a parser.
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07",
    "line\nverdict: kept\r\n::error::forged",
    "[bold]markup[/bold] :smile:",
    "</failure>]]><testcase name='forged'/>&amp;\x00\ufffe\uffff",
    "\u202eevil\u2066\u200b\u2028\u0085\x9b2J",
    "lone \ud800 and \udcff",
    "::error::forged",
    "%0A::error title=x::forged%0D, a: b, 100%",
    "word " * 20 + "::error::forged",
    "```\n# forged\n~~~ `` ` ``` | cell | [a](javascript:x) ![b](//x) <b>bold</b> **bold** https://evil.test @x #1 www.x.test",
    "Grüße 😀 שלום",
    "",
)


def with_text(text: str) -> Report:
    """The full report with one text in every place that others write."""
    finding = replace(
        STATUS,
        says=text,
        message=text,
        pointer="/" + text.replace("~", "~0").replace("/", "~1"),
        expected=text,
        got=text,
        quote=text,
        again=text,
        note=text,
        curl=text,
        asked=text,
        answered=text,
        first=entry(0, file=text),
    )
    return replace(
        FULL,
        causes=(text or "x",),
        findings=(finding,),
        new=(NewGroup(place=text or "x", kind=NewKind.MEMBER, count=1, first=entry(0, file=text)),),
        not_judged=(NotJudgedGroup(clause=text or "x", reason=text or "x", count=1, hint=text),),
        problems=(Problem(message=text or "x", file=text, entry=0, hint=text),),
        unmatched=(Unmatched(shape=text, count=1),),
        labels=(("text", text),),
        known=(
            KnownRow(
                fingerprint=f"{finding.clause} {text}",
                status="gone",
                reason=text,
                owner=text,
                expires="",
                file=text or "x",
                line=1,
            ),
        ),
        against=text or "x",
        changes=(ChangedRow(place=text or "x", before=text, after=text, count=1, case=text, request=1),),
        clauses=(replace(_row(finding), clause=text or "x"),),
    )
