"""Whole fits with default parameters, their k-means, and a fitted model's methods: gmmx beside scikit-learn, in turns.

What scikit-learn computes is compared before a ratio is printed.
"""

import os
import time
import warnings

import click
import machine
import numpy as np
import problems
import report

FITS = [problems.Shape(1_000_000, 2, 5, "full"), problems.Shape(100_000, 16, 32, "full")]
METHODS = [problems.Shape(1_000_000, 2, 5, "full"), problems.Shape(50_000, 64, 32, "full")]
KMEANS = [
    problems.Shape(n, d, k, "full")
    for n, d, k in [
        (1_000_000, 2, 5),
        (200_000, 8, 10),
        (100_000, 16, 32),
        (50_000, 64, 32),
        (20_000, 128, 16),
        (200_000, 16, 64),
        (200_000, 32, 64),
        (100_000, 32, 32),
    ]
]
QUICK = [problems.Shape(2_000, 2, 3, "full")]


def best_of(functions, rounds):
    """Return the best seconds over this many runs of each function, in turns, and the last results."""
    best = dict.fromkeys(functions, float("inf"))
    results = {}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = time.perf_counter()
            results[name] = function()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best, results


def line(name, shape, best):
    """A row of the table."""
    ours, theirs = best["gmmx"], best["scikit-learn"]
    times = f"{report.milliseconds(ours)} | {report.milliseconds(theirs)}"
    return f"| {name} | {shape} | {times} | {theirs / ours:.1f} |"


def fit_line(shape, rounds, threads):
    """Time whole fits; k-means starts differ by rounding at most, and so do the optima."""
    import sklearn.mixture

    import gmmx

    X = problems.problem(shape).rows
    sides = {
        "gmmx": gmmx.GaussianMixture(shape.n_components, random_state=0, n_jobs=threads),
        "scikit-learn": sklearn.mixture.GaussianMixture(shape.n_components, random_state=0),
    }
    best, fitted = best_of({name: (lambda model=model: model.fit(X)) for name, model in sides.items()}, rounds)
    scores = {name: model.score(X) for name, model in fitted.items()}
    # Both stop where an iteration gains less than tol = 1e-3 a row: ours must not be worse by more.
    if scores["gmmx"] < scores["scikit-learn"] - 1e-3:
        raise click.ClickException(f"{shape}: log-likelihoods a row differ: {scores}")
    iterations = f"{fitted['gmmx'].n_iter_} and {fitted['scikit-learn'].n_iter_} iterations"
    difference = f"log-likelihood a row {scores['gmmx'] - scores['scikit-learn']:+.0e}"
    return line(f"fit ({iterations}, {difference})", shape, best)


def kmeans_line(shape, rounds, threads):
    """Time one start of k-means, which draws the same seeds on both sides and ends at the same inertia."""
    from sklearn.cluster import KMeans

    from gmmx import _core

    X = problems.problem(shape).rows
    k = shape.n_components
    uniforms = np.random.RandomState(0).random_sample(_core.kmeans_draws(k))
    calls = {
        "gmmx": lambda: _core.kmeans(X, k, uniforms, None, max_iter=300, tol=1e-4, n_threads=threads).inertia,
        "scikit-learn": lambda: KMeans(k, n_init=1, random_state=0).fit(X).inertia_,
    }
    best, inertia = best_of(calls, rounds)
    if not np.isclose(inertia["gmmx"], inertia["scikit-learn"], rtol=1e-6):
        raise click.ClickException(f"{shape}: inertias differ: {inertia}")
    return line("k-means", shape, best)


def method_lines(shape, rounds, threads):
    """Time the methods at the same parameters and compare what they return."""
    import gmmx

    p = problems.problem(shape)
    ours = gmmx.GaussianMixture.from_parameters(p.weights, p.means, p.covariances).set_params(n_jobs=threads)
    sides = {"gmmx": ours, "scikit-learn": ours.to_sklearn()}
    for method in ("score_samples", "predict", "predict_proba"):
        calls = {name: (lambda model=model: getattr(model, method)(p.rows)) for name, model in sides.items()}  # noqa: B023
        best, results = best_of(calls, rounds)
        got, expected = results["gmmx"], results["scikit-learn"]
        # A label may differ where two components are equally probable to the last digits.
        equal = np.mean(got == expected) > 1 - 1e-5 if method == "predict" else np.allclose(got, expected, 1e-8, 1e-8)
        if not equal:
            raise click.ClickException(f"{method} at {shape}: results differ")
        yield line(method, shape, best)


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A tiny shape: does everything run?")
@click.option("--rounds", default=5, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    click.echo("| | rows x features, K, type | gmmx ms | scikit-learn ms | times faster |\n|---|---|---:|---:|---:|")
    for shape in QUICK if quick else FITS:
        click.echo(fit_line(shape, rounds, threads))
    for shape in QUICK if quick else KMEANS:
        click.echo(kmeans_line(shape, rounds, threads))
    for shape in QUICK if quick else METHODS:
        for text in method_lines(shape, rounds, threads):
            click.echo(text)
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
