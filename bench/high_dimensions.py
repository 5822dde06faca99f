"""M-steps of hundreds of features, beside LAPACK's Cholesky decomposition and triangular inverse of each covariance.

Before anything is timed, factors are checked against LAPACK's and must be the same bits on any number of threads. The
floor is the time of the additions and multiplications of both, 2 d^3 / 3 a component, at the pace of a matrix product.
LAPACK is given the covariances: gmmx forms them from statistics in the same time.
"""

from concurrent.futures import ThreadPoolExecutor

import click
import machine
import numpy as np
import report
import threadpoolctl
import turns

N_COMPONENTS = 10
REG_COVAR = 1e-6
FEATURES = (256, 512, 784, 1024)
QUICK_FEATURES = (16, 48)


def statistics_of(n_features, threads):
    """Sums over correlated rows, twice as many a component as there are features."""
    from gmmx import _core

    rng = np.random.default_rng(0)
    labels = np.arange(2 * n_features * N_COMPONENTS, dtype=np.int32) % N_COMPONENTS
    rows = rng.normal(size=(len(labels), n_features))
    rows[:, 1:] += 0.3 * rows[:, :-1]
    return _core.statistics_from_labels(rows, labels, N_COMPONENTS, "full", None, threads)


def m_step(statistics, threads):
    """The mixture of the statistics."""
    from gmmx import _core

    return _core.m_step(statistics, "full", REG_COVAR, n_threads=threads)


def lapack_factors(covariances):
    """The inverse of each lower Cholesky factor."""
    from scipy.linalg import lapack

    factors = []
    for covariance in covariances:
        lower, failed = lapack.dpotrf(covariance.T, lower=1)
        assert failed == 0
        inverse, failed = lapack.dtrtri(lower, lower=1, overwrite_c=1)
        assert failed == 0
        factors.append(inverse)
    return factors


def product_of(n_features):
    """A function that multiplies two square matrices."""
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, n_features, n_features))
    return lambda: left @ right


def check(statistics, threads):
    """Refuse to time a wrong result, or one that depends on the number of threads; return the covariances."""
    mixture = m_step(statistics, 1)
    for inverse, factor in zip(lapack_factors(mixture.covariances), mixture.precisions_cholesky, strict=True):
        np.testing.assert_allclose(factor, inverse.T, rtol=1e-8, atol=1e-11)
    np.testing.assert_array_equal(m_step(statistics, threads).precisions_cholesky, mixture.precisions_cholesky)
    return mixture.covariances


def speedup_of_products(threads, rounds):
    """How much faster matrix products are done on all threads than on one: no M-step can gain more."""
    with ThreadPoolExecutor(threads) as pool, threadpoolctl.threadpool_limits(1):
        products = [product_of(512) for _ in range(threads)]
        calls = {
            "alone": products[0],
            "together": lambda: [done.result() for done in [pool.submit(product) for product in products]],
        }
        seconds, _ = turns.best_of(calls, rounds)
    return threads * seconds["alone"] / seconds["together"]


def line(n_features, threads, rounds):
    """A row of the table."""
    statistics = statistics_of(n_features, threads)
    covariances = check(statistics, threads)
    with threadpoolctl.threadpool_limits(1):
        seconds, _ = turns.best_of(
            {
                "product": product_of(n_features),
                "LAPACK": lambda: lapack_factors(covariances),
                "one": lambda: m_step(statistics, 1),
                "several": lambda: m_step(statistics, threads),
            },
            rounds,
        )
    floor = N_COMPONENTS / 3 * seconds["product"]
    cells = [floor, *(seconds[name] for name in ("LAPACK", "one", "several"))]
    pace = [seconds["LAPACK"] / seconds[name] for name in ("one", "several")]
    times = [report.milliseconds(cell) for cell in cells]
    return f"| {n_features} | " + " | ".join([*times, *(f"{ratio:.2f}" for ratio in pace)]) + " |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A few features: does everything run?")
@click.option("--rounds", default=10, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    click.echo(f"M-step, K={N_COMPONENTS}, full covariances. LAPACK uses one thread.\n")
    click.echo(f"| features | floor ms | LAPACK ms | gmmx ms | {threads} threads | LAPACK / gmmx | {threads} threads |")
    click.echo("|---:|---:|---:|---:|---:|---:|---:|")
    for n_features in QUICK_FEATURES if quick else FEATURES:
        click.echo(line(n_features, threads, rounds))
    click.echo(f"\n{threads} threads multiply matrices {speedup_of_products(threads, 10 * rounds):.2f} times faster.\n")
    click.echo("\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
