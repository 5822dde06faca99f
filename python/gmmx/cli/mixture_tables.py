"""The parameters of a mixture on a console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.cli.console import say_lines
from gmmx.mixture._mixture_report import ShownMixture, WhereToLook, mixture_lines

if TYPE_CHECKING:
    from rich.console import Console

_ON_THE_COMMAND_LINE = WhereToLook(
    components="--json prints all",
    covariances="--json prints them",
    everything="--json prints everything",
)


def say_mixture(console: Console, mixture: ShownMixture) -> None:
    """Print the parameters between two empty lines."""
    say_lines(console, ["", *mixture_lines(mixture, console.width, _ON_THE_COMMAND_LINE), ""])
