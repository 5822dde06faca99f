"""Rows and models as the commands' options ask for them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted
from gmmx.cli.column_selection import Features, Layout, layout_of
from gmmx.cli.console import MAX_ROWS, UNUSABLE, columns, components, first, hint, progress_bar, rows, say, stop
from gmmx.cli.file_formats import DataFile, blaming, opened
from gmmx.cli.formats import DELIMITERS, STANDARD_STREAM, format_of, input_format
from gmmx.cli.options import DataOptions
from gmmx.data._reader import Batch, Piece, Reader
from gmmx.io.csv_text import DataFileError, TextFormat
from gmmx.validation._lost_rows import counting_rows, lost_row

if TYPE_CHECKING:
    from rich.console import Console

    from gmmx import GaussianMixture

ROWS_DRAWN = 100_000
"""Rows of a large file that a picture shows: more look no different."""


@dataclass(frozen=True)
class Table:
    """The numbers of one data file.

    Attributes
    ----------
    source : str
        The file's path, or "standard input".
    names : tuple of str
        Names of the columns of `values`; ``column_1``, ``column_2``, ... for a file without header.
    has_header : bool
        Whether the names stand in the file.
    values : ndarray of shape (n_samples, n_features)
        The numbers: finite; float32 if the file holds nothing else, else float64.
    weights : ndarray of shape (n_samples,) or None
        The weight column, if one was asked for: finite, not negative, not all zero.
    left_out : tuple of (str, str)
        Columns of the file that are not in `values`, each with the reason.
    kept : ndarray of shape (n_rows,), bool, or None
        Which rows of the file are in `values`; None for all.
    """

    source: str
    names: tuple[str, ...]
    has_header: bool
    values: npt.NDArray[Any]
    weights: npt.NDArray[np.float64] | None
    left_out: tuple[tuple[str, str], ...]
    kept: npt.NDArray[np.bool_] | None = None

    def count(self) -> RowCount:
        """Count the rows."""
        counted = RowCount()
        counted.add(Rows(self.values, self.weights, self.kept))
        return counted


class Rows(NamedTuple):
    """Rows of a file, their weights, and which of those that were read they are; None for all."""

    X: npt.NDArray[Any]
    sample_weight: npt.NDArray[np.float64] | None
    kept: npt.NDArray[np.bool_] | None

    @classmethod
    def of(cls, piece: Piece, *, drop_missing: bool) -> Rows:
        """Return the rows of a piece, without those that lack a value if these are to be dropped."""
        X, weights = piece
        if not drop_missing:
            return cls(X, weights, None)
        holes = np.isnan(X).any(axis=1)
        if weights is not None:
            holes |= np.isnan(weights)
        if holes.any():
            X, weights = X[~holes], None if weights is None else weights[~holes]
        return cls(X, weights, ~holes)


def with_gaps(values: npt.NDArray[Any], kept: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
    """Return one value for each row that was read, masked where the row was dropped."""
    if kept is None or kept.all():
        return values
    data = np.zeros((len(kept), *values.shape[1:]), values.dtype)
    data[kept] = values
    mask = np.broadcast_to(~kept.reshape(-1, *(1,) * (values.ndim - 1)), data.shape)
    return np.ma.MaskedArray(data, mask)


@dataclass
class RowCount:
    """Rows, how many they stand for, and how many were dropped."""

    n_samples: int = 0
    total_weight: float = 0.0
    n_dropped: int = 0

    @property
    def n_read(self) -> int:
        """All rows, those that were dropped among them."""
        return self.n_samples + self.n_dropped

    def add(self, part: Rows) -> None:
        """Count some more."""
        self.n_samples += len(part.X)
        self.total_weight += float(len(part.X) if part.sample_weight is None else part.sample_weight.sum())
        if part.kept is not None:
            self.n_dropped += len(part.kept) - len(part.X)


_COMPLAINT = re.compile(r"X holds (\S+) in row \d+ \(the first is 0\) of column (\d+)")


@contextlib.contextmanager
def naming_row(table: OpenTable, n_before: int, kept: npt.NDArray[np.bool_] | None) -> Iterator[None]:
    """Let complaints about a row name it as it stands in the file, and its column.

    Parameters
    ----------
    table : OpenTable
        The file.
    n_before : int
        Rows of the file before these.
    kept : ndarray of shape (n_rows,), bool, or None
        Which of the next rows these are. None: all.
    """
    try:
        with counting_rows(n_before, None if kept is None else np.flatnonzero(kept)):
            yield
    except ValueError as error:
        row, complaint = lost_row(error), _COMPLAINT.match(str(error))
        if row is None or complaint is None:
            raise
        value, column = complaint[1], quoted(table.names[int(complaint[2])])
        rest = str(error)[complaint.end() :].replace("Convert X to float64", "Save the numbers as float64")
        raise stop(f"{table.source}: row {row + 1} holds {value} in column {column}{rest}", UNUSABLE) from error


class OpenTable:
    """A data file that is being read.

    Attributes
    ----------
    source : str
        The file's path, or "standard input".
    names : tuple of str
        Names of the columns that are read as values.
    left_out : tuple of (str, str)
        The other columns, each with the reason.
    has_header : bool
        Whether their names stand in the file.
    n_bytes : int
        Bytes that the file's numbers take, about; 0 if nobody knows.
    drop_missing : bool
        Whether rows that lack a value are passed over.
    """

    def __init__(
        self, file: DataFile, source: str, layout: Layout, weight_column: str | None, *, drop_missing: bool
    ) -> None:
        self.source, self.names, self.left_out = source, layout.names, layout.left_out
        self.has_header, self.n_bytes = file.has_header, file.n_bytes
        self._file, self._layout, self._weight_column = file, layout, weight_column
        self.drop_missing = drop_missing

    def blocks(self, what: str = "reading", *, quiet: bool = True) -> Iterator[Rows]:
        """Read the rows once, with a bar on the terminal unless `quiet`.

        Raises
        ------
        DataFileError
            If they are not all numbers, or all weights are zero.
        """
        counted = RowCount()
        with blaming(self.source, self._file.path):
            pieces = self._file.blocks(self._layout.indices, self._layout.weights, keep_missing=self.drop_missing)
        with progress_bar(what, quiet=quiet) as update:
            while True:
                with blaming(self.source, self._file.path):
                    piece = next(pieces, None)
                if piece is None:
                    break
                part = Rows.of(piece, drop_missing=self.drop_missing)
                yield part
                counted.add(part)
                n_rows, n_read = self._file.n_rows, counted.n_samples + counted.n_dropped
                update(n_read, n_read / n_rows if n_rows else self._file.part_read())
        self._check_total(counted)

    def batches(self, batch_size: int | None) -> Batches:
        """Return what reads the rows over and over, in batches of so many."""
        with blaming(self.source, self._file.path):
            reader = self._file.reader(
                self._layout.indices, self._layout.weights, batch_size, keep_missing=self.drop_missing
            )
        return Batches(reader, self.source, self._file.path, drop_missing=self.drop_missing)

    def read(self) -> Table:
        """Read all rows into memory."""
        parts = list(self.blocks())
        weights = [part.sample_weight for part in parts if part.sample_weight is not None]
        return Table(
            self.source,
            self.names,
            self.has_header,
            np.concatenate([part.X for part in parts]),
            np.concatenate(weights) if weights else None,
            self.left_out,
            np.concatenate([part.kept for part in parts if part.kept is not None]) if self.drop_missing else None,
        )

    def sample(self) -> Table:
        """Read all rows and keep those that a picture shows: of very many a random choice, in their order."""
        rng = np.random.default_rng(0)
        kept: list[npt.NDArray[Any]] = []  # rows, weights, and the draws: the lowest stay
        n_dropped = 0
        for part in self.blocks():
            n_dropped += 0 if part.kept is None else len(part.kept) - len(part.X)
            weights = np.ones(len(part.X)) if part.sample_weight is None else part.sample_weight
            more = [part.X, weights, rng.random(len(part.X))]
            kept = [np.concatenate(pair) for pair in zip(kept, more, strict=True)] if kept else more
            if len(kept[0]) > ROWS_DRAWN:
                chosen = np.sort(np.argpartition(kept[2], ROWS_DRAWN)[:ROWS_DRAWN])
                kept = [array[chosen] for array in kept]
        X, weights, _ = kept
        weighted = self._layout.weights is not None
        shown = np.arange(len(X) + n_dropped) < len(X) if n_dropped else None
        return Table(self.source, self.names, self.has_header, X, weights if weighted else None, self.left_out, shown)

    def _check_total(self, counted: RowCount) -> None:
        if counted.n_dropped and not counted.n_samples:
            raise DataFileError(
                f"{self.source}: values are missing in all {rows(counted.n_dropped)}, so that --drop-missing leaves "
                "none; choose other columns with --columns"
            )
        if counted.n_samples and not counted.total_weight:
            raise DataFileError(
                f"{self.source}: all weights in column {self._weight_column!r} are zero; at least one must be positive"
            )


class Batches:
    """Rows in batches, over and over.

    Attributes
    ----------
    counted : RowCount
        The rows of the last whole pass.
    batch_size : int
        Rows of each batch but the last.
    """

    def __init__(self, reader: Reader, source: str, path: str, *, drop_missing: bool) -> None:
        self.counted, self.batch_size = RowCount(), reader.batch_size
        self._reader, self._source, self._path, self.drop_missing = reader, source, path, drop_missing

    def __iter__(self) -> Iterator[Batch]:
        """Read from the first row on."""
        for part in self.parts():
            if len(part.X):
                yield part.X if part.sample_weight is None else (part.X, part.sample_weight)

    def parts(self) -> Iterator[Rows]:
        """Read from the first row on, and tell which rows of the file they are."""
        counted = RowCount()
        with blaming(self._source, self._path):
            for batch in self._reader:
                piece = Piece(*batch) if isinstance(batch, tuple) else Piece(batch, None)
                part = Rows.of(piece, drop_missing=self.drop_missing)
                counted.add(part)
                yield part
        self.counted = counted


@contextlib.contextmanager
def open_table(options: DataOptions, features: Features | None = None, *, again: bool = False) -> Iterator[OpenTable]:
    """Open the data file that options name.

    Parameters
    ----------
    options : DataOptions
        The file and what is said of its columns.
    features : Features, optional
        What a model asks for: columns of its features' names, where it and the file have names, else as many columns.
    again : bool
        Whether `OpenTable.batches` will be asked for.

    Raises
    ------
    DataFileError
        If the file cannot be read, a named column does not exist, or there are other columns than the model's.
    """
    source = "standard input" if options.data == STANDARD_STREAM else options.data
    file_format = input_format(options.data, options.format)
    if options.array is not None and file_format != "npz":
        raise stop(f"--array names an array of a .npz file, but {source} is {file_format}; leave it out", UNUSABLE)
    text = TextFormat(options.delimiter, options.decimal, options.header)
    for option, value in {"--delimiter": text.delimiter, "--decimal": text.decimal}.items():
        if value is not None and file_format not in DELIMITERS:
            raise stop(f"{option} is for text, but {source} is {file_format}; leave it out", UNUSABLE)
    with opened(options.data, file_format, source=source, text=text, array=options.array, again=again) as file:
        layout = layout_of(file, source, options, features)
        for note in file.notes:
            hint(note)
        yield OpenTable(file, source, layout, options.weight_column, drop_missing=options.drop_missing)


def read_table(options: DataOptions) -> Table:
    """Read the data file that options name into memory; see `open_table`."""
    with open_table(options) as table:
        return table.read()


def require_rows(table: Table, n_components: int) -> None:
    """Refuse fewer rows than components."""
    if len(table.values) < max(n_components, 2):
        raise stop(
            f"{table.source} has {rows(len(table.values))}, too few for {components(n_components)}; "
            f"choose fewer components or more data",
            UNUSABLE,
        )


# --- models ---


def load_model(path: str) -> tuple[GaussianMixture, Features]:
    """Load a model, which then takes rows without names, and tell what it asks of data.

    Raises
    ------
    click.ClickException
        If the file is no model, or standard input.
    """
    from gmmx import ModelFileError, load

    if path == STANDARD_STREAM:
        raise stop("MODEL cannot be standard input; name a file", UNUSABLE)
    try:
        model = load(path)
    except ModelFileError as error:
        if format_of(path):
            raise stop(
                f"{path} is no model but data, by its ending; MODEL is a file that gmmx fit --model wrote, and stands "
                "before any DATA",
                UNUSABLE,
            ) from error
        raise stop(str(error).rstrip("."), UNUSABLE) from error
    except OSError as error:
        raise stop(f"{path} cannot be read: {error.strerror or error}", UNUSABLE) from error
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        del model.feature_names_in_
    return model, Features(path, model.n_features_in_, None if names is None else tuple(map(str, names)))


# --- what is said of the data ---


def describe_data(table: Table | OpenTable, counted: RowCount) -> dict[str, Any]:
    """Return what a JSON document says of the data."""
    return {
        "data": table.source,
        "n_samples": counted.n_samples,
        "n_features": len(table.names),
        "columns": list(table.names),
        "left_out": [{"column": name, "reason": reason} for name, reason in table.left_out],
        "total_weight": counted.total_weight,
        "n_dropped": counted.n_dropped,
    }


def dropped(counted: RowCount) -> str:
    """Say how many rows were dropped."""
    return f"dropped: {rows(counted.n_dropped)} of {counted.n_dropped + counted.n_samples:,}, as values are missing"


def say_data(table: Table | OpenTable, counted: RowCount, options: DataOptions, console: Console) -> None:
    """Print what was read."""
    say(console, f"{table.source}: {rows(counted.n_samples)} x {columns(len(table.names))}")
    if counted.n_dropped:
        say(console, dropped(counted))
    for name, reason in first(table.left_out):
        say(console, f"left out: {name} ({reason})")
    if len(table.left_out) > MAX_ROWS:
        say(console, f"left out: {len(table.left_out) - MAX_ROWS} more columns")
    if options.weight_column is not None:
        say(console, f"weights: {options.weight_column}, sum {counted.total_weight:g}")
