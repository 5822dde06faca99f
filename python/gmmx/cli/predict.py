"""``gmmx predict``: what a fitted mixture says of each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.console import UNUSABLE, grid, hint, open_console, say_written, stop
from gmmx.cli.input import (
    RowCount,
    Rows,
    describe_data,
    dropped,
    load_model,
    naming_row,
    open_table,
    say_data,
    with_gaps,
)
from gmmx.cli.options import (
    MODEL_COLUMNS,
    DataOptions,
    RowsOptions,
    check_jobs,
    data_options,
    jobs_option,
    rows_options,
)
from gmmx.cli.output import Columns, Outputs, Write, emit

if TYPE_CHECKING:
    import click

PREDICT_EXAMPLES = """\b
Examples:
  gmmx predict mixture.safetensors faithful.csv --output labels.csv
  gmmx predict mixture.safetensors faithful.csv --proba --log-density -o scored.parquet
  gmmx predict mixture.safetensors - --log-density < faithful.csv | sort -t, -k2,2g | head
"""

_NUMBERS_AT_ONCE = 1 << 22


@dataclass(frozen=True, kw_only=True)
class PredictOptions(DataOptions, RowsOptions):
    """What ``gmmx predict`` was asked to do; one field an option, and its default."""

    model: str
    label: bool = True
    proba: bool = False
    log_density: bool = False
    jobs: int | None = None


def predict_command() -> click.Command:
    """Build the command ``gmmx predict``."""
    import click

    @click.command("predict", epilog=PREDICT_EXAMPLES)
    @click.argument("model", metavar="MODEL")
    @click.argument("data", metavar="DATA")
    @click.option("--label/--no-label", default=True, help="Write the most likely component.  [default: yes]")
    @click.option("--proba", is_flag=True, help="Write the probability of each component: proba_0, proba_1, ...")
    @click.option("--log-density", is_flag=True, help="Write the logarithm of the density: log_density.")
    @jobs_option()
    @data_options(columns=MODEL_COLUMNS, weights=False)
    @rows_options("the predictions")
    def predict(**options: Any) -> None:
        """Tell which component of the mixture in MODEL each row of DATA belongs to.

        MODEL is a file that gmmx fit --model or GaussianMixture.save wrote. DATA is a CSV, TSV, Parquet, NPY or NPZ
        file, or - for standard input; it may be larger than memory. Columns are found by the names of the model's
        features, in any order, or where there are no names by their place. The output has a row for each row of DATA:
        the column component, from 0, and what else is asked for. Rows that --drop-missing leaves out are empty there;
        NumPy's files hold component -1 and NaN.
        """
        run_predict(PredictOptions(**options))

    return predict


def run_predict(options: PredictOptions) -> None:
    """Load the model, read, predict and write part by part, then tell.

    Parameters
    ----------
    options : PredictOptions
        What to do.

    Raises
    ------
    click.ClickException, DataFileError
        With a message of one line.
    """
    check_jobs(options.jobs)
    if not (options.label or options.proba or options.log_density):
        raise stop("--no-label leaves nothing to write; add --proba or --log-density", UNUSABLE)
    outputs = Outputs({"MODEL": options.model, "DATA": options.data}, force=options.force)
    output_format = outputs.check_rows("--output", options.output, options.output_format)
    model, features = load_model(options.model)
    model.set_params(n_jobs=options.jobs)
    columns = _columns(model.n_components, options)
    counted, sizes = RowCount(), np.zeros(model.n_components, dtype=np.int64)

    with open_table(options, features) as table:

        def put(write: Write) -> None:
            for piece in table.blocks("predicting", quiet=options.quiet):
                n_before = counted.n_read
                counted.add(piece)
                for X, kept in _parts(piece, model.n_components):
                    with naming_row(table, n_before, kept):
                        predictions = _predictions(model, X, columns)
                    n_before += len(X) if kept is None else len(kept)
                    write(*(with_gaps(values, kept) for values in predictions.values()))
                    if options.tells and len(X):
                        labels = predictions["component"] if options.label else model.predict(X)
                        sizes[:] += np.bincount(labels, minlength=len(sizes))

        emit(
            options,
            output_format,
            columns,
            put,
            lambda: {"model": options.model, **describe_data(table, counted)},
        )
    if counted.n_dropped and not options.tells:
        hint(dropped(counted))
    if options.tells:
        console = open_console()
        say_data(table, counted, options, console)
        console.print()
        shown = grid("component", "rows", "share")
        for k, size in enumerate(sizes):
            shown.add_row(str(k), f"{size:,}", f"{size / counted.n_samples:.1%}")
        console.print(shown)
        console.print()
        say_written(console, {"predictions": options.output})


def _columns(n_components: int, options: PredictOptions) -> Columns:
    columns: dict[str, list[str]] = {}
    if options.label:
        columns["component"] = ["component"]
    if options.proba:
        columns["proba"] = [f"proba_{k}" for k in range(n_components)]
    if options.log_density:
        columns["log_density"] = ["log_density"]
    return columns


def _predictions(model: Any, X: npt.NDArray[Any], columns: Columns) -> dict[str, npt.NDArray[Any]]:
    of = {"component": model.predict, "proba": model.predict_proba, "log_density": model.score_samples}
    if len(X):
        return {name: of[name](X) for name in columns}
    row = np.zeros((1, X.shape[1]), X.dtype)  # tells shapes and types
    return {name: of[name](row)[:0] for name in columns}


def _parts(rows: Rows, n_components: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]]:
    """Cut rows so that what is said of them stays small, however many components there are."""
    size = max(1, _NUMBERS_AT_ONCE // n_components)
    if rows.kept is None:
        for begin in range(0, len(rows.X), size):
            yield rows.X[begin : begin + size], None
        return
    n_before = 0
    for begin in range(0, len(rows.kept), size):
        kept = rows.kept[begin : begin + size]
        n_kept = int(kept.sum())
        yield rows.X[n_before : n_before + n_kept], kept
        n_before += n_kept
