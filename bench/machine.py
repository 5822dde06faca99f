"""What a figure needs beside it: the machine, the versions, the date."""

import datetime
import os
import platform
from pathlib import Path

import threadpoolctl


def _cpu():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _blas():
    import numpy.linalg  # noqa: F401  loads the BLAS that is asked about

    found = {
        " ".join(str(library.get(key)) for key in ("internal_api", "version", "architecture") if library.get(key))
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(found)) or "unknown"


def conditions(threads):
    """Name and value of each fact; versions of the sides come from the sides themselves."""
    from gmmx import _core

    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{_cpu()}, {os.cpu_count()} processors",
        "threads": str(threads),
        "load average at the start": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "instruction set of gmmx": _core.instruction_set,
        "compiler of gmmx": str(_core.build_config()["compiler"]),
        "BLAS of NumPy": _blas(),
        "platform": platform.platform(),
    }


def keep_to_processors(threads):
    """Bind this process and its children to this many processors, which also limits code without a thread setting."""
    if not hasattr(os, "sched_setaffinity"):
        return
    granted = sorted(os.sched_getaffinity(0))
    if threads > len(granted):
        raise ValueError(f"{threads} threads asked for, but only {len(granted)} processors are granted to this process")
    os.sched_setaffinity(0, granted[:threads])


def thread_variables(threads):
    """Give the environment variables by which libraries take the number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {name: str(threads) for name in names}
