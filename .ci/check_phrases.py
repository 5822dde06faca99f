"""Refuse phrases that read as translated, in documentation, docstrings, comments, help texts and messages.

    python .ci/check_phrases.py              # the whole tree
    python .ci/check_phrases.py docs README.md

Each finding is one line: file:line, the phrase, and what to write instead. Exit code 1 if there is any. CONTRIBUTING.md
explains the words of this project under "Words".
"""

from __future__ import annotations

import bisect
import io
import itertools
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKED = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench", "cpp", "docs", "examples", "python")
SUFFIXES = {".md", ".rst", ".py", ".pyi", ".cpp", ".hpp"}

COMPARATIVES = "longer|more|less|fewer|greater|larger|smaller|better|worse|slower|faster|later|earlier|wider|narrower"


@dataclass(frozen=True)
class Phrase:
    """A phrase to avoid, as a pattern over words joined by single spaces."""

    pattern: str
    instead: str
    example: str  # a sentence that contains it


PHRASES = (
    Phrase(rf"(?<!there )is no(?! ({COMPARATIVES})\b)", "is not a", "A list is no array."),
    Phrase(rf"(?<!there )are no(?! ({COMPARATIVES})\b)", "are not", "Lists are no arrays."),
    Phrase(r"but for", "except for, or up to", "They are equal but for rounding."),
    Phrase(r"be it", "whether or not, or whether ... or ...", "A file, be it large or small, is read."),
    Phrase(r"ha(s|ve) no say", "is ignored", "Then tol has no say."),
    Phrase(r"(?<!not )(?<!too )so many", "this many", "Larger inputs are cut to so many rows."),
    Phrase(
        r"an? (\d+th|half|third|quarter|fifth|tenth) of the time", "n times faster", "It runs in an 8th of the time."
    ),
    Phrase(r"of one's own", "name whose: of each component, of your own", "It is found by a search of one's own."),
    Phrase(r"as one likes", "without limit, or arbitrarily", "It grows as large as one likes."),
    Phrase(r"what one hopes", "say what was expected", "The result is not what one hopes for."),
    Phrase(r"its sisters", "the other commands, or functions", "This is gmmx fit and its sisters."),
    Phrase(r"(and|or) (its|their) like", "and similar methods", "This holds for predict and its like."),
    Phrase(r"anew", "again", "The file is read anew."),
    Phrase(r"without a word", "silently", "Rows are dropped without a word."),
    Phrase(r"tell whether", "Return whether", "Tell whether rows are finite."),
    Phrase("facts", "name what they are: counts, a summary, properties", "The facts of each part are merged."),
    Phrase(r"flaws?", "name it: reason, fault, defect", "The flaw is named."),
)


BREAK = "\0"  # stands for code: no phrase continues across it


def to_breaks(found: re.Match[str]) -> str:
    """Blank out code."""
    return re.sub(r"\S", BREAK, found[0])


def to_spaces(found: re.Match[str]) -> str:
    """Blank out signs that no phrase ends at, such as the # of a comment."""
    return re.sub(r"\S", " ", found[0])


def prose_of_markdown(text: str) -> str:
    """Break at code."""
    return re.sub(r"^```.*?^```|^    [^\n]*$|`[^`\n]*`", to_breaks, text, flags=re.MULTILINE | re.DOTALL)


def prose_of_python(text: str) -> str:
    """Break at all but comments and strings; the parts of a string that is written in parts read as one."""
    lines = [list(re.sub(r"\S", BREAK, line)) for line in text.splitlines(keepends=True)]
    f_string_parts = {getattr(tokenize, f"FSTRING_{name}", None) for name in ("START", "MIDDLE", "END")}  # Python 3.12
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in {tokenize.COMMENT, tokenize.STRING, *f_string_parts}:
            continue
        words = re.sub(r"^(#+:?|\w{0,2}(\"\"\"|'''|[\"']))|(\"\"\"|'''|[\"'])$", to_spaces, token.string)
        row, column = token.start
        for number, part in enumerate(words.split("\n"), row - 1):
            lines[number][column : column + len(part)] = part
            column = 0
    return "".join("".join(line) for line in lines)


def prose_of_cpp(text: str) -> str:
    """Break at all but comments and strings."""
    kept = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    text = re.sub(rf"({kept})|\S", lambda found: found[1] or BREAK, text, flags=re.DOTALL)
    return re.sub(r'//+|/\*|\*/|"', to_spaces, text)


def findings(path: Path) -> Iterator[tuple[int, str, Phrase]]:
    """Yield the line, the words and the phrase of each place to mend."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".py", ".pyi"}:
        text = prose_of_python(text)
    elif path.suffix in {".cpp", ".hpp"}:
        text = prose_of_cpp(text)
    else:
        text = prose_of_markdown(text)
    words = [(line, word) for line, row in enumerate(text.splitlines(), 1) for word in row.split()]
    joined = " ".join(word for _, word in words)
    starts = list(itertools.accumulate((len(word) + 1 for _, word in words), initial=0))
    for phrase in PHRASES:
        for found in re.finditer(rf"\b(?:{phrase.pattern})\b", joined, re.IGNORECASE):
            yield words[bisect.bisect_right(starts, found.start()) - 1][0], found[0], phrase


def files(places: Iterable[str]) -> Iterator[Path]:
    """Yield the files at places, with those in folders."""
    for place in places:
        path = ROOT / place
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.suffix in SUFFIXES and "generated" not in file.parts)


def main(places: list[str]) -> int:
    """Print all findings, and return the exit code."""
    count = 0
    for path in files(places or CHECKED):
        for line, words, phrase in sorted(findings(path), key=lambda finding: finding[0]):
            print(f'{path.relative_to(ROOT)}:{line}: "{words.strip()}": write instead: {phrase.instead}')
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
