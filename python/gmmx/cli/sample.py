"""``gmmx sample``: random rows from a fitted mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.cli.console import UNUSABLE, columns, open_console, progress_bar, rows, say, say_written, stop
from gmmx.cli.input import load_model
from gmmx.cli.options import RowsOptions, rows_options, seed_option
from gmmx.cli.output import Outputs, Write, emit

if TYPE_CHECKING:
    import click

SAMPLE_EXAMPLES = """\b
Examples:
  gmmx sample mixture.safetensors 5
  gmmx sample mixture.safetensors 1000000 --seed 7 --labels --output drawn.parquet
  gmmx sample mixture.safetensors 272 | gmmx fit - --components 2
"""

MOST_ROWS = 10**12
_NUMBERS_AT_ONCE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SampleOptions(RowsOptions):
    """What ``gmmx sample`` was asked to do; one field an option, and its default."""

    model: str
    count: int
    seed: int = 0
    labels: bool = False


def sample_command() -> click.Command:
    """Build the command ``gmmx sample``."""
    import click

    @click.command("sample", epilog=SAMPLE_EXAMPLES)
    @click.argument("model", metavar="MODEL")
    @click.argument("count", metavar="N", type=click.IntRange(1, MOST_ROWS))
    @seed_option("Seed of the draws: the same seed gives the same rows.")
    @click.option("--labels", is_flag=True, help="Write the component of each row too, as column component.")
    @rows_options("the rows")
    def sample(**options: Any) -> None:
        """Draw N random rows from the mixture in MODEL.

        They come in random order, in columns of the names of the model's features, or column_1, column_2, ...
        """
        run_sample(SampleOptions(**options))

    return sample


def run_sample(options: SampleOptions) -> None:
    """Load the model, draw and write part by part, tell.

    Parameters
    ----------
    options : SampleOptions
        What to do.

    Raises
    ------
    click.ClickException
        With a message of one line.
    """
    outputs = Outputs({"MODEL": options.model}, force=options.force)
    output_format = outputs.check_rows("--output", options.output, options.output_format)
    model, features = load_model(options.model)
    names = features.names or tuple(f"column_{index + 1}" for index in range(features.count))
    by_column = output_format not in ("npy", "npz") and not (options.as_json and options.to_stream)
    if options.labels and "component" in names and by_column:
        raise stop(
            f"--labels writes the column component, but {options.model} has a feature of this name; write a .npz file, "
            "in which they stand apart, or leave --labels out",
            UNUSABLE,
        )
    layout = {"X": names, **({"component": ["component"]} if options.labels else {})}

    def put(write: Write) -> None:
        rng = np.random.default_rng(options.seed)
        most = max(1, _NUMBERS_AT_ONCE // features.count)
        with progress_bar("drawing", quiet=options.quiet) as update:
            for begin in range(0, options.count, most):
                n_rows = min(most, options.count - begin)
                X, labels = model.sample(n_rows, random_state=rng)
                order = rng.permutation(n_rows)  # they come one component after the other
                write(*[X[order], labels[order]][: len(layout)])
                update(begin + n_rows, (begin + n_rows) / options.count)

    facts = {"model": options.model, "n_samples": options.count, "seed": options.seed, "columns": list(names)}
    emit(options, output_format, layout, put, lambda: facts)
    if options.tells:
        console = open_console()
        say(console, f"{rows(options.count)} x {columns(len(names))} from {options.model}, seed {options.seed}")
        say_written(console, {"rows": options.output})
