"""Fast checks of constructor parameters with scikit-learn's rules and messages."""

from __future__ import annotations

import math
import sys
from functools import cache
from numbers import Integral
from typing import Any, NamedTuple

from gmmx import _sklearn
from gmmx._sklearn import Interval, StrOptions, make_constraint
from gmmx.validation._options import explaining

__all__ = ["check_params", "check_params_of_fit"]


class _Range(NamedTuple):
    """Numbers of given types between two bounds, inclusive."""

    kinds: frozenset[type] = frozenset()
    low: float = 0.0
    high: float = 0.0


_LARGEST = sys.float_info.max
_NUMBERS: dict[Any, _Range] = {
    Integral: _Range(frozenset({int}), -_LARGEST, _LARGEST),
    "verbose": _Range(frozenset({int}), 0.0, _LARGEST),
    "random_state": _Range(frozenset({int}), 0.0, 2.0**32 - 1.0),
}
_WORDS: dict[Any, tuple[Any, ...]] = {
    None: (None,),
    "boolean": (True, False),
    "verbose": (True, False),
    "random_state": (None,),
}


def _words_of(constraint: Any) -> tuple[Any, ...]:
    if isinstance(constraint, StrOptions):
        return tuple(constraint.options)
    return _WORDS.get(constraint, ()) if constraint is None or isinstance(constraint, str) else ()


def _range_of(constraint: Any) -> _Range:
    if not isinstance(constraint, Interval):
        return _NUMBERS.get(constraint, _Range()) if isinstance(constraint, str | type) else _Range()
    low = -_LARGEST if constraint.left is None else constraint.left
    high = _LARGEST if constraint.right is None else constraint.right
    if constraint.closed in ("right", "neither") and constraint.left is not None:
        low = math.nextafter(low, math.inf)
    if constraint.closed in ("left", "neither") and constraint.right is not None:
        high = math.nextafter(high, -math.inf)
    return _Range(frozenset({int} if constraint.type is Integral else {int, float}), low, high)


class _Allowed(NamedTuple):
    """Allowed values of a parameter: a fast test for plain values, and scikit-learn's constraints."""

    name: str
    kinds: frozenset[type]
    low: float
    high: float
    words: frozenset[Any]
    constraints: tuple[Any, ...]


@cache
def _allowed_by(estimator_class: Any) -> list[_Allowed]:
    """Return the allowed values of the parameters of a class."""
    known = estimator_class._parameter_constraints
    allowed = []
    for name in estimator_class._get_param_names():
        constraints = known.get(name, "no_validation")
        if constraints != "no_validation":
            numbers = next((found for found in map(_range_of, constraints) if found.kinds), _Range())
            words = frozenset(word for constraint in constraints for word in _words_of(constraint))
            allowed.append(_Allowed(name, *numbers, words, tuple(map(make_constraint, constraints))))
    return allowed


def check_params(estimator: Any) -> None:
    """Check the constructor parameters of an estimator; scikit-learn writes the message.

    Raises
    ------
    ValueError
        If a parameter has a value that is not allowed.
    """
    own_class: Any = type(estimator)
    for name, kinds, low, high, words, constraints in _allowed_by(own_class):
        value = getattr(estimator, name)
        kind = type(value)
        if kind in kinds:
            if low <= value <= high:
                continue
        elif (value is None or kind is str or kind is bool) and value in words:
            continue
        if not any(constraint.is_satisfied_by(value) for constraint in constraints):
            with explaining(own_class):
                _sklearn.validate_parameter_constraints(
                    own_class._parameter_constraints, estimator.get_params(deep=False), caller_name=own_class.__name__
                )


def check_params_of_fit(estimator: Any) -> None:
    """Check the parameters before a fit, unless scikit-learn's configuration skips validation."""
    if not _sklearn.get_config()["skip_parameter_validation"]:
        estimator._validate_params()
