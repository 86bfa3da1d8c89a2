"""JSON Schemas that stand in a document or a contract as they are: checked when they are read, so that judging never fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from smscontract.documents.overlay import stated_at
from smscontract.errors import UnusableInput
from smscontract.yaml import Marked

__all__ = ["check_schema", "inlined"]

_DEPTH = 60


def check_schema(schema: Any, marked: Marked, path: tuple[str | int, ...]) -> None:
    """Refuses what is no JSON Schema, or has a pattern that cannot be compiled.

    Raises:
        UnusableInput: with the file and line of `path`.
    """
    try:
        jsonschema_rs.validator_for(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}))
    except (ValueError, TypeError) as error:
        file, line = stated_at(marked, path)
        reason = " ".join(str(error).partition("\n")[0].split())[:200]
        hint = "see JSON Schema 2020-12; patterns have neither look-around nor back references"
        raise UnusableInput(f"no JSON Schema: {reason}", file=file, line=line, hint=hint) from None


def inlined(value: Any, marked: Marked, path: tuple[str | int, ...], depth: int = 0) -> Any:
    """A value with each local `$ref` in it replaced by what it refers to.

    Raises:
        UnusableInput: for a reference that is not local, points nowhere, or has no end.
    """
    if isinstance(value, list):
        return [inlined(one, marked, (*path, index), depth) for index, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if "$ref" not in value:
        return {key: inlined(one, marked, (*path, key), depth) for key, one in value.items()}
    target = value["$ref"]
    found: Any = marked.data
    names = target[2:].split("/") if isinstance(target, str) and target.startswith("#/") else [None]
    for name in (None if one is None else one.replace("~1", "/").replace("~0", "~") for one in names):
        found = found.get(name, marked) if isinstance(found, Mapping) and name is not None else marked
    if found is marked or depth > _DEPTH:
        file, line = stated_at(marked, path)
        what = "points nowhere in this file" if found is marked else "has no end"
        raise UnusableInput(
            f"`$ref: {target}` {what}", file=file, line=line, hint="refer to `#/components/...`, not in a circle"
        )
    rest = {key: one for key, one in value.items() if key != "$ref"}
    inner = inlined(found, marked, path, depth + 1)
    return {**inner, **inlined(rest, marked, path, depth)} if isinstance(inner, Mapping) else inner
