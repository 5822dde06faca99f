"""Picks the compiled module for this CPU and shows it under one name; `_core.pyi` is its face.

Packages for other machines hold the core once for every instruction set, because a shared object must not mix them; a
build of the folder holds the best one of the machine that compiled. At import the best one that was built and that this
CPU and its operating system can run is loaded; the environment variable GMMX_INSTRUCTION_SET forces one.
"""

import contextlib
import copyreg
import importlib
import importlib.util
import os
from collections.abc import Iterator
from typing import Any

from gmmx import _cpu

VARIABLE = "GMMX_INSTRUCTION_SET"
# The widest first. On a CPU where AVX-512 gains nothing, it loses nothing either.
PREFERENCE = ("x86-64-v4", "x86-64-v3", "baseline")


def _module_name(level: str) -> str:
    return "gmmx._core_" + level.replace("-", "_")


def _built_instruction_sets() -> list[str]:
    return [level for level in PREFERENCE if importlib.util.find_spec(_module_name(level))]


def available_instruction_sets() -> list[str]:
    """List the instruction sets that were built and can run here, best first."""
    runs = _cpu.supported_levels()
    return [level for level in _built_instruction_sets() if level in runs]


def _nothing_runs_here() -> str:
    built = ", ".join(_built_instruction_sets()) or "no instruction set at all"
    return (
        f"gmmx was compiled for {built}, but this machine runs {', '.join(_cpu.supported_levels())} only. Compile it "
        "on this machine, or for all by pip install <folder of gmmx> -C cmake.define.GMMX_INSTRUCTION_SETS=all"
    )


def _chosen_instruction_set() -> str:
    available = available_instruction_sets()
    asked = os.environ.get(VARIABLE, "")
    if asked in available:
        return asked
    allowed = ", ".join(available)
    if asked:
        problem = "cannot run on this machine or was not built" if asked in PREFERENCE else "is not an instruction set"
        raise ImportError(f"{VARIABLE}={asked!r} {problem}: unset it, or give one of those available here: {allowed}")
    if not available:
        raise ImportError(_nothing_runs_here())
    return available[0]


@contextlib.contextmanager
def _briefly_waiting_threads() -> Iterator[None]:
    """Let the OpenMP runtime that is loaded within wait by sleeping soon, unless the user has chosen otherwise.

    GNU's runtime lets idle threads spin for milliseconds. Where other work wants the processor, or a container grants
    less time than processors, that made fits several times slower than on one thread. It reads its settings
    when it is loaded; the environment is put back at once.
    """
    if os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


instruction_set = _chosen_instruction_set()
with _briefly_waiting_threads():
    _module = importlib.import_module(_module_name(instruction_set))
__version__ = _module.__version__


def _reduced(value: Any) -> tuple[Any, ...]:
    """Return how to make a native object again, for every protocol of pickle.

    Protocols 0 and 1 would call the constructor of pybind11's base class, which ends the process.
    """
    kind = type(value)
    if not hasattr(kind, "__setstate__"):
        raise TypeError(f"cannot pickle {kind.__name__!r} object")
    return copyreg.__newobj__, (kind,), value.__getstate__()  # type: ignore[attr-defined]


for _name, _value in vars(_module).items():
    if not _name.startswith("_"):
        if isinstance(_value, type) and _value.__reduce__ is object.__reduce__:
            _value.__reduce__ = _reduced
        globals()[_name] = _value
