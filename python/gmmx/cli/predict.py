"""``gmmx predict``: component, probabilities and density of each row under a fitted mixture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._text_tables import text_table
from gmmx.cli.commands import option
from gmmx.cli.console import print_line, print_lines, print_note, print_written, stop
from gmmx.cli.input import load_model, open_table
from gmmx.cli.options import ModelDataOptions, RowsOptions, jobs_option
from gmmx.cli.output import Columns, Outputs, emitting

_NUMBERS_AT_ONCE = 1 << 22


@dataclass(frozen=True, kw_only=True)
class PredictOptions(ModelDataOptions, RowsOptions):
    """The options of ``gmmx predict``."""

    weight_column: None = field(default=None, metadata={"made": None})  # not an option here
    label: bool = option("Write the most likely component.  [default: yes]", "--label/--no-label", default=True)
    proba: bool = option("Write the probability of each component: proba_0, proba_1, ...", default=False)
    log_density: bool = option("Write the logarithm of the density: log_density.", default=False)
    jobs: int | None = jobs_option()


def predict(options: PredictOptions) -> None:
    """Write the component of the mixture in MODEL that each row of DATA belongs to.

    MODEL is a file that gmmx fit --model or GaussianMixture.save wrote. DATA is a CSV, TSV, Parquet, NPY or NPZ file,
    or - for standard input; it may be larger than memory. Columns are found by the names of the model's features, in
    any order, or by their place if there are no names. The output has a row for each row of DATA: the column component,
    from 0, and what else is asked for. Rows that --drop-missing leaves out are empty there; NumPy's files hold
    component -1 and NaN.

    Examples
    --------
    gmmx predict mixture.safetensors faithful.csv --output labels.csv
    gmmx predict mixture.safetensors faithful.csv --proba --log-density -o scored.parquet
    gmmx predict mixture.safetensors - --log-density < faithful.csv | sort -t, -k2,2g | head
    """
    if not (options.label or options.proba or options.log_density):
        raise stop("--no-label leaves nothing to write; add --proba or --log-density")
    outputs = Outputs({"MODEL": options.model, "DATA": options.data}, force=options.force)
    output_format = outputs.check_rows("--output", options.output, options.output_format)
    model, features = load_model(options.model)
    model.set_params(n_jobs=options.jobs)
    n_components = model.n_components
    columns = {
        "component": ["component"] if options.label else [],
        "proba": [f"proba_{k}" for k in range(n_components)] if options.proba else [],
        "log_density": ["log_density"] if options.log_density else [],
    }
    columns = {name: names for name, names in columns.items() if names}
    sizes = np.zeros(n_components, dtype=np.int64)
    with (
        open_table(options, features) as table,
        emitting(options, output_format, columns, lambda: {"model": options.model, **table.describe()}) as write,
    ):
        for block in table.blocks("predicting", quiet=options.quiet):
            for rows in block.split(max(1, _NUMBERS_AT_ONCE // n_components)):
                with table.naming(rows):
                    predictions = _predictions(model, rows.X, columns)
                write(*map(rows.with_gaps, predictions.values()))
                if options.prints_report and len(rows.X):
                    labels = predictions["component"] if options.label else model.predict(rows.X)
                    sizes += np.bincount(labels, minlength=n_components)
    if options.prints_report:
        table.print()
        print_line()
        cells = [(str(k), f"{size:,}", f"{size / table.count.n_samples:.1%}") for k, size in enumerate(sizes)]
        print_lines([*text_table(["component", "rows", "share"], cells), ""])
        print_written({"predictions": options.output})
    elif table.count.n_dropped:
        print_note(table.count.dropped())


def _predictions(model: Any, X: npt.NDArray[Any], columns: Columns) -> dict[str, npt.NDArray[Any]]:
    of = {"component": model.predict, "proba": model.predict_proba, "log_density": model.score_samples}
    if len(X):
        return {name: of[name](X) for name in columns}
    row = np.zeros((1, X.shape[1]), X.dtype)  # gives shapes and types
    return {name: of[name](row)[:0] for name in columns}
