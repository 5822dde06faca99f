"""``gmmx sample``: random rows from a fitted mixture."""

from __future__ import annotations

from dataclasses import dataclass

import click
import numpy as np

from gmmx._text_tables import counted
from gmmx.cli.commands import argument, option
from gmmx.cli.console import print_line, print_written, progress_bar, stop
from gmmx.cli.input import load_model
from gmmx.cli.options import RowsOptions, seed_option
from gmmx.cli.output import Outputs, emitting

_NUMBERS_AT_ONCE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SampleOptions(RowsOptions):
    """The options of ``gmmx sample``."""

    model: str = argument("MODEL")
    count: int = argument("N", type=click.IntRange(1, 10**12))
    seed: int = seed_option("Seed of the random numbers: the same seed gives the same rows.")
    labels: bool = option("Write the component of each row too, as column component.", default=False)


def sample(options: SampleOptions) -> None:
    """Draw N random rows from the mixture in MODEL.

    They come in random order, in columns with the names of the model's features, or column_1, column_2, ...

    Examples
    --------
    gmmx sample mixture.safetensors 5
    gmmx sample mixture.safetensors 1000000 --seed 7 --labels --output drawn.parquet
    gmmx sample mixture.safetensors 272 | gmmx fit - --components 2
    """
    outputs = Outputs({"MODEL": options.model}, force=options.force)
    output_format = outputs.check_rows("--output", options.output, options.output_format)
    model, features = load_model(options.model)
    names = features.column_names()
    by_column = output_format not in ("npy", "npz") and not (options.as_json and options.to_stream)
    if options.labels and "component" in names and by_column:
        raise stop(
            f"--labels writes the column component, but {options.model} has a feature of this name; write a .npz file, "
            "in which they stand apart, or leave --labels out"
        )
    columns = {"X": names, **({"component": ["component"]} if options.labels else {})}
    document = {"model": options.model, "n_samples": options.count, "seed": options.seed, "columns": list(names)}
    rng = np.random.default_rng(options.seed)
    most = max(1, _NUMBERS_AT_ONCE // features.count)
    with (
        emitting(options, output_format, columns, lambda: document) as write,
        progress_bar("drawing", quiet=options.quiet) as update,
    ):
        for begin in range(0, options.count, most):
            n_rows = min(most, options.count - begin)
            X, labels = model.sample(n_rows, random_state=rng)
            order = rng.permutation(n_rows)  # they come one component after the other
            write(*[X[order], labels[order]][: len(columns)])
            update(counted(begin + n_rows, "row"), (begin + n_rows) / options.count)
    if options.prints_report:
        size = f"{counted(options.count, 'row')} x {counted(len(names), 'column')}"
        print_line(f"{size} from {options.model}, seed {options.seed}")
        print_written({"rows": options.output})
