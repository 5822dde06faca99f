"""Which columns of a data file are read: those that are named, those that a model asks for, or all of numbers."""

from __future__ import annotations

import csv
import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gmmx._text import UNNAMED, first_few, normalized, quoted, shown_name
from gmmx._text_tables import counted
from gmmx.cli.file_formats import DataFile, Selection
from gmmx.cli.options import DataOptions
from gmmx.io.csv_text import DataFileError

_MOST_NAMED = 12


@dataclass(frozen=True)
class Features:
    """What a model asks of data: a number of columns, and their names if it knows them."""

    model: str
    count: int
    names: tuple[str, ...] | None

    def column_names(self) -> tuple[str, ...]:
        """Return the names; without any ``column_1``, ``column_2``, ..."""
        return self.names or tuple(f"column_{index + 1}" for index in range(self.count))


def split_names(text: str, option: str) -> list[str]:
    """Split ``a,"b,c",d`` into names; an option with an empty one is refused."""
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])] or [""]
    if "" in names:
        hint = f", and call a column without a name {UNNAMED}" if option == "--columns" else ""
        raise DataFileError(f"{option} is {text!r}, in which a name between commas is empty; remove the comma{hint}")
    return names


def selected_columns(file: DataFile, source: str, options: DataOptions, features: Features | None) -> Selection:
    """Choose the columns of a file that are read; `features` are what a model asks for, None without one.

    It is a DataFileError if a named column does not exist, stands there twice, or there are others than the model's.
    """
    reasons: dict[int, str] = {}
    weights = None
    find = _ColumnFinder(file, source)
    if options.label_column is not None:
        reasons |= dict.fromkeys(find.all_of(options.label_column), "label column")
    if options.weight_column is not None:
        weights = find(options.weight_column)
        reasons[weights] = "weight column"
    if options.columns is not None:
        chosen = _named(split_names(options.columns, "--columns"), find, reasons, "stands in --columns too")
        others = "not in --columns"
    elif features is not None and features.names is not None and file.has_header:
        _refuse_other_features(features.names, features.model, file, source)
        chosen = _named(features.names, find, reasons, f"is a feature of {features.model} too")
        others = "not in the model"
    else:
        why_not = {index: file.why_not_numeric(index) for index in range(len(file.names)) if index not in reasons}
        chosen = [index for index, reason in why_not.items() if reason is None]
        reasons |= {index: reason for index, reason in why_not.items() if reason is not None}
        others = ""
        if features is None:
            for index in chosen:
                find(file.names[index])  # a model's names must each find one column
    if not chosen:
        found = ", ".join(f"{name}: {reason}" for name, reason in _without(file, reasons)[:6])
        raise DataFileError(f"{source} has no column of numbers to fit ({found}); numbers look like 12 or 1.5e-3")
    names = tuple(file.names[index] for index in chosen)
    if features is not None and features.names is not None and sorted(names) == sorted(features.names):
        chosen = [chosen[names.index(name)] for name in features.names]  # names outrank the order
        names = features.names
    if features is not None and len(chosen) != features.count:
        raise DataFileError(
            f"{source} has {counted(len(chosen), 'column')} of numbers ({_some(names)}), but {features.model} has "
            f"{counted(features.count, 'feature')}"
            f"{'' if features.names is None else f' ({_some(features.names)})'}; choose as many, in their order, "
            "by --columns"
        )
    for index in set(range(len(file.names))).difference(chosen):
        reasons.setdefault(index, others)
    return Selection(names, chosen, weights, _without(file, reasons), options.drop_missing)


def _without(file: DataFile, reasons: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return the columns that are not read, each with the reason."""
    whole = [column for column, span in file.lists.items() if len({reasons.get(index) for index in span}) == 1]
    return [(name or UNNAMED, reasons[index]) for index, name in _columns_at(sorted(reasons), file, whole)]


def _columns_at(indices: Iterable[int], file: DataFile, lists: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield indices and names of columns; some columns of lists as one each, at the index of their first element."""
    spans = {file.lists[column].start: column for column in lists}
    inside = {index for column in spans.values() for index in file.lists[column][1:]}
    for index in indices:
        if index not in inside:
            yield index, spans.get(index, file.names[index])


def _columns_in(file: DataFile) -> list[str]:
    """Return the names of all columns, those of lists as one each."""
    return [name for _, name in _columns_at(range(len(file.names)), file, file.lists)]


def _named(names: Sequence[str], find: _ColumnFinder, reasons: Mapping[int, str], clash: str) -> list[int]:
    """Return the indices of columns by their names."""
    chosen: dict[int, None] = {}  # in this order
    found = [(name, index) for name in names for index in find.all_of(name)]
    for name, index in found:
        if index in reasons:
            raise DataFileError(
                f"{find.source}: column {quoted(name)} is the {reasons[index]} and {clash}; remove it from one of them"
            )
        if index in chosen:
            raise DataFileError(f"{find.source}: column {quoted(name)} stands twice in --columns")
        chosen[index] = None
    return list(chosen)


def _refuse_other_features(names: Sequence[str], model: str, file: DataFile, source: str) -> None:
    """Name all features of a model for which a file has no column, and lists that are longer than in the model."""
    known = set(map(normalized, file.names))
    missing = [name for name in names if normalized(name) not in known]
    if missing:
        raise DataFileError(
            f"{source} has no {'column' if len(missing) == 1 else 'columns'} "
            f"{_some([quoted(name) for name in missing])} of {model}; it has {_some(_columns_in(file))}; rename them, "
            f"or choose those that stand for its features by --columns, in the order {_some(names)}"
        )
    features = set(names)
    for column, span in file.lists.items():
        are_features = [file.names[index] in features for index in span]
        count = sum(are_features)
        if 0 < count < len(span) and all(are_features[:count]):
            raise DataFileError(
                f"{source} has lists of length {len(span)} in the column {quoted(column)}, but {model} has only the "
                f"{'feature' if count == 1 else 'features'} {_some([file.names[index] for index in span[:count]])} of "
                "them; cut the lists, or name the model's features by --columns if these elements are meant"
            )


class _ColumnFinder:
    """Finds columns by their names, each in the same time however many there are.

    The name of a column of lists stands for all of its elements.
    """

    def __init__(self, file: DataFile, source: str) -> None:
        self.source = source
        self._found: dict[str, list[Sequence[int]]] = defaultdict(list)
        for index, name in enumerate(file.names):
            self._found[name].append((index,))
        for name, span in file.lists.items():
            self._found[name].append(span)
        self._file = file

    @cached_property
    def _normalized(self) -> dict[str, list[Sequence[int]]]:
        """The columns by the normal form of their names: letters with marks are one character or two."""
        found: dict[str, list[Sequence[int]]] = defaultdict(list)
        for name, columns in self._found.items():
            found[normalized(name)] += columns
        return found

    def __call__(self, name: str) -> int:
        """Return the index of the column of single numbers with this name."""
        index, *more = self.all_of(name)
        if more:
            raise DataFileError(
                f"{self.source}: column {quoted(name)} holds lists of length {1 + len(more)} where one number a row is "
                f"needed; name one element of the lists, such as {self._file.names[index]!r}"
            )
        return index

    def all_of(self, name: str) -> Sequence[int]:
        """Return the indices of the columns with this name; ``(unnamed)`` is a column without one."""
        if name == UNNAMED and name not in self._found:
            name = ""
        found = self._found.get(name) or self._normalized.get(normalized(name), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise DataFileError(
                f"{self.source} has {len(found)} columns named {quoted(name)}; give them different names"
            )
        close = difflib.get_close_matches(name, self._found, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {_some(_columns_in(self._file))}"
        raise DataFileError(f"{self.source} has no column {quoted(name)}; {hint}")


def _some(names: Sequence[str]) -> str:
    return first_few(list(map(shown_name, names)), _MOST_NAMED)
