"""Commands, declared as dataclasses: a field is an option or an argument. Needs click."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import click

__all__ = ["REQUIRED", "argument", "command", "not_an_option", "option"]

REQUIRED: Any = dataclasses.MISSING


def argument(metavar: str, *, default: Any = REQUIRED, **attributes: Any) -> Any:
    """Declare a field as an argument; with a default it may be left out. `attributes` are those of `click.Argument`."""
    is_required = default is REQUIRED
    metadata = {"kind": click.Argument, "names": (), "metavar": metavar, "required": is_required, **attributes}
    return dataclasses.field(default=default, metadata=metadata)


def option(text: str, *names: str, default: Any = None, choices: Collection[str] = (), **attributes: Any) -> Any:
    """Declare a field as an option.

    Parameters
    ----------
    text : str
        The help.
    *names : str
        Names on the command line; without any, ``--`` and the name of the field.
    default : object
        The default; with REQUIRED the option must be given. An option whose default is False is a flag.
    choices : collection of str
        The values that are allowed; without any, all of its type.
    **attributes
        Those of `click.Option`.
    """
    if choices:
        attributes["type"] = click.Choice(list(choices))
    metadata = {"kind": click.Option, "names": names, "help": text, **attributes}
    return dataclasses.field(default=default, metadata=metadata)


def not_an_option(default: Any) -> Any:
    """Declare a field that is an option of a base class to be none here."""
    return dataclasses.field(default=default, metadata={"kind": None})


def command(name: str, options: type, run: Callable[[Any], None], *, examples: str) -> click.Command:
    """Make a command.

    Parameters
    ----------
    name : str
        Its name.
    options : type
        A dataclass. Its own fields come first in the help, then those of its bases, in their order.
    run : callable
        Called with the options; its docstring is the help.
    examples : str
        The end of the help.
    """
    return _Command(
        name,
        params=list(_parameters(options)),
        callback=lambda **values: run(options(**values)),
        help=run.__doc__,
        epilog=f"\b\nExamples:\n{examples}",
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


def _parameters(options: type) -> Iterator[click.Parameter]:
    """Yield the parameters of a command; a class that declares a field again keeps its place."""
    classes = [one for one in options.__mro__ if dataclasses.is_dataclass(one)]
    places: dict[str, int] = {}
    for number, one in enumerate(reversed(classes)):
        for name in inspect.get_annotations(one):
            places.setdefault(name, number)
    defaults = {field.name: field.default for field in dataclasses.fields(options)}
    for name in sorted(places, key=places.__getitem__, reverse=True):  # stable: in each class as declared
        declared = next(one.__dataclass_fields__[name] for one in classes if _declares(one, name))
        if declared.metadata["kind"] is not None:
            yield _parameter(name, defaults[name], **declared.metadata)


def _declares(one: Any, name: str) -> bool:
    return name in inspect.get_annotations(one) and "kind" in one.__dataclass_fields__[name].metadata


def _parameter(name: str, default: Any, kind: Any, names: tuple[str, ...], **attributes: Any) -> click.Parameter:
    if kind is click.Argument:
        return click.Argument([name], **attributes)
    names = names or (f"--{name.replace('_', '-')}",)
    if default is REQUIRED:
        attributes["required"] = True
    else:
        shows = default is not None and not isinstance(default, bool)
        attributes |= {"default": default, "show_default": shows}
        if default is False:
            attributes["is_flag"] = True
    return click.Option([*names, name], **attributes)
