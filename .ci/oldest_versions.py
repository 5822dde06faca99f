"""Print the oldest supported version of each requirement of gmmx as constraints for pip: name==X.Y.*.

Usage: python .ci/oldest_versions.py [EXTRA ...]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def constraints(requirements: list[str]) -> Iterator[str]:
    """Yield a constraint for each requirement that states its oldest version; extras of gmmx itself are followed."""
    for requirement in requirements:
        own = re.fullmatch(r"gmmx-native\[(.*)\]", requirement)
        if own:
            for extra in own[1].split(","):
                yield from constraints(PROJECT["optional-dependencies"][extra])
            continue
        name, oldest = re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", requirement).groups()
        yield f"{name}=={oldest}.*"


if __name__ == "__main__":
    extras = [f"gmmx-native[{extra}]" for extra in sys.argv[1:]]
    print("\n".join(sorted({*constraints(PROJECT["dependencies"]), *constraints(extras)})))
