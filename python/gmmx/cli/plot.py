"""``gmmx plot``: pictures of a fitted mixture, or of a choice among mixtures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.cli.column_selection import split_names
from gmmx.cli.console import FAILED, UNUSABLE, hint, open_console, print_json, say_written, stop
from gmmx.cli.input import Table, dropped, load_model, open_table
from gmmx.cli.options import MODEL_COLUMNS, DataOptions, data_options, ending_options
from gmmx.cli.output import Outputs, save_figure
from gmmx.io.csv_text import DataFileError

if TYPE_CHECKING:
    import click

KINDS = ("classification", "uncertainty", "density", "pairs", "criterion")
PLOT_EXAMPLES = """\b
Examples:
  gmmx plot mixture.safetensors faithful.csv --output faithful.png
  gmmx plot mixture.safetensors --kind density --draw waiting -o waiting.svg
  gmmx plot selection.json --kind criterion -o bic.pdf
"""


@dataclass(frozen=True, kw_only=True)
class PlotOptions(DataOptions):
    """What ``gmmx plot`` was asked to do; one field an option, and its default."""

    model: str
    data: str | None = None  # type: ignore[assignment]  # alone among the commands it can do without
    output: str
    kind: str | None = None
    draw: str | None = None
    title: str | None = None
    as_json: bool = False
    force: bool = False


def plot_command() -> click.Command:
    """Build the command ``gmmx plot``."""
    import click

    @click.command("plot", epilog=PLOT_EXAMPLES)
    @click.argument("model", metavar="MODEL")
    @click.argument("data", metavar="[DATA]", required=False)
    @click.option("-o", "--output", metavar="FILE", required=True, help="Where the picture goes: .png, .svg or .pdf.")
    @click.option(
        "--kind",
        type=click.Choice(KINDS),
        help="What is drawn; of more than two columns, every pair.  [default: classification; without DATA density, "
        "of a .json file criterion]",
    )
    @click.option(
        "--draw",
        metavar="A,B,...",
        help="Features to draw.  [default: all that vary, at most the six that separate the components most]",
    )
    @click.option("--title", metavar="TEXT", help="Title of the picture.  [default: what it shows]")
    @data_options(columns=MODEL_COLUMNS)
    @ending_options()
    def plot(**options: Any) -> None:
        """Draw the mixture in MODEL with the rows of DATA.

        Kinds: classification, rows by their component; uncertainty, rows the larger the less certain that is;
        density, the mixture itself, for which DATA may be absent; pairs, classification in every pair of columns;
        criterion, for which MODEL is what gmmx select --json printed, and DATA is absent. Of more than 100,000 rows
        a random choice is drawn.
        """
        run_plot(PlotOptions(**options))

    return plot


def run_plot(options: PlotOptions) -> None:
    """Load, read, draw, tell.

    Parameters
    ----------
    options : PlotOptions
        What to do.

    Raises
    ------
    click.ClickException, DataFileError
        With a message of one line.
    """
    inputs = {"MODEL": options.model, **({} if options.data is None else {"DATA": options.data})}
    Outputs(inputs, force=options.force).check_plot("--output", options.output)
    is_selection = options.kind == "criterion" or (options.kind is None and options.model.lower().endswith(".json"))
    try:
        figure = _criterion(options) if is_selection else _mixture(options)
    except (ValueError, ArithmeticError) as error:
        if isinstance(error, DataFileError):
            raise
        raise stop(f"the picture cannot be drawn: {error}", FAILED) from error
    save_figure(figure, options.output)
    written = {"plot": options.output}
    if options.as_json:
        print_json({"model": options.model, "data": options.data, "written": written})
    else:
        say_written(open_console(), written)


def _mixture(options: PlotOptions) -> Any:
    """Draw a mixture."""
    from gmmx import plot

    kind = options.kind or ("density" if options.data is None else "classification")
    if options.data is None and kind != "density":
        raise stop(f"--kind {kind} shows rows; name DATA after MODEL, or draw --kind density", UNUSABLE)
    model, features = load_model(options.model)
    names = features.names or tuple(f"column_{index + 1}" for index in range(features.count))
    table: Table | None = None
    if options.data is not None:
        with open_table(options, features) as opened:
            table = opened.sample()
        if (counted := table.count()).n_dropped:
            hint(dropped(counted))
        if table.has_header or features.names is None:
            names = table.names
    drawn = list(names) if options.draw is None else split_names(options.draw, "--draw")
    for name in drawn:
        if name not in names:
            raise stop(f"--draw names {name!r}, but the features are {', '.join(names)}", UNUSABLE)
    X, weights = (None, None) if table is None else (table.values, table.weights)
    shared: dict[str, Any] = {
        "columns": None if options.draw is None else drawn,
        "feature_names": names,
        "sample_weight": weights,
        "title": options.title,
    }
    return getattr(plot, kind)(model, X, **shared).figure


def _criterion(options: PlotOptions) -> Any:
    """Draw what ``gmmx select --json`` printed."""
    from gmmx import plot

    if options.data is not None:
        raise stop("--kind criterion takes what gmmx select --json printed, and no DATA after it", UNUSABLE)
    try:
        with open(options.model, encoding="utf-8") as file:
            document = json.load(file)
        columns = {name: [record[name] for record in document["results"]] for name in document["results"][0]}
        selection = SimpleNamespace(
            results_={name: np.array(values, dtype=_type_of(values)) for name, values in columns.items()},
            best_index_=document["best_index"],
            criterion=document["criterion"],
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise stop(
            f"{options.model} is not what gmmx select --json printed; make that by: "
            f"gmmx select DATA --json > selection.json",
            UNUSABLE,
        ) from error
    except OSError as error:
        raise stop(f"{options.model} cannot be read: {error.strerror or error}", UNUSABLE) from error
    return plot.criterion(selection, selection.criterion, title=options.title).figure


def _type_of(values: list[Any]) -> Any:
    """Return float64 for numbers of which some are missing, else what NumPy finds."""
    return np.float64 if None in values else None
