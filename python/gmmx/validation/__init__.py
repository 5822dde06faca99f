"""Checks of what users hand in: an error names the argument, what was given, what is allowed and the remedy.

Where scikit-learn has a sentence for the same mistake, that sentence is part of the message.
"""

from gmmx.validation._assignment import check_assignment
from gmmx.validation._locating import first_not_finite
from gmmx.validation._options import check_flag
from gmmx.validation._parameters import (
    check_covariance_type,
    check_covariances,
    check_means,
    check_precisions,
    check_weights,
    is_matrix_valued,
)
from gmmx.validation._row_checks import check_rows, check_rows_of, check_rows_of_part, is_pair
from gmmx.validation._rows import (
    CountedRows,
    Rows,
    check_enough_rows,
    checked_batch,
    checked_rows,
    refuse_scale,
    thread_count,
)
from gmmx.validation._sample_weight import check_sample_weight, check_weight_of_part
from gmmx.validation._types import F64, I32, ROW_DTYPES, FitFailedError, RowArray

__all__ = [
    "F64",
    "I32",
    "ROW_DTYPES",
    "CountedRows",
    "FitFailedError",
    "RowArray",
    "Rows",
    "check_assignment",
    "check_covariance_type",
    "check_covariances",
    "check_enough_rows",
    "check_flag",
    "check_means",
    "check_precisions",
    "check_rows",
    "check_rows_of",
    "check_rows_of_part",
    "check_sample_weight",
    "check_weight_of_part",
    "check_weights",
    "checked_batch",
    "checked_rows",
    "first_not_finite",
    "is_matrix_valued",
    "is_pair",
    "refuse_scale",
    "thread_count",
]
