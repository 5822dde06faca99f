"""``gmmx score``: how well a fitted mixture describes rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gmmx.cli.console import open_console, print_json, say_facts
from gmmx.cli.input import RowCount, describe_data, load_model, naming_row, open_table, say_data
from gmmx.cli.options import MODEL_COLUMNS, DataOptions, check_jobs, data_options, ending_options, jobs_option
from gmmx.em import criteria

if TYPE_CHECKING:
    import click

SCORE_EXAMPLES = """\b
Examples:
  gmmx score mixture.safetensors faithful.csv
  gmmx score mixture.safetensors survey.csv --weight-column weight
  gmmx score mixture.safetensors faithful.csv --json
"""


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(DataOptions):
    """What ``gmmx score`` was asked to do; one field an option, and its default."""

    model: str
    jobs: int | None = None
    as_json: bool = False


def score_command() -> click.Command:
    """Build the command ``gmmx score``."""
    import click

    @click.command("score", epilog=SCORE_EXAMPLES)
    @click.argument("model", metavar="MODEL")
    @click.argument("data", metavar="DATA")
    @jobs_option()
    @data_options(columns=MODEL_COLUMNS)
    @ending_options(force=False)
    def score(**options: Any) -> None:
        """Print the log-likelihood of DATA under the mixture in MODEL, and the criteria BIC, ICL and AIC.

        Of the criteria the smaller is the better. DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard
        input; it may be larger than memory. Columns are found by the names of the model's features, in any order, or
        where there are no names by their place. gmmx predict --log-density tells the same of each row.
        """
        run_score(ScoreOptions(**options))

    return score


def run_score(options: ScoreOptions) -> None:
    """Load the model, read part by part, add up, tell.

    Parameters
    ----------
    options : ScoreOptions
        What to do.

    Raises
    ------
    click.ClickException, DataFileError
        With a message of one line.
    """
    check_jobs(options.jobs)
    model, features = load_model(options.model)
    model.set_params(n_jobs=options.jobs)
    counted, log_likelihood, log_certainty = RowCount(), 0.0, 0.0
    with open_table(options, features) as table:
        for piece in table.blocks("scoring", quiet=options.as_json):
            n_before = counted.n_read
            counted.add(piece)
            if len(piece.X) and (piece.sample_weight is None or piece.sample_weight.any()):
                with naming_row(table, n_before, piece.kept):
                    _, sums = model._sums(piece.X, piece.sample_weight, criteria.log_likelihood, criteria.log_certainty)
                log_likelihood += sums[0]
                log_certainty += sums[1]
    n_parameters = model._n_parameters()
    bic = -2.0 * log_likelihood + n_parameters * math.log(counted.total_weight)
    scores = {
        "log_likelihood": log_likelihood,
        "log_likelihood_per_row": log_likelihood / counted.total_weight,
        "bic": bic,
        "icl": bic - 2.0 * log_certainty,
        "aic": -2.0 * log_likelihood + 2.0 * n_parameters,
        "n_parameters": n_parameters,
    }
    if options.as_json:
        print_json({"model": options.model, **describe_data(table, counted), **scores})
        return
    console = open_console()
    say_data(table, counted, options, console)
    console.print()
    say_facts(
        console,
        {
            "log-likelihood": f"{log_likelihood:.6f} ({scores['log_likelihood_per_row']:.6f} per row)",
            "BIC": f"{scores['bic']:.4f}",
            "ICL": f"{scores['icl']:.4f}",
            "AIC": f"{scores['aic']:.4f} ({n_parameters} free parameters)",
        },
    )
