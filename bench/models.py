"""One EM iteration of all 14 parsimonious models, beside scikit-learn's four types, as ratios to `full`.

All go from the M-step of the same labels, a fifth of them wrong, in turns. Before anything is timed, each result is
checked: its log-likelihood against SciPy's densities, EM never losing likelihood, the covariances against the letters
of the model, and each of the four types against the model that it is another name of.
"""

import time

import click
import machine
import numpy as np
import problems
import report
import scipy.special
import scipy.stats

MODELS = ["EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"]
ALIASES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
BASE = "full"
DATA = {
    "clusters of like sizes": {"spread": 1.0},
    "sizes of clusters over three orders of magnitude": {"spread": 1000.0},
}
SHORT, LONG = 1, 11  # iterations of the two fits, whose difference holds the iterations alone
REG_COVAR = 1e-6


def matrices(mixture):
    """Return the covariances, whatever their type, as an array (K, d, d)."""
    covariances, k, d = mixture.covariances, mixture.n_components, mixture.n_features
    if mixture.covariance_type in ("tied", "EEE"):
        return np.tile(covariances, (k, 1, 1))
    if covariances.ndim == 3:
        return covariances
    return covariances.reshape(k, -1)[:, :, np.newaxis] * np.eye(d)


def check_in_model(mixture, letters):
    """Refuse covariances whose volumes, shapes or axes differ though the letters say that they are equal."""
    covariances = matrices(mixture)
    d = mixture.n_features
    eigenvalues = np.linalg.eigvalsh(covariances)
    volumes = np.exp(np.log(eigenvalues).mean(axis=1))
    shapes = eigenvalues / volumes[:, np.newaxis]
    volume, shape, orientation = letters
    if volume == "E":
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
    if shape == "I":
        np.testing.assert_allclose(shapes, 1, rtol=1e-9)
    if orientation == "I":
        np.testing.assert_array_equal(covariances * (1 - np.eye(d)), 0)
    if shape == "E" and orientation == "I":
        diagonals = np.diagonal(covariances, axis1=1, axis2=2) / volumes[:, np.newaxis]
        np.testing.assert_allclose(diagonals - diagonals[0], 0, atol=1e-9)
    elif shape == "E":
        np.testing.assert_allclose(shapes - shapes[0], 0, atol=1e-8)
    if orientation == "E":  # matrices have their axes in common if their products do not depend on the order
        correlations = covariances / np.linalg.norm(covariances, axis=(1, 2), keepdims=True)
        products = np.einsum("aij,bjk->abik", correlations, correlations)
        np.testing.assert_allclose(products, products.swapaxes(0, 1), atol=1e-9)


def scipy_log_likelihood(X, mixture):
    """Return the log-likelihood by SciPy's densities."""
    log_prob = [
        scipy.stats.multivariate_normal(mean, scipy.stats.Covariance.from_cholesky(factor)).logpdf(X)
        for mean, factor in zip(mixture.means, np.linalg.cholesky(matrices(mixture)), strict=True)
    ]
    return float(scipy.special.logsumexp(np.array(log_prob) + np.log(mixture.weights)[:, np.newaxis], axis=0).sum())


class Side:
    """One covariance type on the rows of a problem."""

    def __init__(self, covariance_type, X, labels, n_components, threads):
        from gmmx import _core

        self.covariance_type, self.X, self.threads = covariance_type, X, threads
        statistics = _core.statistics_from_labels(X, labels, n_components, covariance_type, None, threads)
        self.start = _core.m_step(statistics, covariance_type, REG_COVAR)
        result = self.fit(LONG)
        self.kernel, self.lower_bounds, self.mixture = result.kernel, np.array(result.lower_bounds), result.mixture
        self.statistics = self.e_step()

    def fit(self, iterations):
        """Run this many iterations from the initial mixture."""
        from gmmx import _core

        options = {"tol": 0.0, "reg_covar": REG_COVAR, "max_iter": iterations, "previous_lower_bound": -np.inf}
        return _core.em(self.X, self.start, None, callback=None, n_threads=self.threads, **options)

    def e_step(self):
        """One pass over the rows, at the end of the long fit."""
        from gmmx import _core

        return _core.e_step(self.X, self.mixture, None, self.threads)

    def m_step(self):
        """One M-step there."""
        from gmmx import _core

        return _core.m_step(self.statistics, self.covariance_type, REG_COVAR, self.mixture, n_threads=self.threads)

    def check(self):
        """Refuse to time a wrong result."""
        from gmmx import _core

        assert len(self.lower_bounds) == LONG, f"{self.covariance_type}: stopped after {len(self.lower_bounds)}"
        loss = -np.diff(self.lower_bounds).min()
        assert loss <= 1e-9, f"{self.covariance_type}: an iteration lost {loss} in log-likelihood a row"
        some = self.X[:2000]
        ours = _core.log_likelihood(some, self.mixture, None, self.threads)
        np.testing.assert_allclose(ours, scipy_log_likelihood(some, self.mixture), rtol=1e-9)
        check_in_model(self.mixture, ALIASES.get(self.covariance_type, self.covariance_type))


def measure(sides, rounds):
    """Seconds of each side, a list a phase; the sides and phases take turns."""
    phases = {
        "short": lambda side: side.fit(SHORT),
        "long": lambda side: side.fit(LONG),
        "E-step": Side.e_step,
        "M-step": Side.m_step,
    }
    seconds = {name: {phase: [] for phase in phases} for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            for phase, function in phases.items():
                begin = time.perf_counter()
                function(side)
                seconds[name][phase].append(time.perf_counter() - begin)
    return seconds


def iteration(seconds, of):
    """Seconds of one iteration, by the best or the median of all rounds."""
    return (of(seconds["long"]) - of(seconds["short"])) / (LONG - SHORT)


def table(sides, seconds):
    """Markdown lines: one a type."""
    base = {of: iteration(seconds[BASE], of) for of in (min, np.median)}
    lines = ["| type | iteration ms | median ms | times `full` | by medians | E-step ms | M-step ms | kernel | gain |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---|---:|"]
    for name, side in sides.items():
        best, median = (iteration(seconds[name], of) for of in (min, np.median))
        cells = [
            name,
            report.milliseconds(best),
            report.milliseconds(median),
            f"{best / base[min]:.2f}",
            f"{median / base[np.median]:.2f}",
            report.milliseconds(min(seconds[name]["E-step"])),
            report.milliseconds(min(seconds[name]["M-step"])),
            side.kernel,
            f"{side.lower_bounds[-1] - side.lower_bounds[0]:.2g}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A tenth of the rows: does everything run?")
@click.option("--rounds", default=10, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--size", nargs=3, type=int, default=(100_000, 16, 10), show_default=True, help="Rows, features, K.")
def main(quick, rounds, threads, size):
    """Print a table for each data set."""
    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    n_samples, n_features, n_components = size
    n_samples = n_samples // 10 if quick else n_samples
    for title, options in DATA.items():
        X, labels = problems.rotated_clusters(n_samples, n_features, n_components, **options)
        sides = {name: Side(name, X, labels, n_components, threads) for name in [BASE, *ALIASES, *MODELS]}
        for side in sides.values():
            side.check()
        for alias, model in ALIASES.items():
            np.testing.assert_allclose(sides[alias].lower_bounds, sides[model].lower_bounds, rtol=1e-9)
        click.echo(f"{n_samples:,} x {n_features}, {n_components} components, {title}:\n")
        click.echo("\n".join(table(sides, measure(sides, rounds))) + "\n")
    click.echo(f"gain: of the log-likelihood a row in {LONG - 1} iterations.\n")
    click.echo("\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
