"""Output files: refused before the work if they could not be written, and written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
import re
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy_format

from gmmx._optional import import_optional
from gmmx._text import first_few, printable
from gmmx.cli.console import INSTALL_COMMAND, finite, print_json, print_note, stop
from gmmx.cli.options import DELIMITERS, ENDINGS, STANDARD_STREAM, RowsOptions, format_of, listed
from gmmx.io._atomic_write import atomic_write
from gmmx.io._permissions import refuse_read_only

PLOT_ENDINGS = (".png", ".svg", ".pdf")
MODEL_ENDINGS = (".safetensors",)

# Arrays are named in the order in which they are written, each with the names of its columns.
Columns = Mapping[str, Sequence[str]]
Write = Callable[..., None]

_DPI = 150
_MISSING_GLYPH = re.compile(r"Glyph (\d+) .*missing from")
_ROW_GROUP = 1 << 17  # rows that are compressed together


class Outputs:
    """Files that a command is to write, none of which may be another one or stand there already.

    `inputs` maps what files that are read are called to their paths; `force` allows to replace files that exist.
    """

    def __init__(self, inputs: Mapping[str, str], *, force: bool) -> None:
        self._used = {os.path.realpath(path): name for name, path in inputs.items() if path != STANDARD_STREAM}
        self._force = force

    def check(self, option: str, path: str | None, endings: Sequence[str] | None) -> None:
        """Refuse a path that could not be written to, naming the option and the remedy; None is nothing to check."""
        if path is None:
            return
        real, folder = os.path.realpath(path), Path(path).parent
        if endings is not None and not path.lower().endswith(tuple(endings)):
            raise stop(f"{option} {path}: the file must end in {listed(endings)}")
        if real in self._used:
            raise stop(f"{option} {path}: this file is {self._used[real]} already; choose another name")
        for place in (folder, Path(real).parent):  # which differ where the path is a link
            if not place.is_dir():
                raise stop(f"{option} {path}: there is no directory {place}; create it first")
        if os.path.isdir(path):
            raise stop(f"{option} {path}: this is a directory; name a file")
        if os.path.exists(path) and not os.path.isfile(path):
            raise stop(f"{option} {path}: not a regular file; choose another path")
        if not os.access(os.path.dirname(real), os.W_OK):
            raise stop(f"{option} {path}: no permission to write into {folder}")
        if os.path.lexists(path) and not self._force:
            raise stop(f"{option} {path}: the file exists; use --force to replace it")
        try:
            refuse_read_only(Path(real), path)
        except PermissionError as error:
            raise stop(f"{option} {path}: {str(error).rstrip('.')}") from error
        self._used[real] = option

    def check_plot(self, option: str, path: str | None) -> None:
        """Refuse a path of a picture, or any picture without matplotlib."""
        self.check(option, path, PLOT_ENDINGS)
        if path is not None:
            try:
                import matplotlib  # noqa: F401
            except ModuleNotFoundError as error:
                raise stop(f"{option} needs matplotlib; install it with: {INSTALL_COMMAND}") from error

    def check_table(self, option: str, path: str | None, given_format: str | None = None) -> str:
        """Refuse a path of a table, or a format whose package is missing; return the format."""
        self.check(option, path, ENDINGS if given_format is None else None)
        table_format = given_format or format_of(path or "") or "csv"
        if table_format == "parquet":
            _pyarrow_parquet()
        return table_format

    def check_rows(self, option: str, path: str, given_format: str | None) -> str:
        """Refuse, as `check_table`, the path of the main result, or a terminal for a format that is not text."""
        is_stream = path == STANDARD_STREAM
        if is_stream and given_format not in {None, *DELIMITERS} and sys.stdout.isatty():
            raise stop(f"{given_format} is not for a terminal; name a file by {option}, or redirect the output")
        return self.check_table(option, None if is_stream else path, given_format)


def save_figure(figure: Any, path: str) -> None:
    """Write a picture by the ending of its name, and note which characters its font lacks."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with atomic_write(path) as stream:
            figure.savefig(stream, format=Path(path).suffix.lower().lstrip("."), dpi=_DPI)
    texts = dict.fromkeys(str(warning.message) for warning in caught)
    missing = [repr(chr(int(found[1]))) for found in map(_MISSING_GLYPH.match, texts) if found]
    if missing:
        remedy = "use other words, or set font.family in a matplotlibrc to a font that has these characters"
        print_note(f"{path}: the font of the picture lacks {first_few(missing, 5)}, drawn as boxes; {remedy}")
    for text in itertools.filterfalse(_MISSING_GLYPH.match, texts):
        print_note(f"{path}: {text}")


@contextlib.contextmanager
def writing(path: str, table_format: str, columns: Columns) -> Iterator[Write]:
    """Write a table of rows to a file, which appears when it is complete, or to standard output.

    A .npz file has the arrays that `columns` names; the other formats have all columns side by side, and .npy those of
    several arrays as float64.

    What it yields is called with the arrays of some rows, of shape (n_rows,) or (n_rows, n_columns).
    """
    with contextlib.ExitStack() as stack:
        is_spooled = path == STANDARD_STREAM and table_format not in DELIMITERS  # its beginning is written last
        if path != STANDARD_STREAM:
            stream = stack.enter_context(atomic_write(path))
        else:
            stream = stack.enter_context(tempfile.TemporaryFile()) if is_spooled else sys.stdout.buffer
        if path == STANDARD_STREAM and sys.stdout.isatty():
            columns = {name: list(map(printable, names)) for name, names in columns.items()}
        with _WRITERS[table_format](stream, columns) as write:
            yield write
        if is_spooled:
            stream.seek(0)
            shutil.copyfileobj(stream, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            stream.flush()


@contextlib.contextmanager
def emitting(
    options: RowsOptions, output_format: str, columns: Columns, describe: Callable[[], dict[str, Any]]
) -> Iterator[Write]:
    """Write rows where the options send them; with --json print a document, of the rows if they have no file.

    Yield what `writing` does; `describe` returns the rest of the document once all rows are written.
    """
    if options.as_json and options.to_stream:
        collected: dict[str, list[Any]] = {name: [] for name in columns}

        def collect(*arrays: npt.NDArray[Any]) -> None:
            for rows, array in zip(collected.values(), arrays, strict=True):
                rows.extend(finite(array.tolist()))  # None for rows that were dropped

        yield collect
        print_json({**describe(), **collected})
        return
    with writing(options.output, output_format, columns) as write:
        yield write
    if options.as_json:
        print_json({**describe(), "written": {"rows": options.output}})


@contextlib.contextmanager
def _text(stream: IO[bytes], columns: Columns, *, delimiter: str) -> Iterator[Write]:
    """Write numbers as short as they can be so that reading gives the same ones."""
    heading = io.StringIO()
    csv.writer(heading, delimiter=delimiter, lineterminator="\n").writerow(_names(columns))

    waiting = [heading.getvalue()]  # for the first rows: before them the data may be refused

    def write(*arrays: npt.NDArray[Any]) -> None:
        cells = [_written(column) for array in arrays for column in _columns_of(array)]
        lines = map(delimiter.join, zip(*cells, strict=True))
        stream.write("".join([*waiting, *(f"{line}\n" for line in lines)]).encode())
        waiting.clear()

    yield write


def _written(column: npt.NDArray[Any]) -> Iterable[str]:
    if isinstance(column, np.ma.MaskedArray):
        written = _written(column.data)
        return ["" if gap else cell for cell, gap in zip(written, np.ma.getmaskarray(column), strict=True)]
    return column.astype(str).tolist() if column.dtype == np.float32 else map(repr, column.tolist())


@contextlib.contextmanager
def _npy(stream: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write one array: that of the only name as it is, else all columns as float64."""
    begin = stream.tell()
    dtype, shape = np.dtype(np.float64), (0,)

    def write_header() -> None:
        """Write 128 bytes, in which there is room for any number of rows."""
        header = {"descr": npy_format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy_format.write_array_header_1_0(stream, header)

    def write(*arrays: npt.NDArray[Any]) -> None:
        nonlocal dtype, shape
        filled = [np.ma.filled(array, np.nan if array.dtype.kind == "f" else -1) for array in arrays]
        whole = filled[0] if len(columns) == 1 else np.column_stack([array.astype(np.float64) for array in filled])
        dtype, shape = whole.dtype, (shape[0] + len(whole), *whole.shape[1:])
        stream.write(np.ascontiguousarray(whole).data)

    write_header()
    yield write
    stream.seek(begin)
    write_header()  # now that the number of rows is known
    stream.seek(0, io.SEEK_END)


@contextlib.contextmanager
def _npz(stream: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write each array by its name, gathered in a temporary file until all rows are there."""
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context(tempfile.TemporaryFile()) for name in columns}
        with contextlib.ExitStack() as open_arrays:
            parts = [open_arrays.enter_context(_npy(file, {name: ()})) for name, file in files.items()]

            def write(*arrays: npt.NDArray[Any]) -> None:
                for part, array in zip(parts, arrays, strict=True):
                    part(array)

            yield write
        with zipfile.ZipFile(stream, "w") as archive:
            for name, file in files.items():
                file.seek(0)
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    shutil.copyfileobj(file, member)


@contextlib.contextmanager
def _parquet(stream: IO[bytes], columns: Columns) -> Iterator[Write]:
    """Write a column for each one, in groups of many rows."""
    pyarrow = import_optional("pyarrow", "Writing Parquet files", "data")
    writer: Any = None
    waiting: list[Any] = []

    def write_group() -> None:
        nonlocal writer
        table = pyarrow.concat_tables(waiting)
        writer = writer or _pyarrow_parquet().ParquetWriter(stream, table.schema)
        writer.write_table(table)
        waiting.clear()

    def write(*arrays: npt.NDArray[Any]) -> None:
        cells = [pyarrow.array(column) for array in arrays for column in _columns_of(array)]
        waiting.append(pyarrow.table(cells, names=_names(columns)))
        if sum(table.num_rows for table in waiting) >= _ROW_GROUP:
            write_group()

    yield write
    if waiting:
        write_group()
    if writer is not None:
        writer.close()


_WRITERS: dict[str, Callable[[IO[bytes], Columns], contextlib.AbstractContextManager[Write]]] = {
    **{name: partial(_text, delimiter=delimiter) for name, delimiter in DELIMITERS.items()},
    "parquet": _parquet,
    "npy": _npy,
    "npz": _npz,
}


def _pyarrow_parquet() -> Any:
    try:
        return import_optional("pyarrow.parquet", "Writing Parquet files", "data")
    except ImportError as error:
        raise stop(str(error)) from error


def _names(columns: Columns) -> list[str]:
    return [name for names in columns.values() for name in names]


def _columns_of(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.T if array.ndim == 2 else array[np.newaxis]
