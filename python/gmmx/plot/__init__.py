"""Pictures of mixtures, drawn with matplotlib (``pip install "gmmx-native[plot]"``).

Of one or two columns: `classification`, `uncertainty`, `density`. Of more: `pairs`, a grid of any of the three. Of
a choice among mixtures: `criterion`. Of a bootstrap: `bootstrap`.

Each returns the Axes it drew on. matplotlib is imported when a picture is drawn, not before, and pyplot never: no
figure is registered, nothing is shown, no global state changes. ``ax.figure`` is the figure, and
``ax.figure.savefig("mixture.png")`` writes it to a file.
"""

from gmmx.plot._bootstrap import bootstrap
from gmmx.plot._classification import classification
from gmmx.plot._criterion import criterion
from gmmx.plot._density import density
from gmmx.plot._mixtures import coverage_radius
from gmmx.plot._pairs import pairs
from gmmx.plot._style import MARKERS, PALETTE
from gmmx.plot._uncertainty import uncertainty

__all__ = [
    "MARKERS",
    "PALETTE",
    "bootstrap",
    "classification",
    "coverage_radius",
    "criterion",
    "density",
    "pairs",
    "uncertainty",
]
