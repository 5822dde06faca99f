"""Pictures of a fitted mixture over its data, drawn with matplotlib (``pip install "gmmx-native[plot]"``).

`plot_mixture` draws any number of columns: a histogram with densities for one, a scatter with ellipses for
two, a grid of both for more. matplotlib is imported when a picture is drawn, not before, and pyplot never: no
figure is registered, nothing is shown, no global state changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["PALETTE", "coverage_radius", "plot_mixture"]

FloatArray = npt.NDArray[np.float64]
AxesArray = Any  # an ndarray of Axes, which NumPy's types cannot say

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A3D9A")
"""Colours of components 0, 1, 2, ...: Okabe and Ito's, told apart with every kind of colour vision."""

MARKERS = ("o", "^", "s", "D", "v", "P")
"""Marker of each round through the palette, so that component 7 differs from component 0."""

MAX_PANELS = 6
"""Columns drawn in a grid if none are chosen."""

_MAX_LEGEND = 10
_GRID = 160
_INK = "0.15"
_MIXTURE_LINE: dict[str, Any] = {"color": _INK, "linewidth": 1.2, "linestyle": (0, (4, 2))}


class FittedMixture(Protocol):
    """What a picture needs of a fitted estimator: gmmx.GaussianMixture and scikit-learn's have it."""

    covariance_type: str
    weights_: Any
    means_: Any
    covariances_: Any

    def predict(self, X: Any, /) -> Any:
        """Return the most likely component of each row."""


def plot_mixture(
    model: FittedMixture,
    X: Any,
    *,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    coverage: Sequence[float] = (0.5, 0.9),
    contours: bool = False,
    max_points: int = 5_000,
    random_state: int = 0,
    title: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw a fitted mixture over the rows it was fitted to.

    One column: a histogram with the density of the mixture and of each component. Two columns: a scatter
    coloured by the most likely component, with ellipses that hold the stated parts of each component. More: a
    grid with the histograms on its diagonal and the scatters below it; each panel shows the marginal mixture
    of its columns.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features)
        The rows, with the features that `model` was fitted to.
    columns : sequence of int or str, optional
        The columns to draw, by position or by name. None draws all, or the first six.
    feature_names : sequence of str, optional
        Names of all columns of `X`, with their units, for the axes. None takes the columns of a data frame,
        then ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the histograms; rows of weight 0 are not drawn.
    coverage : sequence of float, default=(0.5, 0.9)
        Parts of a component's mass, between 0 and 1, that its ellipses hold; empty draws none.
    contours : bool, default=False
        Whether to draw the lines of equal density of the whole mixture that hold the parts `coverage` of its
        mass.
    max_points : int, default=5000
        Rows in the scatter at most; of more, a random choice is drawn and the caption says so.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : Axes or array of Axes, optional
        Where to draw: one Axes, or for m > 2 columns an m x m array of them. None makes a new figure, which
        pyplot does not know: reach it as ``ax.figure``, save it with ``ax.figure.savefig("mixture.png")``
        (of an array: ``axes[0, 0].figure``).

    Returns
    -------
    Axes or ndarray of Axes of shape (m, m)
        What was drawn on, as `ax`. Panels above the diagonal are switched off.

    Raises
    ------
    ValueError
        If X does not fit the model, or a column, a coverage or `ax` is not usable.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixture
    >>> from gmmx.plots import plot_mixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(6, 1, (200, 2))])
    >>> model = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> ax = plot_mixture(model, X, feature_names=["length [mm]", "width [mm]"])
    >>> ax.get_xlabel(), ax.get_ylabel(), len(ax.patches)
    ('length [mm]', 'width [mm]', 4)
    """
    _require_matplotlib()
    check_is_fitted(model)
    names = _feature_names(model, X, feature_names)
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != np.shape(model.means_)[1]:
        raise ValueError(
            f"X has shape {rows.shape}; the model was fitted to {np.shape(model.means_)[1]} features, "
            f"so X needs the shape (n_samples, {np.shape(model.means_)[1]})"
        )
    if len(names) != rows.shape[1]:
        raise ValueError(f"feature_names has {len(names)} names; X has {rows.shape[1]} columns")
    for part in coverage:
        if not 0 < part < 1:
            raise ValueError(f"coverage must lie between 0 and 1, for example (0.5, 0.9); got {part}")
    chosen = _chosen_columns(columns, names)
    scene = _Scene.arrange(model, X, rows, sample_weight, max_points, random_state)
    style = _Style(tuple(coverage), contours)
    axes = _axes_for(len(chosen), ax)
    _draw_panels(axes, scene, chosen, names, style)

    heading = _heading(model) if title is None else title
    caption = _caption(scene, chosen, rows.shape, columns is None, style)
    _write_texts(axes, heading, caption, own_figure=ax is None)
    return axes if len(chosen) > 2 else axes[0, 0]


def coverage_radius(coverage: float) -> float:
    """Mahalanobis radius of the ellipse that holds a part of a two-dimensional normal distribution's mass.

    Parameters
    ----------
    coverage : float
        The part of the mass, at least 0 and less than 1.

    Returns
    -------
    float
        The square root of the chi-square quantile with two degrees of freedom, sqrt(-2 log(1 - coverage)).

    Examples
    --------
    >>> round(coverage_radius(0.9), 4)
    2.146
    """
    return float(np.sqrt(-2.0 * np.log1p(-coverage)))


@dataclass(frozen=True)
class _Style:
    coverage: tuple[float, ...]
    contours: bool


@dataclass(frozen=True)
class _Marginal:
    """The mixture of some columns, every covariance a full matrix."""

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray

    def component_densities(self, points: FloatArray) -> FloatArray:
        """Weighted density of each component, shape (n_components, n_points)."""
        n_features = points.shape[1]
        densities = np.zeros((len(self.weights), len(points)))
        for k, (weight, mean, covariance) in enumerate(zip(self.weights, self.means, self.covariances, strict=True)):
            if weight > 0:
                cholesky = np.linalg.cholesky(covariance)
                whitened = np.linalg.solve(cholesky, (points - mean).T)
                log_norm = 0.5 * n_features * np.log(2 * np.pi) + np.log(np.diag(cholesky)).sum()
                densities[k] = weight * np.exp(-0.5 * (whitened**2).sum(axis=0) - log_norm)
        return densities


@dataclass(frozen=True)
class _Scene:
    """The mixture and the rows of one picture."""

    mixture: _Marginal
    rows: FloatArray
    sample_weight: FloatArray | None
    drawn: npt.NDArray[np.intp]
    labels: npt.NDArray[np.intp]

    @classmethod
    def arrange(
        cls,
        model: FittedMixture,
        X: Any,
        rows: FloatArray,
        sample_weight: npt.ArrayLike | None,
        max_points: int,
        random_state: int,
    ) -> _Scene:
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if weights is not None and weights.shape != (len(rows),):
            raise ValueError(
                f"sample_weight has shape {weights.shape}; X has {len(rows)} rows, so it needs ({len(rows)},)"
            )
        drawn = np.arange(len(rows)) if weights is None else np.flatnonzero(weights > 0)
        if len(drawn) > max_points:
            drawn = np.sort(np.random.default_rng(random_state).choice(drawn, max_points, replace=False))
        subset = X.iloc[drawn] if hasattr(X, "iloc") else rows[drawn]
        labels = np.asarray(model.predict(subset), dtype=np.intp) if len(drawn) else np.empty(0, dtype=np.intp)
        return cls(_full_mixture(model), rows, weights, drawn, labels)

    def marginal(self, columns: Sequence[int]) -> _Marginal:
        """Keep some columns of the mixture."""
        index = np.asarray(columns)
        return _Marginal(
            self.mixture.weights,
            self.mixture.means[:, index],
            self.mixture.covariances[:, index[:, np.newaxis], index],
        )


_EXPAND: dict[str, Callable[[FloatArray, int, int], FloatArray]] = {
    "tied": lambda shared, n_components, n_features: np.broadcast_to(shared, (n_components, n_features, n_features)),
    "diag": lambda variances, n_components, n_features: variances[:, :, np.newaxis] * np.eye(n_features),
    "spherical": lambda variances, n_components, n_features: variances[:, np.newaxis, np.newaxis] * np.eye(n_features),
}
"""Covariance types whose ``covariances_`` are not one matrix a component, and how to make them so."""


def _full_mixture(model: FittedMixture) -> _Marginal:
    means = np.asarray(model.means_, dtype=np.float64)
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    if model.covariance_type in _EXPAND:
        covariances = _EXPAND[model.covariance_type](covariances, *means.shape)
    return _Marginal(np.asarray(model.weights_, dtype=np.float64), means, covariances)


def _require_matplotlib() -> None:
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError('a picture needs matplotlib: pip install "gmmx-native[plot]"') from error


def _feature_names(model: FittedMixture, X: Any, feature_names: Sequence[str] | None) -> list[str]:
    if feature_names is None:
        feature_names = getattr(X, "columns", None)
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    if feature_names is None:
        feature_names = [f"feature {index}" for index in range(np.shape(model.means_)[1])]
    return [str(name) for name in feature_names]


def _chosen_columns(columns: Sequence[int | str] | None, names: list[str]) -> list[int]:
    if columns is None:
        return list(range(min(len(names), MAX_PANELS)))
    chosen = []
    for column in columns:
        if isinstance(column, str) and column not in names:
            raise ValueError(f"columns holds {column!r}; the columns are {', '.join(names[:12])}")
        index = names.index(column) if isinstance(column, str) else int(column)
        if not -len(names) <= index < len(names):
            raise ValueError(f"columns holds {index}; X has the columns 0 to {len(names) - 1}")
        chosen.append(index % len(names))
    if not chosen:
        raise ValueError("columns is empty; name at least one column, or leave it out to draw all")
    return chosen


def _axes_for(n_columns: int, ax: Any) -> AxesArray:
    """Return an array of Axes: 1 x 1 for one or two columns, m x m for more."""
    size = n_columns if n_columns > 2 else 1
    if ax is not None:
        axes = np.asarray(ax, dtype=object)
        if axes.size != size * size:
            wanted = "one Axes" if size == 1 else f"an array of {size} x {size} Axes"
            raise ValueError(f"ax holds {axes.size} Axes; {n_columns} columns need {wanted}")
        return axes.reshape(size, size)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.2) if size == 1 else (2.2 * size + 1.2, 2.0 * size + 1.0), layout="constrained")
    grid = figure.subplots(size, size, squeeze=False)
    return np.asarray(grid, dtype=object)


def _draw_panels(axes: AxesArray, scene: _Scene, chosen: list[int], names: list[str], style: _Style) -> None:
    if len(chosen) <= 2:
        ax = axes[0, 0]
        if len(chosen) == 1:
            _draw_densities(ax, scene, chosen[0], names, style)
            _draw_legend(ax, [*_component_handles(scene, lines=True), _mixture_handle()], framed=True)
        else:
            _draw_scatter(ax, scene, chosen[0], chosen[1], names, style)
            _draw_legend(ax, _component_handles(scene, lines=False), framed=True)
        return
    last = len(chosen) - 1
    for i, j in np.ndindex(axes.shape):
        ax = axes[i, j]
        if j > i:
            ax.set_axis_off()
            continue
        if i == j:
            _draw_densities(ax, scene, chosen[i], names, style)
            ax.set_ylabel("density" if i == 0 else "")
            ax.tick_params(axis="y", left=False, labelleft=False)
        else:
            _draw_scatter(ax, scene, chosen[j], chosen[i], names, style)
            ax.tick_params(axis="y", labelleft=j == 0)
            if j > 0:
                ax.set_ylabel("")
        if i < last:
            ax.set_xlabel("")
            ax.tick_params(axis="x", labelbottom=False)
    _draw_legend(axes[0, 1], [*_component_handles(scene, lines=False), _mixture_handle()], framed=False)


def _draw_scatter(ax: Axes, scene: _Scene, x: int, y: int, names: list[str], style: _Style) -> None:
    """Draw two columns: points by component in the order of the rows, ellipses, contours."""
    points = scene.rows[scene.drawn][:, [x, y]]
    mixture = scene.marginal([x, y])
    area, opacity = _point_style(len(points))
    colours = np.array([_colour(k) for k in range(len(mixture.weights))])
    rounds = scene.labels // len(PALETTE)
    for number in np.unique(rounds):
        mine = rounds == number
        ax.scatter(
            points[mine, 0],
            points[mine, 1],
            s=area,
            c=colours[scene.labels[mine]],
            marker=_marker(int(number) * len(PALETTE)),
            alpha=opacity,
            linewidths=0,
            zorder=1,
            rasterized=len(points) > 2_000,
        )
    for k in np.flatnonzero(mixture.weights > 0).tolist():
        for part in style.coverage:
            ax.add_patch(_ellipse(mixture.means[k], mixture.covariances[k], part, _colour(k)))
    ax.set_xlim(*_limits(scene, x, style))
    ax.set_ylim(*_limits(scene, y, style))
    if style.contours and style.coverage:
        _draw_contours(ax, mixture, style.coverage)
    if len(mixture.weights) > _MAX_LEGEND:
        _number_components(ax, mixture)
    else:
        cross: dict[str, Any] = {"marker": "+", "markersize": 9.0, "markeredgewidth": 1.4}
        ax.plot(*mixture.means.T, linestyle="none", color=_INK, zorder=4, **cross)
    ax.set_xlabel(names[x])
    ax.set_ylabel(names[y])
    _plain_frame(ax)


def _draw_densities(ax: Axes, scene: _Scene, x: int, names: list[str], style: _Style) -> None:
    """Draw one column: the histogram of all rows, the mixture's density and each component's."""
    values = scene.rows[:, x]
    mixture = scene.marginal([x])
    bins = int(np.clip(2 * np.cbrt(len(values)), 10, 80))
    density, edges = np.histogram(values, bins=bins, weights=scene.sample_weight, density=True)
    ax.stairs(density, edges, fill=True, color="0.85", zorder=0)
    low, high = _limits(scene, x, style)
    grid = _density_grid(mixture, low, high)
    parts = mixture.component_densities(grid[:, np.newaxis])
    for k, part in enumerate(parts):
        ax.plot(grid, part, color=_colour(k), linewidth=1.6, zorder=2)
        ax.fill_between(grid, part, color=_colour(k), alpha=0.12, linewidth=0, zorder=1)
    ax.plot(grid, parts.sum(axis=0), zorder=3, **_MIXTURE_LINE)
    ax.set_ylim(bottom=0)
    ax.set_xlim(low, high)
    ax.set_xlabel(names[x])
    ax.set_ylabel("density")
    _plain_frame(ax)


def _limits(scene: _Scene, x: int, style: _Style) -> tuple[float, float]:
    """Range of a column's axis: all rows and all ellipses, with a margin."""
    reach = coverage_radius(max(style.coverage, default=0.0)) * np.sqrt(scene.mixture.covariances[:, x, x])
    means = scene.mixture.means[:, x]
    low = min(scene.rows[:, x].min(), (means - reach).min())
    high = max(scene.rows[:, x].max(), (means + reach).max())
    margin = 0.04 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _density_grid(mixture: _Marginal, low: float, high: float) -> FloatArray:
    """Points that show every component's peak, however narrow."""
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    near = mixture.means[:, :1] + deviations[:, np.newaxis] * np.linspace(-4, 4, 81)
    grid = np.concatenate([np.linspace(low, high, 400), near.ravel()])
    return np.unique(grid[(grid >= low) & (grid <= high)])


def _ellipse(mean: FloatArray, covariance: FloatArray, coverage: float, colour: str) -> Any:
    """Make the outline that holds `coverage` of a component, along its covariance's eigenvectors."""
    from matplotlib.patches import Ellipse

    eigenvalues, eigenvectors = np.linalg.eigh(covariance)
    widths = 2.0 * coverage_radius(coverage) * np.sqrt(np.maximum(eigenvalues, 0.0))
    angle = np.degrees(np.arctan2(eigenvectors[1, 0], eigenvectors[0, 0]))
    return Ellipse(
        (float(mean[0]), float(mean[1])),
        *map(float, widths),
        angle=float(angle),
        fill=False,
        edgecolor=colour,
        linewidth=1.6,
        zorder=3,
    )


def _draw_contours(ax: Axes, mixture: _Marginal, coverage: Sequence[float]) -> None:
    """Draw lines of equal density that hold the parts `coverage` of the mass inside the panel."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = np.linspace(left, right, _GRID), np.linspace(bottom, top, _GRID)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    density = mixture.component_densities(points.reshape(-1, 2)).sum(axis=0)
    levels = _levels_holding(density, coverage, (x[1] - x[0]) * (y[1] - y[0]))
    ax.contour(
        x,
        y,
        density.reshape(_GRID, _GRID),
        levels=levels,
        colors=_INK,
        linewidths=0.9,
        linestyles=":",
        zorder=2,
    )


def _levels_holding(density: FloatArray, coverage: Sequence[float], cell: float) -> list[float]:
    """Find the densities above which the grid holds the parts `coverage` of the mass, rising."""
    falling = np.sort(density)[::-1]
    mass = np.cumsum(falling) * cell
    where = np.minimum(np.searchsorted(mass, sorted(coverage, reverse=True)), len(falling) - 1)
    return sorted({float(level) for level in falling[where]})


def _number_components(ax: Axes, mixture: _Marginal) -> None:
    """Write each component's number at its mean, where a legend would be too long."""
    from matplotlib.patheffects import withStroke

    for k, mean in enumerate(mixture.means):
        ax.text(
            float(mean[0]),
            float(mean[1]),
            str(k),
            ha="center",
            va="center",
            fontsize="small",
            color=_INK,
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            clip_on=True,
        )


def _component_handles(scene: _Scene, *, lines: bool) -> list[Line2D]:
    """Make the legend's entries: a line or a point for each component."""
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [],
            [],
            color=_colour(k),
            linestyle="-" if lines else "none",
            marker="" if lines else _marker(k),
            label=f"component {k} ({100 * weight:.1f} %)",
        )
        for k, weight in enumerate(scene.mixture.weights)
    ]


def _mixture_handle() -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], label="mixture", **_MIXTURE_LINE)


def _draw_legend(ax: Axes, handles: list[Line2D], *, framed: bool) -> None:
    if len(handles) > _MAX_LEGEND + 1:
        return
    frame: dict[str, Any] = {"frameon": framed, "framealpha": 0.85, "edgecolor": "none"}
    ax.legend(handles=handles, loc="best" if framed else "center", fontsize="small", **frame)


def _heading(model: FittedMixture) -> str:
    kind = model.covariance_type
    family = f"{kind} covariance" if kind in {"full", "tied", "diag", "spherical"} else f"{kind} model"
    return f"Gaussian mixture: {family}, K = {len(model.weights_)}"


def _caption(scene: _Scene, chosen: list[int], shape: tuple[int, ...], all_columns: bool, style: _Style) -> str:
    notes = []
    if len(chosen) > 1 and style.coverage:
        parts = [f"{100 * part:g} %" for part in style.coverage]
        joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        notes.append(f"ellipses hold {joined} of a component")
        if style.contours:
            notes.append("dotted lines: of the mixture")
    n_rows = shape[0] if scene.sample_weight is None else int(np.count_nonzero(scene.sample_weight))
    if len(chosen) > 1 and len(scene.drawn) < n_rows:
        notes.append(f"{len(scene.drawn):,} of {n_rows:,} rows drawn")
    else:
        notes.append(f"{n_rows:,} rows")
    if all_columns and len(chosen) < shape[1]:
        notes.append(f"first {len(chosen)} of {shape[1]} columns")
    return "; ".join(notes)


def _write_texts(axes: AxesArray, heading: str, caption: str, *, own_figure: bool) -> None:
    if axes.size == 1:
        ax = axes[0, 0]
        ax.annotate(
            caption,
            (0.0, 1.0),
            xytext=(0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize="small",
            color="0.35",
            va="bottom",
            ha="left",
        )
        ax.set_title(heading, loc="left", pad=20, fontsize="large")
    elif own_figure:
        figure = axes[0, 0].figure
        figure.suptitle(heading, x=0.01, ha="left", fontsize="large")
        figure.supxlabel(caption, x=0.01, ha="left", fontsize="small", color="0.35")
    else:
        axes[0, 0].set_title(heading, loc="left")


def _point_style(n_points: int) -> tuple[float, float]:
    """Area and opacity of a point: small and faint where there are many."""
    area = float(np.clip(5_000 / max(n_points, 1), 3.0, 24.0))
    opacity = float(np.clip(60 / np.sqrt(max(n_points, 1)), 0.25, 0.75))
    return area, opacity


def _colour(k: int) -> str:
    return PALETTE[k % len(PALETTE)]


def _marker(k: int) -> str:
    return MARKERS[k // len(PALETTE) % len(MARKERS)]


def _plain_frame(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
