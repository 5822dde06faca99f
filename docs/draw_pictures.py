"""Redraw the pictures of README and documentation: ``python docs/draw_pictures.py``."""

from pathlib import Path

import layers
import matplotlib
import numpy as np

import gmmx

matplotlib.use("Agg")

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"


def draw_faithful(path):
    """Draw the picture that `gmmx fit` of the README draws."""
    data = DOCS.parent / "examples" / "data" / "faithful.csv"
    X = np.loadtxt(data, delimiter=",", skiprows=1)
    model = gmmx.GaussianMixture(n_components=2, random_state=0).fit(X)
    names = [name.strip('"') for name in data.read_text().splitlines()[0].split(",")]
    ax = gmmx.plot.classification(model, X, feature_names=names)
    ax.figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_faithful(IMAGES / "faithful.png")
    layers.draw(IMAGES / "architecture.png")
