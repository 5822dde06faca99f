"""``gmmx info``: what a model file holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gmmx.cli.console import components, finite, open_console, print_json, say, say_facts
from gmmx.cli.input import load_model
from gmmx.cli.mixture_tables import say_mixture
from gmmx.cli.options import ending_options
from gmmx.mixture._mixture_report import ShownMixture, fit_facts

if TYPE_CHECKING:
    import click

INFO_EXAMPLES = """\b
Examples:
  gmmx info mixture.safetensors
  gmmx info mixture.safetensors --json > mixture.json
"""


@dataclass(frozen=True, kw_only=True)
class InfoOptions:
    """What ``gmmx info`` was asked to do; one field an option, and its default."""

    model: str
    as_json: bool = False


def info_command() -> click.Command:
    """Build the command ``gmmx info``."""
    import click

    @click.command("info", epilog=INFO_EXAMPLES)
    @click.argument("model", metavar="MODEL")
    @ending_options(force=False)
    def info(**options: Any) -> None:
        """Print the mixture in MODEL, and what is known of the fit that gave it.

        MODEL is a file that gmmx fit --model or GaussianMixture.save wrote, or a checkpoint of fit_batches.
        """
        run_info(InfoOptions(**options))

    return info


def run_info(options: InfoOptions) -> None:
    """Load the model and tell.

    Parameters
    ----------
    options : InfoOptions
        What to do.

    Raises
    ------
    click.ClickException
        With a message of one line.
    """
    from gmmx.io.model_file import read_model

    model, features = load_model(options.model)
    record = read_model(options.model)
    names = features.names or tuple(f"column_{index + 1}" for index in range(features.count))
    mixture = ShownMixture.of(model, names)
    if options.as_json:
        print_json(
            {
                "model": options.model,
                "written_by": record.gmmx_version,
                "n_components": model.n_components,
                "n_features": features.count,
                "feature_names": None if features.names is None else list(names),
                "covariance_type": model.covariance_type,
                "dtype": str(model.means_.dtype),
                "n_parameters": model.n_parameters_,
                "log_likelihood": finite(float(model.log_likelihood_)),
                "lower_bound": finite(float(model.lower_bound_)),
                "n_iter": model.n_iter_,
                "converged": model.converged_,
                "is_checkpoint": record.checkpoint is not None,
                "params": {
                    name: finite(value) if isinstance(value, float) else value for name, value in record.params.items()
                },
                **mixture.to_json(),
            }
        )
        return
    console = open_console()
    what = "checkpoint of a fit" if record.checkpoint is not None else "model"
    say(console, f"{options.model}: {what}, written by gmmx {record.gmmx_version}")
    n_features = f"{features.count} {'feature' if features.count == 1 else 'features'}"
    named = "" if features.names is not None else " without names"
    say(console, f"{components(model.n_components)}, {model.covariance_type} covariance, {n_features}{named}")
    say_mixture(console, mixture)
    say_facts(console, fit_facts(model, record.total_weight, None))
