"""What commands print, how they show their progress, and how they end."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gmmx._text import printable, printable_json
from gmmx._text_tables import aligned_pairs, encodable

if TYPE_CHECKING:
    import click
    from rich.console import Console

    from gmmx.mixture._mixture_report import NamedMixture

INSTALL_COMMAND = 'pip install "gmmx-native[cli]"'

FAILED = 1
UNUSABLE = 2
INTERRUPTED = 130
PIPE_CLOSED = 141
TERMINATED = 143
EXIT_CODES = {
    0: "success",
    FAILED: "the fit or the computation failed",
    UNUSABLE: "the command, a file or the data cannot be used",
    INTERRUPTED: "interrupted by Ctrl-C",
    PIPE_CLOSED: "the reader of the output stopped reading",
    TERMINATED: "ended by SIGTERM",
}

_QUIET_SECONDS = 1.0


def stop(message: str, exit_code: int = UNUSABLE) -> click.ClickException:
    """Make the exception that ends the command with one line and an exit code."""
    import click

    error = click.ClickException(one_line(message))
    error.exit_code = exit_code  # type: ignore[misc]  # click's own way to set it
    return error


def unreadable(name: str, error: OSError) -> str:
    """Return the line on a file that the system does not let us read."""
    remedy = "; check its name and folder" if isinstance(error, FileNotFoundError) else ""
    return f"{name} cannot be read: {error.strerror or error}{remedy}"


# --- text ---


def print_line(text: str = "") -> None:
    """Print a line whole, however long, except for what a terminal would obey."""
    print(printable(text), flush=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines in what the encoding of standard output can hold."""
    for line in lines:
        print_line(encodable(line, sys.stdout.encoding))


def print_pairs(pairs: Mapping[str, str]) -> None:
    """Print names and values, aligned."""
    print_lines(aligned_pairs(pairs))


def print_mixture(mixture: NamedMixture) -> None:
    """Print the parameters of a mixture between two empty lines."""
    from gmmx.mixture._mixture_report import WhereToLook, mixture_lines  # imports NumPy

    look = WhereToLook("--json prints all", "--json prints them", "--json prints everything")
    print_lines(["", *mixture_lines(mixture, _console().width, look), ""])


def print_written(written: Mapping[str, str]) -> None:
    """Print which files were written."""
    for what, path in written.items():
        print_line(f"wrote {what}: {path}")


def print_note(text: str) -> None:
    """Print a note for the user on standard error."""
    print(f"note: {one_line(text)}", file=sys.stderr, flush=True)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, with the version of gmmx first; numbers must be finite, see `finite`."""
    from gmmx import __version__

    is_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    whole = {"gmmx_version": __version__, **document}
    text = json.dumps(whole, indent=2, ensure_ascii=not is_unicode, allow_nan=False)
    sys.stdout.write(printable_json(text) + "\n")


def finite(value: Any) -> Any:
    """Return a value, or a list of such, as JSON can hold it: None in place of NaN and infinity."""
    if isinstance(value, list):
        return list(map(finite, value))
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def one_line(thing: object) -> str:
    """Return a text without line breaks, and without what a terminal would obey."""
    return printable(" ".join(str(thing).split()))


# --- progress ---


def is_watched(*, quiet: bool) -> bool:
    """Return whether somebody would see a display of progress."""
    return not quiet and sys.stderr.isatty()


@contextlib.contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[str, float | None], None]]:
    """Show a bar on a terminal's standard error once the body takes long.

    What it yields is called with a text, such as the number of rows done, and the part done of the whole, None if that
    is unknown.
    """
    if not is_watched(quiet=quiet):
        yield lambda text, part: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn()
    bar = Progress(*columns, console=_console(stderr=True), transient=True)
    task = bar.add_task(what, total=None, done="")

    def update(text: str, part: float | None) -> None:
        bar.update(task, total=None if part is None else 1.0, completed=part or 0.0, done=text)

    with shown_if_slow(bar):
        yield update


@contextlib.contextmanager
def status_line(text: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a line on a terminal's standard error once the body takes long; yield what changes its text."""
    if not is_watched(quiet=quiet):
        yield lambda text: None
        return
    status = _console(stderr=True).status(text)

    def update(text: str) -> None:
        with contextlib.suppress(UnicodeEncodeError):
            status.update(text)

    with shown_if_slow(status):
        yield update


@contextlib.contextmanager
def shown_if_slow(display: Any) -> Iterator[None]:
    """Start a display of rich after a second, if the body still runs then, and leave the terminal clean."""
    started = threading.Event()

    def start() -> None:
        started.set()
        display.start()

    timer = threading.Timer(_QUIET_SECONDS, start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if started.is_set():
            display.stop()


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)
