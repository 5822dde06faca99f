"""Tables in CSV and TSV files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gmmx._docstrings import with_fragments
from gmmx._text import printable, quoted
from gmmx.data._reader import (
    BATCH_SIZE,
    WEIGHT_COLUMN_BY_NAME,
    Paths,
    Piece,
    Reader,
    chosen_columns,
    described,
    files_of,
    find_columns,
    listed,
)
from gmmx.io._cells import is_missing, is_number, meaning_of, mostly_numbers
from gmmx.io._data_errors import IN_PYTHON, Fault, FaultError
from gmmx.io._text_files import DELIMITERS, PACKINGS, UNPACKING_ERRORS, delimiter_of, unpacked
from gmmx.io.csv_text import COMMAND_LINE, CsvRows, DataFileError, NoRowsError, OptionNames, TextFormat
from gmmx.validation import check_flag

__all__ = ["from_csv", "reader_of_text"]

_OF_FOLDERS = [ending for ending, usual in DELIMITERS.items() if usual is not None]  # others may be text of any kind
_SUFFIXES = tuple(ending + packed for ending in _OF_FOLDERS for packed in ("", *PACKINGS))


@contextlib.contextmanager
def _opened_rows(file: Path, given: TextFormat, options: OptionNames, source: str) -> Iterator[CsvRows]:
    """Open the rows of a text file; errors call it `source`."""
    try:
        with unpacked(file, again=True) as (stream, _):
            usual = delimiter_of(file)
            yield CsvRows(stream, source, usual, given, options=options, blanks=usual is None)
    except UnicodeDecodeError as error:
        raise DataFileError(f"{source} is not UTF-8 text; save it as CSV in UTF-8") from error
    except UNPACKING_ERRORS as error:
        raise DataFileError(f"{source} cannot be unpacked: {error}; give a whole file") from error


@dataclass(frozen=True)
class _TextFile:
    """Columns of a text file that was looked at, by their places."""

    file: Path
    source: str
    columns: Sequence[int]
    weights: int | None
    given: TextFormat
    options: OptionNames = IN_PYTHON
    stay_empty: frozenset[int] = frozenset()
    keep_missing: bool = False

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        with _opened_rows(self.file, self.given, self.options, self.source) as rows:
            rows.hold_empty(self.stay_empty)
            yield from map(Piece._make, rows.numbers(self.columns, self.weights, keep_missing=self.keep_missing))


def reader_of_text(
    file: Path,
    source: str,
    rows: CsvRows,
    columns: Sequence[int],
    weights: int | None,
    *,
    batch_size: int | None,
    keep_missing: bool,
) -> Reader:
    """Return what reads the columns of a text file repeatedly, once its beginning was looked at on the command line.

    `rows` is that look, which settles the layout; `columns` and `weights` are positions. `keep_missing` reads missing
    values as NaN, where they are errors otherwise.
    """
    settled = TextFormat(rows.delimiter, rows.decimal, rows.has_header)
    empty = rows.stay_empty - set(columns)
    return Reader(
        described("CSV", [file]),
        [_TextFile(file, source, columns, weights, settled, COMMAND_LINE, empty, keep_missing)],
        feature_names=[rows.names[index] for index in columns] if rows.has_header else None,
        n_features=len(columns),
        dtype=np.float64,
        batch_size=batch_size,
        texts=[file],
    )


@with_fragments(weight_column=WEIGHT_COLUMN_BY_NAME, batch_size=BATCH_SIZE)
def from_csv(
    path: Paths,
    columns: Sequence[str] | None = None,
    weight_column: str | None = None,
    *,
    batch_size: int | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
) -> Reader:
    r"""Read the columns of CSV or TSV files in batches.

    Parsing text takes longer than the computation. `fit_batches` therefore parses the files in the first pass of a fit
    and stores the numbers in a temporary file for the others; `Reader.spooled` does so for several fits.

    Parameters
    ----------
    path : path-like or sequence of path-like
        One or several files or folders. A folder stands for all files below it that end in .csv, .tsv or .tab, sorted
        by path. The text is UTF-8, compressed if the name also ends in .gz, .bz2, .xz or .zip.

    columns : sequence of str, default=None
        Names of the columns to fit, in this order. None selects all except the weights and an unnamed first column; all
        must then be numeric.

    {weight_column}

    {batch_size}

    delimiter : str, default=None
        Character between two cells; a blank stands for runs of blanks. None detects it: a tab in .tsv and .tab files;
        otherwise the character named by a first line such as ``sep=;``, or the comma, tab or semicolon in the first
        line. If there are several, it is the one that splits most lines into the same number of cells and yields most
        numbers. In .txt files it may also be blanks.

    decimal : {'.', ','}, default=None
        Decimal character. None detects it: a comma if a column has numbers with decimal commas and none has decimal
        points. It is an error if all these commas could separate thousands, as in 1,234, or if all points in a
        semicolon-delimited file could, as in 1.234. The reader's ``repr`` reports decimal commas.

    header : bool, default=None
        Whether the first row contains column names; otherwise they are column_1, column_2, ... None detects a header if
        a numeric column begins with a cell that is not a number, or if no cell of the first row is a number.

    Returns
    -------
    reader : Reader
        Batches of float64 rows, parsed in each iteration over the reader.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError, TypeError
        If no file has rows, a column is missing or not numeric, or an argument is not as described. While iterating: if
        a value is not a number, is missing or not finite, or a weight is negative.

    Notes
    -----
    Empty lines are skipped. In a file with one column they are missing values, except before the header and at the end.
    The command line follows the same rules, which its guide lists. Reading is several times faster if pyarrow is
    installed.

    Examples
    --------
    >>> import gmmx, pathlib
    >>> _ = pathlib.Path("flowers.csv").write_text("species,length,width\nsetosa,1.4,0.2\nvirginica,5.9,1.8\n")
    >>> batches = gmmx.data.from_csv("flowers.csv", columns=["width", "length"])
    >>> batches
    CSV 'flowers.csv': 2 features as float64, 131072 rows a batch
    >>> [X.tolist() for X in batches]
    [[[0.2, 1.4], [1.8, 5.9]]]
    """
    given = _checked_format(delimiter, decimal, header)
    files = files_of(path, _SUFFIXES)
    names: list[str] = []
    texts: list[_TextFile] = []
    kind = "CSV"
    for file in files:
        where = printable(file)
        layout = _look_at(file, given)
        if layout is None:
            continue
        given = TextFormat(delimiter, given.decimal, layout.has_header)
        if not names:
            has_row_names = columns is None and layout.names[0] == ""  # as R and pandas write them
            names = chosen_columns(layout.names[has_row_names:], columns, weight_column, where)
        found = find_columns(names, layout.names, where, "columns")
        weight = [] if weight_column is None else find_columns([weight_column], layout.names, where, "weight_column")
        for column in [*found, *weight]:
            _refuse_text(layout, column, where)
        kind = "CSV with decimal commas" if layout.found_commas else kind
        texts.append(_TextFile(file, where, found, weight[0] if weight else None, given))
    if not texts:
        raise FaultError(Fault("no rows", "path", value=described("CSV files", files)))
    return Reader(
        described(kind, files),
        texts,
        feature_names=names if given.header else None,
        n_features=len(names),
        dtype=np.float64,
        batch_size=batch_size,
        texts=[text.file for text in texts],
    )


def _checked_format(delimiter: Any, decimal: Any, header: Any) -> TextFormat:
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ValueError(
            f"delimiter is {delimiter!r}, but must be one character other than a quote or a line end, or None to find "
            "it"
        )
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal is {decimal!r}, but must be '.' or ',', or None to find it")
    check_flag("header", header, may_be_none=True)
    return TextFormat(delimiter, decimal, header)


def _look_at(file: Path, given: TextFormat) -> CsvRows | None:
    """Return what the beginning of a file tells; None if the file has no rows."""
    try:
        with _opened_rows(file, given, IN_PYTHON, printable(file)) as rows:
            return rows
    except NoRowsError:
        return None


def _refuse_text(layout: CsvRows, column: int, where: str) -> None:
    """Refuse a column that does not hold numbers."""
    cells = layout.cells_of(column)
    if meaning_of(cells, layout.decimal) not in ("numeric", "empty"):  # a value that is missing is named later
        numeric = [
            other
            for j, other in enumerate(layout.names)
            if mostly_numbers(layout.cells_of(j), layout.decimal) and other
        ]
        text = next(cell for cell in cells if not is_missing(cell) and not is_number(cell, layout.decimal))
        parts = text.split()
        remedy = (
            "if blanks part the cells, give delimiter=' '"
            if len(layout.names) == 1 and len(parts) > 1 and any(map(is_number, parts))
            else f"choose others by columns, of {listed(numeric)}"
        )
        raise ValueError(
            f"{where} has the column {quoted(layout.names[column])} with cells such as {text!r}, but all columns must "
            f"hold numbers: {remedy}"
        )
