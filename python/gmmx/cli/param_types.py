"""Types of options whose refusals have a remedy. Needs click."""

from __future__ import annotations

import difflib
import math
import re
from typing import Any, ClassVar

import click

__all__ = ["Delimiter", "FiniteNumber", "NumberOfComponents", "OneOf"]


class FiniteNumber(click.FloatRange):
    """A number of at least 0 that is neither NaN nor infinite."""

    def __init__(self) -> None:
        super().__init__(min=0.0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


class NumberOfComponents(click.IntRange):
    """A number of at least 1."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        if re.fullmatch(r"\d+\D+\d+", str(value)):
            self.fail(f"{value!r} is a range; give one number, or compare a range with gmmx select", param, ctx)
        return super().convert(value, param, ctx)


class Delimiter(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.3
    """A character, or the name of one that shells swallow."""

    name = "character"
    _NAMED: ClassVar[dict[str, str]] = {"tab": "\t", "\\t": "\t", "space": " "}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Find the character."""
        character = self._NAMED.get(value, value)
        if len(character) != 1 or character in '"\r\n\0':
            self.fail(f"{value!r} is not one character; give one, or tab or space", param, ctx)
        return character


class OneOf(click.Choice[str]):
    """One of some names; a refusal suggests the closest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Find the name."""
        if value not in self.choices:
            by_lower_case = {name.lower(): name for name in self.choices}
            if close := difflib.get_close_matches(str(value).lower(), by_lower_case, n=1):
                self.fail(f"there is no {value!r}; did you mean {by_lower_case[close[0]]!r}?", param, ctx)
        return super().convert(value, param, ctx)
