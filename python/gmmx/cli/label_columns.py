"""Columns that look like known classes and are hardly meant as features."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._text import first_few
from gmmx.cli.console import print_note, stop
from gmmx.cli.input import Table
from gmmx.cli.options import DataOptions

_NAME = re.compile(r"(.*[_ .-])?(label|class|classe|target|species|specie|cluster|group|diagnosi)(e?s)?([_ .-].*)?")
_MOST_VALUES = 10
_BECAUSE_OF_CELLS = ("not numeric", "empty")


def refuse_labels(table: Table, X: npt.NDArray[Any], options: DataOptions) -> None:
    """Print a note about columns that look like labels; refuse a file of which nothing else is left.

    `X` holds the rows of the table, or the first of them. Columns that --columns names are not checked.

    Raises
    ------
    click.ClickException
        If columns were left out by default, and those that remain all look like labels.
    """
    if options.columns is not None:
        return
    by_name = [name for name in table.names if _NAME.fullmatch(name.strip().casefold())]
    by_values = [name for name, column in zip(table.names, X.T, strict=True) if _holds_few_integers(column)]
    suspects = list(dict.fromkeys([*by_name, *by_values]))
    out = [f"{name} ({why})" for name, why in table.left_out if why.startswith(_BECAUSE_OF_CELLS)]
    if out and len(suspects) == len(table.names):
        raise stop(
            f"{table.source}: only {_listed(suspects)} would be fitted, which {_looks(suspects)}; left out were "
            f"{first_few(out, 6)}; name the columns to fit by --columns"
        )
    told = suspects if len(suspects) < len(table.names) else by_name
    if told:
        print_note(
            f"{_listed(told)} {_looks(told)} and is fitted as a feature; leave it out by --label-column {told[0]}"
            if len(told) == 1
            else f"{_listed(told)} {_looks(told)} and are fitted as features; name the columns to fit by --columns"
        )


def _holds_few_integers(column: npt.NDArray[Any]) -> bool:
    """Return whether a column has from 2 to 10 distinct integers, each in at least two rows on average."""
    values = np.unique(column)
    return bool(2 <= len(values) <= min(_MOST_VALUES, len(column) // 2) and np.array_equal(values, np.round(values)))


def _listed(names: list[str]) -> str:
    return f"{'column' if len(names) == 1 else 'columns'} {first_few(list(map(repr, names)), 6)}"


def _looks(names: list[str]) -> str:
    return "looks like a label" if len(names) == 1 else "look like labels"
