"""Arrow data from other libraries, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gmmx._optional import import_optional
from gmmx.data._reader import Piece, Reader, checked
from gmmx.io import arrow
from gmmx.io._arrow_features import ROWS_LOOKED_AT, ArrowFeatures, ChosenFeatures, ListLengths, number_type

__all__ = ["is_dataset", "reader_of_table"]

_MOST_ROWS_AT_ONCE = 1 << 16
_MOST_NUMBERS_AT_ONCE = 1 << 22
_READ_AT_ONCE = 1 << 16  # bytes of a column
_PURPOSE = "Arrow data"


@dataclass(frozen=True)
class _Table:
    """All columns of a repeatable source of Arrow data."""

    table: Any
    chosen: ChosenFeatures
    dtype: np.dtype[Any]

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        names, first_row = self.chosen.features.names, 0
        most_rows = max(1, min(_MOST_ROWS_AT_ONCE, _MOST_NUMBERS_AT_ONCE // len(names)))
        for whole in _record_batches(self.table, batch_size=most_rows):
            for begin in range(0, whole.num_rows, most_rows):
                batch = whole.slice(begin, most_rows)
                X = np.empty((batch.num_rows, len(names)), self.dtype)
                self.chosen.copy(batch, X, "source", first_row)
                yield checked(Piece(X, None), "source", first_row, feature_names=names, weights=None)
                first_row += batch.num_rows


def _record_batches(table: Any, **options: Any) -> Iterator[Any]:
    if is_dataset(table):
        # The usual way, 16 batches of each of 4 files ahead, whole row groups and all threads, takes up to a GiB.
        yield from table.to_batches(
            batch_readahead=1, fragment_readahead=1, use_threads=False, **options, **_scan_options(table)
        )
    else:
        yield from arrow.reader_of(table, "source")


def reader_of_table(table: Any, batch_size: int | None) -> Reader:
    """Return the rows of a table, relation or dataset as batches; all columns are features.

    The source can be read repeatedly: it has the method ``__arrow_c_stream__``, or is a pyarrow.dataset.Dataset.
    """
    schema = table.schema if is_dataset(table) else arrow.reader_of(table, "source").schema
    dtype = number_type(schema, range(len(schema)), "source")
    lengths = ListLengths()
    lengths.update(schema, partial(_columns, table))
    features = ArrowFeatures.of(schema, lengths)
    names = features.names
    if not names:
        raise ValueError("source has no columns, but must have at least one")
    return Reader(
        type(table).__name__,
        [_Table(table, features.chosen(range(len(names))), dtype)],
        feature_names=names,
        n_features=len(names),
        dtype=dtype,
        batch_size=batch_size,
    )


def _columns(table: Any, positions: Sequence[int]) -> Iterator[list[Any]]:
    """Yield columns of lists, a few rows at first, for their lengths."""
    if not is_dataset(table):
        for batch in arrow.reader_of(table, "source"):
            yield [batch.column(position) for position in positions]
        return
    names = [table.schema.names[position] for position in positions]
    for batch in _record_batches(table, columns=names, batch_size=ROWS_LOOKED_AT):
        yield batch.columns


def _scan_options(dataset: Any) -> dict[str, Any]:
    """Return what makes a dataset of Parquet files read them bit by bit; others need nothing."""
    if getattr(getattr(dataset, "format", None), "default_extname", None) != "parquet":
        return {}
    options = import_optional("pyarrow.dataset", _PURPOSE, "data").ParquetFragmentScanOptions(
        pre_buffer=False, use_buffered_stream=True, buffer_size=_READ_AT_ONCE
    )
    return {"fragment_scan_options": options}


def is_dataset(source: Any) -> bool:
    """Return whether an object is, or looks like, a dataset of pyarrow."""
    return all(hasattr(source, name) for name in ("schema", "to_batches", "scanner"))
