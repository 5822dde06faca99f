"""Tasks, each in a fresh environment: `nox -l` lists them, `nox -s lint types` runs two.

What needs gmmx compiles it for this machine, which takes a minute, or for all machines, which takes minutes.
CONTRIBUTING.md tells how to work in one environment instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"

ROOT = Path(__file__).parent
RELEASED = ROOT / "build" / "release"
PYPROJECT = nox.project.load_toml("pyproject.toml")
# One module, for all machines: where the numbers matter and their speed does not.
BASELINE = {"CMAKE_ARGS": "-DGMMX_INSTRUCTION_SETS=baseline"}
# A module for each instruction set: what is released, and what tests compare.
ALL = {"CMAKE_ARGS": "-DGMMX_INSTRUCTION_SETS=all"}


def install_group(session: nox.Session, name: str) -> None:
    """Install one of the dependency groups of pyproject.toml."""
    session.install(*nox.project.dependency_groups(PYPROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, codespell, the phrase check, clang-format."""
    install_group(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("python", ".ci/check_phrases.py")
    sources = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "cpp").rglob("*.[ch]pp"))]
    session.run("clang-format", "--dry-run", "-Werror", *sources, silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy; that the stubs agree with the compiled modules is among the tests (tests/repo/test_stubs.py)."""
    install_group(session, "types")
    session.run("mypy")


@nox.session(default=False)
def stubs(session: nox.Session) -> None:
    """Stubtest of the compiled modules, and their signatures beside the stubs'."""
    session.install(".[test]", env=BASELINE)
    session.run("pytest", "tests/repo/test_stubs.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Python tests, with all instruction sets built; arguments after -- go to pytest."""
    session.install(".[test]", env=ALL)
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def cpp(session: nox.Session) -> None:
    """C++ unit tests, optimised; compiled as a few units, which takes half the time.

    With -- -DGMMX_BENCHMARKS=ON the benchmarks, too, are built and some of them run once.
    """
    install_group(session, "cpp")
    session.run("cmake", "--preset", "dev", "--fresh", "-DCMAKE_UNITY_BUILD=ON", *session.posargs)
    session.run("cmake", "--build", "--preset", "dev")
    session.run("ctest", "--preset", "dev")


@nox.session(default=False)
def sanitizers(session: nox.Session) -> None:
    """C++ unit tests under the sanitizers, then damaged model files for a minute (-- 600: ten)."""
    install_group(session, "cpp")
    session.run("cmake", "--workflow", "--preset", "asan-ubsan")
    session.run(".ci/fuzz.sh", *session.posargs, external=True)


@nox.session(default=False)
def tidy(session: nox.Session) -> None:
    """Clang-tidy over all C++; needs clang and clang-tidy. Takes half an hour of one processor's time."""
    install_group(session, "cpp")
    session.run("cmake", "--workflow", "--preset", "tidy")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Documentation pages, to build/docs; a warning is an error. Each is looked at in Chromium, where there is one.

    After `.ci/wasm.sh build`, which needs Emscripten, the playground is more than a picture.
    """
    session.install(".[docs]", env=BASELINE)
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "build/docs", *session.posargs)
    if shutil.which("chromium"):
        session.run("python", "docs/check_pages.py", "build/docs")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Native code beside the NumPy reference; bench/README.md tells of the other benchmarks."""
    session.install(".[test,bench]")
    session.run("pytest", "bench/test_reference_vs_native.py", *session.posargs)


@nox.session(default=False)
def review(session: nox.Session) -> None:
    """Run the checks of the Scientific Python guide; pyproject.toml gives a reason for each that is not met."""
    install_group(session, "review")
    session.run("sp-repo-review", ".")
    session.run("zizmor", "--offline", ".github")


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Source distribution and wheel in build/release, each installed into a bare environment and tested there."""
    install_group(session, "wheel")
    source, built = build_artefacts(session, ROOT, emptied(RELEASED))
    check_artefacts(session, source, built)
    test_installed(session, built, compiles=False)
    # All instruction sets of the source distribution are in the wheel.
    test_installed(session, source, compiles=True)


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Do all of a release, from the last commit, that needs no credentials; print what is left to do by hand.

    With -- --reproducible the artefacts are built a second time in another folder, and no byte may differ.
    """
    install_group(session, "wheel")
    if git(session, "status", "--porcelain"):
        session.warn("Changes that are not committed are not released.")
    tree = clone(session, "first")
    source, built = build_artefacts(session, tree, emptied(RELEASED))
    check_artefacts(session, source, built)
    if "--reproducible" in session.posargs:
        again = emptied(temporary(session, "again"))
        check_equal(
            session, (source, built), build_artefacts(session, clone(session, "second/in/a/longer/path"), again)
        )
    test_installed(session, built, compiles=False)
    test_installed(session, source, compiles=True)
    write_checksums(session)
    left = [*test_on_arm(session, tree), *left_by_hand(session, source)]
    session.log("Left to do by hand:\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(left, start=1)))


def emptied(folder: Path) -> Path:
    """Make a folder, or make it empty, and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def temporary(session: nox.Session, name: str) -> Path:
    """Return a path in the session's folder of temporary files."""
    return Path(session.create_tmp()).resolve() / name


def git(session: nox.Session, *arguments: str) -> str:
    """Return what git prints about the clone."""
    return str(session.run("git", "-C", str(ROOT), *arguments, external=True, silent=True, log=False)).strip()


def clone(session: nox.Session, name: str) -> Path:
    """Return a folder that holds the files of the last commit, and nothing else."""
    folder = emptied(temporary(session, name)) / "gmmx"
    git(session, "clone", "--quiet", str(ROOT), str(folder))
    return folder


def build_artefacts(session: nox.Session, tree: Path, folder: Path) -> tuple[Path, Path]:
    """Build the source distribution of a tree, and the wheel from that, into a folder.

    Times in the archives are that of the last commit and permissions the usual ones, so that the same commit gives the
    same bytes.
    """
    os.umask(0o022)  # auditwheel stores the permissions of its temporary files
    scratch = emptied(temporary(session, "build") if tree == ROOT else tree.with_name("build"))
    environment = {"TMPDIR": str(scratch)}
    if (ROOT / ".git").exists():
        environment["SOURCE_DATE_EPOCH"] = git(session, "log", "-1", "--format=%ct")

    def run(*command: object, **more: str) -> None:
        session.run(*map(str, command), env={**environment, **more})

    run("python", "-m", "build", "--sdist", "--outdir", folder, tree)
    (source,) = folder.glob("*.tar.gz")
    unrepaired = scratch / "unrepaired"
    run("pip", "wheel", "--no-cache-dir", "--no-deps", "--wheel-dir", unrepaired, source, **ALL)
    # Without --plat: to the lowest manylinux tag that the symbols allow.
    run("auditwheel", "repair", "--wheel-dir", folder, *unrepaired.glob("*.whl"))
    (built,) = folder.glob("*.whl")
    return source, built


def check_artefacts(session: nox.Session, source: Path, built: Path) -> None:
    """Check metadata, contents and bills of materials."""
    session.run("twine", "check", "--strict", str(source), str(built))
    # gmmx_native.libs, which auditwheel adds, holds no Python.
    session.run("check-wheel-contents", "--ignore", "W009,W010", str(built))
    sources = ["/LICENSE", "/cpp/include/gmmx/version.hpp", "/tests/conftest.py"]
    must_hold(session, source.name, tarfile.open(source).getnames(), sources)
    installed = ["gmmx/py.typed", "gmmx/_core.pyi", "gmmx/_cpu.pyi", "gmmx_native.libs/libgomp-"]
    installed += [f"gmmx/_core_{name}." for name in ("baseline", "x86_64_v3", "x86_64_v4")]
    installed += [f".dist-info/licenses/{name}" for name in ("LICENSE", "THIRD_PARTY_NOTICES")]
    installed += [f".dist-info/licenses/licenses/{path.name}" for path in (ROOT / "licenses").iterdir()]
    must_hold(session, built.name, zipfile.ZipFile(built).namelist(), installed)
    session.run("python", ".ci/check_sboms.py", str(built), "Eigen", "pybind11", "libgomp")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_equal(session: nox.Session, first: Iterable[Path], second: Iterable[Path]) -> None:
    """Fail if artefacts of two builds differ, and name the members of wheels that do."""
    for one, other in zip(first, second, strict=True):
        if one.name == other.name and digest(one) == digest(other):
            session.log(f"{one.name}: the same bytes from two folders")
            continue
        differing = []
        if one.suffix == other.suffix == ".whl":
            with zipfile.ZipFile(one) as some, zipfile.ZipFile(other) as others:
                checksums = [{info.filename: info.CRC for info in archive.infolist()} for archive in (some, others)]
            differing = sorted(dict(checksums[0].items() ^ checksums[1].items()))
        session.error(f"{one} and {other} differ: {', '.join(differing) or 'in order, times or permissions'}")


def test_on_arm(session: nox.Session, tree: Path) -> list[str]:
    """Build a wheel for ARM64 and test it by an emulator, where both are installed; return what is left to do."""
    script, programs = tree / ".ci" / "arm64.sh", ("aarch64-linux-gnu-g++", "qemu-aarch64")
    if not (script.exists() and all(map(shutil.which, programs))):
        return [f"Test a wheel for Linux on ARM64: .ci/arm64.sh wheel, which needs {' and '.join(programs)}."]
    session.run(str(script), "wheel", external=True)
    return []


def write_checksums(session: nox.Session) -> None:
    """Write SHA256SUMS of all artefacts, for `sha256sum --check`."""
    names = sorted(path.name for path in RELEASED.iterdir())
    sums = "".join(f"{digest(RELEASED / name)}  {name}\n" for name in names)
    (RELEASED / "SHA256SUMS").write_text(sums, encoding="utf-8")
    session.log(f"{RELEASED / 'SHA256SUMS'}:\n{sums}")


def left_by_hand(session: nox.Session, source: Path) -> list[str]:
    """Return the steps of a release that need credentials or other machines."""
    version = source.name.removesuffix(".tar.gz").rpartition("-")[2]
    steps = []
    if f"## [{version}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        steps.append(
            f'Move the entries of CHANGELOG.md under "Unreleased" to a section [{version}], commit, and start again.'
        )
    commit = git(session, "rev-parse", "--short", "HEAD")
    return [
        *steps,
        "Once: register the workflow wheels.yml, environment pypi, as a trusted publisher of gmmx-native on PyPI.",
        f"Tag the commit and push it: git tag -s v{version} {commit} && git push origin v{version}.",
        "Wait for the workflow Wheels, which builds, tests and publishes wheels for all Python versions and systems, "
        "or publish these files by hand: twine upload build/release/gmmx_native*.",
        f"Attach build/release/* to the release v{version} of the repository.",
        "Build and publish the conda package: rattler-build build --recipe recipe.",
    ]


def must_hold(session: nox.Session, archive: str, names: Iterable[str], parts: Iterable[str]) -> None:
    """Fail if a part stands in none of the names of an archive."""
    names = list(names)
    if missing := [part for part in parts if not any(part in name for name in names)]:
        session.error(f"{archive} lacks {', '.join(missing)}")


def test_installed(session: nox.Session, distribution: Path, *, compiles: bool) -> None:
    """Install a distribution and what it needs, nothing else, and run the tests of wheels outside the source tree."""
    settings = PYPROJECT["tool"]["cibuildwheel"]
    place = Path(session.create_tmp()).resolve() / distribution.name
    shutil.rmtree(place, ignore_errors=True)
    session.run("python", "-m", "venv", str(place / "environment"))
    programs = place / "environment" / "bin"
    # With no compiler to be found, what would compile fails. joblib asks lscpu for the number of cores.
    if lscpu := shutil.which("lscpu"):
        (programs / "lscpu").symlink_to(lscpu)
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", **(BASELINE if compiles else {"PATH": str(programs)})}

    def python(*arguments: str) -> None:
        session.run(str(programs / "python"), *arguments, env=environment, external=True)

    for name in settings["test-sources"]:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    with session.chdir(place):
        # pip would take for the source distribution a wheel that it made of an earlier one.
        options = ["--no-cache-dir"] if compiles else ["--only-binary", ":all:"]
        started = time.monotonic()
        python("-m", "pip", "install", "-q", *options, str(distribution))
        session.log(f"{distribution.name}: installed in {time.monotonic() - started:.0f} s")
        python("-c", "import gmmx; gmmx.show_versions()")
        python("-c", "import gmmx; print(gmmx.GaussianMixture(2, random_state=0).fit([[0.0], [1.0], [5.0]]).means_)")
        for group in settings["test-groups"]:
            python("-m", "pip", "install", "-q", *nox.project.dependency_groups(PYPROJECT, group))
        python("-m", *settings["test-command"].split())
