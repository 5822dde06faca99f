"""Draw the pictures of README and documentation anew: ``python docs/draw_pictures.py``."""

from pathlib import Path

import matplotlib
import numpy as np

import gmmx

matplotlib.use("Agg")

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"


def draw_faithful(path):
    """The picture that `gmmx fit` of the README draws."""
    data = DOCS.parent / "examples" / "data" / "faithful.csv"
    X = np.loadtxt(data, delimiter=",", skiprows=1)
    model = gmmx.GaussianMixture(n_components=2, random_state=0).fit(X)
    ax = gmmx.plot.classification(model, X, feature_names=data.open().readline().strip().split(","))
    ax.figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_faithful(IMAGES / "faithful.png")
