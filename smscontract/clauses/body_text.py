"""What headers say of the body of an answer, and whether that is JSON as it should be."""

from __future__ import annotations

from smscontract.clauses.schema import IN_FRONT
from smscontract.clauses.view import View
from smscontract.exchange import header_values
from smscontract.json_text import UNKNOWN

__all__ = ["charset_of", "coding_of", "declared_type", "is_json", "is_sound"]


def declared_type(view: View) -> str | None:
    """Media type of the answer in lower case, without parameters; empty if no header says so, `None` if headers are unknown."""
    response = view.exchange.response
    values = header_values(response.headers, "content-type") if response is not None else None
    if values is None:
        return None
    return values[0].partition(";")[0].strip().lower() if values else ""


def is_json(kind: str) -> bool:
    """Whether a media type is one of JSON."""
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def coding_of(view: View) -> str:
    """The content codings that a client has to undo, as the header lists them."""
    response = view.exchange.response
    values = header_values(response.headers, "content-encoding") if response is not None and response.body else None
    codings = [word.strip().lower() for value in values or [] for word in value.split(",")]
    return ", ".join(word for word in codings if word not in ("", "identity") and word.replace("-", "").isalnum())


def charset_of(view: View) -> str:
    """The encoding that the content type of the answer names, in lower case."""
    response = view.exchange.response
    for value in (header_values(response.headers, "content-type") or []) if response is not None else []:
        for parameter in value.split(";")[1:]:
            key, _, text = parameter.partition("=")
            if key.strip().lower() == "charset":
                return text.strip().strip('"').lower()
    return ""


def is_sound(view: View) -> bool:
    """Whether the body is JSON as it should be in every way, and said to be nothing else."""
    memo = view.memo
    known: bool | None = memo.get(is_sound) if memo is not None else None
    if known is None:
        known = _sound(view)
        if memo is not None:
            memo[is_sound] = known
    return known


def _sound(view: View) -> bool:
    parsed, document, declared = view.got_parsed, view.document, declared_type(view)
    if parsed is None or parsed.flaws or parsed.value is UNKNOWN or view.stray or view.status in IN_FRONT:
        return False
    if document is None or not document.content_types or (declared and not is_json(declared)):
        return False
    if view.exchange.own_record and coding_of(view):
        return False
    return not view.exact or charset_of(view) in ("", "utf-8", "utf8")
