"""Colours and markers, and the elements that several pictures draw: points, ellipses, histograms, densities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.plot._layout import legend_entry, limit, write
from gmmx.plot._mixtures import FloatArray, FullMixture, coverage_radius
from gmmx.plot._view import PlotData

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Components 0, 1, 2, ... have these colours of Okabe and Ito, distinct with every kind of colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A3D9A")

#: Components 0, 1, 2, ... have these markers. With one fewer than colours, 42 components differ in one or the other.
MARKERS = ("o", "^", "s", "D", "v", "P")

INK = "0.15"
MIXTURE_LINE: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": (0, (4, 2))}

# A legend names at most this many components; if there are more, each mean carries its number.
MAX_LEGEND = 10

# More points than these become pixels in a vector graphic.
MANY = 2_000


def colour(k: int) -> str:
    """Colour of component `k`."""
    return PALETTE[k % len(PALETTE)]


def marker(k: int) -> str:
    """Marker of component `k`."""
    return MARKERS[k % len(MARKERS)]


def point_style(n_points: int) -> tuple[float, float]:
    """Area and opacity of a point: small and faint where there are many."""
    area = float(np.clip(5_000 / max(n_points, 1), 3.0, 24.0))
    opacity = float(np.clip(60 / np.sqrt(max(n_points, 1)), 0.25, 0.75))
    return area, opacity


def name_axes(ax: Axes, x: str, y: str) -> None:
    """Label the axes of a panel that have no label yet, and remove its top and right spines."""
    if not ax.get_xlabel():
        write(ax.set_xlabel, x)
    if not ax.get_ylabel():
        write(ax.set_ylabel, y)
    ax.spines[["top", "right"]].set_visible(False)


def draw_points(ax: Axes, data: PlotData, sizes: FloatArray | float, opacity: FloatArray | float) -> None:
    """Scatter the points, each in the colour and with the marker of its most probable component."""
    sizes, opacity = np.broadcast_to(sizes, len(data.points)), np.broadcast_to(opacity, len(data.points))
    shared: dict[str, Any] = {"linewidths": 0, "zorder": 1, "rasterized": len(data.points) > MANY}
    for k, mine in data.by_component():
        look: dict[str, Any] = {"s": sizes[mine], "color": colour(k), "marker": marker(k), "alpha": opacity[mine]}
        ax.scatter(data.points[mine, 0], data.points[mine, 1], **look, **shared)


def draw_ellipses(ax: Axes, data: PlotData) -> None:
    """Draw ellipses that contain parts of each component, along the eigenvectors of its covariance."""
    from matplotlib.patches import Ellipse

    mixture = data.mixture
    for k in np.flatnonzero(mixture.weights > 0).tolist():
        eigenvalues, eigenvectors = np.linalg.eigh(mixture.covariances[k])
        lengths = 2.0 * np.sqrt(np.maximum(eigenvalues, 0.0))
        angle = float(np.degrees(np.arctan2(eigenvectors[1, 0], eigenvectors[0, 0])))
        look: dict[str, Any] = {"fill": False, "edgecolor": colour(k), "linewidth": 1.6, "zorder": 3}
        for part in data.coverage:
            x, y = mixture.means[k].tolist()
            width, height = (coverage_radius(part) * lengths).tolist()
            ax.add_patch(Ellipse((x, y), width, height, angle=angle, **look))


def draw_means(ax: Axes, mixture: FullMixture) -> None:
    """Mark the means with a cross, or with their numbers if a legend would be too long."""
    if len(mixture.weights) <= MAX_LEGEND:
        cross: dict[str, Any] = {"marker": "+", "markersize": 9.0, "markeredgewidth": 1.4}
        ax.plot(*mixture.means.T, linestyle="none", color=INK, zorder=4, **cross)
        return
    from matplotlib.patheffects import withStroke

    for k, (x, y) in enumerate(mixture.means.tolist()):
        halo = [withStroke(linewidth=2.5, foreground="white")]
        words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": "small", "color": INK}
        ax.text(x, y, str(k), zorder=5, path_effects=halo, clip_on=True, **words)


def draw_curves(
    ax: Axes, data: PlotData, coverage: Sequence[float] | None = None, *, with_rows: bool = False, log: bool = False
) -> list[Any]:
    """Draw the histogram and the densities of one column, perhaps with areas and rows of the components."""
    limits, before = data.limits(coverage)[0], ax.has_data()
    _draw_histogram(ax, data)
    grid = values_near(data.mixture, limits)
    parts = np.exp(data.mixture.weighted_log_prob(grid[:, np.newaxis]))
    for k, part in enumerate(parts):
        ax.plot(grid, part, color=colour(k), linewidth=1.6, zorder=2)
        if with_rows:
            ax.fill_between(grid, part, color=colour(k), alpha=0.12, linewidth=0, zorder=1)
    density = parts.sum(axis=0)
    ax.plot(grid, density, zorder=3, **MIXTURE_LINE)
    name_axes(ax, data.names[0], "density")
    if with_rows:
        _draw_rug(ax, data)
    if log:
        ax.set_yscale("log")
    heights = (1e-5 * density.max(), 2.0 * density.max()) if log else (0.0, ax.get_ylim()[1])
    limit(ax, limits, heights, drawn_before=before)
    return [*component_handles(data, lines=True), legend_entry("mixture", **MIXTURE_LINE)]


def _draw_histogram(ax: Axes, data: PlotData) -> None:
    """Draw the histogram of one column, all rows, with area one."""
    values, weights = data.rows.X[:, 0], data.rows.sample_weight
    if len(values):
        bins = int(np.clip(2 * np.cbrt(len(values)), 10, 80))
        density, edges = np.histogram(values, bins=bins, weights=weights, density=True)
        ax.stairs(density, edges, fill=True, color="0.85", zorder=0)


def _draw_rug(ax: Axes, data: PlotData) -> None:
    """Draw a tick for each point of one column at the bottom of the panel, in the colour of its component."""
    _, opacity = point_style(len(data.points))
    look: dict[str, Any] = {"linewidth": 0.9, "alpha": opacity, "zorder": 4, "rasterized": len(data.points) > MANY}
    for k, mine in data.by_component():
        ax.vlines(data.points[mine, 0], 0.0, 0.025, transform=ax.get_xaxis_transform(), colors=colour(k), **look)


def values_near(mixture: FullMixture, limits: Sequence[float], column: int = 0, *, most: int = 4_000) -> FloatArray:
    """Return values between two ends, closer where a component has its mass, so that narrow peaks show."""
    n_near = int(np.clip(most // len(mixture.weights), 5, 81))
    reach = mixture.deviations()[:, column, np.newaxis] * np.linspace(-4, 4, n_near)
    near = mixture.means[:, column, np.newaxis] + reach
    low, high = limits
    values = np.concatenate([np.linspace(low, high, 161), near.ravel()])
    return np.unique(values[(values >= low) & (values <= high)])


def component_handles(data: PlotData, *, lines: bool = False) -> list[Any]:
    """Make the legend's entries: a marker or a line for each component; none if there are too many."""
    if data.n_components > MAX_LEGEND:
        return []
    handles = []
    for k, weight in enumerate(data.mixture.weights):
        look: dict[str, Any] = {"linestyle": "-"} if lines else {"marker": marker(k)}
        handles.append(legend_entry(f"component {k} ({100 * weight:.1f} %)", color=colour(k), **look))
    return handles
