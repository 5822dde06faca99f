"""Markdown tables and pictures of what the benchmarks of this folder measured."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def milliseconds(seconds):
    """Three digits."""
    return f"{1e3 * seconds:.3g}" if 1e3 * seconds < 1000 else f"{1e3 * seconds:.0f}"


def lines_of(records):
    """One line a record, as progress."""
    lines = [f"{records[0]['shape']}:"]
    for record in records:
        figure = record["trouble"] or f"{milliseconds(record['best'])} ms"
        lines.append(f"  {record['peer']:<18} {figure}")
    return "\n".join(lines)


def _cell(record, ours):
    if record is None:
        return ""
    if record["trouble"]:
        return "-" if record["trouble"] == "does not have this type" else record["trouble"]
    text = milliseconds(record["best"])
    if ours is None or record is ours:
        return text
    ratio = record["best"] / ours["best"]
    if ratio < 1:
        return f"**{text} ({ratio:.2f}x)**"
    return f"{text} ({ratio:.2g}x)" if ratio < 100 else f"{text} ({ratio:.0f}x)"


def markdown(records, conditions, ours):
    """Times with ratios, then the details, then the machine. Where a peer is the faster, its figure is bold."""
    shapes = list(dict.fromkeys(record["shape"] for record in records))
    peers = list(dict.fromkeys(record["peer"] for record in records))
    by_place = {(record["shape"], record["peer"]): record for record in records}
    lines = ["Milliseconds of one EM iteration, best of all runs; in brackets: times what gmmx takes.", ""]
    lines += ["| rows x features, K, type | " + " | ".join(peers) + " |", "|---|" + "---:|" * len(peers)]
    for shape in shapes:
        base = by_place.get((shape, ours))
        base = base if base and not base["trouble"] else None
        lines.append(f"| {shape} | " + " | ".join(_cell(by_place.get((shape, peer)), base) for peer in peers) + " |")
    lines += [
        "",
        "Peak memory is what a fit holds at most beyond the rows; difference: of the mean log-likelihood a row.",
    ]
    lines += ["", "| rows x features, K, type | peer | best ms | median ms | runs | peak MiB | difference |"]
    lines += ["|---|---|---:|---:|---:|---:|---:|"]
    for record in records:
        if not record["trouble"]:
            peak = "" if record["peak_mib"] is None else f"{record['peak_mib']:.0f}"
            lines.append(
                f"| {record['shape']} | {record['peer']} | {milliseconds(record['best'])} | "
                f"{milliseconds(record['median'])} | {record['runs']} | {peak} | {record['difference']:+.0e} |"
            )
    return "\n".join([*lines, "", *conditions_table(conditions), ""])


def conditions_table(conditions):
    """Two columns."""
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in conditions.items())]


def picture(records, paths):
    """Bars of the best times, one group a shape, on a logarithmic scale."""
    shapes = list(dict.fromkeys(record["shape"] for record in records))
    peers = list(dict.fromkeys(record["peer"] for record in records if not record["trouble"]))
    figure, axes = plt.subplots(figsize=(9, 0.5 + 0.9 * len(shapes)), layout="constrained")
    height = 0.8 / max(1, len(peers))
    for position, peer in enumerate(peers):
        mine = [record for record in records if record["peer"] == peer and not record["trouble"]]
        at = np.array([shapes.index(record["shape"]) for record in mine]) + height * (position - (len(peers) - 1) / 2)
        bars = axes.barh(at, [1e3 * record["best"] for record in mine], height, label=peer)
        axes.bar_label(bars, [milliseconds(record["best"]) for record in mine], padding=2, fontsize=6)
    axes.set_yticks(range(len(shapes)), shapes)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds of one EM iteration (less is better)")
    figure.legend(loc="outside upper center", ncols=len(peers), fontsize="small")
    for path in paths:
        figure.savefig(path, dpi=120)
    plt.close(figure)
