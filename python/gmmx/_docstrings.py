"""Docstrings that share paragraphs."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["parameter_entries", "with_fragments"]

Documented = TypeVar("Documented", bound=Callable[..., Any])


def with_fragments(**fragments: str) -> Callable[[Documented], Documented]:
    r"""Return a decorator that fills ``{name}``, alone in a line of a docstring, with a fragment, indented alike.

    It fills the docstrings of a class and of its methods.

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
        methods = filter(inspect.isfunction, vars(documented).values())
        for each in (documented, *methods):
            if each.__doc__ is not None:  # as with python -OO
                each.__doc__ = re.sub(r"^( *)\{(\w+)\}$", filled, each.__doc__, flags=re.MULTILINE)
        return documented

    return decorated


def parameter_entries(documented: Callable[..., Any], **changes: str) -> str:
    r"""Return the entries of a docstring's parameters, some of them changed or added.

    Parameters
    ----------
    documented : callable
        Has the docstring.
    **changes : str
        Entries by the names of the parameters.

    Examples
    --------
    >>> def read():
    ...     "Read.\n\n    Parameters\n    ----------\n    a : int\n    b : str\n\n    Returns\n    -------\n    c : int"
    >>> print(parameter_entries(read, b="b : float"))
    a : int
    <BLANKLINE>
    b : float
    """
    section = inspect.cleandoc(documented.__doc__ or "").partition("\nParameters\n----------\n")[2]
    entries = re.split(r"\n+(?=\S)", re.split(r"\n\n[A-Z][\w ]*\n-+\n", section)[0])
    return "\n\n".join(({entry.split(" :")[0]: entry for entry in entries} | changes).values())
