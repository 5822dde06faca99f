"""JSON from unknown hands, judged as the C++ reader of model files judges it (cpp/files/strict_json.hpp)."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["parse_json", "whole_number"]

_DEEPEST = 8  # a model file needs three
_MOST_DIGITS = 20  # of whole numbers of 64 bits


def parse_json(text: str, *, constants: bool = False) -> Any:
    """Parse JSON, and refuse what a lenient parser lets pass.

    Parameters
    ----------
    text : str
        The text.
    constants : bool
        Whether NaN, Infinity and -Infinity may stand for numbers, as Python writes them.

    Returns
    -------
    value : object
        Whole numbers beyond 64 bits are real ones.

    Raises
    ------
    ValueError
        "is not JSON ...": the text is none, holds a key twice, half of a surrogate pair or a number beyond those of 64
        bits, or is nested more than eight deep.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
        ...
    ValueError: is not JSON of a model (the key 'a' stands twice)
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_real,
            parse_constant=None if constants else _no_constant,
        )
    except _RefusedError as error:
        raise ValueError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    _check_strings_and_depth(value)
    return value


def whole_number(value: Any) -> int | None:
    """Return a parsed value that is a whole number from 0 to 2^64 - 1; None of other values."""
    return value if type(value) is int and value >= 0 else None


class _RefusedError(Exception):
    """Carries a reason past the handlers of the json module's own errors."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RefusedError(f"is not JSON of a model (the key {twice[:80]!r} stands twice)")
    return entries


def _whole(text: str) -> int | float:
    if len(text) <= _MOST_DIGITS and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return _real(text)


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _RefusedError("is not JSON of a model (a number is too large)")
    return number


def _no_constant(name: str) -> None:
    raise _RefusedError(f"is not JSON ({name} is not a number there)")


def _check_strings_and_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii():
                _check_text(item)
        if not below:
            return
        level = below
    raise ValueError(f"is not JSON of a model (it is nested more than {_DEEPEST} deep)")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("is not JSON (it holds half of a surrogate pair)") from error
