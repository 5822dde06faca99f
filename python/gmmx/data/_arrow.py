"""Arrow data that is handed over by another library, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx import arrow
from gmmx._optional import needed
from gmmx.data._reader import Piece, Reader, checked, rows_of_bytes

__all__ = ["is_dataset", "reader_of_table"]

_MOST_ROWS_AT_ONCE = 1 << 16
_READ_AT_ONCE = 1 << 16  # bytes of a column
_PURPOSE = "Arrow data"


@dataclass(frozen=True)
class _Table:
    """All columns of what hands out Arrow data again and again."""

    table: Any
    names: list[str]
    dtype: np.dtype[Any]

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        columns, first_row = range(len(self.names)), 0
        for whole in self._record_batches():
            for begin in range(0, whole.num_rows, _MOST_ROWS_AT_ONCE):
                batch = whole.slice(begin, _MOST_ROWS_AT_ONCE)
                X = np.empty((batch.num_rows, len(columns)), self.dtype)
                arrow.copy_columns(batch, columns, X, "source", first_row)
                yield checked(Piece(X, None), "source", first_row, feature_names=self.names, weights=None)
                first_row += batch.num_rows

    def _record_batches(self) -> Iterator[Any]:
        if is_dataset(self.table):
            # The usual way, 16 batches of each of 4 files ahead, whole row groups and all threads, takes up to a GiB.
            options = _scan_options(self.table)
            yield from self.table.to_batches(
                batch_size=_MOST_ROWS_AT_ONCE, batch_readahead=1, fragment_readahead=1, use_threads=False, **options
            )
        else:
            yield from needed("pyarrow", _PURPOSE, "data").RecordBatchReader.from_stream(self.table)


def reader_of_table(table: Any, batch_size: int | None) -> Reader:
    """Return the rows of a table or relation as batches.

    Parameters
    ----------
    table : object with the method ``__arrow_c_stream__``, or pyarrow.dataset.Dataset
        What can be read again and again. All its columns are features and must hold numbers.
    batch_size : int or None
        Rows of a batch. None: as many as 8 MiB hold, at most 131,072.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If a column holds no numbers.
    """
    if is_dataset(table):
        schema = table.schema
    else:
        schema = needed("pyarrow", _PURPOSE, "data").RecordBatchReader.from_stream(table).schema
    names = list(schema.names)
    dtype = arrow.number_type(schema, range(len(names)), "source")
    if not names:
        raise ValueError("source has no columns, but must have at least one")
    return Reader(
        type(table).__name__,
        _Table(table, names, dtype),
        feature_names=names,
        n_features=len(names),
        dtype=dtype,
        batch_size=rows_of_bytes(batch_size, len(names), dtype),
    )


def _scan_options(dataset: Any) -> dict[str, Any]:
    """Return what makes a dataset of Parquet files read them bit by bit; others need nothing."""
    if getattr(getattr(dataset, "format", None), "default_extname", None) != "parquet":
        return {}
    options = needed("pyarrow.dataset", _PURPOSE, "data").ParquetFragmentScanOptions(
        pre_buffer=False, use_buffered_stream=True, buffer_size=_READ_AT_ONCE
    )
    return {"fragment_scan_options": options}


def is_dataset(source: Any) -> bool:
    """Tell whether something is a dataset of pyarrow, or what looks like one."""
    return all(hasattr(source, name) for name in ("schema", "to_batches", "scanner"))
