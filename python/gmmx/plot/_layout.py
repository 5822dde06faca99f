"""Pictures: figures with a panel or a grid of them, how these are drawn, and their titles, captions and legends."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx._covariance_shapes import is_parsimonious
from gmmx._text import printable
from gmmx.io._atomic_write import refuse_missing_folder
from gmmx.plot._view import PlotData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_INSIDE = 5
_TEX = frozenset("\\$_^{}%#&~")
_NOTE: dict[str, Any] = {"fontsize": "small", "color": "0.35"}

AxesArray = Any  # an ndarray of Axes, which NumPy's types cannot express

# A function of this type draws one or two columns on a panel and returns the legend's handles.
Draw = Callable[[Any, PlotData], list[Any]]


class Picture:
    """Figure with a grid of panels, returned by all functions of `gmmx.plot`.

    ``picture[i, j]`` is the Axes in row i and column j. A picture with one panel also has all attributes of its Axes,
    as in ``picture.set_xlim(0, 1)``, and can be passed as `ax` to another plotting function. Notebooks display
    pictures.

    Parameters
    ----------
    axes : ndarray of Axes of shape (n_rows, n_columns)
        Panels, also available as an attribute.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Figure that contains the panels, independent of pyplot.

    Examples
    --------
    >>> from gmmx import GaussianMixture, plot
    >>> model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> picture = plot.density(model, title="")
    >>> picture.axes.shape, picture.ax.get_ylabel(), picture.get_ylabel()
    ((1, 1), 'density', 'density')
    """

    def __init__(self, axes: Any) -> None:
        self.axes = np.asarray(axes, dtype=object)

    @property
    def figure(self) -> Figure:
        """The figure of the panels."""
        figure: Figure = self.axes.flat[0].figure
        return figure

    @property
    def ax(self) -> Axes:
        """The panel of a picture of one.

        Raises
        ------
        ValueError
            If there are more.
        """
        if self.axes.size != 1:
            raise ValueError(
                f"the picture has {self.axes.shape[0]} x {self.axes.shape[1]} panels, but ax is for a picture of one: "
                "name a panel, as in picture[1, 0]"
            )
        only: Axes = self.axes.flat[0]
        return only

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns of panels."""
        return self.axes.shape

    @property
    def flat(self) -> Iterator[Any]:
        """The panels, row by row."""
        return self.axes.flat

    def save(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write the figure to a file, in the format of its extension.

        Parameters
        ----------
        path : path-like
            File, with an extension such as .png, .svg or .pdf. An existing file is overwritten.
        **options
            Options of `matplotlib.figure.Figure.savefig`, such as `dpi`.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        """
        refuse_missing_folder(path)
        self.figure.savefig(path, **options)

    def __getitem__(self, index: Any) -> Any:
        """Return the panel, or the panels, at an index."""
        return self.axes[index]

    def __len__(self) -> int:
        """Return the number of rows of panels."""
        return len(self.axes)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows of panels."""
        return iter(self.axes)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AxesArray:
        """Return the panels, for functions that take an array of Axes."""
        return self.axes.copy() if copy else self.axes

    def __getattr__(self, name: str) -> Any:
        """Return what the Axes of a picture of one panel has."""
        axes = vars(self).get("axes")
        if axes is None or axes.size != 1 or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(axes.flat[0], name)

    def __repr__(self) -> str:
        """Return how many panels there are."""
        return f"{type(self).__name__} of {self.axes.shape[0]} x {self.axes.shape[1]} panels"

    def _repr_png_(self) -> bytes:
        """Return the figure as notebooks show it."""
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png")
        return stream.getvalue()


@dataclass(frozen=True)
class Style:
    """How the panels of a picture are drawn.

    `note` goes into the captions of pairs, with the coverage in its braces. `draw_alone` draws a single column in a
    separate picture; None draws it as on a diagonal. `scatters` says whether panels of one and of two columns draw rows
    individually.
    """

    subject: str
    draw_one: Draw
    draw_two: Draw
    note: str | None
    draw_alone: Draw | None = None
    projection: str = "rectilinear"
    scatters: tuple[bool, bool] = (True, True)

    def notes(self, data: PlotData) -> list[str]:
        """Return what a caption of pairs says of their coverage."""
        return [self.note.format(percentages(data.coverage))] if self.note and data.coverage else []

    def title(self, data: PlotData, title: str | None) -> str:
        """Return the given title, or the subject, the covariance type and the number of components."""
        if title is not None:
            return title
        kind = "model" if is_parsimonious(data.covariance_type) else "covariance"
        return f"{self.subject}: {data.covariance_type} {kind}, K = {data.n_components}"


def draw_picture(data: PlotData, style: Style, title: str | None, ax: Any, *, notes: Sequence[str] = ()) -> Picture:
    """Draw one or two columns on a panel, with `notes` first in the caption; draw more in a grid."""
    if len(data.names) > 2:
        return draw_grid(data, style, title, ax)
    if len(data.names) == 2:
        panel, draw = one_axes(ax, style.projection), style.draw_two
        notes = [*notes, *style.notes(data)]
    else:
        panel, draw = one_axes(ax), style.draw_alone or style.draw_one
    add_legend(panel, draw(panel, data))
    caption = data.caption(notes, scattered=style.scatters[len(data.names) - 1])
    title_one(panel, style.title(data, title), caption if ax is None else "")
    return Picture([[panel]])


def draw_grid(data: PlotData, style: Style, title: str | None, ax: Any) -> Picture:
    """Draw every pair of columns; panels above the diagonal are switched off, and the first contains the legend.

    Labels and ticks of axes stay only at the left and the bottom of the grid.
    """
    size = len(data.names)
    axes = grid_of_axes(size, size, ax, panel=(2.2, 2.0))
    columns: list[Any] = []
    pairs: list[Any] = []
    for (i, j), panel in np.ndenumerate(axes):
        if j > i:
            panel.set_axis_off()
            continue
        if i == j:
            columns = style.draw_one(panel, data.marginal(i))
            panel.set_ylabel("density" if i == 0 else "")
            panel.tick_params(axis="y", left=False, labelleft=False)
        else:
            pairs = style.draw_two(panel, data.marginal(j, i))
            if j > 0:
                panel.set_ylabel("")
                panel.tick_params(axis="y", labelleft=False)
        if i < size - 1:
            panel.set_xlabel("")
            panel.tick_params(axis="x", labelbottom=False)
    # Where both name a component, the marker stands for it.
    entries = list({handle.get_label(): handle for handle in columns + pairs}.values())
    if size == 1:
        add_legend(axes[0, 0], entries)
    else:
        add_legend(axes[0, 1], entries, loc="upper left", bbox_to_anchor=(0.0, 1.0), frameon=False)
    caption = data.caption(style.notes(data) if size > 1 else [], scattered=size > 1)
    title_grid(axes, style.title(data, title), caption, own_figure=ax is None)
    return Picture(axes)


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


def legend_entry(label: str, **look: Any) -> Any:
    """Make an entry of a legend, a marker unless `look` has a line style."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"linestyle": "none", **look})


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


def percentages(parts: Sequence[float]) -> str:
    """Write parts of a whole as a phrase, such as 50 %, 75 % and 90 %."""
    *most, last = [f"{100 * part:g} %" for part in parts]
    return f"{', '.join(most)} and {last}" if most else last
