"""Inference by resampling: how long bootstraps and likelihood-ratio tests take, and that their figures are right.

Beside them stands R's mclust if Rscript is there; its EM stops earlier.
"""

import csv
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import click
import machine
import numpy as np
import report

DIABETES = Path(__file__).resolve().parents[1] / "tests" / "data" / "diabetes.csv"
# Errors of the weights under three full components by mclust 6.0.0: 4000 resamples, EM run to a tolerance of 1e-10.
ERRORS_OF_WEIGHTS = [0.05657, 0.05214, 0.03565]
R_SCRIPT = """
suppressMessages(library(mclust))
arguments <- commandArgs(TRUE)
X <- data.matrix(read.csv(arguments[1])[, c("glucose", "insulin", "sspg")])
n <- as.integer(arguments[2])
set.seed(0)
model <- Mclust(X, G = 3, modelNames = "VVV", verbose = FALSE)
bootstrap <- system.time(MclustBootstrap(model, nboot = n, type = "bs", verbose = FALSE))[["elapsed"]]
seconds <- system.time(tests <- mclustBootstrapLRT(X, "VVV", n, 0, 3, verbose = FALSE))[["elapsed"]]
cat(as.character(packageVersion("mclust")), bootstrap, tests$obs[3], tests$p.value[3], seconds, "\\n")
"""
KINDS = ["nonparametric", "weighted", "parametric", "jackknife"]


def diabetes():
    """Rows and classes."""
    with DIABETES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    X = np.array([[float(row[name]) for name in ("glucose", "insulin", "sspg")] for row in rows])
    return X, np.unique([row["class"] for row in rows], return_inverse=True)[1]


def fitted(X, labels):
    """Three full components, from the classes, as far as EM goes."""
    from gmmx import GaussianMixture

    return GaussianMixture(3, responsibilities_init=labels, reg_covar=0, tol=1e-12, max_iter=5000).fit(X)


def em_alone(model, X, n_resamples):
    """Seconds in the native code for as many nonparametric resamples: what no Python could save."""
    from gmmx import _core

    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(X), np.full(len(X), 1 / len(X)), n_resamples).astype(float)
    begin = time.perf_counter()
    for weights in counts:
        _core.em(
            X,
            model.mixture_,
            weights,
            tol=1e-6 / len(X),
            reg_covar=0.0,
            max_iter=10_000,
            previous_lower_bound=-np.inf,
            callback=None,
            n_threads=1,
        )
    return time.perf_counter() - begin


def refits_in_turn(model, X, n_resamples):
    """Seconds of the plain way: copy the rows of each resample and call fit, started at the fitted parameters."""
    from gmmx import GaussianMixture

    rng = np.random.default_rng(0)
    start = {"weights_init": model.weights_, "means_init": model.means_, "precisions_init": model.precisions_}
    refit = GaussianMixture(3, reg_covar=0, tol=1e-6 / len(X), max_iter=10_000, n_jobs=1, **start)
    begin = time.perf_counter()
    for _ in range(n_resamples):
        refit.fit(X[rng.integers(0, len(X), len(X))])
    return time.perf_counter() - begin


def by_mclust(resamples):
    """Version, seconds of a bootstrap, statistic and p of the test of 3 against 4, seconds of the tests up to that."""
    command = ["Rscript", "-e", R_SCRIPT, str(DIABETES), str(resamples)]
    version, *figures = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return version, *map(float, figures)


def best_of(rounds, function):
    """The best seconds, and the last result."""
    seconds, result = [], None
    for _ in range(rounds):
        begin = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), result


def check(result, model):
    """Refuse to give times of wrong figures: within five of their own standard errors of mclust's, converged."""
    assert result.converged.all()
    found = result.standard_errors["weights"][np.argsort(-model.weights_)]
    allowed = 5 * np.sqrt(0.5 / len(result.weights) + 0.5 / 4000)
    np.testing.assert_allclose(found, ERRORS_OF_WEIGHTS, rtol=allowed)


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Few resamples: does everything run?")
@click.option("--rounds", default=5, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--resamples", default=999, show_default=True)
def main(quick, rounds, threads, resamples):
    """Print the tables."""
    from gmmx import bootstrap, bootstrap_lrt

    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    resamples = 50 if quick else resamples
    X, labels = diabetes()
    model = fitted(X, labels)
    click.echo(f"Diabetes data, {len(X)} x {X.shape[1]}, three full components, {resamples} resamples:\n")
    click.echo("| kind | threads | ms | us a resample |")
    click.echo("|---|---:|---:|---:|")
    for kind in KINDS:
        for n_jobs in sorted({1, threads}):
            seconds, result = best_of(
                rounds, lambda kind=kind, n=n_jobs: bootstrap(model, X, resamples, kind, random_state=0, n_jobs=n)
            )
            if kind == "nonparametric":
                check(result, model)
            each = 1e6 * seconds / len(result.weights)
            click.echo(f"| {kind} | {n_jobs} | {report.milliseconds(seconds)} | {each:.0f} |")
    for name, side in (("EM alone, native", em_alone), ("copies of rows and fit", refits_in_turn)):
        seconds, _ = best_of(rounds, lambda side=side: side(model, X, resamples))
        click.echo(f"| {name} | 1 | {report.milliseconds(seconds)} | {1e6 * seconds / resamples:.0f} |")
    peer = shutil.which("Rscript") is not None
    if peer:
        conditions["mclust"], seconds, statistic, p_value, seconds_of_tests = by_mclust(resamples)
        each = f"{1e6 * seconds / resamples:.0f}"
        click.echo(f"| mclust, nonparametric | 1 | {report.milliseconds(seconds)} | {each} |")

    click.echo("\n| likelihood-ratio test | statistic | p | resamples | ms |")
    click.echo("|---|---:|---:|---:|---:|")
    for max_components in range(2, 5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a few resamples collapse without reg_covar
            begin = time.perf_counter()
            tests = bootstrap_lrt(
                X, "full", max_components, resamples, reg_covar=0, random_state=0, n_jobs=threads, level=1
            )
            seconds = time.perf_counter() - begin
        name = f"{max_components - 1} against {max_components}"
        n_resamples = sum(len(resampled) for resampled in tests.resampled)
        figures = (
            f"{tests.statistic[-1]:.3f} | {tests.p_value[-1]:.3f} | {n_resamples} | {report.milliseconds(seconds)}"
        )
        click.echo(f"| {name}, and those before | {figures} |")
    if peer:
        figures = f"{statistic:.3f} | {p_value:.3f} | {3 * resamples} | {report.milliseconds(seconds_of_tests)}"
        click.echo(f"| the same by mclust | {figures} |")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
