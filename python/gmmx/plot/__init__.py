"""Plots of mixtures with matplotlib (``pip install "gmmx-native[plot]"``).

`classification`, `uncertainty` and `density` draw a mixture, with more than two columns in pairs; `pairs` draws a grid
for any number of columns. `criterion` draws a model selection, `bootstrap` the result of a bootstrap.

Each function returns a `Picture`: ``picture.save("mixture.png")`` writes it to a file, ``picture.figure`` is the
matplotlib figure, ``picture[0, 0]`` its first Axes, and notebooks display it. matplotlib is imported on first use and
pyplot is not used, so that no figure is registered and no global state changes.
"""

from gmmx.plot._bootstrap import bootstrap
from gmmx.plot._criterion import criterion
from gmmx.plot._density import density
from gmmx.plot._layout import Picture
from gmmx.plot._mixtures import coverage_radius
from gmmx.plot._panels import MARKERS, PALETTE
from gmmx.plot._rows import classification, pairs, uncertainty

__all__ = [
    "MARKERS",
    "PALETTE",
    "Picture",
    "bootstrap",
    "classification",
    "coverage_radius",
    "criterion",
    "density",
    "pairs",
    "uncertainty",
]
