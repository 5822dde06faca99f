"""The formats of data files, by the endings of their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gmmx.cli.console import stop
from gmmx.io import _file_formats as file_formats

# This path stands for standard input or standard output.
STANDARD_STREAM = "-"

# Commands read and write these formats.
FORMATS = ("csv", "tsv", "parquet", "npy", "npz")

ENDINGS = {name: file_formats.FORMATS[name].endings for name in FORMATS}
ALL_ENDINGS = [ending for endings in ENDINGS.values() for ending in endings]
# Each format of text has a character between two cells.
DELIMITERS = {name: known.delimiter for name, known in file_formats.FORMATS.items() if known.delimiter}


def format_of(path: str) -> str | None:
    """Return the format of a file by its name's ending, None if that is unknown; those of text may be packed."""
    return file_formats.format_of(path, FORMATS)


def input_format(path: str, given: str | None) -> str:
    """Return the format of DATA: that of --format, else by its ending; CSV for standard input. Refuse other endings."""
    known = given or ("csv" if path == STANDARD_STREAM else format_of(path))
    if known is None and Path(path).is_dir():
        raise stop(f"{path} is a folder; a folder of Parquet files needs --format parquet")
    if known is None:
        raise stop(
            f"{path}: the data must end in {listed(ALL_ENDINGS)}, or be {STANDARD_STREAM} for standard input; "
            f"for another name give its format by --format"
        )
    return known


def listed(alternatives: Sequence[str]) -> str:
    """List alternatives in a sentence."""
    *most, last = alternatives
    return f"{', '.join(most)} or {last}" if most else last
