"""PyPI's other `gmmx`, a JAX library of the same import name, is named where its files meet those of this package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gmmx
from gmmx import _core

PACKAGE = Path(gmmx.__file__).parent


@pytest.fixture
def mixed(tmp_path):
    """A copy of the package, to which files of the other may be added, and how Python runs with it."""
    copy = tmp_path / "site" / "gmmx"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    compiled = [module.__file__ for module in sys.modules.values() if module.__name__.startswith("gmmx._c")]
    for file in compiled:  # of an editable installation they lie elsewhere
        if file and not file.endswith(".py"):
            shutil.copy(file, copy)

    others = tmp_path / "others"  # what gmmx needs, without the package itself, which an import would find there
    others.mkdir()
    for place in (Path(place) for place in sys.path if place.endswith("site-packages")):
        for entry in place.iterdir():
            if not entry.name.startswith(("gmmx", "_gmmx", "__pycache__")) and not (others / entry.name).exists():
                (others / entry.name).symlink_to(entry)

    def run(code):
        # -S: without site-packages, where an editable installation would find the package first.
        places = [str(copy.parent), str(others)]
        start = f"import sys; sys.path[:0] = {places!r}\n"
        command = [sys.executable, "-S", "-c", start + code]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)

    return copy, run


def test_unmixed_package_warns_of_nothing(mixed):
    _, run = mixed
    ran = run("import gmmx, gmmx._namesake; print(gmmx.__file__, gmmx._namesake.what_replaced_the_package())")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split() == [str(mixed[0] / "__init__.py"), "None"]


def test_files_of_the_other_package_are_named_at_import(mixed):
    folder, run = mixed
    for name in ("fit.py", "gmm.py"):
        (folder / name).write_text("raise AssertionError", encoding="utf-8")
    ran = run("import gmmx; print(gmmx.__version__)")
    assert ran.stdout.strip() == _core.__version__
    assert f"UserWarning: {folder} holds fit.py, gmm.py of the distribution gmmx, a JAX library" in ran.stderr
    assert "pip uninstall gmmx gmmx-native, then install the one that you need." in ran.stderr


PROGRAM = "from gmmx.cli import main; main()"


def test_program_names_the_package_that_replaced_this_one(mixed):
    folder, run = mixed
    (folder / "__init__.py").write_text("__version__ = '0.7'", encoding="utf-8")
    ran = run(PROGRAM)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"gmmx: {folder / '__init__.py'} belongs to the distribution gmmx, a JAX library")


def test_program_says_that_the_package_lost_its_beginning(mixed):
    folder, run = mixed
    (folder / "__init__.py").unlink()
    ran = run(PROGRAM)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"gmmx: {folder} has lost its __init__.py, as happens when the distribution gmmx is")
