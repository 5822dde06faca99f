"""Text in pictures: names from data are drawn as they stand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gmmx

matplotlib = pytest.importorskip("matplotlib")
figure = pytest.importorskip("matplotlib.figure")
matplotlib.use("Agg")
pandas = pytest.importorskip("pandas")

NAMES = ["$$", r"$\sum_$", "a_b^c", r"\frac{", "x\x1b[2J\udcff"]


@pytest.fixture(scope="module")
def model():
    columns = pandas.Index(NAMES, dtype=object)
    frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(60, 5)), columns=columns)
    return gmmx.GaussianMixture(2, random_state=0).fit(frame), frame


def draw(axes):
    first = np.ravel(np.asarray(axes, dtype=object))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font need not have every character
        first.figure.canvas.draw()
    return first


@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (2, 3), (3, 4)])
@pytest.mark.parametrize("kind", ["classification", "uncertainty", "density"])
def test_names_are_no_mathematics(kind, pair, model):
    fitted, frame = model
    ax = draw(getattr(gmmx.plot, kind)(fitted, frame, columns=list(pair), title=r"$\broken_$"))
    shown = NAMES[pair[1]].replace("\x1b", r"\x1b").replace("\udcff", r"\udcff")
    assert ax.get_ylabel() == shown
    assert not ax.yaxis.label.get_parse_math()
    assert ax.get_title(loc="left") == r"$\broken_$"


@pytest.mark.parametrize("kind", ["surface", "pairs", "bootstrap"])
def test_names_in_the_other_pictures(kind, model):
    fitted, frame = model
    if kind == "surface":
        draw(gmmx.plot.density(fitted, frame, kind="surface", columns=[0, 1]))
    elif kind == "pairs":
        draw(gmmx.plot.pairs(fitted, frame, title="$$"))
    else:
        result = gmmx.bootstrap(fitted, frame, n_resamples=5, random_state=0)
        draw(gmmx.plot.bootstrap(result, "means", title=r"$\sum_$"))


def test_tex_is_not_asked_for_such_names(model):
    fitted, frame = model
    with matplotlib.rc_context({"text.usetex": True}):
        ax = gmmx.plot.classification(fitted, frame, columns=[0, 2])
        assert not ax.xaxis.label.get_usetex()


def test_labels_that_were_there_stay_as_they_are(model):
    fitted, frame = model
    ax = figure.Figure().subplots()
    ax.set_xlabel(r"$\mu$")
    gmmx.plot.classification(fitted, frame, columns=[0, 1], ax=ax)
    assert ax.get_xlabel() == r"$\mu$"
    assert ax.xaxis.label.get_parse_math()
