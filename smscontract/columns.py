"""Small tables for a terminal: a name, then numbers; what does not fit is never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["table"]

_GAP = 2
_NARROWEST = 20


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: int = 2) -> Iterator[str]:
    """The lines of a table, the first column to the left and the others to the right.

    Args:
        head: the title of each column.
        rows: as many cells each, all harmless to print.
        width: of the longest line; a name that leaves no room gets a line for itself.
    """
    sizes = [max(len(row[number]) for row in (head, *rows)) for number in range(len(head))]
    room = width - indent - sum(size + _GAP for size in sizes[1:])
    first = min(sizes[0], max(room, _NARROWEST))
    for row in (head, *rows):
        cells = "".join(" " * _GAP + cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True))
        if len(row[0]) > first:
            yield " " * indent + row[0]
            yield (" " * (indent + first) + cells).rstrip()
        else:
            yield (" " * indent + row[0].ljust(first) + cells).rstrip()
