"""The picture of a mixture's density."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.plot._axes import limit, write
from gmmx.plot._docstrings import documented
from gmmx.plot._layout import Style, draw_picture
from gmmx.plot._mixtures import FittedMixture, FloatArray, FullMixture, region_log_levels
from gmmx.plot._panels import (
    Level,
    curve_handles,
    draw_densities,
    draw_histogram,
    draw_plain_points,
    draw_regions,
    name_axes,
)
from gmmx.plot._picture import Picture
from gmmx.plot._style import DENSITY_COLOURS, percentages
from gmmx.plot._view import PlotData, checked_coverage, prepare
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The picture has room for ellipses with this part of each component, whatever regions are drawn.
_WIDEST = 0.99

# On a logarithmic scale, the lowest density drawn is that at the border of the region with this part of the mass.
_FLOOR = 0.9999

# An image has this many pixels along each axis.
_PIXELS = 300


@documented
def density(
    model: FittedMixture,
    X: Any = None,
    *,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    kind: str = "filled",
    coverage: float | Sequence[float] = (0.5, 0.75, 0.95),
    levels: Sequence[float] | None = None,
    log: bool = False,
    max_points: int = 5_000,
    random_state: int = 0,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw the density of a mixture.

    Two columns give contours, an image or a surface. One column gives the curves of the mixture and of its components,
    and a histogram if rows are given. More columns give contours of all pairs. If the model has more features than are
    drawn, the density is that of the marginal mixture.

    Parameters
    ----------
    {model}
    X : array-like of shape (n_samples, n_features), optional
        Rows to draw, with all features that `model` was fitted to. None draws only the density.
    {columns}
    kind : {"filled", "contour", "image", "surface"}, default="filled"
        Style for two columns: areas between contours, labelled contour lines, an image, or a surface in three
        dimensions. A single column is always a curve.
    coverage : float or sequence of float, default=(0.5, 0.75, 0.95)
        Fractions of the mixture's mass. The contours bound the smallest regions that contain them.
    levels : sequence of float, optional
        Densities of the contours. None derives them from `coverage`.
    log : bool, default=False
        Whether densities have a logarithmic scale: the axis of the curve, the colours of the image, the height of the
        surface. The scale ends where regions contain 99.99 % of the mass. Contours are the same on either scale.
    {subsample}
    ax : Axes, or array of Axes of shape (m, m), optional
        Axes to draw on; a surface needs ``projection="3d"``. The limits of axes that have content only widen, so
        ``density(model, kind="contour", title="", ax=classification(model, X))`` adds contours to a scatter plot. None
        makes a new figure with a caption, independent of pyplot.

    {results}

    Notes
    -----
    The density is (2) of the theory. The regions are the highest-density regions of Hyndman (1996), "Computing and
    graphing highest density regions", The American Statistician 50, 120-126.

    Examples
    --------
    >>> from gmmx import GaussianMixture, plot
    >>> model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], [1.0, 1.0], "spherical")
    >>> ax = plot.density(model, coverage=[0.5, 0.9])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['holds 50 %', 'holds 90 %']
    """
    if kind not in _DRAW:
        raise ValueError(not_among("kind", kind, _DRAW))
    by_density = None if levels is None else _levels_by_density(levels)
    parts = checked_coverage(coverage, empty=", or give levels" if levels is None else None)
    data = prepare(model, X, columns, feature_names, sample_weight, max_points, random_state)
    is_grid = len(data.columns) > 2
    if is_grid and kind not in _OF_PAIRS:
        raise ValueError(
            f"kind={kind!r} draws one or two columns, but here are {len(data.columns)}: name two with columns=, "
            f"or use kind={_OF_PAIRS[0]!r}"
        )
    return draw_picture(data, density_style(parts, kind, by_density, log=log, has_note=is_grid), title, ax)


def density_style(
    coverage: Sequence[float],
    kind: str = "filled",
    levels: list[Level] | None = None,
    *,
    log: bool = False,
    has_note: bool = True,
) -> Style:
    """Return how densities are drawn, with contours by coverage or at given levels."""

    def draw_two(ax: Axes, data: PlotData) -> list[Any]:
        return _DRAW[kind](ax, data, _Contours(levels or _levels_by_coverage(data.mixture, coverage), log))

    note = f"areas hold {percentages(coverage)} of the mixture" if has_note and levels is None else None
    is_flat = kind != "surface"
    projection = "rectilinear" if is_flat else "3d"
    curve = partial(_draw_curve, log=log)
    return Style("Density", curve, draw_two, note, projection=projection, scatters=(False, is_flat))


def _draw_curve(ax: Axes, data: PlotData, *, log: bool) -> list[Any]:
    """Draw the density of one column on a panel; return the legend's handles."""
    limits, before = data.limits([_WIDEST])[0], ax.has_data()
    draw_histogram(ax, data)
    highest = draw_densities(ax, data, limits, filled=False)
    if log:
        ax.set_yscale("log")
    heights = (1e-5 * highest, 2.0 * highest) if log else (0.0, ax.get_ylim()[1])
    limit(ax, limits, heights, drawn_before=before)
    return list(curve_handles(data))


@dataclass(frozen=True)
class _Contours:
    """Where contours are drawn, and whether densities have a logarithmic scale."""

    levels: list[Level]
    log: bool

    def density_on(self, mixture: FullMixture, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the density on a grid, on a logarithmic scale not below the lowest drawn."""
        log_density = mixture.log_density_on(x, y)
        if self.log:
            log_density = np.maximum(log_density, region_log_levels(mixture, [_FLOOR]))
        return np.exp(log_density)


def _draw_contours(ax: Axes, data: PlotData, contours: _Contours, *, filled: bool) -> list[Any]:
    limits, before = data.limits([_WIDEST]), ax.has_data()
    draw_plain_points(ax, data)
    limit(ax, *limits, drawn_before=before)
    name_axes(ax, *data.names)
    return draw_regions(ax, data.mixture, limits, contours.levels, filled=filled)


def _draw_image(ax: Axes, data: PlotData, contours: _Contours) -> list[Any]:
    from matplotlib.colors import LogNorm

    limits, before = data.limits([_WIDEST]), ax.has_data()
    steps = (np.arange(_PIXELS) + 0.5) / _PIXELS
    x, y = (low + (high - low) * steps for low, high in limits)
    density = contours.density_on(data.mixture, x, y)
    scale: dict[str, Any] = {"norm": LogNorm(density.min(), density.max())} if contours.log else {"vmin": 0.0}
    place: dict[str, Any] = {"extent": limits.ravel().tolist(), "origin": "lower", "aspect": "auto", "zorder": 0}
    image = ax.imshow(density, cmap=DENSITY_COLOURS, interpolation="bilinear", **place, **scale)
    ax.figure.colorbar(image, ax=ax, label="density")
    draw_plain_points(ax, data)
    limit(ax, *limits, drawn_before=before)
    name_axes(ax, *data.names)
    return []


def _draw_surface(ax: Any, data: PlotData, contours: _Contours) -> list[Any]:
    x, y = (np.linspace(low, high, 121) for low, high in data.limits([_WIDEST]))
    density = contours.density_on(data.mixture, x, y)
    height, label = (np.log10(density), "log10 of density") if contours.log else (density, "density")
    ax.plot_surface(*np.meshgrid(x, y), height, cmap=DENSITY_COLOURS, rcount=121, ccount=121, edgecolor="none")
    write(ax.set_xlabel, data.names[0])
    write(ax.set_ylabel, data.names[1])
    ax.set_zlabel(label, labelpad=14.0)
    ax.tick_params(axis="z", pad=7.0)
    ax.set_box_aspect(None, zoom=0.85)
    return []


_DRAW: dict[str, Callable[[Any, PlotData, _Contours], list[Any]]] = {
    "filled": partial(_draw_contours, filled=True),
    "contour": partial(_draw_contours, filled=False),
    "image": _draw_image,
    "surface": _draw_surface,
}
# Grids of panels can have these kinds.
_OF_PAIRS = ("filled", "contour")


def _levels_by_coverage(mixture: FullMixture, coverage: Sequence[float]) -> list[Level]:
    """Return the borders of the smallest regions that contain given parts of the mass."""
    levels = region_log_levels(mixture, coverage).tolist()
    parts = [f"{100 * part:g} %" for part in coverage]
    return [Level(level, f"holds {part}", part) for level, part in zip(levels, parts, strict=True)]


def _levels_by_density(levels: Sequence[float]) -> list[Level]:
    values = [float(level) for level in levels]
    if not values or not all(0.0 < level < np.inf for level in values):
        raise ValueError(f"levels must hold densities above 0, for example [0.01, 0.05]; got {levels!r}")
    return [Level(float(np.log(value)), f"density above {value:.3g}", f"{value:.3g}") for value in values]
