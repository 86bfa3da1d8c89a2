"""Many copies of a corpus as if it were longer: each has ids, numbers and times of its own, so that no histories are joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["MOST", "copies_of"]

#: Copies that can be told apart.
MOST = 256

_ID = re.compile(rb"_[0-9a-f]{2}(?=[0-9a-f]{10})")
_SID = re.compile(rb"SM[0-9a-f]{2}(?=[0-9a-f]{30})")
_NUMBER = re.compile(rb'(user_number\\?": ?\\?"\+1)(\d\d\d)(?=555)')
_TIMES = re.compile(rb'("sent_at": ?)([0-9.]+)(, ?"received_at": ?)([0-9.]+)}$')
#: The areas of the numbers of users: from the first, so many of them.
_FIRST, _AREAS = 201, 779
_STEP = 77


def copies_of(lines: Iterable[bytes], number: int, later: float) -> Iterator[bytes]:
    """The lines of one copy.

    Args:
        lines: of the corpus, without ends of lines.
        number: of the copy, from 0; below `MOST`.
        later: seconds between its times and those of the corpus.
    """
    mark = b"%02x" % number

    def moved(match: re.Match[bytes]) -> bytes:
        sent, received = (repr(float(match[group]) + later).encode() for group in (2, 4))
        return b"".join([match[1], sent, match[3], received, b"}"])

    def area(match: re.Match[bytes]) -> bytes:
        return match[1] + b"%d" % (_FIRST + (int(match[2]) - _FIRST + _STEP * number) % _AREAS)

    for line in lines:
        ours = _SID.sub(b"SM" + mark, _ID.sub(b"_" + mark, line))
        yield _TIMES.sub(moved, _NUMBER.sub(area, ours, count=1))
