"""EM over files that memory need not hold, compared with EM over the same rows in memory: peak memory, rows a second.

Makes a Parquet, a .npy and a CSV file of float32 rows in a temporary folder and fits each in a separate process. The
CSV file has an eighth of the rows and is fitted twice: parsed once, and parsed in each pass. The script fails if a
process holds more than --limit MiB, if a smaller file gives other parameters than its rows in memory, or if the two
fits of the CSV file differ in a single bit.
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
CSV_SHARE = 8  # ratio of the rows of the other files to those of the CSV file
ROWS_AT_ONCE = 500_000
ENDINGS = {"Parquet": ".parquet", ".npy": ".npy", "CSV": ".csv"}


# What is compared: files, and how they are fitted.
SIDES = [
    (".npy", "in memory"),
    (".npy", "in batches"),
    ("Parquet", "in batches"),
    ("CSV", "in batches"),
    ("CSV", "parsed in each pass"),
]


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


def make_files(folder, n_rows, dtype=np.float32, csv_share=1):
    """Write the same rows in each format, fewer of them as text; return the paths by their names in the table."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    paths = {name: folder / f"{n_rows}{ending}" for name, ending in ENDINGS.items()}
    array = np.lib.format.open_memmap(paths[".npy"], mode="w+", dtype=dtype, shape=(n_rows, N_FEATURES))
    schema = pa.schema([(f"x{j}", pa.from_numpy_dtype(dtype)) for j in range(N_FEATURES)])
    begin = 0
    with pq.ParquetWriter(paths["Parquet"], schema) as writer, pa.csv.CSVWriter(paths["CSV"], schema) as text:
        for rows in blocks(n_rows, dtype):
            array[begin : begin + len(rows)] = rows
            table = pa.table(list(rows.T), schema=schema)
            writer.write_table(table)
            text.write_table(table[: max(0, n_rows // csv_share - begin)])
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
    import gmmx.data

    ignore_that_em_goes_on()
    ends = [(time.perf_counter(), time.process_time())]
    model = estimator(threads, max_iter, callback=lambda *_: ends.append((time.perf_counter(), time.process_time())))
    if way == "in memory":
        model.fit(np.load(path))
    elif way == "parsed in each pass":
        reader = gmmx.data.from_csv(path)
        model.fit_batches(lambda: iter(reader))
    else:
        model.fit_batches(path)
    whole = time.perf_counter() - ends[0][0]
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    # The first iteration ends with what goes before it.
    seconds, cpu_seconds = np.median(np.diff(ends[1:], axis=0), axis=0)
    figures = {"iteration": float(seconds), "cpu": float(cpu_seconds), "whole": whole, "peak": peak}
    bits = [getattr(model, name).tobytes().hex() for name in ("weights_", "means_", "covariances_")]
    print(json.dumps(figures | {"bits": bits}))


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
        paths = make_files(Path(scratch), n_rows, csv_share=CSV_SHARE)
        click.echo(f"{n_rows:,} x {N_FEATURES} float32, K={N_COMPONENTS}, full, {iterations} iterations\n")
        click.echo("| file | MiB | fit | million rows a second in EM | CPU s an iteration | whole fit s | peak MiB |")
        click.echo("|---|---:|---|---:|---:|---:|---:|")
        runs = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:  # in turn, so that a load on the machine spoils no ratio
                runs[side].append(measured(paths[side[0]], side[1], threads, iterations))
        best = {side: min(some, key=lambda run: run["iteration"]) for side, some in runs.items()}
        whole = {side: min(run["whole"] for run in some) for side, some in runs.items()}
        for (kind, way), figures in best.items():
            peak = max(run["peak"] for run in runs[kind, way])
            size = paths[kind].stat().st_size / 2**20
            n_fitted = n_rows // CSV_SHARE if kind == "CSV" else n_rows
            speed = n_fitted / figures["iteration"] / 1e6
            times = f"{speed:.2f} | {figures['cpu']:.3f} | {whole[kind, way]:.1f}"
            click.echo(f"| {kind} | {size:.0f} | {way} | {times} | {peak:.0f} |")
            if way != "in memory" and peak > limit:
                trouble.append(f"{kind} {way} held {peak:.0f} MiB, more than {limit:g}")
        memory, npy, once, each = (best[side] for side in (SIDES[0], SIDES[1], *SIDES[3:]))
        click.echo(
            f"\nAn iteration of .npy takes {npy['iteration'] / memory['iteration']:.2f} times that in memory and "
            f"{npy['cpu'] / memory['cpu']:.2f} times its CPU time.\nA fit of CSV that is parsed in each pass takes "
            f"{whole[SIDES[4]] / whole[SIDES[3]]:.1f} times one that is parsed once."
        )
        if once["bits"] != each["bits"]:
            trouble.append("the two fits of the CSV file differ")
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
