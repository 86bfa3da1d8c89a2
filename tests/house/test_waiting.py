"""No test fails because a machine is slow: what is waited for may take a minute."""

from __future__ import annotations

import re

from tests.house import project

_SECONDS = 60
_WAITS = re.compile(r"(?:\btimeout=|\bsettimeout\(|\.wait\(|\.join\()([0-9][0-9_.]*)[),]")
#: Waits that are meant to end without anything, by file, and scripts that are run by hand.
_MEANT = {"gate/test_leash.py": {0.2}, "gate/test_way_out.py": {10.0}}
_TESTS = project.TOP / "tests"


def waits(text: str) -> list[float]:
    return [float(found[1]) for found in _WAITS.finditer(text)]


def test_waits_are_found() -> None:
    text = "a.communicate(timeout=20)\nb.wait(30)\nc.join(5)\nd.settimeout(0.2)\ne.join(lines)\nBarrier(2, timeout=5)"
    assert sorted(waits(text)) == [0.2, 5, 5, 20, 30]


def test_nothing_is_waited_for_only_shortly() -> None:
    short = {}
    for path in _TESTS.rglob("*.py"):
        file = path.relative_to(_TESTS).as_posix()
        if path.name.startswith("record_") or file == "house/test_waiting.py":
            continue
        found = {one for one in waits(path.read_text(encoding="utf-8")) if one < _SECONDS}
        if not found <= _MEANT.get(file, set()):
            short[file] = found
    assert short == {}
