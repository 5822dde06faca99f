"""The picture of a mixture's density."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.plot import _panels as panels
from gmmx.plot._layout import Picture, Style, draw_picture, limit, write
from gmmx.plot._mixtures import FittedMixture, FloatArray, FullMixture, region_log_levels
from gmmx.plot._view import PlotData, documented, prepare
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Two columns can have these kinds, grids of panels the first two.
_KINDS = ("filled", "contour", "image", "surface")
_OF_PAIRS = _KINDS[:2]

_COLOURS = "Blues"

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
    if kind not in _KINDS:
        raise ValueError(not_among("kind", kind, _KINDS))
    by_density = None if levels is None else _levels_by_density(levels)
    if_empty = ", or give levels" if levels is None else None
    data = prepare(
        model, X, columns, feature_names, sample_weight, coverage, max_points, random_state, if_empty=if_empty
    )
    n_columns = len(data.names)
    if n_columns > 2 and kind not in _OF_PAIRS:
        raise ValueError(
            f"kind={kind!r} draws one or two columns, but here are {n_columns}: name two with columns=, "
            f"or use kind={_OF_PAIRS[0]!r}"
        )
    return draw_picture(data, density_style(kind, by_density, log=log, has_note=n_columns > 2), title, ax)


def density_style(
    kind: str = "filled", levels: dict[float, str] | None = None, *, log: bool = False, has_note: bool = True
) -> Style:
    """Return how densities are drawn, with contours by coverage or at given levels."""
    draw_two = {
        "filled": partial(_draw_contours, levels=levels, filled=True),
        "contour": partial(_draw_contours, levels=levels, filled=False),
        "image": partial(_draw_image, log=log),
        "surface": partial(_draw_surface, log=log),
    }[kind]
    note = "areas hold {} of the mixture" if has_note and levels is None else None
    projection = "3d" if kind == "surface" else "rectilinear"
    curve = partial(panels.draw_curves, coverage=[_WIDEST], log=log)
    return Style("Density", curve, draw_two, note, projection=projection, scatters=(False, kind != "surface"))


def _draw_contours(ax: Axes, data: PlotData, *, levels: dict[float, str] | None, filled: bool) -> list[Any]:
    """Draw where the log-density exceeds levels, as areas or labelled lines."""
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    limits, before = data.limits([_WIDEST]), ax.has_data()
    _draw_points(ax, data, limits, drawn_before=before)
    x, y = (panels.values_near(data.mixture, limits[column], column, most=160) for column in (0, 1))
    log_density = data.mixture.log_density_on(x, y)
    verb, labels = "density above", levels
    if labels is None:
        borders = region_log_levels(data.mixture, data.coverage).tolist()
        parts = [f"{100 * part:g} %" for part in data.coverage]
        verb, labels = "holds", dict(zip(borders, parts, strict=True))
    labels = dict(sorted(labels.items()))
    if not filled:
        look: dict[str, Any] = {"colors": panels.INK, "linewidths": 0.9, "linestyles": "-", "zorder": 3}
        lines = ax.contour(x, y, log_density, list(labels), **look)
        ax.clabel(lines, fmt=labels, fontsize="x-small")
        return []
    shades = colormaps[_COLOURS](np.linspace(0.18, 0.72, len(labels)))
    top = max(float(log_density.max()), *labels) + 1.0
    ax.contourf(x, y, log_density, [*labels, top], colors=shades, zorder=0)
    entries = zip(shades, labels.values(), strict=True)
    return [Patch(color=shade, label=f"{verb} {label}") for shade, label in entries][::-1]


def _draw_image(ax: Axes, data: PlotData, *, log: bool) -> list[Any]:
    from matplotlib.colors import LogNorm

    limits, before = data.limits([_WIDEST]), ax.has_data()
    steps = (np.arange(_PIXELS) + 0.5) / _PIXELS
    x, y = (low + (high - low) * steps for low, high in limits)
    density = _density_on(data.mixture, x, y, log)
    scale: dict[str, Any] = {"norm": LogNorm(density.min(), density.max())} if log else {"vmin": 0.0}
    place: dict[str, Any] = {"extent": limits.ravel().tolist(), "origin": "lower", "aspect": "auto", "zorder": 0}
    image = ax.imshow(density, cmap=_COLOURS, interpolation="bilinear", **place, **scale)
    ax.figure.colorbar(image, ax=ax, label="density")
    _draw_points(ax, data, limits, drawn_before=before)
    return []


def _draw_surface(ax: Any, data: PlotData, *, log: bool) -> list[Any]:
    x, y = (np.linspace(low, high, 121) for low, high in data.limits([_WIDEST]))
    density = _density_on(data.mixture, x, y, log)
    height, label = (np.log10(density), "log10 of density") if log else (density, "density")
    ax.plot_surface(*np.meshgrid(x, y), height, cmap=_COLOURS, rcount=121, ccount=121, edgecolor="none")
    write(ax.set_xlabel, data.names[0])
    write(ax.set_ylabel, data.names[1])
    ax.set_zlabel(label, labelpad=14.0)
    ax.tick_params(axis="z", pad=7.0)
    ax.set_box_aspect(None, zoom=0.85)
    return []


def _draw_points(ax: Axes, data: PlotData, limits: FloatArray, *, drawn_before: bool) -> None:
    """Scatter the points of two columns in grey, since the picture is about the density."""
    if len(data.points):
        area, opacity = panels.point_style(len(data.points))
        look: dict[str, Any] = {"color": panels.INK, "alpha": opacity, "linewidths": 0}
        is_many = len(data.points) > panels.MANY
        ax.scatter(data.points[:, 0], data.points[:, 1], s=area / 3, zorder=2, rasterized=is_many, **look)
    limit(ax, *limits, drawn_before=drawn_before)
    panels.name_axes(ax, *data.names)


def _density_on(mixture: FullMixture, x: FloatArray, y: FloatArray, log: bool) -> FloatArray:
    """Return the density on a grid, on a logarithmic scale not below the lowest drawn."""
    log_density = mixture.log_density_on(x, y)
    if log:
        log_density = np.maximum(log_density, region_log_levels(mixture, [_FLOOR]))
    return np.exp(log_density)


def _levels_by_density(levels: Sequence[float]) -> dict[float, str]:
    values = [float(level) for level in levels]
    if not values or not all(0.0 < level < np.inf for level in values):
        raise ValueError(f"levels must hold densities above 0, for example [0.01, 0.05]; got {levels!r}")
    return {float(np.log(value)): f"{value:.3g}" for value in values}
