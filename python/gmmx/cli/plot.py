"""``gmmx plot``: pictures of a fitted mixture, or of a search over mixtures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gmmx.cli.column_selection import split_names
from gmmx.cli.commands import REQUIRED, argument, option
from gmmx.cli.console import FAILED, print_json, print_note, print_written, stop, unreadable
from gmmx.cli.input import load_model, open_table
from gmmx.cli.options import ModelDataOptions, WritingOptions
from gmmx.cli.output import Outputs, save_figure
from gmmx.io.csv_text import DataFileError


@dataclass(frozen=True, kw_only=True)
class PlotOptions(ModelDataOptions, WritingOptions):
    """The options of ``gmmx plot``."""

    data: str | None = argument("[DATA]", default=None)  # type: ignore[assignment]  # alone among the commands
    output: str = option(
        "Where the picture goes: .png, .svg or .pdf.", "-o", "--output", metavar="FILE", default=REQUIRED
    )
    kind: str | None = option(
        "Kind of picture; more than two columns are drawn in pairs.  [default: classification; without DATA density, "
        "of a .json file criterion]",
        choices=("classification", "uncertainty", "density", "pairs", "criterion"),
    )
    draw: str | None = option(
        "Features to draw.  [default: all that vary, at most the six that separate the components most]",
        metavar="A,B,...",
    )
    title: str | None = option("Title of the picture.  [default: what it shows]", metavar="TEXT")


def plot(options: PlotOptions) -> None:
    """Draw the mixture in MODEL with the rows of DATA.

    Kinds: classification, rows by their component; uncertainty, rows the larger the less certain that is; density, the
    mixture itself, for which DATA may be absent; pairs, classification in every pair of columns; criterion, for which
    MODEL is what gmmx select --json printed, and DATA is absent. More than 100,000 rows are subsampled.

    Examples
    --------
    gmmx plot mixture.safetensors faithful.csv --output faithful.png
    gmmx plot mixture.safetensors --kind density --draw waiting -o waiting.svg
    gmmx plot selection.json --kind criterion -o bic.pdf
    """
    inputs = {"MODEL": options.model, **({} if options.data is None else {"DATA": options.data})}
    Outputs(inputs, force=options.force).check_plot("--output", options.output)
    is_selection = options.kind == "criterion" or (options.kind is None and options.model.lower().endswith(".json"))
    try:
        figure = _criterion(options) if is_selection else _mixture(options)
    except DataFileError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise stop(f"the picture cannot be drawn: {error}", FAILED) from error
    save_figure(figure, options.output)
    written = {"plot": options.output}
    if options.as_json:
        print_json({"model": options.model, "data": options.data, "written": written})
    else:
        print_written(written)


def _mixture(options: PlotOptions) -> Any:
    """Draw a mixture."""
    from gmmx import plot

    kind = options.kind or ("density" if options.data is None else "classification")
    if options.data is None and kind != "density":
        raise stop(f"--kind {kind} shows rows; name DATA after MODEL, or draw --kind density")
    model, features = load_model(options.model)
    names = features.column_names()
    rows = None
    if options.data is not None:
        with open_table(options, features) as table:
            rows = table.sample()
        if table.count.n_dropped:
            print_note(table.count.dropped())
        if table.file.has_header or features.names is None:
            names = table.names
    drawn = list(names) if options.draw is None else split_names(options.draw, "--draw")
    for name in drawn:
        if name not in names:
            raise stop(f"--draw names {name!r}, but the features are {', '.join(names)}")
    shared: dict[str, Any] = {"columns": None if options.draw is None else drawn, "title": options.title}
    X, weights = (None, None) if rows is None else (rows.X, rows.sample_weight)
    return getattr(plot, kind)(model, X, feature_names=names, sample_weight=weights, **shared).figure


def _criterion(options: PlotOptions) -> Any:
    """Draw what ``gmmx select --json`` printed."""
    from gmmx import plot

    if options.data is not None:
        raise stop("--kind criterion draws the document of gmmx select --json, with no DATA after it")
    try:
        with open(options.model, encoding="utf-8") as file:
            document = json.load(file)
        columns = {name: [record[name] for record in document["results"]] for name in document["results"][0]}
        selection = SimpleNamespace(
            results_={
                name: np.array(values, dtype=np.float64 if None in values else None)  # numbers, some of them missing
                for name, values in columns.items()
            },
            best_index_=document["best_index"],
            criterion=document["criterion"],
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise stop(
            f"{options.model} is not what gmmx select --json printed; make that by: "
            f"gmmx select DATA --json > selection.json"
        ) from error
    except OSError as error:
        raise stop(unreadable(options.model, error)) from error
    return plot.criterion(selection, selection.criterion, title=options.title).figure
