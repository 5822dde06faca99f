"""Packages that only some functions need: imported when one is called, with the remedy where they are missing."""

import importlib
from typing import Any

__all__ = ["import_optional"]


def import_optional(module: str, purpose: str, extra: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        Its full name.
    purpose : str
        What needs it, as the beginning of a sentence.
    extra : str
        The extra of this package that installs it.

    Returns
    -------
    module
        The module.

    Raises
    ------
    ImportError
        Naming the package and the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f'{purpose} needs {package}: pip install "gmmx-native[{extra}]"') from error
