"""gmmx on rows of float32."""

import native
import numpy as np
from native import version  # noqa: F401


def fitter(folder, covariance_type, threads):
    """See worker.py."""
    return native.fitter(folder, covariance_type, threads, np.float32)
