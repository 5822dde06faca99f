"""The stubs of the compiled modules say what is compiled: names by stubtest, parameters by pybind11's docstrings."""

from __future__ import annotations

import ast
import importlib.resources
import subprocess
import sys
from pathlib import Path

import pytest

import gmmx
from gmmx import _core, _cpu

STUBS = {
    module: ast.parse((importlib.resources.files(gmmx) / f"{module}.pyi").read_text("utf-8"))
    for module in ("_core", "_cpu")
}


def stub_functions(module: str) -> dict[str, ast.FunctionDef]:
    """Return functions and methods of a stub by their dotted names; neither properties nor special methods."""
    found = {}
    for node in STUBS[module].body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for member in members:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("__"):
                decorators = {decorator.id for decorator in member.decorator_list if isinstance(decorator, ast.Name)}
                if "property" not in decorators:
                    found[prefix + member.name] = member
    return found


def parameters(function: ast.FunctionDef) -> str:
    """Return names, kinds and defaults of the parameters, without types, as source."""
    arguments = function.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    return ast.unparse(arguments)


def compiled_function(module: object, name: str) -> ast.FunctionDef:
    """Return what pybind11 writes on the first line of a docstring: the signature that calls are checked against."""
    for part in name.split("."):
        module = getattr(module, part)
    signature = module.__doc__.splitlines()[0]
    return ast.parse(f"def {signature}: ...").body[0]


@pytest.mark.slow
def test_stubtest_finds_no_difference():
    allowed = Path(__file__).parents[1] / "data" / "stubtest_allowed.txt"
    command = [sys.executable, "-m", "mypy.stubtest", "gmmx._core", "gmmx._cpu", "--allowlist", str(allowed)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


COMPILED = [("_core", name) for name in stub_functions("_core") if name != "available_instruction_sets"]
COMPILED += [("_cpu", name) for name in stub_functions("_cpu")]


@pytest.mark.parametrize(("module", "name"), COMPILED)
def test_parameters_are_those_of_the_stub(module, name):
    compiled = compiled_function({"_core": _core, "_cpu": _cpu}[module], name)
    assert parameters(compiled) == parameters(stub_functions(module)[name])
