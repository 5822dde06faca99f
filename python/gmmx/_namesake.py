"""The distribution ``gmmx`` on PyPI: a JAX library that is imported by the same name as this package."""

import sys
import warnings
from pathlib import Path

# Files of its package, none of which this one has.
_ITS_FILES = ("fit.py", "gmm.py", "utils.py")
_REMEDY = "They cannot share an environment: pip uninstall gmmx gmmx-native, then install the one that you need"


def warn_of_mixed_files(folder: Path) -> None:
    """Warn if files of the other package lie among those of this one."""
    its_own = [name for name in _ITS_FILES if (folder / name).exists()]
    if its_own:
        warnings.warn(
            f"{folder} holds {', '.join(its_own)} of the distribution gmmx, a JAX library, beside gmmx-native. "
            f"{_REMEDY}.",
            stacklevel=3,
        )


def what_replaced_the_package() -> str | None:
    """Return what to tell if ``import gmmx`` gives another package than this one; None if all is well."""
    package = sys.modules["gmmx"]
    if "GaussianMixtureIC" in dir(package):
        return None
    place = getattr(package, "__file__", None)
    if place is None:
        what = f"{Path(__file__).parent} has lost its __init__.py, as happens when the distribution gmmx is uninstalled"
    else:
        what = f"{place} belongs to the distribution gmmx, a JAX library, not to gmmx-native"
    return f"{what}. {_REMEDY}."
