"""A grid of pictures: every column, and every pair of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from gmmx.plot._axes import require_matplotlib
from gmmx.plot._classification import classification_pairs
from gmmx.plot._density import density_pairs
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._pair_grid import PairStyle, draw_pair_grid
from gmmx.plot._picture import Picture
from gmmx.plot._uncertainty import uncertainty_pairs
from gmmx.plot._view import arrange, checked_coverage
from gmmx.validation._options import not_among

_KINDS: dict[str, tuple[Callable[[Sequence[float]], PairStyle], tuple[float, ...]]] = {
    "classification": (classification_pairs, (0.5, 0.9)),
    "uncertainty": (uncertainty_pairs, (0.5,)),
    "density": (density_pairs, (0.5, 0.75, 0.95)),
}
"""Style of the grid, and the default coverage."""


def pairs(
    model: FittedMixture,
    X: Any,
    what: str = "classification",
    *,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    coverage: float | Sequence[float] | None = None,
    max_points: int = 5_000,
    random_state: int = 0,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw every pair of columns in a grid, with the columns themselves on its diagonal.

    Each panel shows the marginal mixture of its columns; the component of a row and its uncertainty are found
    with all features of the model.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features)
        The rows, with all features that `model` was fitted to.
    what : {"classification", "uncertainty", "density"}, default="classification"
        The picture of a pair: see the functions of these names. On the diagonal stand histograms with densities.
    columns : sequence of int or str, optional
        The m columns to draw, by position or by name. None draws all that vary, of more than six those that separate
        the components most, and the caption says so.
    feature_names : sequence of str of length n_features, optional
        Names of all columns for the axes. None takes the columns of a data frame, then
        ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the histograms; rows of weight 0 are not drawn.
    coverage : float or sequence of float, optional
        Parts of the mass that ellipses or areas hold. None takes the default of the function `what`.
    max_points : int, default=5000
        Rows drawn one by one at most; of more, a random choice is drawn and the caption says so.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : array of Axes of shape (m, m), optional
        Where to draw. None makes a new figure with a caption.

    Returns
    -------
    Picture
        Of m x m panels. Those above the diagonal are switched off; the first of them holds the legend.

    Raises
    ------
    ValueError
        If `what` is unknown, X does not fit the model or holds NaN, or a column, a coverage or `ax` is not usable.
    TypeError
        If `model` is no mixture or `ax` holds anything but Axes.
    NotFittedError
        If the model is not fitted.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The marginal of a normal distribution keeps the chosen entries of its mean and its covariance, and the weights
    stay.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixture, plot
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> axes = plot.pairs(model, X, "uncertainty", feature_names=["a", "b", "c"])
    >>> axes.shape, [ax.get_xlabel() for ax in axes[-1]]
    ((3, 3), ['a', 'b', 'c'])
    """
    require_matplotlib()
    if what not in _KINDS:
        raise ValueError(not_among("what", what, _KINDS))
    style_of, default = _KINDS[what]
    parts = checked_coverage(default if coverage is None else coverage)
    if what == "density" and not parts:
        raise ValueError("coverage is empty; name at least one part of the mass, for example 0.9")
    scene = arrange(
        model,
        X,
        columns=columns,
        feature_names=feature_names,
        sample_weight=sample_weight,
        max_points=max_points,
        random_state=random_state,
    )
    return draw_pair_grid(scene, style_of(parts), title, ax)
