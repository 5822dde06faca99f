"""What costs beside arithmetic: small fits, one row at a time, and the import; gmmx beside scikit-learn, in turns."""

import os
import subprocess
import sys
import time
import warnings

import click
import machine
import numpy as np
import report

TASKS = [
    ("iris, K=3", "iris", {"n_components": 3}),
    ("iris, K=3, n_init=10", "iris", {"n_components": 3, "n_init": 10}),
    ("1,000 x 1, K=2", "two clusters", {"n_components": 2}),
]
CALLS_IN_A_TURN = 5
SPINNING = 0.05  # seconds
METHODS = ["predict_proba", "predict", "score_samples"]
TIME_OF_IMPORT = (
    "import time, sklearn.mixture; begin = time.perf_counter(); import gmmx; print(time.perf_counter() - begin)"
)


def rows_of(name):
    """The rows of a task."""
    if name == "iris":
        from sklearn.datasets import load_iris

        return load_iris().data
    X = np.random.default_rng(0).normal(size=(1000, 1))
    X[:400] += 4
    return X


def medians(sides, rounds, spinning):
    """Seconds of the median call of each side: a few calls of one, a few of the other, and so on.

    What the first moments of a turn show does not count: the other side's threads are still spinning then.
    """
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, function in sides.items():
            begin = time.perf_counter()
            while time.perf_counter() - begin < spinning:
                function()
            for _ in range(CALLS_IN_A_TURN):
                begin = time.perf_counter()
                function()
                times[name].append(time.perf_counter() - begin)
    return {name: float(np.median(values)) for name, values in times.items()}


def line(name, times):
    """A row of the table, in microseconds."""
    ours, theirs = times["gmmx"], times["scikit-learn"]
    return f"| {name} | {ours * 1e6:.0f} | {theirs * 1e6:.0f} | {theirs / ours:.1f} |"


def lines(rounds, threads, spinning):
    """The rows of the table."""
    import sklearn.mixture

    import gmmx

    fitted = {}
    for name, data, arguments in TASKS:
        X = rows_of(data)
        models = {
            "gmmx": gmmx.GaussianMixture(random_state=0, n_jobs=threads, **arguments),
            "scikit-learn": sklearn.mixture.GaussianMixture(random_state=0, **arguments),
        }
        fitted[name] = {side: model.fit(X) for side, model in models.items()}
        scores = {side: model.score(X) for side, model in models.items()}
        if not np.isclose(scores["gmmx"], scores["scikit-learn"], rtol=1e-6):
            raise click.ClickException(f"{name}: log-likelihoods a row differ: {scores}")
        sides = {side: (lambda model=model, X=X: model.fit(X)) for side, model in models.items()}
        yield line(f"fit: {name}", medians(sides, rounds, spinning))
    models, row = fitted[TASKS[0][0]], rows_of("iris")[:1]
    for method in METHODS:
        sides = {
            side: (lambda model=model, method=method: getattr(model, method)(row)) for side, model in models.items()
        }
        yield line(f"{method} of one row of iris", medians(sides, 10 * rounds, spinning))
    mixture = models["gmmx"].mixture_
    sides = {
        "gmmx": lambda: gmmx.fast.responsibilities(row, mixture),
        "scikit-learn": lambda: models["scikit-learn"].predict_proba(row),
    }
    yield line("the same by gmmx.fast.responsibilities, without checks", medians(sides, 10 * rounds, spinning))


def import_time(rounds):
    """Return the median seconds that `import gmmx` adds to scikit-learn's import, over this many interpreters."""
    command = [sys.executable, "-c", TIME_OF_IMPORT]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(rounds)]
    return float(np.median([float(seconds) for seconds in runs]))


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A few calls of each: does everything run?")
@click.option("--rounds", default=10, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(quick, rounds, threads):
    """Print the table."""
    os.environ.update(machine.thread_variables(threads))
    machine.keep_to_processors(threads)
    warnings.simplefilter("ignore")
    conditions = machine.conditions(threads)
    click.echo("| | gmmx us | scikit-learn us | times faster |\n|---|---:|---:|---:|")
    for text in lines(1 if quick else rounds, threads, 0.0 if quick else SPINNING):
        click.echo(text)
    click.echo(f"\n`import gmmx` after scikit-learn: {import_time(1 if quick else 5):.3f} s")
    click.echo("\n" + "\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
