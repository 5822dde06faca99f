"""A grid of panels: columns on its diagonal, pairs of columns below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx.plot._axes import AxesArray, add_legend, grid_of_axes, title_grid
from gmmx.plot._picture import Picture
from gmmx.plot._view import Scene, heading

__all__ = ["PairStyle", "draw_pair_grid"]

Draw = Callable[[Any, Scene], list[Any]]
"""Draws one or two columns on a panel and returns the legend's handles."""


@dataclass(frozen=True)
class PairStyle:
    """What a grid shows: its subject, the pictures of a column and of two, and a note for the caption."""

    subject: str
    draw_one: Draw
    draw_two: Draw
    note: str | None


def draw_pair_grid(scene: Scene, style: PairStyle, title: str | None, ax: Any) -> Picture:
    """Draw every pair of columns of a scene.

    Parameters
    ----------
    scene : Scene
        The columns.
    style : PairStyle
        How they are drawn.
    title : str or None
        None names the subject.
    ax : array of Axes, or None
        Where to draw.

    Returns
    -------
    Picture
        Panels above the diagonal are switched off; the first of them holds the legend.
    """
    size = len(scene.columns)
    axes = grid_of_axes(size, size, ax, panel=(2.2, 2.0))
    of_columns: list[Any] = []
    of_pairs: list[Any] = []
    for i, j in np.ndindex(axes.shape):
        if j > i:
            axes[i, j].set_axis_off()
        elif i == j:
            of_columns = style.draw_one(axes[i, i], scene.panel(i))
        else:
            of_pairs = style.draw_two(axes[i, j], scene.panel(j, i))
    _share_labels(axes)
    # Where both name a component, the marker stands for it.
    handles = {handle.get_label(): handle for handle in of_columns + of_pairs}
    _legend_of_grid(axes, list(handles.values()))
    notes = [style.note] if style.note and size > 1 else []
    if scene.n_rows:
        notes.append(scene.count(scattered=size > 1))
    notes.extend(scene.choice())
    words = heading(scene, style.subject) if title is None else title
    title_grid(axes, words, "; ".join(notes), own_figure=ax is None)
    return Picture(axes)


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
