"""Where a picture of rows is drawn: on a panel, or in a grid with columns on its diagonal and pairs of them below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx.plot._axes import AxesArray, add_legend, grid_of_axes, one_axes, title_grid, title_one
from gmmx.plot._picture import Picture
from gmmx.plot._view import PlotData

__all__ = ["Style", "draw_grid", "draw_picture"]

# A function of this type draws one or two columns on a panel and returns the legend's handles.
Draw = Callable[[Any, PlotData], list[Any]]


@dataclass(frozen=True)
class Style:
    """How the panels of a picture are drawn.

    `note` goes into the captions of pairs. `draw_alone` draws a single column in a separate picture; None draws it as
    on a diagonal. `scatters` says whether panels of one and of two columns draw rows individually.
    """

    subject: str
    draw_one: Draw
    draw_two: Draw
    note: str | None
    draw_alone: Draw | None = None
    projection: str = "rectilinear"
    scatters: tuple[bool, bool] = (True, True)


def draw_picture(data: PlotData, style: Style, title: str | None, ax: Any, *, notes: Sequence[str] = ()) -> Picture:
    """Draw one or two columns on a panel, with `notes` first in the caption; draw more in a grid."""
    if len(data.columns) > 2:
        return draw_grid(data, style, title, ax)
    if len(data.columns) == 2:
        panel, draw = one_axes(ax, style.projection), style.draw_two
        notes = [*notes, *_noted(style)]
    else:
        panel, draw = one_axes(ax), style.draw_alone or style.draw_one
    add_legend(panel, draw(panel, data))
    caption = data.caption(notes, scattered=style.scatters[len(data.columns) - 1])
    title_one(panel, _title(data, style, title), caption if ax is None else "")
    return Picture([[panel]])


def draw_grid(data: PlotData, style: Style, title: str | None, ax: Any) -> Picture:
    """Draw every pair of columns; panels above the diagonal are switched off, and the first contains the legend."""
    size = len(data.columns)
    axes = grid_of_axes(size, size, ax, panel=(2.2, 2.0))
    handles: dict[str, list[Any]] = {"columns": [], "pairs": []}
    for i, j in np.ndindex(axes.shape):
        if j > i:
            axes[i, j].set_axis_off()
        elif i == j:
            handles["columns"] = style.draw_one(axes[i, i], data.marginal(i))
        else:
            handles["pairs"] = style.draw_two(axes[i, j], data.marginal(j, i))
    _share_labels(axes)
    # Where both name a component, the marker stands for it.
    entries = {handle.get_label(): handle for handle in handles["columns"] + handles["pairs"]}
    if size == 1:
        add_legend(axes[0, 0], list(entries.values()))
    else:
        add_legend(axes[0, 1], list(entries.values()), loc="upper left", bbox_to_anchor=(0.0, 1.0), frameon=False)
    caption = data.caption(_noted(style) if size > 1 else [], scattered=size > 1)
    title_grid(axes, _title(data, style, title), caption, own_figure=ax is None)
    return Picture(axes)


def _noted(style: Style) -> list[str]:
    return [style.note] if style.note else []


def _title(data: PlotData, style: Style, title: str | None) -> str:
    """Return the given title, or the subject, the covariance type and the number of components."""
    if title is not None:
        return title
    kind = "covariance" if data.covariance_type in {"full", "tied", "diag", "spherical"} else "model"
    return f"{style.subject}: {data.covariance_type} {kind}, K = {data.n_components}"


def _share_labels(axes: AxesArray) -> None:
    """Keep labels and ticks of axes only at the left and the bottom of the grid."""
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
