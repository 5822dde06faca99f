"""An EM iteration on Dask: what it costs beyond the arithmetic, and rows per second beside one process."""

import time
import warnings

import click
import machine
import numpy as np
import problems
import report

N_WORKERS = 2
ITERATIONS = 8

FEW_ROWS = problems.Shape(2_000, 8, 8, "full")
SHAPES = [
    problems.Shape(100_000, 16, 8, "full"),
    problems.Shape(1_000_000, 8, 10, "full"),
    problems.Shape(4_000_000, 8, 10, "full"),
    problems.Shape(400_000, 32, 16, "full"),
]


class Clock:
    """A callback that takes the time of each iteration."""

    def __init__(self):
        self.times = []

    def __call__(self, iteration, log_likelihood):
        self.times.append(time.perf_counter())

    @property
    def seconds(self):
        """Best and median time from one iteration to the next."""
        between = np.diff(self.times)
        return between.min(), float(np.median(between))


def timed(kind, X, problem, shape, rounds, **params):
    """Fit from the start of the problem; return the quickest iteration, the median one and the log-likelihoods."""
    best, medians, bounds = np.inf, [], None
    for _ in range(rounds):
        clock = Clock()
        model = kind(
            shape.n_components,
            covariance_type=shape.covariance_type,
            weights_init=problem.weights,
            means_init=problem.means,
            precisions_init=problem.precisions,
            tol=0.0,
            max_iter=ITERATIONS,
            callback=clock,
            **params,
        ).fit(X)
        quickest, median = clock.seconds
        best, bounds = min(best, quickest), model.lower_bounds_
        medians.append(median)
    return best, float(np.median(medians)), bounds


def rows_line(shape, client, n_partitions, threads, rounds):
    """Time one shape in this process, on Dask's threads and on the cluster; refuse to report unequal results."""
    import dask
    import dask.array as da

    import gmmx
    import gmmx.dask

    problem = problems.problem(shape)
    array = da.from_array(problem.rows, chunks=(-(-shape.n_samples // n_partitions), shape.n_features))
    local = timed(gmmx.GaussianMixture, problem.rows, problem, shape, rounds, n_jobs=threads)
    with dask.config.set(scheduler="threads"):
        on_threads = timed(gmmx.dask.GaussianMixture, array, problem, shape, rounds)
    persisted = client.persist(array)
    on_cluster = timed(gmmx.dask.GaussianMixture, persisted, problem, shape, rounds, client=client)
    sides = local, on_threads, on_cluster
    for side in sides[1:]:
        np.testing.assert_allclose(side[2], local[2], rtol=1e-10)
    figures = [f"{report.milliseconds(side[0])} | {shape.n_samples / side[0] / 1e6:.2g}" for side in sides]
    return f"| {shape} | {n_partitions} | {' | '.join(figures)} |"


def floor_lines(client, rounds, counts):
    """Time an iteration of so few rows that tasks alone take the time."""
    import dask.array as da

    import gmmx.dask

    problem = problems.problem(FEW_ROWS)
    for n_partitions in counts:
        array = da.from_array(problem.rows, chunks=(FEW_ROWS.n_samples // n_partitions, FEW_ROWS.n_features))
        persisted = client.persist(array)
        quickest, median, _ = timed(gmmx.dask.GaussianMixture, persisted, problem, FEW_ROWS, rounds, client=client)
        yield f"| {persisted.npartitions} | {report.milliseconds(quickest)} | {report.milliseconds(median)} |"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="One hundredth of the smallest shape: does everything run?")
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the tables."""
    import dask
    import distributed
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)  # each fit has a fixed number of iterations
    warnings.filterwarnings("ignore", message="Sending large graph")  # the rows, once, before the clock runs
    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    conditions |= {"dask": dask.__version__, "distributed": distributed.__version__}
    shapes = [problems.Shape(1_000, 16, 8, "full")] if quick else SHAPES
    cluster = distributed.LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        click.echo(f"What tasks cost, at {FEW_ROWS}, with {N_WORKERS} workers of one thread:\n")
        click.echo("| partitions | iteration ms, quickest | median |")
        click.echo("|---:|---:|---:|")
        for line in floor_lines(client, rounds, (2,) if quick else (2, 8, 40, 200)):
            click.echo(line)
        click.echo(
            f"\nThe quickest iteration, and million rows a second: by `fit` with {threads} threads, on Dask's threads "
            f"in one process, and on {N_WORKERS} workers that hold the rows in memory:\n"
        )
        click.echo("| rows x features, K, type | partitions | fit ms | Mrows/s | threads ms | | workers ms | |")
        click.echo("|---|---:|---:|---:|---:|---:|---:|---:|")
        for shape in shapes:
            click.echo(rows_line(shape, client, 4 * N_WORKERS, threads, rounds))
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
