"""The picture of a model selection: a criterion over the number of components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from gmmx._optional import import_optional
from gmmx._text_tables import counted
from gmmx.plot._layout import Picture, add_legend, legend_entry, one_axes, title_one
from gmmx.plot._mixtures import FloatArray
from gmmx.plot._panels import INK, colour, marker, name_axes
from gmmx.validation._options import not_among

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# These columns of `results_` can be drawn; the smallest value of each is the best.
CRITERIA = ("bic", "icl", "aic")

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
    """Draw an information criterion over the number of components.

    Each covariance type is a line. A ring marks the best mixture, a hollow marker a degenerate fit, and a cross at the
    bottom a missing fit, where the line has a gap.

    Parameters
    ----------
    selection : GaussianMixtureIC
        Fitted search over covariance types and numbers of components.
    criterion : {"bic", "icl", "aic"}, default="bic"
        Criterion to draw, whether or not it is the criterion of the search. Smaller is better.
    whole : bool, default=False
        Whether to show all values. Otherwise, if some values are so much worse that the others would be
        indistinguishable, the panel ends above three quarters of them, and a caption says how many are outside.
    title : str, optional
        Title. None names the criterion and the best mixture; "" omits it.
    ax : Axes, optional
        Axes to draw on; a long legend stands to their right. None makes a new figure, independent of pyplot.

    Returns
    -------
    Picture
        One panel.

    Raises
    ------
    ValueError
        If `criterion` is unknown, no mixture has a value of it, or `ax` is not usable.
    TypeError
        If `selection` is not a fitted search.
    ImportError
        If matplotlib is not installed.

    Notes
    -----
    With the criterion of the search, the ring marks the selected mixture. With another, it marks the smallest value
    among fits that are not degenerate.

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
    import_optional("matplotlib.figure", "a picture", "plot")
    fits = _Fits.of(selection, criterion)
    best = int(selection.best_index_) if criterion == selection.criterion else fits.smallest()
    named_best = f"{fits.kinds[best]}, K = {fits.sizes[best]}"
    panel = one_axes(ax)
    handles = _draw_lines(panel, fits)
    if not whole:
        _look_closer(panel, fits.values[~fits.missing & ~fits.degenerate])
    if fits.missing.any():
        _draw_missing(panel, fits)
    low, high = panel.get_ylim()
    n_outside = int(np.count_nonzero(~fits.missing & ((fits.values < low) | (fits.values > high))))
    ring: dict[str, Any] = {"markersize": 15.0, "markerfacecolor": "none", "markeredgecolor": INK, "zorder": 5}
    label = f"best: {named_best}"
    handles += panel.plot(fits.sizes[best], fits.values[best], "o", markeredgewidth=1.4, label=label, **ring)
    look: dict[str, Any] = {"color": INK, "markersize": 5.5}
    if (fits.degenerate & ~fits.missing).any():
        handles.append(legend_entry("degenerate", marker="o", markerfacecolor="white", **look))
    if fits.missing.any():
        handles.append(legend_entry("no fit", marker="x", **look))

    name, distinct = criterion.upper(), np.unique(fits.sizes)
    if len(distinct) <= _MOST_TICKS:
        panel.set_xticks(distinct)
    name_axes(panel, "number of components", f"{name} (the smaller, the better)")
    add_legend(panel, handles, handlelength=3.2)  # long enough to tell dashes
    caption = f"{counted(n_outside, 'value')} outside of the panel" if n_outside else ""
    title_one(panel, f"Best by {name}: {named_best}" if title is None else title, caption)
    return Picture([[panel]])


@dataclass(frozen=True)
class _Fits:
    """Covariance type, number of components and criterion of each fit, and whether it is degenerate or missing."""

    kinds: npt.NDArray[Any]
    sizes: npt.NDArray[Any]
    values: FloatArray
    degenerate: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, selection: Selection, criterion: str) -> _Fits:
        """Return the fits of a search, checked."""
        if criterion not in CRITERIA:
            raise ValueError(not_among("criterion", criterion, CRITERIA))
        results: dict[str, Any] | None = getattr(selection, "results_", None)
        if results is None:
            raise TypeError(
                f"selection must be a fitted GaussianMixtureIC, with results_; got {type(selection).__name__}. "
                "Call its fit first"
            )
        values = np.asarray(results[criterion], dtype=np.float64)
        missing = ~np.isfinite(values)
        if missing.all():
            raise ValueError(
                f"selection has no finite {criterion}: no mixture was fitted, see selection.results_['reason']"
            )
        kinds, sizes = np.asarray(results["covariance_type"]), np.asarray(results["n_components"])
        return cls(kinds, sizes, values, np.asarray(results["degenerate"], dtype=bool), missing)

    def smallest(self) -> int:
        """Return the index of the smallest value, of fits that are not degenerate if there are any."""
        excluded = self.missing | self.degenerate
        return int(np.argmin(np.where(self.missing if excluded.all() else excluded, np.inf, self.values)))


def _draw_lines(ax: Axes, fits: _Fits) -> list[Any]:
    """Draw a line for each covariance type, with gaps where it has no fit, and hollow markers where degenerate."""
    handles = []
    for number, kind in enumerate(dict.fromkeys(fits.kinds.tolist())):
        mine = np.flatnonzero(fits.kinds == kind)
        mine = mine[np.argsort(fits.sizes[mine], kind="stable")]
        sizes, values, hollow = fits.sizes[mine], fits.values[mine], fits.degenerate[mine]
        values = np.where(np.isfinite(values), values, np.nan)
        look: dict[str, Any] = {"color": colour(number), "marker": marker(number), "markersize": 5.5}
        line = _LINES[number // 7 % len(_LINES)]
        handles += ax.plot(sizes, values, linestyle=line, linewidth=1.3, label=kind, zorder=2, **look)
        ax.plot(sizes[hollow], values[hollow], linestyle="none", markerfacecolor="white", zorder=3, **look)
    return handles


def _look_closer(ax: Axes, values: FloatArray) -> None:
    """End the panel above most values where a few stretch it."""
    if len(values) == 0:
        return
    low, most, high = values.min(), np.percentile(values, 75), values.max()
    if high - low > 4 * (most - low) > 0:
        room = 0.1 * (most - low)
        ax.set_ylim(low - room, most + room)


def _draw_missing(ax: Axes, fits: _Fits) -> None:
    """Put a cross at the bottom of the panel for each missing fit, stacked for equal numbers of components."""
    order = list(dict.fromkeys(fits.kinds.tolist()))
    step, tallest = 0.028, 0
    look: dict[str, Any] = {"marker": "x", "markersize": 4.5, "transform": ax.get_xaxis_transform(), "zorder": 4}
    for size in np.unique(fits.sizes[fits.missing]):
        lost = fits.kinds[fits.missing & (fits.sizes == size)].tolist()
        tallest = max(tallest, len(lost))
        for place, kind in enumerate(lost):
            ax.plot(size, (place + 0.7) * step, color=colour(order.index(kind)), **look)
    low, high = ax.get_ylim()
    room = (tallest + 1) * step
    ax.set_ylim(low - room / (1.0 - room) * (high - low), high)
