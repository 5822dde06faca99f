"""What `import gmmx` and the command line import, and what not before it is needed."""

import subprocess
import sys

import numpy as np
import pytest

import gmmx
from gmmx import _sklearn, cli
from gmmx.cli.program import COMMANDS

SLOW = ("sklearn", "scipy", "pandas", "pyarrow", "joblib", "matplotlib", "safetensors", "dask", "pyspark")


def modules_after(code: str) -> set[str]:
    """Return the modules, by their first names, that a fresh interpreter has imported after some code."""
    code += "\nimport sys; sys.stderr.write(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def called(*arguments: str) -> str:
    return (
        "from gmmx.cli import command_line\n"
        f"command_line().main({list(arguments)!r}, prog_name='gmmx', standalone_mode=False)"
    )


def test_the_package_imports_neither_scikit_learn_nor_numpy():
    assert modules_after("import gmmx; dir(gmmx), gmmx.__version__, gmmx.Mixture") & {*SLOW, "numpy"} == set()


@pytest.mark.parametrize("name", ["data", "fast", "reference", "ConjugatePrior", "FitFailedError"])
def test_what_needs_no_estimator_does_not_import_scikit_learn(name):
    assert modules_after(f"import gmmx; gmmx.{name}") & {*SLOW} == set()


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_program_imports_neither_scikit_learn_nor_numpy(option):
    assert modules_after(called(option)) & {*SLOW, "numpy"} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_does_not_import_scikit_learn(command):
    assert modules_after(called(command, "--help")) & {*SLOW} - {"safetensors"} == set()


def test_every_command_is_there():
    program = cli.command_line()
    with cli.command_line().make_context("gmmx", ["--help"], resilient_parsing=True) as context:
        assert all(program.get_command(context, name).name == name for name in COMMANDS)
        assert program.get_command(context, "nothing") is None


def test_dir_lists_the_public_names():
    assert dir(gmmx) == gmmx.__all__


def test_public_names_are_loaded_from_their_homes():
    code = "\n".join(f"assert gmmx.{name} is not None" for name in gmmx.__all__)
    modules_after(f"import gmmx\n{code}\nfrom gmmx import *\nassert GaussianMixture is gmmx.GaussianMixture")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'gmmx' has no attribute 'GausianMixture'"):
        _ = gmmx.GausianMixture


TYPED = """
import gmmx
from gmmx import GaussianMixture

reveal_type(gmmx.GaussianMixture.from_parameters([1.0], [[0.0]], [1.0]))
reveal_type(GaussianMixture(2).n_components)
gmmx.plot.classification()
gmmx.GausianMixture
"""


@pytest.mark.slow
def test_a_type_checker_knows_the_names(tmp_path):
    api = pytest.importorskip("mypy.api")
    config, code = tmp_path / "mypy.ini", tmp_path / "code.py"
    code.write_text(TYPED)
    config.write_text("[mypy]\nignore_missing_imports = True\nfollow_imports = silent\ncache_dir = /dev/null\n")
    told, _, _ = api.run(["--config-file", str(config), str(code)])
    *lines, _ = (line.partition("code.py:")[2] for line in told.splitlines())
    assert [line.partition(":")[0] for line in lines] == ["5", "6", "7", "8"], told
    assert "gmmx.mixture._gaussian_mixture.GaussianMixture" in lines[0]
    assert '"int"' in lines[1]
    assert "argument" in lines[2]
    assert 'no attribute "GausianMixture"' in lines[3]


def test_a_private_name_that_moved_is_found_in_its_other_home(monkeypatch):
    homes = {"safe_indexing": ("sklearn.nowhere", "sklearn.utils.validation", "sklearn.utils._indexing")}
    monkeypatch.setattr(_sklearn, "_HOMES", homes)
    monkeypatch.delattr(_sklearn, "safe_indexing", raising=False)
    assert _sklearn.safe_indexing(np.arange(4), [2]).tolist() == [2]


def test_a_private_name_that_is_gone_is_an_error_that_names_the_versions(monkeypatch):
    monkeypatch.setattr(_sklearn, "_HOMES", {"gone": ("sklearn.utils", "sklearn.nowhere")})
    with pytest.raises(ImportError, match=r"^scikit-learn .* has no gone in sklearn\.utils or .*pip install"):
        _ = _sklearn.gone


def test_every_private_name_is_there():
    assert [name for name in _sklearn.__all__ if not hasattr(_sklearn, name)] == []
