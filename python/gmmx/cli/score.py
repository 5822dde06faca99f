"""``gmmx score``: how well a fitted mixture describes rows."""

from __future__ import annotations

from dataclasses import dataclass

from gmmx.cli.console import print_json, print_line, print_pairs
from gmmx.cli.input import load_model, open_table
from gmmx.cli.options import JsonOptions, ModelDataOptions, jobs_option
from gmmx.em import criteria
from gmmx.validation import Rows, check_rows, thread_count


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(ModelDataOptions, JsonOptions):
    """The options of ``gmmx score``."""

    jobs: int | None = jobs_option()


def score(options: ScoreOptions) -> None:
    """Print the log-likelihood of DATA under the mixture in MODEL, and the criteria BIC, ICL and AIC.

    The smaller a criterion, the better. DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard input; it may
    be larger than memory. Columns are found by the names of the model's features, in any order, or by their place if
    there are no names. gmmx predict --log-density writes the log-density of each row.

    Examples
    --------
    gmmx score mixture.safetensors faithful.csv
    gmmx score mixture.safetensors survey.csv --weight-column weight
    gmmx score mixture.safetensors faithful.csv --json
    """
    model, features = load_model(options.model)
    log_likelihood = log_certainty = 0.0
    with open_table(options, features) as table:
        for rows in table.blocks("scoring", quiet=options.as_json):
            if len(rows.X) and (rows.sample_weight is None or rows.sample_weight.any()):
                weighted = Rows(check_rows(rows.X), rows.sample_weight, thread_count(options.jobs))
                with table.naming(rows):
                    log_likelihood += criteria.log_likelihood(weighted, model.mixture_)
                    log_certainty += criteria.log_certainty(weighted, model.mixture_)
    n_parameters, total_weight = model.n_parameters_, table.count.total_weight
    document = {
        "log_likelihood": log_likelihood,
        "log_likelihood_per_row": log_likelihood / total_weight,
        "bic": criteria.bic(log_likelihood, n_parameters, total_weight),
        "icl": criteria.icl(log_likelihood, n_parameters, total_weight, log_certainty),
        "aic": criteria.aic(log_likelihood, n_parameters),
        "n_parameters": n_parameters,
    }
    if options.as_json:
        print_json({"model": options.model, **table.describe(), **document})
        return
    table.print()
    print_line()
    print_pairs(
        {
            "log-likelihood": f"{log_likelihood:.6f} ({document['log_likelihood_per_row']:.6f} per row)",
            "BIC": f"{document['bic']:.4f}",
            "ICL": f"{document['icl']:.4f}",
            "AIC": f"{document['aic']:.4f} ({n_parameters} free parameters)",
        }
    )
