"""The command line as a program: help whose examples run, exit codes, errors of one line, pipes and interruptions."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import Result

import gmmx
from gmmx import cli
from gmmx.cli import bench as bench_module
from gmmx.cli import command_line, console
from gmmx.cli.program import is_closed_pipe

FAITHFUL = Path(__file__).parents[1] / "data" / "faithful.csv"
X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)

Run = Callable[..., Result]

COMMANDS = ("fit", "select", "predict", "score", "sample", "plot", "info", "bench")


def examples(name: str) -> list[str]:
    program = command_line()
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.epilog is not None
    return re.findall(r"^  (\S.*)$", command.epilog, re.MULTILINE)


@pytest.fixture
def files(run: Run, tmp_path: Path) -> None:
    """The files that examples name."""
    frame = pd.DataFrame(X, columns=["eruptions", "waiting"])
    frame.to_csv(tmp_path / "faithful.csv", index=False)
    frame.to_parquet(tmp_path / "readings.parquet")
    frame.to_csv(tmp_path / "readings.csv", index=False)
    frame.set_axis(["height", "width"], axis=1).to_csv(tmp_path / "cells.tsv", sep="\t", index=False)
    frame.assign(weight=1.5).to_csv(tmp_path / "survey.csv", index=False)
    assert run("fit", "faithful.csv", "-k", "2", "--model", "mixture.safetensors").exit_code == 0


def run_in_shell(run: Run, line: str, *, refused: bool = False) -> bytes:
    """Do what a shell would with pipes and redirections between gmmx and other programs; return the output."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    stages: list[list[str]] = [[]]
    stdin, target = b"", None
    words: Iterator[str] = iter(lexer)
    for word in words:
        if word == "|":
            stages.append([])
        elif word == "<":
            stdin = Path(next(words)).read_bytes()
        elif word == ">":
            target = Path(next(words))
        else:
            stages[-1].append(word)
    for program, *arguments in stages:
        if program == "gmmx":
            result = run(*arguments, stdin=stdin)
            assert (result.exit_code != 0, result.stderr != "") == (refused, refused), result.output
            stdin = result.stderr_bytes if refused else result.stdout_bytes
        else:
            stdin = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=True).stdout
    if target is not None:
        target.write_bytes(stdin)
        return b""
    return stdin


class TestHelp:
    def test_all_commands_are_listed_in_the_order_of_use(self, run: Run) -> None:
        listed = re.findall(r"^  (\w+)  ", run("--help").stdout.split("Commands:")[1], re.MULTILINE)
        assert tuple(listed[: len(COMMANDS)]) == COMMANDS

    def test_exit_codes_are_told(self, run: Run) -> None:
        text = run("--help").stdout
        for code, meaning in console.EXIT_CODES.items():
            assert re.search(rf"^ +{code} +{meaning}$", text, re.MULTILINE)

    @pytest.mark.parametrize("name", COMMANDS)
    def test_each_command_has_examples(self, run: Run, name: str) -> None:
        assert len(examples(name)) >= 2
        text = run(name, "--help").stdout
        assert all(example in text for example in examples(name))

    @pytest.mark.slow
    @pytest.mark.parametrize("line", [line for name in COMMANDS for line in examples(name)])
    def test_examples_run(
        self, run: Run, files: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
    ) -> None:
        monkeypatch.setattr(bench_module, "PROBLEMS", (bench_module.Problem(200, 2, 2, "full"),))
        monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)  # a busy machine is noted
        if "selection.json" in line and "gmmx plot" in line:
            run_in_shell(run, "gmmx select faithful.csv -k 1-2 --json > selection.json")
        before = {path.name for path in tmp_path.iterdir()}
        output = run_in_shell(run, line)
        created = {path.name for path in tmp_path.iterdir()} - before
        named = set(re.findall(r"[\w-]+\.(?:png|pdf|svg|json|csv|npz|parquet|safetensors)", line))
        assert created == named - before
        for text in [path.read_bytes() for path in tmp_path.glob("*.json")] or [output] * ("--json" in line):
            json.loads(text)

    def test_sorting_finds_the_least_likely_rows(self, run: Run, files: None) -> None:
        (line,) = [line for line in examples("predict") if "sort" in line]
        first = run_in_shell(run, line).decode().splitlines()
        densities = gmmx.load("mixture.safetensors").score_samples(pd.read_csv("faithful.csv"))
        assert float(first[1].split(",")[1]) == densities.min()

    def test_version(self, run: Run) -> None:
        assert run("--version").stdout == f"gmmx {gmmx.__version__}\n"


@pytest.mark.repo
class TestGuide:
    """docs/cli.md shows what the commands print."""

    @pytest.fixture
    def guide(self) -> str:
        return (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")

    @pytest.mark.slow
    def test_the_sessions_are_real(self, guide: str, run: Run, files: None) -> None:
        consoles = re.findall(r"^```console\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
        steps = [step.partition("\n") for console in consoles for step in console.split("$ ")[1:]]
        assert len(steps) >= 14
        for command, _, promised in steps:
            refused = promised.startswith("Error: ")
            printed = run_in_shell(run, command, refused=refused).decode()
            assert len(printed.splitlines()) == len(promised.splitlines()), printed
            for one, other in zip(printed.split(), promised.split(), strict=True):
                same_cells(one.strip(","), other.strip(","))

    def test_it_tells_all_commands_and_exit_codes(self, guide: str) -> None:
        assert all(f"| `gmmx {name}" in guide for name in COMMANDS)
        for code, meaning in console.EXIT_CODES.items():
            assert f"| {code} | {meaning}" in guide


def same_cells(printed: str, promised: str) -> None:
    """Compare words, or rows of numbers between commas."""
    try:
        one, other = ([float(cell) for cell in text.split(",")] for text in (printed, promised))
    except ValueError:
        assert printed == promised
    else:
        assert one == pytest.approx(other, rel=1e-6)


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (("fti",), "Error: No such command 'fti'. Did you mean 'fit'? (see gmmx --help)"),
            (("train",), "Error: No such command 'train' (see gmmx --help)"),
            (("fit", "-k", "2"), "Error: Missing argument 'DATA' (see gmmx fit --help)"),
            (("fit", "x.csv"), "Error: Missing option '-k' / '--components' (see gmmx fit --help)"),
            (("fit", "x.csv", "-k", "0"), "Error: Invalid value for '-k' / '--components': 0 is not in the range x>=1"),
            (("fit", "x.csv", "-k", "2", "--covariance-type", "round"), "Error: Invalid value for '--covariance-type'"),
            (("fit", "x.csv", "-k", "2", "--plott", "x.png"), "Error: No such option"),
            (("fit", "x.csv", "--columns"), "Error: Option '--columns' requires an argument (see gmmx fit --help)"),
            (("sample", "m.safetensors", "many"), "Error: Invalid value for 'N'"),
            (("sample", "m.safetensors", "-35"), "Error: Invalid value for 'N': -35 is not in the range 1<=x<="),
            (("fit", "x.csv", "-k", "2", "--batch-size", "0"), "Error: Invalid value for '--batch-size'"),
            (("predict", "m.safetensors", "x.csv", "--jobs", "0"), "Error: --jobs must not be 0"),
            (("bench", "--jobs", "0"), "Error: --jobs must not be 0"),
        ],
    )
    def test_usage_is_refused_in_one_line(self, run: Run, arguments: tuple[str, ...], line: str) -> None:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        (told,) = result.stderr.splitlines()
        assert told.startswith(line)

    def test_no_command_shows_the_help(self, run: Run) -> None:
        assert "Commands:" in run().output

    @pytest.mark.parametrize("package", ["click", "rich"])
    def test_missing_packages_are_named_with_the_command(
        self, package: str, forbid: Callable[[str], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        forbid(package)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 2
        assert capsys.readouterr().err == (
            f'gmmx: the command line needs {package}; install it with: pip install "gmmx-native[cli]"\n'
        )

    def test_an_interruption_before_it_runs(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(cli, "command_line", interrupted)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 130
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("thrown", "exit_code", "words"),
        [
            (KeyboardInterrupt(), 130, ""),
            (MemoryError(), 1, "Error: the fit failed: MemoryError"),
        ],
    )
    def test_ways_to_end(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, thrown: BaseException, exit_code: int, words: str
    ) -> None:
        def fit(*_: Any, **__: Any) -> None:
            raise thrown

        monkeypatch.setattr(gmmx.GaussianMixture, "fit", fit)
        result = run("fit", FAITHFUL, "-k", "2", "--model", "m.safetensors")
        assert (result.exit_code, result.stdout, result.stderr.strip()) == (exit_code, "", words)
        assert not Path("m.safetensors").exists()

    def test_windows_calls_a_closed_pipe_an_invalid_argument(self, monkeypatch: pytest.MonkeyPatch) -> None:
        invalid = OSError(errno.EINVAL, "Invalid argument")
        with monkeypatch.context() as patch:
            patch.setattr(os, "name", "posix")
            on_posix = is_closed_pipe(invalid)
            patch.setattr(os, "name", "nt")
            on_windows = is_closed_pipe(invalid), is_closed_pipe(OSError(errno.ENOSPC, "full"))
        assert not on_posix
        assert on_windows == (True, False)
        assert is_closed_pipe(BrokenPipeError(errno.EPIPE, "Broken pipe"))

    def test_a_caller_in_python_gets_the_exception(self) -> None:
        with pytest.raises(click.UsageError):
            command_line().main(["fit"], standalone_mode=False)


@pytest.mark.slow
class TestProcesses:
    """What only a process of its own shows."""

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gmmx.cli", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def test_it_runs_as_a_module(self, tmp_path: Path) -> None:
        arguments = ("fit", str(FAITHFUL), "-k", "2", "--json", "--labels", "labels.csv")
        with self.start(*arguments, cwd=tmp_path) as process:
            stdout, stderr = process.communicate(timeout=120)
        assert (process.returncode, stderr) == (0, b"")
        assert json.loads(stdout)["written"] == {"labels": "labels.csv"}
        assert len((tmp_path / "labels.csv").read_text().splitlines()) == 273

    def test_a_reader_that_has_enough_ends_it_quietly(self, files: None, tmp_path: Path) -> None:
        (tmp_path / "long.csv").write_text("eruptions,waiting\n" + "2,50\n" * 200_000)
        with self.start("predict", "mixture.safetensors", "long.csv", cwd=tmp_path) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"component\n"
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141

    @pytest.mark.parametrize(
        ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)]
    )
    def test_a_signal_ends_it_quietly_and_leaves_nothing(
        self, files: None, tmp_path: Path, sent: signal.Signals, status: int
    ) -> None:
        arguments = ("predict", "mixture.safetensors", "-", "-o", "out.csv")
        with self.start(*arguments, stdin=subprocess.PIPE, cwd=tmp_path) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            process.stdin.write(b"eruptions,waiting\n" + b"2,50\n" * 30_000)
            process.stdin.flush()
            while not list(tmp_path.glob(".out.csv.*")):  # until it has begun to write
                assert process.poll() is None
            process.send_signal(sent)
            process.stdin.close()
            assert process.stderr.read().strip() == b""
        assert process.returncode == status
        assert not list(tmp_path.glob("*out.csv*"))

    def test_sigterm_ends_a_fit_and_keeps_the_file_that_was_to_be_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "m.safetensors").write_bytes(b"earlier")
        script = (
            "import os, signal, threading; from gmmx.cli import main\n"
            "threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()\nmain()\n"
        )
        options = ("-k", "9", "--n-init", "1000", "--tol", "0", "--max-iter", "100000", "--force")
        command = [sys.executable, "-c", script, "fit", str(FAITHFUL), *options, "--model", "m.safetensors"]
        ran = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60, check=False)
        assert (ran.returncode, ran.stderr.strip()) == (-signal.SIGTERM, b"")
        assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
        assert (tmp_path / "m.safetensors").read_bytes() == b"earlier"
