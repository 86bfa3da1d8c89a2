"""How much memory of its own a process needs for recordings that are larger than that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.recordings.reading import har_entry, line

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what is a process's own"),
]

MB = 1_000_000
READ = """
import re, sys
from pathlib import Path
from smscontract.recordings import read

def own():
    return sum(map(int, re.findall(r"Private_\\w+:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text())))

count, peak = 0, 0
for one in read(sys.argv[1:]):
    count += 1
    if count % 500 < 2:
        peak = max(peak, own())
print(count, max(peak, own()) // 1024)
"""


def own_memory(path: Path) -> tuple[int, int]:
    """How many exchanges and problems the file holds, and the megabytes that reading it took."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True, timeout=600)
    count, peak = map(int, done.stdout.split())
    return count, peak


def entry() -> dict[str, Any]:
    fields = [{"name": f"x-field-{number}", "value": "v" * 60} for number in range(20)]
    return har_entry(
        request={"headers": [{"name": "Authorization", "value": "made-up"}, *fields]}, content={"text": "x" * 1500}
    )


def written(path: Path, start: str, parts: Callable[[], Iterator[str]], end: str, size: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(start)
        for part in parts():
            if file.tell() >= size:
                break
            file.write(part)
        file.write(end)
    return path


def test_a_har_of_sixty_megabytes_takes_no_more_than_one_of_five(tmp_path: Path) -> None:
    one = json.dumps(entry())

    def entries() -> Iterator[str]:
        yield one
        while True:
            yield f",\n{one}"

    found = [
        own_memory(written(tmp_path / "x.har", '{"log": {"entries": [', entries, "]}}", size)) for size in (5 * MB, 60 * MB)
    ]
    assert found[1][0] > 11 * found[0][0]
    assert found[1][1] < 100
    assert found[1][1] - found[0][1] < 5


@pytest.mark.parametrize(
    ("name", "start", "end", "count"),
    [
        ("x.jsonl", line().decode() + '{"request": "', '"}\n' + line().decode(), 3),
        ("x.har", '{"log": {"entries": [{"request": "', '"}]}}', 1),
        ("x.yaml", "interactions:\n- request: '", "'\n", 1),
    ],
)
def test_an_entry_of_three_hundred_megabytes_is_never_held(name: str, start: str, end: str, count: int, tmp_path: Path) -> None:
    def text() -> Iterator[str]:
        while True:
            yield "x" * MB

    found, own = own_memory(written(tmp_path / name, start, text, end, 300 * MB))
    assert found == count
    assert own < 200
