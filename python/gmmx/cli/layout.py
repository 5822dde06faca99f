"""Which columns of a data file are read: those that are named, those that a model asks for, or all of numbers."""

from __future__ import annotations

import csv
import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gmmx._text import UNNAMED, normalized, quoted, shown_name
from gmmx.cli.data_files import DataFile
from gmmx.cli.options import DataOptions
from gmmx.cli.saying import columns
from gmmx.tables import TableError

_MOST_NAMED = 12


@dataclass(frozen=True)
class Features:
    """What a model asks of data: so many columns, perhaps of these names."""

    model: str
    count: int
    names: tuple[str, ...] | None


@dataclass(frozen=True)
class Layout:
    """Which columns of a file are read."""

    names: tuple[str, ...]
    indices: tuple[int, ...]
    weights: int | None
    left_out: tuple[tuple[str, str], ...]


def split_names(text: str) -> list[str]:
    """Split ``a,"b,c",d`` into names."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def layout_of(file: DataFile, source: str, options: DataOptions, features: Features | None) -> Layout:
    """Choose the columns of a file that are read.

    Parameters
    ----------
    file : DataFile
        The file.
    source : str
        What errors call it.
    options : DataOptions
        What is said of its columns.
    features : Features or None
        What a model asks for; None takes all columns that hold numbers.

    Raises
    ------
    TableError
        If a named column does not exist, stands there twice, or there are other columns than the model's.
    """
    reasons: dict[int, str] = {}
    weights = None
    find = _ColumnFinder(file.names, source)
    if options.label_column is not None:
        reasons[find(options.label_column)] = "label column"
    if options.weight_column is not None:
        weights = find(options.weight_column)
        reasons[weights] = "weight column"
    if options.columns is not None:
        chosen = _named(split_names(options.columns), find, reasons, "stands in --columns too")
        others = "not in --columns"
    elif features is not None and features.names is not None and file.has_header:
        _check_has(features.names, features.model, file, source)
        chosen = _named(features.names, find, reasons, f"is a feature of {features.model} too")
        others = "not in the model"
    else:
        chosen = []
        for index in range(len(file.names)):
            if index not in reasons:
                reason = file.why_not_numeric(index)
                if reason is None:
                    chosen.append(index)
                else:
                    reasons[index] = reason
        others = ""
        if features is None:
            for index in chosen:
                find(file.names[index])  # a model's names must each find one column
    if not chosen:
        found = ", ".join(f"{file.names[index]}: {reasons[index]}" for index in sorted(reasons)[:6])
        raise TableError(f"{source} has no column of numbers to fit ({found}); numbers look like 12 or 1.5e-3")
    names = tuple(file.names[index] for index in chosen)
    if features is not None and len(chosen) != features.count:
        raise TableError(
            f"{source} has {columns(len(chosen))} of numbers ({_some(names)}), but {features.model} has "
            f"{features.count} {'feature' if features.count == 1 else 'features'}"
            f"{'' if features.names is None else f' ({_some(features.names)})'}; choose as many, in their order, "
            "by --columns"
        )
    for index in set(range(len(file.names))).difference(chosen):
        reasons.setdefault(index, others)
    left_out = tuple((file.names[index] or UNNAMED, reasons[index]) for index in sorted(reasons))
    return Layout(names, tuple(chosen), weights, left_out)


def _named(names: Sequence[str], find: _ColumnFinder, reasons: Mapping[int, str], clash: str) -> list[int]:
    """Return the indices of columns by their names."""
    chosen: dict[int, None] = {}  # in this order
    for name in names:
        index = find(name)
        if index in reasons:
            raise TableError(
                f"{find.source}: column {quoted(name)} is the {reasons[index]} and {clash}; take it out of one of them"
            )
        if index in chosen:
            raise TableError(f"{find.source}: column {quoted(name)} stands twice in --columns")
        chosen[index] = None
    return list(chosen)


def _check_has(names: Sequence[str], model: str, file: DataFile, source: str) -> None:
    """Name all features of a model for which a file has no column."""
    known = set(map(normalized, file.names))
    missing = [name for name in names if normalized(name) not in known]
    if missing:
        raise TableError(
            f"{source} has no {'column' if len(missing) == 1 else 'columns'} "
            f"{_some([quoted(name) for name in missing])} of {model}; it has {_some(file.names)}; rename them, "
            f"or name those that take the places of the model's features by --columns, in the order {_some(names)}"
        )


class _ColumnFinder:
    """Finds columns by their names, each in the same time however many there are."""

    def __init__(self, names: Sequence[str], source: str) -> None:
        self.source = source
        self._names = names
        self._indices: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(names):
            self._indices[name].append(index)
        self._normalized: dict[str, list[int]] | None = None

    def __call__(self, name: str) -> int:
        """Return the index of the column with this name; a column without one goes by what it is called."""
        if name == UNNAMED and name not in self._indices:
            name = ""
        found = self._indices.get(name) or self._in_another_form(name)
        if len(found) == 1:
            return found[0]
        if found:
            raise TableError(f"{self.source} has {len(found)} columns named {quoted(name)}; give them different names")
        close = difflib.get_close_matches(name, self._names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {_some(self._names)}"
        raise TableError(f"{self.source} has no column {quoted(name)}; {hint}")

    def _in_another_form(self, name: str) -> list[int]:
        """Return the columns of this name in another normal form: letters with marks are one character or two."""
        if self._normalized is None:
            self._normalized = defaultdict(list)
            for index, other in enumerate(self._names):
                self._normalized[normalized(other)].append(index)
        return self._normalized.get(normalized(name), [])


def _some(names: Sequence[str]) -> str:
    """List the first few of many names."""
    return ", ".join(map(shown_name, names[:_MOST_NAMED])) + (", ..." if len(names) > _MOST_NAMED else "")
