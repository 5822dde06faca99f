"""Random rows of a mixture, beside NumPy's normal numbers and multivariate draws and scikit-learn's `sample`.

Before anything is timed, rows are checked: the shares of the components, the means, and whitened rows, which must be
standard normal (Kolmogorov-Smirnov test) without correlation, and the same bits on any number of threads.
"""

import click
import machine
import numpy as np
import problems
import report
import turns

SHAPES = [
    problems.Shape(1_000_000, 2, 5, "full"),
    problems.Shape(200_000, 8, 10, "full"),
    problems.Shape(100_000, 16, 32, "full"),
    problems.Shape(50_000, 64, 32, "full"),
    problems.Shape(20_000, 128, 16, "full"),
    problems.Shape(200_000, 16, 64, "diag"),
    problems.Shape(500_000, 1, 200, "spherical"),
]
QUICK_SHAPES = [problems.Shape(20_000, 3, 2, "full"), problems.Shape(20_000, 4, 3, "diag")]
SEED = 1


def mixture_of(shape):
    """A mixture of unequal weights, with correlated features if its covariances are full."""
    from gmmx import _core

    rng = np.random.default_rng(0)
    k, d = shape.n_components, shape.n_features
    weights = rng.uniform(0.5, 1.5, size=k)
    variances = rng.uniform(0.5, 2.0, size=(k, d))
    covariances = {
        "full": lambda: 0.3 + variances[:, :, np.newaxis] * np.eye(d),
        "diag": lambda: variances,
        "spherical": lambda: variances[:, 0],
    }[shape.covariance_type]()
    means = 5 * rng.normal(size=(k, d))
    return _core.Mixture(weights / weights.sum(), means, shape.covariance_type, covariances=covariances)


def matrices(mixture):
    """The covariances as an array (K, d, d)."""
    if mixture.covariance_type == "full":
        return mixture.covariances
    return mixture.covariances.reshape(mixture.n_components, -1)[:, :, np.newaxis] * np.eye(mixture.n_features)


def check(mixture, n_samples, threads):
    """Refuse to time rows of another distribution, or that depend on the number of threads."""
    import scipy.stats

    from gmmx import _core

    rows, labels = _core.sample(mixture, n_samples, SEED, threads)
    alone = _core.sample(mixture, n_samples, SEED, 1)
    np.testing.assert_array_equal(rows, alone[0])
    np.testing.assert_array_equal(labels, alone[1])
    shares = np.bincount(labels, minlength=mixture.n_components) / n_samples
    np.testing.assert_array_less(np.abs(shares - mixture.weights), 6 * np.sqrt(mixture.weights / n_samples))
    whitened = rows - mixture.means[labels]
    for k, covariance in enumerate(matrices(mixture)):
        chosen = labels == k
        whitened[chosen] = np.linalg.solve(np.linalg.cholesky(covariance), whitened[chosen].T).T
    some = whitened.ravel()[:: max(1, whitened.size // 1_000_000)]
    assert scipy.stats.kstest(some, "norm").pvalue > 1e-4, "the rows are not normal"
    np.testing.assert_array_less(np.abs(whitened.mean(axis=0)), 6 / np.sqrt(n_samples))
    products = whitened.T @ whitened / n_samples - np.eye(mixture.n_features)
    np.testing.assert_array_less(np.abs(products), 9 / np.sqrt(n_samples))


def multivariate_rows(mixture, n_samples):
    """NumPy's draws of each component."""
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(n_samples, mixture.weights)
    parameters = zip(mixture.means, matrices(mixture), counts, strict=True)
    return np.vstack([rng.multivariate_normal(*of_one, method="cholesky") for of_one in parameters])


def sklearn_model(mixture):
    """The mixture as scikit-learn's."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(mixture.n_components, covariance_type=mixture.covariance_type, random_state=SEED)
    model.weights_, model.means_, model.covariances_ = mixture.weights, mixture.means, mixture.covariances
    model.precisions_cholesky_ = mixture.precisions_cholesky
    return model


def line(shape, threads, rounds):
    """A row of the table: nanoseconds a number."""
    from gmmx import _core

    mixture, n_samples = mixture_of(shape), shape.n_samples
    check(mixture, n_samples, threads)
    model = sklearn_model(mixture)
    calls = {
        "gmmx": lambda: _core.sample(mixture, n_samples, SEED, 1),
        "threads": lambda: _core.sample(mixture, n_samples, SEED, threads),
        "normal": lambda: np.random.default_rng(SEED).standard_normal((n_samples, shape.n_features)),
        "multivariate": lambda: multivariate_rows(mixture, n_samples),
        "scikit-learn": lambda: model.sample(n_samples),
    }
    least, _ = turns.best_of(calls, rounds)
    ours = least["gmmx"]
    cells = [f"{1e9 * seconds / n_samples / shape.n_features:.2f}" for seconds in least.values()]
    for i, name in enumerate(least):
        if name not in ("gmmx", "threads"):
            cells[i] += f" ({least[name] / ours:.1f}x)"
    return f"| {shape} | " + " | ".join(cells) + " |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Few rows: does everything run?")
@click.option("--rounds", default=7, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    click.echo("Nanoseconds a number, best of all rounds; in brackets: times what gmmx takes on one thread.\n")
    click.echo(
        f"| rows x features, K, type | gmmx | {threads} threads | NumPy, standard normal | "
        "NumPy, multivariate | scikit-learn |"
    )
    click.echo("|---|---:|---:|---:|---:|---:|")
    for shape in QUICK_SHAPES if quick else SHAPES:
        click.echo(line(shape, threads, rounds))
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
