"""A grid of pictures: every column, and every pair of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from gmmx.plot._classification import classification_style
from gmmx.plot._density import density_style
from gmmx.plot._docstrings import documented
from gmmx.plot._layout import Style, draw_grid
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._picture import Picture
from gmmx.plot._uncertainty import uncertainty_style
from gmmx.plot._view import checked_coverage, prepare
from gmmx.validation._options import not_among

# Each kind has a style, a default coverage, and a remedy if its coverage must not be empty.
_KINDS: dict[str, tuple[Callable[[Sequence[float]], Style], tuple[float, ...], str | None]] = {
    "classification": (classification_style, (0.5, 0.9), None),
    "uncertainty": (uncertainty_style, (0.5,), None),
    "density": (density_style, (0.5, 0.75, 0.95), ""),
}


@documented
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
    """Draw all pairs of columns in a grid, and single columns on its diagonal.

    Each panel shows the marginal mixture of its columns. The component of a row and its uncertainty are determined from
    all features of the model.

    Parameters
    ----------
    {model_and_X}
    what : {"classification", "uncertainty", "density"}, default="classification"
        Kind of the panels: see the functions of these names. The diagonal contains histograms with densities.
    {columns}
    coverage : float or sequence of float, optional
        Fractions of the mass that ellipses or areas contain. None uses the default of the function `what`.
    {subsample}
    ax : array of Axes of shape (m, m), optional
        Axes to draw on. None makes a new figure with a caption, independent of pyplot. The panels above the diagonal
        are switched off; the first contains the legend.

    {results}

    Notes
    -----
    The marginal of a normal distribution has the corresponding entries of the mean and the covariance; the weights do
    not change.

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
    if what not in _KINDS:
        raise ValueError(not_among("what", what, _KINDS))
    style_of, default, empty = _KINDS[what]
    style = style_of(checked_coverage(default if coverage is None else coverage, empty=empty))
    data = prepare(model, X, columns, feature_names, sample_weight, max_points, random_state)
    return draw_grid(data, style, title, ax)
