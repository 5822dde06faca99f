"""What users hand in, checked: an error names the argument, what was given, what is allowed and the remedy.

Where scikit-learn has a sentence for the same mistake, that sentence is part of the message.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from gmmx import _core, _sklearn
from gmmx._covariance_shapes import (
    SKLEARN_TYPES,
    check_of_model,
    is_parsimonious,
    is_public_as_matrices,
    public_shape,
)
from gmmx._text import printable, quoted
from gmmx.io import arrow
from gmmx.io._memory_maps import refuse_cut_off
from gmmx.validation._complaints import completed
from gmmx.validation._numeric_input import first_foreign, first_missing, numeric_input
from gmmx.validation._options import not_among

F64: TypeAlias = npt.NDArray[np.float64]
I32: TypeAlias = npt.NDArray[np.int32]
Rows: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

ROW_DTYPES = [np.float64, np.float32]
"""Precisions that are computed in; rows of any other type become the first."""


class FitFailedError(ValueError):
    """Every start of a fit ended in a collapsed component; the message tells which and when."""


class CountedRows(Protocol):
    """What is known of rows, wherever they lie."""

    @property
    def n_rows(self) -> int:
        """All rows, absent ones included."""

    @property
    def n_present(self) -> int:
        """Rows of positive weight."""


class WeightedRows(NamedTuple):
    """Checked rows with their weights (None: all one) and the number of threads to work on them."""

    X: Rows
    sample_weight: F64 | None
    n_threads: int

    @property
    def total_weight(self) -> float:
        """Sum of the weights, that is, how many rows these stand for."""
        return float(len(self.X)) if self.sample_weight is None else float(self.sample_weight.sum())

    @property
    def n_rows(self) -> int:
        """All rows, absent ones included."""
        return len(self.X)

    @property
    def n_present(self) -> int:
        """Rows of positive weight: a row of weight zero is absent."""
        return len(self.X) if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))


ROWS_ALLOWED = "must be a two-dimensional array of finite real numbers, one row a sample"
WEIGHTS_ALLOWED = "must be one finite number of at least 0 for each row of X"


@contextlib.contextmanager
def checking(argument: str, allowed: str, values: Any = None, first_row: int = 0) -> Iterator[None]:
    """Make NumPy arrays of what scikit-learn checks here, and let every complaint name the argument and a remedy.

    NumPy's complaints about what cannot be a number do not name it. scikit-learn's dispatch to other array
    libraries is off, because it would hand their arrays through. `values` and `first_row`: to say where the fault is.
    """
    dispatches = _sklearn.get_config()["array_api_dispatch"]
    try:
        with _sklearn.config_context(array_api_dispatch=False) if dispatches else contextlib.nullcontext():
            yield
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, UnicodeError):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        complaint = re.sub(r":\narray=[\s\S]*?\n(?=Reshape)", ".\n", printable(error))  # all the numbers help nobody
        explained = completed(complaint, argument, allowed, values, first_row)
        if not re.search(rf"\b{argument}\b", complaint):
            explained = f"{argument} is not accepted: {explained}"
        elif explained == complaint:
            raise
        raise kind(explained) from error


def is_matrix_valued(covariance_type: str) -> bool:
    """Whether the covariances of a type are kept as matrices; else they are variances.

    Parameters
    ----------
    covariance_type : str
        A name out of `_core.covariance_types()`.
    """
    n_features = 1  # the only number that all types allow
    shape = _core.covariance_shape(covariance_type, n_features + 1, n_features)
    return tuple(shape[-2:]) == (n_features, n_features)


def first_not_finite(
    X: npt.NDArray[Any], feature_names: Sequence[str | int] | None = None, first_row: int = 0
) -> str | None:
    """Say where the first number stands that is not finite, or return None if there is none.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows.
    feature_names : sequence of str or int, optional
        Names or numbers of the columns.
    first_row : int
        Rows before these.

    Examples
    --------
    >>> first_not_finite(np.array([[1.0, 2.0], [3.0, np.nan]]), first_row=10)
    'NaN in row 11 (the first is 0) of column 1'
    """
    with np.errstate(all="ignore"):
        if math.isfinite(X.sum()):  # quick, and never wrong if it says yes
            return None
    finite = np.isfinite(X)
    if finite.all():
        return None
    row, column = np.argwhere(~finite)[0]
    what = "NaN" if np.isnan(X[row, column]) else "infinity"
    name = int(column) if feature_names is None else quoted(feature_names[column])
    return f"{what} in row {first_row + row} (the first is 0) of column {name}"


def is_pair(batch: Any) -> bool:
    """Tell whether something looks like rows and their weights, by the dimensions of its two members."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        return False
    return [len(getattr(member, "shape", ())) for member in batch] == [2, 1]


def check_flag(argument: str, value: Any, *, may_be_none: bool = False) -> None:
    """Refuse what is neither True nor False (nor None, where that is allowed): "no" would count as true."""
    if not (isinstance(value, bool | np.bool_) or (may_be_none and value is None)):
        raise TypeError(f"{argument} is {value!r}, but must be True or False{' or None' if may_be_none else ''}.")


@contextlib.contextmanager
def placing(X: Any, first_row: int = 0, names: Sequence[str] | None = None) -> Iterator[None]:
    """Let complaints about what a table holds say where: scikit-learn's do not.

    `names`: those of the columns, where X has none.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        placed = _placed(X, error, first_row, names)
        if placed is None:
            raise
        raise placed from error


_FINITE = "but all numbers must be finite: fill in missing values, or drop the rows or columns that have them."


def _placed(
    X: Any, error: TypeError | ValueError, first_row: int, names: Sequence[str] | None
) -> TypeError | ValueError | None:
    """Return the error that says where the trouble is, or None if nothing more is known."""
    complaint = str(error)
    is_frame = hasattr(X, "columns") and hasattr(X, "dtypes")
    names = [str(name) for name in X.columns] if is_frame else names
    if is_frame and names and "could not convert" in complaint:
        texts = [name for name, kind in zip(names, X.dtypes, strict=True) if getattr(kind, "kind", "O") not in "biuf"]
        if texts:
            return ValueError(
                f"X has the column {texts[0]!r} with what is no number ({complaint}), but all columns must hold "
                "numbers: leave it out, or turn it into numbers."
            )
    if is_frame and "element with a sequence" in complaint:
        return _placed_lists(X)
    if "argument must be" in complaint:
        return _placed_object(X, names, complaint, first_row)
    if "contains NaN" in complaint or "contains infinity" in complaint:
        problem = None
        with contextlib.suppress(TypeError, ValueError):
            problem = first_not_finite(np.asarray(X, dtype=np.float64), names, first_row)
        with contextlib.suppress(TypeError, ValueError):
            problem = problem or _missing_in(X, names, first_row)
        if problem is not None:
            return ValueError(f"Input X contains {problem}, {_FINITE}")
    return None


def _placed_object(
    X: Any, names: Sequence[str] | None, complaint: str, first_row: int
) -> TypeError | ValueError | None:
    """Return the error that names the first object that is no number."""
    found = first_foreign(X)
    if found is None or len(found[0]) != 2:
        return None
    at, kind = found
    if at == first_missing(X):
        return ValueError(f"Input X contains {_missing_in(X, names, first_row)}, {_FINITE}")
    column = f"column {at[1] if names is None else quoted(names[at[1]])}"
    return TypeError(
        f"Input X contains an object of type {kind} in row {first_row + at[0]} (the first is 0) of {column} "
        f"({complaint}), but all values must be numbers. Drop {column} or convert it to numbers."
    )


def _placed_lists(frame: Any) -> ValueError | None:
    """Return the error that names the first column of a frame whose objects are lists or arrays."""
    for position, (name, kind) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
        if getattr(kind, "kind", None) == "O" and np.ndim(frame.iloc[0, position]):
            return ValueError(
                f"X has the column {str(name)!r} of objects of type {type(frame.iloc[0, position]).__name__}, but all "
                "columns must hold numbers or Arrow's lists of them: give pyarrow.Table.from_pandas(X, "
                "preserve_index=False), read the file by pandas.read_parquet(path, dtype_backend='pyarrow'), or give "
                f"numpy.stack(X[{name!r}]) if this column is all."
            )
    return None


def _missing_in(X: Any, names: Sequence[str] | None, first_row: int) -> str | None:
    at = first_missing(X)
    if at is None or len(at) != 2:
        return None
    return (
        f"NaN in row {first_row + at[0]} (the first is 0) of column {at[1] if names is None else quoted(names[at[1]])}"
    )


def readable(X: Any, first_row: int = 0) -> arrow.ArrowRows:
    """Return rows that can be converted to numbers, and what has the names of their columns."""
    rows = arrow.read(numeric_input(X, "X", first_row))
    return rows if rows.X is X else arrow.ArrowRows(rows.X, X if rows.header is rows.X else rows.header)


def check_rows(X: Any) -> Rows:
    """Return X as a finite two-dimensional float32 or float64 array, copied only if its type must change."""
    with checking("X", ROWS_ALLOWED):
        with placing(X):
            array, header = readable(X)
        with placing(array, names=_names_in(header)):
            rows: Rows = _sklearn.check_array(array, dtype=ROW_DTYPES, input_name="X")
    return rows


def _names_in(header: Any) -> Sequence[str] | None:
    """Return the names of features that came as Arrow data."""
    names: Sequence[str] | None = getattr(header, "column_names", None)
    return names


def _is_plain(X: Any, min_samples: int) -> TypeGuard[Rows]:
    """Whether X is an array that scikit-learn's checks would return as it is; if in doubt, they are asked."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in ROW_DTYPES or not X.dtype.isnative:
        return False
    if X.shape[0] < min_samples or X.shape[1] < 1:
        return False
    return _core.all_finite(X)


def check_rows_of(estimator: Any, X: Any, *, fit: bool, min_samples: int | None = None) -> Rows:
    """Return X as `check_rows` does, and set (fit) or compare the features that an estimator has seen.

    `min_samples`: the least number of rows; None: 2 for a fit, else 1.
    """
    least = min_samples or (2 if fit else 1)
    if _is_plain(X, least):
        if fit:
            estimator.n_features_in_ = X.shape[1]
            vars(estimator).pop("feature_names_in_", None)
            return X
        seen = vars(estimator)
        if "feature_names_in_" not in seen and seen.get("n_features_in_") == X.shape[1]:
            return X
    refuse_cut_off(X, "X")
    if isinstance(X, (str, os.PathLike)):
        raise ValueError(
            f"X is the path {os.fspath(X)!r}, but must hold rows: give the path to fit_batches or to a reader of "
            "gmmx.data, or read the file first."
        )
    if is_pair(X):
        raise ValueError(
            "X is a pair of rows and weights: take it apart, for X, w in batches, and give w as sample_weight where "
            "weights are taken."
        )
    requirements: dict[str, Any] = {"dtype": ROW_DTYPES, "ensure_min_samples": least}
    with checking("X", ROWS_ALLOWED):
        with placing(X):
            array, header = readable(X)
        with placing(array, names=_names_in(header)):
            if array is X:
                rows: Rows = _sklearn.validate_data(estimator, X, reset=fit, **requirements)
            else:
                _sklearn.validate_data(estimator, header, reset=fit, skip_check_array=True)
                rows = _sklearn.check_array(array, estimator=estimator, input_name="X", **requirements)
    return rows


@contextlib.contextmanager
def _placing_weights(sample_weight: Any, first_row: int = 0) -> Iterator[None]:
    """Let complaints about a missing weight name its row."""
    try:
        yield
    except (TypeError, ValueError) as error:
        at = None
        with contextlib.suppress(TypeError, ValueError):
            at = first_missing(sample_weight) if re.search("NaN|NA|argument must be", str(error)) else None
        if at is None or len(at) != 1:
            raise
        raise ValueError(
            f"Input sample_weight contains NaN in row {first_row + at[0]} (the first is 0), but {WEIGHTS_ALLOWED}. "
            "Fill it in, or drop the row."
        ) from error


def check_sample_weight(sample_weight: Any, X: npt.NDArray[Any]) -> F64 | None:
    """Return the weights as float64 of shape (n_samples,), or None where none were given."""
    if sample_weight is None:
        return None
    with checking("sample_weight", WEIGHTS_ALLOWED, sample_weight), _placing_weights(sample_weight):
        values = numeric_input(sample_weight, "sample_weight")
        weights: F64 = _sklearn._check_sample_weight(values, X, dtype=np.float64, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 0.0 < total < np.inf:
        raise ValueError(
            f"sample_weight sums to {total:g}, but its sum must be positive and finite: give at least one "
            "row a weight above zero, and scale huge weights down."
        )
    return weights


def check_weight_of_part(sample_weight: Any, n_rows: int, first_row: int = 0) -> F64 | None:
    """Return the weights of some of the rows as float64 of shape (n_rows,), or None; they may all be zero.

    `first_row`: rows before these, for errors.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, sample_weight)
    given = sample_weight
    with checking("sample_weight", WEIGHTS_ALLOWED, given, first_row), _placing_weights(given, first_row):
        values = numeric_input(sample_weight, "sample_weight", first_row)
        weights: F64 = _sklearn.check_array(
            values, dtype=np.float64, ensure_2d=False, ensure_min_samples=0, input_name="sample_weight"
        )
        if weights.shape != (n_rows,):
            raise ValueError(f"sample_weight.shape == {weights.shape}, expected ({n_rows},)")
        if n_rows and weights.min() < 0:
            raise ValueError("Negative values in data passed to `sample_weight`")
    return weights


def check_enough_rows(rows: CountedRows, n_components: int) -> None:
    """Refuse to fit to fewer than two rows, or to fewer rows than components, zero weights not counted."""
    needed, given = max(2, n_components), rows.n_present
    if given >= needed:
        return
    remedy = "Lower n_components or give more rows"
    if given < rows.n_rows:
        remedy += f" of positive sample_weight ({rows.n_rows - given} of {rows.n_rows} rows have weight zero)"
    if given < n_components:
        problem = f"Expected n_samples >= n_components but got n_components = {n_components}, n_samples = {given}"
    else:
        problem = f"A mixture cannot be fitted to n_samples = {given} row: at least 2 are required"
    raise ValueError(f"{problem}. {remedy}.")


def refuse_overflow(largest: float, n_rows: int, dtype: npt.DTypeLike) -> None:
    """Say so if sums of squares of the rows do not fit their type; called once a fit has failed."""
    limit = math.sqrt(float(np.finfo(dtype).max) / n_rows)
    if largest > limit:
        raise ValueError(
            f"X holds numbers as large as {largest:g}, whose squares overflow {np.dtype(dtype)}: at most {limit:.1g} "
            "can be fitted here. Drop rows that hold fill values, or scale the columns, for instance with "
            "sklearn.preprocessing.StandardScaler."
        )


def _as_array(values: Any, argument: str) -> Rows:
    """Return a parameter array as finite float32 or float64, of any shape."""
    with checking(argument, "must be an array of finite real numbers", values):
        array: Rows = _sklearn.check_array(
            numeric_input(values, argument),
            dtype=ROW_DTYPES,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,
            ensure_min_features=0,
            input_name=argument,
        )
    return array


def _check_shape(array: Rows, shape: tuple[int, ...], parameter: str, remedy: str) -> None:
    if array.shape != shape:
        raise ValueError(
            f"The parameter '{parameter}' should have the shape of {shape}, but got {array.shape}. {remedy}"
        )


def check_weights(weights: Any, n_components: int, *, argument: str = "weights_init") -> F64:
    """Return mixing proportions of shape (n_components,) as float64: each in [0, 1], summing to one."""
    array = _as_array(weights, argument)
    _check_shape(
        array,
        (n_components,),
        "weights",
        f"{argument} needs one weight for each of {n_components} components: give as many, or change n_components.",
    )
    low, high, total = float(array.min()), float(array.max()), float(array.sum(dtype=np.float64))
    if low < 0.0 or high > 1.0:
        # scikit-learn's sentence calls the smallest value "max", and its tests insist; the next is right.
        raise ValueError(
            "The parameter 'weights' should be in the range [0, 1], "
            f"but got max value {low:.5f}, min value {high:.5f}. "
            f"{argument} runs from {low:g} to {high:g}: divide non-negative weights by their sum."
        )
    if abs(1.0 - total) > (1e-6 if array.dtype == np.float32 else 1e-8):
        raise ValueError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}. "
            f"Divide {argument} by its sum."
        )
    return array.astype(np.float64)


def check_means(means: Any, n_components: int, n_features: int, *, argument: str = "means_init") -> F64:
    """Return means of shape (n_components, n_features) as float64."""
    array = _as_array(means, argument)
    _check_shape(
        array,
        (n_components, n_features),
        "means",
        f"{argument} needs a row for each of {n_components} components and a column for each of {n_features} features: "
        "reshape it, or change n_components.",
    )
    return array.astype(np.float64)


def _other_types_of_shape(shape: tuple[int, ...], n_components: int, n_features: int) -> str:
    """Return a hint naming the covariance types that have a given shape, or nothing."""
    fitting = [name for name in SKLEARN_TYPES if public_shape(name, n_components, n_features) == shape]
    if shape == (n_components, n_features, n_features):
        fitting.append("VVV")
    return f" The given shape is that of covariance_type={' or '.join(map(repr, fitting))}." if fitting else ""


def _check_by_type(
    values: Any, covariance_type: str, n_components: int, n_features: int, *, parameter: str, argument: str
) -> F64:
    """Return precisions or covariances as float64, of the shape that their type asks for."""
    array = _as_array(values, argument)
    shape = public_shape(covariance_type, n_components, n_features)
    hint = _other_types_of_shape(array.shape, n_components, n_features)
    _check_shape(
        array,
        shape,
        parameter,
        f"{argument} must fit covariance_type={covariance_type!r} with {n_components} components and "
        f"{n_features} features: reshape it, or change covariance_type or n_components.{hint}",
    )
    return array.astype(np.float64)


def check_precisions(precisions: Any, covariance_type: str, n_components: int, n_features: int) -> F64:
    """Check precisions_init and return its factors, as the native code keeps them.

    The Cholesky factor of a matrix with rows and columns in reverse order, reversed again, is upper
    triangular.
    """
    parameter = f"{covariance_type} precision"
    array = _check_by_type(
        precisions, covariance_type, n_components, n_features, parameter=parameter, argument="precisions_init"
    )
    if not is_public_as_matrices(covariance_type):
        if np.any(array <= 0.0):
            raise ValueError(
                f"'{parameter}' should be positive, but the smallest value of precisions_init is "
                f"{array.min():g}. Give the reciprocals of the variances."
            )
        return np.sqrt(array)
    matrices = array.reshape(-1, n_features, n_features)
    factors = np.empty_like(matrices)
    for k, matrix in enumerate(matrices):
        factor = _reversed_cholesky(matrix)
        if factor is None:
            where = f"precisions_init[{k}]" if array.ndim == 3 else "precisions_init"
            raise ValueError(
                f"'{parameter}' should be symmetric, positive-definite, but {where} is not. "
                "Give the inverse of a covariance matrix of full rank."
            )
        factors[k] = factor
    if is_parsimonious(covariance_type):
        inverses = np.linalg.inv(factors)
        covariances = check_of_model(
            np.swapaxes(inverses, 1, 2) @ inverses, covariance_type, argument="precisions_init"
        )
        weights = np.full(n_components, 1.0 / n_components)
        mixture = _core.Mixture(weights, np.zeros((n_components, n_features)), covariance_type, covariances=covariances)
        return mixture.precisions_cholesky
    return factors.reshape(array.shape)


def _reversed_cholesky(matrix: F64) -> F64 | None:
    """Return the upper triangular U with matrix = U U^T, or None for a matrix that has none."""
    if not np.allclose(matrix, matrix.T):
        return None
    try:
        return np.ascontiguousarray(np.linalg.cholesky(matrix[::-1, ::-1])[::-1, ::-1])
    except np.linalg.LinAlgError:
        return None


def check_covariances(
    covariances: Any,
    covariance_type: str,
    n_components: int,
    n_features: int,
    *,
    argument: str = "covariances",
) -> F64:
    """Return covariances as float64, symmetric and as the native code keeps them; definite shows later."""
    array = _check_by_type(
        covariances, covariance_type, n_components, n_features, parameter="covariances", argument=argument
    )
    if is_public_as_matrices(covariance_type):
        if not np.allclose(array, np.swapaxes(array, -1, -2)):
            raise ValueError(f"{argument} must hold symmetric matrices, but differs from its transpose.")
        if is_parsimonious(covariance_type):
            return check_of_model(array, covariance_type, argument=argument)
    elif np.any(array <= 0.0):
        raise ValueError(f"{argument} must hold positive variances, but its smallest value is {array.min():g}.")
    return array


def check_covariance_type(covariance_type: Any, *, argument: str = "covariance_type") -> str:
    """Return the name of a covariance model that exists."""
    allowed = _core.covariance_types()
    if not isinstance(covariance_type, str) or covariance_type not in allowed:
        raise ValueError(not_among(argument, covariance_type, allowed))
    return covariance_type


def check_partition(partition: Any, rows: WeightedRows, n_components: int) -> I32 | Rows:
    """Check responsibilities_init: labels of shape (n_samples,) or a column of numbers for each component.

    A label of -1 leaves its row out of the start. Every component must hold some row.
    """
    array = np.asarray(numeric_input(partition, "responsibilities_init"))
    n_samples = len(rows.X)
    if array.ndim == 1:
        labels = _check_labels(array, n_samples, n_components)
        assigned = labels >= 0
        weights = None if rows.sample_weight is None else rows.sample_weight[assigned]
        _refuse_empty(np.bincount(labels[assigned], weights=weights, minlength=n_components))
        return labels
    responsibilities = _check_responsibilities(array, n_samples, n_components, rows.X.dtype)
    present = np.ones(n_samples) if rows.sample_weight is None else rows.sample_weight
    _refuse_empty(present @ responsibilities)
    return responsibilities


def _refuse_empty(counts: npt.NDArray[Any]) -> None:
    empty = np.flatnonzero(counts <= 0.0)
    if empty.size:
        raise ValueError(
            f"responsibilities_init gives no row to {_components(empty)}, but each of the {len(counts)} "
            "components needs at least one row of positive weight to start from. Lower n_components or "
            "relabel."
        )


def _components(indices: npt.ArrayLike) -> str:
    """Name components in a sentence, the first few of many."""
    listed = [str(k) for k in np.atleast_1d(indices)]
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
    return f"component {shown}" if len(listed) == 1 else f"components {shown}"


def _check_labels(labels: npt.NDArray[Any], n_samples: int, n_components: int) -> I32:
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"responsibilities_init is one-dimensional of dtype {labels.dtype}, but labels must be integers "
            "0, ..., n_components - 1 (-1: no component). Convert them, e.g. by np.unique(..., "
            "return_inverse=True)."
        )
    if labels.shape != (n_samples,):
        raise ValueError(
            f"responsibilities_init holds {len(labels)} labels, but X has {n_samples} rows: give one label a row."
        )
    low, high = int(labels.min()), int(labels.max())
    if low < -1 or high >= n_components:
        raise ValueError(
            f"responsibilities_init holds labels from {low} to {high}, but with n_components={n_components} "
            f"they must lie in 0, ..., {n_components - 1} (-1: no component). Relabel or change "
            "n_components."
        )
    return labels.astype(np.int32)


def _check_responsibilities(array: npt.NDArray[Any], n_samples: int, n_components: int, dtype: npt.DTypeLike) -> Rows:
    argument = "responsibilities_init"
    responsibilities = _as_array(array, argument)
    if responsibilities.shape != (n_samples, n_components):
        raise ValueError(
            f"{argument} has shape {responsibilities.shape}, but must be labels of shape ({n_samples},) or "
            f"responsibilities of shape ({n_samples}, {n_components}): one row for each row of X, one "
            "column for each of n_components."
        )
    low = float(responsibilities.min())
    if low < 0.0:
        raise ValueError(f"{argument} holds {low:g}, but responsibilities must not be negative.")
    sums = responsibilities.sum(axis=1, dtype=np.float64)
    worst = int(np.argmax(np.abs(sums - 1.0)))
    if abs(sums[worst] - 1.0) > 1e-4:
        raise ValueError(
            f"Each row of {argument} must sum to one, but row {worst} sums to {sums[worst]:g}. "
            "Divide every row by its sum."
        )
    converted: Rows = responsibilities.astype(dtype, copy=False)
    return converted


_MOST_THREADS = 2**31 - 1


def thread_count(n_jobs: int | None) -> int:
    """Tell how many threads `n_jobs` asks for; more than the rows can keep busy are not started."""
    if n_jobs is not None:
        n_jobs = max(-_MOST_THREADS, min(int(n_jobs), _MOST_THREADS))
    return _core.thread_count(n_jobs)
