"""What a picture of a mixture over rows shows: the checked arguments that those pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _sklearn
from gmmx._text import UNNAMED
from gmmx.plot._mixtures import FittedMixture, FloatArray, FullMixture, coverage_radius
from gmmx.plot._separation import separating_columns
from gmmx.validation import WeightedRows, check_rows, check_sample_weight

MAX_COLUMNS = 6
"""Columns drawn in a grid if none are chosen."""


@dataclass(frozen=True)
class Scene:
    """The marginal mixture of some columns, and their rows.

    Attributes
    ----------
    mixture : FullMixture
        The mixture of the columns shown.
    columns : tuple of int
        Their positions in the model.
    names : tuple of str
        Their names.
    rows : WeightedRows
        All rows of positive weight, the columns shown alone.
    points : ndarray of shape (n_points, n_columns)
        The rows that a scatter shows: all, or a random choice.
    responsibilities : ndarray of shape (n_points, n_components)
        Of those rows, with all columns of the model.
    covariance_type : str
        The model's.
    n_features : int
        Columns of the model.
    is_own_choice : bool
        Whether the columns were chosen here, not by the user.
    """

    mixture: FullMixture
    columns: tuple[int, ...]
    names: tuple[str, ...]
    rows: WeightedRows
    points: FloatArray
    responsibilities: FloatArray
    covariance_type: str
    n_features: int
    is_own_choice: bool

    @property
    def n_components(self) -> int:
        """Components of the mixture."""
        return len(self.mixture.weights)

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """Most probable component of each point."""
        labels: npt.NDArray[np.intp] = np.argmax(self.responsibilities, axis=1)
        return labels

    @property
    def uncertainty(self) -> FloatArray:
        """Probability of each point that its most probable component is not its own."""
        largest: FloatArray = np.max(self.responsibilities, axis=1, initial=0.0)
        return np.maximum(1.0 - largest, 0.0)

    def panel(self, *positions: int) -> Scene:
        """Keep some of the columns shown."""
        index = list(positions)
        return replace(
            self,
            mixture=self.mixture.marginal(index),
            columns=tuple(self.columns[position] for position in index),
            names=tuple(self.names[position] for position in index),
            rows=self.rows._replace(X=self.rows.X[:, index]),
            points=self.points[:, index],
        )

    def limits(self, coverage: Sequence[float]) -> FloatArray:
        """Range of each column's axis, (n_columns, 2): all rows and all ellipses, with a margin."""
        reach = coverage_radius(max(coverage, default=0.0)) * self.mixture.deviations()
        ends = np.concatenate([self.mixture.means - reach, self.mixture.means + reach, self.rows.X])
        low, high = ends.min(axis=0), ends.max(axis=0)
        margin = 0.04 * (high - low)
        margin[margin == 0.0] = 1.0
        return np.stack([low - margin, high + margin], axis=-1)

    @property
    def n_rows(self) -> int:
        """Number of rows of positive weight."""
        return self.rows.n_present

    def choice(self) -> list[str]:
        """Tell, for the caption, which columns are drawn if nobody chose them and there are more."""
        if not self.is_own_choice or len(self.columns) == self.n_features:
            return []
        return [f"{len(self.columns)} of {self.n_features} columns: those that separate the components most"]

    def count(self, *, scattered: bool) -> str:
        """Tell how many rows are shown, for the caption."""
        n_rows = self.rows.n_present
        if scattered and len(self.points) < n_rows:
            return f"{len(self.points):,} of {n_rows:,} rows drawn"
        return f"{n_rows:,} {'row' if n_rows == 1 else 'rows'}"


def arrange(
    model: FittedMixture,
    X: Any,
    *,
    columns: Sequence[int | str] | None,
    feature_names: Sequence[str] | None,
    sample_weight: npt.ArrayLike | None,
    max_points: int,
    random_state: int,
) -> Scene:
    """Check the arguments of a picture and collect what it shows.

    Parameters
    ----------
    model : FittedMixture
        A fitted mixture.
    X : array-like of shape (n_samples, n_features), or None
        The rows; None for no rows.
    columns, feature_names, sample_weight, max_points, random_state
        As in `gmmx.plot.classification`.

    Returns
    -------
    Scene

    Raises
    ------
    TypeError, ValueError
        If an argument is not usable.
    NotFittedError
        If the model is not fitted.
    """
    model = getattr(model, "best_estimator_", model)  # of a search
    _check_model(model)
    if isinstance(max_points, bool) or not isinstance(max_points, int) or max_points < 1:
        raise ValueError(f"max_points must be a whole number of at least 1, for example 5000; got {max_points!r}")
    mixture = FullMixture.of(model)
    n_features = mixture.means.shape[1]
    rows = WeightedRows(np.empty((0, n_features)), None, 1) if X is None else _checked_rows(X, n_features)
    names = feature_names_of(model, X, feature_names, n_features)
    if columns is None:
        chosen = separating_columns(mixture, rows.X, MAX_COLUMNS)
    else:
        chosen = chosen_columns(columns, names)

    weights = check_sample_weight(sample_weight, rows.X) if X is not None else None
    present = np.arange(len(rows.X)) if weights is None else np.flatnonzero(weights)
    drawn = present
    if len(drawn) > max_points:
        drawn = np.sort(np.random.default_rng(random_state).choice(drawn, max_points, replace=False))
    # Of X itself, not its checked copy: a data frame's names go along.
    responsibilities = (
        model.predict_proba(_sklearn._safe_indexing(X, drawn)) if len(drawn) else np.empty((0, len(mixture.weights)))
    )
    return Scene(
        mixture.marginal(chosen),
        tuple(chosen),
        tuple(names[column] for column in chosen),
        WeightedRows(rows.X[present][:, chosen], None if weights is None else weights[present], 1),
        np.asarray(rows.X[drawn][:, chosen], dtype=np.float64),
        np.asarray(responsibilities, dtype=np.float64),
        model.covariance_type,
        n_features,
        columns is None,
    )


def checked_coverage(coverage: float | Sequence[float]) -> tuple[float, ...]:
    """Return the parts of a mass as a tuple, smallest first."""
    parts = sorted(float(part) for part in np.atleast_1d(np.asarray(coverage, dtype=np.float64)))
    for part in parts:
        if not 0 < part < 1:
            raise ValueError(f"coverage must lie between 0 and 1, for example (0.5, 0.9); got {part:g}")
    return tuple(parts)


def _check_model(model: Any) -> None:
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"model must be a fitted GaussianMixture, gmmx's or scikit-learn's; got {type(model).__name__}. "
            "The model comes first, then X"
        )
    _sklearn.check_is_fitted(model)
    if not hasattr(model, "covariances_"):
        raise TypeError(f"model must be a Gaussian mixture with weights_, means_ and covariances_; got {model!r}")


def _checked_rows(X: Any, n_features: int) -> WeightedRows:
    rows = check_rows(X)
    if rows.shape[1] != n_features:
        raise ValueError(
            f"X has shape {rows.shape}; the model was fitted to {n_features} features, so X needs the shape "
            f"(n_samples, {n_features}). To draw some of them, name these with columns="
        )
    return WeightedRows(np.asarray(rows, dtype=np.float64), None, 1)


def feature_names_of(model: FittedMixture, X: Any, feature_names: Sequence[str] | None, n_features: int) -> list[str]:
    """Name all features of a model: as told, or as X or the model has them, or by number."""
    if feature_names is None:
        feature_names = getattr(X, "columns", None)
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    if feature_names is None:
        feature_names = [f"feature {index}" for index in range(n_features)]
    names = [str(name) if str(name).strip() else UNNAMED for name in feature_names]
    if len(names) != n_features:
        raise ValueError(f"feature_names has {len(names)} names; the model has {n_features} features: name each")
    return names


def chosen_columns(columns: Sequence[int | str] | None, names: list[str]) -> list[int]:
    """Return the positions of the columns to draw, named by position or by name; the first ones if none is named."""
    if columns is None:
        return list(range(min(len(names), MAX_COLUMNS)))
    if isinstance(columns, (str, int)):
        columns = [columns]
    chosen: list[int] = []
    for column in columns:
        if isinstance(column, str) and column not in names:
            raise ValueError(f"columns holds {column!r}; the columns are {', '.join(names[:12])}")
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


def heading(scene: Scene, subject: str) -> str:
    """Write a title: the subject, the covariance type and the number of components."""
    kind = scene.covariance_type
    family = f"{kind} covariance" if kind in {"full", "tied", "diag", "spherical"} else f"{kind} model"
    return f"{subject}: {family}, K = {scene.n_components}"
