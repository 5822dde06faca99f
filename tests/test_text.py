"""Names from outside cannot give orders to a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from gmmx._text import printable, printable_json

Run = Callable[..., Result]

CLEAR = "\x1b[2J"  # clears the screen
TITLE = "\x1b]0;owned\x07"  # sets the title of the window
REVERSED = "\u202e"  # shows what follows from right to left
CSI = "\x9b2J"  # clears the screen, where controls of eight bits are obeyed
HOSTILE = [f"a{CLEAR}", f"b{TITLE}", f"c{REVERSED}", f"d{CSI}", "e\rf"]


def unsafe(text: str) -> list[str]:
    """Return what a terminal would obey."""
    orders = {"\u2028", "\u2029", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
    return [c for c in text if c in orders or (unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t")]


def is_safe(result: Result) -> bool:
    """Whether a command wrote something, and nothing that a terminal would obey."""
    return bool(result.output) and not unsafe(result.stdout) and not unsafe(result.stderr)


def test_every_control_is_escaped_and_nothing_else() -> None:
    everything = "".join(map(chr, range(0x30000)))
    shown = printable(everything)
    assert not unsafe(shown)
    kept = [c for c in everything if not unsafe(c)]
    assert "".join(kept) == "".join(c for c in everything if printable(c) == c)
    assert printable("Größe [µm], 質量 ✓ \u200d") == "Größe [µm], 質量 ✓ \u200d"


def test_escaped_json_means_the_same() -> None:
    text = json.dumps(HOSTILE, ensure_ascii=False)
    assert not unsafe(printable_json(text))
    assert json.loads(printable_json(text)) == HOSTILE


@pytest.fixture
def rows() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.vstack([rng.normal(size=(30, 5)), rng.normal(size=(30, 5)) + 6]).round(3)


@pytest.fixture
def data(tmp_path: Path, rows: np.ndarray) -> Path:
    """A Parquet file whose name and columns are hostile."""
    path = tmp_path / f"rows{TITLE}.parquet"
    table = {name: rows[:, i] for i, name in enumerate(HOSTILE)}
    pq.write_table(pa.table({**table, f"text{CLEAR}": ["x"] * len(rows)}), path)
    return path


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--covariance-type", "diag"]])
def test_fit_and_info_show_hostile_names_escaped(run: Run, data: Path, arguments: list[str]) -> None:
    result = run("fit", data, "--components", "2", "--model", f"m{CLEAR}.safetensors", *arguments)
    assert result.exit_code == 0
    assert is_safe(result)
    assert "\\x1b[2J" in result.output or "\\u001b[2J" in result.output
    assert is_safe(run("info", f"m{CLEAR}.safetensors"))
    assert is_safe(run("info", f"m{CLEAR}.safetensors", "--json"))


def test_other_commands_show_hostile_names_escaped(run: Run, data: Path) -> None:
    run("fit", data, "--components", "2", "--model", "m.safetensors")
    assert is_safe(run("select", data, "--max-components", "2"))
    assert is_safe(run("predict", "m.safetensors", data, "--json"))
    assert is_safe(run("score", "m.safetensors", data))


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", f"missing{CLEAR}.csv", "--components", "2"),
        ("fit", "DATA", "--components", "2", "--columns", f"nothing{CLEAR}"),
        ("fit", "DATA", "--components", "2", "--columns", f"text{CLEAR}"),
        ("fit", "DATA", "--components", f"2{CLEAR}"),
        ("fit", "DATA", "--components", "2", "--model", f"m{CLEAR}.txt"),
        ("fit", "DATA", "--components", "2", "--model", f"no{CLEAR}/m.safetensors"),
        ("fit", "DATA", "--components", "2", f"--no{CLEAR}"),
        ("info", f"missing{CLEAR}.safetensors"),
        (f"fi{CLEAR}",),
    ],
)
def test_refusals_show_hostile_names_escaped(run: Run, data: Path, arguments: tuple[str, ...]) -> None:
    result = run(*(data if argument == "DATA" else argument for argument in arguments))
    assert result.exit_code == 2
    assert is_safe(result)
