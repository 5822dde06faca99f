"""Pictures of mixtures, drawn with matplotlib (``pip install "gmmx-native[plot]"``).

Of a mixture: `classification`, `uncertainty`, `density`, of more than two columns in pairs; `pairs` draws the grid for
any number of columns. Of a choice among mixtures: `criterion`. Of a bootstrap: `bootstrap`.

Each returns a `Picture`: ``picture.save("mixture.png")`` writes it to a file, ``picture.figure`` is the figure of
matplotlib, ``picture[0, 0]`` its first Axes, and a notebook shows it. matplotlib is imported when a picture is drawn,
not before, and pyplot never: no figure is registered, no global state changes.
"""

from gmmx.plot._bootstrap import bootstrap
from gmmx.plot._classification import classification
from gmmx.plot._criterion import criterion
from gmmx.plot._density import density
from gmmx.plot._mixtures import coverage_radius
from gmmx.plot._pairs import pairs
from gmmx.plot._picture import Picture
from gmmx.plot._style import MARKERS, PALETTE
from gmmx.plot._uncertainty import uncertainty

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
