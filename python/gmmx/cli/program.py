"""The program ``gmmx``: its commands, and how it ends. Needs click.

Commands are imported when they are called. Every error is one line, and every way to end has its exit code.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import functools
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NoReturn

import click

from gmmx.cli.commands import command
from gmmx.cli.console import FAILED, INTERRUPTED, PIPE_CLOSED, UNUSABLE, one_line

# Names are in the order in which they are used; the texts are their lines of `gmmx --help`.
COMMANDS = {
    "fit": "Fit a mixture to the numbers in a file.",
    "select": "Choose covariance type and number of components.",
    "predict": "Write the component of each row.",
    "score": "Print how well a mixture describes rows.",
    "sample": "Draw random rows from a mixture.",
    "plot": "Draw a mixture and data.",
    "info": "Print what a model file holds.",
    "bench": "Time gmmx and scikit-learn on this machine.",
}

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _PipeClosedError(Exception):
    """Nobody reads standard output any more."""


class _TerminatedError(BaseException):
    """A signal asked the program to end; the argument is its number."""


class Program(click.Group):
    """The group of commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name in COMMANDS and name not in self.commands:
            self.add_command(command(name, getattr(import_module(f"gmmx.cli.{name}"), name)))
        return super().get_command(ctx, name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command; the error of one that does not exist offers the closest."""
        if args[0] not in COMMANDS and (close := difflib.get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the program, and exit with its code unless an exception is asked for."""
        run = functools.partial(super().main, *args, **{**extra, "standalone_mode": False})
        if not standalone_mode:
            return run()
        with _unwinding_on_termination():
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
        except OSError as error:
            if not is_closed_pipe(error):
                raise
            raise _PipeClosedError from error  # click has its own way to end on the other


def is_closed_pipe(error: OSError) -> bool:
    """Whether nobody reads what was written, which Windows calls an invalid argument."""
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


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
    with contextlib.suppress(OSError):  # nobody reads it
        print(f"Error: {one_line(message)}", file=sys.stderr, flush=True)
    return exit_code


def _unwind(number: int, _: object) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # the second one ends it on the spot
    raise _TerminatedError(number)


@contextlib.contextmanager
def _unwinding_on_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block by an exception, and then end the process.

    The process ends by the signal itself, so that its parent sees which one. Signals that the parent had ignored, as
    nohup does, stay ignored, and other handlers stay in place. Outside of the main thread nothing changes.
    """
    handled = []
    if threading.current_thread() is threading.main_thread():
        handled = [number for number in _SIGNALS if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _unwind)
    try:
        yield
    except _TerminatedError as error:
        os.kill(os.getpid(), error.args[0])
        raise SystemExit(128 + error.args[0]) from error  # where signals do not end a process
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
