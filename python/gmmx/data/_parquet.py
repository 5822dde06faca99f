"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gmmx._docstrings import with_fragments
from gmmx._optional import import_optional
from gmmx._text import columns_named, normalized, printable, quoted
from gmmx.data._reader import (
    BATCH_SIZE,
    WEIGHT_COLUMN_BY_NAME,
    Paths,
    Piece,
    Reader,
    checked,
    chosen_columns,
    described,
    files_of,
    find_columns,
    rows_of_bytes,
    unreadable,
)
from gmmx.io._arrow_features import (
    ROWS_LOOKED_AT,
    ArrowFeatures,
    ChosenFeatures,
    ListLengths,
    has_no_type,
    holds_lists,
    number_type,
)
from gmmx.io._data_errors import Fault, FaultError
from gmmx.io._file_formats import FORMATS

__all__ = ["from_parquet", "lengths_in", "opened_parquet", "reader_of_parquet"]

_PURPOSE = "Reading Parquet files"
_MOST_ROWS_AT_ONCE = 1 << 14  # what the decoder holds in memory grows with them
_READ_AT_ONCE = 1 << 16  # bytes of a column; without it a whole row group is read


@dataclass(frozen=True)
class _ParquetFile:
    """Columns of a Parquet file that was looked at."""

    file: Path
    names: list[str]
    weight_column: str | None
    lengths: ListLengths
    dtype: np.dtype[Any]
    most_rows: int
    keep_missing: bool

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        where, first_row = printable(self.file), 0
        with opened_parquet(self.file) as parquet:
            shares = [share for chosen in self._chosen(parquet.schema_arrow, where) for share in chosen.shares]
            widths = {share.column: share.length or 1 for share in shares}
            names = parquet.schema_arrow.names
            wanted = [names[column] for column in sorted(widths)]
            rows_at_once = min(self.most_rows, rows_of_bytes(None, sum(widths.values()), self.dtype))
            chosen: list[ChosenFeatures] = []
            for batch in parquet.iter_batches(rows_at_once, columns=wanted, use_threads=False):
                chosen = chosen or self._chosen(batch.schema, where)
                X, weights = np.empty((batch.num_rows, len(self.names)), self.dtype), np.empty((batch.num_rows, 1))
                for features, numbers in zip(chosen, (X, weights), strict=False):  # there may be no weights
                    features.copy(batch, numbers, where, first_row, keep_missing=self.keep_missing)
                yield checked(
                    Piece(X, None if self.weight_column is None else weights[:, 0]),
                    where,
                    first_row,
                    feature_names=self.names,
                    weights=self.weight_column,
                    keep_missing=self.keep_missing,
                )
                first_row += batch.num_rows

    def _chosen(self, schema: Any, where: str) -> list[ChosenFeatures]:
        """Return what copies values out of batches, and weights if there are any."""
        features = ArrowFeatures.of(schema, self.lengths)
        groups = {"columns": self.names}
        if self.weight_column is not None:
            groups["weight_column"] = [self.weight_column]
        return [
            features.chosen(find_columns(names, features.names, where, argument)) for argument, names in groups.items()
        ]


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
    import_optional("pyarrow.parquet", _PURPOSE, "data")
    files = files_of(path, FORMATS["parquet"].endings)
    survey = _Survey(files, columns, weight_column)
    if not survey.n_rows:
        raise FaultError(Fault("no rows", "path", value=described("Parquet files", files)))
    n_features, dtype = len(survey.names), survey.dtype
    size = rows_of_bytes(batch_size, n_features, dtype)
    most_rows = min(size, _MOST_ROWS_AT_ONCE)
    return Reader(
        described("Parquet", files),
        [
            _ParquetFile(file, survey.names, weight_column, survey.lengths, dtype, most_rows, keep_missing)
            for file in files
        ],
        feature_names=survey.names,
        n_features=n_features,
        dtype=dtype,
        batch_size=size,
    )


def opened_parquet(file: Path) -> Any:
    """Open a Parquet file, of which no more is held than what is decoded."""
    pyarrow = import_optional("pyarrow", _PURPOSE, "data")
    parquet = import_optional("pyarrow.parquet", _PURPOSE, "data")
    try:
        return parquet.ParquetFile(file, buffer_size=_READ_AT_ONCE, pre_buffer=False)
    except pyarrow.ArrowInvalid as error:
        raise FaultError(unreadable(file, "Parquet", error, "file")) from error


def lengths_in(files: Sequence[Path]) -> ListLengths:
    """Return the lengths of lists in the columns of files, as the first file tells them that has any."""
    lengths = ListLengths()
    for file in files:
        with opened_parquet(file) as parquet:
            lengths.update(parquet.schema_arrow, partial(_columns, parquet, parquet.schema_arrow))
        if not lengths.unknown:
            break
    return lengths


class _Survey:
    """Columns, types and number of rows of Parquet files, found before the rows are read.

    `names` are those of the features that are read, `lengths` those of lists in the columns. Arguments and errors are
    those of `from_parquet`.
    """

    def __init__(self, files: Sequence[Path], columns: Sequence[str] | None, weight_column: str | None) -> None:
        self.lengths = lengths_in(files)
        self.names: list[str] = []
        self.n_rows = 0
        self._columns, self._weight_column, self._first_file = columns, weight_column, ""
        self._types: set[np.dtype[Any]] = set()
        self._kinds: dict[str, tuple[bool, str]] = {}  # of the columns that are read: whether they hold lists; type
        self._list_lengths: dict[str, tuple[int, str]] = {}  # of the columns that are read, and where
        self._without_type: dict[str, str] = {}  # columns without a single number so far, and what was seen of them
        self._with_type: set[str] = set()
        for file in files:
            with opened_parquet(file) as parquet:
                self._look_at(parquet, printable(file))
        for name in self._without_type.keys() - self._with_type:
            raise ValueError(
                f"{self._without_type[name]}, but all columns must hold numbers: leave it out, or turn it into numbers"
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 if that is the type of all features in all files, else float64."""
        return next(iter(self._types)) if len(self._types) == 1 else np.dtype(np.float64)

    def _look_at(self, parquet: Any, where: str) -> None:
        schema = parquet.schema_arrow
        features = ArrowFeatures.of(schema, self.lengths)
        self.n_rows += parquet.metadata.num_rows
        if not self.names:
            lists = {name: [features.names[index] for index in span] for name, span in features.lists.items()}
            self._first_file = where
            self.names = chosen_columns(features.names, self._columns, self._weight_column, where, lists)
        self._refuse_other_kinds(schema, where)
        self._refuse_missing_columns(features.names, where)
        values = features.columns_of(find_columns(self.names, features.names, where, "columns")).tolist()
        wanted = [] if self._weight_column is None else [self._weight_column]
        weights = features.columns_of(find_columns(wanted, features.names, where, "weight_column")).tolist()
        read = list(dict.fromkeys(values + weights))
        self._refuse_other_lengths(parquet, list(map(schema.field, read)), where)
        for field in map(schema.field, read):
            if not has_no_type(field.type):
                self._kinds.setdefault(field.name, (holds_lists(field.type), f"{field.type} in {where}"))
        self._add_types(schema, list(dict.fromkeys(values)), where)
        number_type(schema, weights, where)

    def _refuse_missing_columns(self, names: Sequence[str], where: str) -> None:
        """Refuse a file without a column that was not asked for, but taken because the first file has it."""
        known = set(map(normalized, names))
        missing = [name for name in self.names if normalized(name) not in known]
        if missing and self._columns is None:
            raise ValueError(
                f"{where} has no {columns_named(list(map(quoted, missing)))}, which {self._first_file} has, but if "
                "columns is not given, all files must have the same. Give columns that all have, or read the files one "
                "by one."
            )

    def _refuse_other_kinds(self, schema: Any, where: str) -> None:
        """Refuse lists where other files have numbers, and numbers where these have lists."""
        for name, (are_lists, elsewhere) in self._kinds.items():
            index = schema.get_field_index(name)
            of_type = schema.field(index).type if index >= 0 else None
            if of_type is not None and not has_no_type(of_type) and holds_lists(of_type) != are_lists:
                raise FaultError(Fault("other type", where, column=name, value=str(of_type), expected=elsewhere))

    def _refuse_other_lengths(self, parquet: Any, fields: Sequence[Any], where: str) -> None:
        """Refuse lists of another length than in the files before."""
        lists = [field for field in fields if holds_lists(field.type)]
        if not lists:
            return
        schema, lengths = import_optional("pyarrow", _PURPOSE, "data").schema(lists), ListLengths()
        lengths.update(schema, partial(_columns, parquet, schema))
        for field in lists:
            length = lengths[field.name]
            if length is None:
                continue
            first, elsewhere = self._list_lengths.setdefault(normalized(field.name), (length, where))
            if length != first:
                there = f"{elsewhere} lists of length {first}"
                raise FaultError(Fault("other lists", where, column=field.name, value=str(length), expected=there))

    def _add_types(self, schema: Any, columns: Sequence[int], where: str) -> None:
        typed = []
        for column in columns:
            field = schema.field(column)
            is_open = holds_lists(field.type) and normalized(field.name) in self.lengths.unknown
            if has_no_type(field.type) or is_open:
                seen = f"{where} has the column {field.name!r} of type {field.type}{' without a number' * is_open}"
                self._without_type.setdefault(field.name, seen)
            else:
                typed.append(column)
        if typed:
            self._types.add(number_type(schema, typed, where))
            self._with_type |= {schema.field(column).name for column in typed}


def _columns(parquet: Any, schema: Any, positions: Sequence[int]) -> Iterator[list[Any]]:
    """Yield columns of a file, a few rows at a time."""
    names = [schema.field(position).name for position in positions]
    for batch in parquet.iter_batches(ROWS_LOOKED_AT, columns=names, use_threads=False):
        yield [batch.column(batch.schema.get_all_field_indices(name)[0]) for name in names]
