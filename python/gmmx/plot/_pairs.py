"""A grid of pictures: every column, and every pair of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx.plot._classification import draw_classification
from gmmx.plot._density import draw_density
from gmmx.plot._figures import AxesArray, add_legend, grid_of_axes, require_matplotlib, title_grid
from gmmx.plot._mixtures import FittedMixture
from gmmx.plot._scene import Scene, arrange, checked_coverage, heading
from gmmx.plot._style import percentages
from gmmx.plot._uncertainty import draw_uncertainty

_Draw = Callable[[Any, Scene, Sequence[float]], list[Any]]
_Kind = tuple[str, _Draw, _Draw, tuple[float, ...], str]

_KINDS: dict[str, _Kind] = {
    "classification": (
        "Gaussian mixture",
        draw_classification,
        draw_classification,
        (0.5, 0.9),
        "ellipses hold {} of a component",
    ),
    "uncertainty": (
        "Uncertainty",
        draw_classification,
        draw_uncertainty,
        (0.5,),
        "ellipses hold {} of a component",
    ),
    "density": ("Density", draw_density, draw_density, (0.5, 0.75, 0.95), "areas hold {} of the mixture"),
}
"""Subject, picture of a column, picture of two columns, coverage, and what holds it."""


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
) -> AxesArray:
    """Draw every pair of columns in a grid, with the columns themselves on its diagonal.

    Each panel shows the marginal mixture of its columns; the component of a row and its uncertainty are found
    with all features of the model.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture, gmmx's or scikit-learn's.
    X : array-like of shape (n_samples, n_features)
        The rows, with all features that `model` was fitted to.
    what : {"classification", "uncertainty", "density"}, default="classification"
        The picture of a pair: see the functions of these names. On the diagonal stand histograms with densities.
    columns : sequence of int or str, optional
        The m columns to draw, by position or by name. None draws all, or the first six and the caption says so.
    feature_names : sequence of str of length n_features, optional
        Names of all columns for the axes. None takes the columns of a data frame, then
        ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the histograms; rows of weight 0 are not drawn.
    coverage : float or sequence of float, optional
        Parts of the mass that ellipses or areas hold. None takes the default of the function `what`.
    max_points : int, default=5000
        Rows drawn one by one at most; of more, a random choice is drawn and the caption says so.
    random_state : int, default=0
        Seed of that choice.
    title : str, optional
        Title; None names the covariance type and the number of components, "" leaves it out.
    ax : array of Axes of shape (m, m), optional
        Where to draw. None makes a new figure with a caption, which pyplot does not know: reach it as
        ``axes[0, 0].figure``.

    Returns
    -------
    ndarray of Axes of shape (m, m)
        What was drawn on. Panels above the diagonal are switched off; the first of them holds the legend.

    Raises
    ------
    ValueError
        If `what` is unknown, X does not fit the model or holds NaN, or a column, a coverage or `ax` is not usable.
    TypeError
        If `model` is no mixture or `ax` holds anything but Axes.
    NotFittedError
        If the model is not fitted.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    The marginal of a normal distribution keeps the chosen entries of its mean and its covariance, and the weights
    stay.

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
    require_matplotlib()
    if what not in _KINDS:
        raise ValueError(f"what must be one of {', '.join(map(repr, _KINDS))}; got {what!r}")
    subject, draw_one, draw_two, default, holding = _KINDS[what]
    parts = checked_coverage(default if coverage is None else coverage)
    if what == "density" and not parts:
        raise ValueError("coverage is empty; name at least one part of the mass, for example 0.9")
    scene = arrange(
        model,
        X,
        columns=columns,
        feature_names=feature_names,
        sample_weight=sample_weight,
        max_points=max_points,
        random_state=random_state,
        most_columns=None,
    )
    size = len(scene.columns)
    axes = grid_of_axes(size, size, ax, panel=(2.2, 2.0))
    of_columns: list[Any] = []
    of_pairs: list[Any] = []
    for i, j in np.ndindex(axes.shape):
        if j > i:
            axes[i, j].set_axis_off()
        elif i == j:
            of_columns = draw_one(axes[i, i], scene.panel(i), parts)
        else:
            of_pairs = draw_two(axes[i, j], scene.panel(j, i), parts)
    _share_labels(axes)
    # Where both name a component, the marker stands for it.
    handles = {handle.get_label(): handle for handle in of_columns + of_pairs}
    _legend_of_grid(axes, list(handles.values()))

    notes = [holding.format(percentages(parts))] if parts and size > 1 else []
    notes.append(scene.count(scattered=size > 1))
    if columns is None and size < scene.n_features:
        notes.append(f"first {size} of {scene.n_features} columns")
    title_grid(axes, heading(scene, subject) if title is None else title, "; ".join(notes), own_figure=ax is None)
    return axes


def _share_labels(axes: AxesArray) -> None:
    """Keep the names and the numbers of axes at the left and at the foot of the grid alone."""
    last = len(axes) - 1
    for i in range(len(axes)):
        for j in range(i + 1):
            ax = axes[i, j]
            if i == j:
                ax.set_ylabel("density" if i == 0 else "")
                ax.tick_params(axis="y", left=False, labelleft=False)
            elif j > 0:
                ax.set_ylabel("")
                ax.tick_params(axis="y", labelleft=False)
            if i < last:
                ax.set_xlabel("")
                ax.tick_params(axis="x", labelbottom=False)


def _legend_of_grid(axes: AxesArray, handles: list[Any]) -> None:
    """Put the legend where the grid is empty."""
    if len(axes) == 1:
        add_legend(axes[0, 0], handles)
    else:
        add_legend(axes[0, 1], handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), frameon=False)
