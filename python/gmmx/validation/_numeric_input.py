"""Detection of input that NumPy would silently convert to wrong numbers, and of values that are not numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted

__all__ = ["first_foreign", "first_missing", "numeric_input"]

_KINDS = {"M": "dates", "m": "time differences", "c": "complex numbers"}
_REMEDIES = {
    "dates": "convert them to numbers, such as days since a date",
    "time differences": "convert them to numbers, such as seconds",
    "complex numbers": "give the real and imaginary parts as two columns",
}
_MISSING_TYPES = ("NAType", "NaTType")


class _Column(NamedTuple):
    """A column of a table, or the array itself where there is no table."""

    name: str | None
    dtype: Any
    values: Any


def numeric_input(values: Any, argument: str, first_row: int = 0) -> Any:
    """Return what NumPy may convert to numbers: the values as they came, or the data of an array that masks nothing.

    Parameters
    ----------
    values : array-like
        What a user handed in.
    argument : str
        Its name, for errors.
    first_row : int, default=0
        Rows before these, for errors.

    Raises
    ------
    ValueError
        If entries are masked, or there are dates, time differences or complex numbers; of a data frame it names the
        column.
    TypeError
        If it is a structured array.

    Examples
    --------
    >>> numeric_input(np.ma.masked_array([[1.0, 2.0]]), "X")
    array([[1., 2.]])
    """
    if type(values) is np.ndarray and values.dtype.kind in "fiub":
        return values
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values, argument, first_row)
    dtype: Any = getattr(values, "dtype", None)
    if getattr(dtype, "names", None):
        raise TypeError(
            f"{argument} is a structured array with the fields {', '.join(dtype.names)}, but must be an array of "
            "numbers. Convert it with numpy.lib.recfunctions.structured_to_unstructured."
        )
    for column in _columns_of(values):
        kind = _KINDS.get(getattr(column.dtype, "kind", "O")) or _dates_among(column.values)
        if kind is not None:
            raise ValueError(
                f"{'Complex data not supported: ' if kind == 'complex numbers' else ''}"  # the words of scikit-learn
                f"{argument} holds {kind}{'' if column.name is None else f' in the column {quoted(column.name)}'} "
                f"(dtype {column.dtype}), but all numbers must be real. Drop them, or {_REMEDIES[kind]}."
            )
    return values


def first_missing(values: Any) -> tuple[int, ...] | None:
    """Return the position of the first missing value: what pandas or Arrow call NA or null, or NaN in an array.

    Examples
    --------
    >>> first_missing([[1.0, 2.0], [None, 3.0]])
    (1, 0)
    """
    is_missing = getattr(values, "isna", None) or getattr(values, "is_null", None)
    if is_missing is not None:
        missing = is_missing()
        mask = missing.to_numpy(zero_copy_only=False) if hasattr(missing, "null_count") else np.asarray(missing)
    else:
        array = np.asarray(values)
        mask = _missing_objects(array) if array.dtype.kind == "O" else array != array
    return _first(mask)


def first_foreign(values: Any) -> tuple[tuple[int, ...], str] | None:
    """Return the position of the first value that is not a number, text or None, and the name of its type.

    Examples
    --------
    >>> import datetime
    >>> first_foreign([[1.0, datetime.date(2024, 2, 29)]])
    ((0, 1), 'datetime.date')
    """
    array = np.asarray(values)
    if array.dtype.kind != "O":
        return None
    foreign = {kind for kind in set(map(type, array.flat)) if not _may_be_number(kind)}
    at = _first(_of_types(array, foreign)) if foreign else None
    if at is None:
        return None
    kind = type(array[at])
    return at, kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _unmasked(values: np.ma.MaskedArray[Any, Any], argument: str, first_row: int) -> npt.NDArray[Any]:
    at = _first(np.ma.getmaskarray(values))
    if at is not None:
        raise ValueError(
            f"{argument} has no value in {_place(at, first_row)}: the entry is masked, but all must be finite numbers. "
            "Fill in missing values (numpy.ma.filled), or drop the rows or columns that have them."
        )
    return np.asarray(values.data)


def _place(at: tuple[int, ...], first_row: int) -> str:
    row, *columns = at or (0,)
    return f"row {first_row + row} (the first is 0)" + (f" of column {columns[0]}" if columns else "")


def _columns_of(values: Any) -> Iterator[_Column]:
    """Yield what has a type of its own: the columns of a data frame, else the whole."""
    if hasattr(values, "columns") and hasattr(values, "dtypes") and hasattr(values, "iloc"):
        for position, (name, dtype) in enumerate(zip(values.columns, values.dtypes, strict=True)):
            is_object = getattr(dtype, "kind", "O") == "O"
            yield _Column(str(name), dtype, values.iloc[:, position].to_numpy() if is_object else None)
    elif isinstance(values, list | tuple):
        try:
            array = np.asarray(values)
        except (TypeError, ValueError):
            return  # ragged, or of types that have none in common: refused when it is converted
        yield _Column(None, array.dtype, array)
    elif hasattr(values, "dtype"):
        yield _Column(None, values.dtype, values)


def _dates_among(values: Any) -> str | None:
    """Return what NumPy's dates among objects are; they alone become numbers unasked."""
    if not isinstance(values, np.ndarray) or values.dtype.kind != "O":
        return None
    kinds = set(map(type, values.flat))
    return "dates" if np.datetime64 in kinds else "time differences" if np.timedelta64 in kinds else None


def _missing_objects(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    def is_missing(value: Any) -> bool:
        return value is None or type(value).__name__ in _MISSING_TYPES or bool(value != value)

    return np.array([is_missing(value) for value in array.flat], dtype=bool).reshape(array.shape)


def _may_be_number(kind: type) -> bool:
    if issubclass(kind, np.ndarray):
        return False
    return issubclass(kind, str | bytes | type(None)) or hasattr(kind, "__float__") or hasattr(kind, "__index__")


def _of_types(array: npt.NDArray[Any], kinds: set[type]) -> npt.NDArray[np.bool_]:
    return np.array([type(value) in kinds for value in array.flat], dtype=bool).reshape(array.shape)


def _first(mask: npt.NDArray[np.bool_]) -> tuple[int, ...] | None:
    if not mask.any():
        return None
    return tuple(map(int, np.unravel_index(int(np.argmax(mask)), mask.shape)))
