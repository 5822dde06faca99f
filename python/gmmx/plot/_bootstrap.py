"""The picture of a bootstrap: the distribution of a parameter over the resamples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gmmx._covariance_shapes import feature_variances
from gmmx._optional import import_optional
from gmmx.plot._layout import Picture, grid_of_axes, title_grid, write
from gmmx.plot._mixtures import FloatArray
from gmmx.plot._panels import INK, colour
from gmmx.plot._view import MAX_COLUMNS, chosen_columns, feature_names_of
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Words for what is drawn of each parameter: in the title, and below a panel.
_WORDS = {
    "weights": ("Weights", "weight of component {}"),
    "means": ("Means", "mean of {}"),
    "covariances": ("Variances", "variance of {}"),
}


class Resampled(Protocol):
    """What the picture needs of a `BootstrapResult`."""

    model: Any
    kind: str
    weights: Any
    means: Any
    covariances: Any

    def interval(self, level: float = 0.95, /) -> Any: ...


def bootstrap(
    result: Resampled,
    parameter: str = "weights",
    *,
    level: float = 0.95,
    components: Sequence[int] | None = None,
    columns: Sequence[int | str] | None = None,
    feature_names: Sequence[str] | None = None,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw histograms of a resampled parameter, with estimate and interval.

    Weights give a panel for each component; means and covariances give a row of panels for each component and a column
    for each feature. Only the variances of covariances are drawn, in a single row if all components share them.

    Parameters
    ----------
    result : BootstrapResult
        Result of `gmmx.bootstrap`.
    parameter : {"weights", "means", "covariances"}, default="weights"
        Parameter to draw.
    level : float, default=0.95
        Level of the intervals, between 0 and 1.
    components : sequence of int, optional
        Components to draw. None draws all, or the first six, as the caption then says.
    columns : sequence of int or str, optional
        Features of means and covariances to draw, by position or by name. None draws all, or the first six.
    feature_names : sequence of str of length n_features, optional
        Names of the features. None uses ``result.model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    title : str, optional
        Title. None names the parameter and the kind of the resamples; "" omits it.
    ax : Axes or array of Axes, optional
        Axes to draw on: (1, n_components) for weights, else (n_components, n_columns). None makes a new figure with a
        caption, independent of pyplot.

    Returns
    -------
    Picture
        1 x n_components panels for weights, else n_components x n_columns.

    Raises
    ------
    ValueError
        If `parameter` is unknown, or `level`, a component, a column or `ax` is not usable.
    TypeError
        If `result` is not the result of a bootstrap, or `ax` contains anything except Axes.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from gmmx import GaussianMixture, plot
    >>> model = GaussianMixture.from_parameters([0.4, 0.6], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> draws = np.random.default_rng(0).beta(40, 60, size=200)
    >>> weights = np.stack([draws, 1 - draws], axis=-1)
    >>> ends = tuple(np.quantile(weights, [0.025, 0.975], axis=0))
    >>> result = SimpleNamespace(
    ...     model=model, kind="nonparametric", weights=weights, means=None, covariances=None,
    ...     interval=lambda level=0.95: {"weights": ends},
    ... )
    >>> picture = plot.bootstrap(result)
    >>> picture.shape, picture[0, 1].get_xlabel()
    ((1, 2), 'weight of component 1')
    """
    import_optional("matplotlib.figure", "a picture", "plot")
    if parameter not in _WORDS:
        raise ValueError(not_among("parameter", parameter, _WORDS))
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, for example 0.95; got {level}")
    missing = [name for name in ("model", "interval", *_WORDS) if not hasattr(result, name)]
    if missing:
        raise TypeError(
            f"result must be what gmmx.bootstrap returns; got {type(result).__name__}, without {missing[0]}"
        )
    samples, estimate, low, high = _cells(result, parameter, level)
    n_components, n_features = np.shape(result.model.means_)
    names = feature_names_of(result.model, None, feature_names, n_features)
    is_shared = parameter == "covariances" and len(estimate) < n_components
    chosen = [0] if is_shared else _chosen_components(components, n_components)
    if parameter == "weights":
        rows, row_names, drawn, names = [0], [""], chosen, list(map(str, range(n_components)))
    else:
        rows, row_names = chosen, ["all components"] if is_shared else [f"component {k}" for k in chosen]
        drawn = list(range(n_features))[:MAX_COLUMNS] if columns is None else chosen_columns(columns, names)

    axes = grid_of_axes(len(rows), len(drawn), ax, panel=(2.3, 1.7))
    for i, j in np.ndindex(axes.shape):
        row, column = rows[i], drawn[j]
        interval = low[row, column], high[row, column]
        look = "0.45" if is_shared else colour(column if parameter == "weights" else row)
        _draw_cell(axes[i, j], samples[:, row, column], estimate[row, column], interval, look)
    subject, label = _WORDS[parameter]
    for panel, name in zip(axes[:, 0], row_names, strict=True):
        write(panel.set_ylabel, name)
    for panel, column in zip(axes[-1], drawn, strict=True):
        write(panel.set_xlabel, label.format(names[column]))
    heading = f"{subject} of {len(samples):,} resamples ({result.kind})" if title is None else title
    notes = ["line: estimate", f"band: {100 * level:g} % interval"]
    if axes.shape != estimate.shape:
        notes.append("{} x {} of {} x {} panels".format(*axes.shape, *estimate.shape))
    title_grid(axes, heading, "; ".join(notes), own_figure=ax is None)
    return Picture(axes)


def _cells(result: Resampled, parameter: str, level: float) -> tuple[FloatArray, ...]:
    """Arrange a parameter by rows and columns of panels: resamples (n, rows, columns), estimate, ends of the interval.

    Covariances become variances, with a single row if all components share them.
    """
    estimate, ends = getattr(result.model, f"{parameter}_"), result.interval(level)[parameter]
    arrays = [np.asarray(values, dtype=np.float64) for values in (getattr(result, parameter), estimate, *ends)]
    if parameter == "weights":
        arrays = [values[..., np.newaxis, :] for values in arrays]
    elif parameter == "covariances":
        shape = result.model.covariance_type, *np.shape(result.model.means_)
        samples, *rest = arrays
        resampled = np.stack([feature_variances(values, *shape) for values in samples])
        arrays = [resampled, *(feature_variances(values, *shape) for values in rest)]
        if np.all(resampled == resampled[:, :1], where=np.isfinite(resampled)):
            arrays = [values[..., :1, :] for values in arrays]
    return tuple(arrays)


def _chosen_components(components: Sequence[int] | None, n_components: int) -> list[int]:
    if components is None:
        return list(range(min(n_components, MAX_COLUMNS)))
    chosen = [int(k) for k in components]
    if not chosen or not all(0 <= k < n_components for k in chosen):
        raise ValueError(f"components must hold numbers from 0 to {n_components - 1}; got {components!r}")
    return chosen


def _draw_cell(ax: Axes, samples: FloatArray, estimate: float, interval: tuple[float, float], look: str) -> None:
    """Draw the histogram of one number, its estimate as a line and its interval as a band."""
    finite = samples[np.isfinite(samples)]
    counts, edges = np.histogram(finite, bins=int(np.clip(np.sqrt(len(finite)), 8, 40)))
    ax.stairs(counts, edges, fill=True, color=look, alpha=0.55, zorder=1)
    ax.axvspan(*interval, color="0.9", linewidth=0, zorder=0)
    ax.axvline(estimate, color=INK, linewidth=1.4, zorder=3)
    ax.tick_params(axis="y", left=False, labelleft=False)
    ax.locator_params(axis="x", nbins=4)
    ax.spines[["top", "right"]].set_visible(False)
