"""Many small fits: `gmmx.fit_many` beside a loop over `fit`, and beside a loop over `clone` and `fit`.

Before anything is timed, all attributes of all fits are compared with those of a loop, bit for bit. The loop over `fit`
fits one estimator again and again, of which only the last result stays.
"""

import os
import warnings
from dataclasses import dataclass

import click
import machine
import numpy as np
import report
import turns


@dataclass(frozen=True)
class Task:
    """Data sets of one shape, of two clusters each."""

    n_fits: int
    n_samples: int
    n_features: int
    n_components: int
    dtype: str = "float64"
    grouped: bool = False

    def __str__(self):
        kind = ", rows of groups shuffled" if self.grouped else ""
        kind += ", float32" if self.dtype == "float32" else ""
        return f"{self.n_fits:,} of {self.n_samples} x {self.n_features}, K={self.n_components}{kind}"

    def data(self):
        """The data sets."""
        X = np.random.default_rng(0).normal(size=(self.n_fits, self.n_samples, self.n_features))
        X[:, : self.n_samples // 2] += 4
        return list(X.astype(self.dtype))


TASKS = [
    Task(10_000, 50, 2, 1),
    Task(10_000, 50, 2, 2),
    Task(10_000, 50, 2, 2, dtype="float32"),
    Task(10_000, 50, 2, 2, grouped=True),
    Task(10_000, 50, 2, 3),
    Task(2_000, 500, 4, 3),
    Task(200, 5_000, 8, 5),
]
QUICK_TASKS = [Task(200, 50, 2, 2), Task(200, 50, 2, 2, grouped=True)]
NOT_COMPARED = ("_mixture",)


def check(fits, data, estimator):
    """Refuse a fit that is not that of a clone of the estimator, to the last bit."""
    from sklearn.base import clone

    for number, X in enumerate(data):
        expected, fitted = vars(clone(estimator).fit(X)), vars(fits[number])
        for name in expected.keys() - set(NOT_COMPARED):
            ours, theirs = fitted[name], expected[name]
            is_same = ours.tobytes() == theirs.tobytes() if isinstance(ours, np.ndarray) else ours == theirs
            if not is_same:
                raise click.ClickException(f"fit {number}: {name} is {ours}, but that of a fit alone is {theirs}")


def line(task, threads, rounds):
    """A row of the table."""
    from sklearn.base import clone

    import gmmx

    data = task.data()
    estimator = gmmx.GaussianMixture(task.n_components, random_state=0, n_jobs=threads)
    given, groups = data, None
    if task.grouped:
        order = np.random.default_rng(1).permutation(task.n_fits * task.n_samples)
        groups = np.repeat(np.arange(task.n_fits), task.n_samples)[order]
        given = np.concatenate(data)[order]
        # The data sets of the loop have their rows in the order in which they stand among those of other groups.
        data = [given[chosen] for chosen in np.argsort(groups, kind="stable").reshape(task.n_fits, -1)]

    def loop():
        for X in data:
            estimator.fit(X)

    def arrays(fits):
        return fits.weights, fits.means, fits.covariances

    calls = {
        "fit": loop,
        "clone and fit": lambda: [clone(estimator).fit(X) for X in data],
        "one thread": lambda: gmmx.fit_many(estimator, given, groups, n_jobs=1),
        "threads": lambda: gmmx.fit_many(estimator, given, groups, n_jobs=threads),
        "and arrays": lambda: arrays(gmmx.fit_many(estimator, given, groups, n_jobs=threads)),
        "and estimators": lambda: [
            fits[key] for fits in [gmmx.fit_many(estimator, given, groups, n_jobs=threads)] for key in range(len(fits))
        ],
    }
    for name in ("one thread", "threads"):
        check(calls[name](), data, estimator)
    least, _ = turns.best_of(calls, rounds)
    cells = [f"{1e6 * seconds / task.n_fits:.1f}" for seconds in least.values()]
    return f"| {task} | {' | '.join(cells)} | {least['fit'] / least['threads']:.1f} |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Few fits: does everything run?")
@click.option("--rounds", default=5, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    click.echo("Microseconds a fit, best of all rounds; the last column compares the loop over fit with fit_many.\n")
    click.echo(
        f"| fits | fit | clone and fit | fit_many, 1 thread | fit_many, {threads} threads | and their arrays | "
        "and all estimators | times faster |"
    )
    click.echo("|---|---:|---:|---:|---:|---:|---:|---:|")
    for task in QUICK_TASKS if quick else TASKS:
        click.echo(line(task, threads, rounds))
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
