"""The command line: ``gmmx fit``, ``gmmx select`` and their sisters.

Each command is a module: a dataclass declares its options, and a function of the command's name does the work.
`gmmx.cli.program` lists the commands and imports the one that is called. click, rich and matplotlib are the optional
extra ``cli``: none is imported with this package, so that `main` can name the command to install what is missing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gmmx._namesake import what_replaced_the_package
from gmmx.cli.console import EXIT_CODES, INSTALL_COMMAND, INTERRUPTED, UNUSABLE

if TYPE_CHECKING:
    import click

__all__ = ["command_line", "main"]


def main() -> None:
    """Run the command line; the entry point ``gmmx``."""
    if problem := what_replaced_the_package():
        sys.stderr.write(f"gmmx: {problem}\n")
        sys.exit(UNUSABLE)
    try:
        import click  # noqa: F401
        import rich  # noqa: F401

        program = command_line()
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"gmmx: the command line needs {error.name}; install it with: {INSTALL_COMMAND}\n")
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    program(prog_name="gmmx")


def command_line() -> click.Group:
    """Build the command ``gmmx`` with all its subcommands."""
    import click

    from gmmx import __version__
    from gmmx.cli.program import Program

    exit_codes = "\n".join(f"  {code:<3}  {meaning}" for code, meaning in EXIT_CODES.items())

    @click.group(
        cls=Program,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog=f"\b\nExit codes:\n{exit_codes}",
    )
    @click.version_option(__version__, prog_name="gmmx", message="%(prog)s %(version)s")
    def gmmx() -> None:
        """Gaussian mixture models by expectation-maximisation, on data files.

        gmmx COMMAND --help shows the options of a command, and examples.
        """

    return gmmx
