"""Seconds of one EM iteration: gmmx beside scikit-learn, oneDAL, Armadillo and the JAX library gmmx.

Same rows, same start, same number of iterations, same processors. Each peer runs in processes of its own, in rounds
that take turns; what a fit costs apart from its iterations cancels in the difference of a long and a short fit. The
log-likelihood of every result is computed by scikit-learn and must agree before a ratio is printed.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, field
from pathlib import Path

import click
import machine
import numpy as np
import problems
import report
from sklearn.mixture import GaussianMixture

WORKERS = Path(__file__).resolve().parent / "workers"


@dataclass(frozen=True)
class Peer:
    """One side: its module or source in workers/, what it can fit, and how near its log-likelihood must be.

    `tolerance` is absolute, for the mean log-likelihood of a row; `relative` ones are times its size, at least one.
    In float32 rounding alone moves it: by some 1e-7 of the log-densities summed, and more after several iterations.
    """

    name: str
    module: str
    types: tuple = ("full", "tied", "diag", "spherical")
    tolerance: float = 1e-6
    relative: bool = False

    def agrees(self, log_likelihood, expected):
        """Return whether this peer's result agrees with the others."""
        return abs(log_likelihood - expected) <= self.tolerance * (max(1.0, abs(expected)) if self.relative else 1.0)


PEERS = [
    Peer("gmmx", "native"),
    Peer("gmmx float32", "native_float32", tolerance=1e-5, relative=True),
    Peer("scikit-learn", "scikit_learn"),
    Peer("oneDAL", "one_dal", types=("full", "diag")),
    # Regularises what it finds too narrow, and stops early where nothing changes any more.
    Peer("Armadillo", "armadillo", types=("full", "diag"), tolerance=1e-5),
    Peer("JAX gmmx float32", "jax_gmmx", types=("full", "diag"), tolerance=1e-4, relative=True),
]
OURS, REFERENCE = "gmmx", "scikit-learn"
# Measured faster than later releases; it needs an older scikit-learn than gmmx does.
REQUIREMENTS = {
    "oneDAL": ["daal4py==2024.7.0", "scikit-learn==1.5.2", "packaging"],
    "JAX gmmx float32": ["gmmx"],
}


@dataclass
class Outcome:
    """What one peer showed on one shape; `trouble` says why there are no figures."""

    short: list = field(default_factory=list)
    long: list = field(default_factory=list)
    peaks: list = field(default_factory=list)
    version: str = ""
    log_likelihood: float = float("nan")
    trouble: str = ""


def make_environment(folder, requirements):
    """Make a virtual environment of these requirements, if there is none; its Python."""
    python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
    return str(python)


def compile_armadillo(folder):
    """Compile Armadillo's worker for this machine; its path."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise RuntimeError(f"no compiler {compiler}")
    program = str(Path(folder) / "armadillo")
    options = ["-std=c++17", "-O3", "-march=native", "-fopenmp"]
    done = subprocess.run(
        [compiler, *options, WORKERS / "armadillo.cpp", "-o", program, "-larmadillo"], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError("does not compile (Debian: libarmadillo-dev): " + done.stderr.strip().splitlines()[0])
    return program


def commands(chosen, pythons, scratch):
    """How to start each chosen peer, and of the absent ones why they are."""
    ready, absent = {}, {}
    for peer in chosen:
        script = str(WORKERS / "worker.py")
        if peer.module == "armadillo":
            try:
                ready[peer.name] = [compile_armadillo(scratch)]
            except RuntimeError as error:
                absent[peer.name] = str(error)
        elif peer.name not in REQUIREMENTS:
            ready[peer.name] = [sys.executable, script, peer.module]
        elif pythons.get(peer.name):
            ready[peer.name] = [pythons[peer.name], script, peer.module]
        else:
            absent[peer.name] = "no environment given"
    return ready, absent


def own_environment(python, variables):
    """Give the environment variables of a worker; another Python must not see this one's packages."""
    inherited = {name: value for name, value in os.environ.items() if python == sys.executable or name != "PYTHONPATH"}
    return {**inherited, **variables}


def run_once(command, arguments, variables, timeout):
    """One worker's answer, or one that holds an error."""
    try:
        done = subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=own_environment(command[0], variables),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done within {timeout:g} s"}
    lines = done.stdout.strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        last = done.stderr.strip().splitlines()[-1:] or [f"ended with status {done.returncode}"]
        return {"error": last[0]}


def mean_log_likelihood(folder, problem, covariance_type):
    """The judge: the mean log-likelihood at the parameters that a worker left, by scikit-learn in float64."""
    weights, means, covariances = (
        np.load(folder / "result" / f"{name}.npy").reshape(getattr(problem, name).shape)
        for name in ("weights", "means", "covariances")
    )
    model = GaussianMixture(len(weights), covariance_type=covariance_type)
    model.weights_, model.means_, model.covariances_ = weights / weights.sum(), means, covariances
    if covariance_type in ("full", "tied"):
        # precision = U U^T with U the transposed inverse of the lower Cholesky factor
        model.precisions_cholesky_ = np.swapaxes(np.linalg.inv(np.linalg.cholesky(covariances)), -1, -2)
    else:
        model.precisions_cholesky_ = 1.0 / np.sqrt(covariances)
    model.converged_ = True
    return float(model.score(problem.rows))


def measure(shape, chosen, ready, absent, options, variables, folder):
    """All rounds of one shape: an Outcome for each peer."""
    problem = problems.problem(shape, options["separation"], options["seed"])
    problem.save(folder)
    (folder / "result").mkdir(exist_ok=True)
    outcomes = {}
    for peer in chosen:
        trouble = absent.get(peer.name, "" if shape.covariance_type in peer.types else "does not have this type")
        outcomes[peer.name] = Outcome(trouble=trouble)
    arguments = [folder, shape.covariance_type, options["threads"], options["repeats"], 1, 1 + options["iterations"]]
    spent = dict.fromkeys(outcomes, 0.0)
    for round_number in range(options["rounds"]):
        for peer in chosen:
            outcome = outcomes[peer.name]
            if outcome.trouble or (round_number >= 2 and spent[peer.name] > options["patience"]):
                continue
            answer = run_once(ready[peer.name], arguments, variables, options["timeout"])
            if "error" in answer:
                outcome.trouble = answer["error"]
                continue
            outcome.short += answer["short"]
            outcome.long += answer["long"]
            spent[peer.name] += sum(answer["short"]) + sum(answer["long"])
            if answer["peak_mib"] is not None:
                outcome.peaks.append(answer["peak_mib"])
            outcome.version = answer["version"]
            if round_number == 0:
                outcome.log_likelihood = mean_log_likelihood(folder, problem, shape.covariance_type)
    return outcomes


def summary(shape, chosen, outcomes, iterations):
    """One record a peer, after the log-likelihoods were compared.

    Best: the difference of the best long and the best short fit; median: of the medians. A peer whose result is
    another one gets no time.
    """
    present = [peer.name for peer in chosen if not outcomes[peer.name].trouble]
    if OURS not in present:
        raise click.ClickException(f"{shape}: {OURS}: {outcomes[OURS].trouble}")
    expected = outcomes[REFERENCE if REFERENCE in present else OURS].log_likelihood
    records = []
    for peer in chosen:
        outcome = outcomes[peer.name]
        record = {"shape": str(shape), "peer": peer.name, "version": outcome.version, "trouble": outcome.trouble}
        records.append(record)
        if outcome.trouble:
            continue
        record["log_likelihood"] = outcome.log_likelihood
        record["difference"] = outcome.log_likelihood - expected
        if not peer.agrees(outcome.log_likelihood, expected):
            record["trouble"] = f"another result: {record['difference']:+.1e} in log-likelihood a row"
            if peer.name == OURS:
                raise click.ClickException(f"{shape}: {OURS}: {record['trouble']}")
            continue
        record["best"] = (min(outcome.long) - min(outcome.short)) / iterations
        record["median"] = (statistics.median(outcome.long) - statistics.median(outcome.short)) / iterations
        record["runs"] = len(outcome.long)
        record["peak_mib"] = max(outcome.peaks, default=None)
        if record["best"] <= 0 or record["median"] <= 0:
            record["trouble"] = "too short to tell"
    return records


def write_report(records, conditions, output):
    """Write tables, numbers and picture; the tables."""
    versions = {record["peer"]: record["version"] for record in records if record["version"]}
    text = report.markdown(records, {**conditions, **versions}, OURS)
    Path(f"{output}.md").write_text(text)
    Path(f"{output}.json").write_text(json.dumps({"conditions": conditions, "records": records}, indent=1))
    report.picture(records, [f"{output}.svg", f"{output}.png"])
    return text


@click.command(help=__doc__)
@click.option("--shape", "shapes", multiple=True, help="ROWSxFEATURESxCOMPONENTS:TYPE; may be repeated. Default: all.")
@click.option(
    "--peers", "names", default=",".join(peer.name for peer in PEERS), show_default=True, help="gmmx always runs."
)
@click.option("--quick", is_flag=True, help="Tiny shapes, one round: does everything run?")
@click.option("--rounds", default=5, show_default=True, help="Processes a peer and shape.")
@click.option("--repeats", default=2, show_default=True, help="Timed pairs of fits a process.")
@click.option("--iterations", default=5, show_default=True, help="EM iterations that the long fit has more.")
@click.option("--threads", default=2, show_default=True)
@click.option("--separation", default=3.0, show_default=True, help="Of the clusters; larger: less overlap.")
@click.option("--seed", default=0, show_default=True)
@click.option("--patience", default=60.0, show_default=True, help="Seconds a peer and shape; two rounds run anyway.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds for one process.")
@click.option("--onedal", metavar="PYTHON", help="Python of an environment that has daal4py.")
@click.option("--jax", metavar="PYTHON", help="Python of an environment that has the JAX library gmmx.")
@click.option("--make-environments", metavar="DIR", help="Make those two environments there, or use them.")
@click.option(
    "--output", default="peers", show_default=True, help="Writes OUTPUT.md, OUTPUT.json, OUTPUT.svg and .png."
)
def main(shapes, names, quick, onedal, jax, make_environments, output, **options):
    """Run, compare and write the report."""
    if quick:
        options.update(rounds=1, repeats=1)
    wanted = [name.strip() for name in names.split(",")]
    unknown = set(wanted) - {peer.name for peer in PEERS}
    if unknown:
        raise click.BadParameter(f"no such peers: {', '.join(sorted(unknown))}")
    chosen = [peer for peer in PEERS if peer.name in {*wanted, OURS}]
    try:
        chosen_shapes = [problems.Shape.parse(text) for text in shapes]
        machine.keep_to_processors(options["threads"])
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    chosen_shapes = chosen_shapes or (problems.QUICK_SHAPES if quick else problems.SHAPES)
    pythons = {"oneDAL": onedal, "JAX gmmx float32": jax}
    if make_environments:
        for name, requirements in REQUIREMENTS.items():
            if name in wanted and not pythons[name]:
                folder = Path(make_environments).resolve() / name.split()[0].lower()
                try:
                    pythons[name] = make_environment(folder, requirements)
                except subprocess.CalledProcessError as error:
                    click.echo(f"{name}: the environment cannot be made: {error}", err=True)
    conditions = machine.conditions(options["threads"])
    variables = machine.thread_variables(options["threads"])
    conditions["options"] = ", ".join(f"{name} {value:g}" for name, value in options.items())
    records = []
    with tempfile.TemporaryDirectory() as scratch:
        ready, absent = commands(chosen, pythons, scratch)
        for shape in chosen_shapes:
            outcomes = measure(shape, chosen, ready, absent, options, variables, Path(scratch))
            records += summary(shape, chosen, outcomes, options["iterations"])
            click.echo(report.lines_of(records[-len(chosen) :]), err=True)
            text = write_report(records, conditions, output)  # after each shape: a run may be cut short
    click.echo(text)


if __name__ == "__main__":
    main()
