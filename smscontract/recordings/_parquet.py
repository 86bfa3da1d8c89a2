"""Rows of Parquet files, row group by row group, through pyarrow, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from typing import Any

from smscontract.recordings._json import Broken
from smscontract.recordings._packed import sought

__all__ = ["group_sizes", "is_parquet", "rows"]

_MAGIC = b"PAR1"
_ROWS = 512  # at a time; bodies are some kilobytes


def is_parquet(head: bytes) -> bool:
    """Whether a file begins as Parquet files do."""
    return head.startswith(_MAGIC)


def group_sizes(stream: BufferedReader[Any]) -> list[int]:
    """How many rows each row group has.

    Raises:
        Broken: as `rows`.
    """
    return _sizes(_opened(stream))


def rows(
    stream: BufferedReader, groups: tuple[int, int] | None = None, first: int = 0
) -> Iterator[tuple[int, dict[str, Any] | Broken]]:
    """Each row with its number, as an object: times as seconds since 1970, null members left out. In the place of what is
    left of a row group that is damaged stands the `Broken` that says so.

    Args:
        groups: the first row group and the one behind the last; `None`: all.
        first: the number of the first row.

    Raises:
        Broken: it is no whole Parquet file, too large for what cannot be sought, or pyarrow is missing.
    """
    file = _opened(stream)
    sizes = _sizes(file)
    for group in range(*groups) if groups is not None else range(len(sizes)):
        number = first
        first += sizes[group]
        try:
            for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group]):
                for row in batch.to_pylist():
                    yield number, _plain(row)
                    number += 1
        except _damages() as error:
            yield number, Broken(f"is damaged from row {number} on: {type(error).__name__}", "other row groups were read")


def _damages() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError, LookupError, ArithmeticError, TypeError, MemoryError)


def _opened(stream: BufferedReader[Any]) -> Any:
    try:
        from pyarrow import parquet
    except ImportError:
        raise Broken("is Parquet, which is read through pyarrow", "pip install 'smscontract[parquet]'") from None
    seekable = sought(stream, "Parquet")
    try:
        return parquet.ParquetFile(seekable, pre_buffer=False, buffer_size=1024 * 1024)
    except _damages() as error:
        raise _no_whole(error) from None


def _sizes(file: Any) -> list[int]:
    try:
        found = file.metadata
        return [max(found.row_group(number).num_rows, 0) for number in range(found.num_row_groups)]
    except _damages() as error:
        raise _no_whole(error) from None


def _no_whole(error: Exception) -> Broken:
    return Broken(f"is no whole Parquet file: {type(error).__name__} at its start or end")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):  # without a zone it is UTC, as Parquet has it
        return value.timestamp() if value.tzinfo is not None else (value - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    return value
