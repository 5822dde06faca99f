"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gmmx import arrow
from gmmx._optional import needed
from gmmx._text import printable
from gmmx.data._reader import (
    Paths,
    Piece,
    Reader,
    checked,
    chosen_columns,
    described,
    files_of,
    find_column,
    find_columns,
    rows_of_bytes,
)

_SUFFIXES = (".parquet", ".parq", ".pq")
_READ_AT_ONCE = 1 << 16  # bytes of a column; without it a whole row group is read
_MOST_ROWS_AT_ONCE = 1 << 14  # what the decoder holds in memory grows with them
_PURPOSE = "Reading Parquet files"


@dataclass(frozen=True)
class _ParquetFiles:
    """Columns of Parquet files that were looked at."""

    files: list[Path]
    names: list[str]
    weight_column: str | None
    dtype: np.dtype[Any]
    rows_at_once: int
    keep_missing: bool = False

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first file on."""
        for file in self.files:
            yield from self._pieces(file)

    def _pieces(self, file: Path) -> Iterator[Piece]:
        where, first_row = printable(file), 0
        wanted = [*self.names, *([] if self.weight_column is None else [self.weight_column])]
        with opened_parquet(file, buffer_size=_READ_AT_ONCE, pre_buffer=False) as parquet:
            in_file = parquet.schema_arrow.names
            wanted = [in_file[index] for index in find_columns(wanted, in_file, where, "columns")]
            for batch in parquet.iter_batches(self.rows_at_once, columns=wanted, use_threads=False):
                present = batch.schema.names
                columns = find_columns(self.names, present, where, "columns")
                X = np.empty((batch.num_rows, len(columns)), self.dtype)
                arrow.copy_columns(batch, columns, X, where, first_row, keep_missing=self.keep_missing)
                weights = None
                if self.weight_column is not None:
                    column = find_column(self.weight_column, present, where, "weight_column")
                    values = np.empty((batch.num_rows, 1))
                    arrow.copy_columns(batch, [column], values, where, first_row, keep_missing=self.keep_missing)
                    weights = values[:, 0]
                yield checked(
                    Piece(X, weights),
                    where,
                    first_row,
                    feature_names=self.names,
                    weights=f"column {self.weight_column!r}",
                    keep_missing=self.keep_missing,
                )
                first_row += batch.num_rows


def from_parquet(
    path: Paths,
    columns: Sequence[str] | None = None,
    weight_column: str | None = None,
    *,
    batch_size: int | None = None,
) -> Reader:
    """Read the columns of Parquet files, batch by batch.

    Parameters
    ----------
    path : path-like or sequence of path-like
        A file, a folder (all files in it, and in the folders in it, that end in .parquet, .parq or .pq, sorted by
        their paths), or several of them. Names of folders like ``year=2026`` are not columns here.

    columns : sequence of str, default=None
        Names of the columns to fit, in this order. None: all but that of the weights; then all must hold numbers.

    weight_column : str, default=None
        Name of the column of the rows' weights. None: the rows have none.

    batch_size : int, default=None
        Rows of a batch. None: as many as 8 MiB hold, at most 131,072.

    Returns
    -------
    reader : Reader
        The rows, read anew in each iteration.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError, TypeError
        If a file is no Parquet file or none has rows, a column is missing or holds no numbers, or an argument is not
        as described; in an iteration: if a value is missing or not finite, or a weight is negative.

    Examples
    --------
    >>> import gmmx, pyarrow, pyarrow.parquet
    >>> table = pyarrow.table({"length": [1.4, 5.9, 5.1], "width": [0.2, 1.8, 1.5], "times": [1, 2, 1]})
    >>> pyarrow.parquet.write_table(table, "flowers.parquet")
    >>> batches = gmmx.data.from_parquet("flowers.parquet", weight_column="times", batch_size=2)
    >>> batches.feature_names
    ('length', 'width')
    >>> for X, sample_weight in batches:
    ...     print(X.tolist(), sample_weight)
    [[1.4, 0.2], [5.9, 1.8]] [1. 2.]
    [[5.1, 1.5]] [1.]
    """
    return reader_of_parquet(path, columns, weight_column, batch_size, keep_missing=False)


def reader_of_parquet(
    path: Paths,
    columns: Sequence[str] | None,
    weight_column: str | None,
    batch_size: int | None,
    *,
    keep_missing: bool,
) -> Reader:
    """Read the columns of Parquet files as `from_parquet` does.

    Parameters
    ----------
    path, columns, weight_column, batch_size
        As in `from_parquet`.
    keep_missing : bool
        Whether missing values are read as NaN; otherwise they are refused.
    """
    needed("pyarrow.parquet", _PURPOSE, "data")
    files = files_of(path, _SUFFIXES)
    names: list[str] = []
    types = set()
    without_type: dict[str, str] = {}  # columns that hold nulls alone, with their first file
    with_type: set[str] = set()
    n_rows = 0
    for file in files:
        with opened_parquet(file) as parquet:
            schema = parquet.schema_arrow
            present = schema.names  # made anew each time it is asked for
            n_rows += parquet.metadata.num_rows
        where = printable(file)
        if not names:
            names = chosen_columns(present, columns, weight_column, where)
        found = find_columns(names, present, where, "columns")
        weight = [] if weight_column is None else find_columns([weight_column], present, where, "weight_column")
        typed = [index for index in found if str(schema.field(index).type) != "null"]
        if typed:
            types.add(arrow.number_type(schema, typed, where))
        arrow.number_type(schema, weight, where)
        with_type |= {present[index] for index in typed}
        without_type = {present[index]: where for index in set(found) - set(typed)} | without_type
    for name in without_type.keys() - with_type:
        raise ValueError(
            f"{without_type[name]} has the column {name!r} of type null, but all columns must hold numbers: leave it "
            "out, or turn it into numbers"
        )
    if not n_rows:
        raise ValueError(f"path names {described('Parquet files', files)}, without a single row: give files with rows")
    dtype = types.pop() if len(types) == 1 else np.dtype(np.float64)
    size = rows_of_bytes(batch_size, len(names), dtype)
    pieces = _ParquetFiles(files, names, weight_column, dtype, min(size, _MOST_ROWS_AT_ONCE), keep_missing)
    return Reader(
        described("Parquet", files), pieces, feature_names=names, n_features=len(names), dtype=dtype, batch_size=size
    )


def opened_parquet(file: Path, **options: Any) -> Any:
    """Open a Parquet file.

    Parameters
    ----------
    file : Path
        The file.
    **options
        Those of `pyarrow.parquet.ParquetFile`.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If it is no Parquet file.
    """
    pyarrow = needed("pyarrow", _PURPOSE, "data")
    try:
        return needed("pyarrow.parquet", _PURPOSE, "data").ParquetFile(file, **options)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(
            f"path names {str(file)!r}, which cannot be read as Parquet ({error}): give a whole Parquet file"
        ) from error
