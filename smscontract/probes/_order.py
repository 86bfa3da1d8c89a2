"""In which order the cases of all families are sent: some of each in turn, so that no kind of fault has to wait for another."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from smscontract.probes.base import Case

__all__ = ["interleaved"]

#: Cases that lead: nothing can be told before it is known what a plain request is answered with, and one with everything in it.
_LEAD = 3


def interleaved(families: Sequence[tuple[int, int, Sequence[Case]]]) -> list[Case]:
    """All cases, those of one family in their order.

    Args:
        families: for each family its share (how many of its cases stand in one round), the round in which it begins (from 0),
            and its cases.
    """
    queues = [(share, start, deque(cases)) for share, start, cases in families if cases]
    ordered: list[Case] = []
    if queues:
        _, _, first = queues[0]
        ordered += [first.popleft() for _ in range(min(_LEAD, len(first)))]
    number = 0
    while any(queue for _, _, queue in queues):
        for share, start, queue in queues:
            if start <= number:
                ordered += [queue.popleft() for _ in range(min(share, len(queue)))]
        number += 1
    return ordered
