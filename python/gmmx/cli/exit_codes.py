"""How ``gmmx`` ends: every error is one line, and every way to end has its exit code."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gmmx.cli.console import FAILED, INTERRUPTED, PIPE_CLOSED, UNUSABLE, one_line
from gmmx.cli.terminating import unwinding_on_termination

if TYPE_CHECKING:
    import click

    from gmmx.io.csv_text import DataFileError


class _PipeClosedError(Exception):
    """Nobody reads standard output any more."""


def program_class() -> type[click.Group]:
    """Return a class of click groups that end as `gmmx` does."""
    import click

    class Program(click.Group):
        """A group of commands, imported when they are called, whose errors are one line each."""

        def __init__(self, *args: Any, short_helps: Mapping[str, str], **extra: Any) -> None:
            super().__init__(*args, **extra)
            self.short_helps = short_helps

        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(self.short_helps)  # in the order in which they are used, not by the alphabet

        def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
            if name not in self.short_helps:
                return None
            if name not in self.commands:
                self.add_command(import_module(f"gmmx.cli.{name}").COMMAND)
            return super().get_command(ctx, name)

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(list(self.short_helps.items()))

        def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
            run = functools.partial(super().main, *args, **{**extra, "standalone_mode": False})
            if not standalone_mode:
                return run()
            with unwinding_on_termination():
                code = _exit_code(run)
            sys.exit(code)

        def invoke(self, ctx: click.Context) -> Any:
            if sys.stdout is None or sys.stdin is None:
                raise click.ClickException("standard input or output is closed; redirect it to /dev/null instead")
            _escape_what_cannot_be_encoded()
            try:
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
            except BrokenPipeError as error:
                raise _PipeClosedError from error  # click has its own way to end on the other

    return Program


def _escape_what_cannot_be_encoded() -> None:
    """Let names of columns and files be printed on a terminal of any encoding: as in Python's string literals."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _exit_code(run: Callable[[], Any]) -> int:
    """Run the program, tell of errors, and return the exit code."""
    import click

    try:
        code = run()
        return code if isinstance(code, int) else 0
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # since click 8.2
            error.show()
            return error.exit_code
        where = error.ctx.command_path if error.ctx is not None else "gmmx"
        return _refuse(f"{error.format_message().rstrip('.')} ({where} --help tells what there is)", error.exit_code)
    except click.ClickException as error:
        return _refuse(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except _PipeClosedError:
        _forget_output()
        return PIPE_CLOSED
    except _data_file_error() as error:
        return _refuse(str(error), UNUSABLE)
    except OSError as error:
        return _refuse(f"the result cannot be written: {error}", UNUSABLE)
    except MemoryError:
        return _refuse("not enough memory; give fewer rows or columns at a time", FAILED)


def _data_file_error() -> type[DataFileError]:
    """Return the class of errors of tables, whose module imports NumPy."""
    from gmmx.io.csv_text import DataFileError

    return DataFileError


def _refuse(message: str, exit_code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"Error: {one_line(message)}\n")
    return exit_code


def _forget_output() -> None:
    """Let what is still to be written go nowhere, or Python complains at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
