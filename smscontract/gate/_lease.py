"""Two runs against one target must not use the same pairs of numbers, nor the same drafts: each takes its own before it begins.

The leases are locks on single bytes of a file in the folder for temporary files, and end with the process, however it ends.
Runs on different machines do not see each other's: there `--seed` keeps them apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from smscontract.documents import Operation
from smscontract.errors import CannotTell
from smscontract.gate._targets import Target
from smscontract.numbers import examples
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry, Resources

__all__ = ["leased"]

#: Runs at the same time that find numbers of their own, and how many each gets beyond those that the resources list.
_SLOTS, _EACH = 32, 40
#: So many of the reserved numbers are for plans; those behind them are for what is asked again on a fresh pair.
_FRESH, _BLOCKS = _EACH * (_SLOTS + 12), _SLOTS * 8


@contextmanager
def leased(
    target: Target, operations: Iterable[Operation], *, seed: int = 0, slot: int | None = None
) -> Iterator[tuple[Target, list[str]]]:
    """The target with those of its resources that no other run uses, for as long as the block lasts, and what to say of it.

    Args:
        seed: keeps runs on several machines apart.
        slot: of the run that is finished now; the resources are that run's, and it needs all of them.

    Raises:
        CannotTell: they are needed and another run has some.
    """
    if not target.shared:
        yield target, []
        return
    with _Locks(f"{target.url.netloc}{target.url.path} {target.provider}") as locks:
        whole = slot is not None
        free = next((number for number in (range(_SLOTS) if slot is None else [slot]) if locks.take(f"slot {number}")), None)
        mine = free if free is not None else slot or 0
        kept, left_out = _free(target.resources, list(operations), locks, mine, whole=whole)
        if whole and (left_out or free is None):
            raise CannotTell("another run uses numbers or drafts of this one", hint="wait for its end")
        notes = [f"{left_out} numbers or drafts are another run's at the moment, and were left out"] if left_out else []
        first = _FRESH + _EACH * ((seed * _SLOTS + mine) % _BLOCKS)
        fresh = examples(_FRESH + _EACH * _BLOCKS)[first:][:_EACH]
        yield replace(target, resources=kept, slot=mine, fresh=tuple(fresh)), notes


def _free(resources: Resources, operations: list[Operation], locks: _Locks, slot: int, *, whole: bool) -> tuple[Resources, int]:
    phones = {
        name
        for one in operations
        if one.body is not None
        for name, node in one.body.node.properties.items()
        if node.mask == "phone"
    }
    owned = {
        place.last
        for one in operations
        for rule in one.rules
        for place, expected in rule.requires
        if isinstance(expected, dict)
    }
    found: dict[str, dict[str, list[Entry]]] = {}
    left_out = 0
    for parameter in resources.parameters():
        for label in resources.labels(parameter):
            listed = [entry for entry in resources.entries(parameter) if entry.label == label]
            used_up = any(is_spendable(one, parameter, entry) for one in operations for entry in listed)
            if used_up or (parameter in phones and parameter not in owned):
                free = [entry for entry in listed if locks.take(f"{parameter} {entry.value}")]
                left_out += len(listed) - len(free)
                listed = free
            found.setdefault(parameter, {})[label] = listed
    if slot and not whole:
        numbers = examples(_FRESH)[_EACH * (slot + 11) :][:_EACH]
        for parameter in phones - owned:
            mine = found.setdefault(parameter, {})
            label = next(iter(mine), "any")
            mine[label] = [*mine.get(label, []), *(Entry(parameter, label, number) for number in numbers)]
    return Resources(found), left_out


class _Locks:
    """Locks on the bytes of one file, each byte for one name."""

    def __init__(self, name: str) -> None:
        self._name = hashlib.sha256(name.encode()).hexdigest()[:24]
        self._file = -1

    def __enter__(self) -> Self:
        folder = Path(tempfile.gettempdir()) / f"smscontract-{os.getuid() if hasattr(os, 'getuid') else 'leases'}"
        with contextlib.suppress(OSError):  # without a file there are no leases, and the run goes on as one alone would
            folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._file = os.open(folder / f"{self._name}.lock", flags, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)

    def take(self, name: str) -> bool:
        """Whether nobody else had it; now it is ours."""
        if self._file < 0 or sys.platform != "linux":
            return True
        import fcntl

        byte = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
        # Of the open file, not of the process: two runs in one process keep apart, too.
        wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, wanted)
        except OSError:
            return False
        return True
