"""The picture of a mixture's density."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx._text import printable
from gmmx.plot._axes import add_legend, limit, literal, one_axes, require_matplotlib, title_one
from gmmx.plot._mixtures import FittedMixture, FloatArray, FullMixture, region_log_levels
from gmmx.plot._pair_grid import PairStyle, draw_pair_grid
from gmmx.plot._panels import (
    Level,
    component_handles,
    draw_densities,
    draw_histogram,
    draw_plain_points,
    draw_regions,
    mixture_handle,
    name_axes,
)
from gmmx.plot._picture import Picture, picture_of
from gmmx.plot._style import DENSITY_COLOURS, percentages
from gmmx.plot._view import Scene, arrange, checked_coverage, heading
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUBJECT = "Density"
_WIDEST = 0.99
"""Ellipses that hold this part of each component fit into the picture, whatever regions are drawn."""

_FLOOR = 0.9999
"""On a logarithmic scale the density of the region that holds this part of the mass is the lowest shown."""

_PIXELS = 300
"""Pixels of an image along each axis."""


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
    """Draw the density of a mixture, of one column as a curve, of two as contours, an image or a surface.

    More than two columns: contours of every pair of them. The curve comes with those of the components and, if rows are
    given, with their histogram. If the model has more features than are drawn, the density is that of the marginal
    mixture.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features), optional
        Rows to show along with it, with all features that `model` was fitted to.
    columns : sequence of int or str, optional
        The columns to draw, by position or by name; more than two make a grid of pairs, as `pairs` draws it. None
        draws all that vary, of more than six those that separate the components most, and the caption says so.
    feature_names : sequence of str of length n_features, optional
        Names of all columns for the axes. None takes the columns of a data frame, then
        ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the histogram; rows of weight 0 are not drawn.
    kind : {"filled", "contour", "image", "surface"}, default="filled"
        How two columns are drawn: areas between contours, labelled lines, a colour for each point, or a surface
        in three dimensions. A single column is always a curve.
    coverage : float or sequence of float, default=(0.5, 0.75, 0.95)
        The contours are the borders of the smallest regions that hold these parts of the mixture's mass.
    levels : sequence of float, optional
        Densities to draw the contours at, in place of `coverage`.
    log : bool, default=False
        Whether densities have a logarithmic scale: the axis of the curve, the colours of the image, the height of
        the surface. It ends where regions hold 99.99 % of the mass. Contours are the same on either scale.
    max_points : int, default=5000
        Rows drawn one by one at most; of more, a random choice is drawn and the caption says so.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : Axes, or array of Axes of shape (m, m), optional
        Where to draw; a surface needs one with ``projection="3d"``. If something is on it already, its limits only
        widen, so that ``density(model, kind="contour", title="", ax=classification(model, X))`` adds contours to
        a scatter. None makes a new figure with a caption, which pyplot does not know.

    Returns
    -------
    Picture
        Of one panel, or of a grid of m x m for m > 2 columns.

    Raises
    ------
    ValueError
        If X does not fit the model or holds NaN, or a column, `kind`, a coverage, a level or `ax` is not usable.
    TypeError
        If `model` is no mixture or `ax` no Axes.
    NotFittedError
        If the model is not fitted.
    ImportError
        If matplotlib is not installed.

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
    require_matplotlib()
    if kind not in _DRAW:
        raise ValueError(not_among("kind", kind, _DRAW))
    by_density = None if levels is None else _levels_by_density(levels)
    parts = checked_coverage(coverage)
    if by_density is None and not parts:
        raise ValueError("coverage is empty; name at least one part of the mass, for example 0.9, or give levels")
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
        if kind not in _OF_PAIRS:
            raise ValueError(
                f"kind={kind!r} draws one or two columns, but here are {len(scene.columns)}: name two with columns=, "
                f"or take kind={_OF_PAIRS[0]!r}"
            )
        return draw_pair_grid(scene, density_pairs(parts, kind, by_density, log=log), title, ax)
    flat = len(scene.columns) == 1
    panel = one_axes(ax, projection="3d" if kind == "surface" and not flat else "rectilinear")
    if flat:
        handles = draw_density_curve(panel, scene, log=log)
    else:
        handles = _DRAW[kind](panel, scene, _Choice(by_density or _levels_by_coverage(scene.mixture, parts), log))
    add_legend(panel, handles)
    scattered = not flat and kind != "surface"
    notes = [scene.count(scattered=scattered)] if len(scene.rows.X) else []
    caption = "; ".join([*notes, *scene.choice()])
    title_one(panel, heading(scene, _SUBJECT) if title is None else title, caption, own_figure=ax is None)
    return picture_of(panel)


def density_pairs(
    coverage: Sequence[float], kind: str = "filled", levels: list[Level] | None = None, *, log: bool = False
) -> PairStyle:
    """Return the style of a grid of densities, with contours by coverage or at given levels."""

    def draw_two(ax: Axes, scene: Scene) -> list[Any]:
        return _DRAW[kind](ax, scene, _Choice(levels or _levels_by_coverage(scene.mixture, coverage), log))

    note = f"areas hold {percentages(coverage)} of the mixture" if levels is None else None
    return PairStyle(_SUBJECT, partial(draw_density_curve, log=log), draw_two, note)


def draw_density_curve(ax: Axes, scene: Scene, *, log: bool) -> list[Any]:
    """Draw the density of one column on a panel; return the legend's handles."""
    limits, before = scene.limits([_WIDEST])[0], ax.has_data()
    draw_histogram(ax, scene)
    highest = draw_densities(ax, scene, limits, filled=False)
    if log:
        ax.set_yscale("log")
        limit(ax, limits, (1e-5 * highest, 2.0 * highest), drawn_before=before)
    else:
        limit(ax, limits, (0.0, ax.get_ylim()[1]), drawn_before=before)
    return [*component_handles(scene, lines=True), mixture_handle()]


@dataclass(frozen=True)
class _Choice:
    """Where contours are drawn, and whether densities are shown on a logarithmic scale."""

    levels: list[Level]
    log: bool


def _draw_filled(ax: Axes, scene: Scene, choice: _Choice) -> list[Any]:
    return _draw_contours(ax, scene, choice, filled=True)


def _draw_lines(ax: Axes, scene: Scene, choice: _Choice) -> list[Any]:
    return _draw_contours(ax, scene, choice, filled=False)


def _draw_contours(ax: Axes, scene: Scene, choice: _Choice, *, filled: bool) -> list[Any]:
    limits, before = scene.limits([_WIDEST]), ax.has_data()
    draw_plain_points(ax, scene)
    limit(ax, *limits, drawn_before=before)
    name_axes(ax, *scene.names)
    return draw_regions(ax, scene.mixture, limits, choice.levels, filled=filled)


def _draw_image(ax: Axes, scene: Scene, choice: _Choice) -> list[Any]:
    from matplotlib.colors import LogNorm

    limits, before = scene.limits([_WIDEST]), ax.has_data()
    steps = (np.arange(_PIXELS) + 0.5) / _PIXELS
    x, y = (low + (high - low) * steps for low, high in limits)
    density = _density_on(scene.mixture, x, y, choice)
    scale: dict[str, Any] = {"norm": LogNorm(density.min(), density.max())} if choice.log else {"vmin": 0.0}
    place: dict[str, Any] = {"extent": limits.ravel().tolist(), "origin": "lower", "aspect": "auto", "zorder": 0}
    image = ax.imshow(density, cmap=DENSITY_COLOURS, interpolation="bilinear", **place, **scale)
    ax.figure.colorbar(image, ax=ax, label="density")
    draw_plain_points(ax, scene)
    limit(ax, *limits, drawn_before=before)
    name_axes(ax, *scene.names)
    return []


def _draw_surface(ax: Any, scene: Scene, choice: _Choice) -> list[Any]:
    x, y = (np.linspace(low, high, 121) for low, high in scene.limits([_WIDEST]))
    density = _density_on(scene.mixture, x, y, choice)
    height, label = (np.log10(density), "log10 of density") if choice.log else (density, "density")
    ax.plot_surface(*np.meshgrid(x, y), height, cmap=DENSITY_COLOURS, rcount=121, ccount=121, edgecolor="none")
    literal(ax.set_xlabel(printable(scene.names[0])))
    literal(ax.set_ylabel(printable(scene.names[1])))
    ax.set_zlabel(label, labelpad=14.0)
    ax.tick_params(axis="z", pad=7.0)
    ax.set_box_aspect(None, zoom=0.85)
    return []


_DRAW: dict[str, Callable[[Any, Scene, _Choice], list[Any]]] = {
    "filled": _draw_filled,
    "contour": _draw_lines,
    "image": _draw_image,
    "surface": _draw_surface,
}


_OF_PAIRS = ("filled", "contour")
"""Kinds of which there may be many panels."""


def _density_on(mixture: FullMixture, x: FloatArray, y: FloatArray, choice: _Choice) -> FloatArray:
    """Density on a grid, (len(y), len(x)); for a logarithmic scale nowhere below the lowest shown."""
    log_density = mixture.log_density(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(len(y), len(x))
    if choice.log:
        log_density = np.maximum(log_density, region_log_levels(mixture, [_FLOOR]))
    return np.exp(log_density)


def _levels_by_coverage(mixture: FullMixture, coverage: Sequence[float]) -> list[Level]:
    """Borders of the smallest regions that hold parts of the mass."""
    levels = region_log_levels(mixture, coverage).tolist()
    parts = [f"{100 * part:g} %" for part in coverage]
    return [Level(level, f"holds {part}", part) for level, part in zip(levels, parts, strict=True)]


def _levels_by_density(levels: Sequence[float]) -> list[Level]:
    values = [float(level) for level in levels]
    if not values or not all(0.0 < level < np.inf for level in values):
        raise ValueError(f"levels must hold densities above 0, for example [0.01, 0.05]; got {levels!r}")
    return [Level(float(np.log(value)), f"density above {value:.3g}", f"{value:.3g}") for value in values]
