"""Flows of mitmproxy. Its reader pins many packages, so it may live in another environment: `SMSCONTRACT_MITMPROXY` names the
Python of one that has mitmproxy, orjson and PyYAML; else it is imported here, and the tests of what it reads are skipped if it
is missing."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.exchange import Exchange, Part
from smscontract.findings import Problem
from smscontract.recordings import flows
from smscontract.recordings._json import Broken
from tests.recordings.reading import DATA, outcomes, trouble

DUMP = (DATA / "mitmproxy.flows").read_bytes()
HAR = (DATA / "mitmproxy.har").read_bytes()
HERE = importlib.util.find_spec("mitmproxy") is not None
ELSEWHERE = os.environ.get("SMSCONTRACT_MITMPROXY", sys.executable if HERE else "")

needs_mitmproxy = pytest.mark.skipif(
    not ELSEWHERE, reason="mitmproxy is not installed; SMSCONTRACT_MITMPROXY may name a Python that has it"
)

READ = """
import pickle, sys
from smscontract.recordings import read
pickle.dump(list(read([sys.argv[1]])), sys.stdout.buffer)
"""


def read(data: bytes, tmp_path: Path) -> list[Exchange | Problem]:
    path = tmp_path / "dump.flows"
    path.write_bytes(data)
    done = subprocess.run(
        [ELSEWHERE, "-c", READ, str(path)],
        check=True,
        capture_output=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(DATA.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    found: list[Exchange | Problem] = pickle.loads(done.stdout)
    return found


@needs_mitmproxy
def test_it_holds_what_the_har_of_the_same_run_holds(tmp_path: Path) -> None:
    dump = read(DUMP, tmp_path)
    har = outcomes(HAR, "x.har")
    assert len(dump) == len(har) == 7
    for one, other in zip(dump, har, strict=True):
        assert isinstance(one, Exchange), one
        assert isinstance(other, Exchange), other
        assert (one.request.method, one.request.url) == (other.request.method, other.request.url)
        assert one.response is not None
        assert other.response is not None
        assert (one.response.status, one.response.body, one.response.headers) == (
            other.response.status,
            other.response.body,
            other.response.headers,
        )
        assert one.sent_at == pytest.approx(other.sent_at, abs=0.01)
        assert not one.missing or {*one.missing} == {Part.CREDENTIAL}
        assert one.took is not None
        assert 0 < one.took < 5
    third = dump[2]
    assert isinstance(third, Exchange)
    assert third.request.body == b"\xff\xfe\x00"  # a HAR keeps no such bytes


@needs_mitmproxy
def test_damage_costs_the_flow_that_it_is_in(tmp_path: Path) -> None:
    at = DUMP.index(b"status_code;3:400#")
    damaged = DUMP[:at] + b"status_code;3:4x0#" + DUMP[at + len(b"status_code;3:400#") :]
    found = read(damaged, tmp_path)
    assert [type(one) for one in found] == [Exchange, Problem, *[Exchange] * 5]
    assert isinstance(found[1], Problem)
    assert (found[1].entry, found[1].message[:40]) == (1, "the flow cannot be read by mitmproxy: Fl")
    cut = read(DUMP[:-100], tmp_path)
    assert [type(one) for one in cut] == [*[Exchange] * 6, Problem]


# --- without mitmproxy -----------------------------------------------------------------------------------------------


def test_without_it_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitmproxy.io", None)
    problem = trouble(DUMP)
    assert "mitmproxy" in problem.message
    assert "pip install 'smscontract[mitmproxy]'" in problem.hint
    assert "hardump" in problem.hint


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that gives a plain object for each value that is not empty."""

    class FlowReader:
        def __init__(self, stream: Any) -> None:
            self.text = stream.read()

        def stream(self) -> Any:
            if b"bad" in self.text:
                raise ValueError(self.text)
            yield SimpleNamespace(type="dns")

    monkeypatch.setitem(sys.modules, "mitmproxy", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "mitmproxy.io", SimpleNamespace(FlowReader=FlowReader))


def frame(text: bytes) -> bytes:
    return b"%d:%s," % (len(text), text)


@pytest.mark.usefixtures("reader")
def test_values_are_cut_apart_whatever_is_in_them() -> None:
    data = frame(b"one") + frame(b"bad\n+14155550100") + frame(b"x" * 5000) + frame(b"")
    found = outcomes(data, "x.mitm", limit=1000)
    assert [type(one) for one in found] == [Exchange, Problem, Problem, Exchange]
    assert [one.message for one in found if isinstance(one, Problem)] == [
        "the flow cannot be read by mitmproxy: ValueError",
        "the flow is larger than 1000 bytes",
    ]
    assert [one.request.method for one in found if isinstance(one, Exchange)] == ["DNS", "DNS"]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("tail", [b"999999999999:x", b"9999", b"12:", b"5:abc"])
def test_a_length_beyond_the_end_is_a_cut(tail: bytes) -> None:
    found = outcomes(frame(b"one") + tail, "x.flow")
    assert [type(one) for one in found] == [Exchange, Problem]
    assert isinstance(found[1], Problem)
    assert found[1].message == "the file ends in the middle"


@given(st.integers(0, len(DUMP)), st.binary(max_size=4))
def test_whatever_a_dump_holds_it_is_cut_or_refused(at: int, piece: bytes) -> None:

    stream: Any = io.BufferedReader(io.BytesIO(DUMP[:at] + piece + DUMP[at + len(piece) :]))
    with contextlib.suppress(Broken):
        assert all(isinstance(one, bytes | Broken) for one in flows._frames(stream, 10_000))
