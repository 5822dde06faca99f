"""How things look on a terminal, and how a command ends."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gmmx._text import printable, printable_json
from gmmx._text_tables import aligned_pairs, encodable

if TYPE_CHECKING:
    import click
    from rich.console import Console
    from rich.table import Table as RichTable

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

MAX_ROWS = 24

_QUIET_SECONDS = 1.0
_LEFT = {"component", "covariance", "mean ± deviation", "model", "feature"}


def stop(message: str, exit_code: int) -> click.ClickException:
    """Make the exception that ends the command with one line and an exit code."""
    import click

    error = click.ClickException(one_line(message))
    error.exit_code = exit_code  # type: ignore[misc]  # click's own way to set it
    return error


# --- text ---


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is, except for what a terminal would obey."""
    from rich.console import Console
    from rich.text import Text

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options)

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the program ends the way it does when anything else is written

    return PlainConsole(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(console: Console, text: str) -> None:
    """Print a line whole, however long."""
    console.print(text, soft_wrap=True)


def say_lines(console: Console, lines: Iterable[str]) -> None:
    """Print lines in what the console's encoding can hold."""
    for line in lines:
        say(console, encodable(line, console.encoding))


def hint(text: str) -> None:
    """Tell on standard error what users should know, whatever else is printed."""
    sys.stderr.write(f"note: {one_line(text)}\n")


def say_facts(console: Console, facts: Mapping[str, str]) -> None:
    """Print names and values, aligned."""
    say_lines(console, aligned_pairs(facts))


def say_written(console: Console, written: Mapping[str, str]) -> None:
    """Print which files were written."""
    for what, path in written.items():
        say(console, f"wrote {what}: {path}")


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, with the version of gmmx first; what is no finite number must be None by now."""
    from gmmx import __version__

    is_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    whole = {"gmmx_version": __version__, **document}
    text = json.dumps(whole, indent=2, ensure_ascii=not is_unicode, allow_nan=False)
    sys.stdout.write(printable_json(text) + "\n")


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it: None in place of NaN and infinity."""
    return value if abs(value) < float("inf") else None


def grid(*headings: str) -> RichTable:
    """Make an empty table: names on the left, numbers on the right."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for heading in headings:
        left = heading in _LEFT
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    return table


def first(items: Sequence[Any]) -> Sequence[Any]:
    """Return as many as are shown of a long list."""
    return items[:MAX_ROWS]


def one_line(thing: object) -> str:
    """Return a text without line breaks, and without what a terminal would obey."""
    return printable(" ".join(str(thing).split()))


def rows(count: int) -> str:
    """Count rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def columns(count: int) -> str:
    """Count columns in words."""
    return f"{count:,} column" if count == 1 else f"{count:,} columns"


def components(count: int) -> str:
    """Count components in words."""
    return f"{count} component" if count == 1 else f"{count} components"


# --- progress ---


def watched(*, quiet: bool) -> bool:
    """Whether somebody would see a display of progress."""
    return not quiet and sys.stderr.isatty()


@contextlib.contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, float | None], None]]:
    """Show a bar on a terminal's standard error once the body takes long.

    Yields
    ------
    callable
        Takes the number of rows done, and what part of all that is, if anybody knows.
    """
    if not watched(quiet=quiet):
        yield lambda n_done, part: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    layout = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeRemainingColumn()
    bar = Progress(*layout, console=open_console(stderr=True), transient=True)
    task = bar.add_task(what, total=None, rows="")

    def update(n_done: int, part: float | None) -> None:
        bar.update(task, total=None if part is None else 1.0, completed=part or 0.0, rows=rows(n_done))

    with shown_if_slow(bar):
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
