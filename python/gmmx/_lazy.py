"""Names of a module that are imported from elsewhere when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def attributes_from(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``, which imports a name from its home and keeps it.

    Parameters
    ----------
    module : str
        Name of the module that has the names.
    homes : mapping of str to str
        The module that each name is imported from. A home that ends in the name itself is a submodule.

    Returns
    -------
    __getattr__ : callable
        Raises AttributeError for other names, as modules do.

    Examples
    --------
    >>> find = attributes_from(__name__, {"sqrt": "math"})
    >>> find("sqrt")(4.0)
    2.0
    """

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        imported = import_module(home)
        value = imported if home == f"{module}.{name}" else getattr(imported, name)
        setattr(sys.modules[module], name, value)
        return value

    return find
