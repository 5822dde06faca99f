"""Redraw the pictures of README and documentation: ``python docs/draw_pictures.py``."""

from pathlib import Path

import layers
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Ellipse

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


def draw_playground(path):
    """Draw what the playground shows, for sites without it: points, ellipses and the log-likelihood."""
    rng = np.random.default_rng(4)
    clusters = [((2.6, 4.1), (0.6, 0.3, 0.4)), ((4.6, 1.9), (0.5, -0.2, 0.3)), ((7.4, 3.7), (0.4, 0.0, 0.4))]
    X = np.concatenate([rng.multivariate_normal(mean, [[a, b], [b, c]], 50) for mean, (a, b, c) in clusters])
    log_likelihoods = []
    model = gmmx.GaussianMixture(
        3,
        tol=1e-6,
        weights_init=np.full(3, 1 / 3),
        means_init=X[[0, 1, 140]],
        precisions_init=[np.linalg.inv(np.cov(X.T) / 3)] * 3,
        callback=lambda _, log_likelihood: log_likelihoods.append(log_likelihood),
    ).fit(X)

    figure, (plane, curve) = plt.subplots(
        1, 2, figsize=(9.6, 3.7), width_ratios=(5, 3), layout="constrained", facecolor="white"
    )
    colours = np.array([to_rgb(colour) for colour in ("#2f7ed8", "#e07b00", "#12a150")])
    plane.scatter(*X.T, s=16, c=model.predict_proba(X) @ colours)
    for mean, covariance, colour in zip(model.means_, model.covariances_, colours, strict=True):
        lengths, axes = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
        for deviations, style in ((1, "-"), (2, "--")):
            short, long = 2 * deviations * np.sqrt(lengths)
            plane.add_patch(Ellipse(mean, long, short, angle=angle, fill=False, edgecolor=colour, linestyle=style))
    plane.set(xlim=(0, 10), ylim=(0, 6), xticks=[], yticks=[], aspect="equal")
    curve.plot(log_likelihoods)
    curve.set(xlabel="iteration", ylabel="log-likelihood")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_faithful(IMAGES / "faithful.png")
    draw_playground(IMAGES / "playground.png")
    layers.draw(IMAGES / "architecture.png")
