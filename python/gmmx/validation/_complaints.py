"""Parts of an error that scikit-learn's complaints about arrays lack: the place, what is allowed, the remedy."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx._text import printable

__all__ = ["checking", "completed"]

# These complaints name a remedy, or are worded by gmmx.
_COMPLETE = re.compile(r" \(the first is 0\)|Reshape your data|Unpack it")


@contextlib.contextmanager
def checking(argument: str, allowed: str, values: Any = None, first_row: int = 0) -> Iterator[None]:
    """Convert what scikit-learn checks here to NumPy arrays, and add the argument and a remedy to every complaint.

    scikit-learn's dispatch to other array libraries is off, because it would pass their arrays through. `values` and
    `first_row` locate the fault.
    """
    dispatches = _sklearn.get_config()["array_api_dispatch"]
    try:
        with _sklearn.config_context(array_api_dispatch=False) if dispatches else contextlib.nullcontext():
            yield
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, UnicodeError):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        complaint = re.sub(r":\narray=[\s\S]*?\n(?=Reshape)", ".\n", printable(error))  # without all the numbers
        explained = completed(complaint, argument, allowed, values, first_row)
        if not re.search(rf"\b{argument}\b", complaint):
            explained = f"{argument} is not accepted: {explained}"
        elif explained == complaint:
            raise
        raise kind(explained) from error


def completed(complaint: str, argument: str, allowed: str, values: Any = None, first_row: int = 0) -> str:
    """Return a complaint about an argument with what is allowed and a remedy.

    Parameters
    ----------
    complaint : str
        NumPy's or scikit-learn's.
    argument : str
        What it is about.
    allowed : str
        What is allowed, as the end of a sentence that begins with the argument.
    values : array-like, optional
        The argument, to say where the fault is.
    first_row : int, default=0
        Rows before these.

    Examples
    --------
    >>> print(completed("Input w contains NaN.", "w", "must be finite", [1.0, float("nan")]))
    Input w contains NaN in row 1 (the first is 0). w must be finite. Fill it in, or drop the row.
    >>> print(completed("X has 1 features, but A is expecting 2 features as input.", "X", "must be finite"))
    X has 1 features, but A is expecting 2 features as input. Give the columns that it was fitted to, in their order.
    """
    if _COMPLETE.search(complaint):
        return complaint
    known = next((each for each in _REMEDIES if re.search(each[0], complaint)), None)
    _, states_what_is_allowed, remedy = known or ("", False, f"Convert {argument} to such numbers.")
    if argument.endswith("_init"):
        remedy = remedy.replace("drop the row", f"leave {argument} out")
    separator = "\n" if "\n" in complaint else " "
    if states_what_is_allowed:
        return f"{complaint.rstrip()}{separator}{remedy}"
    if argument not in complaint:
        return f"{complaint}\n{argument} {allowed}. {remedy}"
    return f"{_placed(complaint, values, first_row).rstrip('.!')}. {argument} {allowed}. {remedy}"


# Each complaint has whether it says what is allowed, and the remedy.
_REMEDIES = (
    (r"feature names should match", True, "Select the columns by their names, in the order of the fit."),
    (r"\d+ features?, but", True, "Give the columns that it was fitted to, in their order."),
    (r"sample.* a minimum of \d+", True, "Give more rows."),
    (r"0 feature", True, "Give at least one column."),
    (r"with dim ", False, "Reshape it: one row a sample, one column a feature."),
    (r"1D array or scalar", False, "Flatten it by numpy.ravel."),
    (r"non-zero number", False, "Give at least one row a weight above zero."),
    (r"\.shape ==", False, "Give the weights of these rows, in their order."),
    (r"Negative values", False, "Give rows that do not count weight zero, or drop them."),
    (r"contains (NaN|infinity)", False, "Fill it in, or drop the row."),
)

_FAULTS: tuple[tuple[str, Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]]], ...] = (
    ("contains NaN", np.isnan),
    ("contains infinity", np.isinf),
    ("Negative values", lambda array: array < 0),
)


def _placed(complaint: str, values: Any, first_row: int) -> str:
    """Add the row, or in other arrays than vectors the position, of the first number that is at fault."""
    is_at_fault = next((test for words, test in _FAULTS if words in complaint), None)
    array = _numbers(values)
    positions = np.argwhere(is_at_fault(array)) if is_at_fault and array.ndim else np.empty((0, 1))
    if len(positions) == 0:
        return complaint
    place = tuple(positions[0].tolist())
    where = f"row {first_row + place[0]} (the first is 0)" if array.ndim == 1 else f"position {place}"
    number = f": {array[place]:g}" if array[place] < 0 and np.isfinite(array[place]) else ""
    return f"{complaint.rstrip('.')}{number} in {where}."


def _numbers(values: Any) -> npt.NDArray[Any]:
    """Return numbers as an array, nothing of what holds others."""
    with contextlib.suppress(TypeError, ValueError):
        array = np.asarray(values)
        if array.dtype.kind in "fiu":
            return array
    return np.empty(0)
