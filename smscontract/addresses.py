"""URLs by which recordings are named, and the credentials in them: a password, or the signature of a URL that opens one file
for a while. Whoever reads recordings needs them; whoever reads a report must not see them."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["without_credentials"]

_Any = TypeVar("_Any")

#: What holds nothing else, as most that is in a report.
_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))

#: A URL with a user, a query or a fragment: what else is in one is no credential.
_RISKY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:::|://).*[@?#]", re.DOTALL)


def without_credentials(value: _Any, masked: Callable[[str], str], names: Iterable[str] = ()) -> _Any:
    """The same value, in which URLs of recordings hold no credentials, wherever a text has them.

    Args:
        value: dataclasses, lists, tuples, mappings, and what they hold. URLs are those in a field `file`.
        masked: a URL as it may be shown.
        names: further ones, as the user named them.
    """
    found = dict.fromkeys((*names, *_files(value)))
    known = {one: shown for one in found if _RISKY.match(one) and (shown := masked(one)) != one}
    # Of two the longer one first, since it may begin with the other; and as the shell has it.
    forms = [(form, known[one]) for one in sorted(known, key=len, reverse=True) for form in (one, shlex.quote(one)[1:-1])]
    return _replaced(value, forms) if forms else value


def _files(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind: type = type(one)
        if kind in _PLAIN:
            continue
        if names := _fields_of(kind):
            file = getattr(one, "file", None)
            if isinstance(file, str):
                yield file
            waiting += [getattr(one, name) for name in names]
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one


@lru_cache(maxsize=256)
def _fields_of(kind: type) -> tuple[str, ...]:
    """The names of the fields of a dataclass; none of anything else."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


def _replaced(value: Any, forms: list[tuple[str, str]]) -> Any:
    if type(value) is str:
        for form, shown in forms:
            value = value.replace(form, shown)
        return value
    if is_dataclass(value) and not isinstance(value, type):
        result = copy.copy(value)
        for one in fields(value):
            object.__setattr__(result, one.name, _replaced(getattr(value, one.name), forms))
        return result
    if type(value) in {list, tuple}:
        return type(value)(_replaced(one, forms) for one in value)
    if type(value) is dict:
        return {_replaced(key, forms): _replaced(one, forms) for key, one in value.items()}
    return value
