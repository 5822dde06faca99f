"""Check the software bills of materials in a wheel: valid CycloneDX, and what they name.

Usage: python .ci/check_sboms.py WHEEL NAME...
"""

from __future__ import annotations

import json
import sys
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def check(wheel: str, wanted: list[str]) -> str | None:
    """Return what is wrong with the bills of a wheel, or None."""
    with zipfile.ZipFile(wheel) as archive:
        bills = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".cdx.json")}
    named = set()
    for name, bill in bills.items():
        version = SchemaVersion.from_version(json.loads(bill)["specVersion"])
        if (error := JsonStrictValidator(version).validate_str(bill)) is not None:
            return f"{name}: {error}"
        for component in json.loads(bill)["components"]:
            print(name, component["name"], component.get("version"), json.dumps(component.get("licenses", [])))
            if component.get("version") and component.get("licenses"):
                named.add(component["name"])
    missing = ", ".join(sorted(set(wanted) - named))
    return f"{wheel}: no bill gives version and licence of {missing}" if missing else None


if __name__ == "__main__":
    sys.exit(check(sys.argv[1], sys.argv[2:]))
