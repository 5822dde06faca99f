"""Versions, build and machine, for bug reports."""

import importlib.metadata
import platform
import sys

from gmmx import _core, _cpu

DEPENDENCIES = ("numpy", "scipy", "scikit-learn", "safetensors")


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _facts() -> list[tuple[str, str]]:
    build = _core.build_config()
    threads = f"{_core.thread_count(None)} by default, {_core.thread_count(-1)} with n_jobs=-1"
    return [
        ("gmmx", _core.__version__),
        ("instruction set", _core.instruction_set),
        ("available here", ", ".join(_core.available_instruction_sets())),
        ("this CPU runs", ", ".join(_cpu.supported_levels())),
        ("compiler", str(build["compiler"])),
        ("build type", str(build["build_type"])),
        ("compile flags", str(build["compile_flags"])),
        ("Eigen", str(build["eigen"])),
        ("pybind11", str(build["pybind11"])),
        ("OpenMP", "yes" if build["openmp"] else "no: everything runs on one thread"),
        ("threads", threads),
        ("Python", sys.version.replace("\n", " ")),
        *((name, _version_of(name)) for name in DEPENDENCIES),
        ("platform", platform.platform()),
    ]


def show_versions() -> None:
    """Print versions, build and machine as a table for bug reports.

    Returns
    -------
    None
        The table goes to standard output.

    Examples
    --------
    >>> import gmmx
    >>> gmmx.show_versions()  # doctest: +ELLIPSIS
    gmmx             ...
    instruction set  ...
    platform         ...
    """
    facts = _facts()
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        print(f"{name:<{width}}  {value}")
