"""Parquet whose columns are the members of our JSON Lines: `request` and `response` as structs, `sent_at` and the rest beside
them, or flat columns such as `request.url`. Each row is read as the line that it would be."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BufferedReader
from typing import Any

from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.recordings._detect import formats
from smscontract.recordings._json import Broken, parse
from smscontract.recordings._parquet import is_parquet, rows
from smscontract.recordings._parts import Options, problem, to_bytes

__all__ = ["NAME", "SUFFIXES", "looks_like", "read"]

NAME = "parquet"
SUFFIXES = (".parquet", ".pq")


def looks_like(name: str, head: bytes) -> bool:
    """Whether the file begins as Parquet does."""
    return is_parquet(head) or name.endswith(SUFFIXES)


def read(stream: BufferedReader, file: str, options: Options) -> Iterator[Exchange | Problem]:
    """One exchange or problem for each row; a problem if the file is not whole."""
    # A row is no line: whoever takes lines would call it one.
    alone = replace(options, taker=None, line=0)
    done = options.line
    try:
        for done, row in rows(stream, options.groups, options.line):
            if isinstance(row, Broken):
                yield problem("file", row, file, entry=done)
                continue
            for one in formats()["jsonl"].read(BufferedReader(io.BytesIO(_line(row))), file, alone):
                if isinstance(one, Problem):
                    message = one.message.replace("the line", "the row", 1)
                    yield replace(one, message=message, line=None, entry=done)
                else:
                    yield replace(one, origin=replace(one.origin, line=None, entry=done))
    except Broken as error:
        yield problem("file", error, file, entry=done or None)


def _line(row: dict[str, Any]) -> bytes:
    nested: dict[str, Any] = {}
    for name, value in row.items():
        *path, last = name.split(".")
        inside = nested
        for step in path:
            inside = inside.setdefault(step, {})
            if not isinstance(inside, dict):
                raise Broken(f"has a column `{step}` beside columns below it")
        inside[last] = value
    for side in ("request", "response"):
        message = nested.get(side)
        if isinstance(message, dict) and isinstance(message.get("body"), bytes):
            message["body_base64"] = base64.b64encode(message.pop("body")).decode("ascii")
        if isinstance(message, dict) and isinstance(headers := message.get("headers"), str):
            with suppress(Broken):  # names differ from row to row, which no type of a column has
                message["headers"] = parse(to_bytes(headers))
    if not isinstance(nested.get("response"), dict) and "failure" not in nested:
        nested["response"] = None
    return json.dumps(nested, default=_other).encode("ascii") + b"\n"


def _other(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
