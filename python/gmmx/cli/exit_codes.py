"""How ``gmmx`` ends: every error is one line, and every way to end has its exit code. Needs click."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from gmmx.cli.console import FAILED, INTERRUPTED, PIPE_CLOSED, UNUSABLE, one_line
from gmmx.cli.terminating import unwinding_on_termination


class _PipeClosedError(Exception):
    """Nobody reads standard output any more."""


class Program(click.Group):
    """A group of commands, imported when they are called, whose errors are one line each."""

    def __init__(self, *args: Any, short_helps: Mapping[str, str], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.short_helps = short_helps

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they are used."""
        return list(self.short_helps)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name in self.short_helps and name not in self.commands:
            self.add_command(import_module(f"gmmx.cli.{name}").COMMAND)
        return super().get_command(ctx, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.short_helps.items()))

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the program, and exit with its code unless an exception is asked for."""
        run = functools.partial(super().main, *args, **{**extra, "standalone_mode": False})
        if not standalone_mode:
            return run()
        with unwinding_on_termination():
            code = _exit_code(run)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; a name that standard output cannot hold is escaped as in Python's string literals."""
        if sys.stdout is None or sys.stdin is None:
            raise click.ClickException("standard input or output is closed; redirect it to /dev/null instead")
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError as error:
            raise _PipeClosedError from error  # click has its own way to end on the other


def _exit_code(run: Callable[[], Any]) -> int:
    """Run the program, print errors, and return the exit code."""
    try:
        code = run()
        return code if isinstance(code, int) else 0
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # since click 8.2
            error.show()
            return error.exit_code
        where = error.ctx.command_path if error.ctx is not None else "gmmx"
        return _refuse(f"{error.format_message().rstrip('.')} (see {where} --help)", error.exit_code)
    except click.ClickException as error:
        return _refuse(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except _PipeClosedError:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # discard the rest, or Python complains
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        return PIPE_CLOSED
    except OSError as error:
        return _refuse(f"the result cannot be written: {error}", UNUSABLE)
    except MemoryError:
        return _refuse("not enough memory; give fewer rows or columns at a time", FAILED)
    except ValueError as error:
        from gmmx.io.csv_text import DataFileError  # imports NumPy

        if not isinstance(error, DataFileError):
            raise
        return _refuse(str(error), UNUSABLE)


def _refuse(message: str, exit_code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        print(f"Error: {one_line(message)}", file=sys.stderr, flush=True)
    return exit_code
