"""The short way of an exchange: whoever is like one that was judged before, and surely breaks nothing, is only counted.

Everything that a judgement rests on goes into a key: the operation, the status, what matters of the headers, the shapes of both
bodies, and the answers to those conditions of rules that a shape does not decide. What depends on the values themselves
(schemas, relations, repeated members, markers) is asked of each exchange, and where the answer is not surely the good one, the
judge is asked instead. So is it for the first exchange of each key.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import jsonschema_rs
import orjson

from smscontract.choice import Chooser
from smscontract.documents import Operation
from smscontract.exchange import Auth, Exchange
from smscontract.json_text import ABSENT, UNKNOWN, once
from smscontract.judge import Judge
from smscontract.kernel.breaking import broken_as
from smscontract.kernel.chosen import Chosen
from smscontract.kernel.exchanges import BODIES, lost, record_of, unread
from smscontract.kernel.forms import INLINE, TEXT, Forms
from smscontract.kernel.heads import length_name
from smscontract.kernel.kinds import Kinds
from smscontract.kernel.known import First, Known
from smscontract.kernel.matchers import DOUBTS, Unsure, bits_told
from smscontract.kernel.members import NEVER, empty_texts, fields_of, time_of
from smscontract.kernel.plans import Answers, Requests, heads_of
from smscontract.kernel.routes import Routes
from smscontract.kernel.rows import Rows
from smscontract.kernel.skeleton import Seen
from smscontract.kernel.templates import Templates
from smscontract.kernel.text import MARKED, MARKED_INSIDE, body_of, marked
from smscontract.spill import Box
from smscontract.summary import Summary

__all__ = ["Kernel", "Stopped"]

#: Forms of lines that are told apart, and rows that are held before they are counted.
_FORMS = 20_000
_HELD = 48_000
#: So many rows side by side are as large as one of objects.
_OBJECTS = 4
_AUTHS = frozenset({None, *map(str, Auth)})
_NULL = frozenset({None})
#: After so many lines somebody is asked whether to go on.
_EVERY = 512


class Stopped(Exception):
    """Somebody does not want to go on."""


class Kernel:
    """Takes the lines of recordings that are not our own, and has a summary count them.

    Args:
        summary: knows of every exchange as if `Summary.add` had been given it, once `close` was called.
        stop: asked now and then; then `take` raises `Stopped`.
        box: that rows are written into, for another process.
    """

    def __init__(self, summary: Summary, stop: Callable[[], bool] = lambda: False, box: Box | None = None) -> None:
        self._stop = stop
        self._lines = 0
        self._summary = summary
        self._judge = summary.judge
        self._rows = Rows(summary.judge, box=box)
        summary.facts.rows = self._rows
        self._routes = Routes(summary.judge.catalogue)
        self._requests: dict[Operation, Requests | None] = {}
        self._sides: dict[tuple[Operation, int], tuple[Requests, Answers] | None] = {}
        self._forms = Forms(_FORMS)
        self._kinds = Kinds(summary.judge)
        self._marked = jsonschema_rs.validator_for(MARKED).is_valid
        self._inside = jsonschema_rs.validator_for(MARKED_INSIDE).is_valid
        self._templates = Templates()
        self._missed = False
        self._taken: Any = None
        self._file = ""
        self._found: Any = None
        self._held = 0
        self._chosen: Chosen | None = None

    @property
    def judge_of(self) -> Judge:
        """Who judges what is not like anything known."""
        return self._judge

    def serve(self, summary: Summary, stop: Callable[[], bool] = lambda: False, box: Box | None = None) -> None:
        """Takes lines for another summary of the same judge from now on; what was learned stays. `close` was called before."""
        self._stop = stop
        self._summary = summary
        self._rows = Rows(summary.judge, box=box)
        summary.facts.rows = self._rows
        self._file, self._found = "", None
        for known in self._kinds.all:
            known.after = NEVER  # the first of each has to be shown

    def choose(self, chooser: Chooser, left_out: Counter[str]) -> None:
        """Counts only exchanges that are looked at from now on, of those that it is given.

        Args:
            chooser: of the same choice whenever this is called; what is learned rests on it.
            left_out: the others are counted here, by why; all of them are once `close` was called.
        """
        self._chosen = None if chooser.choice.everything else Chosen(chooser, left_out)
        self._kinds.sampled_by = chooser.sampled_by if chooser.samples else None

    def scan(self, block: bytes, at: int, file: str, number: int) -> tuple[int, int]:
        """Counts the exchanges of some lines unread, up to one that it cannot; if that is there to its end, `take` has to be
        called with it before the next.

        Args:
            at: where in the block the next line begins; `number`: of the line before it.

        Returns:
            The same of the lines that are left.

        Raises:
            Stopped: nothing was done with them.
        """
        while True:
            if self._stop():
                raise Stopped
            self._begin(file)
            hits = self._templates.hits
            there, now = self._templates.scan(block, at, number, _EVERY)
            self._more(self._templates.hits - hits)
            if now - number < _EVERY:
                self._missed = True
                return there, now
            at, number = there, now

    def _next(self, file: str) -> None:
        """Begins with one exchange, unless somebody does not want to go on."""
        self._lines += 1
        if self._lines % _EVERY == 0 and self._stop():
            raise Stopped
        self._begin(file)

    def _begin(self, file: str) -> None:
        if file != self._file:
            self.close()
            self._file = file

    def take(self, record: Any, line: bytes, file: str, number: int) -> bool:
        """Whether an exchange is counted now; if not, `judge` has to be called with it before the next.

        Args:
            record: the line as `orjson` reads it.

        Raises:
            Stopped: nothing was done with it.
        """
        self._next(file)
        try:
            self._found = self._look(record, line, number)
            if self._missed and self._found is None and self._taken is not None and self._templates.learns:
                self._learn(record, line)
        except DOUBTS:
            self._found = ()
        finally:
            self._missed = False
        return self._found is None

    def take_record(self, record: dict[str, Any], file: str, number: int) -> bool:
        """As `take`, of what would be read from a line that nobody has written.

        Args:
            number: `Origin.number`.

        Raises:
            Stopped: nothing was done with it.
        """
        self._next(file)
        try:
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:  # half a character, or a number of many digits
            self._found = ()
            return False
        if self._templates.scan(line, 0, number - 1, 1)[1] == number:
            self._found = None
            self._more(1)
            return True
        self._missed = True
        return self.take(record, line[:-1], file, number)

    def take_exchange(self, exchange: Exchange) -> bool:
        """As `take`, of an exchange that somebody read.

        Raises:
            Stopped: nothing was done with it.
        """
        file = exchange.origin.file or ""
        try:
            record = record_of(exchange)
            if exchange.operation is not None:  # the name of a provider: what is looked at first may be another's
                route = self._routes.of(exchange.request.method, exchange.request.url)
                if route is None or route[0].provider != exchange.operation:
                    raise Unsure
            number = exchange.origin.number
        except DOUBTS:
            self._begin(file)
            self._found = ()
            return False
        return self.take_record(record, file, number)

    def _learn(self, record: Any, line: bytes) -> None:
        """Lines like one that was counted need not be read."""
        known, requests, answers, got, sent, path, secrets, stated = self._taken

        def seen() -> Seen:
            asked, answer = record["request"], record["response"]
            fields = {"request": fields_of(asked.get("headers")) or {}, "response": fields_of(answer.get("headers")) or {}}
            return Seen(
                record=record,
                requests=requests,
                answers=answers,
                got=got,
                sent=sent,
                path=path,
                url=self._routes.pieces(asked["method"], asked["url"]),
                matter={
                    "request": requests.heads.matter(fields["request"]),
                    "response": requests.answers.matter(fields["response"]),
                },
                length={side: length_name(one) for side, one in fields.items()},
                secrets=secrets,
                stated=stated,
            )

        with contextlib.suppress(*DOUBTS):
            self._templates.learn(line, seen, known)

    def judge(self, exchange: Exchange) -> None:
        """Judges the exchange that was not taken, and learns from it. What a reader found missing may make it like others."""
        if self._found == () and not BODIES.isdisjoint(exchange.missing) and self.take_exchange(exchange):
            return
        found, self._found = self._found, None
        if self._chosen is None or self._chosen.takes(exchange):
            judgement = self._summary.add(exchange)
            if found:
                self._kinds.learn(found, exchange, judgement)
        elif found and self._kinds.wants(found):  # others like it may be looked at, or left out unread
            self._kinds.learn(found, exchange, self._judge.judge(exchange))

    def _more(self, rows: int) -> None:
        self._held += rows
        if self._held >= _HELD:
            self.close()

    def close(self) -> None:
        """Counts what is still held."""
        self._held = 0
        for known in self._kinds.all:
            if known.waits:
                self._flush(known)

    def _flush(self, known: Known) -> None:
        for rows in known.taken():
            if self._chosen is not None and not (rows := self._chosen.of(known, self._file, rows)):
                continue
            self._summary.add_alike(known.judgement, self._file, rows)
            self._rows.add(known.kind, self._file, rows)

    def _look(self, record: Any, line: bytes, number: int) -> Any:  # noqa: PLR0912, PLR0915 - in one piece: each call here costs all lines
        """`None` if the exchange is counted; else its key, and what a kind is learned from."""
        asked, answer = record["request"], record["response"]
        names = (*record, None, *asked, None, *answer)
        stated, special, sent_form, got_form = self._forms[names]
        if special is not None and not _NULL.issuperset(special(record)):
            raise Unsure
        lacking: Hashable = stated
        no_sent = no_got = False
        got_shape: Hashable = None
        if stated and record["missing"] != {}:
            lacking, no_sent, no_got = lost(record["missing"])
        route = self._routes.of(asked["method"], asked["url"])
        if route is None:
            raise Unsure
        operation, path = route
        status = answer["status"]
        if type(status) is not int:  # 200.0 would be found as 200
            raise Unsure
        sides = self._sides.get((operation, status)) or self._compile(operation, status)
        requests, answers = sides
        if not stated and path and any(map(self._marked, path.values())):
            raise Unsure
        auth = record.get("auth")
        if auth not in _AUTHS:
            raise Unsure
        start, end = time_of(record.get("sent_at")), time_of(record.get("received_at"))
        # -- the answer
        if no_got:
            got = UNKNOWN
            text, got_shape = unread(answer)
        elif got_form == TEXT:
            text = answer["body"]
            got, flaws = body_of(text, self._inside, self._marked)
            if flaws:
                lacking = lacking, flaws
                no_got, got_shape = got is UNKNOWN, "flawed"
        else:
            got = answer["json"]
            text = None
        broken = None if no_got or answers.valid(got) else broken_as(answers.errors(got), got)
        if not stated and self._inside(text if text is not None else orjson.dumps(got).decode()) and marked(got, self._marked):
            raise Unsure
        # -- the request
        sent: Any = ABSENT
        asked_shape: Hashable = None
        if no_sent:
            body, asked_shape = unread(asked)
        elif sent_form == TEXT:
            body = asked["body"]
            if body is None:
                asked_shape = 0
            elif body != "":
                sent = orjson.loads(body)
                if not once(body, sent):
                    raise Unsure
        elif sent_form == INLINE:
            sent = asked["json"]
            body = None
        else:
            asked_shape, body = 0, None
        if sent is not ABSENT:
            if not requests.valid(sent):
                raise Unsure
            names = tuple(sent) if type(sent) is dict else ()
            named = requests.named.get(names)
            if not (requests.knows(names) if named is None else named):
                raise Unsure
            whole = body if body is not None else orjson.dumps(sent).decode()
            if not stated and self._inside(whole) and marked(sent, self._marked):
                raise Unsure
            asked_shape = requests.shape(sent), empty_texts(body, sent)
        if INLINE in (sent_form, got_form) and not once(line, record):
            raise Unsure
        head, beside = heads_of(requests, asked, answer, text=text, body=body, line=line, stated=stated)
        # --
        key = (
            operation,
            status,
            lacking,
            auth,
            start == NEVER,
            end == NEVER,
            head.number if head is not None else None,
            beside.number if beside is not None else None,
            asked_shape,
            got_shape if no_got else answers.shape(got),  # `breaking` knows that it is the tenth
            empty_texts(text, got) if not no_got and (text is None or '""' in text) else None,
            bits_told(requests.bits, got, sent, path) if requests.bits else None,
            bits_told(answers.bits, got, sent, path) if answers.bits else None,
            bits_told(answers.sent_bits, got, sent, path) if type(sent) is dict else None,
            broken,
        )
        known = self._kinds.get(key)
        if known is None or not known.fits(got, sent, path, end):
            found = First(key, sides, (got, sent, path), start, end)
            known = self._kinds.like(found, self._summary)
            if known is None:
                return found
        known.rows.append((start, end, number, *known.values(got, sent, path)))
        if self._missed:
            shown = head.secrets if head is not None else ()
            self._taken = (
                None if no_got or no_sent or known.alike else (known, requests, answers, got, sent, path, shown, stated)
            )
        self._more(_OBJECTS)
        return None

    def _compile(self, operation: Operation, status: Any) -> tuple[Requests, Answers]:
        if (operation, status) in self._sides or type(status) is not int or not 100 <= status <= 999:
            raise Unsure
        self._sides[operation, status] = None
        if operation not in self._requests:
            self._requests[operation] = None
            self._requests[operation] = Requests(operation)
        requests = self._requests[operation]
        if requests is None:
            raise Unsure
        sides = requests, Answers(operation, status)
        self._sides[operation, status] = sides
        return sides
