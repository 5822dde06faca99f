"""How one EM iteration grows with rows, components and features, and what a second thread gives.

The control is arithmetic without memory, on one thread and on two at once: the most that the machine can give.
"""

import time

import click
import machine
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import problems
import report

ROWS = [problems.Shape(n, 16, 16, "full") for n in (12_500, 25_000, 50_000, 100_000)]
COMPONENTS = [problems.Shape(50_000, 16, k, "full") for k in (8, 16, 32, 64)]
FEATURES = [problems.Shape(20_000, d, 16, "full") for d in (16, 32, 64, 128)]


def control(threads, size=192, products=200):
    """Seconds of as many matrix products on each thread; the matrices stay in the cache."""
    from concurrent.futures import ThreadPoolExecutor

    import threadpoolctl

    def work(seed):
        a = np.random.default_rng(seed).normal(size=(size, size))
        out = np.empty_like(a)
        for _ in range(products):
            np.matmul(a, a, out=out)

    with threadpoolctl.threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        begin = time.perf_counter()
        list(pool.map(work, range(threads)))
        return time.perf_counter() - begin


def seconds(shape, thread_counts, rounds):
    """Best seconds of one iteration for each number of threads, in turns."""
    from gmmx import _core

    p = problems.problem(shape)
    mixture = _core.Mixture(p.weights, p.means, shape.covariance_type, covariances=p.covariances)
    best = dict.fromkeys(thread_counts, float("inf"))
    for _ in range(rounds):
        for threads in thread_counts:
            begin = time.perf_counter()
            _core.m_step(_core.e_step(p.rows, mixture, None, threads), shape.covariance_type, 1e-6)
            best[threads] = min(best[threads], time.perf_counter() - begin)
    return best


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A fiftieth of the rows: does everything run?")
@click.option("--rounds", default=10, show_default=True)
@click.option("--output", default="scaling", show_default=True, help="Writes OUTPUT.svg and OUTPUT.png.")
def main(quick, rounds, output):
    """Print the table and draw the picture."""
    machine.keep_to_processors(2)
    conditions = machine.conditions(2)
    alone, together = (min(control(threads) for _ in range(rounds)) for threads in (1, 2))
    click.echo("| rows x features, K, type | 1 thread ms | 2 threads ms | second thread | exponent |")
    click.echo("|---|---:|---:|---:|---:|")
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    series = {"rows": (ROWS, "n_samples"), "K": (COMPONENTS, "n_components"), "features": (FEATURES, "n_features")}
    for panel, (label, (shapes, attribute)) in zip(panels, series.items(), strict=True):
        if quick:
            shapes = [problems.Shape(s.n_samples // 50, s.n_features, s.n_components, "full") for s in shapes]
        sizes = [getattr(shape, attribute) for shape in shapes]
        times = [seconds(shape, (1, 2), rounds) for shape in shapes]
        for position, (shape, best) in enumerate(zip(shapes, times, strict=True)):
            exponent = ""
            if position:
                growth = np.log(best[1] / times[position - 1][1])
                exponent = f"{growth / np.log(sizes[position] / sizes[position - 1]):.2f}"
            figures = f"{report.milliseconds(best[1])} | {report.milliseconds(best[2])} | {best[1] / best[2]:.2f}x"
            click.echo(f"| {shape} | {figures} | {exponent} |")
        for threads in (1, 2):
            panel.loglog(sizes, [1e3 * best[threads] for best in times], "o-", label=f"threads: {threads}")
        power = 2 if label == "features" else 1
        floor = [1e3 * times[-1][1] * (size / sizes[-1]) ** power for size in sizes]
        panel.loglog(sizes, floor, "k:", label="d²" if power == 2 else "linear")
        panel.set_xlabel(label)
        panel.legend(fontsize="small")
    panels[0].set_ylabel("milliseconds of one EM iteration")
    for suffix in ("svg", "png"):
        figure.savefig(f"{output}.{suffix}", dpi=120)
    click.echo(f"\nControl: pure arithmetic gets {2 * alone / together:.2f} times as much done on two threads.\n")
    click.echo("\n".join(report.conditions_table(conditions)))


if __name__ == "__main__":
    main()
