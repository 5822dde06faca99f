"""The examples in the docstrings of the installed package run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

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
