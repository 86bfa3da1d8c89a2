"""The journal of a run: what is about to be sent is on the disk before it goes, and what came back right after.

A run that was killed is finished from it: the same plan is made again, and every request that stands here is answered from
here. What was sent and not answered stays so; nobody knows what became of it, and it is not sent again.

    {"smscontract": "journal", "version": 3, "run": "1f0c...", "settings": {...}, "resources": "..."}
    {"sending": "9d41...", "operation": "acme.send", "texts": [0, 2]}     now and later, at most
    {"answered": "9d41...", "texts": [0, 0]}                               those that count
    {"sealed": "..."}                                        the exchange as `--record` writes it

To finish a run its answers are needed whole: they are judged in one report with those that follow, later requests take ids from
them, and what they say decides what is sent next. So nothing of them can be masked, and exchanges and resources are sealed
instead (credentials are replaced as in a recording before that). Requests go by names that say nothing of them. The key lies in
a file beside the journal, both are readable by the user alone, and it goes with the run.
"""

from __future__ import annotations

import io
import json
import os
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from smscontract.errors import UnusableInput
from smscontract.exchange import Exchange, Origin, OriginKind
from smscontract.gate._recording import hiding
from smscontract.gate._sealed import Seal, key_file
from smscontract.recordings import jsonl, read
from smscontract.resources import Resources
from smscontract.transport import Outgoing

__all__ = ["Journal", "Past", "read_journal"]

VERSION = 3
_NAME = "journal"


@dataclass(slots=True)
class Past:
    """What an earlier run did, as its journal tells.

    Attributes:
        run: its identity.
        settings: what it was asked to do.
        resources: what existed on the target.
        seal: opens what is sealed in it.
        answered: by request what came back, in order; `None` for a request that nobody saw the answer of.
        ended: whether it finished by itself.
        unanswered: how many of its requests nobody saw the answer of.
        texts: that its requests caused at most, now and later.
    """

    file: str
    run: str
    settings: Mapping[str, Any]
    resources: Mapping[str, Any]
    seal: Seal
    answered: dict[str, deque[Exchange | None]] = field(default_factory=lambda: defaultdict(deque))
    ended: bool = False
    unanswered: int = 0
    texts: list[int] = field(default_factory=lambda: [0, 0])

    def take(self, together: Sequence[Outgoing]) -> list[Exchange | None] | None:
        """What came back to these requests, each taken once; `None` if the first of them was never sent."""
        first = self.answered.get(_key(together[0], self.seal))
        if not first:
            return None
        return [mine.popleft() if (mine := self.answered.get(_key(one, self.seal))) else None for one in together]

    def rest(self) -> list[Exchange | None]:
        """What nobody took."""
        return [one for mine in self.answered.values() for one in mine]


class Journal:
    """Writes the journal of one run. Safe to share between threads.

    Args:
        path: the file; an earlier one is carried on if `past` is its content, and else replaced.
        secrets: what may not stand in it.

    Attributes:
        whole: set when nothing is left to be finished.

    Raises:
        UnusableInput: it cannot be written, now or later.
    """

    def __init__(
        self,
        path: str,
        secrets: Iterable[str],
        *,
        run: str,
        settings: Mapping[str, Any],
        resources: Mapping[str, Any],
        past: Past | None = None,
    ) -> None:
        self.path = path
        self.past = past
        self.whole = False
        self._as_line = hiding(secrets)
        self._seal = past.seal if past is not None else Seal()
        self._lock = threading.Lock()
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            how = os.O_APPEND if past is not None else os.O_TRUNC
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
            if os.fstat(self._file).st_mode & 0o170000 == 0o100000:
                os.fchmod(self._file, 0o600)
                if past is None:
                    self._seal.keep(path)
        except (OSError, ValueError) as error:
            raise self._refused(error) from None
        known = self._seal.sealed(json.dumps(resources).encode())
        head = {"smscontract": _NAME, "version": VERSION, "run": run, "settings": settings, "resources": known}
        # What was cut off when the run before was killed is no line of ours.
        self._write(b"\n" + _line({"resumed": run}) if past is not None else _line(head))

    def sending(self, together: Sequence[Outgoing], texts: Sequence[tuple[int, int]]) -> None:
        """These requests are about to go, and may cause so many texts, now and later."""
        lines = []
        for one, most in zip(together, texts, strict=True):
            lines.append(_line({"sending": _key(one, self._seal), "operation": one.operation.key, "texts": most}))
        self._write(b"".join(lines))

    def answered(self, together: Sequence[Outgoing], sent: Sequence[Exchange], texts: Sequence[tuple[int, int]]) -> None:
        """This came back, and so many texts count for it."""
        lines = []
        for one, exchange, most in zip(together, sent, texts, strict=True):
            whole = self._seal.sealed(self._as_line(exchange))
            lines += [_line({"answered": _key(one, self._seal), "texts": most}), _line({"sealed": whole})]
        self._write(b"".join(lines))

    def end(self) -> None:
        """The run ended by itself. If nothing of it is left to be finished, nobody needs the key any more."""
        self._write(_line({"ended": True}))
        if self.whole:
            key_file(self.path).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing more is written."""
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        with self._lock:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._file, rest) :]
                os.fsync(self._file)
            except OSError as error:
                if error.errno != 22:  # what is no file on a disk, such as a pipe, cannot be synchronised
                    raise self._refused(error) from None

    def _refused(self, error: Exception) -> UnusableInput:
        reason = getattr(error, "strerror", None) or "its name is none"
        return UnusableInput(
            f"the journal cannot be written: {reason}", file=self.path, hint="name a file in a folder of yours"
        )


def _key(outgoing: Outgoing, seal: Seal) -> str:
    """What makes two requests the same: all that goes out but the credential, of which only its kind counts."""
    parts = [
        outgoing.operation.key,
        outgoing.case,
        str(outgoing.role),
        outgoing.method,
        outgoing.target,
        outgoing.body.hex(),
        str(outgoing.auth),
        str(outgoing.astray is not None),
        json.dumps(outgoing.headers),
    ]
    return seal.name("\0".join(parts).encode("utf-8", "surrogatepass"))


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def as_data(resources: Resources) -> dict[str, dict[str, list[Any]]]:
    """Resources as `resources_from` reads them."""
    return {
        parameter: {
            label: [{"id": entry.value, **entry.known} for entry in resources.entries(parameter) if entry.label == label]
            for label in resources.labels(parameter)
        }
        for parameter in resources.parameters()
    }


def read_journal(path: str) -> Past:
    """Reads the journal of an earlier run. A last line that is not whole was cut off when the run was killed.

    Raises:
        UnusableInput: it cannot be read, or is none; or its key is not there.
    """
    try:
        lines = Path(path).read_bytes().split(b"\n")[:-1]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is none"
        raise UnusableInput(f"the journal cannot be read: {reason}", file=path, hint="name the file of --journal") from None
    head = _parsed(lines[0]) if lines else {}
    if head.get("smscontract") != _NAME or not isinstance(head.get("settings"), Mapping):
        raise UnusableInput("this is no journal of a run", file=path, line=1, hint="name the file of --journal")
    if head.get("version") != VERSION:
        raise UnusableInput("the journal is of another version", file=path, line=1, hint="finish it with the one that wrote it")
    seal = Seal.beside(path)
    known = seal.opened(str(head.get("resources", "")))
    if known is None:
        raise UnusableInput("the key is that of another journal", file=str(key_file(path)), hint="put back what the run wrote")
    past = Past(path, str(head.get("run", "")), head["settings"], _parsed(known), seal)
    waiting: dict[str, list[Any]] = defaultdict(list)
    key, texts = "", None
    for number, line in enumerate(lines[1:], 2):
        said = _parsed(line)
        if "sending" in said:
            waiting[str(said["sending"])].append(said.get("texts"))
        elif "answered" in said:
            key, texts = str(said["answered"]), said.get("texts")
        elif "ended" in said:
            past.ended = True
        elif key and "sealed" in said:
            whole = seal.opened(str(said["sealed"]))
            exchange = _exchange(whole.strip(), number) if whole is not None else None
            if exchange is not None:
                past.answered[key].append(exchange)
                del waiting[key][:1]
                _count(past, texts)
            key = ""
    for key, texts in [(key, texts) for key, left in waiting.items() for texts in left]:
        past.answered[key].append(None)
        past.unanswered += 1
        _count(past, texts)
    return past


def _count(past: Past, texts: Any) -> None:
    if isinstance(texts, list) and len(texts) == 2 and all(type(one) is int for one in texts):
        past.texts = [past.texts[0] + texts[0], past.texts[1] + texts[1]]


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _exchange(line: bytes, number: int) -> Exchange | None:
    """The exchange of one line, as it was live; `None` for a line that is not whole."""
    stream = io.BytesIO(jsonl.header("gate") + line + b"\n")
    found = next(iter(read(["-"], stdin=stream, format=jsonl.NAME)), None)
    if not isinstance(found, Exchange):
        return None
    origin = Origin(kind=OriginKind.LIVE, case=found.origin.case, request=found.origin.request or number)
    return replace(found, origin=origin)
