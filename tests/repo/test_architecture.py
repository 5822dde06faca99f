"""The code keeps to the arrows between layers that docs/architecture.md states."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "gmmx"
COMPILED = {"gmmx._cpu": "cpp/cpu/module.cpp"}
LOADED_BY_NAME = {("core", "bindings")}

pytestmark = pytest.mark.repo


@cache
def documentation() -> Any:
    """The module docs/layers.py, which reads the table."""
    spec = importlib.util.spec_from_file_location("layers", ROOT / "docs" / "layers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


def layer_of(path: str) -> str:
    """The layer of a file: that of the longest place which holds it."""
    fitting = [
        (len(place), name)
        for name, layer in documentation().layers().items()
        for place in layer.places
        if path == place or path.startswith(f"{place}/")
    ]
    assert fitting, f"{path} is in no layer: add it to the table of docs/architecture.md"
    return max(fitting)[1]


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def cpp_files() -> list[Path]:
    folders = ("include", "src", "files", "bindings", "cpu")
    return sorted(
        path for folder in folders for path in (ROOT / "cpp" / folder).rglob("*") if path.suffix in {".hpp", ".cpp"}
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def file_of_module(module: str) -> str | None:
    """The file of a module of gmmx; None for a name that is no module."""
    if module in COMPILED:
        return COMPILED[module]
    path = ROOT / "python" / Path(*module.split("."))
    return next((name_of(p) for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def statements_in(node: ast.AST) -> Iterator[ast.stmt]:
    """Statements of a module, at import or later, also those for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        yield from statements_in(child)


def imported_later(tree: ast.Module) -> Iterator[str]:
    """Files of modules that a table of `gmmx._lazy` names."""
    for table in ast.walk(tree):
        for value in table.values if isinstance(table, ast.Dict) else ():
            if isinstance(value, ast.Constant) and str(value.value).startswith("gmmx."):
                file = file_of_module(value.value)
                if file is not None:
                    yield file


def imported_files(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from imported_later(tree)
    for statement in statements_in(tree):
        if isinstance(statement, ast.Import):
            modules = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{path}: relative import"
            outer = statement.module or ""
            inner = [f"{outer}.{alias.name}" for alias in statement.names]
            modules = [name if file_of_module(name) else outer for name in inner]
        else:
            continue
        for module in modules:
            if module.split(".")[0] == "gmmx":
                file = file_of_module(module)
                assert file is not None, f"{path} imports {module}, which is no module"
                yield file


def included_files(path: Path) -> Iterator[str]:
    for target in re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        places = [path.parent / target, ROOT / "cpp" / "src" / target, ROOT / "cpp" / "include" / target]
        found = next((place for place in places if place.is_file()), None)
        assert found is not None, f"{path} includes {target}, which is not there"
        yield name_of(found)


@cache
def arrows() -> dict[tuple[str, str], list[str]]:
    """From which layer to which files lead, and which these are."""
    found: dict[tuple[str, str], list[str]] = {}
    pairs = [(name_of(path), file) for path in python_files() for file in imported_files(path)]
    pairs += [(name_of(path), file) for path in cpp_files() for file in included_files(path)]
    for user, used in pairs:
        found.setdefault((layer_of(user), layer_of(used)), []).append(f"{user} -> {used}")
    return {ends: files for ends, files in found.items() if ends[0] != ends[1]}


def stated() -> set[tuple[str, str]]:
    return {(name, used) for name, layer in documentation().layers().items() for used in layer.uses}


def test_imports_and_includes_follow_the_arrows() -> None:
    against = {ends: files for ends, files in arrows().items() if ends not in stated()}
    assert against == {}


def test_every_arrow_is_followed() -> None:
    assert stated() - arrows().keys() - LOADED_BY_NAME == set()


def test_arrows_lead_down() -> None:
    names = list(documentation().layers())
    assert [(user, used) for user, used in stated() if names.index(user) >= names.index(used)] == []


def test_places_in_the_table_exist() -> None:
    places = [place for layer in documentation().layers().values() for place in layer.places]
    assert len(places) == len(set(places))
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_picture_is_of_this_table() -> None:
    image = pytest.importorskip("PIL.Image")
    with image.open(ROOT / "docs" / "images" / "architecture.png") as picture:
        assert picture.text["Description"] == documentation().digest(), "draw it anew: python docs/draw_pictures.py"


def test_reference_imports_numpy_and_the_standard_library_alone() -> None:
    for path in sorted((PACKAGE / "reference").rglob("*.py")):
        for statement in statements_in(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Import):
                modules = [alias.name for alias in statement.names]
            elif isinstance(statement, ast.ImportFrom):
                modules = [str(statement.module)]
            else:
                continue
            for module in modules:
                own = module == "gmmx.reference" or module.startswith("gmmx.reference.")
                assert own or module.split(".")[0] in {"numpy", *sys.stdlib_module_names}, f"{path} imports {module}"


def private_imports(path: Path) -> Iterator[str]:
    """Private modules and names of scikit-learn that a file imports, or reaches through a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "sklearn":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "sklearn"]
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("sklearn."):
            names = [ast.unparse(node)]
        else:
            continue
        yield from (name for name in names if "._" in name and "__version__" not in name)


def test_private_names_of_scikit_learn_stand_in_one_module() -> None:
    users = {name_of(path): list(private_imports(path)) for path in python_files()}
    assert [name for name, private in users.items() if private] == ["python/gmmx/_sklearn.py"]


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("#include <Eigen/", ["cpp/src"]),
        ("#include <pybind11/", ["cpp/bindings", "cpp/cpu"]),
        ("#include <nlohmann/", ["cpp/files"]),
        ("#pragma omp", ["cpp/src/parallel"]),
    ],
)
def test_libraries_stay_in_their_places(library: str, places: list[str]) -> None:
    users = [name_of(path) for path in cpp_files() if library in path.read_text(encoding="utf-8")]
    assert users
    assert [user for user in users if not user.startswith(tuple(f"{place}/" for place in places))] == []


def test_what_is_internal_to_eigen_stands_in_one_file() -> None:
    users = [name_of(path) for path in cpp_files() if "Eigen::internal" in path.read_text(encoding="utf-8")]
    assert users == ["cpp/src/simd.hpp"]


def test_public_headers_include_the_standard_library_and_one_another() -> None:
    for path in sorted((ROOT / "cpp" / "include").rglob("*.hpp")):
        text = path.read_text(encoding="utf-8")
        assert [
            name for name in re.findall(r"^#include <([^>]+)>", text, re.MULTILINE) if "." in name or "/" in name
        ] == []
        assert {layer_of(file) for file in included_files(path)} <= {"headers"}


def test_no_module_is_beyond_600_lines() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {name: n for name, n in lines.items() if n > 600} == {}


def public_methods(path: Path) -> Iterator[tuple[str, int]]:
    """Each class of a module, and how many methods and properties without an underscore it defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            names = {child.name for child in node.body if isinstance(child, ast.FunctionDef)}
            yield f"{name_of(path)}: {node.name}", sum(not name.startswith("_") for name in names)


def test_no_class_is_beyond_25_public_methods() -> None:
    counts = dict(pair for path in python_files() for pair in public_methods(path))
    assert {name: n for name, n in counts.items() if n > 25} == {}


def test_no_modules_import_one_another() -> None:
    """No cycle, not even one of imports for type checkers or inside functions; `gmmx` itself finds its names lazily."""
    root = name_of(PACKAGE / "__init__.py")
    uses = {name_of(path): set(imported_files(path)) - {name_of(path), root} for path in python_files()}
    del uses[root]
    while leaves := [name for name, used in uses.items() if not used & uses.keys()]:
        for name in leaves:
            del uses[name]
    assert uses == {}
