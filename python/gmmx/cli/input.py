"""Rows and models as the commands' options ask for them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted
from gmmx._text_tables import counted
from gmmx.cli.column_selection import Features, selected_columns
from gmmx.cli.console import print_line, print_note, progress_bar, stop, unreadable
from gmmx.cli.file_formats import DataFile, Selection, blaming, opened, pieces_of
from gmmx.cli.options import DELIMITERS, STANDARD_STREAM, DataOptions, format_of
from gmmx.data._reader import Batch, Piece, Reader
from gmmx.io.csv_text import DataFileError
from gmmx.validation._lost_rows import counting_rows, lost_row

if TYPE_CHECKING:
    from gmmx import GaussianMixture

# A picture of a large file draws this many rows: more look no different.
ROWS_DRAWN = 100_000

_MOST_LISTED = 24


@dataclass(frozen=True)
class FileRows:
    """Rows of a file."""

    X: npt.NDArray[Any]  # finite numbers, float32 if the file holds nothing else, else float64
    sample_weight: npt.NDArray[np.float64] | None  # the weight column, if one was asked for; not negative
    complete: npt.NDArray[np.bool_]  # which of the rows that were read these are; the others lack a value
    n_before: int = 0  # rows of the file before these

    @classmethod
    def of(cls, piece: Piece, *, drop_missing: bool, n_before: int) -> FileRows:
        """Return the rows of a piece, without those that lack a value if these are to be dropped."""
        X, weights = piece
        complete = np.ones(len(X), np.bool_)
        if drop_missing:
            complete = ~np.isnan(X).any(axis=1)
            if weights is not None:
                complete &= ~np.isnan(weights)
        if not complete.all():
            X, weights = X[complete], None if weights is None else weights[complete]
        return cls(X, weights, complete, n_before)

    def with_gaps(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return one value for each row that was read, masked where the row was dropped."""
        if self.complete.all():
            return values
        data = np.zeros((len(self.complete), *values.shape[1:]), values.dtype)
        data[self.complete] = values
        mask = np.broadcast_to(~self.complete.reshape(-1, *(1,) * (values.ndim - 1)), data.shape)
        return np.ma.MaskedArray(data, mask)

    def split(self, size: int) -> Iterator[FileRows]:
        """Cut the rows into parts that hold `size` of the rows that were read."""
        begin = 0
        for n_read in range(0, len(self.complete), size):
            complete = self.complete[n_read : n_read + size]
            end = begin + int(complete.sum())
            weights = None if self.sample_weight is None else self.sample_weight[begin:end]
            yield FileRows(self.X[begin:end], weights, complete, self.n_before + n_read)
            begin = end


@dataclass
class RowCount:
    """Number of rows, the sum of their weights, and how many were dropped."""

    n_samples: int = 0
    total_weight: float = 0.0
    n_dropped: int = 0

    def dropped(self) -> str:
        """Return how many rows were dropped, in words."""
        return f"dropped: {self.n_dropped:,} of {counted(self.n_samples + self.n_dropped, 'row')}, which lack a value"


@dataclass
class Table:
    """The numbers of a data file that is being read."""

    file: DataFile
    source: str  # the file's path, or "standard input"
    selection: Selection
    weight_column: str | None
    count: RowCount = field(default_factory=RowCount)  # of the last pass over the rows
    complete: npt.NDArray[np.bool_] | None = None  # as in `FileRows`, once all rows were read into memory

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read as values; ``column_1``, ``column_2``, ... for a file without header."""
        return self.selection.names

    def blocks(self, what: str = "reading", *, quiet: bool = True) -> Iterator[FileRows]:
        """Read the rows once, with a bar on the terminal unless `quiet`.

        It is a DataFileError if they are not all numbers, or all weights are zero.
        """
        with blaming(self.source, self.file.path):
            pieces = self.file.blocks(self.selection)
        with progress_bar(what, quiet=quiet) as update:
            for rows in self.rows_of(pieces):
                yield rows
                n_read, n_rows = rows.n_before + len(rows.complete), self.file.n_rows
                update(counted(n_read, "row"), n_read / n_rows if n_rows else self.file.part_read())
        if self.count.n_dropped and not self.count.n_samples:
            raise DataFileError(
                f"{self.source}: values are missing in all {counted(self.count.n_dropped, 'row')}, so that "
                "--drop-missing leaves none; choose other columns with --columns"
            )
        if self.count.n_samples and not self.count.total_weight:
            raise DataFileError(
                f"{self.source}: all weights in column {self.weight_column!r} are zero; at least one must be positive"
            )

    def reader(self, batch_size: int | None) -> Reader:
        """Return what reads the rows in batches, over and over."""
        with blaming(self.source, self.file.path):
            return self.file.reader(self.selection, batch_size)

    def batches(self, reader: Reader) -> Iterator[Batch]:
        """Yield the rows as `GaussianMixture.fit_batches` takes them."""
        for rows in self.parts(reader):
            if len(rows.X):
                yield rows.X if rows.sample_weight is None else (rows.X, rows.sample_weight)

    def parts(self, reader: Reader) -> Iterator[FileRows]:
        """Read from the first row on, with the place of the rows in the file."""
        return self.rows_of(pieces_of(reader))

    def rows_of(self, pieces: Iterator[Piece]) -> Iterator[FileRows]:
        """Read the rows of pieces from the first row on, and count them."""
        count, n_before = RowCount(), 0
        while True:
            with blaming(self.source, self.file.path):
                piece = next(pieces, None)
            if piece is None:
                break
            rows = FileRows.of(piece, drop_missing=self.selection.keep_missing, n_before=n_before)
            yield rows
            count.n_samples += len(rows.X)
            count.total_weight += float(len(rows.X) if rows.sample_weight is None else rows.sample_weight.sum())
            count.n_dropped += len(rows.complete) - len(rows.X)
            n_before += len(rows.complete)
        self.count = count

    def read(self) -> FileRows:
        """Read all rows into memory."""
        parts = list(self.blocks())
        X = np.concatenate([rows.X for rows in parts])
        weights = [rows.sample_weight for rows in parts if rows.sample_weight is not None]
        self.complete = np.concatenate([rows.complete for rows in parts])
        return FileRows(X, np.concatenate(weights) if weights else None, self.complete)

    def sample(self) -> FileRows:
        """Read all rows and keep those that a picture shows: a random choice of very many, in their order."""
        rng = np.random.default_rng(0)
        chosen: list[npt.NDArray[Any]] = []  # rows, weights, and random numbers: the rows of the lowest stay
        for rows in self.blocks():
            weights = np.ones(len(rows.X)) if rows.sample_weight is None else rows.sample_weight
            more = [rows.X, weights, rng.random(len(rows.X))]
            chosen = [np.concatenate(pair) for pair in zip(chosen, more, strict=True)] if chosen else more
            if len(chosen[0]) > ROWS_DRAWN:
                lowest = np.sort(np.argpartition(chosen[2], ROWS_DRAWN)[:ROWS_DRAWN])
                chosen = [array[lowest] for array in chosen]
        X, weights, _ = chosen
        return FileRows(X, None if self.selection.weights is None else weights, np.ones(len(X), np.bool_))

    @contextlib.contextmanager
    def naming(self, rows: FileRows) -> Iterator[None]:
        """Let complaints about a row name it as it stands in the file, and its column."""
        try:
            with counting_rows(rows.n_before, np.flatnonzero(rows.complete)):
                yield
        except ValueError as error:
            row, complaint = lost_row(error), _COMPLAINT.match(str(error))
            if row is None or complaint is None:
                raise
            value, column = complaint[1], quoted(self.names[int(complaint[2])])
            rest = str(error)[complaint.end() :].replace("Convert X to float64", "Save the numbers as float64")
            raise stop(f"{self.source}: row {row + 1} holds {value} in column {column}{rest}") from error

    def describe(self) -> dict[str, Any]:
        """Return what a JSON document holds of the data."""
        return {
            "data": self.source,
            "n_samples": self.count.n_samples,
            "n_features": len(self.names),
            "columns": list(self.names),
            "left_out": [{"column": name, "reason": reason} for name, reason in self.selection.left_out],
            "total_weight": self.count.total_weight,
            "n_dropped": self.count.n_dropped,
        }

    def print(self) -> None:
        """Print what was read."""
        print_line(f"{self.source}: {counted(self.count.n_samples, 'row')} x {counted(len(self.names), 'column')}")
        if self.count.n_dropped:
            print_line(self.count.dropped())
        left_out = self.selection.left_out
        for name, reason in left_out[:_MOST_LISTED]:
            print_line(f"left out: {name} ({reason})")
        if len(left_out) > _MOST_LISTED:
            print_line(f"left out: {len(left_out) - _MOST_LISTED} more columns")
        if self.weight_column is not None:
            print_line(f"weights: {self.weight_column}, sum {self.count.total_weight:g}")


_COMPLAINT = re.compile(r"X holds (\S+) in row \d+ \(the first is 0\) of column (\d+)")


@contextlib.contextmanager
def open_table(options: DataOptions, features: Features | None = None, *, again: bool = False) -> Iterator[Table]:
    """Open the data file that options name, for a model that has `features`, or for a fit.

    `again` is true if `Table.reader` will be called. It is a DataFileError if the file cannot be read, a named column
    does not exist, or there are other columns than the model's.
    """
    source = "standard input" if options.data == STANDARD_STREAM else options.data
    file_format = options.data_format
    if options.array is not None and file_format != "npz":
        raise stop(f"--array names an array of a .npz file, but {source} is {file_format}; leave it out")
    for option, value in {"--delimiter": options.delimiter, "--decimal": options.decimal}.items():
        if value is not None and file_format not in DELIMITERS:
            raise stop(f"{option} is for text, but {source} is {file_format}; leave it out")
    with opened(options, source, again=again) as file:
        selection = selected_columns(file, source, options, features)
        file.check_header(selection.values)
        for note in file.notes:
            print_note(note)
        yield Table(file, source, selection, options.weight_column)


def load_model(path: str) -> tuple[GaussianMixture, Features]:
    """Load a model, which then accepts rows without names, and what it asks of data; refuse other files."""
    from gmmx import ModelFileError, load

    if path == STANDARD_STREAM:
        raise stop("MODEL cannot be standard input; name a file")
    if Path(path).is_dir():
        raise stop(f"{path} is a folder; MODEL must be a file written by gmmx fit --model")
    try:
        model = load(path)
    except ModelFileError as error:
        if format_of(path):
            raise stop(f"{path} looks like a data file. MODEL must be a file that gmmx fit --model wrote") from error
        raise stop(str(error).rstrip(".")) from error
    except OSError as error:
        raise stop(unreadable(path, error)) from error
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        del model.feature_names_in_
    return model, Features(path, model.n_features_in_, None if names is None else tuple(map(str, names)))
