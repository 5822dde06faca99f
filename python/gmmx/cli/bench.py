"""``gmmx bench``: the time of a fit on this machine, with gmmx and with scikit-learn."""

from __future__ import annotations

import os
import platform
import statistics
import time
import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt

from gmmx._text_tables import counted, text_table
from gmmx.cli.commands import option
from gmmx.cli.console import FAILED, print_json, print_line, print_lines, print_note, status_line, stop
from gmmx.cli.options import JsonOptions, jobs_option

# No fit is repeated once a problem has taken this long.
SECONDS = 6.0

# Two fits are the same if their log-likelihoods per row differ by no more than this.
TOLERANCE = 1e-6


class Problem(NamedTuple):
    """Sizes and covariance type of one fit."""

    n_samples: int
    n_features: int
    n_components: int
    covariance_type: str


PROBLEMS = (
    Problem(1_000, 2, 3, "full"),
    Problem(100_000, 2, 5, "full"),
    Problem(20_000, 8, 10, "full"),
    Problem(10_000, 32, 16, "full"),
    Problem(20_000, 16, 16, "tied"),
    Problem(50_000, 16, 32, "diag"),
    Problem(50_000, 16, 32, "spherical"),
)


@dataclass(frozen=True, kw_only=True)
class BenchOptions(JsonOptions):
    """The options of ``gmmx bench``."""

    iterations: int = option("Iterations of EM of each fit.", default=10, type=click.IntRange(min=1))
    repeats: int = option(
        "Fits of each kind at most; long ones are repeated less.", default=5, type=click.IntRange(min=1)
    )
    jobs: int | None = jobs_option("Threads of both; -1 for all.  [default: the physical cores]")


class Outcome(NamedTuple):
    """Median seconds of a fit, and the difference of the log-likelihoods per row."""

    problem: Problem
    gmmx_seconds: float
    scikit_learn_seconds: float
    repeats: int
    log_likelihood_difference: float

    @property
    def ratio(self) -> float | None:
        """How many times longer scikit-learn takes; None if the results are not the same."""
        return self.scikit_learn_seconds / self.gmmx_seconds if self.log_likelihood_difference <= TOLERANCE else None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as a JSON document holds it."""
        fields = self._asdict()
        return {**fields.pop("problem")._asdict(), **fields, "ratio": self.ratio}


def bench(options: BenchOptions) -> None:
    """Measure how long gmmx and scikit-learn take on this machine to fit the same mixtures.

    Both fit the same rows from the same start, with the same numbers of iterations and threads, in turn. The median is
    printed, and the ratio only where both reach the same log-likelihood. On an idle machine it takes less than a
    minute. While other programs run its times mean little, and the ratios stand in brackets.

    Examples
    --------
    gmmx bench
    gmmx bench --jobs 1 --repeats 9
    gmmx bench --json > bench.json
    """
    import sklearn
    from threadpoolctl import threadpool_limits  # scikit-learn needs it, too

    from gmmx import _core

    n_threads = _core.thread_count(options.jobs)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    n_processors = os.cpu_count() or 1
    notes = []
    if load > 0.3 * n_processors:
        notes.append(
            f"other programs were at work (load {load:.1f} on {n_processors} processors), which slows libraries of "
            "several threads unevenly: repeat it on an idle machine, and trust no ratio in brackets"
        )
    with threadpool_limits(limits=n_threads), status_line("measuring", quiet=options.as_json):
        outcomes = [measure(problem, options, n_threads) for problem in PROBLEMS]
    machine = {
        "instruction_set": _core.instruction_set,
        "n_threads": n_threads,
        "scikit_learn_version": sklearn.__version__,
        "numpy_version": np.__version__,
        "platform": platform.platform(),
    }
    if options.as_json:
        settings = {"load_average": load, "iterations": options.iterations, "repeats": options.repeats}
        print_json({**machine, **settings, "fits": [one.to_json() for one in outcomes], "notes": notes})
    else:
        _print(outcomes, machine, options, is_busy=bool(notes))
        for note in notes:
            print_note(note)
    if any(one.ratio is None for one in outcomes):
        raise stop(f"results differ by more than {TOLERANCE:g} per row; there the times cannot be compared", FAILED)


def measure(problem: Problem, options: BenchOptions, n_threads: int) -> Outcome:
    """Fit one problem in turn with both libraries."""
    from sklearn.mixture import GaussianMixture as Theirs

    from gmmx import GaussianMixture as Ours

    X, start = _rows_and_start(problem)
    shared = {**start, "tol": 0.0, "max_iter": options.iterations}
    ours, theirs = Ours(**shared, n_jobs=n_threads), Theirs(**shared)
    seconds: dict[Any, list[float]] = {ours: [], theirs: []}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they did not converge
        first = time.perf_counter()
        while len(seconds[ours]) <= options.repeats:
            for model, taken in seconds.items():
                begin = time.perf_counter()
                model.fit(X)
                taken.append(time.perf_counter() - begin)
            if len(seconds[ours]) > 1 and time.perf_counter() - first > SECONDS:
                break
    is_same = ours.n_iter_ == theirs.n_iter_ == options.iterations
    difference = abs(ours.to_sklearn().score(X) - theirs.score(X)) if is_same else float("inf")
    medians = [statistics.median(taken[1:]) for taken in seconds.values()]  # the first one warms up
    return Outcome(problem, medians[0], medians[1], len(seconds[ours]) - 1, float(difference))


def _rows_and_start(problem: Problem) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """Draw clusters that overlap, and a start: some rows as means, the variances of all rows."""
    rng = np.random.default_rng(0)
    n_features, n_components = problem.n_features, problem.n_components
    centres = 3.0 * rng.normal(size=(n_components, n_features)) / np.sqrt(n_features) ** 0.5
    X = centres[rng.integers(n_components, size=problem.n_samples)] + rng.normal(size=(problem.n_samples, n_features))
    precision = 1.0 / X.var(axis=0).mean()
    matrix = precision * np.eye(n_features)
    precisions = {
        "full": np.broadcast_to(matrix, (n_components, n_features, n_features)).copy(),
        "tied": matrix,
        "diag": np.full((n_components, n_features), precision),
        "spherical": np.full(n_components, precision),
    }
    return X, {
        "n_components": n_components,
        "covariance_type": problem.covariance_type,
        "weights_init": np.full(n_components, 1.0 / n_components),
        "means_init": X[rng.choice(problem.n_samples, n_components, replace=False)],
        "precisions_init": precisions[problem.covariance_type],
    }


def _print(outcomes: list[Outcome], machine: dict[str, Any], options: BenchOptions, *, is_busy: bool) -> None:
    from gmmx import __version__

    threads = counted(machine["n_threads"], "thread")
    print_line(f"gmmx {__version__} ({machine['instruction_set']}), {threads}")
    print_line(f"scikit-learn {machine['scikit_learn_version']}, NumPy {machine['numpy_version']}, {threads}")
    print_line(f"fits of {options.iterations} iterations from the same start, median of up to {options.repeats}")
    print_line()
    cells = [
        (
            f"{one.problem.n_samples:,}",
            str(one.problem.n_features),
            str(one.problem.n_components),
            one.problem.covariance_type,
            f"{1e3 * one.scikit_learn_seconds:.1f} ms",
            f"{1e3 * one.gmmx_seconds:.1f} ms",
            "-" if one.ratio is None else f"({one.ratio:.1f})" if is_busy else f"{one.ratio:.1f}",
        )
        for one in outcomes
    ]
    print_lines(
        text_table(["rows", "features", "components", "model", "scikit-learn", "gmmx", "ratio"], cells, left=(3,))
    )
