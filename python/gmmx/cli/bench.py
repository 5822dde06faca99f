"""``gmmx bench``: how long a fit takes on this machine, beside scikit-learn."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import time
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.console import FAILED, grid, hint, open_console, print_json, say, shown_if_slow, stop, watched
from gmmx.cli.options import check_jobs, ending_options

if TYPE_CHECKING:
    import click
    from rich.console import Console

BENCH_EXAMPLES = """\b
Examples:
  gmmx bench
  gmmx bench --jobs 1 --repeats 9
  gmmx bench --json > bench.json
"""

SECONDS = 6.0
"""No fit is repeated once so many seconds went into a problem."""

TOLERANCE = 1e-6
"""Difference of the mean log-likelihoods of a row up to which two fits are the same."""


@dataclass(frozen=True)
class Problem:
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
class BenchOptions:
    """What ``gmmx bench`` was asked to do; one field an option, and its default."""

    iterations: int = 10
    repeats: int = 5
    jobs: int | None = None
    as_json: bool = False


@dataclass(frozen=True)
class Outcome:
    """Seconds of a fit, the median, and how far apart the two results are."""

    problem: Problem
    gmmx_seconds: float
    scikit_learn_seconds: float
    repeats: int
    difference: float

    @property
    def ratio(self) -> float | None:
        """How many times longer scikit-learn takes; None if the results are not the same."""
        return self.scikit_learn_seconds / self.gmmx_seconds if self.difference <= TOLERANCE else None


def bench_command() -> click.Command:
    """Build the command ``gmmx bench``."""
    import click

    positive = click.IntRange(min=1)

    @click.command("bench", epilog=BENCH_EXAMPLES)
    @click.option(
        "--iterations", type=positive, default=10, show_default=True, help="Iterations of EM of each fit, no less."
    )
    @click.option(
        "--repeats",
        type=positive,
        default=5,
        show_default=True,
        help="Fits of each kind at most; long ones are repeated less.",
    )
    @click.option("--jobs", type=int, default=None, help="Threads of both; -1 for all.  [default: the physical cores]")
    @ending_options(force=False)
    def bench(**options: Any) -> None:
        """Measure how long gmmx and scikit-learn take on this machine to fit the same mixtures.

        Both fit the same rows from the same start, with as many iterations and threads, in turn. The median is
        printed, and the ratio only where both come to the same log-likelihood. On an idle machine it takes less than a
        minute; while other programs run its figures mean little, and the ratios stand in brackets.
        """
        run_bench(BenchOptions(**options))

    return bench


def run_bench(options: BenchOptions) -> None:
    """Measure all problems and tell.

    Parameters
    ----------
    options : BenchOptions
        What to do.

    Raises
    ------
    click.ClickException
        With a message of one line, if results differ.
    """
    from threadpoolctl import threadpool_limits  # scikit-learn needs it, too

    from gmmx import _core

    check_jobs(options.jobs)
    n_threads = _core.thread_count(options.jobs)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    n_processors = os.cpu_count() or 1
    note = ""
    if load > 0.3 * n_processors:
        note = (
            f"other programs were at work (load {load:.1f} on {n_processors} processors), which slows libraries of "
            "several threads unevenly: repeat it on an idle machine, and trust no ratio in brackets"
        )
    status = open_console(stderr=True).status("measuring") if watched(quiet=options.as_json) else None
    with (
        threadpool_limits(limits=n_threads),
        shown_if_slow(status) if status is not None else contextlib.nullcontext(),
    ):
        outcomes = [measure(problem, options, n_threads) for problem in PROBLEMS]
    machine = {**_machine(n_threads), "load_average": load}
    if options.as_json:
        print_json(
            {
                **machine,
                "iterations": options.iterations,
                "repeats": options.repeats,
                "fits": [
                    {
                        **asdict(one.problem),
                        "gmmx_seconds": one.gmmx_seconds,
                        "scikit_learn_seconds": one.scikit_learn_seconds,
                        "repeats": one.repeats,
                        "log_likelihood_difference": one.difference,
                        "ratio": one.ratio,
                    }
                    for one in outcomes
                ],
                "notes": [note] if note else [],
            }
        )
    else:
        console = open_console()
        _print(outcomes, machine, options, console, is_busy=bool(note))
        if note:
            hint(note)
    if any(one.ratio is None for one in outcomes):
        raise stop(f"results differ by more than {TOLERANCE:g} per row; there the times cannot be compared", FAILED)


def measure(problem: Problem, options: BenchOptions, n_threads: int) -> Outcome:
    """Fit one problem in turn with both libraries."""
    from sklearn.mixture import GaussianMixture as Theirs

    from gmmx import GaussianMixture as Ours

    X, start = _rows_and_start(problem)
    shared = {
        "n_components": problem.n_components,
        "covariance_type": problem.covariance_type,
        "tol": 0.0,
        "max_iter": options.iterations,
        **start,
    }
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
        "weights_init": np.full(n_components, 1.0 / n_components),
        "means_init": X[rng.choice(problem.n_samples, n_components, replace=False)],
        "precisions_init": precisions[problem.covariance_type],
    }


def _machine(n_threads: int) -> dict[str, Any]:
    import sklearn

    from gmmx import _core

    return {
        "instruction_set": _core.instruction_set,
        "n_threads": n_threads,
        "scikit_learn_version": sklearn.__version__,
        "numpy_version": np.__version__,
        "platform": platform.platform(),
    }


def _print(
    outcomes: list[Outcome], machine: dict[str, Any], options: BenchOptions, console: Console, *, is_busy: bool
) -> None:
    from gmmx import __version__

    threads = f"{machine['n_threads']} {'thread' if machine['n_threads'] == 1 else 'threads'}"
    say(console, f"gmmx {__version__} ({machine['instruction_set']}), {threads}")
    say(console, f"scikit-learn {machine['scikit_learn_version']}, NumPy {machine['numpy_version']}, {threads}")
    say(console, f"fits of {options.iterations} iterations from the same start, median of up to {options.repeats}")
    console.print()
    table = grid("rows", "features", "components", "model", "scikit-learn", "gmmx", "ratio")
    for one in outcomes:
        problem = one.problem
        table.add_row(
            f"{problem.n_samples:,}",
            str(problem.n_features),
            str(problem.n_components),
            problem.covariance_type,
            f"{1e3 * one.scikit_learn_seconds:.1f} ms",
            f"{1e3 * one.gmmx_seconds:.1f} ms",
            "-" if one.ratio is None else f"({one.ratio:.1f})" if is_busy else f"{one.ratio:.1f}",
        )
    console.print(table)
