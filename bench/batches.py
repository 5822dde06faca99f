"""EM over files that memory need not hold, beside EM over the same rows in memory: peak memory, rows a second.

Makes a Parquet and a .npy file of float32 rows in a folder that goes when the script ends, fits each in a process of
its own, and fails if one holds more than --limit MiB at any time, or if a smaller file gives other parameters than its
rows in memory.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import click
import machine
import numpy as np

N_FEATURES, N_COMPONENTS = 8, 10
ROWS_AT_ONCE = 500_000


def blocks(n_rows, dtype):
    """Rows of overlapping clusters, some at a time."""
    rng = np.random.default_rng(0)
    centers = 4 * rng.normal(size=(N_COMPONENTS, N_FEATURES)).astype(dtype)
    for begin in range(0, n_rows, ROWS_AT_ONCE):
        size = min(ROWS_AT_ONCE, n_rows - begin)
        labels = rng.integers(N_COMPONENTS, size=size)
        yield (
            rng.standard_normal((size, N_FEATURES), dtype=dtype) * (0.5 + 0.2 * labels[:, None]).astype(dtype)
            + centers[labels]
        )


def make_files(folder, n_rows, dtype=np.float32):
    """Write the same rows as Parquet and as NumPy's own; return the paths by what they are called in the table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = {"Parquet": folder / f"{n_rows}.parquet", ".npy": folder / f"{n_rows}.npy"}
    array = np.lib.format.open_memmap(paths[".npy"], mode="w+", dtype=dtype, shape=(n_rows, N_FEATURES))
    schema = pa.schema([(f"x{j}", pa.from_numpy_dtype(dtype)) for j in range(N_FEATURES)])
    begin = 0
    with pq.ParquetWriter(paths["Parquet"], schema) as writer:
        for rows in blocks(n_rows, dtype):
            array[begin : begin + len(rows)] = rows
            writer.write_table(pa.table(list(rows.T), schema=schema))
            begin += len(rows)
    array.flush()
    return paths


def estimator(threads, max_iter, **options):
    from gmmx import GaussianMixture

    return GaussianMixture(N_COMPONENTS, random_state=0, tol=0, max_iter=max_iter, n_jobs=threads, **options)


def ignore_that_em_goes_on():
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)


def fit_and_report(path, way, threads, max_iter):
    """Fit one file in this process; print what that took."""
    ignore_that_em_goes_on()
    ends = [(time.perf_counter(), time.process_time())]
    model = estimator(threads, max_iter, callback=lambda *_: ends.append((time.perf_counter(), time.process_time())))
    if way == "in memory":
        model.fit(np.load(path))
    else:
        model.fit_batches(path)
    whole = time.perf_counter() - ends[0][0]
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    # The first iteration ends with what goes before it.
    seconds, cpu_seconds = np.median(np.diff(ends[1:], axis=0), axis=0)
    figures = {"iteration": float(seconds), "cpu": float(cpu_seconds), "whole": whole, "peak": peak}
    print(json.dumps(figures | {"log_likelihood": model.log_likelihood_}))


def measured(path, way, threads, max_iter):
    """Fit one file in a process of its own."""
    command = [sys.executable, __file__, "--one", str(path), way, "--threads", str(threads)]
    result = subprocess.run(
        [*command, "--iterations", str(max_iter)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | machine.thread_variables(threads),
    )
    if result.returncode:
        raise click.ClickException(f"{way} of {path} failed:\n{result.stderr}")
    return json.loads(result.stdout)


def largest_difference(folder, n_rows, threads):
    """Compare parameters of a smaller float64 file, from the same start, with those of its rows in memory."""
    paths = make_files(folder, n_rows, np.float64)
    X = np.load(paths[".npy"])
    start = estimator(threads, 0).fit(X[:5000])
    given = {"weights_init": start.weights_, "means_init": start.means_, "precisions_init": start.precisions_}
    ignore_that_em_goes_on()
    expected = estimator(threads, 10, **given).fit(X)
    worst = 0.0
    for path in paths.values():
        found = estimator(threads, 10, **given).fit_batches(path, batch_size=n_rows // 7)
        for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
            one, other = np.asarray(getattr(found, name)), np.asarray(getattr(expected, name))
            worst = max(worst, float(np.max(np.abs(one - other) / np.maximum(1.0, np.abs(other)))))
    return worst


@click.command(help=__doc__)
@click.option("--rows", default=20_000_000, show_default=True)
@click.option("--quick", is_flag=True, help="A hundredth of the rows: does everything run?")
@click.option("--rounds", default=1, show_default=True, help="Number of runs; the fastest is reported.")
@click.option("--threads", default=2, show_default=True)
@click.option("--iterations", default=10, show_default=True)
@click.option("--limit", default=300.0, show_default=True, help="MiB that a fit of a file may hold.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Where the files go for the time.")
@click.option("--one", nargs=2, type=str, hidden=True)
def main(rows, quick, rounds, threads, iterations, limit, folder, one):
    """Print the table."""
    if one:
        fit_and_report(*one, threads, iterations)
        return
    import report  # draws, which the processes that are measured do not

    machine.keep_to_processors(threads)
    conditions = machine.conditions(threads)
    n_rows = rows // 100 if quick else rows
    trouble = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        paths = make_files(Path(scratch), n_rows)
        sides = [(".npy", "in memory"), (".npy", "in batches"), ("Parquet", "in batches")]
        click.echo(f"{n_rows:,} x {N_FEATURES} float32, K={N_COMPONENTS}, full, {iterations} iterations\n")
        click.echo("| file | MiB | fit | million rows a second in EM | CPU s an iteration | whole fit s | peak MiB |")
        click.echo("|---|---:|---|---:|---:|---:|---:|")
        for kind, way in sides:
            runs = [measured(paths[kind], way, threads, iterations) for _ in range(rounds)]
            best, peak = min(runs, key=lambda run: run["iteration"]), max(run["peak"] for run in runs)
            size = paths[kind].stat().st_size / 2**20
            speed = n_rows / best["iteration"] / 1e6
            times = f"{speed:.2f} | {best['cpu']:.2f} | {best['whole']:.1f}"
            click.echo(f"| {kind} | {size:.0f} | {way} | {times} | {peak:.0f} |")
            if way == "in batches" and peak > limit:
                trouble.append(f"{kind} {way} held {peak:.0f} MiB, more than {limit:g}")
        n_smaller = max(10_000, n_rows // 100)
        worst = largest_difference(Path(scratch), n_smaller, threads)
        click.echo(f"\nLargest difference of parameters, float64, same start, {n_smaller:,} rows: {worst:.1e}")
        if worst > 1e-10:
            trouble.append(f"parameters differ by {worst:.1e}, more than 1e-10")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))
    if trouble:
        raise click.ClickException("; ".join(trouble))


if __name__ == "__main__":
    main()
