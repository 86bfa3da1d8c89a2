"""In which order the cases of all families are sent: some of each in turn, so that no kind of fault has to wait for another."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from smscontract.probes.base import Case

__all__ = ["interleaved"]

#: Cases that lead: nothing can be told before it is known what a plain request is answered with.
_LEAD = 2


def interleaved(families: Sequence[tuple[int, Sequence[Case]]]) -> list[Case]:
    """All cases, those of one family in their order.

    Args:
        families: for each family its share, how many of its cases stand in one round, and its cases.
    """
    queues = [(share, deque(cases)) for share, cases in families if cases]
    ordered: list[Case] = []
    if queues:
        _, first = queues[0]
        ordered += [first.popleft() for _ in range(min(_LEAD, len(first)))]
    while any(queue for _, queue in queues):
        for share, queue in queues:
            ordered += [queue.popleft() for _ in range(min(share, len(queue)))]
    return ordered
