"""Agglomerative clustering, and EM from one tree: gmmx, and R's mclust if Rscript is there, in turns."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import click
import machine
import numpy as np
import report

N_SAMPLES, N_FEATURES, N_CLUSTERS = 20_000, 8, 3
N_ROWS_OF_TREE = 2_000
COMPONENTS = range(1, 6)


def rows(n_samples):
    """Three clusters that lie apart."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, N_FEATURES))
    return X + 3 * rng.standard_normal((N_CLUSTERS, N_FEATURES))[np.arange(n_samples) % N_CLUSTERS]


def select(X, threads):
    """Fit all numbers of components from one tree, to mclust's tolerance, a relative change of 1e-5."""
    from gmmx import GaussianMixture, hierarchical_clustering

    tree = hierarchical_clustering(X, random_state=0, n_jobs=threads)
    options = {"reg_covar": 0.0, "n_jobs": threads}
    tol = 1e-5 * abs(GaussianMixture(**options).fit(X).score(X))
    log_likelihoods = []
    for k in COMPONENTS:
        model = GaussianMixture(k, responsibilities_init=tree.partition(k), tol=tol, max_iter=1000, **options).fit(X)
        log_likelihoods.append(model.score(X) * len(X))
    return log_likelihoods


def timed(function):
    """Seconds and the result."""
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def by_mclust(X, n_rows_of_tree):
    """Version, seconds of the tree and of the fits, log-likelihoods."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "rows.csv")
        np.savetxt(data, X, delimiter=",", fmt="%.17g")
        command = ["Rscript", Path(__file__).parent / "mclust.R", data, str(n_rows_of_tree)]
        words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return words[0], *map(float, words[1:3]), np.array(words[3:], dtype=float)


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A fortieth of the rows: does everything run?")
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    from gmmx import hierarchical_clustering

    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    n_samples, n_rows_of_tree = (n // 40 if quick else n for n in (N_SAMPLES, N_ROWS_OF_TREE))
    X = rows(n_samples)
    names = [f"tree of {n_rows_of_tree:,} rows", f"{n_samples:,} x {N_FEATURES}, full, K=1..5"]
    ours, theirs = ([], []), ([], [])
    for _ in range(rounds):
        ours[0].append(timed(lambda: hierarchical_clustering(X[:n_rows_of_tree], n_jobs=threads))[0])
        seconds, log_likelihoods = timed(lambda: select(X, threads))
        ours[1].append(seconds)
        if shutil.which("Rscript"):
            conditions["mclust"], tree, fits, others = by_mclust(X, n_rows_of_tree)
            theirs[0].append(tree)
            theirs[1].append(fits)
            # Both draw the rows of their tree, so beyond the clusters that there are they may end elsewhere.
            difference = (log_likelihoods - others)[:N_CLUSTERS] / len(X)
            if difference.min() < -1e-4:
                raise click.ClickException(f"log-likelihoods a row less those of mclust: {difference}")
    click.echo("| | gmmx s | mclust s | times faster |\n|---|---:|---:|---:|")
    for name, mine, other in zip(names, ours, theirs, strict=True):
        beside = f"{min(other):.3f} | {min(other) / min(mine):.1f}" if other else "absent | "
        click.echo(f"| {name} | {min(mine):.3f} | {beside} |")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
