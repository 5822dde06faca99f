"""The command line: ``gmmx fit``, ``gmmx select`` and, in time, their sisters.

Each command is a module with one function ``..._command`` that declares its options and one ``run_...`` that does the
work; `command_line` lists them. click, rich and matplotlib are the optional extra ``cli``: none is imported
with this package, so that `main` can say how to install what is missing.

Exit codes: 0, done; 1, the fit failed; 2, the command or the data cannot be used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gmmx.cli.common import INSTALL_COMMAND, UNUSABLE
from gmmx.cli.fit import fit_command
from gmmx.cli.select import select_command

if TYPE_CHECKING:
    import click

__all__ = ["command_line", "main"]


def main() -> None:
    """Run the command line; the entry point ``gmmx``."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"gmmx: the command line needs {error.name}; install it with: {INSTALL_COMMAND}\n")
        sys.exit(UNUSABLE)
    command_line()(prog_name="gmmx")


def command_line() -> click.Group:
    """Build the command ``gmmx`` with all its subcommands.

    Returns
    -------
    click.Group
        The command, ready to be called or tested.
    """
    import click

    from gmmx import __version__

    @click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
    @click.version_option(__version__, prog_name="gmmx", message="%(prog)s %(version)s")
    def gmmx() -> None:
        """Gaussian mixture models by expectation-maximisation, on data files."""

    gmmx.add_command(fit_command())
    gmmx.add_command(select_command())
    return gmmx
