"""A clause: one promise small enough to be kept or broken by one exchange or by one history; and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smscontract.documents.overlay import stated_at
from smscontract.errors import UnusableInput
from smscontract.findings import Level
from smscontract.yaml import Marked

__all__ = ["FAMILIES", "KINDS", "Clause", "Source", "is_source_spec", "level_of", "source_from"]

#: Every family of clauses, in the order in which they take precedence at one place.
FAMILIES = (
    "protocol",
    "auth",
    "request",
    "state",
    "presence",
    "null",
    "type",
    "enum",
    "format",
    "constant",
    "condition",
    "relation",
    "history",
    "hygiene",
)

#: Kinds of source: the provider's page for this endpoint, its documentation of this endpoint elsewhere, the pages of sibling
#: endpoints, HTTP and JSON themselves, and our own reasoning.
KINDS = ("page", "docs", "sibling", "http", "inferred")

_SURE = frozenset({"page", "docs", "http"})
_SOURCE_KEYS = frozenset({"quote", "source", "ref", "why"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Why we believe a promise.

    Attributes:
        kind: one of `KINDS`.
        page, quote: the page's name in the contract's `pages` and the provider's words on it, verbatim.
        ref: key of another document, resolved by the contract's `refs`; for `http` the section of the RFC.
        why: the reasoning, where it is ours.
        file, line: the line of YAML that states it.
    """

    kind: str = "inferred"
    page: str = ""
    quote: str = ""
    ref: str = ""
    why: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clause:
    """One promise of one operation.

    Attributes:
        id: stable and safe in a shell.
        operation: key of the operation, `provider.operationId`.
        family: one of `FAMILIES`; its module judges and breaks the clause.
        says: the promise as one plain sentence.
        detail: what the family needs to judge it; nobody else looks inside.
    """

    id: str
    provider: str
    operation: str
    level: Level
    family: str
    says: str
    source: Source
    detail: Any = field(default=None, repr=False)

    @property
    def file(self) -> str:
        """File of the YAML that states the clause."""
        return self.source.file

    @property
    def line(self) -> int:
        """Line in `file`, from 1."""
        return self.source.line

    def as_json(self) -> dict[str, Any]:
        """The entry of `smscontract clauses --format json`."""
        return {
            "id": self.id,
            "provider": self.provider,
            "level": str(self.level),
            "family": self.family,
            "says": self.says,
            "source": self.source.kind,
            "file": self.file,
            "line": self.line,
        }


def level_of(source: Source, *, lowered: bool = False) -> Level:
    """`must` for what the provider or HTTP states, `should` for the rest; `lowered` can only lower."""
    return Level.MUST if source.kind in _SURE and not lowered else Level.SHOULD


def is_source_spec(value: Any) -> bool:
    """Whether a YAML value says one source, rather than one for each keyword."""
    return isinstance(value, str) or (isinstance(value, Mapping) and set(value) <= _SOURCE_KEYS)


def source_from(value: Any, marked: Marked, path: tuple[str | int, ...]) -> Source:
    """The `Source` that a YAML value at `path` states: a word of `KINDS`, or a mapping of `quote`, `source`, `ref`, `why`.

    Raises:
        UnusableInput: with file and line, for an unknown kind or a malformed quote.
    """
    file, line = stated_at(marked, path)

    def refuse(message: str, hint: str) -> UnusableInput:
        return UnusableInput(message, file=file, line=line, hint=hint)

    if isinstance(value, str):
        if value not in KINDS:
            raise refuse(f"`{value}` is no kind of source", f"use one of {', '.join(KINDS)}")
        return Source(kind=value, file=file, line=line)
    if not isinstance(value, Mapping):
        raise refuse("a source is a word or a mapping", "write `inferred`, or `{quote: {page-name: words}}`")
    quote = value.get("quote")
    page = words = ""
    if quote is not None:
        if not isinstance(quote, Mapping) or len(quote) != 1 or not all(isinstance(text, str) for text in quote.values()):
            raise refuse("`quote` needs one page name and its words", "write `quote: {page-name: words}`")
        page, words = next(iter(quote.items()))
    kind = value.get("source", "page" if words else "inferred")
    if kind not in KINDS:
        raise refuse(f"`{kind}` is no kind of source", f"use one of {', '.join(KINDS)}")
    if kind == "page" and not words:
        raise refuse("a page source needs the provider's words", "add `quote: {page-name: words}`, or use another kind")
    return Source(
        kind=str(kind),
        page=page,
        quote=words,
        ref=str(value.get("ref", "")),
        why=str(value.get("why", "")),
        file=file,
        line=line,
    )
