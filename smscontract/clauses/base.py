"""What every family of clauses is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from smscontract.clauses.pointers import descend, index_instances, member, pointer_text
from smscontract.documents import EACH, Operation, Parameter, Place
from smscontract.documents.clause import Clause
from smscontract.documents.openapi import ResponseDocument
from smscontract.exchange import Exchange, Origin, Part, Wire, header_values
from smscontract.json_text import ABSENT, UNKNOWN, Parsed, parse
from smscontract.mask import Kind

__all__ = [
    "KEPT",
    "Assessment",
    "Broken",
    "Digest",
    "Fact",
    "Family",
    "Kept",
    "Outcome",
    "Shown",
    "Skipped",
    "Spot",
    "View",
]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in one exchange: the part in words, and a JSON Pointer in it."""

    part: str
    pointer: str = ""

    def __getstate__(self) -> tuple[str, str]:
        return self.part, self.pointer  # facts beyond memory are written by the thousand

    def overlaps(self, other: Spot) -> bool:
        """Whether one is the other or lies below it."""
        if self.part != other.part:
            return False
        if self.pointer == other.pointer:
            return True
        return self.pointer.startswith(f"{other.pointer}/") or other.pointer.startswith(f"{self.pointer}/")


@dataclass(frozen=True, slots=True)
class Kept:
    """The exchange keeps the clause."""


KEPT = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The exchange breaks the clause.

    Attributes:
        message: one sentence, lower case, no full stop; no value of the exchange in it.
        spot: the first broken place.
        uses: every place that is at fault.
        rests: places that the verdict rests on besides: what is broken there is the cause, and this is not told.
        expected: what should stand there; words of the contract only.
        got: the value itself, masked by the judge; `mask` says what kind of secret it is, `plain` that it is in our words.
    """

    message: str
    spot: Spot
    expected: str
    got: Any
    mask: Kind | None = None
    uses: tuple[Spot, ...] = ()
    rests: tuple[Spot, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """The clause speaks of this exchange, but what it needs is missing."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one exchange contributes to a clause that more than one exchange decides.

    Attributes:
        scope: equal for exchanges that belong together; keyed digests where it comes from the exchange.
        start, end: seconds since 1970 UTC, or `None`.
        values: what the family needs; digests instead of secrets.
        shown: masked text of the value, for the message.
        alike: facts of one clause with the same text here differ in time and place only, so that it is enough to count them.
        weight: how many facts it stands for.
        days: of facts that are counted only: how many of them on which day (since 1970 UTC; `None`: unknown).
    """

    clause: str
    scope: tuple[Any, ...]
    start: float | None
    end: float | None
    origin: Origin
    values: Mapping[str, Any]
    shown: str = ""
    spot: Spot = field(default=Spot("response body"))
    alike: str = ""
    weight: int = 1
    days: Mapping[int | None, int] | None = None

    def __getstate__(self) -> tuple[Any, ...]:
        return _state_of(self)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        for give, value in zip(_GIVERS, state, strict=True):  # what dataclasses put here asks for the fields each time
            give(self, value)

    def sort_key(self) -> tuple[Any, ...]:
        """A total order by time, then by place, independent of the order of arrival."""
        return _orderly(self.start), _orderly(self.end), self.origin.sort_key()


_NAMES = [one.name for one in fields(Fact)]
_state_of = attrgetter(*_NAMES)
_GIVERS = [getattr(Fact, name).__set__ for name in _NAMES]


def _orderly(time: float | None) -> float:
    """A time that is not known, or is no number, comes last."""
    return time if time is not None and time == time else float("inf")  # noqa: PLR0124 - NaN alone differs from itself


@dataclass(frozen=True, slots=True)
class Shown:
    """The exchange is one fact among several."""

    facts: tuple[Fact, ...]
    uses: tuple[Spot, ...] = ()


#: `None`: the clause does not speak of this exchange.
Outcome = Kept | Broken | Skipped | Shown | None


class Family(Protocol):
    """What a module of this package offers. `reduce` only where facts are shown."""

    FAMILY: str

    def clauses_of(self, operation: Operation) -> Iterator[Clause]:
        """The clauses of this family for one operation."""

    def judge(self, clause: Clause, view: View) -> Outcome:
        """What one exchange says of one clause. Never raises."""

    def break_(self, clause: Clause, past: Sequence[Exchange], last: Exchange, operation: Operation) -> Iterator[Exchange]:
        """Variants of `last` that break the clause, nearest first; the caller picks one that breaks nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the request's own bytes, its credential and what is known of its ids say of its validity.

    Attributes:
        validity: `valid`, `invalid`, `undefined` (the contract says that nobody knows), or `None`: it cannot be told.
        violations: for each place that is not as described, why; the place as clause ids write it.
        rules: names of rules whose `requires` does not hold.
        unknown_rules: names of rules of which it cannot be told.
        states: parameters whose state has to be refused.
        undefined: names of what it meets under `undefined:`.
        unsure: names of entries under `undefined:` of which it cannot be told.
        reason: why the validity cannot be told.
    """

    validity: str | None = None
    violations: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    unknown_rules: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    reason: str = ""

    @property
    def causes(self) -> int:
        """How many reasons there are to refuse the request, its credential aside."""
        return len(self.violations) + len(self.rules) + len(self.states)


#: A keyed digest of a JSON value: equal values, equal digests.
Digest = Callable[[Any], str]


class View:
    """One exchange as clauses see it: bodies parsed once, places resolved, validity known."""

    #: What was found out of this exchange and is asked again by other clauses; `None` where the exchange may change.
    memo: dict[Any, Any] | None = None

    def __init__(
        self, exchange: Exchange, operation: Operation, digest: Digest, show: Callable[[Any, Kind | None], str]
    ) -> None:
        self.exchange = exchange
        self.operation = operation
        self.digest = digest
        self.show = show
        #: set by the judge before any clause is asked
        self.assessment = Assessment()
        self.memo = {}
        #: status of the answer, if there is one, and whether it is a 2xx
        self.status = exchange.response.status if exchange.response is not None else None
        self.accepted = self.status is not None and self.status // 100 == 2

    @property
    def validity(self) -> str | None:
        """`valid`, `invalid`, `undefined`, or `None` where it cannot be known."""
        return self.assessment.validity

    @cached_property
    def stray(self) -> bool:
        """Whether our own request went astray on purpose: by another method, or to another path than the documented one. Only
        HTTP has a say in what it is answered with."""
        request = self.exchange.request
        return self.exchange.own_record and (
            request.method.upper() != self.operation.method or not self.operation.leads_to(request.url)
        )

    @cached_property
    def document(self) -> ResponseDocument | None:
        """The documented answer that the response is held against."""
        return self.operation.response_for(self.status) if self.status is not None and not self.stray else None

    @cached_property
    def got_parsed(self) -> Parsed | None:
        """The response body as JSON; `None` where the recording does not tell or the body is not whole."""
        response = self.exchange.response
        missing = Part.RESPONSE_BODY in self.exchange.missing or self.exchange.failure is not None
        if response is None or response.body is None or missing:
            return None
        return parse(response.body)

    @cached_property
    def sent_parsed(self) -> Parsed | None:
        """The request body as JSON; `None` where the recording does not tell."""
        body = self.exchange.request.body
        if body is None or Part.REQUEST_BODY in self.exchange.missing:
            return None
        return parse(body)

    @cached_property
    def got(self) -> Any:
        """The response body, `ABSENT` if there is none, `UNKNOWN` if it cannot be told or read."""
        parsed = self.got_parsed
        if parsed is None:
            return UNKNOWN
        response = self.exchange.response
        return ABSENT if response is not None and response.body == b"" else parsed.value

    @cached_property
    def sent(self) -> Any:
        """The request body, `ABSENT` if there is none, `UNKNOWN` if it cannot be told or read. Form fields are an object."""
        body = self.exchange.request.body
        if body == b"":
            return ABSENT
        parsed = self.sent_parsed
        if parsed is None or body is None:
            return UNKNOWN
        if parsed.value is UNKNOWN and self.content_type_sent == "application/x-www-form-urlencoded":
            try:
                fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True)
            except ValueError:
                return UNKNOWN
            return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
        return parsed.value

    @cached_property
    def content_type_sent(self) -> str | None:
        """Media type of the request body in lower case, without parameters; `""` if no header says so."""
        values = header_values(self.exchange.request.headers, "content-type")
        if values is None:
            return None
        return values[0].partition(";")[0].strip().lower() if values else ""

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Parameters of the query."""
        try:
            return parse_qs(urlsplit(self.exchange.request.url).query, keep_blank_values=True)
        except ValueError:
            return {}

    @property
    def exact(self) -> bool:
        """Whether framing, encoding and byte order mark can be judged."""
        return self.exchange.wire is Wire.EXACT

    def places(self, place: Place) -> list[tuple[Spot, Any]]:
        """Every spot that a place stands for, with its value, `ABSENT` or `UNKNOWN`. Without `[*]` it is exactly one."""
        memo = self.memo
        if memo is None:
            return self._places(place)
        found: list[tuple[Spot, Any]] | None = memo.get(place.text)
        if found is None:
            found = memo[place.text] = self._places(place)
        return found

    def _places(self, place: Place) -> list[tuple[Spot, Any]]:
        root = place.root
        if root in ("got", "sent"):
            value = self.got if root == "got" else self.sent
            if value is UNKNOWN:
                return [(Spot(place.part), UNKNOWN)]
            if len(place.steps) == 1 and type(value) is dict and place.steps[0] != EACH:  # nearly all
                return [(_spot(place), value.get(place.steps[0], ABSENT))]
            if EACH in place.steps:
                return [(Spot(place.part, pointer), one) for pointer, one in descend(value, place.steps)]
            return [(_spot(place), member(value, place.steps))]
        return [(_spot(place), self._single(place))]

    def _single(self, place: Place) -> Any:
        exchange, name = self.exchange, place.steps[0] if place.steps else ""
        match place.root:
            case "code":
                return self.status if self.status is not None else UNKNOWN
            case "took":
                return exchange.took if exchange.took is not None else UNKNOWN
            case "at":
                time = exchange.sent_at if name == "sent" else exchange.received_at
                return time if time is not None else UNKNOWN
            case "auth":
                return str(exchange.auth) if exchange.auth is not None else UNKNOWN
            case "path":
                return (exchange.path_parameters or {}).get(name, UNKNOWN)
            case "query":
                values = self.query.get(name)
                return ABSENT if values is None else values[0]
            case "header":
                return self._header(name)
            case _:
                known: Any = exchange.known
                if len(place.steps) == 1 and name not in known:
                    # `known.state` without a parameter: whichever parameter has one
                    holders = [entry[name] for entry in known.values() if name in entry]
                    return holders[0] if len(holders) == 1 else UNKNOWN
                for step in place.steps:
                    if not isinstance(known, Mapping) or step not in known:
                        return UNKNOWN
                    known = known[step]
                return known

    def parameter(self, parameter: Parameter) -> Any:
        """A parameter's text as the request has it, `ABSENT`, or `UNKNOWN` if the recording does not tell."""
        if parameter.where == "path":
            return (self.exchange.path_parameters or {}).get(parameter.name, UNKNOWN)
        if parameter.where == "query":
            values = self.query.get(parameter.name)
            return values[0] if values else UNKNOWN if Part.URL in self.exchange.missing else ABSENT
        return self._header(parameter.name.lower())

    def _header(self, name: str) -> Any:
        values = header_values(self.exchange.request.headers, name)
        security = self.operation.security
        credential = security is not None and security.where == "header" and security.name == name
        if values is None or (credential and Part.CREDENTIAL in self.exchange.missing):
            return UNKNOWN
        return values[0] if values else ABSENT

    @cached_property
    def got_index(self) -> dict[tuple[str, ...], list[tuple[str, Any]]]:
        """For each declared place of the answer its instances: pointer and value, or `ABSENT` where its object lacks it."""
        node = self.document.node if self.document is not None else None
        if node is None or self.got in (ABSENT, UNKNOWN):
            return {}
        return index_instances(node, self.got)

    @cached_property
    def sent_index(self) -> dict[tuple[str, ...], list[tuple[str, Any]]]:
        """As `got_index`, for the request body."""
        body = self.operation.body
        if body is None or self.sent in (ABSENT, UNKNOWN):
            return {}
        return index_instances(body.node, self.sent)


@lru_cache(maxsize=4096)
def _spot(place: Place) -> Spot:
    """The only spot of a place that stands for one."""
    return Spot(place.part, pointer_text(place.steps) if place.root in ("got", "sent") else "")
