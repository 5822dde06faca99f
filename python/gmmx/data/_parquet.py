"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gmmx._docstrings import with_fragments
from gmmx._optional import import_optional
from gmmx._text import printable
from gmmx.data._parquet_files import PURPOSE, Survey, opened_bit_by_bit
from gmmx.data._reader import (
    BATCH_SIZE,
    WEIGHT_COLUMN_BY_NAME,
    Paths,
    Piece,
    Reader,
    checked,
    described,
    files_of,
    find_column,
    find_columns,
    rows_of_bytes,
)
from gmmx.io._arrow_features import ArrowFeatures, ChosenFeatures, ListLengths
from gmmx.io._data_errors import Fault, FaultError
from gmmx.io._file_formats import FORMATS

_MOST_ROWS_AT_ONCE = 1 << 14  # what the decoder holds in memory grows with them


@dataclass(frozen=True)
class _ParquetFiles:
    """Columns of Parquet files that were looked at."""

    files: list[Path]
    names: list[str]
    weight_column: str | None
    lengths: ListLengths
    dtype: np.dtype[Any]
    most_rows: int
    keep_missing: bool = False

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first file on."""
        for file in self.files:
            yield from self._pieces(file)

    def _pieces(self, file: Path) -> Iterator[Piece]:
        where, first_row = printable(file), 0
        with opened_bit_by_bit(file) as parquet:
            wanted, n_features = self._columns(parquet.schema_arrow, where)
            rows_at_once = min(self.most_rows, rows_of_bytes(None, n_features, self.dtype))
            plan: _Plan | None = None
            for batch in parquet.iter_batches(rows_at_once, columns=wanted, use_threads=False):
                plan = plan or self._plan(batch.schema, where)
                yield self._piece(batch, plan, where, first_row)
                first_row += batch.num_rows

    def _columns(self, schema: Any, where: str) -> tuple[list[str], int]:
        """Return the names of the columns that are read, and how many features they hold."""
        features = ArrowFeatures.of(schema, self.lengths)
        names = [*self.names, *([] if self.weight_column is None else [self.weight_column])]
        found = np.unique(features.columns_of(find_columns(names, features.names, where, "columns")))
        n_features = sum(features.lengths[column] or 1 for column in found)
        return [features.columns[column] for column in found], n_features

    def _plan(self, schema: Any, where: str) -> _Plan:
        """Return what copies the columns out of batches."""
        features = ArrowFeatures.of(schema, self.lengths)
        chosen = features.chosen(find_columns(self.names, features.names, where, "columns"))
        if self.weight_column is None:
            return _Plan(chosen, None)
        weight = find_column(self.weight_column, features.names, where, "weight_column")
        return _Plan(chosen, features.chosen([weight]))

    def _piece(self, batch: Any, plan: _Plan, where: str, first_row: int) -> Piece:
        X = np.empty((batch.num_rows, len(self.names)), self.dtype)
        plan.values.copy(batch, X, where, first_row, keep_missing=self.keep_missing)
        weights = None
        if plan.weights is not None:
            column = np.empty((batch.num_rows, 1))
            plan.weights.copy(batch, column, where, first_row, keep_missing=self.keep_missing)
            weights = column[:, 0]
        return checked(
            Piece(X, weights),
            where,
            first_row,
            feature_names=self.names,
            weights=self.weight_column,
            keep_missing=self.keep_missing,
        )


class _Plan(NamedTuple):
    """The features to copy from the batches of a file: values and weights."""

    values: ChosenFeatures
    weights: ChosenFeatures | None


@with_fragments(weight_column=WEIGHT_COLUMN_BY_NAME, batch_size=BATCH_SIZE)
def from_parquet(
    path: Paths,
    columns: Sequence[str] | None = None,
    weight_column: str | None = None,
    *,
    batch_size: int | None = None,
) -> Reader:
    """Read the columns of Parquet files in batches.

    Parameters
    ----------
    path : path-like or sequence of path-like
        One or several files or folders. A folder stands for all files below it that end in .parquet, .parq or .pq,
        sorted by path. Folder names such as ``year=2026`` do not become columns.

    columns : sequence of str, default=None
        Names of the columns to fit, in this order. None selects all except the weights; all must then contain numbers,
        or lists of numbers of equal length. A column of lists stands for all its elements, the features ``name[0]``,
        ``name[1]``, ...; these names select single elements.

    {weight_column}

    {batch_size}

    Returns
    -------
    reader : Reader
        Batches of rows, read from the files in each iteration.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    FileNotFoundError
        If a file does not exist.
    ValueError, TypeError
        If a file is not a Parquet file, no file has rows, a column is missing or not numeric, lists in several files
        differ in length, or an argument is not as described. While iterating: if a value is missing or not finite,
        lists differ in length, or a weight is negative.

    Notes
    -----
    The length of the lists of a column is given by its type, or else by the first list that is neither null nor empty.
    A null list is a missing value in each of its features.

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

    A column of lists, such as embeddings, has one feature per list element:

    >>> table = pyarrow.table({"id": [7, 8], "embedding": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]})
    >>> pyarrow.parquet.write_table(table, "texts.parquet")
    >>> gmmx.data.from_parquet("texts.parquet", columns=["embedding"]).feature_names
    ('embedding[0]', 'embedding[1]', 'embedding[2]')
    >>> for X in gmmx.data.from_parquet("texts.parquet", columns=["embedding[2]", "id"]):
    ...     print(X.tolist())
    [[0.3, 7.0], [0.6, 8.0]]
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
    """Read the columns of Parquet files as `from_parquet` does; `keep_missing` reads missing values as NaN."""
    import_optional("pyarrow.parquet", PURPOSE, "data")
    files = files_of(path, FORMATS["parquet"].endings)
    survey = Survey(files, columns, weight_column)
    if not survey.n_rows:
        raise FaultError(Fault("no rows", "path", value=described("Parquet files", files)))
    n_features, dtype = len(survey.names), survey.dtype
    size = rows_of_bytes(batch_size, n_features, dtype)
    pieces = _ParquetFiles(
        files, survey.names, weight_column, survey.lengths, dtype, min(size, _MOST_ROWS_AT_ONCE), keep_missing
    )
    return Reader(
        described("Parquet", files),
        pieces,
        feature_names=survey.names,
        n_features=n_features,
        dtype=dtype,
        batch_size=size,
    )
