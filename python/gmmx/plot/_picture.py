"""The result of every plotting function: a figure and its panels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AxesArray", "Picture"]

AxesArray = Any  # an ndarray of Axes, which NumPy's types cannot express


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
        """
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
