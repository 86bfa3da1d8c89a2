"""Header fields, looked at once for each set of values that matter: most exchanges of a recording share them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import jsonschema_rs

from smscontract.clauses.credentials import credentials
from smscontract.documents import Operation
from smscontract.exchange import Exchange, Origin, OriginKind, Request
from smscontract.kernel.matchers import Unsure
from smscontract.kernel.text import MARKED

__all__ = ["Head", "Heads", "length_name"]

#: Fields whose values a judgement may rest on, beside those that the contract names.
_MATTER = re.compile(
    "content-type|content-encoding|transfer-encoding"
    "|(proxy-)?authorization|cookie|(x-)?api-?key|x-(auth|access)-token"  # what may be a credential, to anybody
)
#: With one of these a body may be another than its bytes.
_CODED = frozenset({"content-encoding", "transfer-encoding"})
#: Different heads, orders of names, and values known to be no marker, that are remembered.
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """Header fields as far as they matter.

    Attributes:
        number: equal for heads that are alike.
        length: the name under which the fields tell the length of the body, or empty.
        secrets: credentials among the values.
    """

    number: int
    length: str
    secrets: tuple[str, ...]


class _Plan(NamedTuple):
    """What to do with fields of these names: which values matter, which are the rest."""

    matter: Callable[[Any], Any]
    rest: Callable[[Any], Any] | None
    length: str
    coded: bool


class Heads:
    """The heads of one side of the exchanges of one operation."""

    def __init__(self, operation: Operation, named: Iterable[str]) -> None:
        self._operation = operation
        self._named = {name.lower() for name in named}
        if operation.security is not None and operation.security.where == "header":
            self._named.add(operation.security.name)
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._heads: dict[Any, Head] = {}
        self._harmless: set[str] = set()
        self._marked = jsonschema_rs.validator_for(MARKED).is_valid

    def of(self, fields: Any, *, stated: bool) -> Head:
        """The head of the member `headers` of a recorded message.

        Args:
            stated: whether the recording says itself what it took away, so that nobody has to look for markers.

        Raises:
            Unsure: it is in another form, or of a kind that is rare.
        """
        if type(fields) is not dict:
            raise Unsure
        names = tuple(fields)
        matter, rest, length, coded = self._plans.get(names) or self._plan(names)
        if coded and not stated:  # else bodies are what they are
            raise Unsure
        if rest is not None:
            values = rest(fields)
            if not self._harmless.issuperset(values):
                self._look(values, stated=stated)
        key = (names, matter(fields), stated)
        return self._heads.get(key) or self._head(key, fields, length)

    def matter(self, fields: Any) -> frozenset[str]:
        """The names, as they are written, of fields of which a value matters."""
        mine = [name for name in fields if (low := name.strip().lower()) in self._named or _MATTER.fullmatch(low)]
        return frozenset(mine)

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        if len(self._plans) >= _KEPT:
            raise Unsure
        plain = {name: name.strip().lower() for name in names}
        if len(set(plain.values())) < len(names):
            raise Unsure
        length = length_name(names)
        mine = [name for name, low in plain.items() if low in self._named or _MATTER.fullmatch(low)]
        others = [name for name in names if name not in mine and name != length]
        plan = _Plan(
            matter=itemgetter(*mine) if mine else lambda _: None,
            rest=itemgetter(*others, others[0]) if others else None,
            length=length,
            coded=bool(_CODED & set(plain.values())),
        )
        self._plans[names] = plan
        return plan

    def _head(self, key: Any, fields: dict[str, Any], length: str) -> Head:
        if len(self._heads) >= _KEPT or not all(type(value) is str for value in fields.values()):
            raise Unsure
        pairs = tuple((name.strip().lower(), value) for name, value in fields.items())
        request = Request(method="", url="", headers=pairs)
        probe = Exchange(request=request, response=None, origin=Origin(kind=OriginKind.FILE))
        head = Head(len(self._heads), length, tuple(sorted(credentials(probe, self._operation))))
        self._heads[key] = head
        return head

    def _look(self, values: Iterable[Any], *, stated: bool) -> None:
        """Makes sure that all values are texts and none may be a marker."""
        for value in values:
            if value in self._harmless:
                continue
            if type(value) is not str or (self._marked(value) and not stated):
                raise Unsure
            if stated and self._marked(value):
                continue
            if len(self._harmless) >= _KEPT:
                self._harmless.clear()
            self._harmless.add(value)


def length_name(names: Iterable[str]) -> str:
    """The name of the field, as it is written, that tells the length of the body; or empty."""
    return next((name for name in names if name.strip().lower() == "content-length"), "")
