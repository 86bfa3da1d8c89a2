"""What a family of clauses is given: an exchange, read and parsed at most once, and what is known of its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from smscontract.clauses.outcomes import Spot
from smscontract.clauses.pointers import descend, index_instances, member, pointer_text
from smscontract.documents import EACH, Operation, Parameter, Place
from smscontract.documents.openapi import ResponseDocument
from smscontract.exchange import Exchange, Part, Wire, header_values
from smscontract.json_text import ABSENT, UNKNOWN, Parsed, parse
from smscontract.mask import Kind

__all__ = ["Assessment", "Digest", "View"]


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
