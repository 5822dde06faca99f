"""Errors of parameters that take one of several names, or a number from a range.

scikit-learn's sentences stay, with names in alphabetical order, and a remedy follows them.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

import numpy as np

__all__ = ["check_flag", "did_you_mean", "explaining", "explaining_calls", "naming_parameters", "not_among"]

P = ParamSpec("P")
T = TypeVar("T")

_COMPLAINT = re.compile(r"The '(\w+)' parameter of [\w.]+ must be (.*) Got (.*) instead\.", re.DOTALL)
_NAMES = re.compile(r"\{('[^{}]*')\}")
_PRIVATE = re.compile(r"'(gmmx|numpy\.random)\.[\w.]+\.(\w+)'")


def check_flag(argument: str, value: Any, *, may_be_none: bool = False) -> None:
    """Refuse what is neither True nor False (nor None, where that is allowed): "no" would count as true."""
    if not (isinstance(value, bool | np.bool_) or (may_be_none and value is None)):
        raise TypeError(f"{argument} is {value!r}, but must be True or False{' or None' if may_be_none else ''}.")


def did_you_mean(value: object, allowed: Iterable[str]) -> str | None:
    """Return a sentence that offers the name closest to a value; None if none is close.

    Examples
    --------
    >>> did_you_mean("ful", ["diag", "full"]), did_you_mean("x", ["diag", "full"])
    ("Did you mean 'full'?", None)
    """
    if not isinstance(value, str):
        return None
    by_lower_case = {name.lower(): name for name in allowed}
    close = difflib.get_close_matches(value.lower(), by_lower_case, n=1)
    return f"Did you mean {by_lower_case[close[0]]!r}?" if close else None


def not_among(argument: str, value: object, allowed: Iterable[str | None]) -> str:
    """Return the error of a value that is not among the allowed names, one of which may be None.

    Examples
    --------
    >>> not_among("criterion", "bicc", ["bic", "icl"])
    "criterion is 'bicc', but must be one of 'bic', 'icl'. Did you mean 'bic'?"
    """
    choices = list(allowed)
    remedy = did_you_mean(value, [name for name in choices if name is not None]) or "Choose one of these."
    return f"{argument} is {value!r}, but must be one of {', '.join(map(repr, choices))}. {remedy}"


@contextlib.contextmanager
def explaining(owner: Callable[..., Any]) -> Iterator[None]:
    """Sort the names in scikit-learn's complaints about parameters, and add a remedy.

    Parameters
    ----------
    owner : class or function
        Whose parameters are checked; their defaults are a remedy.
    """
    try:
        yield
    except ValueError as error:
        found = _COMPLAINT.fullmatch(str(error))
        if found is None:
            raise
        name, allowed, given = found.groups()
        text = _NAMES.sub(_sorted, str(error))
        text = _PRIVATE.sub(r"'\1.\2'", text)
        names = [each for group in _NAMES.findall(allowed) for each in re.findall(r"'([^']*)'", group)]
        remedy = did_you_mean(given[1:-1] if given[:1] in "'\"" else None, names) or _default(owner, name)
        raise type(error)(f"{text} {remedy}") from None


def explaining_calls(function: Any) -> Any:
    """Return a function whose complaints about parameters are explained; for above scikit-learn's decorator."""
    parameters = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*arguments: Any, **options: Any) -> Any:
        _refuse_unknown(function, options, parameters)
        with explaining(function):
            return function(*arguments, **options)

    return checked


def naming_parameters(method: Callable[P, T]) -> Callable[P, T]:
    """Decorate a method so that the error of an unknown keyword offers the closest parameter, or names all."""

    @functools.wraps(method)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return method(*arguments, **options)
        except TypeError:
            _refuse_unknown(method, options, list(inspect.signature(method).parameters)[1:])
            raise

    return wrapped


def _refuse_unknown(function: Callable[..., Any], options: Iterable[str], allowed: list[str]) -> None:
    """Refuse a keyword that is not among the allowed names: offer the closest, or all."""
    unknown = next((name for name in options if name not in allowed), None)
    if unknown is not None:
        remedy = did_you_mean(unknown, allowed) or f"Give some of {', '.join(allowed)}."
        raise TypeError(f"{function.__qualname__}() got an unexpected keyword argument {unknown!r}. {remedy}") from None


def _sorted(names: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(re.findall(r"'[^']*'", names[1]), key=str.lower)) + "}"


def _default(owner: Callable[..., Any], name: str) -> str:
    """Return the remedy that lies in the default of a parameter."""
    parameter = inspect.signature(owner).parameters.get(name)
    if parameter is None or parameter.default is inspect.Parameter.empty:
        return f"Give such a {name}."
    return f"Give such a value, or leave {name} at its default, {parameter.default!r}."
