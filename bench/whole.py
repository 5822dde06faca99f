"""Whole fits with default parameters, their k-means, and a fitted model's methods: gmmx beside scikit-learn, in turns.

What scikit-learn computes is compared before a ratio is printed. k-means runs beside the better of Lloyd and Elkan.
"""

import os
import warnings

import click
import machine
import numpy as np
import problems
import report
import turns

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
        (1_000_000, 8, 64),
        (300_000, 32, 100),
    ]
]
SEPARATIONS = [3.0, 1.0]  # clusters apart, and clusters that overlap: k-means moves rows between them for long
QUICK = [problems.Shape(2_000, 2, 3, "full")]


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
    best, fitted = turns.best_of({name: (lambda model=model: model.fit(X)) for name, model in sides.items()}, rounds)
    scores = {name: model.score(X) for name, model in fitted.items()}
    # Both stop where an iteration gains less than tol = 1e-3 a row: ours must not be worse by more.
    if scores["gmmx"] < scores["scikit-learn"] - 1e-3:
        raise click.ClickException(f"{shape}: log-likelihoods a row differ: {scores}")
    iterations = f"{fitted['gmmx'].n_iter_} and {fitted['scikit-learn'].n_iter_} iterations"
    difference = f"log-likelihood a row {scores['gmmx'] - scores['scikit-learn']:+.0e}"
    return line(f"fit ({iterations}, {difference})", shape, best)


def uniforms_for(k):
    """The draws of one start: those that scikit-learn makes of random_state=0."""
    from gmmx import _core

    return np.random.RandomState(0).random_sample(_core.kmeans_draws(k))


def seeding_line(shape, rounds, threads):
    """Time k-means++, whose seeds must be the same rows."""
    from sklearn.cluster import kmeans_plusplus

    from gmmx import _core

    X = problems.problem(shape).rows
    k = shape.n_components
    calls = {
        "gmmx": lambda: _core.kmeans_plus_plus(X, k, uniforms_for(k), None, n_threads=threads),
        "scikit-learn": lambda: kmeans_plusplus(X, k, random_state=np.random.RandomState(0))[1],
    }
    best, seeds = turns.best_of(calls, rounds)
    if not np.array_equal(seeds["gmmx"], seeds["scikit-learn"]):
        raise click.ClickException(f"{shape}: seeds differ")
    return line("k-means++", shape, best)


def kmeans_line(shape, separation, rounds, threads):
    """Time one start of k-means beside both algorithms of scikit-learn: same seeds, same inertia."""
    from sklearn.cluster import KMeans

    from gmmx import _core

    X = problems.problem(shape, separation).rows
    k = shape.n_components
    calls = {
        "gmmx": lambda: _core.kmeans(X, k, uniforms_for(k), None, max_iter=300, tol=1e-4, n_threads=threads),
        "lloyd": lambda: KMeans(k, n_init=1, random_state=0, algorithm="lloyd").fit(X),
        "elkan": lambda: KMeans(k, n_init=1, random_state=0, algorithm="elkan").fit(X),
    }
    best, results = turns.best_of(calls, rounds)
    ours = results["gmmx"]
    for name in ("lloyd", "elkan"):
        if not np.isclose(ours.inertia, results[name].inertia_, rtol=1e-6):
            raise click.ClickException(f"{shape}: inertias differ: {ours.inertia} and {results[name].inertia_}")
    better = min("lloyd", "elkan", key=best.get)
    best["scikit-learn"] = best[better]
    overlap = "apart" if separation == SEPARATIONS[0] else "overlapping"
    return line(f"k-means, {overlap} ({ours.n_iter} passes, {better})", shape, best)


def method_lines(shape, rounds, threads):
    """Time the methods at the same parameters and compare what they return."""
    import gmmx

    p = problems.problem(shape)
    ours = gmmx.GaussianMixture.from_parameters(p.weights, p.means, p.covariances).set_params(n_jobs=threads)
    sides = {"gmmx": ours, "scikit-learn": ours.to_sklearn()}
    for method in ("score_samples", "predict", "predict_proba"):
        calls = {name: (lambda model=model: getattr(model, method)(p.rows)) for name, model in sides.items()}  # noqa: B023
        best, results = turns.best_of(calls, rounds)
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
        click.echo(seeding_line(shape, rounds, threads))
    for shape in QUICK if quick else KMEANS:
        for separation in SEPARATIONS:
            click.echo(kmeans_line(shape, separation, rounds, threads))
    for shape in QUICK if quick else METHODS:
        for text in method_lines(shape, rounds, threads):
            click.echo(text)
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
