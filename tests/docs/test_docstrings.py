"""The examples in the docstrings of the installed package run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gmmx

COMPILED = ("gmmx._cpu", "gmmx._core_")


def python_modules() -> list[str]:
    names = [info.name for info in pkgutil.walk_packages(gmmx.__path__, prefix="gmmx.")]
    return ["gmmx", *(name for name in names if not name.startswith(COMPILED))]


def needs_spark(name: str) -> bool:
    return name.startswith("gmmx.spark")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.spark] * needs_spark(name)) for name in python_modules()]
)
def test_examples_of_docstrings(name, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)  # examples may write files
    around = {"spark": request.getfixturevalue("spark")} if needs_spark(name) else {}
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testmod(module, extraglobs=around, optionflags=flags)
    assert failed == 0, f"{failed} examples of {name} failed; see the captured output"


API = Path(__file__).parents[2] / "docs" / "api"


def documented(page: Path) -> Iterator[tuple[str, Any]]:
    """Yield what a page of the API reference lists, and the public members of its classes, with their names."""
    module = importlib.import_module("gmmx" if page.stem == "index" else f"gmmx.{page.stem}")
    for name in re.findall(r"^   (?:gmmx\.)?(\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        thing = getattr(module, name)
        yield name, thing
        if inspect.isclass(thing):
            yield from (
                (f"{name}.{key}", getattr(thing, key)) for key in vars(thing) if not key.startswith(("_", "set_"))
            )


@pytest.mark.skipif(not API.is_dir(), reason="the documentation is not part of this copy")
@pytest.mark.parametrize("page", sorted(API.glob("*.md")), ids=lambda page: page.stem)
def test_docstrings_of_the_reference_begin_with_a_short_line(page):
    if page.stem in {"dask", "onnx", "spark"}:
        pytest.importorskip({"dask": "dask", "onnx": "skl2onnx", "spark": "pyspark"}[page.stem])
    texts = {
        name: inspect.getdoc(thing) or ""
        for name, thing in documented(page)
        if inspect.isroutine(thing) or inspect.isclass(thing) or isinstance(thing, property)
    }
    first_lines = {
        name: text.partition("\n")[0] for name, text in texts.items() if not text.startswith(f"{name.split('.')[-1]}(")
    }
    assert {name: line for name, line in first_lines.items() if len(line) > 72} == {}
    assert {name: line for name, line in first_lines.items() if line.startswith("Tell ")} == {}
