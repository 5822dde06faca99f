"""Time to a likelihood: initializations and accelerations on overlapping clusters, seeded, and scikit-learn.

Two questions. How long does each side take to come within 1e-5 a row of the best optimum that any of them finds? And
with the default `tol`, how long does it take until it stops, and where does it end? The likelihood is looked up in what
EM reports after each pass, and that of the last pass is computed once more from the fitted mixture.
"""

import os
import time
import warnings
from dataclasses import dataclass

import click
import machine
import numpy as np
import report

CLOSE = 1e-5  # of the mean log-likelihood
WORSE = 1e-4
DEFAULT_TOL, SMALL_TOL, MOST_PASSES = 1e-3, 1e-8, 500

SIDES = {
    "k-means": {},
    "k-means, auto": {"acceleration": "auto"},
    "stream": {"init_params": "stream"},
    "stream, auto": {"init_params": "stream", "acceleration": "auto"},
}


@dataclass(frozen=True)
class Task:
    """Clusters of random positions and shapes; `separation` is the spread of the centres, widths being 0.5 to 1.5."""

    n_samples: int
    n_features: int
    n_components: int
    separation: float = 1.0

    def __str__(self):
        return f"{self.n_samples:,} x {self.n_features}, K={self.n_components}, separation {self.separation}"

    def rows(self, seed):
        """The rows."""
        k, d = self.n_components, self.n_features
        rng = np.random.default_rng(seed)
        centres = rng.normal(size=(k, d)) * self.separation
        shapes = np.linalg.qr(rng.normal(size=(k, d, d)))[0] * rng.uniform(0.5, 1.5, size=(k, 1, d))
        labels = rng.integers(0, k, self.n_samples)
        return centres[labels] + np.einsum("nij,nj->ni", shapes[labels], rng.normal(size=(self.n_samples, d)))


TASKS = [
    Task(1_000_000, 2, 5),
    Task(200_000, 3, 6, 1.5),
    Task(100_000, 4, 8, 0.7),
    Task(400_000, 4, 16, 2.0),
    Task(300_000, 8, 10),
    Task(200_000, 8, 10, 2.0),
    Task(1_000_000, 8, 20),
    Task(200_000, 16, 20),
    Task(400_000, 16, 32, 0.7),
    Task(300_000, 32, 10, 0.5),
]
QUICK_TASKS = [Task(60_000, 2, 3, 2.0)]


@dataclass(frozen=True)
class Run:
    """A fit: when each pass of EM ended, and its log-likelihood a row."""

    seconds: list[float]
    likelihoods: np.ndarray

    def time_to(self, likelihood):
        """Seconds until a pass saw this likelihood, NaN if none did."""
        reached = np.flatnonzero(self.likelihoods >= likelihood)
        return self.seconds[reached[0]] if len(reached) else np.nan


def run_of(task, X, seed, tol, threads, **options):
    """Fit one side and note the time of each pass."""
    import gmmx

    seconds = []
    model = gmmx.GaussianMixture(
        task.n_components, tol=tol, max_iter=MOST_PASSES, random_state=seed, n_jobs=threads, **options
    )
    model.set_params(callback=lambda *_: seconds.append(time.perf_counter() - begin))
    begin = time.perf_counter()
    model.fit(X)
    seconds[-1] = time.perf_counter() - begin  # with what follows the last pass
    if not abs(model.score(X) - model.log_likelihood_ / len(X)) < 1e-9:
        raise click.ClickException(f"{task}: the log-likelihood of the fitted mixture is not what the fit says")
    if model.lower_bounds_[-1] - model.score(X) > CLOSE:
        raise click.ClickException(f"{task}: the last pass of EM saw more than the mixture has")
    return Run(seconds, np.asarray(model.lower_bounds_))


def scikit_learn(task, X, seed, tol):
    """Time and log-likelihood a row of scikit-learn's fit."""
    from sklearn.mixture import GaussianMixture

    begin = time.perf_counter()
    model = GaussianMixture(task.n_components, tol=tol, max_iter=MOST_PASSES, random_state=seed).fit(X)
    return time.perf_counter() - begin, model.score(X)


def lines(task, seed, threads, rounds, with_scikit_learn, totals):
    """Rows of the table for one problem; adds to the totals of each side."""
    X = task.rows(seed)
    to_optimum = {name: run_of(task, X, seed, SMALL_TOL, threads, **options) for name, options in SIDES.items()}
    best = max(run.likelihoods.max() for run in to_optimum.values())
    stops = {}
    for _ in range(rounds):
        for name, options in SIDES.items():
            run = run_of(task, X, seed, DEFAULT_TOL, threads, **options)
            earlier = stops.get(name, (np.inf, None))
            stops[name] = min(earlier[0], run.seconds[-1]), run.likelihoods[-1]
    plain = to_optimum["k-means"].time_to(best - CLOSE), *stops["k-means"]
    for name in SIDES:
        reached, (seconds, end) = to_optimum[name].time_to(best - CLOSE), stops[name]
        totals[name].append((reached / plain[0], seconds / plain[1], end - plain[2]))
        below = best - to_optimum[name].likelihoods.max()
        optimum = f"{reached:.2f} s" if np.isfinite(reached) else f"{below:.0e} below"
        yield f"| {task} | {seed} | {name} | {optimum} | {report.milliseconds(seconds)} ms | {end - plain[2]:+.0e} |"
    if with_scikit_learn:
        seconds, end = scikit_learn(task, X, seed, DEFAULT_TOL)
        yield f"| {task} | {seed} | scikit-learn | | {report.milliseconds(seconds)} ms | {end - plain[2]:+.0e} |"


def summary(name, figures):
    """A row of the second table."""
    reached, stopped, gained = np.array(figures).T
    both = np.isfinite(reached)
    ratio = f"{np.median(reached[both]):.2f} ({both.sum()})" if both.any() else "none"
    worse, better = (gained < -WORSE).sum(), (gained > WORSE).sum()
    return f"| {name} | {ratio} | {np.median(stopped):.2f} | {worse} | {better} | {gained.min():+.0e} |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="One small problem: does everything run?")
@click.option("--seeds", default=2, show_default=True, help="Problems of each shape.")
@click.option(
    "--rounds", default=3, show_default=True, help="Fits with the default tol, of which the best time counts."
)
@click.option("--threads", default=2, show_default=True)
@click.option("--sklearn/--no-sklearn", "with_scikit_learn", default=True, help="Fit with scikit-learn, too.")
def main(quick, seeds, rounds, threads, with_scikit_learn):
    """Print the tables."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    totals = {name: [] for name in SIDES}
    click.echo("| problem | seed | side | to the best optimum | to the default tol | gain there, a row |")
    click.echo("|---|---:|---|---:|---:|---:|")
    for task in QUICK_TASKS if quick else TASKS:
        for seed in range(1 if quick else seeds):
            for text in lines(task, seed, threads, 1 if quick else rounds, with_scikit_learn, totals):
                click.echo(text)
    click.echo(
        "\nTimes relative to k-means without acceleration, medians; in brackets the problems where both reach the best "
        f"optimum. A problem is worse or better if the fit with the default tol ends {WORSE} a row lower or higher.\n"
    )
    click.echo("| side | time to the best optimum | time to the default tol | worse | better | worst, a row |")
    click.echo("|---|---:|---:|---:|---:|---:|")
    for name, figures in totals.items():
        click.echo(summary(name, figures))
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
