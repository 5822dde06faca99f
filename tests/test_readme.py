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
    assert len(promises) == 3
    for expression, value in promises:
        np.testing.assert_allclose(eval(expression, names), eval(value), rtol=0.01, atol=1e-3)
    model, mixture = names["model"], names["mixture"]
    whole = gmmx.m_step(gmmx.e_step(names["X"], model), "full")
    np.testing.assert_allclose(mixture.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(mixture.means, model.means_, rtol=1e-3)


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
