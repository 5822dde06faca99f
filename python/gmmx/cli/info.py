"""``gmmx info``: the content of a model file."""

from __future__ import annotations

from dataclasses import dataclass

from gmmx._text_tables import counted
from gmmx.cli.commands import argument
from gmmx.cli.console import finite, print_json, print_line, print_mixture, print_pairs
from gmmx.cli.input import load_model
from gmmx.cli.options import JsonOptions
from gmmx.mixture._mixture_report import NamedMixture, fit_summary


@dataclass(frozen=True, kw_only=True)
class InfoOptions(JsonOptions):
    """The options of ``gmmx info``."""

    model: str = argument("MODEL")


def info(options: InfoOptions) -> None:
    """Print the mixture in MODEL, and what is known of the fit that gave it.

    MODEL is a file that gmmx fit --model or GaussianMixture.save wrote, or a checkpoint of fit_batches.

    Examples
    --------
    gmmx info mixture.safetensors
    gmmx info mixture.safetensors --json > mixture.json
    """
    from gmmx.io.model_file import read_model

    model, features = load_model(options.model)
    record = read_model(options.model)
    mixture = NamedMixture.of(model, features.column_names())
    if options.as_json:
        print_json(
            {
                "model": options.model,
                "written_by": record.gmmx_version,
                "n_components": model.n_components,
                "n_features": features.count,
                "feature_names": None if features.names is None else list(features.names),
                "covariance_type": model.covariance_type,
                "dtype": str(model.means_.dtype),
                "n_parameters": model.n_parameters_,
                "log_likelihood": finite(float(model.log_likelihood_)),
                "lower_bound": finite(float(model.lower_bound_)),
                "n_iter": model.n_iter_,
                "converged": model.converged_,
                "is_checkpoint": record.checkpoint is not None,
                "params": {name: finite(value) for name, value in record.params.items()},
                **mixture.to_json(),
            }
        )
        return
    kind = "checkpoint of a fit" if record.checkpoint is not None else "model"
    print_line(f"{options.model}: {kind}, written by gmmx {record.gmmx_version}")
    size = f"{counted(model.n_components, 'component')}, {model.covariance_type} covariance"
    unnamed = "" if features.names is not None else " without names"
    print_line(f"{size}, {counted(features.count, 'feature')}{unnamed}")
    print_mixture(mixture)
    print_pairs(fit_summary(model, record.total_weight, None))
