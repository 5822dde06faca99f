"""Names from outside cannot give orders to a terminal."""

from __future__ import annotations

import json
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

import gmmx
from gmmx._text import printable, printable_json

Run = Callable[..., Result]
Write = Callable[..., Path]

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


@pytest.mark.parametrize(("name", "shown"), [("a\tb", r"a\tb"), ("a\nb", r"a\nb")])
def test_tables_keep_their_shape_whatever_names_hold(name: str, shown: str, run: Run, write: Write) -> None:
    write(f'"{name}",c\n1,2\n3,5\n4,4\n')
    lines = run("fit", "data.csv", "-k", "1").stdout.splitlines()
    heading = next(line for line in lines if "component  weight" in line)
    assert heading.endswith(f"mean {shown}  mean c")
    assert len(heading) == len(lines[lines.index(heading) + 1])  # the rule


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


def hostile_frame(rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=HOSTILE)


def hostile_calls(folder: Path, rows: np.ndarray) -> dict[str, Callable[[], object]]:
    """Calls that end in an error which names something hostile."""
    frame = hostile_frame(rows)
    model = gmmx.GaussianMixture(2, random_state=0).fit(frame)
    csv = folder / f"rows{TITLE}.csv"
    frame.to_csv(csv, index=False)
    (folder / f"text{TITLE}.csv").write_text(f"a{CLEAR},b\n1,x\n")
    (folder / f"junk{TITLE}.safetensors").write_bytes(b"junk")
    (folder / f"junk{TITLE}.npy").write_bytes(b"junk")
    return {
        "frame with NaN": lambda: gmmx.GaussianMixture(2).fit(frame.mask(frame > 6)),
        "frame with text": lambda: gmmx.GaussianMixture(2).fit(frame.assign(**{HOSTILE[0]: f"x{CLEAR}"})),
        "Arrow table with text": lambda: gmmx.GaussianMixture(2).fit(pa.table({f"a{CLEAR}": ["x", "y", "z"]})),
        "other names": lambda: model.predict(frame.rename(columns={HOSTILE[0]: f"z{CLEAR}"})),
        "no such file": lambda: gmmx.load(folder / f"missing{TITLE}.safetensors"),
        "no model": lambda: gmmx.load(folder / f"junk{TITLE}.safetensors"),
        "save into nowhere": lambda: model.save(folder / f"no{TITLE}" / "m.safetensors"),
        "csv of text": lambda: gmmx.data.from_csv(folder / f"text{TITLE}.csv"),
        "csv without the column": lambda: gmmx.data.from_csv(csv, columns=[f"z{CLEAR}"]),
        "no such csv": lambda: gmmx.data.from_csv(folder / f"missing{TITLE}.csv"),
        "no .npy": lambda: gmmx.data.from_npy(folder / f"junk{TITLE}.npy"),
        "unknown option": lambda: gmmx.GaussianMixture(2, covariance_type=f"full{CLEAR}").fit(rows),
        "unknown init": lambda: gmmx.GaussianMixture(2, init_params=f"kmeans{CLEAR}").fit(rows),
    }


def test_messages_of_the_package_show_hostile_names_escaped(tmp_path: Path, rows: np.ndarray) -> None:
    shown = {}
    for what, call in hostile_calls(tmp_path, rows).items():
        with warnings.catch_warnings(record=True) as caught, pytest.raises((ValueError, OSError)) as refused:
            warnings.simplefilter("always")
            call()
        shown[what] = [str(refused.value), *(str(warning.message) for warning in caught)]
    bad = {what: texts for what, texts in shown.items() if any(map(unsafe, texts))}
    assert not bad, bad


def test_summaries_and_warnings_show_hostile_names_escaped(rows: np.ndarray) -> None:
    frame = hostile_frame(rows).assign(**{f"constant{CLEAR}": 1.0})
    with pytest.warns(gmmx.ColumnWarning) as caught:
        model = gmmx.GaussianMixture(2, random_state=0).fit(frame)
    texts = [str(model.summary()), *(str(warning.message) for warning in caught)]
    assert "\\x1b[2J" in texts[1]
    assert not any(map(unsafe, texts))
