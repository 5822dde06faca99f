"""The layers of the code, as the table in architecture.md states them, and their picture."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("architecture.md")


@dataclass(frozen=True)
class Layer:
    """One row of the table."""

    name: str
    purpose: str
    places: tuple[str, ...]  # files and folders, from the root of the repository
    uses: tuple[str, ...]

    @property
    def is_python(self):
        return self.places[0].startswith("python")


def table():
    """Return the lines of the table, without its head."""
    lines = PAGE.read_text(encoding="utf-8").split("## Layers", 1)[1].splitlines()
    return [line for line in lines if line.startswith("|")][2:]


def layers():
    """Return the layers by name, from top to bottom."""
    found = {}
    for line in table():
        name, purpose, places, uses = (cell.strip() for cell in line[1:-1].split("|"))
        used = tuple(use.strip() for use in uses.split(",") if use.strip())
        found[name] = Layer(name, purpose, tuple(re.findall("`([^`]+)`", places)), used)
    return found


def digest():
    """Return the digest of the table, which the picture contains to show that it is up to date."""
    return hashlib.sha256("\n".join(table()).encode()).hexdigest()


def positions(found):
    """Return the position of each layer: Python left, C++ right, above the layers of its language that it uses."""
    heights = {}

    def height(name):
        if name not in heights:
            own = [used for used in found[name].uses if found[used].is_python == found[name].is_python]
            heights[name] = 1 + max(map(height, own), default=-1)
        return heights[name]

    rows = {}
    for name, layer in found.items():
        rows.setdefault((layer.is_python, height(name)), []).append(name)
    return {
        name: ((0.0 if is_python else 5.0) + (position + 0.5) * 4.5 / len(names), float(level))
        for (is_python, level), names in rows.items()
        for position, name in enumerate(names)
    }


def direct(found, layer):
    """Return the layers that a layer uses and that are not implied by others."""

    def reached(name):
        return {name}.union(*(reached(used) for used in found[name].uses))

    beyond = set().union(*(reached(used) - {used} for used in layer.uses))
    return [used for used in layer.uses if used not in beyond]


def draw(path):
    """Draw the data flow above and the layers below, without implied dependencies."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch

    found = layers()
    at = positions(found)
    top = max(y for _, y in at.values()) + 1.9
    figure, ax = plt.subplots(figsize=(9.5, 0.95 * top + 1.6), layout="constrained")
    ax.set_axis_off()

    def box(x, y, text, width, color):
        style = {"boxstyle": "round,pad=0.03", "fc": color, "ec": "0.35", "zorder": 2}
        ax.add_patch(FancyBboxPatch((x - width / 2, y - 0.2), width, 0.4, **style))
        ax.text(x, y, text, ha="center", va="center", fontsize=9, zorder=3)

    def arrow(start, end, color="0.55", bend=0.0):
        style = {"arrowstyle": "-|>", "color": color, "connectionstyle": f"arc3,rad={bend}"}
        ax.annotate("", xy=end, xytext=start, zorder=1, arrowprops={**style, "shrinkA": 0, "shrinkB": 0})

    for name, layer in found.items():
        for used in direct(found, layer):
            (x, y), (x_used, y_used) = at[name], at[used]
            if layer.is_python == found[used].is_python:
                bend = 0.0 if y - y_used == 1 else -0.25  # around layers in between
                arrow((x, y - 0.2), (x_used, y_used + 0.24), bend=bend)
            else:
                arrow((x + 0.66, y), (x_used - 0.7, y_used))
    for name, (x, y) in at.items():
        box(x, y, name, 1.3, "#cfe3f5" if found[name].is_python else "#fbe3c8")

    steps = ["rows\nin blocks", "E-step", "sufficient\nstatistics", "sum", "M-step", "mixture"]
    places = [0.75 + 1.6 * position for position in range(len(steps))]
    for step, x in zip(steps, places, strict=True):
        box(x, top, step, 1.1, "#dff0d8")
        if x > places[0]:
            arrow((x - 1.02, top), (x - 0.6, top), "0.2")
    arrow((places[-1], top + 0.24), (places[1], top + 0.24), "0.2", 0.16)
    ax.text(sum(places[1::4]) / 2, top + 0.95, "repeat until the likelihood converges", ha="center", fontsize=9)
    ax.text(0.1, top - 0.95, "Python", fontsize=11, weight="bold")
    ax.text(5.1, top - 0.95, "C++", fontsize=11, weight="bold")
    ax.set_xlim(-0.05, 9.55)
    ax.set_ylim(-0.3, top + 1.15)
    figure.savefig(path, dpi=110, metadata={"Software": None, "Description": digest()})
    plt.close(figure)
