"""Docstrings that share paragraphs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["with_fragments"]

Documented = TypeVar("Documented", bound=Callable[..., Any])


def with_fragments(**fragments: str) -> Callable[[Documented], Documented]:
    r"""Return a decorator that fills ``{name}``, alone in a line of a docstring, with a fragment, indented alike.

    Parameters
    ----------
    **fragments : str
        Text of one or several lines.

    Examples
    --------
    >>> def read():
    ...     "Read.\n\n    {returns}"
    >>> print(with_fragments(returns="rows : ndarray\n    Rows.")(read).__doc__)
    Read.
    <BLANKLINE>
        rows : ndarray
            Rows.
    """

    def filled(line: re.Match[str]) -> str:
        return textwrap.indent(fragments[line[2]], line[1]) if line[2] in fragments else line[0]

    def decorated(documented: Documented) -> Documented:
        if documented.__doc__ is not None:  # as with python -OO
            documented.__doc__ = re.sub(r"^( *)\{(\w+)\}$", filled, documented.__doc__, flags=re.MULTILINE)
        return documented

    return decorated
