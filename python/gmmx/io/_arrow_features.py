"""Features of Arrow columns: a number is one feature, a list of n numbers is n.

All readers of Arrow data (tables, streams, datasets, Parquet files) learn from here which features the columns hold,
and copy them with what they are given here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._optional import import_optional
from gmmx._text import normalized, quoted
from gmmx.io._data_errors import Fault, FaultError

__all__ = [
    "ROWS_LOOKED_AT",
    "ArrowFeatures",
    "ChosenFeatures",
    "ListLengths",
    "expanded",
    "has_no_type",
    "holds_lists",
    "holds_numbers",
    "is_boolean",
    "matrix_of",
    "number_type",
]

# This many rows of a file are read at first, to learn how long its lists are.
ROWS_LOOKED_AT = 64

_LISTS = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
_TENSOR = "arrow.fixed_shape_tensor"


def number_type(schema: Any, columns: Sequence[int], where: str) -> np.dtype[Any]:
    """Return the type that the numbers of columns have in common: float32 if all do, else float64.

    A column that holds neither numbers nor lists of numbers is a ValueError; `where` is what holds it.
    """
    kinds = set()
    types = schema.types
    for column in columns:
        kind = _number_type(types[column])
        if not _is_number(kind):
            field = schema.field(column)
            remedy = "flatten its lists" if _is_list(kind) else "turn it into numbers"
            raise ValueError(
                f"{where} has the column {quoted(field.name)} of type {field.type}, but all columns must hold numbers "
                f"or lists of numbers: leave it out, or {remedy}"
            )
        kinds.add(kind.id)
    return np.dtype(
        np.float32 if kinds == {import_optional("pyarrow", "Arrow data", "data").float32().id} else np.float64
    )


def holds_lists(of_type: Any) -> bool:
    """Return whether a column of this type holds lists."""
    return _is_list(_plain_type(of_type))


def holds_numbers(of_type: Any) -> bool:
    """Return whether a column of this type holds numbers, or lists of them."""
    return _is_number(_number_type(of_type))


def has_no_type(of_type: Any) -> bool:
    """Return whether a column of this type holds nulls alone, or lists of them."""
    numbers = _number_type(of_type)
    if _is_primitive_number(numbers):
        return False
    return bool(import_optional("pyarrow.types", "Arrow data", "data").is_null(numbers))


def is_boolean(of_type: Any) -> bool:
    """Return whether a column of this type holds truth values, or lists of them."""
    return bool(import_optional("pyarrow.types", "Arrow data", "data").is_boolean(_number_type(of_type)))


class ListLengths:
    """Lengths of the lists in columns, by the names of the columns.

    The length of a column's lists is that of its type, else that of its first list that is neither null nor empty.

    Attributes
    ----------
    unknown : set of str
        Columns of lists or nulls whose length nothing told so far, in the normal form of names.
    """

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self._known: dict[str, int] = {}

    def __getitem__(self, name: str) -> int | None:
        """Return the length of a column's lists, None if nothing tells."""
        return self._known.get(normalized(name))

    def update(self, schema: Any, read: Callable[[list[int]], Iterable[Sequence[Any]]]) -> None:
        """Add the lengths of columns that are not known yet.

        Parameters
        ----------
        schema : pyarrow.Schema
            Names and types of the columns.
        read : callable
            Takes the positions of columns of lists and yields arrays of them, part by part; it is called only if types
            do not tell all lengths.
        """
        lists: dict[int, str] = {}  # that must be looked at
        for position, (column, of_type) in enumerate(zip(schema.names, schema.types, strict=True)):
            if _is_primitive_number(of_type):
                continue  # as most are, of which there may be very many
            plain = _plain_type(of_type)
            if not (_is_list(plain) or has_no_type(plain)) or (name := normalized(column)) in self._known:
                continue
            if has_no_type(plain):
                self.unknown.add(name)
            elif _is_number(_number_type(plain)):
                self._learn(name, getattr(plain, "list_size", 0))
                if name in self.unknown:
                    lists[position] = name
        for columns in read(list(lists)) if lists else ():
            for name, column in zip(lists.values(), columns, strict=True):
                if name in self.unknown:
                    found = _lengths(_plain(column))
                    self._learn(name, int(found[found > 0][:1].sum()))  # of the first one, if there is any
            if self.unknown.isdisjoint(lists.values()):
                return

    def _learn(self, name: str, length: int) -> None:
        if length:
            self._known[name] = length
            self.unknown.discard(name)
        else:
            self.unknown.add(name)


@dataclass(frozen=True)
class ArrowFeatures:
    """Features that columns hold, in their order.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns.
    lengths : tuple of (int or None)
        Features of each column of lists; None for a column of numbers, and for lists whose length nothing tells, which
        count as one feature.

    Examples
    --------
    >>> ArrowFeatures(("age", "face"), (None, 2)).names
    ('age', 'face[0]', 'face[1]')
    """

    columns: tuple[str, ...]
    lengths: tuple[int | None, ...]

    @classmethod
    def of(cls, schema: Any, lengths: ListLengths) -> ArrowFeatures:
        """Return the features of a schema's columns."""
        may_be_list = [
            not _is_primitive_number(kind) and (holds_lists(kind) or has_no_type(kind)) for kind in schema.types
        ]
        names = tuple(schema.names)
        return cls(names, tuple(lengths[name] if may else None for name, may in zip(names, may_be_list, strict=True)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features: that of a column of numbers, ``name[0]``, ``name[1]``, ... of lists."""
        if not any(self.lengths):
            return self.columns
        names: list[str] = []
        for column, length in zip(self.columns, self.lengths, strict=True):
            names += [column] if length is None else [f"{column}[{element}]" for element in range(length)]
        return tuple(names)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Numbers of features up to and including each column."""
        return np.cumsum([1 if length is None else length for length in self.lengths], dtype=np.int64)

    @cached_property
    def lists(self) -> dict[str, range]:
        """Features of each column of lists, by its name."""
        spans = zip(self.columns, self.lengths, self._ends.tolist(), strict=True)
        return {column: range(end - length, end) for column, length, end in spans if length is not None}

    def columns_of(self, features: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the position of the column that holds each of some features."""
        return np.searchsorted(self._ends, np.asarray(features, dtype=np.int64), side="right")

    def chosen(self, features: Sequence[int]) -> ChosenFeatures:
        """Return what copies some of the features, in the order given."""
        indices, ends = list(features), self._ends.tolist()
        parts: dict[int, list[int]] = defaultdict(list)  # of a column, the places of its features
        for place, column in enumerate(self.columns_of(indices).tolist()):
            parts[column].append(place)
        shares = []
        for column, places in parts.items():
            length = self.lengths[column]
            first = ends[column] - (length or 1)
            shares.append(_Share(column, length, _span([indices[place] - first for place in places]), _span(places)))
        return ChosenFeatures(self, tuple(shares))


class _Share(NamedTuple):
    """The share of one column in the rows: elements of its lists that are features, and their places."""

    column: int
    length: int | None
    elements: slice | list[int]
    targets: slice | list[int]


@dataclass(frozen=True)
class ChosenFeatures:
    """Features that are copied out of record batches.

    Attributes
    ----------
    features : ArrowFeatures
        Those that the columns of the batches hold.
    shares : tuple
        What each column gives.
    """

    features: ArrowFeatures
    shares: tuple[_Share, ...]

    def copy(
        self, batch: Any, rows: npt.NDArray[Any], where: str, first_row: int, *, keep_missing: bool = False
    ) -> None:
        """Copy the features of a record batch into an array.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            The batch, with all columns.
        rows : ndarray of shape (batch.num_rows, n_features)
            Where they go.
        where : str
            What the batch is of, for the error.
        first_row : int
            Number of rows before the batch, for the error.
        keep_missing : bool, default=False
            Whether missing values are copied as NaN; otherwise they are refused. All elements of a list that is null
            are missing.

        Raises
        ------
        ValueError
            If a value is missing, or a list has another length than the others.
        """
        for share in self.shares:
            column = batch.column(share.column)
            if not column.null_count and _is_primitive_number(column.type):  # the usual column, without detours
                rows[:, share.targets] = column.to_numpy()[:, np.newaxis]
                continue
            source = _Source(self.features.columns[share.column], where, first_row, keep_missing)
            column = _plain(column)
            if _is_list(column.type):
                rows[:, share.targets] = source.elements(column, share, rows.dtype)
            else:
                rows[:, share.targets] = source.numbers(column)[:, np.newaxis]


class _Source(NamedTuple):
    """A column that is being copied, and how to say so."""

    name: str
    where: str
    first_row: int
    keep_missing: bool

    def numbers(self, column: Any) -> npt.NDArray[Any]:
        """Return the numbers of a column, NaN where they are missing."""
        if column.null_count and not self.keep_missing:
            self._refuse_missing(int(np.argmax(_nulls(column))), self.name)
        return _as_numpy(column)

    def elements(self, column: Any, share: _Share, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return elements of a column of lists, an array of shape (n_rows, n_elements)."""
        lengths = _lengths(column)
        present = lengths >= 0
        self._refuse_other_lengths(lengths, share.length)
        is_full = bool(present.all())
        if not is_full and not self.keep_missing:
            self._refuse_missing(int(np.argmin(present)), self.name)
        shape = (-1, share.length or 1)
        values = _plain(column.flatten())  # no copy where no list is null
        if values.null_count and not self.keep_missing:
            self._refuse_holes(_nulls(values).reshape(shape)[:, share.elements], share, np.flatnonzero(present))
        block = _as_numpy(values).reshape(shape)[:, share.elements]
        if is_full:
            return block
        whole = np.full((len(column), block.shape[1]), np.nan, dtype)
        whole[present] = block
        return whole

    def _refuse_other_lengths(self, lengths: npt.NDArray[np.int64], length: int | None) -> None:
        wrong = lengths >= 0 if length is None else (lengths >= 0) & (lengths != length)
        if not wrong.any():
            return
        row = int(np.argmax(wrong))
        others = "" if length is None else f" and lists of length {length} elsewhere"
        raise FaultError(
            Fault("list length", self.where, self.first_row + row, self.name, str(lengths[row]), expected=others)
        )

    def _refuse_holes(self, holes: npt.NDArray[np.bool_], share: _Share, rows: npt.NDArray[np.int64]) -> None:
        """Refuse missing elements of lists in these rows."""
        if holes.any():
            row, place = np.unravel_index(int(np.argmax(holes)), holes.shape)
            element = np.arange(share.length or 1)[share.elements][place]
            self._refuse_missing(int(rows[row]), f"{self.name}[{element}]")

    def _refuse_missing(self, row: int, name: str) -> None:
        raise FaultError(Fault("missing", self.where, self.first_row + row, name))


def matrix_of(column: Any, name: str, first_row: int = 0) -> npt.NDArray[Any]:
    """Return a column of lists of numbers as one matrix, without a copy where there need not be one.

    Parameters
    ----------
    column : pyarrow.Array
        Lists of one length.
    name : str
        Name of the column, for errors.
    first_row : int, default=0
        Number of rows before these, for errors.

    Returns
    -------
    X : ndarray of shape (n_rows, n_features)
        float32 for lists of float32.

    Raises
    ------
    ValueError
        If a value is missing, or the lists differ in length.

    Examples
    --------
    >>> import pyarrow
    >>> matrix_of(pyarrow.array([[1.0, 2.0], [3.0, 4.0]]), "features").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not len(column):
        return np.empty((0, 0))
    lists = _plain(column)
    length = int(_lengths(lists).max())
    whole = _Share(0, length if length > 0 else None, slice(None), slice(None))
    return _Source(name, "X", first_row, keep_missing=False).elements(lists, whole, np.dtype(np.float64))


def expanded(wanted: Iterable[Any], lists: Mapping[str, Sequence[str]]) -> list[Any]:
    """Return names of features, where each name of a column of lists stands for all of its features.

    Parameters
    ----------
    wanted : iterable
        Names of features and columns.
    lists : mapping of str to sequence of str
        Names of the features of each column of lists.

    Examples
    --------
    >>> expanded(["age", "face"], {"face": ["face[0]", "face[1]"]})
    ['age', 'face[0]', 'face[1]']
    """
    if not lists:
        return list(wanted)
    known = {normalized(name): features for name, features in lists.items()}
    features: list[Any] = []
    for name in wanted:
        features += known.get(normalized(name), [name]) if isinstance(name, str) else [name]
    return features


def _span(indices: list[int]) -> slice | list[int]:
    """Return indices as a slice if they follow one another: NumPy copies it faster."""
    first = indices[0]
    follow = len(indices) == 1 or indices == list(range(first, first + len(indices)))
    return slice(first, first + len(indices)) if follow else indices


def _plain_type(of_type: Any) -> Any:
    """Return the type of values, without how they are encoded: dictionaries, tensors as lists."""
    if _is_primitive_number(of_type):
        return of_type
    if import_optional("pyarrow.types", "Arrow data", "data").is_dictionary(of_type):
        return _plain_type(of_type.value_type)
    return of_type.storage_type if getattr(of_type, "extension_name", None) == _TENSOR else of_type


def _plain(column: Any) -> Any:
    """Return a column of the type that `_plain_type` tells."""
    if import_optional("pyarrow.types", "Arrow data", "data").is_dictionary(column.type):
        return _plain(column.dictionary_decode())
    return column.storage if getattr(column.type, "extension_name", None) == _TENSOR else column


def _number_type(of_type: Any) -> Any:
    """Return the type of a column's values, of lists that of their elements."""
    plain = _plain_type(of_type)
    return _plain_type(plain.value_type) if _is_list(plain) else plain


def _is_number(of_type: Any) -> bool:
    if _is_primitive_number(of_type):
        return True
    types = import_optional("pyarrow.types", "Arrow data", "data")
    return bool(types.is_boolean(of_type) or types.is_decimal(of_type))


def _is_list(of_type: Any) -> bool:
    if not of_type.num_fields:
        return False  # as most are, of which there may be very many
    types = import_optional("pyarrow.types", "Arrow data", "data")
    return any(getattr(types, kind)(of_type) for kind in _LISTS if hasattr(types, kind))


def _is_primitive_number(of_type: Any) -> bool:
    """Return whether NumPy has the type, too."""
    return of_type.id in _primitive_ids()


@cache
def _primitive_ids() -> frozenset[int]:
    pyarrow = import_optional("pyarrow", "Arrow data", "data")
    integers = [getattr(pyarrow, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]
    return frozenset(make().id for make in (*integers, pyarrow.float16, pyarrow.float32, pyarrow.float64))


def _lengths(column: Any) -> npt.NDArray[np.int64]:
    """Return the lengths of lists, -1 for null."""
    lengths = import_optional("pyarrow.compute", "Arrow data", "data").list_value_length(column)
    found: npt.NDArray[np.int64] = lengths.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _nulls(column: Any) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return mask


def _as_numpy(column: Any) -> npt.NDArray[Any]:
    numbers = column if _is_primitive_number(column.type) else column.cast("float64")
    array: npt.NDArray[Any] = numbers.to_numpy(zero_copy_only=False)
    return array
