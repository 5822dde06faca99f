"""The functions of scikit-learn that gmmx calls, imported with the first call.

Importing scikit-learn takes longer than many a command. Modules that the command line and ``import gmmx`` load call
these as attributes of this module; only the estimators, which derive from scikit-learn's classes, import it at once.
"""

from typing import TYPE_CHECKING, Any

from gmmx._lazy import attributes_from

if TYPE_CHECKING:
    from sklearn import config_context, get_config
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils.validation import _check_sample_weight, _get_feature_names, check_is_fitted, validate_data

__all__ = [
    "_check_sample_weight",
    "_get_feature_names",
    "check_array",
    "check_is_fitted",
    "check_random_state",
    "config_context",
    "get_config",
    "safe_indexing",
    "validate_data",
]

_VALIDATION = "sklearn.utils.validation"

__getattr__ = attributes_from(
    __name__,
    {
        "_check_sample_weight": _VALIDATION,
        "_get_feature_names": _VALIDATION,
        "check_array": "sklearn.utils",
        "check_is_fitted": _VALIDATION,
        "check_random_state": "sklearn.utils",
        "config_context": "sklearn",
        "get_config": "sklearn",
        "validate_data": _VALIDATION,
    },
)


def safe_indexing(X: Any, indices: Any) -> Any:
    """Return rows of an array or a data frame, as scikit-learn's function of this name does."""
    from sklearn.utils import _safe_indexing

    return _safe_indexing(X, indices)
