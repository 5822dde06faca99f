"""Classes of one feature between quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gmmx
from gmmx.em.quantiles import quantile_assignments


@pytest.mark.parametrize("n_classes", range(1, 10))
def test_classes_of_different_values_end_at_numpys_quantiles(n_classes):
    x = np.random.default_rng(0).lognormal(sigma=2, size=48)
    edges = np.quantile(x, np.linspace(0, 1, n_classes + 1)[1:-1])
    np.testing.assert_array_equal(quantile_assignments(x, None, n_classes)[0], np.searchsorted(edges, x))


@settings(max_examples=100, deadline=None)
@given(
    x=st.lists(st.integers(-3, 12), min_size=1, max_size=40),
    n_classes=st.integers(1, 9),
    weighted=st.booleans(),
    seed=st.integers(0, 100),
)
def test_no_class_is_empty_and_values_stay_together_in_their_order(x, n_classes, weighted, seed):
    x = np.array(x, dtype=np.float64)
    weights = np.random.default_rng(seed).integers(0, 3, len(x)).astype(np.float64) if weighted else None
    present = np.ones(len(x), dtype=bool) if weights is None else weights > 0
    partitions = quantile_assignments(x, weights, n_classes)
    assert bool(partitions) == (len(np.unique(x[present])) >= n_classes)
    assert len({labels.tobytes() for labels in partitions}) == len(partitions)
    for labels in partitions:
        assert labels.dtype == np.int32
        assert np.all(labels[~present] == -1)
        order = np.argsort(x[present], kind="stable")
        classes = labels[present][order]
        assert sorted(set(classes.tolist())) == list(range(n_classes))
        steps = np.diff(classes)
        assert np.all((steps == 0) | ((steps == 1) & (np.diff(x[present][order]) > 0)))


def test_a_weight_is_a_repetition():
    rng = np.random.default_rng(0)
    x, weights = rng.integers(0, 30, 60).astype(float), rng.integers(0, 4, 60).astype(float)
    for n_classes in range(1, 7):
        ours = quantile_assignments(x, weights, n_classes)
        theirs = quantile_assignments(np.repeat(x, weights.astype(int)), None, n_classes)
        assert len(ours) == len(theirs)
        for labels, repeated in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(np.repeat(labels, weights.astype(int)), repeated)


def test_the_scale_of_small_weights_does_not_matter():
    x = np.random.default_rng(0).lognormal(size=50)
    np.testing.assert_array_equal(quantile_assignments(x, np.full(50, 0.02), 4), quantile_assignments(x, None, 4))


def test_ties_leave_classes_as_even_as_they_can():
    x = np.r_[np.zeros(60), np.arange(1.0, 41.0)]
    of_rows, *_, of_values = (np.bincount(labels) for labels in quantile_assignments(x, None, 3))
    assert of_rows[0] >= 60
    assert min(of_rows) >= 5
    assert of_values.tolist() == [60 + 13, 14, 13]


def test_of_many_rows_partitions_that_hardly_differ_stand_there_once():
    x = np.random.default_rng(0).lognormal(size=9001)
    assert [len(quantile_assignments(x[:n], None, 8)) for n in (801, 9001)] == [2, 1]
    assert len(quantile_assignments(np.floor(x), None, 3)) > 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("in_batches", [False, True])
def test_a_single_mixture_of_one_feature_starts_from_quantiles_too(in_batches):
    rng = np.random.default_rng(4)
    X = np.exp(np.r_[rng.normal(1, 0.2, 40), rng.normal(3, 0.3, 60), rng.normal(6, 0.5, 50)])[:, np.newaxis]
    params = {"covariance_type": "V", "reg_covar": 0, "tol": 1e-8, "max_iter": 5000, "random_state": 0}
    labels = quantile_assignments(X[:, 0], None, 3)[0]
    from_quantiles = gmmx.GaussianMixture(3, responsibilities_init=labels, **params).fit(X)
    model = gmmx.GaussianMixture(3, init_params="hc", **params)
    if in_batches:
        model.fit_batches(lambda: iter(np.array_split(X, 4)), progress=False)
    else:
        model.fit(X)
    assert model.log_likelihood_ >= from_quantiles.log_likelihood_ - 1e-6
