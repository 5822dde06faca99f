"""Commands, declared as dataclasses: a field is an option or an argument. Needs click."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Collection, Iterator
from typing import Any

import click

__all__ = ["REQUIRED", "argument", "command", "option"]

REQUIRED: Any = dataclasses.MISSING


def argument(metavar: str, *, default: Any = REQUIRED, **attributes: Any) -> Any:
    """Declare a field as an argument; with a default it may be left out. `attributes` are those of `click.Argument`."""

    def made(name: str, default: Any) -> click.Parameter:
        return click.Argument([name], metavar=metavar, required=default is REQUIRED, **attributes)

    return dataclasses.field(default=default, metadata={"made": made})


def option(text: str, *names: str, default: Any = None, choices: Collection[str] = (), **attributes: Any) -> Any:
    """Declare a field as an option.

    `text` is the help, `names` are those on the command line; without any, ``--`` and the name of the field. With the
    default REQUIRED the option must be given; one whose default is False is a flag. `choices` are the values that are
    allowed, without any all of its type. `attributes` are those of `click.Option`.
    """
    if choices:
        attributes["type"] = click.Choice(list(choices))

    def made(name: str, default: Any) -> click.Parameter:
        declared = [*(names or (f"--{name.replace('_', '-')}",)), name]
        if default is REQUIRED:
            return click.Option(declared, help=text, required=True, **attributes)
        kind = {"is_flag": True} if default is False else {}
        shows = default is not None and not isinstance(default, bool)
        return click.Option(declared, help=text, default=default, show_default=shows, **kind, **attributes)

    return dataclasses.field(default=default, metadata={"made": made})


def command(name: str, run: Callable[[Any], None]) -> click.Command:
    """Make a command of a function whose argument `options` is a dataclass and whose docstring is the help.

    The dataclass's own fields come first in the help, then those of its bases, in their order. The section Examples of
    the docstring ends the help.
    """
    options = typing.get_type_hints(run)["options"]
    text, _, examples = inspect.cleandoc(run.__doc__ or "").partition("\n\nExamples\n--------\n")
    return _Command(
        name,
        params=list(_parameters(options)),
        callback=lambda **values: run(options(**values)),
        help=text,
        epilog=f"\b\nExamples:\n{textwrap.indent(examples, '  ')}",
    )


class _Command(click.Command):
    """A command that does not mistake a negative number for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, of which an unknown option may be a negative number that stands for an argument."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            number = next((text for text in given if re.fullmatch(r"-\d+", text)), None)
            if number is not None and number.startswith(error.option_name):
                for parameter in self.params:
                    if isinstance(parameter, click.Argument) and isinstance(parameter.type, click.IntRange):
                        parameter.type_cast_value(ctx, number)
            raise
        except click.BadOptionUsage as error:
            error.ctx = error.ctx or ctx  # the parser does not know it, and errors refer to the help of the command
            raise


def _parameters(options: type) -> Iterator[click.Parameter]:
    """Yield the parameters of a command; a class that declares a field again keeps its place.

    Without metadata it keeps those, too, and changes the default alone.
    """
    places: dict[str, int] = {}
    declared: dict[str, Any] = {}
    classes = filter(dataclasses.is_dataclass, reversed(options.__mro__))
    for number, one in enumerate(classes):
        for name in inspect.get_annotations(one):
            places.setdefault(name, number)
            declared[name] = one.__dataclass_fields__[name].metadata or declared[name]
    defaults = {field.name: field.default for field in dataclasses.fields(options)}
    for name in sorted(places, key=places.__getitem__, reverse=True):  # stable: in each class as declared
        if made := declared[name]["made"]:
            yield made(name, defaults[name])
