"""Arguments that pictures of a mixture and rows share: what their docstrings say, and their checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx._docstrings import with_fragments
from gmmx._optional import import_optional
from gmmx._text import UNNAMED, first_few
from gmmx.plot._mixtures import FittedMixture, FloatArray, FullMixture, coverage_radius, separating_columns
from gmmx.validation import Rows, check_rows, check_sample_weight

# A grid draws at most this many columns if the user chooses none.
MAX_COLUMNS = 6

# Fills the docstrings of pictures of rows with what these share.
documented = with_fragments(
    model="""\
model : GaussianMixture
    Fitted mixture of gmmx or scikit-learn.""",
    X="""\
X : array-like of shape (n_samples, n_features)
    Rows, with all features that `model` was fitted to.""",
    columns="""\
columns : sequence of int or str, optional
    The m columns to draw, by position or by name; more than two give a grid of pairs, as in `pairs`. None draws all
    columns that vary, or the six that separate the components most, as the caption then says.
feature_names : sequence of str of length n_features, optional
    Names of all columns, with their units, for the axes. None uses the columns of a data frame, then
    ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
sample_weight : array-like of shape (n_samples,), optional
    Weights of the rows in histograms; rows of weight 0 are not drawn.""",
    subsample="""\
max_points : int, default=5000
    Maximum number of rows drawn individually. Larger inputs are subsampled, as the caption then says; histograms count
    all rows.
random_state : int, default=0
    Seed of the subsample.
title : str, optional
    Title. None names the covariance type and the number of components; "" omits it.""",
    ax="""\
ax : Axes, or array of Axes of shape (m, m), optional
    Axes to draw on. None makes a new figure with a caption, independent of pyplot.""",
    results="""\
Returns
-------
Picture
    One panel, or a grid of m x m panels for m > 2 columns.

Raises
------
ValueError
    If X does not fit the model or contains NaN, or another argument is not usable.
TypeError
    If `model` is not a mixture or `ax` not Axes.
NotFittedError
    If the model is not fitted.
ImportError
    If matplotlib is not installed.""",
)


@dataclass(frozen=True)
class PlotData:
    """The marginal mixture of the drawn columns, and its rows."""

    mixture: FullMixture
    names: tuple[str, ...]  # of the columns
    rows: Rows  # all rows of positive weight
    points: FloatArray  # the rows of a scatter: all of them, or a subsample
    responsibilities: FloatArray  # (n_points, n_components), by all features of the model
    coverage: tuple[float, ...]  # parts of the mass that ellipses or areas hold, smallest first
    covariance_type: str
    n_features: int  # of the model
    is_own_choice: bool  # whether `prepare` chose the columns, not the user

    @property
    def n_components(self) -> int:
        """Number of components of the mixture."""
        return len(self.mixture.weights)

    @property
    def uncertainty(self) -> FloatArray:
        """Probability of each point that it does not come from its most probable component."""
        return np.asarray(1.0 - self.responsibilities.max(axis=1, initial=0.0)).clip(0.0)

    def by_component(self) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
        """Yield each component that is the most probable one of some points, and a mask of these points."""
        labels = np.argmax(self.responsibilities, axis=1)
        for k in np.unique(labels).tolist():
            yield k, labels == k

    def marginal(self, *positions: int) -> PlotData:
        """Keep some of the columns."""
        return replace(
            self,
            mixture=self.mixture.marginal(positions),
            names=tuple(self.names[position] for position in positions),
            rows=replace(self.rows, X=self.rows.X[:, positions]),
            points=self.points[:, positions],
        )

    def limits(self, coverage: Sequence[float] | None = None) -> FloatArray:
        """Return the range of each column's axis, (n_columns, 2): all rows and all ellipses, with a margin."""
        widest = max(self.coverage if coverage is None else coverage, default=0.0)
        reach = coverage_radius(widest) * self.mixture.deviations()
        ends = np.concatenate([self.mixture.means - reach, self.mixture.means + reach, self.rows.X])
        low, high = ends.min(axis=0), ends.max(axis=0)
        margin = 0.04 * (high - low)
        margin[margin == 0.0] = 1.0
        return np.stack([low - margin, high + margin], axis=-1)

    def caption(self, notes: Sequence[str], *, scattered: bool) -> str:
        """Write a caption: notes, how many rows are drawn, and which columns if there are more."""
        n_rows, parts = self.rows.n_present, list(notes)
        if scattered and len(self.points) < n_rows:
            parts.append(f"{len(self.points):,} of {n_rows:,} rows drawn")
        elif n_rows:
            parts.append(f"{n_rows:,} {'row' if n_rows == 1 else 'rows'}")
        if self.is_own_choice and len(self.names) < self.n_features:
            parts.append(f"{len(self.names)} of {self.n_features} columns: those that separate the components most")
        return "; ".join(parts)


def prepare(
    model: FittedMixture,
    X: Any,
    columns: Sequence[int | str] | None,
    feature_names: Sequence[str] | None,
    sample_weight: npt.ArrayLike | None,
    coverage: float | Sequence[float],
    max_points: int,
    random_state: int,
    *,
    if_empty: str | None = None,
) -> PlotData:
    """Check the arguments that pictures of rows share; `if_empty` is the remedy if there must be a coverage."""
    parts = sorted(float(part) for part in np.atleast_1d(np.asarray(coverage, dtype=np.float64)))
    for part in parts:
        if not 0 < part < 1:
            raise ValueError(f"coverage must lie between 0 and 1, for example (0.5, 0.9); got {part:g}")
    if if_empty is not None and not parts:
        raise ValueError(f"coverage is empty; name at least one part of the mass, for example 0.9{if_empty}")
    import_optional("matplotlib.figure", "a picture", "plot")
    model = getattr(model, "best_estimator_", model)  # of a search
    _check_model(model)
    if isinstance(max_points, bool) or not isinstance(max_points, int) or max_points < 1:
        raise ValueError(f"max_points must be a whole number of at least 1, for example 5000; got {max_points!r}")
    mixture = FullMixture.of(model)
    n_components, n_features = mixture.means.shape
    rows = np.empty((0, n_features)) if X is None else _checked_rows(X, n_features)
    names = feature_names_of(model, X, feature_names, n_features)
    weights = None if X is None else check_sample_weight(sample_weight, rows)
    chosen = separating_columns(mixture, rows, MAX_COLUMNS) if columns is None else chosen_columns(columns, names)

    present = np.arange(len(rows)) if weights is None else np.flatnonzero(weights)
    drawn = present
    if len(drawn) > max_points:
        drawn = np.sort(np.random.default_rng(random_state).choice(drawn, max_points, replace=False))
    responsibilities = np.empty((0, n_components))
    if len(drawn):  # rows of X itself, not of its checked copy, keep a data frame's names
        responsibilities = np.asarray(model.predict_proba(_sklearn.safe_indexing(X, drawn)), dtype=np.float64)
    return PlotData(
        mixture.marginal(chosen),
        tuple(names[column] for column in chosen),
        Rows(rows[:, chosen], weights)[present],
        rows[drawn][:, chosen],
        responsibilities,
        tuple(parts),
        model.covariance_type,
        n_features,
        columns is None,
    )


def _check_model(model: Any) -> None:
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"model must be a fitted GaussianMixture, gmmx's or scikit-learn's; got {type(model).__name__}. "
            "The model comes first, then X"
        )
    _sklearn.check_is_fitted(model)
    if not hasattr(model, "covariances_"):
        raise TypeError(f"model must be a Gaussian mixture with weights_, means_ and covariances_; got {model!r}")


def _checked_rows(X: Any, n_features: int) -> FloatArray:
    rows = check_rows(X)
    if rows.shape[1] != n_features:
        raise ValueError(
            f"X has shape {rows.shape}; the model was fitted to {n_features} features, so X needs the shape "
            f"(n_samples, {n_features}). To draw some of them, name these with columns="
        )
    return np.asarray(rows, dtype=np.float64)


def feature_names_of(model: FittedMixture, X: Any, feature_names: Sequence[str] | None, n_features: int) -> list[str]:
    """Return the names of all features: those given, else those of X or of the model, else numbers."""
    found = (feature_names, getattr(X, "columns", None), getattr(model, "feature_names_in_", None))
    numbered = [f"feature {index}" for index in range(n_features)]
    given = next((names for names in found if names is not None), numbered)
    names = [str(name) if str(name).strip() else UNNAMED for name in given]
    if len(names) != n_features:
        raise ValueError(f"feature_names has {len(names)} names; the model has {n_features} features: name each")
    return names


def chosen_columns(columns: Sequence[int | str], names: list[str]) -> list[int]:
    """Return the positions of columns that are named by position or by name."""
    chosen: list[int] = []
    for column in [columns] if isinstance(columns, (str, int)) else columns:
        if isinstance(column, str) and column not in names:
            raise ValueError(f"columns holds {column!r}; the columns are {first_few(names, 12)}")
        index = names.index(column) if isinstance(column, str) else int(column)
        if not -len(names) <= index < len(names):
            raise ValueError(f"columns holds {index}; the model has the columns 0 to {len(names) - 1}")
        index %= len(names)
        if index in chosen:
            raise ValueError(f"columns holds {column!r} twice; name each column once")
        chosen.append(index)
    if not chosen:
        raise ValueError("columns is empty; name at least one column, or leave it out to draw all")
    return chosen
