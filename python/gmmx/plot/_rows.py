"""Pictures of rows: their most probable components, how uncertain these are, and all pairs of columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.plot import _panels as panels
from gmmx.plot._density import density_style
from gmmx.plot._layout import Picture, Style, draw_grid, draw_picture, legend_entry, limit
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._panels import INK, MANY, colour, marker, point_style
from gmmx.plot._view import PlotData, documented, prepare
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# At this uncertainty, where two components are equally probable, a point has its full size in every picture.
_FULL = 0.5

_OPACITIES = (0.45, 0.85)


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
    {model}
    {X}
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
    data = prepare(model, X, columns, feature_names, sample_weight, coverage, max_points, random_state)
    return draw_picture(data, _CLASSIFICATION, title, ax)


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
    {model}
    {X}
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
    data = prepare(model, X, columns, feature_names, sample_weight, coverage, max_points, random_state)
    notes = [f"largest uncertainty {data.uncertainty.max(initial=0.0):.2g}"]
    return draw_picture(data, _UNCERTAINTY, title, ax, notes=notes)


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
    {model}
    {X}
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
    style, default, if_empty = _KINDS[what]
    coverage = default if coverage is None else coverage
    data = prepare(
        model, X, columns, feature_names, sample_weight, coverage, max_points, random_state, if_empty=if_empty
    )
    return draw_grid(data, style, title, ax)


def _draw_scatter(ax: Axes, data: PlotData, look: tuple[Any, Any] | None = None) -> list[Any]:
    """Draw the points of two columns, with a look of areas and opacities, and the ellipses and means."""
    limits, before = data.limits(), ax.has_data()
    panels.draw_points(ax, data, *(look or point_style(len(data.points))))
    panels.draw_ellipses(ax, data)
    panels.draw_means(ax, data.mixture)
    panels.name_axes(ax, *data.names)
    limit(ax, *limits, drawn_before=before)
    return panels.component_handles(data)


def _draw_uncertainties(ax: Axes, data: PlotData) -> list[Any]:
    """Draw two columns with points that grow and darken with the uncertainty, smaller where there are many."""
    n_points = max(len(data.points), 1)
    areas = np.clip(2_000 / n_points, 3.0, 9.0), np.clip(60_000 / n_points, 25.0, 100.0)

    def look_of(uncertainty: Any) -> tuple[Any, Any]:
        return np.interp(uncertainty, (0.0, _FULL), areas), np.interp(uncertainty, (0.0, _FULL), _OPACITIES)

    handles = _draw_scatter(ax, data, look_of(data.uncertainty))
    for uncertainty in (0.0, _FULL / 2, _FULL):
        area, opacity = look_of(uncertainty)
        label = f"uncertainty {uncertainty:g}" + (" or more" if uncertainty == _FULL and data.n_components > 2 else "")
        look: dict[str, Any] = {"marker": "o", "markersize": area**0.5, "markeredgewidth": 0, "color": INK}
        handles.append(legend_entry(label, alpha=opacity, **look))
    return handles


def _draw_stems(ax: Axes, data: PlotData) -> list[Any]:
    """Draw the uncertainty over one column: the points on lines from zero, and their curve where there is one."""
    limits, before = data.limits()[0], ax.has_data()
    area, opacity = point_style(len(data.points))
    values, heights = data.points[:, 0], data.uncertainty
    look: dict[str, Any] = {"rasterized": len(heights) > MANY}
    for k, mine in data.by_component():
        stems: dict[str, Any] = {"colors": colour(k), "alpha": 0.4 * opacity, "linewidth": 0.8}
        points: dict[str, Any] = {"s": area, "color": colour(k), "marker": marker(k), "linewidths": 0, "zorder": 2}
        ax.vlines(values[mine], 0.0, heights[mine], **stems, **look)
        ax.scatter(values[mine], heights[mine], **points, **look)
    if data.n_features == 1:
        grid = panels.values_near(data.mixture, limits)
        log_prob = data.mixture.weighted_log_prob(grid[:, np.newaxis])
        largest = np.exp(log_prob.max(axis=0) - np.logaddexp.reduce(log_prob, axis=0))
        ax.plot(grid, np.maximum(1.0 - largest, 0.0), zorder=1, **panels.MIXTURE_LINE)
    panels.name_axes(ax, data.names[0], "uncertainty")
    limit(ax, limits, (0.0, 1.05 * heights.max(initial=_FULL)), drawn_before=before)
    return panels.component_handles(data)


_ELLIPSES = "ellipses hold {} of a component"
_CURVES = partial(panels.draw_curves, with_rows=True)
_CLASSIFICATION = Style("Gaussian mixture", _CURVES, _draw_scatter, _ELLIPSES)
_UNCERTAINTY = Style("Uncertainty", _CURVES, _draw_uncertainties, _ELLIPSES, draw_alone=_draw_stems)

# Each kind of grid has a style, a default coverage, and a remedy if its coverage must not be empty.
_KINDS: dict[str, tuple[Style, tuple[float, ...], str | None]] = {
    "classification": (_CLASSIFICATION, (0.5, 0.9), None),
    "uncertainty": (_UNCERTAINTY, (0.5,), None),
    "density": (density_style(), (0.5, 0.75, 0.95), ""),
}
