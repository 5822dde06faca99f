"""The README keeps its word: its Python runs, its output is what is printed, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gmmx
from gmmx.cli import command_line

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Code blocks of the README in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_commands_stand_alone_in_order() -> None:
    assert blocks("bash") == [
        'pip install ".[cli]" && gmmx fit examples/data/faithful.csv --components 2 --plot faithful.png\n',
        'pip install ".[test]" && pytest\n',
    ]


def test_python_runs_and_does_what_its_comments_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    source = "\n".join(blocks("python"))
    exec(compile(source, "README.md", "exec"), names)

    promises = re.findall(r"^(.+?)  # about (.+)$", source, flags=re.MULTILINE)
    assert len(promises) == 10
    for expression, value in promises:
        np.testing.assert_allclose(eval(expression, names), eval(value), rtol=0.01, atol=1e-3)
    exact = re.findall(r"^(.+?)  # ('\w+'|\d+)$", source, flags=re.MULTILINE)
    assert [eval(expression, names) for expression, _ in exact] == [eval(value) for _, value in exact]
    assert len(exact) == 2
    model, mixture = names["model"], names["mixture"]
    whole = gmmx.m_step(gmmx.e_step(names["X"], model), "full")
    np.testing.assert_allclose(mixture.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(mixture.means, model.means_, rtol=1e-3)
    with pytest.raises(gmmx.FitFailedError):
        names["few"].set_params(prior=None).fit(names["X"][:5])


def test_printed_output_is_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (promised,) = blocks("text")
    command = blocks("bash")[0].split("&&")[1].split()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command_line(), command[1:])
    assert result.exit_code == 0, result.output
    same_words(result.stdout, promised)
    assert (tmp_path / "faithful.png").stat().st_size > 10_000


def test_console_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)
    (console,) = blocks("console")
    command, promised = console.split("\n", 1)
    prompt, name, *arguments = command.split()
    assert (prompt, name) == ("$", "gmmx")
    result = CliRunner().invoke(command_line(), arguments)
    assert result.exit_code == 0, result.output
    same_words(result.stdout, promised)


def test_names_in_the_table_for_mclust_exist() -> None:
    model, selection = gmmx.GaussianMixture, gmmx.GaussianMixtureIC
    fitted = vars(model(covariance_type="VVV").fit([[0.0], [1.0]])) | vars(selection)
    rows = re.findall(r"^\| .*? \| (.*?) \|$", README.split("| mclust | gmmx |")[1], flags=re.MULTILINE)
    assert len(rows) == 14
    for code in re.findall(r"`\.?([A-Za-z_][\w.]*)", " ".join(rows)):
        module, _, name = code.rpartition(".")
        places = [gmmx.plot] if module == "plot" else [gmmx, model, gmmx.ClusterTree]
        known = name in {*fitted, *model._parameter_constraints, "results_"}
        assert known or any(hasattr(place, name) for place in places), code


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def same_words(printed: str, promised: str) -> None:
    """Compare word by word, numbers to three digits."""
    one, two = printed.split(), promised.split()
    assert len(one) == len(two), printed
    for mine, theirs in zip(one, two, strict=True):
        try:
            number = float(theirs.strip("()"))
        except ValueError:
            assert mine == theirs
        else:
            assert float(mine.strip("()")) == pytest.approx(number, rel=1e-3)
