"""README and documentation keep their word: their Python runs, their output is what is printed, their links lead on."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gmmx
from gmmx.cli import command_line

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
MCLUST = DOCS / "guides" / "from_mclust.md"
GENERATED = {DOCS / "gallery", DOCS / "api" / "generated"}
PAGES = [README, *(page for page in sorted(DOCS.rglob("*.md")) if GENERATED.isdisjoint(page.parents))]

pytestmark = pytest.mark.repo


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a page in this language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_output_of_the_mclust_guide_fits_80_columns_and_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    choice = gmmx.GaussianMixtureIC(random_state=0)
    choice.fit(np.loadtxt(ROOT / "examples" / "data" / "faithful.csv", delimiter=",", skiprows=1))
    choice.summary(top=3)
    assert blocks(MCLUST, "text") == [capsys.readouterr().out]
    for page in (MCLUST, DOCS / "guides" / "choosing.md"):
        for block in blocks(page, "text") + blocks(page, "console"):
            assert max(map(len, block.splitlines())) <= 80
    counts = re.findall(r"^\| [\w ]+ \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", MCLUST.read_text("utf-8"), re.MULTILINE)
    assert [sum(map(int, row)) for row in counts] == [126] * 4


def test_the_bootstrap_tests_of_mclusts_max_g_end_one_component_later() -> None:
    X = np.loadtxt(ROOT / "examples" / "data" / "faithful.csv", delimiter=",", skiprows=1)[::4]
    tests = gmmx.bootstrap_lrt(X, "EII", max_components=2 + 1, n_resamples=3, level=1, random_state=0)
    assert tests.n_components.tolist() == [1, 2]  # under the null hypothesis: maxG = 2


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def parameters(pages: list[Path]) -> list[Any]:
    """Pages as parameters of a test; that about Spark needs a session."""
    return [pytest.param(page, id=name_of(page), marks=[pytest.mark.spark] * (page.stem == "spark")) for page in pages]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like the clone's, where code may write files."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_stand_alone_in_order() -> None:
    assert blocks(README, "bash") == [
        'pip install -v ".[cli]"\ngmmx fit examples/data/faithful.csv --components 2 --plot faithful.png\n',
        'pip install ".[test]" && pytest\n',
    ]


def promise(source: str, expression: ast.Expr) -> str | None:
    """Return what the comment behind an expression says that it is, if it says so."""
    _, _, comment = source.splitlines()[expression.end_lineno - 1][expression.end_col_offset :].partition("# ")
    try:
        ast.literal_eval(comment.removeprefix("about "))
    except (SyntaxError, ValueError):
        return None
    return comment


@pytest.mark.slow
@pytest.mark.parametrize("page", parameters([page for page in PAGES if blocks(page, "python")]))
def test_python_runs_and_does_what_its_comments_say(page: Path, clone: Path, request: pytest.FixtureRequest) -> None:
    if page.stem == "spark":
        request.getfixturevalue("spark")
    names: dict[str, Any] = {}
    kept = 0
    for source in blocks(page, "python"):
        for statement in ast.parse(source).body:
            if not isinstance(statement, ast.Expr):
                exec(compile(ast.Module([statement], []), name_of(page), "exec"), names)
                continue
            value = eval(compile(ast.Expression(statement.value), name_of(page), "eval"), names)
            promised = promise(source, statement)
            if promised is None:
                continue
            kept += 1
            if promised.startswith("about "):
                about = ast.literal_eval(promised.removeprefix("about "))
                np.testing.assert_allclose(value, about, rtol=0.01, atol=1e-3, err_msg=ast.unparse(statement))
            else:
                assert value == ast.literal_eval(promised), ast.unparse(statement)
    assert kept


def test_python_of_the_readme_is_short() -> None:
    (source,) = blocks(README, "python")
    assert len([line for line in source.splitlines() if line]) <= 10


def test_printed_output_is_the_commands(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tutorial = DOCS / "tutorial.md"
    (promised,) = blocks(tutorial, "text")
    command = blocks(tutorial, "bash")[0].split()
    assert blocks(README, "bash")[0].splitlines()[1].split() == command
    result = CliRunner().invoke(command_line(), command[1:])
    assert result.exit_code == 0, result.output
    same_words(result.stdout, promised)
    assert (clone / "faithful.png").stat().st_size > 10_000


@pytest.mark.slow
def test_commands_of_the_tutorial_run(clone: Path) -> None:
    commands = "".join(blocks(DOCS / "tutorial.md", "bash")).splitlines()
    assert len(commands) == 5
    for name, *arguments in map(str.split, commands):
        assert name == "gmmx"
        result = CliRunner().invoke(command_line(), arguments)
        assert result.exit_code == 0, f"gmmx {arguments}: {result.output}"


def test_console_shows_what_the_command_prints(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (console,) = blocks(DOCS / "guides" / "choosing.md", "console")
    command, promised = console.split("\n", 1)
    prompt, name, *arguments = command.split()
    assert (prompt, name) == ("$", "gmmx")
    result = CliRunner().invoke(command_line(), arguments)
    assert result.exit_code == 0, result.output
    same_words(result.stdout, promised)


def rows_of_tables(text: str) -> list[list[str]]:
    """Rows of the Markdown tables, cell by cell, without heads and rules."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return [row for row in rows if row[0] != "mclust"]


def test_names_in_the_tables_for_mclust_exist() -> None:
    model, selection = gmmx.GaussianMixture, gmmx.GaussianMixtureIC
    fitted = vars(model(covariance_type="VVV").fit([[0.0], [1.0]])) | vars(selection) | selection.__annotations__
    places = [gmmx, model, selection, gmmx.MergeTree]
    cells = " ".join(row[1] for row in rows_of_tables(MCLUST.read_text(encoding="utf-8")))
    found = set(re.findall(r"`\.?([A-Za-z_][\w.]*)", cells))
    assert len(found) > 40
    for code in found:
        *outer, name = code.split(".")
        known = name in {*fitted, *model._parameter_constraints, *inspect.signature(model.fit).parameters}
        homes = [getattr(gmmx, outer[0])] if outer else places
        assert known or any(hasattr(home, name) for home in homes), code


def test_every_function_of_mclust_is_in_the_table() -> None:
    """tests/data/mclust_exports.csv holds what its NAMESPACE exports."""
    with (ROOT / "tests" / "data" / "mclust_exports.csv").open(encoding="utf-8") as file:
        exported = {row["name"] for row in csv.DictReader(file)}
    models = [*gmmx.mixture._model_selection.FAMILY, *gmmx.mixture._model_selection.FAMILY_OF_ONE_FEATURE]
    listed: set[str] = set()
    for row in rows_of_tables(MCLUST.read_text(encoding="utf-8").split("## Every function")[1]):
        for name in re.findall(r"`([^`]+)`", row[0]):
            listed |= {name[:-1] + model for model in models} if name.endswith("*") else {name}
    assert listed == exported


@pytest.mark.parametrize("page", parameters(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", prose)
    drawn_by_the_site = {"gallery/index"}
    assert [
        target for target in targets if not (page.parent / target).exists() and target not in drawn_by_the_site
    ] == []


def test_readme_is_short_and_leads_to_every_guide() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.encode()) < 5000  # nobody reads to the end of 9 kB
    assert "(docs/guides/index.md)" in text
    index = (DOCS / "guides" / "index.md").read_text(encoding="utf-8")
    guides = {path.name for path in (DOCS / "guides").glob("*.md")} - {"index.md"}
    assert {name for name in guides if f"({name})" not in index} == set()


def test_api_reference_lists_all_that_is_public() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "api").glob("*.md")}
    modules = set(pages) - {"index"}
    for name in set(gmmx.__all__) - modules:
        assert f"gmmx.{name}" in pages["index"], name
    for module in modules:
        source = ROOT / "python" / "gmmx" / module / "__init__.py"
        if not source.exists():
            source = source.parent.with_suffix(".py")
        for name in public_names(source):
            assert re.search(rf"^   {name}$|`gmmx.{name}`", pages[module], re.MULTILINE), f"gmmx.{module}.{name}"


def public_names(source: Path) -> list[str]:
    """Read ``__all__`` without importing, as that may need packages."""
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return list(ast.literal_eval(statement.value))
    raise AssertionError(f"{source} has no __all__")


def test_figures_of_speed_are_those_of_the_benchmarks() -> None:
    """README, front page, bench/README.md and bench/last_run.json, of which the site draws, say the same."""
    bench = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| rows x features, K, type \| gmmx \| gmmx float32.*?\n\n", bench, re.MULTILINE | re.DOTALL)
    assert table is not None
    (row,) = [row for row in rows_of_tables(table[0]) if row[0] == "100,000 x 16, 32, full"]
    for page in (README, DOCS / "index.md"):
        words = " ".join(page.read_text(encoding="utf-8").split())
        said = re.search(r"32 full covariances takes ([\d.]+) ms, compared with (\d+) ms in scikit-learn", words)
        assert said is not None, page
        assert [said[1], said[2]] == [row[1], row[3].split()[0]], page
    last_run = json.loads((ROOT / "bench" / "last_run.json").read_text(encoding="utf-8"))
    rows = rows_of_tables(bench)
    assert len(last_run["tables"]) == 4
    for table in last_run["tables"].values():
        for record in table["rows"]:
            figures = {float(value) for value in record["figures"] if value is not None}
            same = [row for row in rows if record["label"] in [", ".join(row[:2]), row[0]]]
            shown = [{float(number) for number in re.findall(r"\d+\.?\d*", " ".join(row[1:]))} for row in same]
            assert any(figures <= numbers for numbers in shown), record


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
