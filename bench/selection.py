"""The choice of covariance type and number of components: gmmx, and R's mclust if Rscript is there, in turns."""

import csv
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import click
import machine
import numpy as np
import report

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
R_SCRIPT = """
suppressMessages(library(mclust))
arguments <- commandArgs(TRUE)
X <- as.matrix(read.csv(arguments[1]))
models <- if (arguments[3] == "all") NULL else strsplit(arguments[3], ",")[[1]]
seconds <- system.time(BIC <- mclustBIC(X, G = 1:as.integer(arguments[2]), modelNames = models, verbose = FALSE))[[3]]
cat(as.character(packageVersion("mclust")), seconds, "\\n")
write.csv(as.data.frame(unclass(BIC)[, , drop = FALSE]), arguments[4])
"""


@dataclass(frozen=True)
class Task:
    """A grid over data."""

    name: str
    data: str
    max_components: int
    types: str = "all"


TASKS = [
    *(Task(f"{name}, 14 types, K=1..9", name, 9) for name in ("iris", "faithful", "diabetes", "thyroid")),
    Task("20,000 x 8, VVV, K=1..5", "clouds", 5, "VVV"),
]
QUICK_TASKS = [Task("iris, EEE and VVV, K=1..3", "iris", 3, "EEE,VVV")]


def rows_of(name):
    """The rows of a task."""
    if name == "clouds":
        rng = np.random.default_rng(0)
        centers = rng.normal(size=(4, 8)) * 2.5
        shapes = rng.normal(size=(4, 8, 8)) / 3 + np.eye(8)
        labels = rng.integers(0, 4, 20_000)
        return centers[labels] + np.einsum("ni,nij->nj", rng.normal(size=(20_000, 8)), shapes[labels])
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    numeric = [i for i, column in enumerate(header) if column not in {"Species", "class", "Diagnosis"}]
    return np.array([[float(row[i]) for i in numeric] for row in rows])


def by_gmmx(task, X, threads):
    """Seconds, and BIC in mclust's sign by type and number of components."""
    import gmmx

    types = task.types if task.types == "all" else task.types.split(",")
    begin = time.perf_counter()
    choice = gmmx.GaussianMixtureIC(max_components=task.max_components, covariance_type=types, n_jobs=threads).fit(X)
    seconds = time.perf_counter() - begin
    results = choice.results_
    figures = zip(results["covariance_type"], results["n_components"], -results["bic"], strict=True)
    return seconds, {(str(name), int(size)): bic for name, size, bic in figures}


def by_mclust(task, X):
    """The same of mclust, and its version."""
    with tempfile.TemporaryDirectory() as folder:
        data, table = Path(folder, "X.csv"), Path(folder, "bic.csv")
        np.savetxt(
            data, X, delimiter=",", header=",".join(f"x{i}" for i in range(X.shape[1])), comments="", fmt="%.17g"
        )
        command = ["Rscript", "-e", R_SCRIPT, str(data), str(task.max_components), task.types, str(table)]
        version, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        with table.open(newline="") as file:
            header, *rows = csv.reader(file)
    figures = {
        (name, int(row[0])): float("nan") if cell == "NA" else float(cell)
        for row in rows
        for name, cell in zip(header[1:], row[1:], strict=True)
    }
    return float(seconds), figures, version


def compare(task, ours, theirs):
    """Tell how the figures compare; refuse if gmmx misses an optimum that mclust chooses among."""
    both = [cell for cell, bic in theirs.items() if np.isfinite(bic) and np.isfinite(ours[cell])]
    best = sorted(both, key=theirs.get)[-3:]
    for cell in best:
        if ours[cell] < theirs[cell] - 0.1:
            raise click.ClickException(f"{task.name}: BIC of {cell} is {ours[cell]:.3f}, of mclust {theirs[cell]:.3f}")
    difference = np.array([ours[cell] - theirs[cell] for cell in both])
    equal, better = int(np.sum(np.abs(difference) <= 0.1)), int(np.sum(difference > 0.1))
    return f"{equal} / {better} / {len(both) - equal - better}"


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A small grid: does everything run?")
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    peer = shutil.which("Rscript") is not None
    click.echo("Seconds, best of all runs. BIC of what both fit: equal within 0.1 / gmmx better / mclust better.\n")
    click.echo("| grid | gmmx s | mclust s | times faster | BIC |\n|---|---:|---:|---:|---:|")
    for task in QUICK_TASKS if quick else TASKS:
        X = rows_of(task.data)
        ours, theirs, told = [], [], ""
        for _ in range(rounds):
            seconds, figures = by_gmmx(task, X, threads)
            ours.append(seconds)
            if peer:
                seconds, of_mclust, conditions["mclust"] = by_mclust(task, X)
                theirs.append(seconds)
                told = compare(task, figures, of_mclust)
        beside = f"{min(theirs):.3f} | {min(theirs) / min(ours):.1f}" if peer else "absent | "
        click.echo(f"| {task.name} | {min(ours):.3f} | {beside} | {told} |")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
