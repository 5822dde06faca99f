"""Rows per second of EM on Spark: gmmx.spark beside MLlib's GaussianMixture, in one session with two threads.

Both fit the same cached DataFrame of vectors. MLlib adds machine epsilon to densities. Where these are far below it, as
they are in 20 or more dimensions with variances of one, its responsibilities are all alike, and it stops at once with a
useless model. So the rows are scaled until they are not, and its number of iterations is checked. What it
does with rows that are not scaled, or that lie far from the origin, stands in a second table.
"""

import os
import sys
import time
import warnings

import click
import machine
import numpy as np

SIZES = [(100_000, 16, 8), (50_000, 32, 16)]
SCALE = 0.1
OPTIONS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.log.level": "OFF",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def session():
    """Start Spark with two threads."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]")
    for name, value in OPTIONS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def clusters(n_samples, n_features, n_components, seed=0):
    """Rows of clusters with variances of one, a few standard deviations apart."""
    rng = np.random.default_rng(seed)
    centres = 2.0 * rng.normal(size=(n_components, n_features))
    return centres[rng.integers(0, n_components, n_samples)] + rng.normal(size=(n_samples, n_features))


def vectors(spark, rows, n_partitions=4):
    """Return a cached DataFrame of rows as vectors."""
    from pyspark.ml.functions import array_to_vector

    table = (
        spark.createDataFrame(rows)
        .toDF(*map(str, range(rows.shape[1])))
        .selectExpr(f"array({', '.join(f'`{i}`' for i in range(rows.shape[1]))}) as features")
    )
    made = table.repartition(n_partitions).select(array_to_vector("features").alias("features")).cache()
    assert made.count() == len(rows)
    return made


def estimators():
    """Return both classes by their names."""
    from pyspark.ml import clustering

    from gmmx import spark

    return {"MLlib": clustering.GaussianMixture, "gmmx": spark.GaussianMixture}


def timed_fit(estimator, df, n_components, n_iter):
    """Fit with this many iterations; return seconds and the model."""
    begin = time.perf_counter()
    model = estimator(k=n_components, tol=0.0, maxIter=n_iter, seed=1).fit(df)
    return time.perf_counter() - begin, model


def mean_log_likelihood(model, rows):
    """Return the mean log-likelihood, computed in log space; NaN if the parameters are not a mixture."""
    import gmmx

    moments = [(gaussian.mean.toArray(), gaussian.cov.toArray()) for gaussian in model.gaussians]
    try:
        mixture = gmmx.GaussianMixture.from_parameters(model.weights, *map(np.array, zip(*moments, strict=True)))
    except ValueError:
        return float("nan")
    return mixture.score(rows)


def check(df, rows, n_components, n_iter):
    """Compare gmmx on Spark with gmmx in memory, from the same start."""
    import gmmx
    from gmmx.spark import GaussianMixture

    start = gmmx.GaussianMixture(n_components, random_state=1, max_iter=0).fit(rows[:500])
    options = {"weights_init": start.weights_, "means_init": start.means_, "precisions_init": start.precisions_}
    wanted = gmmx.GaussianMixture(n_components, tol=0.0, max_iter=n_iter, **options).fit(rows)
    got = GaussianMixture(k=n_components, initialModel=start, tol=0.0, maxIter=n_iter).fit(df).to_local()
    np.testing.assert_allclose(got.lower_bounds_, wanted.lower_bounds_, rtol=1e-10)
    np.testing.assert_allclose(got.means_, wanted.means_, rtol=1e-8, atol=1e-10)


def speed(spark, size, few, many, rounds):
    """Print a line for both sides: seconds of an iteration, of a whole fit, rows per second."""
    n_samples, n_features, n_components = size
    rows = SCALE * clusters(*size)
    df = vectors(spark, rows)
    check(df, rows, n_components, few)
    best = {}
    for turn in range(rounds + 1):  # the first to warm up
        for name, estimator in estimators().items():
            times = []
            for n_iter in (few, many):
                seconds, model = timed_fit(estimator, df, n_components, n_iter)
                assert model.summary.numIter == n_iter, f"{name} stopped after {model.summary.numIter} iterations"
                times.append(seconds)
            score = mean_log_likelihood(model, rows)
            if turn:
                kept = best.get(name, (np.inf, np.inf, score))
                best[name] = (min(kept[0], (times[1] - times[0]) / (many - few)), min(kept[1], times[1]), score)
    df.unpersist()
    for name, (iteration, whole, score) in best.items():
        shape = f"{n_samples:,} x {n_features}, K={n_components}"
        click.echo(
            f"| {shape} | {name} | {iteration:.2f} | {n_samples / iteration:,.0f} | {whole:.1f} | "
            f"{best['MLlib'][1] / whole:.1f}x | {score:.4f} |"
        )


def floor(spark, n_iter):
    """Print what an iteration takes at least: of 1,000 rows of two features."""
    df = vectors(spark, clusters(1000, 2, 2), n_partitions=2)
    for name, estimator in estimators().items():
        timed_fit(estimator, df, 2, 2)
        short, long = (min(timed_fit(estimator, df, 2, n)[0] for _ in range(3)) for n in (2, 2 + n_iter))
        click.echo(f"| 1,000 x 2, K=2 | {name} | {(long - short) / n_iter:.3f} | | {long:.1f} | | |")
    df.unpersist()


def collapses(spark, n_samples):
    """Print what both make of rows on which MLlib fails."""
    for what, rows, n_components in (
        ("24 features, variances of one", clusters(n_samples, 24, 3), 3),
        ("32 features, variances of one", clusters(n_samples, 32, 16), 16),
        ("3 features, offset by 1e8", clusters(n_samples, 3, 3) + 1e8, 3),
    ):
        df = vectors(spark, rows)
        for name, estimator in estimators().items():
            model = estimator(k=n_components, seed=1).fit(df)
            least = min(np.linalg.eigvalsh(gaussian.cov.toArray())[0] for gaussian in model.gaussians)
            spread = max(model.weights) - min(model.weights)
            score = mean_log_likelihood(model, rows)
            click.echo(f"| {what} | {name} | {model.summary.numIter} | {spread:.3f} | {least:.3g} | {score:.4f} |")
        df.unpersist()


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A hundredth of the rows: does everything run?")
@click.option("--rounds", default=3, show_default=True)
def main(quick, rounds):
    """Print the tables."""
    warnings.simplefilter("ignore")  # that EM did not converge in so few iterations
    conditions = machine.conditions(2)
    spark = session()
    few, many = (2, 4) if quick else (5, 25)
    click.echo("| rows x features, K | | s an iteration | rows/s | whole fit s | times faster | log-likelihood a row |")
    click.echo("|---|---|---:|---:|---:|---:|---:|")
    for n_samples, n_features, n_components in SIZES:
        speed(spark, (n_samples // 100 if quick else n_samples, n_features, n_components), few, many, rounds)
    floor(spark, 2 if quick else 20)
    click.echo("\n| rows | | iterations | weights from least to largest | least eigenvalue | log-likelihood a row |")
    click.echo("|---|---|---:|---:|---:|---:|")
    collapses(spark, 1000 if quick else 20_000)
    click.echo("\n" + "\n".join(f"{name}: {value}" for name, value in conditions.items()))
    click.echo(f"Spark: {spark.version}, whole fits of {many} iterations, best of {rounds}")
    spark.stop()


if __name__ == "__main__":
    main()
