"""What tests of the judge share: catalogues, exchanges made in one line, and any exchange at all."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.clauses.mutate import dumped, with_response, with_response_body
from smscontract.examples import base_exchange
from smscontract.exchange import Auth, Exchange, Failure, Headers, Origin, OriginKind, Part, Request, Response, Role, Wire
from smscontract.findings import Finding
from smscontract.judge import Judge
from smscontract.mask import Masker

DATA = Path(__file__).parent / "data"
PARCEL = DATA / "parcel.yaml"
STUUT, BLAND = "stuut.send-sms", "bland.create-sms"


@cache
def shipped() -> Catalogue:
    return load_catalogue()


@cache
def judge() -> Judge:
    return Judge(shipped(), Masker(b"key of the tests"))


@cache
def parcel_judge() -> Judge:
    return Judge(load_catalogue([str(PARCEL)]), Masker(b"key of the tests"))


def made(operation: str, *, step: int = 0, judge_: Judge | None = None, **changes: Any) -> Exchange:
    """A good exchange of an operation with some of it changed.

    Args:
        step: position in a history: a minute, a request number.
        changes: `answer` and `sent` are laid over the members of the bodies (`...` takes one away); `status`, `body` (bytes),
            `headers` of the answer; anything else is a field of `Exchange`.
    """
    chosen = (judge_ or judge()).catalogue.operations[operation]
    answer, sent = changes.pop("answer", None), changes.pop("sent", None)
    if sent is not None and chosen.body is not None:
        least = min(chosen.body.examples.values(), key=lambda one: len(str(one)))
        sent = over(least, sent)
    exchange = base_exchange(chosen, sent=sent, step=step)
    status, body, headers = changes.pop("status", None), changes.pop("body", None), changes.pop("headers", None)
    if answer is not None:
        now = json.loads(exchange.response.body or b"null") if exchange.response is not None else {}
        exchange = with_response_body(exchange, over(now, answer) if isinstance(answer, dict) and body is None else answer)
    if status is not None or body is not None or headers is not None:
        exchange = with_response(exchange, status=status, body=body, headers=headers)
    return dataclasses.replace(exchange, **changes)


def refused(operation: str, status: int = 400, body: Any = None, **changes: Any) -> Exchange:
    """A good request that was refused."""
    plain = {"detail": "no"} if operation == STUUT else {"data": None, "errors": [{"error": "NO", "message": "no"}]}
    return made(operation, status=status, body=dumped(plain if body is None else body), **changes)


def over(value: Any, changes: Mapping[str, Any]) -> Any:
    result = dict(value)
    for name, one in changes.items():
        if one is ...:
            result.pop(name, None)
        else:
            result[name] = over(result[name], one) if isinstance(one, dict) and isinstance(result.get(name), dict) else one
    return result


def found(exchanges: Exchange | Iterable[Exchange], judge_: Judge | None = None, *, holes: bool = False) -> list[Finding]:
    """Everything that one exchange, or a history, breaks."""
    chosen = judge_ or judge()
    judgements = [chosen.judge(one) for one in ([exchanges] if isinstance(exchanges, Exchange) else exchanges)]
    reduced = chosen.reduce([fact for one in judgements for fact in one.facts], holes=holes)
    return [*(finding for one in judgements for finding in one.findings), *reduced.findings]


def broken(exchanges: Exchange | Iterable[Exchange], judge_: Judge | None = None, *, holes: bool = False) -> list[str]:
    """The ids of the clauses that are broken, without the operation, sorted; one for each finding."""
    return sorted(one.clause.partition("/")[2] for one in found(exchanges, judge_, holes=holes))


def reasons(exchange: Exchange, clause: str, judge_: Judge | None = None) -> set[str]:
    """Why a clause was not judged."""
    return {one.reason for one in (judge_ or judge()).judge(exchange).not_judged if one.clause.endswith(clause)}


# -- any exchange at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.none() | st.floats(0, 4e9) | st.sampled_from([0.0, -1.0, 1e300, float("nan"), float("inf"), -float("inf")])


@st.composite
def _headers(draw: st.DrawFn) -> Headers | None:
    names = st.sampled_from(["content-type", "content-length", "authorization", "x", "", "content-encoding"])
    odd = st.sampled_from(
        [
            "application/json",
            "application/json; charset=latin-1",
            "text/html",
            "application/",
            ";",
            "12",
            "-1",
            "Bearer x",
            "é\x00",
        ]
    )
    return draw(st.none() | st.lists(st.tuples(names, odd | st.text(max_size=9)), max_size=4).map(tuple))


@st.composite
def bodies(draw: st.DrawFn, operation: str, *, request: bool) -> bytes | None:
    """A body: none, any bytes, any JSON, or an example of the operation with a member or some bytes changed."""
    chosen = shipped().operations[operation]
    if request:
        samples = list(chosen.body.examples.values()) if chosen.body is not None else [{}]
    else:
        samples = [value for answer in chosen.responses.values() for value in answer.examples.values()]
    kind = draw(st.sampled_from(["none", "bytes", "json", "member", "spliced", "good"]))
    if kind == "none":
        return draw(st.sampled_from([None, b""]))
    if kind == "bytes":
        return draw(st.binary(max_size=40))
    if kind == "json":
        return dumped(draw(JSON))
    good = draw(st.sampled_from(samples))
    if kind == "member" and isinstance(good, dict) and good:
        name = draw(st.sampled_from(sorted(good)))
        return dumped({**good, name: draw(JSON)})
    raw = dumped(good)
    if kind == "spliced":
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 9)))
        return raw[:start] + draw(st.binary(max_size=6)) + raw[end:]
    return raw


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Any exchange, many of them nearly good."""
    operation = draw(st.sampled_from([STUUT, BLAND]))
    base = base_exchange(shipped().operations[operation], step=draw(st.integers(0, 5)))
    url = base.request.url if draw(st.booleans()) else draw(st.text(max_size=30) | st.just("https://[::1/v1/sms/create"))
    response = None
    if draw(st.integers(0, 9)):
        response = Response(
            status=draw(st.sampled_from([200, 201, 302, 400, 401, 404, 422, 429, 500, 503]) | st.integers(-1, 99999)),
            headers=draw(_headers()),
            body=draw(bodies(operation, request=False)),
        )
    labels = st.sampled_from(["draft", "inbound", "missing", "owned", "foreign", "", "x"])
    known = st.dictionaries(
        st.sampled_from(["sms_id", "agent_number", "x"]),
        st.dictionaries(st.sampled_from(["label", "state", "body", "to_number"]), labels | JSON, max_size=3),
        max_size=2,
    )
    return Exchange(
        request=Request(
            method=draw(st.sampled_from(["POST", "post", "GET", "", "é"])),
            url=url,
            headers=draw(_headers()) if draw(st.booleans()) else base.request.headers,
            body=draw(bodies(operation, request=True)),
        ),
        response=response,
        origin=Origin(kind=OriginKind.FILE, file="x.jsonl", line=draw(st.integers(1, 10**6))),
        failure=draw(st.sampled_from([None, *Failure])) if response is not None else draw(st.sampled_from(Failure)),
        sent_at=draw(TIMES),
        received_at=draw(TIMES),
        auth=draw(st.sampled_from([None, *Auth])),
        known=draw(known),
        role=draw(st.sampled_from(Role)),
        wire=draw(st.sampled_from(Wire)),
        missing=dict.fromkeys(draw(st.lists(st.sampled_from(Part), max_size=2)), "scrubbed"),
        own_record=draw(st.booleans()),
        operation=draw(st.sampled_from([None, operation, "nobody.knows"])),
        path_parameters=draw(st.sampled_from([None, {}, {"sms_id": "sms_1"}])),
    )
