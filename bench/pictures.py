"""Pictures of the last run, drawn from last_run.json: the performance page of the documentation shows them."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

LAST_RUN = Path(__file__).with_name("last_run.json")


def last_run():
    """The figures, by table, with their machine."""
    return json.loads(LAST_RUN.read_text(encoding="utf-8"))


def bars(name):
    """Draw one table: a group of bars a row, a bar a side, on a logarithmic scale.

    Parameters
    ----------
    name : {'iteration', 'whole', 'small', 'selection'}
        The table.

    Returns
    -------
    Figure
        Of pyplot.
    """
    run = last_run()
    table = run["tables"][name]
    labels, sides = [row["label"] for row in table["rows"]], table["sides"]
    figure, ax = plt.subplots(figsize=(8.5, 1.1 + (0.12 + 0.14 * len(sides)) * len(labels)), layout="constrained")
    height = 0.8 / len(sides)
    for position, side in enumerate(sides):
        figures = np.array([row["figures"][position] for row in table["rows"]], dtype=float)
        at = np.arange(len(labels)) + height * (position - (len(sides) - 1) / 2)
        drawn = ax.barh(at, np.nan_to_num(figures), height, label=side, color=f"C{position}")
        ax.bar_label(drawn, ["" if np.isnan(value) else f"{value:g}" for value in figures], padding=2, fontsize=7)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.12)
    ax.set_xlabel(f"{table['unit']}, logarithmic; less is better")
    figure.legend(loc="outside upper center", ncols=min(len(sides), 6), fontsize="small")
    return figure


def growth():
    """Draw how many times gmmx's time others take in an iteration, over the number of features.

    Of the sides that were measured in one run with gmmx at every size.
    """
    table = last_run()["tables"]["iteration"]
    figure, ax = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
    full = [row for row in table["rows"] if row["label"].endswith("full")]
    features = [int(row["label"].split(" x ")[1].split(",")[0]) for row in full]
    for side in ("gmmx", "gmmx float32", "scikit-learn", "oneDAL"):
        position = table["sides"].index(side)
        ratios = [row["figures"][position] / row["figures"][0] for row in full]
        ax.plot(features, ratios, "o-", label=side, color=f"C{position}")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(features, features)
    ax.set_xlabel("features (full covariances, rows and K as in the table)")
    ax.set_ylabel("times gmmx's time")
    figure.legend(loc="outside upper center", ncols=6, fontsize="small")
    return figure
