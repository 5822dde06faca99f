"""The build: one version, every instruction set that can run here, and what `show_versions` tells about both."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import _core, _cpu

VARIABLE = "GMMX_INSTRUCTION_SET"
RECIPE = Path(__file__).parents[2] / "recipe" / "recipe.yaml"


def run_python(code: str, instruction_set: str | None = None, **pipes) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if instruction_set is not None:
        environment[VARIABLE] = instruction_set
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=120, **pipes)


def test_python_and_cpp_report_the_same_version():
    version = importlib.metadata.version("gmmx-native")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert gmmx.__version__ == _core.__version__ == _core.build_config()["version"] == version


@pytest.mark.skipif(not RECIPE.exists(), reason="the recipe for conda is not part of this copy")
def test_recipe_for_conda_has_the_version():
    assert re.findall(r'^  version: "(.*)"$', RECIPE.read_text(encoding="utf-8"), re.MULTILINE) == [gmmx.__version__]


def test_build_config_names_the_loaded_instruction_set():
    assert _core.build_config()["instruction_set"] == _core.instruction_set
    assert _core.instruction_set in _core.available_instruction_sets()


def test_available_instruction_sets_run_here_and_come_best_first():
    available = _core.available_instruction_sets()
    assert set(available) <= set(_cpu.supported_levels())
    assert available == sorted(available, key=_core.PREFERENCE.index)
    assert run_python("from gmmx import _core; print(_core.instruction_set)", text=True).stdout.split() == available[:1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the flags that Linux lists")
def test_cpu_levels_agree_with_the_operating_system():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next((set(line.split(":")[1].split()) for line in file if line.startswith("flags")), set())
    v3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"} <= flags
    v4 = v3 and {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags
    assert ("x86-64-v3" in _cpu.supported_levels(), "x86-64-v4" in _cpu.supported_levels()) == (v3, v4)


@pytest.mark.parametrize("instruction_set", _core.available_instruction_sets())
def test_each_available_instruction_set_can_be_forced(instruction_set):
    code = """
import gmmx
from gmmx import _core
model = gmmx.GaussianMixture(2, random_state=0).fit([[0.0], [0.1], [0.2], [5.0], [5.1], [5.3]])
print(_core.instruction_set, _core.build_config()["instruction_set"], sorted(model.means_.ravel().round(3).tolist()))
"""
    result = run_python(code, instruction_set, text=True)
    assert result.stdout == f"{instruction_set} {instruction_set} [0.1, 5.133]\n", result.stderr


@pytest.mark.parametrize("wrong", ["x86-64-v9", "AVX2", "baseline "])
def test_unknown_instruction_set_is_refused(wrong):
    result = run_python("import gmmx", wrong, text=True)
    last_line = result.stderr.splitlines()[-1]
    available = ", ".join(_core.available_instruction_sets())
    assert result.returncode != 0
    assert last_line == (
        f"ImportError: {VARIABLE}={wrong!r} is not an instruction set: "
        f"unset it, or give one of those available here: {available}"
    )


# A stand-in for the package, so that _cpu can be told to answer like another machine before _core asks it.
STAND_IN = """
import importlib.util, sys, types
package = types.ModuleType("gmmx")
package.__path__ = importlib.util.find_spec("gmmx").submodule_search_locations
sys.modules["gmmx"] = package
from gmmx import _cpu
"""


def test_instruction_set_that_cannot_run_here_is_refused():
    code = STAND_IN + "_cpu.supported_levels = lambda: ['baseline']\nfrom gmmx import _core"
    left = "baseline" if "baseline" in _core.available_instruction_sets() else ""  # if that was built
    result = run_python(code, "x86-64-v3", text=True)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1] == (
        f"ImportError: {VARIABLE}='x86-64-v3' cannot run on this machine or was not built: "
        f"unset it, or give one of those available here: {left}"
    )


def test_build_for_a_newer_machine_alone_is_refused_by_name():
    code = STAND_IN + (
        "_cpu.supported_levels = lambda: ['baseline', 'x86-64-v2', 'x86-64-v3']\n"
        "importlib.util.find_spec = lambda name: 'built' if name.endswith('_v4') else None\n"
        "from gmmx import _core"
    )
    result = run_python(code, text=True)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1] == (
        "ImportError: gmmx was compiled for x86-64-v4, but this machine runs baseline, x86-64-v2, x86-64-v3 only. "
        "Compile it on this machine, or for all by pip install <folder of gmmx> "
        "-C cmake.define.GMMX_INSTRUCTION_SETS=all"
    )


def test_empty_variable_counts_as_unset():
    assert run_python("import gmmx", "", text=True).returncode == 0


def test_pickles_do_not_name_the_instruction_set():
    mixture = _core.Mixture([1.0], [[0.0]], "full", covariances=[[[1.0]]])
    assert _core.instruction_set.replace("-", "_").encode() not in pickle.dumps(mixture)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_native_objects_are_pickled_by_every_protocol(protocol):
    # Protocols 0 and 1, and __reduce__(), ended the process.
    mixture = _core.Mixture([0.25, 0.75], [[0.0], [3.0]], "spherical", covariances=[1.0, 2.0])
    statistics = gmmx.e_step([[0.0], [1.0], [3.0]], mixture)
    assert pickle.loads(pickle.dumps(mixture, protocol)).weights.tolist() == [0.25, 0.75]
    assert pickle.loads(pickle.dumps(statistics, protocol)).counts.tolist() == statistics.counts.tolist()
    assert mixture.__reduce__()[1] == (_core.Mixture,)


def test_native_results_are_not_pickled():
    mixture = _core.Mixture([1.0], [[0.0]], "spherical", covariances=[1.0])
    options = {"tol": 0.0, "reg_covar": 0.0, "max_iter": 1, "previous_lower_bound": -np.inf}
    result = _core.em(np.array([[0.0], [1.0]]), mixture, None, **options, callback=None, n_threads=1)
    for protocol in (1, 4):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(result, protocol)


@pytest.mark.skipif(len(_core.available_instruction_sets()) < 2, reason="one instruction set is all that can run here")
def test_pickles_load_under_another_instruction_set():
    mixture = _core.Mixture([0.25, 0.75], [[0.0], [3.0]], "spherical", covariances=[1.0, 2.0])
    first, *_, last = _core.available_instruction_sets()
    other = last if _core.instruction_set == first else first
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).weights.tolist())"
    result = run_python(code, other, input=pickle.dumps(mixture))
    assert result.stdout.split() == [b"[0.25,", b"0.75]"], result.stderr


def test_show_versions_prints_build_and_machine(capsys):
    assert gmmx.show_versions() is None
    lines = capsys.readouterr().out.splitlines()
    facts = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in lines)
    assert facts["gmmx"] == gmmx.__version__
    assert facts["instruction set"] == _core.instruction_set
    assert facts["available here"].split(", ") == _core.available_instruction_sets()
    assert facts["this CPU runs"].split(", ") == _cpu.supported_levels()
    assert facts["scikit-learn"] == importlib.metadata.version("scikit-learn")
    assert facts["Eigen"].startswith("3.4")
    assert {"compiler", "compile flags", "OpenMP", "threads", "Python", "numpy", "platform"} <= facts.keys()


@pytest.mark.parametrize(("has_openmp", "text"), [(True, "yes"), (False, "no: everything runs on one thread")])
def test_show_versions_says_whether_threads_were_compiled(has_openmp, text, monkeypatch, capsys):
    config = _core.build_config() | {"openmp": has_openmp}
    monkeypatch.setattr(_core, "build_config", lambda: config)
    gmmx.show_versions()
    assert re.search(rf"^OpenMP +{text}$", capsys.readouterr().out, re.MULTILINE)


def test_a_build_without_openmp_takes_any_number_of_jobs_and_runs_on_one_thread():
    numbers = [_core.thread_count(n_jobs) for n_jobs in (1, 2, 3, -1, None)]
    if _core.build_config()["openmp"]:
        assert numbers[:3] == [1, 2, 3]
    else:
        assert numbers == [1] * 5
    with pytest.raises(ValueError, match="n_jobs=0"):
        _core.thread_count(0)


def test_the_bill_of_materials_names_what_was_compiled_in():
    """PEP 770: each build lists Eigen, pybind11 and GCC's OpenMP runtime with versions and licences."""
    files = importlib.metadata.files("gmmx-native") or []
    (bill,) = [file for file in files if file.match("*.dist-info/sboms/gmmx.cdx.json")]
    materials = json.loads(bill.read_text(encoding="utf-8"))
    config = _core.build_config()
    versions = {component["name"]: component["version"] for component in materials["components"]}
    assert materials["metadata"]["component"]["version"] == gmmx.__version__
    assert (versions["Eigen"], versions["pybind11"]) == (config["eigen"], config["pybind11"])
    if config["openmp"] and config["compiler"].startswith("GCC"):
        assert versions["libgomp"] in config["compiler"]
    assert all(component["licenses"] for component in materials["components"])


CMAKELISTS = RECIPE.parents[1] / "CMakeLists.txt"


def compiled_program(name):
    """Return the first one on PATH that is no script, which would need other programs; None if there is none."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    files = [folder / name for folder in folders if os.access(folder / name, os.X_OK)]
    return next((file for file in files if file.read_bytes()[:2] != b"#!"), None)


@pytest.mark.repo
def test_configuring_without_a_compiler_says_how_to_get_one(tmp_path):
    cmake, ninja = compiled_program("cmake"), compiled_program("ninja")
    if not (cmake and ninja):
        pytest.skip("needs CMake and Ninja, and no scripts that start them")
    environment = {name: value for name, value in os.environ.items() if name not in {"CC", "CXX"}}
    environment["PATH"] = str(tmp_path)
    command = [cmake, "-S", CMAKELISTS.parent, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    message = " ".join(ran.stderr.split())
    assert ran.returncode != 0
    assert "no C++ compiler was found. Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install" in message


@pytest.mark.repo
def test_configuring_without_openmp_says_that_the_build_is_serial(tmp_path):
    if not (shutil.which("cmake") and shutil.which("ninja")):
        pytest.skip("needs CMake and Ninja")
    wanted = ["-DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON", "-DGMMX_LIBRARY=OFF"]
    command = ["cmake", "-S", CMAKELISTS.parent, "-B", tmp_path / "build", "-G", "Ninja", *wanted]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "Eigen 3.4 was not found" in ran.stderr:
        pytest.skip("needs Eigen for C++")
    message = " ".join(ran.stderr.split())
    assert ran.returncode == 0, ran.stderr
    assert "this build is serial" in message
    assert "brew install libomp" in message
