"""Parquet files: opened, and what several of them have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gmmx._optional import import_optional
from gmmx._text import columns_named, normalized, printable, quoted
from gmmx.data._reader import chosen_columns, find_columns, unreadable
from gmmx.io._arrow_features import ROWS_LOOKED_AT, ArrowFeatures, ListLengths, has_no_type, holds_lists, number_type
from gmmx.io._data_errors import Fault, FaultError

__all__ = ["PURPOSE", "Survey", "lengths_in", "opened_bit_by_bit", "opened_parquet"]

PURPOSE = "Reading Parquet files"

_READ_AT_ONCE = 1 << 16  # bytes of a column; without it a whole row group is read


def opened_parquet(file: Path, **options: Any) -> Any:
    """Open a Parquet file with the options of `pyarrow.parquet.ParquetFile`."""
    pyarrow = import_optional("pyarrow", PURPOSE, "data")
    try:
        return import_optional("pyarrow.parquet", PURPOSE, "data").ParquetFile(file, **options)
    except pyarrow.ArrowInvalid as error:
        raise FaultError(unreadable(file, "Parquet", error, "file")) from error


def opened_bit_by_bit(file: Path) -> Any:
    """Open a Parquet file, of which no more is held than what is decoded; for errors see `opened_parquet`."""
    return opened_parquet(file, buffer_size=_READ_AT_ONCE, pre_buffer=False)


def lengths_in(files: Sequence[Path]) -> ListLengths:
    """Return the lengths of lists in the columns of files, as the first file tells them that has any."""
    lengths = ListLengths()
    for file in files:
        with opened_bit_by_bit(file) as parquet:
            lengths.update(parquet.schema_arrow, partial(_columns, parquet, parquet.schema_arrow))
        if not lengths.unknown:
            break
    return lengths


class Survey:
    """Columns, types and number of rows of Parquet files, found before the rows are read.

    Parameters
    ----------
    files : sequence of Path
        The files.
    columns, weight_column
        As in `from_parquet`.

    Attributes
    ----------
    names : list of str
        Names of the features that are read.
    lengths : ListLengths
        Lengths of the lists in the columns.
    n_rows : int
        Rows of all files.
    dtype : numpy.dtype
        float32 if that is the type of all features in all files, else float64.

    Raises
    ------
    ValueError, TypeError
        See `from_parquet`.
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
            with opened_bit_by_bit(file) as parquet:
                self._look_at(parquet, printable(file))
        for name in self._without_type.keys() - self._with_type:
            raise ValueError(
                f"{self._without_type[name]}, but all columns must hold numbers: leave it out, or turn it into numbers"
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of all features."""
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
        schema, lengths = import_optional("pyarrow", PURPOSE, "data").schema(lists), ListLengths()
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
