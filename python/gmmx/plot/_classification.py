"""The picture of a classification: rows by their most probable component."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gmmx.plot import _panels as panels
from gmmx.plot._axes import limit
from gmmx.plot._docstrings import documented
from gmmx.plot._layout import Style, draw_picture
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._picture import Picture
from gmmx.plot._style import percentages, point_style
from gmmx.plot._view import PlotData, checked_coverage, prepare

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@documented
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

    Two columns give a scatter plot, with ellipses that contain given fractions of each component. One column gives a
    histogram with the densities of the mixture and of each component, and a tick at the bottom for each row. More
    columns give all pairs. If the model has more features than are drawn, ellipses and densities are those of the
    marginal mixture; the component of a row is determined from all features.

    Parameters
    ----------
    {model_and_X}
    {columns}
    coverage : float or sequence of float, default=(0.5, 0.9)
        Fractions of a component's mass, between 0 and 1, that its ellipses contain. An empty sequence draws none.
    {subsample}
    {ax}

    {results}

    Notes
    -----
    A row belongs to the component with the largest responsibility, (9) of the theory. The ellipse that contains a
    fraction c of a component has the Mahalanobis radius sqrt(-2 log(1 - c)), see `coverage_radius`.

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
    style = classification_style(checked_coverage(coverage))
    data = prepare(model, X, columns, feature_names, sample_weight, max_points, random_state)
    return draw_picture(data, style, title, ax)


def classification_style(coverage: Sequence[float]) -> Style:
    """Return how classifications are drawn."""
    draw_two = partial(_draw_scatter, coverage=coverage)
    return Style("Gaussian mixture", partial(draw_curves, coverage=coverage), draw_two, note_of_ellipses(coverage))


def draw_curves(ax: Axes, data: PlotData, coverage: Sequence[float]) -> list[Any]:
    """Draw one column on a panel: its histogram, densities and rows; return the legend's handles."""
    limits, before = data.limits(coverage), ax.has_data()
    panels.draw_histogram(ax, data)
    panels.draw_densities(ax, data, limits[0])
    panels.draw_rug(ax, data)
    limit(ax, limits[0], (0.0, ax.get_ylim()[1]), drawn_before=before)
    return list(panels.curve_handles(data))


def _draw_scatter(ax: Axes, data: PlotData, coverage: Sequence[float]) -> list[Any]:
    draw_scatter(ax, data, coverage, *point_style(len(data.points)))
    return list(panels.component_handles(data, lines=False))


def draw_scatter(ax: Axes, data: PlotData, coverage: Sequence[float], sizes: Any, opacity: Any) -> None:
    """Draw two columns on a panel: points of these sizes, ellipses and means."""
    limits, before = data.limits(coverage), ax.has_data()
    panels.draw_points(ax, data, sizes, opacity)
    panels.draw_ellipses(ax, data.mixture, coverage)
    panels.draw_means(ax, data.mixture)
    panels.name_axes(ax, *data.names)
    limit(ax, *limits, drawn_before=before)


def note_of_ellipses(coverage: Sequence[float]) -> str | None:
    """Return what ellipses of a coverage hold; None if there are none."""
    return f"ellipses hold {percentages(coverage)} of a component" if coverage else None
