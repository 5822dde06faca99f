"""The picture of a classification's uncertainty: rows with ambiguous membership stand out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.plot._axes import limit
from gmmx.plot._classification import draw_curves, draw_scatter, note_of_ellipses
from gmmx.plot._docstrings import documented
from gmmx.plot._layout import Style, draw_picture
from gmmx.plot._mixtures import FittedMixture, FloatArray
from gmmx.plot._panels import MANY, component_handles, name_axes, values_near
from gmmx.plot._picture import Picture
from gmmx.plot._style import INK, MIXTURE_LINE, colour, marker, point_style
from gmmx.plot._view import PlotData, checked_coverage, prepare

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# At this uncertainty, where two components are equally probable, a point has its full size in every picture.
_FULL = 0.5

_OPACITIES = (0.45, 0.85)


@documented
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
    """Draw rows larger and darker the less certain their component is.

    The uncertainty of a row is 1 minus its largest responsibility: from 0, if one component explains the row, to at
    most 1 - 1 / n_components. Two columns give a scatter plot in the colours of the components, with ellipses; points
    with an uncertainty of 0.5 or more have full size. One column gives the uncertainty over the values and, if the
    model has no other feature, the curve on which they lie. More columns give all pairs.

    Parameters
    ----------
    {model_and_X}
    {columns}
    coverage : float or sequence of float, default=(0.5,)
        Fractions of a component's mass, between 0 and 1, that its ellipses contain. An empty sequence draws none.
    {subsample}
    {ax}

    {results}

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
    style = uncertainty_style(checked_coverage(coverage))
    data = prepare(model, X, columns, feature_names, sample_weight, max_points, random_state)
    return draw_picture(data, style, title, ax, notes=[f"largest uncertainty {data.uncertainty.max(initial=0.0):.2g}"])


def uncertainty_style(coverage: Sequence[float]) -> Style:
    """Return how uncertainties are drawn."""
    curves, scatter = partial(draw_curves, coverage=coverage), partial(_draw_scatter, coverage=coverage)
    stems = partial(_draw_stems, coverage=coverage)
    return Style("Uncertainty", curves, scatter, note_of_ellipses(coverage), draw_alone=stems)


def _draw_scatter(ax: Axes, data: PlotData, coverage: Sequence[float]) -> list[Any]:
    """Draw two columns on a panel; return the legend's handles."""
    part = np.minimum(data.uncertainty / _FULL, 1.0)
    draw_scatter(ax, data, coverage, _blend(_areas(data), part), _blend(_OPACITIES, part))
    return [*component_handles(data, lines=False), *_size_handles(data)]


def _areas(data: PlotData) -> tuple[float, float]:
    """Area of a point of no and of full uncertainty: smaller where there are many."""
    n_points = max(len(data.points), 1)
    return float(np.clip(2_000 / n_points, 3.0, 9.0)), float(np.clip(60_000 / n_points, 25.0, 100.0))


def _blend(ends: tuple[float, float], part: FloatArray) -> FloatArray:
    return ends[0] + (ends[1] - ends[0]) * part


def _size_handles(data: PlotData) -> list[Any]:
    """Make legend entries for points of no, half and full uncertainty."""
    from matplotlib.lines import Line2D

    handles = []
    for part in (0.0, 0.5, 1.0):
        size, opacity = (float(_blend(ends, np.asarray(part))) for ends in (_areas(data), _OPACITIES))
        label = f"uncertainty {part * _FULL:g}" + (" or more" if part == 1.0 and data.n_components > 2 else "")
        look: dict[str, Any] = {"marker": "o", "markersize": size**0.5, "markeredgewidth": 0, "alpha": opacity}
        handles.append(Line2D([], [], linestyle="none", color=INK, label=label, **look))
    return handles


def _draw_stems(ax: Axes, data: PlotData, coverage: Sequence[float]) -> list[Any]:
    """Draw the uncertainty over one column: the points on lines from zero, and their curve where there is one."""
    limits, before = data.limits(coverage)[0], ax.has_data()
    area, opacity = point_style(len(data.points))
    values, heights = data.points[:, 0], data.uncertainty
    look: dict[str, Any] = {"rasterized": len(heights) > MANY}
    for k, mine in data.by_component():
        stems: dict[str, Any] = {"colors": colour(k), "alpha": 0.4 * opacity, "linewidth": 0.8}
        points: dict[str, Any] = {"s": area, "color": colour(k), "marker": marker(k), "linewidths": 0, "zorder": 2}
        ax.vlines(values[mine], 0.0, heights[mine], **stems, **look)
        ax.scatter(values[mine], heights[mine], **points, **look)
    if data.n_features == 1:
        grid = values_near(data.mixture, limits)
        log_prob = data.mixture.weighted_log_prob(grid[:, np.newaxis])
        largest = np.exp(log_prob.max(axis=0) - np.logaddexp.reduce(log_prob, axis=0))
        ax.plot(grid, np.maximum(1.0 - largest, 0.0), zorder=1, **MIXTURE_LINE)
    name_axes(ax, data.names[0], "uncertainty")
    limit(ax, limits, (0.0, 1.05 * heights.max(initial=_FULL)), drawn_before=before)
    return list(component_handles(data, lines=False))
