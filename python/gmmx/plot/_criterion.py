"""The picture of a choice among mixtures: a criterion over the number of components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmx.plot._axes import add_legend, one_axes, require_matplotlib, title_one
from gmmx.plot._mixtures import FloatArray
from gmmx.plot._panels import name_axes
from gmmx.plot._picture import Picture, picture_of
from gmmx.plot._style import INK, colour, marker
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CRITERIA = ("bic", "icl", "aic")
"""Columns of `results_` that can be drawn; of each the smallest value is best."""

_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)))
_MOST_TICKS = 20


class Selection(Protocol):
    """What the picture needs of a `GaussianMixtureIC`."""

    results_: dict[str, Any]
    best_index_: Any
    criterion: str


def criterion(
    selection: Selection,
    criterion: str = "bic",
    *,
    whole: bool = False,
    title: str | None = None,
    ax: Any = None,
) -> Picture:
    """Draw an information criterion over the number of components, a line for each covariance type.

    The best mixture wears a ring. A hollow marker is a fit that is degenerate; a cross at the foot stands where a
    covariance type has no fit, and its line has a gap there.

    Parameters
    ----------
    selection : GaussianMixtureIC
        A fitted choice among covariance types and numbers of components.
    criterion : {"bic", "icl", "aic"}, default="bic"
        What to draw, whether the choice was made by it or not; the smaller, the better.
    whole : bool, default=False
        Whether to show all values. Else, where some are so much worse that the others would run together, the panel
        ends above three quarters of them, and lines run out of it.
    title : str, optional
        Title; None names the criterion and the best mixture, "" leaves it out.
    ax : Axes, optional
        Where to draw; the legend of many lines stands at its right. None makes a new figure, which pyplot does not
        know: reach it as ``ax.figure``.

    Returns
    -------
    Picture
        Of one panel.

    Raises
    ------
    ValueError
        If `criterion` is unknown, no mixture has a value of it, or `ax` is not usable.
    TypeError
        If `selection` is not a fitted choice.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    By the criterion that the choice was made by, the ring marks the mixture chosen; by another, the smallest value
    of the fits that are not degenerate.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from gmmx import plot
    >>> results = {
    ...     "covariance_type": np.array(["EEE", "EEE", "VVV", "VVV"]),
    ...     "n_components": np.array([1, 2, 1, 2]),
    ...     "bic": np.array([350.0, 310.0, 350.0, np.nan]),
    ...     "degenerate": np.array([False, False, False, True]),
    ... }
    >>> ax = plot.criterion(SimpleNamespace(results_=results, best_index_=1, criterion="bic"))
    >>> ax.get_title(loc="left"), ax.get_ylabel()
    ('Best by BIC: EEE, K = 2', 'BIC (the smaller, the better)')
    """
    require_matplotlib()
    results = _checked_results(selection, criterion)
    values = np.asarray(results[criterion], dtype=np.float64)
    kinds, sizes = np.asarray(results["covariance_type"]), np.asarray(results["n_components"])
    degenerate = np.asarray(results["degenerate"], dtype=bool)
    best = _best(selection, criterion, values, degenerate)

    panel = one_axes(ax)
    handles = []
    for number, kind in enumerate(dict.fromkeys(kinds.tolist())):
        mine = np.flatnonzero(kinds == kind)
        mine = mine[np.argsort(sizes[mine], kind="stable")]
        handles.append(_draw_line(panel, number, kind, sizes[mine], values[mine], degenerate[mine]))
    missing = ~np.isfinite(values)
    if not whole:
        _look_closer(panel, values[~missing & ~degenerate])
    if missing.any():
        _draw_missing(panel, kinds, sizes, missing)
    look: dict[str, Any] = {"markersize": 15.0, "markerfacecolor": "none", "markeredgecolor": INK, "zorder": 5}
    label = f"best: {kinds[best]}, K = {sizes[best]}"
    handles += panel.plot(sizes[best], values[best], "o", markeredgewidth=1.4, label=label, **look)
    handles += _handles_of_exceptions(bool((degenerate & ~missing).any()), bool(missing.any()))

    name = criterion.upper()
    distinct = np.unique(sizes)
    if len(distinct) <= _MOST_TICKS:
        panel.set_xticks(distinct)
    name_axes(panel, "number of components", f"{name} (the smaller, the better)")
    add_legend(panel, handles, handlelength=3.2)  # long enough to tell dashes
    title_one(
        panel, f"Best by {name}: {kinds[best]}, K = {sizes[best]}" if title is None else title, "", own_figure=False
    )
    return picture_of(panel)


def _checked_results(selection: Any, criterion: str) -> dict[str, Any]:
    if criterion not in CRITERIA:
        raise ValueError(not_among("criterion", criterion, CRITERIA))
    results: dict[str, Any] | None = getattr(selection, "results_", None)
    if results is None:
        raise TypeError(
            f"selection must be a fitted GaussianMixtureIC, with results_; got {type(selection).__name__}. "
            "Call its fit first"
        )
    if not np.isfinite(np.asarray(results[criterion], dtype=np.float64)).any():
        raise ValueError(
            f"selection has no finite {criterion}: no mixture was fitted, see selection.results_['reason']"
        )
    return results


def _best(selection: Selection, criterion: str, values: FloatArray, degenerate: npt.NDArray[np.bool_]) -> int:
    if criterion == selection.criterion:
        return int(selection.best_index_)
    finite = np.where(np.isfinite(values), values, np.inf)
    sound = np.where(degenerate, np.inf, finite)
    return int(np.argmin(sound if np.isfinite(sound).any() else finite))


def _draw_line(
    ax: Axes,
    number: int,
    kind: str,
    sizes: npt.NDArray[Any],
    values: FloatArray,
    degenerate: npt.NDArray[np.bool_],
) -> Any:
    """Draw one covariance type: its line, broken where values are missing, and hollow markers where degenerate."""
    shown = np.where(np.isfinite(values), values, np.nan)
    look: dict[str, Any] = {"color": colour(number), "marker": marker(number), "markersize": 5.5}
    line = _LINES[number // 7 % len(_LINES)]
    (handle,) = ax.plot(sizes, shown, linestyle=line, linewidth=1.3, label=kind, zorder=2, **look)
    ax.plot(sizes[degenerate], shown[degenerate], linestyle="none", markerfacecolor="white", zorder=3, **look)
    return handle


def _look_closer(ax: Axes, values: FloatArray) -> None:
    """End the panel above most values where a few stretch it."""
    if len(values) == 0:
        return
    low, most, high = values.min(), np.percentile(values, 75), values.max()
    if high - low > 4 * (most - low) > 0:
        room = 0.1 * (most - low)
        ax.set_ylim(low - room, most + room)


def _draw_missing(ax: Axes, kinds: npt.NDArray[Any], sizes: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> None:
    """Put a cross at the foot of the panel for each fit that is missing, those of one size on top of each other."""
    order = {kind: number for number, kind in enumerate(dict.fromkeys(kinds.tolist()))}
    step = 0.028
    tallest = 0
    for size in np.unique(sizes[missing]):
        lost = kinds[missing & (sizes == size)].tolist()
        tallest = max(tallest, len(lost))
        for place, kind in enumerate(lost):
            ax.plot(
                size,
                (place + 0.7) * step,
                marker="x",
                markersize=4.5,
                color=colour(order[kind]),
                transform=ax.get_xaxis_transform(),
                zorder=4,
            )
    low, high = ax.get_ylim()
    room = (tallest + 1) * step
    ax.set_ylim(low - room / (1.0 - room) * (high - low), high)


def _handles_of_exceptions(hollow: bool, missing: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"linestyle": "none", "color": INK, "markersize": 5.5}
    handles = [Line2D([], [], marker="o", markerfacecolor="white", label="degenerate", **look)] if hollow else []
    return handles + ([Line2D([], [], marker="x", label="no fit", **look)] if missing else [])
