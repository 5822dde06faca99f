"""The picture of a classification: rows by their most probable component."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gmmx.plot._axes import add_legend, limit, one_axes, require_matplotlib, title_one
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._pair_grid import PairStyle, draw_pair_grid
from gmmx.plot._panels import (
    component_handles,
    draw_densities,
    draw_ellipses,
    draw_histogram,
    draw_means,
    draw_points,
    draw_rug,
    mixture_handle,
    name_axes,
)
from gmmx.plot._picture import Picture, picture_of
from gmmx.plot._style import percentages, point_style
from gmmx.plot._view import Scene, arrange, checked_coverage, heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_SUBJECT = "Gaussian mixture"


def classification(
    model: FittedMixture,
    X: Any,
    *,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    coverage: float | Sequence[float] = (0.5, 0.9),
    max_points: int = 5_000,
    random_state: int = 0,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw rows by their most probable component, with the components.

    More than two columns: every pair of them. Two columns: a scatter, with ellipses that hold the stated parts of each
    component. One column: a histogram with the densities of the mixture and of each component, and a line at its foot
    for each row. If the model has more features than are drawn, the ellipses and densities are those of the marginal
    mixture; the component of a row is found with all of them.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features)
        The rows, with all features that `model` was fitted to.
    columns : sequence of int or str, optional
        The columns to draw, by position or by name; more than two make a grid of pairs, as `pairs` draws it. None
        draws all that vary, of more than six those that separate the components most, and the caption says so.
    feature_names : sequence of str of length n_features, optional
        Names of all columns, with their units, for the axes. None takes the columns of a data frame, then
        ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the histogram; rows of weight 0 are not drawn.
    coverage : float or sequence of float, default=(0.5, 0.9)
        Parts of a component's mass, between 0 and 1, that its ellipses hold; empty draws none.
    max_points : int, default=5000
        Rows drawn one by one at most; of more, a random choice is drawn and the caption says so. The histogram
        counts all.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : Axes, or array of Axes of shape (m, m), optional
        Where to draw. None makes a new figure with a caption, of which the result holds `figure`
        and `save`.

    Returns
    -------
    Picture
        Of one panel, or of a grid of m x m for m > 2 columns.

    Raises
    ------
    ValueError
        If X does not fit the model or holds NaN, or a column, a coverage or `ax` is not usable.
    TypeError
        If `model` is no mixture or `ax` no Axes.
    NotFittedError
        If the model is not fitted.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    A row goes to the component of largest responsibility, (9) of the theory. The ellipse that holds a part c of a
    component is the line of Mahalanobis distance sqrt(-2 log(1 - c)), see `coverage_radius`.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixture, plot
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(6, 1, (200, 2))])
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> ax = plot.classification(model, X, feature_names=["length [mm]", "width [mm]"])
    >>> ax.get_xlabel(), ax.get_ylabel(), len(ax.patches)
    ('length [mm]', 'width [mm]', 4)
    """
    require_matplotlib()
    parts = checked_coverage(coverage)
    scene = arrange(
        model,
        X,
        columns=columns,
        feature_names=feature_names,
        sample_weight=sample_weight,
        max_points=max_points,
        random_state=random_state,
    )
    if len(scene.columns) > 2:
        return draw_pair_grid(scene, classification_pairs(parts), title, ax)
    panel = one_axes(ax)
    add_legend(panel, draw_classification(panel, scene, parts))
    caption = "; ".join([*caption_of_ellipses(scene, parts), scene.count(scattered=True), *scene.choice()])
    title_one(panel, heading(scene, _SUBJECT) if title is None else title, caption, own_figure=ax is None)
    return picture_of(panel)


def classification_pairs(coverage: Sequence[float]) -> PairStyle:
    """Return the style of a grid of classifications."""
    draw = partial(draw_classification, coverage=coverage)
    return PairStyle(_SUBJECT, draw, draw, note_of_ellipses(coverage))


def draw_classification(ax: Axes, scene: Scene, coverage: Sequence[float]) -> list[Any]:
    """Draw one or two columns on a panel; return the legend's handles."""
    limits, before = scene.limits(coverage), ax.has_data()
    if len(scene.columns) == 1:
        draw_histogram(ax, scene)
        draw_densities(ax, scene, limits[0])
        draw_rug(ax, scene)
        limit(ax, limits[0], (0.0, ax.get_ylim()[1]), drawn_before=before)
        return [*component_handles(scene, lines=True), mixture_handle()]
    draw_points(ax, scene, *point_style(len(scene.points)))
    draw_ellipses(ax, scene.mixture, coverage)
    draw_means(ax, scene.mixture)
    name_axes(ax, *scene.names)
    limit(ax, *limits, drawn_before=before)
    return list(component_handles(scene, lines=False))


def caption_of_ellipses(scene: Scene, coverage: Sequence[float]) -> list[str]:
    """Tell what the ellipses hold, if any are drawn."""
    note = note_of_ellipses(coverage)
    return [note] if note and len(scene.columns) > 1 else []


def note_of_ellipses(coverage: Sequence[float]) -> str | None:
    """Tell what ellipses of a coverage hold; None if there are none."""
    return f"ellipses hold {percentages(coverage)} of a component" if coverage else None
