"""The phrase check finds what it promises to, and nothing in this tree."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "check_phrases.py"

pytestmark = [
    pytest.mark.repo,
    pytest.mark.skipif(not SCRIPT.is_file(), reason="the phrase check is not part of this copy"),
]


@pytest.fixture(scope="module")
def check() -> Any:
    spec = importlib.util.spec_from_file_location("check_phrases", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_phrases"] = module
    spec.loader.exec_module(module)
    return module


def found(check: Any, folder: Path, name: str, text: str) -> list[tuple[int, str]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return [(line, words) for line, words, _ in check.findings(path)]


def test_each_phrase_is_found_in_each_kind_of_file(check: Any, tmp_path: Path) -> None:
    for phrase in check.PHRASES:
        sentence = phrase.example
        files = {
            "page.md": f"First.\n\n{sentence}\n",
            "docstring.py": f'x = 1\n\ndef f():\n    """{sentence}"""\n',
            "comment.py": f"x = 1\ny = 2\n# {sentence}\n",
            "message.py": f'a = 1\nb = 2\nraise ValueError(f"{{a}}: {sentence}")\n',
            "code.cpp": f"int a;\nint b;\n// {sentence}\n",
            "code.hpp": f'int a;\nint b;\nauto c = "{sentence}";\n',
        }
        for name, text in files.items():
            hits = found(check, tmp_path, name, text)
            assert hits, (name, sentence)
            assert {line for line, _ in hits} == {4 if name == "docstring.py" else 3}, (name, sentence)


def test_a_phrase_is_found_across_lines_and_parts_of_a_string(check: Any, tmp_path: Path) -> None:
    assert found(check, tmp_path, "a.md", "A list is\nno array.\n") == [(1, "is no")]
    assert found(check, tmp_path, "a.py", 'x = (\n    "A list is "\n    f"no {1}."\n)\n') == [(2, "is no")]
    assert found(check, tmp_path, "b.py", "# A list is\n# no array.\n") == [(1, "is no")]
    assert found(check, tmp_path, "a.cpp", "int a; // A list is\n       // no array.\n") == [(1, "is no")]
    assert found(check, tmp_path, "b.cpp", 'f("A list is "\n  "no array.");\n') == [(1, "is no")]


def test_code_and_idioms_pass(check: Any, tmp_path: Path) -> None:
    idioms = "There is no such file. This is no longer so. It is no faster. Not so many rows."
    for name in ("a.md", "a.py", "a.cpp"):
        sign = {"a.md": "", "a.py": "# ", "a.cpp": "// "}[name]
        assert found(check, tmp_path, name, f"{sign}{idioms}\n") == []
    assert found(check, tmp_path, "a.md", "Call `facts`.\n\n```text\nfacts\n```\n\n    facts\n") == []
    assert found(check, tmp_path, "a.py", "facts = 1  # counts\n") == []
    assert found(check, tmp_path, "a.cpp", "int facts = 1;  // counts\n") == []


def test_a_finding_names_file_line_phrase_and_remedy(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("One.\nA list is no array.\n", encoding="utf-8")
    assert check.main(["page.md"]) == 1
    assert capsys.readouterr().out == 'page.md:2: "is no": write instead: is not a\n'


def test_the_tree_is_clean(check: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 0, capsys.readouterr().out
