"""Files that say what another tool is expected to show, and why: `always|sometimes  WHAT  why`, three columns, two spaces
or more between them. `sometimes` is for what depends on chance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(always|sometimes) {2,}(\S+(?: \S+)*) {2,}(\S.{9,})")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a file expects, each with its reason."""

    file: str
    always: dict[str, str]
    sometimes: dict[str, str]

    def wrong(self, found: Iterable[str]) -> list[str]:
        """One sentence for each thing that is there and not explained, or explained and not there."""
        seen = set(found)
        return [f"{self.file} does not explain {one}" for one in sorted(seen - {*self.always, *self.sometimes})] + [
            f"{self.file} expects {one}, which was not found" for one in sorted(set(self.always) - seen)
        ]


def read(path: Path) -> Explained:
    """Reads such a file; lines that begin with `#` and empty ones say nothing."""
    groups: dict[str, dict[str, str]] = {"always": {}, "sometimes": {}}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        assert found, f"{path.name}:{number}: neither a comment nor `always|sometimes  WHAT  why`"
        how, what, why = found.groups()
        assert not any(what in group for group in groups.values()), f"{path.name}:{number}: `{what}` stands there twice"
        groups[how][what] = why
    return Explained(path.name, **groups)
