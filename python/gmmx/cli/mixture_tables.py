"""The parameters of a mixture on a terminal."""

from __future__ import annotations

from gmmx.cli.console import print_lines, terminal_width
from gmmx.mixture._mixture_report import NamedMixture, WhereToLook, mixture_lines

_HINTS = WhereToLook(
    components="--json prints all",
    covariances="--json prints them",
    everything="--json prints everything",
)


def print_mixture(mixture: NamedMixture) -> None:
    """Print the parameters between two empty lines."""
    print_lines(["", *mixture_lines(mixture, terminal_width(), _HINTS), ""])
