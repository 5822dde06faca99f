"""The picture of a classification's uncertainty: how far each row is from belonging to one component alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.plot._axes import add_legend, limit, one_axes, require_matplotlib, title_one
from gmmx.plot._classification import caption_of_ellipses, draw_classification, note_of_ellipses
from gmmx.plot._mixtures import FittedMixture, FloatArray
from gmmx.plot._pair_grid import PairStyle, draw_pair_grid
from gmmx.plot._panels import component_handles, draw_ellipses, draw_means, draw_points, name_axes, values_near
from gmmx.plot._picture import Picture, picture_of
from gmmx.plot._style import INK, MIXTURE_LINE, colour, marker, point_style
from gmmx.plot._view import Scene, arrange, checked_coverage, heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUBJECT = "Uncertainty"
_FULL = 0.5
"""At this uncertainty, where two components are equally probable, a point has its full size: in every picture."""

_OPACITIES = (0.45, 0.85)


def uncertainty(
    model: FittedMixture,
    X: Any,
    *,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    coverage: float | Sequence[float] = (0.5,),
    max_points: int = 5_000,
    random_state: int = 0,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw rows the larger and darker, the less certain it is which component they belong to.

    The uncertainty of a row is 1 - its largest responsibility: 0 where one component explains it alone, at most
    1 - 1 / n_components. More than two columns: every pair of them. Two columns: a scatter in the components' colours,
    with their ellipses; from an uncertainty of 0.5 on a point has its full size. One column: the uncertainty over the
    values; of a model of that column alone also the curve that they lie on.

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
        Names of all columns for the axes. None takes the columns of a data frame, then
        ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; those of weight 0 are not drawn, the others all alike.
    coverage : float or sequence of float, default=(0.5,)
        Parts of a component's mass, between 0 and 1, that its ellipses hold; empty draws none.
    max_points : int, default=5000
        Rows drawn at most; of more, a random choice is drawn and the caption says so.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : Axes, or array of Axes of shape (m, m), optional
        Where to draw. None makes a new figure with a caption, which pyplot does not know.

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
    The responsibilities are (8) of the theory. The picture is that of Fraley and Raftery (2002), "Model-based
    clustering, discriminant analysis, and density estimation", Journal of the American Statistical Association
    97, 611-631.

    Examples
    --------
    >>> from gmmx import GaussianMixture, plot
    >>> model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> ax = plot.uncertainty(model, [[0.0], [2.0], [4.0]])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('feature 0', 'uncertainty')
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
        return draw_pair_grid(scene, uncertainty_pairs(parts), title, ax)
    panel = one_axes(ax)
    add_legend(panel, draw_uncertainty(panel, scene, parts))
    notes = [f"largest uncertainty {scene.uncertainty.max(initial=0.0):.2g}", *caption_of_ellipses(scene, parts)]
    caption = "; ".join([*notes, scene.count(scattered=True), *scene.choice()])
    title_one(panel, heading(scene, _SUBJECT) if title is None else title, caption, own_figure=ax is None)
    return picture_of(panel)


def uncertainty_pairs(coverage: Sequence[float]) -> PairStyle:
    """Return the style of a grid of uncertainties."""
    of_column = partial(draw_classification, coverage=coverage)
    return PairStyle(_SUBJECT, of_column, partial(draw_uncertainty, coverage=coverage), note_of_ellipses(coverage))


def draw_uncertainty(ax: Axes, scene: Scene, coverage: Sequence[float]) -> list[Any]:
    """Draw one or two columns on a panel; return the legend's handles."""
    limits, before = scene.limits(coverage), ax.has_data()
    if len(scene.columns) == 1:
        _draw_stems(ax, scene, limits[0])
        limit(ax, limits[0], (0.0, 1.05 * scene.uncertainty.max(initial=_FULL)), drawn_before=before)
        return list(component_handles(scene, lines=False))
    part = np.minimum(scene.uncertainty / _FULL, 1.0)
    draw_points(ax, scene, _blend(_areas(scene), part), _blend(_OPACITIES, part))
    draw_ellipses(ax, scene.mixture, coverage)
    draw_means(ax, scene.mixture)
    name_axes(ax, *scene.names)
    limit(ax, *limits, drawn_before=before)
    return [*component_handles(scene, lines=False), *_size_handles(scene)]


def _areas(scene: Scene) -> tuple[float, float]:
    """Area of a point of no and of full uncertainty: smaller where there are many."""
    n_points = max(len(scene.points), 1)
    return float(np.clip(2_000 / n_points, 3.0, 9.0)), float(np.clip(60_000 / n_points, 25.0, 100.0))


def _blend(ends: tuple[float, float], part: FloatArray) -> FloatArray:
    return ends[0] + (ends[1] - ends[0]) * part


def _size_handles(scene: Scene) -> list[Any]:
    """Make legend entries for points of no, half and full uncertainty."""
    from matplotlib.lines import Line2D

    handles = []
    for part in (0.0, 0.5, 1.0):
        size, opacity = (float(_blend(ends, np.asarray(part))) for ends in (_areas(scene), _OPACITIES))
        label = f"uncertainty {part * _FULL:g}" + (" or more" if part == 1.0 and scene.n_components > 2 else "")
        look: dict[str, Any] = {"marker": "o", "markersize": size**0.5, "markeredgewidth": 0, "alpha": opacity}
        handles.append(Line2D([], [], linestyle="none", color=INK, label=label, **look))
    return handles


def _draw_stems(ax: Axes, scene: Scene, limits: Sequence[float]) -> None:
    """Draw the uncertainty over one column: the points on lines from zero, and their curve where there is one."""
    area, opacity = point_style(len(scene.points))
    labels, heights = scene.labels, scene.uncertainty
    for k in range(scene.n_components):
        mine = labels == k
        look: dict[str, Any] = {"rasterized": len(heights) > 2_000}
        ax.vlines(
            scene.points[mine, 0], 0.0, heights[mine], colors=colour(k), alpha=0.4 * opacity, linewidth=0.8, **look
        )
        ax.scatter(
            scene.points[mine, 0],
            heights[mine],
            s=area,
            color=colour(k),
            marker=marker(k),
            linewidths=0,
            zorder=2,
            **look,
        )
    if scene.n_features == 1:
        grid = values_near(scene.mixture, limits)
        log_prob = scene.mixture.weighted_log_prob(grid[:, np.newaxis])
        largest = np.exp(log_prob.max(axis=0) - np.logaddexp.reduce(log_prob, axis=0))
        ax.plot(grid, np.maximum(1.0 - largest, 0.0), zorder=1, **MIXTURE_LINE)
    name_axes(ax, scene.names[0], "uncertainty")
