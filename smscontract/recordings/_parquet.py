"""Rows of Parquet files, row group by row group, through pyarrow, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from typing import Any

from smscontract.recordings._json import Broken

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
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found = parquet.ParquetFile(stream, pre_buffer=False).metadata
        return [found.row_group(number).num_rows for number in range(found.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        raise Broken(f"is no whole Parquet file: {type(error).__name__} at its start or end") from None


def rows(stream: BufferedReader, groups: tuple[int, int] | None = None) -> Iterator[dict[str, Any]]:
    """Each row as an object; times as seconds since 1970, null members left out.

    Args:
        groups: the first row group and the one behind the last; `None`: all.

    Raises:
        Broken: it is no whole Parquet file, cannot be sought, or pyarrow is missing.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise Broken("is Parquet, which is read through pyarrow", "pip install 'smscontract[parquet]'") from None
    if not stream.seekable():
        raise Broken("is Parquet, which is not read from a pipe or compressed as a whole", "name the unpacked file")
    done = 0
    try:
        file = parquet.ParquetFile(stream, pre_buffer=False, buffer_size=1024 * 1024)
        for group in range(*groups) if groups is not None else range(file.num_row_groups):
            for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group]):
                for row in batch.to_pylist():
                    done += 1
                    yield _plain(row)
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        where = f"behind row {done - 1}" if done else "at its start or end"
        raise Broken(f"is no whole Parquet file: {type(error).__name__} {where}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):  # without a zone it is UTC, as Parquet has it
        return value.timestamp() if value.tzinfo is not None else (value - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    return value
