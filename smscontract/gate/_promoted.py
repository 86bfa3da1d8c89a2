"""`--promote DIR`: what fuzzing found is kept as a recording, and sent again by later runs before anything else.

One file for each finding, in the form of `--record` and masked like it; in answers stand-ins are where values of others were. A
file that is there is never changed, so that the same contract, target, seed and files make the same requests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from smscontract.curl import Histories
from smscontract.documents import Operation
from smscontract.errors import UnusableInput
from smscontract.exchange import Auth, Exchange, Headers, Part
from smscontract.findings import FindingGroup, Problem
from smscontract.gate._recording import hiding
from smscontract.judge import Judge
from smscontract.plain import printable
from smscontract.plan import Plan
from smscontract.probes.base import Case, Kit
from smscontract.probes.states import is_spendable
from smscontract.recordings import jsonl, read
from smscontract.resources import Entry
from smscontract.standins import stand_in

__all__ = ["PromotedFiles", "fingerprint", "keep"]

#: Header fields that every request gets from the transport.
_OWN = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"})
_CREDENTIALS = {Auth.ABSENT: "absent", Auth.WRONG: "garbage"}


class _UnfitError(Exception):
    """A file that cannot be sent again; the text says why."""


class PromotedFiles:
    """The files of a folder, in order of name.

    Args:
        folder: `None` for no files at all; one that does not exist yet has none.

    Raises:
        UnusableInput: it is there and no folder.
    """

    def __init__(self, folder: str | None) -> None:
        self._files: list[tuple[str, list[Exchange], str]] = []
        #: what could not be read at all, one sentence each
        self.notes: list[str] = []
        path = Path(folder) if folder is not None else None
        if path is None or not path.exists():
            return
        if not path.is_dir():
            raise UnusableInput("what was promoted is kept in a folder", file=str(path), hint="--promote names a folder")
        for file in sorted(path.glob("*.jsonl")):
            try:
                found = list(read([str(file)]))
            except UnusableInput as error:
                self.notes.append(_note(file.name, error.message))
                continue
            problems = [one.message for one in found if isinstance(one, Problem)]
            exchanges = [one for one in found if isinstance(one, Exchange)]
            if problems or not exchanges:
                self.notes.append(_note(file.name, next(iter(problems), "holds no exchange")))
            else:
                self._files.append((file.name, exchanges, exchanges[-1].operation or ""))

    def unclaimed(self, providers: Iterable[str], operations: Iterable[str]) -> list[str]:
        """What to say of files whose provider is probed and whose operation is not there any more."""
        known, there = set(providers), set(operations)
        return [
            _note(name, f"`{printable(operation)}` is no operation of the contract any more")
            for name, _, operation in self._files
            if operation.partition(".")[0] in known and operation not in there
        ]

    def cases(self, kit: Kit, plan: Plan) -> tuple[list[Case], list[str]]:
        """The requests of one operation's files for the target at hand, and what to say of files that do not fit any more."""
        chooser = _Chooser(kit, plan)
        cases: list[Case] = []
        notes: list[str] = []
        for name, exchanges, operation in self._files:
            if operation != kit.operation.key:
                continue
            try:
                cases += chooser.cases(name.removesuffix(".jsonl"), exchanges)
            except _UnfitError as error:
                notes.append(_note(name, str(error)))
        return cases, notes


def _note(name: str, reason: str) -> str:
    return f"promoted `{printable(name)}` was not sent: {reason}"


class _Chooser:
    """Puts what the present target has in the place of what was there when a file was written."""

    def __init__(self, kit: Kit, plan: Plan) -> None:
        self._kit = kit
        planned = {(name, entry.value) for case in plan.cases for name, entry in case.entries.items()}
        self._free: dict[str, list[Entry]] = {}
        for name in kit.resources.parameters():
            listed = kit.resources.entries(name)[::-1]  # from the end, where fuzzing comes last
            needed = [one for one in listed if (one.parameter, one.value) in planned]
            self._free[name] = [one for one in listed if one not in needed] + needed
        self._used: set[tuple[str, str]] = set()

    def cases(self, name: str, exchanges: Sequence[Exchange]) -> list[Case]:
        chosen: dict[tuple[str, str], Entry] = {}
        taken: list[Entry] = []
        found = []
        for index, exchange in enumerate(exchanges):
            operation = self._kit.operation
            parameters = operation.match(exchange.request.method, exchange.request.url)
            if exchange.operation != operation.key or parameters is None:
                raise _UnfitError("its request is none of the operation any more")
            for parameter, value in parameters.items():
                if (parameter, value) not in chosen:
                    chosen[parameter, value] = entry = self._entry(parameter, value, exchange.known.get(parameter, {}), taken)
                    taken.append(entry)
            found.append(
                Case(
                    name=f"promoted {name}" + (f" {index + 1}" if len(exchanges) > 1 else ""),
                    aims=(),
                    body=self._body(exchange),
                    headers=_headers(exchange, operation),
                    entries={parameter: chosen[parameter, value] for parameter, value in parameters.items()},
                    query=_query(exchange, operation),
                    credential=_CREDENTIALS.get(exchange.auth or Auth.GOOD, "good"),
                    # A second request of one file names on purpose what the first one used up.
                    spends=index == 0,
                    repeats=index > 0,
                    promoted=True,
                )
            )
        self._used |= {(one.parameter, one.value) for one in taken if is_spendable(self._kit.operation, one.parameter, one)}
        return found

    def _entry(self, parameter: str, value: str, known: Mapping[str, Any], taken: Sequence[Entry]) -> Entry:
        """What stands for a value of the path: something of the same label, which nobody else has used or will use first."""
        label, state = str(known.get("label", "")), str(known.get("state", ""))
        if not label or label not in self._labels(parameter, label, state):
            return Entry(parameter, "unlisted", value)
        busy = self._used | {(one.parameter, one.value) for one in taken}
        listed = self._free.get(parameter, [])
        for wanted in (label, state):
            for one in listed:
                if wanted in (one.label, one.state) and (one.parameter, one.value) not in busy:
                    return one
        raise _UnfitError(f"the target has no unused `{printable(state or label)}` for `{parameter}`")

    def _labels(self, parameter: str, label: str, state: str) -> set[str]:
        """The label, if it says that something is there: in the contract's states, or in the resources."""
        known = {*self._kit.operation.states.get(parameter, {}), *self._kit.resources.labels(parameter)}
        there = label in known or state in known or bool(self._kit.resources.entries(parameter, state))
        return {label} if there else set()

    def _body(self, exchange: Exchange) -> bytes:
        """The body with the numbers that the present account has; else byte for byte as it was."""
        body = exchange.request.body or b""
        try:
            value = json.loads(body) if body else None
        except (ValueError, RecursionError):
            return body
        for name in self._kit.phones:
            old = value.get(name) if isinstance(value, dict) else None
            label = exchange.known.get(name, {}).get("label")
            if not isinstance(old, str) or label is None:
                continue
            listed = self._kit.resources.entries(name, str(label))
            if not listed:
                raise _UnfitError(f"the resources have no `{printable(str(label))}` for `{name}`")
            if not any(one.value == old for one in listed):
                body = body.replace(old.encode(), listed[0].value.encode())
        return body


def _headers(exchange: Exchange, operation: Operation) -> Headers:
    security = operation.security
    hidden = _OWN | ({security.name} if security is not None and security.where == "header" else set())
    return tuple((name, value) for name, value in exchange.request.headers or () if name not in hidden)


def _query(exchange: Exchange, operation: Operation) -> str:
    security = operation.security
    hidden = f"{security.name}=" if security is not None and security.where == "query" else None
    pairs = urlsplit(exchange.request.url).query.split("&")
    return "&".join(one for one in pairs if one and (hidden is None or not one.startswith(hidden)))


def fingerprint(one: FindingGroup) -> str:
    """Names a finding: the same clause at the same place is the same finding, whatever the request was."""
    return hashlib.sha256(f"{one.clause}\n{one.part}\n{one.pointer}".encode()).hexdigest()[:12]


def _without_others(judge: Judge, exchange: Exchange) -> Exchange:
    """The exchange as it was sent, and its answer with stand-ins for the numbers and texts of others: the file is there to be
    shared, and what is sent again is the request."""
    if exchange.response is None:
        return exchange
    ours = set(_texts([*exchange.known.values(), _json(exchange.request.body)]))
    made = stand_in(judge, exchange, ours)
    if made is None or made.response is None:
        missing = {Part.RESPONSE_HEADERS: "scrubbed", Part.RESPONSE_BODY: "scrubbed"}
        return replace(exchange, response=replace(exchange.response, headers=None, body=None), missing=missing)
    parts = (Part.RESPONSE_HEADERS, Part.RESPONSE_BODY)
    missing = {part: why for part, why in made.missing.items() if part in parts}
    return replace(exchange, response=made.response, missing={**exchange.missing, **missing})


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def keep(
    folder: str,
    findings: Sequence[FindingGroup],
    shown_by: Callable[[FindingGroup], Exchange | None],
    histories: Histories,
    tokens: Iterable[str],
) -> None:
    """Writes what fuzzing found to the folder, one file for each finding that has none yet.

    Args:
        shown_by: the exchange that shows a finding best.
        histories: finds the exchanges that it rests on.
        tokens: the credentials of the run, which are replaced.

    Raises:
        UnusableInput: a file cannot be written.
    """
    hide = hiding(tokens)
    for one in findings:
        exchange = shown_by(one)
        if one.first.origin.source != "fuzz" or exchange is None:
            continue
        path = Path(folder, f"{exchange.operation}-{fingerprint(one)}.jsonl")
        if path.exists():
            continue
        # Not the whole of a run: nobody may conclude from what is missing in it.
        lines = [jsonl.header("promoted", clause=one.clause)]
        lines += [hide(_without_others(histories.judge, part)) for part in histories.shortest(exchange, one.clause)]
        _write(path, b"".join(lines))


def _write(path: Path, content: bytes) -> None:
    """A file that is there is whole."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnusableInput(
            f"what was found cannot be kept: {reason}", file=str(path), hint="--promote names a folder that can be written to"
        ) from None
