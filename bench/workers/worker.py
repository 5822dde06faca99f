"""Times one peer in a process of its own: ``python worker.py MODULE FOLDER TYPE THREADS REPEATS SHORT LONG``.

FOLDER holds rows.npy and the start. The peer's module, beside this file, has

- ``fitter(folder, covariance_type, threads)``: a function of the number of iterations that fits from the start and
  returns weights, means and covariances;
- ``version()``.

The answer is one line of JSON on standard output: seconds of the short and of the long fits, whose difference holds
the iterations alone; memory that the first fit took at its peak beyond what was there before it, in MiB; the version.
The parameters after the long fit go to FOLDER/result. Needs NumPy and the peer, nothing else.
"""

import importlib
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def status_mib(field):
    """Read a field of /proc/self/status in MiB; None where there is no such file."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def peak_growth(function):
    """Call `function`; the most memory held meanwhile, less what was held before, in MiB (None: not known here)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    except OSError:
        function()
        return None
    before = status_mib("VmRSS")
    function()
    return status_mib("VmHWM") - before


def main(module, folder, covariance_type, threads, repeats, short, long):
    """Fit, time and report."""
    peer = importlib.import_module(module)
    warnings.simplefilter("ignore")  # so few iterations never converge
    fit = peer.fitter(Path(folder), covariance_type, int(threads))
    counts = {"short": int(short), "long": int(long)}
    growth = peak_growth(lambda: fit(counts["short"]))
    fit(counts["long"])
    seconds = {name: [] for name in counts}
    for _ in range(int(repeats)):
        for name, iterations in counts.items():
            begin = time.perf_counter()
            result = fit(iterations)
            seconds[name].append(time.perf_counter() - begin)
    out = Path(folder) / "result"
    out.mkdir(exist_ok=True)
    for name, array in zip(("weights", "means", "covariances"), result, strict=True):
        np.save(out / f"{name}.npy", np.asarray(array, dtype=np.float64))
    print(json.dumps({**seconds, "peak_mib": growth, "version": peer.version()}))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        print(json.dumps({"error": " ".join(str(error).split()) or type(error).__name__}))
