"""Types of arrays that have been checked, and the error of a fit without a result."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["F64", "I32", "ROW_DTYPES", "FitFailedError", "RowArray"]

F64: TypeAlias = npt.NDArray[np.float64]
I32: TypeAlias = npt.NDArray[np.int32]
RowArray: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

# Precisions that are computed in; rows of any other type become the first.
ROW_DTYPES = [np.float64, np.float32]


class FitFailedError(ValueError):
    """A component collapsed in every restart of a fit.

    The message names the component, the restart and the iteration.
    """
