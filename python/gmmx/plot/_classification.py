"""The picture of a classification: rows by their most probable component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gmmx.plot._figures import add_legend, limit, one_axes, require_matplotlib, title_one
from gmmx.plot._mixtures import FittedMixture
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
from gmmx.plot._scene import Scene, arrange, checked_coverage, heading
from gmmx.plot._style import percentages, point_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    ax: Axes | None = None,
) -> Axes:
    """Draw rows by their most probable component, with the components.

    Two columns: a scatter, with ellipses that hold the stated parts of each component. One column: a histogram
    with the densities of the mixture and of each component, and a line at its foot for each row. If the model has
    more features than are drawn, the ellipses and densities are those of the marginal mixture; the component of a
    row is found with all of them.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features)
        The rows, with all features that `model` was fitted to.
    columns : sequence of int or str, optional
        The one or two columns to draw, by position or by name. None draws all; of a model with more than two
        features the columns must be named, or `pairs` draws them.
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
    ax : Axes, optional
        Where to draw. None makes a new figure with a caption, which pyplot does not know: reach it as
        ``ax.figure``, save it with ``ax.figure.savefig("mixture.png")``.

    Returns
    -------
    Axes
        What was drawn on.

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
        most_columns=2,
    )
    panel = one_axes(ax)
    add_legend(panel, draw_classification(panel, scene, parts))
    caption = "; ".join([*caption_of_ellipses(scene, parts), scene.count(scattered=True)])
    title_one(panel, heading(scene, "Gaussian mixture") if title is None else title, caption, own_figure=ax is None)
    return panel


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
    drawn = coverage and len(scene.columns) > 1
    return [f"ellipses hold {percentages(coverage)} of a component"] if drawn else []
