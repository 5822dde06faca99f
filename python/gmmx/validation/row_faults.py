"""Faults of rows before a fit, and the remedy that a failed fit names because of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gmmx._warnings import warn
from gmmx.validation import Rows
from gmmx.validation._rows import squares_underflow
from gmmx.validation.column_faults import ColumnFaults, ColumnWarning, near_combinations, warn_of_columns
from gmmx.validation.outweighing_rows import OutweighingRow, OutweighingRowWarning, warn_of_outweighing_row

__all__ = ["RowFaults", "remedy_of_choice", "remedy_of_collapse", "warn_of_rows"]


@dataclass(frozen=True)
class RowFaults:
    """Faults of rows that end a fit, whatever its parameters.

    Attributes
    ----------
    n_features : int
        Columns of the rows.
    outweighing : OutweighingRow or None
        Row that outweighs all others.
    columns : ColumnFaults
        Columns that are constant or combinations of others.
    names : sequence of str or None
        Names of the columns. None names them by their numbers.
    combinations : bool
        Whether combinations of columns matter to the fit: diagonal covariances are not singular there.
    """

    n_features: int
    outweighing: OutweighingRow | None = None
    columns: ColumnFaults = field(default_factory=ColumnFaults)
    names: Sequence[str] | None = None
    combinations: bool = False

    def warn(self) -> None:
        """Warn as `warn_of_rows` does."""
        if self.outweighing is not None:
            warn(OutweighingRowWarning(self.outweighing, self.names))
        if self.columns:
            warn(ColumnWarning(self.columns, self.names))

    def remedy(self, otherwise: str) -> str:
        """Return what to do, without a capital and a full stop; `otherwise` where these rows have no fault.

        Examples
        --------
        >>> RowFaults(3, columns=ColumnFaults((1,)), names=["a", "b", "c"]).remedy("increase reg_covar")
        "drop column 'b' of X, which is constant"
        >>> RowFaults(1, columns=ColumnFaults((0,))).remedy("increase reg_covar")
        'give rows that differ, or increase reg_covar: all columns of X are constant'
        >>> RowFaults(3).remedy("increase reg_covar")
        'increase reg_covar'
        """
        if self.outweighing is not None:
            return f"drop row {self.outweighing.row} of X (the first is 0), which outweighs all others"
        if len(self.columns.constant) == self.n_features:
            return "give rows that differ, or increase reg_covar: all columns of X are constant"
        return self.columns.remedy(self.names) if self.columns else otherwise


def warn_of_rows(rows: Rows, estimator: Any, *, combinations: bool) -> RowFaults:
    """Warn as `warn_of_outweighing_row` and `warn_of_columns` do, which take the same parameters; return the faults."""
    outweighing = warn_of_outweighing_row(rows, estimator)
    # Beside such a row all columns look like multiples of each other.
    combinations = combinations and outweighing is None
    faults = warn_of_columns(rows, estimator, combinations=combinations)
    names = getattr(estimator, "feature_names_in_", None)
    return RowFaults(int(rows.X.shape[1]), outweighing, faults, names, combinations)


def remedy_of_collapse(rows: Rows, faults: RowFaults, otherwise: str, *, failed: bool = True) -> str:
    """Return the remedy of `faults` where fits of the rows collapsed; `otherwise` where nothing is known.

    Rows without a fault are searched for columns that others explain too well for a covariance; if no fit failed, but
    lost digits, also for those that they explain a little less well.

    Examples
    --------
    >>> import numpy as np
    >>> x, y, z = np.random.default_rng(0).normal(size=(3, 50))
    >>> rows = Rows(np.column_stack([x, y, x + y + 1e-9 * z]))
    >>> remedy_of_collapse(rows, RowFaults(3, combinations=True), "increase reg_covar")
    'drop column 2 of X, which depends on others, as far as a covariance can tell'
    """
    if faults.combinations and not faults.columns:
        faults = replace(faults, columns=near_combinations(rows, failed=failed))
    return faults.remedy(otherwise)


def remedy_of_choice(rows: Rows, faults: RowFaults, otherwise: str) -> str:
    """Return a sentence that says what to do where most mixtures are degenerate; `otherwise` where nothing is known.

    Criteria count the sum of the weights as rows: weights that sum to much less than the rows leave too few for any
    mixture.

    Examples
    --------
    >>> import numpy as np
    >>> rows = Rows(np.zeros((4, 1)), np.full(4, 1e-3), 1)
    >>> remedy_of_choice(rows, RowFaults(1), "lower max_components")
    'Scale sample_weight, which sums to 0.004, until it sums to the 4 rows of X.'
    """
    if 2.0 * rows.total_weight < rows.n_present:
        otherwise = (
            f"scale sample_weight, which sums to {rows.total_weight:g}, until it sums to the {rows.n_present} rows of X"
        )
    largest = float(np.abs(rows.X).max())
    if squares_underflow(largest, rows.X.dtype):
        otherwise = f"scale the columns of X, whose numbers are at most {largest:g}: squares of them underflow"
    remedy = remedy_of_collapse(rows, faults, otherwise)
    return f"{remedy[0].upper()}{remedy[1:]}."
