"""The elements of a long list are the same however their ends are found."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.recordings import _json
from smscontract.recordings._json import Broken, Scanner, elements


def _value(chance: random.Random, deepest: int) -> Any:
    kind = chance.randrange(7)
    if kind < 2 and deepest:
        return {chance.choice(("a", "b", 'c"\\')): _value(chance, deepest - 1) for _ in range(chance.randrange(3))}
    if kind < 4 and deepest:
        return [_value(chance, deepest - 1) for _ in range(chance.randrange(4))]
    return chance.choice((None, 7, 0.5, "", "x", '},{"a":', '}, {"a": 1', "\\", "\ud800", 10**30, "Grüße"))


def _document(seed: int) -> bytes:
    chance = random.Random(seed)
    space = chance.choice((None, None, 1, 4))
    separators = chance.choice((None, (",", ":"), (" , ", " : ")))
    texts = [
        json.dumps({"a": _value(chance, 3), "b": _value(chance, 2)} if chance.random() < 0.9 else _value(chance, 3),
                   indent=space, separators=separators, ensure_ascii=chance.random() < 0.8)
        for _ in range(chance.randrange(30))
    ]  # fmt: skip
    for index in range(len(texts)):
        if chance.random() < 0.04:
            texts[index] = chance.choice(('{"a": NaN}', "{]", '{"a": 1', "", "nul", '{"a": 1}}', '{"a": 1} 2', "{'a'}"))
    raw = ('{"list": [' + chance.choice((",", ", ", ",\n   ")).join(texts) + "]}").encode("utf-8", "surrogatepass")
    return raw[: chance.randrange(len(raw))] if chance.random() < 0.2 else raw


def _said(raw: bytes, limit: int) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(str(one) if isinstance(one, Broken) else repr(one) for one in elements(io.BytesIO(raw), ("list",), limit))
    except Broken as error:
        found.append(str(error))
    return found


@given(st.integers(0, 2**32 - 1), st.sampled_from((40, 10_000)), st.sampled_from((7, 100, 256 * 1024)))
def test_by_what_stands_between_them_and_by_their_brackets(seed: int, limit: int, chunk: int) -> None:
    raw = _document(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json, "_CHUNK", chunk)
        quick = _said(raw, limit)
        patch.setattr(Scanner, "likely", lambda _: None)
        assert quick == _said(raw, limit)


def test_most_are_found_by_what_stands_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    exactly = []
    item = Scanner.item

    def counted(self: Scanner) -> bytes:
        exactly.append(1)
        return item(self)

    monkeypatch.setattr(Scanner, "item", counted)
    raw = orjson.dumps({"list": [{"a": [{"b": number}]} for number in range(1000)]})
    assert len(_said(raw, 1000)) == 1000
    assert len(exactly) < 10
