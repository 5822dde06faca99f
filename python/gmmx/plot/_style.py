"""Colours, markers and lines that all pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Components 0, 1, 2, ... have these colours of Okabe and Ito, distinct with every kind of colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6A3D9A")

#: Components 0, 1, 2, ... have these markers. With one fewer than colours, 42 components differ in one or the other.
MARKERS = ("o", "^", "s", "D", "v", "P")

INK = "0.15"
DENSITY_COLOURS = "Blues"
MIXTURE_LINE: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": (0, (4, 2))}


def colour(k: int) -> str:
    """Colour of component `k`."""
    return PALETTE[k % len(PALETTE)]


def marker(k: int) -> str:
    """Marker of component `k`."""
    return MARKERS[k % len(MARKERS)]


def point_style(n_points: int) -> tuple[float, float]:
    """Area and opacity of a point: small and faint where there are many."""
    area = float(np.clip(5_000 / max(n_points, 1), 3.0, 24.0))
    opacity = float(np.clip(60 / np.sqrt(max(n_points, 1)), 0.25, 0.75))
    return area, opacity


def percentages(parts: Sequence[float]) -> str:
    """Write parts of a whole as a phrase.

    Examples
    --------
    >>> percentages([0.5, 0.75, 0.9])
    '50 %, 75 % and 90 %'
    """
    written = [f"{100 * part:g} %" for part in parts]
    return " and ".join([", ".join(written[:-1]), written[-1]] if len(written) > 1 else written)
