"""Tables in CSV and TSV files."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gmmx import arrow
from gmmx._optional import needed
from gmmx._text import quoted
from gmmx.data._reader import (
    Paths,
    Piece,
    Reader,
    checked,
    chosen_columns,
    described,
    files_of,
    find_columns,
    listed,
    rows_of_bytes,
)
from gmmx.tables import DELIMITERS, MISSING, find_delimiter, looks_like_header, mostly_numbers
from gmmx.validation import check_flag

_SUFFIXES = (*DELIMITERS, *(f"{suffix}.gz" for suffix in DELIMITERS))
_HEAD = 1 << 16  # bytes that are looked at before a file is read
_BLOCK = 1 << 20  # bytes that are turned into numbers at a time
_MISSING = [as_written(cell) for as_written in (str.lower, str.upper, str.title) for cell in MISSING]
_PURPOSE = "Reading CSV files"
_NUMBER = r"[-+]?[0-9][0-9.eE+-]*"
_REMEDIES = [
    (r"[^\t]*(\t[^\t]*)+", r"if tabs part the cells, give delimiter='\t'"),
    (rf"{_NUMBER}( {_NUMBER})+", "if single blanks part the cells, give delimiter=' '"),
    (
        r"[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?",
        "write decimal points in place of commas, as pandas.read_csv(..., decimal=',') reads them",
    ),
]
"""What cells look like that are no numbers, and what helps."""


@dataclass(frozen=True)
class _Layout:
    """What the beginning of a file tells.

    `header` holds the first line's cells as they stand there, or is None; `names` are they without blanks, or made up.
    """

    delimiter: str
    header: list[str] | None
    names: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class _CsvFiles:
    """Columns of CSV files that were looked at."""

    files: list[Path]
    names: list[str]
    weight_column: str | None
    delimiter: str | None
    has_header: bool

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first file on."""
        for file in self.files:
            yield from self._pieces(file)

    def _pieces(self, file: Path) -> Iterator[Piece]:
        where, first_row, n_features = str(file), 0, len(self.names)
        for batch in self._record_batches(file):
            numbers = np.empty((batch.num_rows, batch.num_columns))
            arrow.copy_columns(batch, range(batch.num_columns), numbers, where, first_row)
            weights = None if self.weight_column is None else numbers[:, n_features].copy()
            X = np.ascontiguousarray(numbers[:, :n_features])
            weights_name = f"column {self.weight_column!r}"
            yield checked(Piece(X, weights), where, first_row, feature_names=self.names, weights=weights_name)
            first_row += batch.num_rows

    def _record_batches(self, file: Path) -> Iterator[Any]:
        """Read a file as Arrow data: the features in their order, then the weights, all float64."""
        pyarrow = needed("pyarrow", _PURPOSE, "data")
        arrow_csv = needed("pyarrow.csv", _PURPOSE, "data")
        layout = _look_at(file, self.delimiter, self.has_header)
        if layout is None or not layout.rows:
            return
        wanted = [*self.names, *([] if self.weight_column is None else [self.weight_column])]
        columns = find_columns(wanted, layout.names, str(file), "columns")
        in_file = layout.names if layout.header is None else layout.header
        chosen = [in_file[column] for column in columns]
        null_values = [*arrow_csv.ConvertOptions().null_values, *_MISSING]
        is_column = len(in_file) == 1  # then an empty line is a missing value
        try:
            with (
                pyarrow.input_stream(file, compression="detect") as stream,
                arrow_csv.open_csv(
                    _Stripped(stream, at_beginning=layout.header is not None) if is_column else stream,
                    arrow_csv.ReadOptions(
                        block_size=_BLOCK, column_names=in_file if layout.header is None else None, use_threads=False
                    ),
                    arrow_csv.ParseOptions(
                        delimiter=layout.delimiter, newlines_in_values=True, ignore_empty_lines=not is_column
                    ),
                    arrow_csv.ConvertOptions(
                        column_types=dict.fromkeys(chosen, pyarrow.float64()),
                        include_columns=chosen,
                        null_values=null_values,
                    ),
                ) as reader,
            ):
                yield from reader
        except pyarrow.ArrowInvalid as error:
            raise ValueError(
                f"{str(file)!r} is not a table of numbers ({_told(error, in_file)}): correct it, or leave the column "
                "out by columns"
            ) from error


class _Stripped(io.RawIOBase):
    """A stream of bytes without the white space at its end, and perhaps at its beginning."""

    def __init__(self, stream: Any, *, at_beginning: bool) -> None:
        super().__init__()
        self._stream, self._at_beginning = stream, at_beginning
        self._ready = b""
        self._space = b""  # that comes next, unless the stream ends with it

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; none at the end."""
        while not self._ready and (taken := self._stream.read(len(buffer))):
            text = taken.lstrip() if self._at_beginning else taken
            filled = text.rstrip()
            if filled:
                self._ready, self._space, self._at_beginning = self._space + filled, text[len(filled) :], False
            else:
                self._space += text
        returned, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(returned)] = returned
        return len(returned)


def _told(error: Exception, names: Sequence[str]) -> str:
    """Return what pyarrow says, with the column by its name and rows as the lines of a file, which they are."""
    named = re.sub(
        r"In CSV column #(\d+): ", lambda found: f"column {quoted(names[int(found[1])].strip())}, ", str(error)
    )
    return re.sub(r"\bRow #(\d+)", r"line \1", named)


def from_csv(
    path: Paths,
    columns: Sequence[str] | None = None,
    weight_column: str | None = None,
    *,
    batch_size: int | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Reader:
    r"""Read the columns of CSV or TSV files, batch by batch.

    Parsing text takes longer than an iteration of EM on its numbers, and EM reads the files once an iteration: for
    more than a few iterations, turn them into Parquet first.

    Parameters
    ----------
    path : path-like or sequence of path-like
        A file, a folder (all files in it, and in the folders in it, that end in .csv, .tsv or .tab, perhaps with .gz,
        sorted by their paths), or several of them. Their text is UTF-8.

    columns : sequence of str, default=None
        Names of the columns to fit, in this order. None: all but that of the weights, and a first one without name;
        then all must hold numbers.

    weight_column : str, default=None
        Name of the column of the rows' weights. None: the rows have none.

    batch_size : int, default=None
        Rows of a batch. None: as many as 8 MiB hold, at most 131,072.

    delimiter : str, default=None
        What stands between two cells. None: a tab in .tsv and .tab files; elsewhere a comma, or a semicolon if the
        first line has no comma.

    header : bool, default=None
        Whether the first row holds the columns' names; without, these are column_1, column_2 and so on. None: it does
        if a column of numbers begins with something that is not a number, or if no cell of the first row is a number.

    Returns
    -------
    reader : Reader
        The rows as float64, read anew in each iteration.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError, TypeError
        If no file has rows, a column is missing or holds no numbers, or an argument is not as described; in an
        iteration: if a value is no number, is missing or not finite, or a weight is negative.

    Notes
    -----
    Empty lines are skipped, but in a file of one column they are missing values, unless they stand before the header
    or at the end.

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
    needed("pyarrow.csv", _PURPOSE, "data")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise ValueError(f"delimiter is {delimiter!r}, but must be one character, or None to find it")
    check_flag("header", header, may_be_none=True)
    files = files_of(path, _SUFFIXES)
    names: list[str] = []
    has_header, has_rows = header, False
    for file in files:
        layout = _look_at(file, delimiter, has_header)
        if layout is None:
            continue
        has_header = layout.header is not None
        wanted = names or _features(layout, columns, weight_column, str(file))
        read = wanted if weight_column is None else [*wanted, weight_column]
        for column in find_columns(read, layout.names, str(file), "columns"):
            _refuse_text(layout, column, str(file))
        names = wanted
        has_rows = has_rows or bool(layout.rows)
    if not has_rows:
        raise ValueError(f"path names {described('CSV files', files)}, without a single row: give files with rows")
    dtype = np.dtype(np.float64)
    return Reader(
        described("CSV", files),
        _CsvFiles(files, names, weight_column, delimiter, bool(has_header)),
        feature_names=names if has_header else None,
        n_features=len(names),
        dtype=dtype,
        batch_size=rows_of_bytes(batch_size, len(names), dtype),
    )


def _look_at(file: Path, delimiter: str | None, has_header: bool | None) -> _Layout | None:
    """Return what the beginning of a file tells; None if the file is empty."""
    with needed("pyarrow", _PURPOSE, "data").input_stream(file, compression="detect") as stream:
        head = stream.read(_HEAD)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # a character cut off at the end is left out
    except UnicodeDecodeError as error:
        raise ValueError(f"path names {str(file)!r}, which is not UTF-8 text: save it as CSV in UTF-8") from error
    if delimiter is None:
        by_suffix = DELIMITERS.get(Path(file.stem if file.suffix.lower() == ".gz" else file).suffix.lower(), ",")
        delimiter = find_delimiter(text.partition("\n")[0], by_suffix)
    elif delimiter not in text and find_delimiter(text.partition("\n")[0], None) in text:
        raise ValueError(
            f"delimiter is {delimiter!r}, which does not occur in the beginning of {str(file)!r}: leave it out, or "
            f"give {find_delimiter(text.partition(chr(10))[0], None)!r}"
        )
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if len(head) == _HEAD and len(rows) > 2:
        rows.pop()  # it may go on
    if not rows:
        return None
    if looks_like_header(rows) if has_header is None else has_header:
        return _Layout(delimiter, rows[0], [name.strip() for name in rows[0]], rows[1:])
    return _Layout(delimiter, None, [f"column_{j + 1}" for j in range(len(rows[0]))], rows)


def _features(layout: _Layout, columns: Sequence[str] | None, weight_column: str | None, where: str) -> list[str]:
    names = layout.names
    if columns is None and names[0] == "":
        names = names[1:]  # the names of the rows, as R and pandas write them
    return chosen_columns(names, columns, weight_column, where)


def _refuse_text(layout: _Layout, column: int, where: str) -> None:
    """Refuse a column that holds something else than numbers."""
    cells = [row[column] for row in layout.rows if column < len(row)]
    if cells and not mostly_numbers(cells):
        numeric = [
            other
            for j, other in enumerate(layout.names)
            if mostly_numbers([row[j] for row in layout.rows if j < len(row)]) and other
        ]
        remedy = next(
            (remedy for pattern, remedy in _REMEDIES if re.fullmatch(pattern, cells[0].strip())),
            f"choose others by columns, of {listed(numeric)}",
        )
        raise ValueError(
            f"{where} has the column {quoted(layout.names[column])} with cells such as {cells[0]!r}, but all columns "
            f"must hold numbers: {remedy}"
        )
