"""Parts of docstrings that pictures of rows share."""

from __future__ import annotations

from gmmx._docstrings import with_fragments

__all__ = ["documented"]

_PARTS = {
    "model": """\
model : GaussianMixture
    Fitted mixture of gmmx or scikit-learn.""",
    "model_and_X": """\
model : GaussianMixture
    Fitted mixture of gmmx or scikit-learn.
X : array-like of shape (n_samples, n_features)
    Rows, with all features that `model` was fitted to.""",
    "columns": """\
columns : sequence of int or str, optional
    The m columns to draw, by position or by name; more than two give a grid of pairs, as in `pairs`. None draws all
    columns that vary, or the six that separate the components most, as the caption then says.
feature_names : sequence of str of length n_features, optional
    Names of all columns, with their units, for the axes. None uses the columns of a data frame, then
    ``model.feature_names_in_``, then ``feature 0``, ``feature 1``, ...
sample_weight : array-like of shape (n_samples,), optional
    Weights of the rows in histograms; rows of weight 0 are not drawn.""",
    "subsample": """\
max_points : int, default=5000
    Maximum number of rows drawn individually. Larger inputs are subsampled, as the caption then says; histograms count
    all rows.
random_state : int, default=0
    Seed of the subsample.
title : str, optional
    Title. None names the covariance type and the number of components; "" omits it.""",
    "ax": """\
ax : Axes, or array of Axes of shape (m, m), optional
    Axes to draw on. None makes a new figure with a caption, independent of pyplot.""",
    "results": """\
Returns
-------
Picture
    One panel, or a grid of m x m panels for m > 2 columns.

Raises
------
ValueError
    If X does not fit the model or contains NaN, or another argument is not usable.
TypeError
    If `model` is not a mixture or `ax` not Axes.
NotFittedError
    If the model is not fitted.
ImportError
    If matplotlib is not installed.""",
}

documented = with_fragments(**_PARTS)
