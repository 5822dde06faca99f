"""Starts of EM that go through the rows together, beside the same starts one after another."""

import time

import click
import machine
import numpy as np
import problems
import report

SHAPES = [
    problems.Shape(n, d, k, covariance_type)
    for n, d in ((1_000_000, 2), (200_000, 8), (50_000, 32))
    for k in (2, 4, 8)
    for covariance_type in ("full", "diag")
]


def starts_of(shape, rows, n_starts):
    """Mixtures at random rows, all as wide as the data."""
    from gmmx import _core

    rng = np.random.default_rng(0)
    variances = rows.var(axis=0)
    one = np.diag(variances) if shape.covariance_type == "full" else variances
    covariances = np.repeat(one[np.newaxis], shape.n_components, axis=0)
    weights = np.full(shape.n_components, 1 / shape.n_components)
    return [
        _core.Mixture(
            weights,
            rows[rng.choice(len(rows), shape.n_components, replace=False)],
            shape.covariance_type,
            covariances=covariances,
        )
        for _ in range(n_starts)
    ]


def measure(shape, n_starts, threads, rounds):
    """Best seconds together and in turn; refuses to give them if the results differ."""
    from gmmx import _core

    rows = problems.problem(shape).rows
    starts = starts_of(shape, rows, n_starts)
    options = {"tol": 0.0, "reg_covar": 1e-6, "max_iter": 5, "n_threads": threads}
    times = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        together = _core.em_from_mixtures(rows, starts, None, **options)
        middle = time.perf_counter()
        alone = [
            _core.em(rows, start, None, previous_lower_bound=-np.inf, callback=None, **options) for start in starts
        ]
        times[0].append(middle - begin)
        times[1].append(time.perf_counter() - middle)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.lower_bounds, other.lower_bounds, rtol=1e-9)
    return min(times[0]), min(times[1])


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A hundredth of the rows: does everything run?")
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--starts", "n_starts", default=8, show_default=True)
def main(quick, rounds, threads, n_starts):
    """Print the table."""
    from gmmx import _core

    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    click.echo("| rows x features, K, type | a pass serves | together ms | in turn ms | times faster |")
    click.echo("|---|---:|---:|---:|---:|")
    for shape in SHAPES:
        if quick:
            shape = problems.Shape(shape.n_samples // 100, shape.n_features, shape.n_components, shape.covariance_type)
        together, in_turn = measure(shape, n_starts, threads, rounds)
        served = _core.starts_per_pass(shape.covariance_type, shape.n_components)
        figures = f"{report.milliseconds(together)} | {report.milliseconds(in_turn)} | {in_turn / together:.2f}"
        click.echo(f"| {shape} | {min(served, n_starts)} | {figures} |")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
