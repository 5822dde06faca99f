"""Pictures compared with stored ones, pixel by pixel, words left out.

``python tests/plot/test_plot_images.py --renew`` draws the stored pictures in tests/images anew: look at each before
it is committed. They hold no words, because each version of matplotlib shapes letters a little differently; nor the
lines of a density, for the gaps that labels cut into them. test_plot.py reads the words.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave
from matplotlib.text import Text
from PIL import Image

from gmmx import GaussianMixture, plot

IMAGES = Path(__file__).parents[1] / "images"

TOLERANCE = 0.004
"""Root mean square difference of pixels, of 1, that edges drawn by another version of matplotlib may make."""

Pixels = npt.NDArray[np.float64]


def mixture(n_features: int = 2) -> GaussianMixture:
    """Three overlapping components, the same on every machine: nothing is fitted."""
    covariances = np.array(
        [
            [[1.0, 0.6, 0.2], [0.6, 1.5, 0.1], [0.2, 0.1, 0.4]],
            [[0.6, -0.3, 0.0], [-0.3, 0.4, 0.1], [0.0, 0.1, 0.9]],
            [[0.2, 0.0, 0.1], [0.0, 1.8, 0.0], [0.1, 0.0, 0.5]],
        ]
    )[:, :n_features, :n_features]
    means = np.array([[0.0, 0.0, 0.0], [3.0, 2.0, 1.0], [4.5, -1.0, 3.0]])[:, :n_features]
    return GaussianMixture.from_parameters([0.5, 0.3, 0.2], means, covariances)


def rows(n_features: int = 2) -> Pixels:
    """Rows of that mixture, from a formula in place of a generator of random numbers."""
    n_rows = 150
    uniform = (np.arange(1, n_rows + 1)[:, np.newaxis] * np.sqrt([2.0, 3.0, 5.0])) % 1.0
    model = mixture(3)
    component = np.searchsorted([0.5, 0.8], np.arange(n_rows) / n_rows, side="right")
    normal = np.log(uniform / (1 - uniform)) / 1.7
    factors = np.linalg.cholesky(model.covariances_)
    points = model.means_[component] + np.einsum("nij,nj->ni", factors[component], normal)
    return np.asarray(points[:, :n_features])


def with_a_constant(n_features: int) -> Pixels:
    points = rows(n_features)
    points[:, 1] = 0.5
    return points


def selection(*, degenerate: bool = True) -> Any:
    codes = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
    kinds, sizes = np.repeat(codes, 6), np.tile(np.arange(1, 7), 14)
    number = np.repeat(np.arange(14), 6)
    bic = 900.0 + 12 * (sizes - 3) ** 2 + 6 * np.abs(number - 8) + 2 * number * sizes
    bic[(number > 10) & (sizes > 4)] = np.nan
    hollow = (number > 10) & (sizes == 4) & degenerate
    results = {"covariance_type": kinds, "n_components": sizes, "bic": bic, "degenerate": hollow}
    return SimpleNamespace(results_=results, best_index_=int(np.nanargmin(bic)), criterion="bic")


def resamples() -> Any:
    model = mixture()
    wave = np.sin(np.arange(300.0)[:, np.newaxis] * np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0]))
    means = model.means_ + 0.2 * (wave + np.roll(wave, 7, axis=0)).reshape(-1, 3, 2)
    ends = tuple(np.quantile(means, [0.025, 0.975], axis=0))
    return SimpleNamespace(
        model=model,
        kind="nonparametric",
        weights=None,
        means=means,
        covariances=None,
        interval=lambda level=0.95: {"means": ends},
    )


def panels(n_rows: int = 1, n_columns: int = 1) -> Any:
    """Axes at fixed places of a figure of 400 x 300 pixels, so that the size of words moves nothing."""
    figure = Figure(figsize=(4.0, 3.0), dpi=100)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    figure.subplots_adjust(0.1, 0.1, 0.95, 0.92, 0.2, 0.2)
    return grid[0, 0] if grid.size == 1 else grid


PICTURES: dict[str, Callable[[], Any]] = {
    "classification": lambda: plot.classification(mixture(), rows(), ax=panels()),
    "classification_one_column": lambda: plot.classification(mixture(1), rows(1), ax=panels()),
    "uncertainty": lambda: plot.uncertainty(mixture(), rows(), ax=panels()),
    "uncertainty_one_column": lambda: plot.uncertainty(mixture(1), rows(1), ax=panels()),
    "density": lambda: plot.density(mixture(), rows(), ax=panels()),
    "density_image": lambda: plot.density(mixture(), kind="image", log=True, ax=panels()),
    "density_one_column": lambda: plot.density(mixture(1), rows(1), log=True, ax=panels()),
    "classification_constant_column": lambda: plot.classification(mixture(3), with_a_constant(3), ax=panels()),
    "density_three_columns": lambda: plot.density(mixture(3), coverage=[0.9], ax=panels(3, 3)),
    "pairs_classification": lambda: plot.pairs(mixture(3), rows(3), ax=panels(3, 3)),
    "pairs_density": lambda: plot.pairs(mixture(3), rows(3), "density", ax=panels(3, 3)),
    "criterion": lambda: plot.criterion(selection(), ax=panels()),
    "bootstrap": lambda: plot.bootstrap(resamples(), "means", ax=panels(3, 2)),
}

WRONG: dict[str, Callable[[], Any]] = {
    "classification": lambda: plot.classification(mixture(), rows(), columns=[1, 0], ax=panels()),
    "classification_one_column": lambda: plot.classification(mixture(), rows(), columns=[1], ax=panels()),
    "uncertainty": lambda: plot.classification(mixture(), rows(), ax=panels()),
    "density": lambda: plot.density(mixture(), rows(), coverage=[0.4, 0.75, 0.95], ax=panels()),
    "density_image": lambda: plot.density(mixture(), kind="image", ax=panels()),
    "classification_constant_column": lambda: plot.classification(mixture(3), rows(3), columns=[0, 1], ax=panels()),
    "density_three_columns": lambda: plot.density(mixture(3), coverage=[0.7], ax=panels(3, 3)),
    "pairs_classification": lambda: plot.pairs(mixture(3), rows(3), coverage=[0.6, 0.9], ax=panels(3, 3)),
    "uncertainty_one_column": lambda: plot.uncertainty(mixture(), rows(), columns=[0], ax=panels()),
    "density_one_column": lambda: plot.density(mixture(1), rows(1), ax=panels()),
    "pairs_density": lambda: plot.pairs(mixture(3), rows(3), "density", coverage=0.5, ax=panels(3, 3)),
    "criterion": lambda: plot.criterion(selection(degenerate=False), ax=panels()),
    "bootstrap": lambda: plot.bootstrap(resamples(), "means", columns=[1, 0], ax=panels(3, 2)),
}
"""Pictures that a stored one must not be taken for."""


def pixels(draw: Callable[[], Any]) -> Pixels:
    """Draw a picture in matplotlib's own style, without its words and its legend."""
    with style.context("default"):
        figure = np.asarray(draw(), dtype=object).flat[0].figure
        for ax in figure.axes:
            if ax.get_legend() is not None:
                ax.get_legend().remove()
        for text in figure.findobj(Text):
            text.set_visible(False)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba(), dtype=np.float64)[:, :, :3] / 255.0


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def stored(name: str) -> Pixels:
    return np.asarray(imread(IMAGES / f"{name}.png"), dtype=np.float64)[:, :, :3]


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_the_stored_one(name: str, tmp_path: Path) -> None:
    drawn, expected = pixels(PICTURES[name]), stored(name)
    assert drawn.shape == expected.shape
    away = difference(drawn, expected)
    if away > TOLERANCE:
        imsave(tmp_path / f"{name}.png", drawn)
        imsave(tmp_path / f"{name}-difference.png", np.abs(drawn - expected))
    assert away <= TOLERANCE, (
        f"{name} is {away:.4f} from tests/images/{name}.png: compare it with what is in {tmp_path}"
    )


@pytest.mark.parametrize("name", PICTURES)
def test_another_picture_is_told_from_the_stored_one(name: str) -> None:
    assert difference(pixels(WRONG[name]), stored(name)) > 2 * TOLERANCE


def renew() -> None:
    IMAGES.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        Image.fromarray(np.rint(255.0 * pixels(draw)).astype(np.uint8)).save(IMAGES / f"{name}.png", optimize=True)
    print(f"{len(PICTURES)} pictures drawn by matplotlib {matplotlib.__version__} in {IMAGES}")


if __name__ == "__main__":
    if sys.argv[1:] != ["--renew"]:
        sys.exit(__doc__)
    renew()
