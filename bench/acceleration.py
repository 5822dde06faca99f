"""Accelerated EM: passes over the rows, and time, to come within 1e-6 a row of EM's optimum; scikit-learn beside it.

All sides begin at the same mixture. Each run is cut at the pass that reaches the likelihood, and that it was reached is
checked before a time is printed.
"""

import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import click
import machine
import numpy as np
import report

CLOSE = 1e-6  # of the mean log-likelihood
FAITHFUL = Path(__file__).resolve().parents[1] / "examples" / "data" / "faithful.csv"


@dataclass(frozen=True)
class Task:
    """Rows and what to fit."""

    name: str
    rows: np.ndarray
    n_components: int
    covariance_type: str


def overlapping_rows(n_samples, seed):
    """Ten clusters in eight dimensions, as far from one another as they are wide."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(10, 8))
    shapes = np.linalg.qr(rng.normal(size=(10, 8, 8)))[0] * rng.uniform(0.5, 1.5, size=(10, 1, 8))
    labels = rng.integers(0, 10, n_samples)
    return centers[labels] + np.einsum("nij,nj->ni", shapes[labels], rng.normal(size=(n_samples, 8)))


def tasks(quick):
    """The problems, from small to large."""
    from sklearn.datasets import load_iris

    faithful = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    yield Task("Old Faithful", faithful, 3, "tied")
    yield Task("iris", load_iris().data, 3, "full")
    for seed in [0] if quick else range(4):
        n_samples = 1_000 if quick else 20_000
        yield Task(f"{n_samples:,} x 8 overlapping, seed {seed}", overlapping_rows(n_samples, seed), 10, "full")


def median_time(function, rounds):
    """Seconds of the median run, and what the last returned."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return float(np.median(times)), result


def start_of(task, model):
    """Return the model as it stands before EM, its mixture as scikit-learn's arguments."""
    fitted = model.set_params(max_iter=0).fit(task.rows)
    return {
        "weights_init": fitted.weights_,
        "means_init": fitted.means_,
        "precisions_init": fitted.precisions_,
        "init_params": "random",
    }


def lines(task, rounds, threads):
    """Rows of the table: one a side."""
    import sklearn.mixture

    import gmmx

    def model(library=gmmx, **arguments):
        own = {"n_jobs": threads} if library is gmmx else {}
        return library.GaussianMixture(
            task.n_components, covariance_type=task.covariance_type, random_state=0, tol=0.0, **own, **arguments
        )

    start = start_of(task, model())
    # tol=0 stops where the likelihood no longer changes at all.
    bounds = np.asarray(model(max_iter=3000, **start).fit(task.rows).lower_bounds_)
    target = bounds.max() - CLOSE
    plain = None
    for name in (None, "anderson", "squarem"):
        bounds = np.asarray(model(max_iter=3000, acceleration=name, **start).fit(task.rows).lower_bounds_)
        reached = np.flatnonzero(bounds >= target)
        if not len(reached):
            yield f"| {task.name} | {name} | | | ends {target + CLOSE - bounds.max():.0e} a row below EM's optimum |"
            continue
        passes = int(reached[0]) + 1
        ours = model(max_iter=passes, acceleration=name, **start)
        seconds, fitted = median_time(lambda ours=ours: ours.fit(task.rows), rounds)
        if fitted.lower_bounds_[-1] < target:
            raise click.ClickException(f"{task.name}, {name}: {fitted.lower_bounds_[-1]} is below {target}")
        plain = plain or (passes, seconds)
        ratio = plain[1] / seconds
        yield f"| {task.name} | gmmx, {name} | {passes} | {report.milliseconds(seconds)} | {ratio:.1f} |"
    theirs = model(sklearn.mixture, max_iter=plain[0], **start)
    seconds, fitted = median_time(lambda: theirs.fit(task.rows), rounds)
    if fitted.lower_bound_ < target - 1e-9:
        raise click.ClickException(f"{task.name}, scikit-learn: {fitted.lower_bound_} is below {target}")
    ratio = plain[1] / seconds
    yield f"| {task.name} | scikit-learn | {plain[0]} | {report.milliseconds(seconds)} | {ratio:.2f} |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Small problems: does everything run?")
@click.option("--rounds", default=5, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    click.echo("| problem | side | passes | ms | times faster than gmmx without |\n|---|---|---:|---:|---:|")
    for task in tasks(quick):
        for text in lines(task, rounds, threads):
            click.echo(text)
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
