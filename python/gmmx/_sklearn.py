"""The functions of scikit-learn that gmmx calls, imported with the first call.

Importing scikit-learn takes longer than many a command. Modules that the command line and ``import gmmx`` load call
these as attributes of this module; the estimators, which derive from scikit-learn's classes, import it at once.

Private names are imported here alone: a version that moves one is a change of this module.
"""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn import config_context, get_config
    from sklearn.utils import _safe_indexing as safe_indexing
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils._param_validation import (
        Interval,
        StrOptions,
        make_constraint,
        validate_parameter_constraints,
        validate_params,
    )
    from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = [
    "Interval",
    "StrOptions",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "config_context",
    "feature_names",
    "get_config",
    "make_constraint",
    "safe_indexing",
    "validate_data",
    "validate_parameter_constraints",
    "validate_params",
]

_PARAMETERS = "sklearn.utils._param_validation"
_VALIDATION = "sklearn.utils.validation"

# Each name has these modules in the supported versions, 1.6 to 1.9, perhaps with an underscore before it.
_HOMES = {
    "Interval": (_PARAMETERS,),
    "StrOptions": (_PARAMETERS,),
    "safe_indexing": ("sklearn.utils", "sklearn.utils._indexing"),
    "check_array": ("sklearn.utils", _VALIDATION),
    "check_is_fitted": (_VALIDATION,),
    "check_random_state": ("sklearn.utils", _VALIDATION),
    "config_context": ("sklearn",),
    "get_config": ("sklearn",),
    "make_constraint": (_PARAMETERS,),
    "validate_data": (_VALIDATION,),
    "validate_parameter_constraints": (_PARAMETERS,),
    "validate_params": (_PARAMETERS,),
}


def __getattr__(name: str) -> Any:
    """Import a name from the first of its homes that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for home in _HOMES[name]:
        with contextlib.suppress(ModuleNotFoundError):
            module = import_module(home)
            for spelled in (name, f"_{name}"):
                if hasattr(module, spelled):
                    setattr(sys.modules[__name__], name, getattr(module, spelled))
                    return getattr(module, spelled)
    import sklearn

    raise ImportError(
        f"scikit-learn {sklearn.__version__} has no {name} in {' or '.join(_HOMES[name])}, where versions 1.6 to 1.9 "
        'have it. Install one of these: pip install "scikit-learn>=1.6,<1.10"'
    )


def feature_names(X: Any) -> tuple[str, ...] | None:
    """Return the names of the columns that scikit-learn's estimators would see, or None if there are none.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, such as a data frame.

    Raises
    ------
    TypeError
        If only some of the names are strings.

    Examples
    --------
    >>> import pandas
    >>> feature_names(pandas.DataFrame({"a": [1.0], "b": [2.0]})), feature_names([[1.0, 2.0]])
    (('a', 'b'), None)
    """
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import validate_data

    probe = BaseEstimator()
    validate_data(probe, X, skip_check_array=True)
    names = getattr(probe, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))
