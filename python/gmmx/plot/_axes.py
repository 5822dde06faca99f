"""Figures and Axes: where a picture is drawn, its titles, captions and legends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

AxesArray = Any  # an ndarray of Axes, which NumPy's types cannot express

# A legend names at most this many components; if there are more, each mean carries its number.
MAX_LEGEND = 10

_INSIDE = 5
_TEX = frozenset("\\$_^{}%#&~")
_NOTE: dict[str, Any] = {"fontsize": "small", "color": "0.35"}


def one_axes(ax: Any, projection: str = "rectilinear") -> Axes:
    """Return the Axes given, checked, or those of a new figure."""
    from matplotlib.figure import Figure

    if ax is None:
        return Figure(figsize=(7.2, 5.2), layout="constrained").add_subplot(projection=projection)
    given = _given_axes(ax)
    if given.size != 1:
        raise ValueError(f"ax holds {given.size} Axes; this picture needs one. gmmx.plot.pairs draws on an array")
    only: Axes = given.flat[0]
    if only.name != projection:
        raise ValueError(
            f"ax has the projection {only.name!r}; this picture needs {projection!r}: make it with "
            f"figure.add_subplot(projection={projection!r}), or leave ax out"
        )
    return only


def grid_of_axes(n_rows: int, n_columns: int, ax: Any, *, panel: tuple[float, float]) -> AxesArray:
    """Return the Axes given as a checked array of a shape, or those of a new figure with panels of a size."""
    from matplotlib.figure import Figure

    if ax is None:
        size = max(panel[0] * n_columns + 1.2, 4.8), max(panel[1] * n_rows + 1.0, 3.2)
        figure = Figure(figsize=size, layout="constrained")
        return np.asarray(figure.subplots(n_rows, n_columns, squeeze=False), dtype=object)
    given = _given_axes(ax)
    one_line = 1 in (n_rows, n_columns) and given.size == n_rows * n_columns
    if given.shape != (n_rows, n_columns) and not one_line:
        wanted = "one Axes" if n_rows == n_columns == 1 else f"an array of {n_rows} x {n_columns} Axes"
        raise ValueError(
            f"ax holds Axes of shape {given.shape}; this picture needs {wanted}, as "
            f"figure.subplots({n_rows}, {n_columns}) makes them, or leave ax out"
        )
    return given.reshape(n_rows, n_columns)


def _given_axes(ax: Any) -> AxesArray:
    from matplotlib.axes import Axes

    axes = np.asarray(ax, dtype=object)
    for item in axes.flat:
        if not isinstance(item, Axes):
            raise TypeError(
                f"ax must hold matplotlib Axes; got {type(item).__name__}. For a figure, give figure.subplots()"
            )
    return axes


def limit(ax: Axes, x: Sequence[float], y: Sequence[float], *, drawn_before: bool) -> None:
    """Set the limits of a panel; if it has content already, only widen them."""
    if drawn_before:
        x = min(x[0], ax.get_xlim()[0]), max(x[1], ax.get_xlim()[1])
        y = min(y[0], ax.get_ylim()[0]), max(y[1], ax.get_ylim()[1])
    ax.set_xlim(float(x[0]), float(x[1]))
    ax.set_ylim(float(y[0]), float(y[1]))


def add_legend(ax: Axes, handles: Sequence[Any], **options: Any) -> None:
    """Add a legend: inside the panel if short, beside it if long, none if there are no entries."""
    if not handles:
        return
    place: dict[str, Any] = {"loc": "best", "framealpha": 0.85}
    if len(handles) > _INSIDE:
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0, "frameon": False}
    ax.legend(handles=handles, **{"fontsize": "small", "edgecolor": "none", **place, **options})


def write(setter: Callable[..., Text], words: str, *position: Any, **options: Any) -> None:
    """Set a text that is drawn literally, since dollar signs in column names are not mathematics."""
    text = setter(printable(words), *position, **options)
    text.set_parse_math(False)
    if _TEX & set(text.get_text()):
        text.set_usetex(False)


def title_one(ax: Axes, title: str, caption: str = "") -> None:
    """Write a title over a panel, and a caption between the two."""
    if caption:
        place: dict[str, Any] = {"xytext": (0, 5), "xycoords": "axes fraction", "textcoords": "offset points"}
        write(ax.annotate, caption, (0.0, 1.0), va="bottom", **place, **_NOTE)
    if title:
        write(ax.set_title, title, loc="left", pad=20 if caption else None, fontsize="large")


def title_grid(axes: AxesArray, title: str, caption: str, *, own_figure: bool) -> None:
    """Write a title over a grid and a caption below it; in a given figure, only a title over the first panel."""
    figure = axes.flat[0].figure
    if own_figure and caption:
        write(figure.supxlabel, caption, x=0.01, ha="left", **_NOTE)
    if own_figure and title:
        write(figure.suptitle, title, x=0.01, ha="left", fontsize="large")
    elif title:
        write(axes.flat[0].set_title, title, loc="left")
