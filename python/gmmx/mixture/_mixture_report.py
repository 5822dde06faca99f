"""Report of a fitted mixture, in Python and on the command line: its parameters and its fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._covariance_shapes import feature_variances
from gmmx._text import shown_name
from gmmx._text_tables import counted, text_table, width_of

__all__ = [
    "IN_PYTHON",
    "NOT_CONVERGED",
    "NamedMixture",
    "WhereToLook",
    "fit_summary",
    "information_criteria",
    "mixture_lines",
]

# Longer tables are cut to this many rows.
MAX_ROWS = 24

_LONGEST_NAME = 20


class WhereToLook(NamedTuple):
    """Hints where to find what is not printed."""

    components: str
    covariances: str
    everything: str


IN_PYTHON = WhereToLook(
    components="the attributes hold all",
    covariances="covariances_ holds them",
    everything="the attributes hold everything",
)
NOT_CONVERGED = "raise max_iter, loosen tol, or try another random_state or init_params"


@dataclass(frozen=True)
class NamedMixture:
    """Parameters in their public shapes and feature names, for the tables."""

    names: tuple[str, ...]
    covariance_type: str
    weights: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    covariances: npt.NDArray[np.float64]

    @classmethod
    def of(cls, model: Any, names: Sequence[str]) -> NamedMixture:
        """Take the parameters of a fitted estimator."""
        parameters = (np.asarray(getattr(model, name)) for name in ("weights_", "means_", "covariances_"))
        return cls(tuple(map(shown_name, names)), model.covariance_type, *parameters)

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as lists."""
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }


def mixture_lines(mixture: NamedMixture, width: int, look: WhereToLook) -> list[str]:
    """Return tables of the parameters that fit a width: everything if small, means and deviations if wide.

    Parameters
    ----------
    mixture : NamedMixture
        The parameters.
    width : int
        Columns of the terminal.
    look : WhereToLook
        Hints where to find the rest.

    Returns
    -------
    lines : list of str
        Lines without trailing spaces.
    """
    can_fit = mixture.means.shape[1] <= width  # else not even one character a feature does
    means = next((table for table in _means_tables(mixture) if _fits(table, width)), None) if can_fit else None
    if means is None:
        return _wide_lines(mixture, width, look)
    lines = means
    hidden = len(mixture.weights) - MAX_ROWS
    if hidden > 0:
        lines.append(f"... and {counted(hidden, 'more component')}: {look.components}")
    if _lone_variances(mixture) is None:
        matrices = _covariance_table(mixture)
        if matrices is None or not _fits(matrices, width):
            matrices = [f"covariances: too large to print; {look.covariances}"]
        lines += ["", *matrices]
    return lines


def information_criteria(log_likelihood: float, n_parameters: int, total_weight: float) -> dict[str, float]:
    """Return BIC and AIC of a fit.

    Examples
    --------
    >>> information_criteria(-100.0, 5, 1.0)
    {'bic': 200.0, 'aic': 210.0}
    """
    bic = -2.0 * log_likelihood + n_parameters * math.log(total_weight)
    return {"bic": bic, "aic": -2.0 * log_likelihood + 2.0 * n_parameters}


def fit_summary(model: Any, total_weight: float | None, not_converged: str | None) -> dict[str, str]:
    """Return what is known of a fit, by name.

    Parameters
    ----------
    model : GaussianMixture
        Model, fitted or built from parameters.
    total_weight : float or None
        Total weight of the training data. None if it is unknown.
    not_converged : str or None
        Advice if the fit did not converge. None gives none.
    """
    n_parameters, log_likelihood = model.n_parameters_, float(model.log_likelihood_)
    summary = {}
    if math.isfinite(log_likelihood) and total_weight is not None:
        criteria = information_criteria(log_likelihood, n_parameters, total_weight)
        summary["log-likelihood"] = f"{log_likelihood:.6f} ({log_likelihood / total_weight:.6f} per row)"
        summary["BIC"] = f"{criteria['bic']:.4f}"
        summary["AIC"] = f"{criteria['aic']:.4f} ({n_parameters} free parameters)"
    else:
        if math.isfinite(log_likelihood):
            summary["log-likelihood"] = f"{log_likelihood:.6f}"
        summary["parameters"] = f"{n_parameters} free, {model.means_.dtype}"
    return {**summary, **_progress_of(model, not_converged)}


def _progress_of(model: Any, not_converged: str | None) -> dict[str, str]:
    if "n_steps_" in vars(model):
        return {"partial_fit": f"{counted(model.n_steps_, 'step')}, {counted(model.n_samples_seen_, 'row')}"}
    if not (model.n_iter_ > 0 or model.converged_):
        return {"fitted": "no: made of parameters"}
    hint = f": {not_converged}" if not_converged else ""
    return {"iterations": f"{model.n_iter_}", "converged": "yes" if model.converged_ else f"no{hint}"}


def _means_tables(mixture: NamedMixture) -> Iterator[list[str]]:
    """Make a row for each component: weight, means, and the variance if there is only one.

    First with headings of one line, then narrower with two.
    """
    variances = _lone_variances(mixture)
    for separator in (" ", "\n"):
        headings = ["component", "weight", *(f"mean{separator}{name}" for name in mixture.names)]
        rows = [
            [str(k), _number(mixture.weights[k]), *map(_number, mixture.means[k])]
            for k in range(min(len(mixture.weights), MAX_ROWS))
        ]
        if variances is not None:
            headings.append("variance")
            rows = [[*row, _number(variances[k])] for k, row in enumerate(rows)]
        yield text_table(headings, rows)


def _lone_variances(mixture: NamedMixture) -> npt.NDArray[np.float64] | None:
    """Return the variance of each component if it is a single number, else None."""
    if mixture.covariances.size == 1:
        return np.repeat(mixture.covariances.ravel(), len(mixture.weights))
    return mixture.covariances.ravel() if mixture.covariances.size == len(mixture.weights) else None


def _covariance_table(mixture: NamedMixture) -> list[str] | None:
    """Make one table of all covariances; None if it would have too many rows."""
    names, covariances = mixture.names, mixture.covariances
    if len(covariances.reshape(-1, len(names))) > MAX_ROWS:
        return None
    if mixture.covariance_type == "diag":
        headings = ["component", *(f"variance {name}" for name in names)]
        return text_table(headings, [[str(k), *map(_number, row)] for k, row in enumerate(covariances)])
    rows = []
    for k, matrix in enumerate(covariances.reshape(-1, len(names), len(names))):
        owner = "all" if covariances.ndim == 2 else str(k)
        for index, (name, row) in enumerate(zip(names, matrix, strict=True)):
            rows.append([owner if index == 0 else "", name, *map(_number, row)])
    return text_table(["component", "covariance", *names], rows, left=(0, 1))


def _wide_lines(mixture: NamedMixture, width: int, look: WhereToLook) -> list[str]:
    """Make a row for each column, a column for each component; the first ones if there are many."""
    n_components, n_columns = mixture.means.shape
    shown = min(n_components, MAX_ROWS)
    lines = _deviations_table(mixture, shown)
    while shown > 1 and not _fits(lines, width):
        shown -= 1
        lines = _deviations_table(mixture, shown)
    if shown < n_components or n_columns > MAX_ROWS:
        rows = min(n_columns, MAX_ROWS)
        lines.append(f"... {rows} of {n_columns} columns, {shown} of {counted(n_components, 'component')}")
    return [*lines, f"too large to print whole; {look.everything}"]


def _deviations_table(mixture: NamedMixture, shown: int) -> list[str]:
    """Make a table of mean and standard deviation in the first components."""
    deviations = _standard_deviations(mixture)
    headings = ["mean ± deviation", *(f"{k} (weight {mixture.weights[k]:.3g})" for k in range(shown))]
    rows = []
    for index, name in enumerate(mixture.names[:MAX_ROWS]):
        short = name if len(name) <= _LONGEST_NAME else f"{name[:10]}…{name[-9:]}"
        cells = (f"{_number(mixture.means[k, index])} ± {deviations[k, index]:.3g}" for k in range(shown))
        rows.append([short, *cells])
    return text_table(headings, rows)


def _standard_deviations(mixture: NamedMixture) -> npt.NDArray[np.float64]:
    """Return the standard deviation of each column in each component."""
    deviations: npt.NDArray[np.float64] = np.sqrt(
        feature_variances(mixture.covariances, mixture.covariance_type, *mixture.means.shape)
    )
    return deviations


def _fits(table: Sequence[str], width: int) -> bool:
    return max(map(width_of, table)) <= width


def _number(value: float) -> str:
    return f"{value:.5g}"
