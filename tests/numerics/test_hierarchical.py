"""Agglomerative clustering: against its plain twin, against mclust, its laws, and as a start of EM."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, is_valid_linkage

from gmmx import GaussianMixture, _core, hierarchical_clustering, m_step
from gmmx.em.agglomerative import SCALINGS
from gmmx.em.initialization import assignment_by_tree
from gmmx.reference import hierarchical as reference
from gmmx.validation import Rows

CRITERIA = ("VVV", "EEE")
DATASETS = ("faithful", "iris", "diabetes", "thyroid")


def rows(n_samples=60, n_features=3, seed=0):
    """Three groups of different shapes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) @ rng.standard_normal((n_features, n_features))
    X[::3] += 4.0
    X[1::3] *= 0.3
    return X


def same_partition(a, b):
    """Whether two labellings are equal but for the names."""
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return len(pairs) == len(set(a.tolist())) == len(set(b.tolist()))


# --- the same merges as the twin and as mclust


@settings(max_examples=40, deadline=None)
@given(
    n_samples=st.integers(1, 30),
    n_features=st.integers(1, 6),
    decimals=st.integers(0, 6),
    exponent=st.integers(-3, 0),  # of greater numbers determinants so outgrow the trace that their rounding shows
    seed=st.integers(0, 2**16),
    criterion=st.sampled_from(CRITERIA),
)
def test_merges_and_values_are_those_of_the_twin(n_samples, n_features, decimals, exponent, seed, criterion):
    X = np.round(rows(n_samples, n_features, seed), decimals) * 10.0**exponent
    merges, values = _core.hierarchical_clustering(X, criterion, None, 1)
    expected = reference.hierarchical_clustering(X, criterion)
    np.testing.assert_array_equal(merges, expected.merges)
    np.testing.assert_allclose(values, expected.values, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("name", DATASETS)
def test_merges_of_real_data_are_those_of_the_twin(dataset, name, criterion):
    X = SCALINGS["SVD"](dataset(name).X[::4])
    merges, _ = _core.hierarchical_clustering(X, criterion, None, 1)
    np.testing.assert_array_equal(merges, reference.hierarchical_clustering(X, criterion).merges)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_first_groups_are_merged_as_by_the_twin(criterion):
    X = rows(80, 3)
    groups = np.random.default_rng(1).permutation(np.arange(80) % 17).astype(np.int32)
    merges, values = _core.hierarchical_clustering(X, criterion, groups, 1)
    expected = reference.hierarchical_clustering(X, criterion, groups)
    np.testing.assert_array_equal(merges, expected.merges)
    np.testing.assert_allclose(values, expected.values, rtol=1e-10)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("name", DATASETS)
def test_partitions_are_those_of_mclust(dataset, data_directory, name, criterion):
    tree = hierarchical_clustering(dataset(name).X, criterion)
    with (data_directory / "mclust_trees.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if (line["dataset"], line["criterion"]) == (name, criterion)]
    assert len(lines) == 9
    for line in lines:
        labels = tree.labels(int(line["n_clusters"]))
        assert "".join(map(str, labels + 1)) == line["labels"], line["n_clusters"]


# --- the tree


def test_partitions_are_nested_and_numbered_by_their_first_rows():
    tree = hierarchical_clustering(rows(50))
    np.testing.assert_array_equal(tree.labels(50), np.arange(50))
    for n_clusters in range(1, 50):
        labels, finer = tree.labels(n_clusters), tree.labels(n_clusters + 1)
        assert np.unique(labels, return_index=True)[1].tolist() == sorted(np.unique(labels, return_index=True)[1])
        assert labels.dtype == np.int32
        assert len(np.unique(labels)) == n_clusters
        assert len(set(zip(labels, finer, strict=True))) == n_clusters + 1


def test_values_of_vvv_are_the_criterion_of_the_partitions():
    X = rows(40, 2)
    tree = hierarchical_clustering(X, scaling=None)
    alpha = np.var(X, axis=0).mean()

    def term(group):
        scatter = (group - group.mean(axis=0)).T @ (group - group.mean(axis=0))
        determinant = np.linalg.det(scatter / len(group)) if len(group) > 2 else 0.0
        return len(group) * np.log(determinant + (np.trace(scatter) + alpha) / len(group))

    for n_clusters in range(1, 40):
        labels = tree.labels(n_clusters)
        expected = sum(term(X[labels == k]) for k in range(n_clusters))
        assert tree.values[40 - n_clusters - 1] == pytest.approx(expected, rel=1e-10)


def test_linkage_of_scipy_holds_the_same_partitions():
    tree = hierarchical_clustering(rows(40))
    linkage = tree.to_scipy()
    assert is_valid_linkage(linkage)
    for n_clusters in (1, 2, 5, 39):
        assert same_partition(fcluster(linkage, n_clusters, "maxclust"), tree.labels(n_clusters))


def test_repr_tells_what_it_was_built_of():
    assert repr(hierarchical_clustering(rows(9))) == "<MergeTree of all 9 rows, criterion='VVV', scaling='SVD'>"
    tree = hierarchical_clustering(rows(9), "EEE", scaling=None, max_rows=5)
    assert repr(tree) == "<MergeTree of 5 of 9 rows, criterion='EEE', scaling=None>"


# --- laws


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), criterion=st.sampled_from(CRITERIA), scaling=st.sampled_from(list(SCALINGS)))
def test_the_order_of_rows_does_not_matter(seed, criterion, scaling):
    X = rows(40, 3, seed)
    order = np.random.default_rng(seed).permutation(40)
    tree = hierarchical_clustering(X, criterion, scaling=scaling)
    permuted = hierarchical_clustering(X[order], criterion, scaling=scaling)
    for n_clusters in (2, 3, 7, 20):
        assert same_partition(tree.labels(n_clusters)[order], permuted.labels(n_clusters))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), criterion=st.sampled_from(CRITERIA), scaling=st.sampled_from(["SVD", "standardize"]))
def test_scaled_features_may_be_shifted_and_stretched(seed, criterion, scaling):
    rng = np.random.default_rng(seed)
    X = rows(40, 3, seed)
    tree = hierarchical_clustering(X, criterion, scaling=scaling)
    moved = X * rng.choice([-100.0, 0.01, 3.0], 3) + rng.uniform(-10, 10, 3)
    np.testing.assert_array_equal(hierarchical_clustering(moved, criterion, scaling=scaling).merges, tree.merges)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_unscaled_features_may_be_turned(criterion):
    X = rows(40)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    tree = hierarchical_clustering(X, criterion, scaling=None)
    np.testing.assert_array_equal(hierarchical_clustering(X @ turn, criterion, scaling=None).merges, tree.merges)


def test_equal_rows_are_united_first_where_they_cost_nothing():
    X = np.repeat(rows(12), 3, axis=0)
    tree = hierarchical_clustering(X, "EEE")
    assert same_partition(tree.labels(12), np.repeat(np.arange(12), 3))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_number_of_threads_does_not_matter(criterion):
    X = rows(700, 12)
    trees = [hierarchical_clustering(X, criterion, n_jobs=n_jobs) for n_jobs in (1, 2, 3)]
    for tree in trees[1:]:
        assert tree.merges.tobytes() == trees[0].merges.tobytes()
        assert tree.values.tobytes() == trees[0].values.tobytes()


def test_layout_and_precision_of_rows_do_not_matter():
    X = rows(50).astype(np.float32)
    tree = hierarchical_clustering(X.astype(np.float64))
    for same in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], X.tolist()):
        np.testing.assert_array_equal(hierarchical_clustering(same).merges, tree.merges)


# --- which rows


def test_rows_beyond_max_rows_are_chosen_by_random_state():
    X = rows(300)
    tree = hierarchical_clustering(X, max_rows=100, random_state=5)
    again = hierarchical_clustering(X, max_rows=100, random_state=5)
    other = hierarchical_clustering(X, max_rows=100, random_state=6)
    np.testing.assert_array_equal(tree.rows, again.rows)
    np.testing.assert_array_equal(tree.merges, again.merges)
    assert tree.rows.tolist() != other.rows.tolist()
    assert tree.n_rows == 100 and tree.n_samples == 300
    assert np.all(np.diff(tree.rows) > 0)
    np.testing.assert_array_equal(tree.merges, hierarchical_clustering(X[tree.rows]).merges)
    partition = tree.partition(4)
    np.testing.assert_array_equal(partition[tree.rows], tree.labels(4))
    assert np.count_nonzero(partition == -1) == 200


def test_rows_of_weight_zero_are_left_out_and_other_weights_make_no_difference():
    X = rows(60)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    weights[::4] = 0.0
    tree = hierarchical_clustering(X, sample_weight=weights)
    np.testing.assert_array_equal(tree.rows, np.flatnonzero(weights))
    np.testing.assert_array_equal(tree.merges, hierarchical_clustering(X[weights > 0]).merges)


def test_constant_and_dependent_features_add_nothing():
    X = rows(50)
    tree = hierarchical_clustering(X)
    np.testing.assert_array_equal(hierarchical_clustering(np.c_[X, np.full(50, 7.0)]).merges, tree.merges)
    doubled = hierarchical_clustering(np.c_[X, X])  # the same directions, all longer by one factor
    for n_clusters in (2, 3, 5):
        assert len(np.unique(doubled.labels(n_clusters))) == n_clusters


@pytest.mark.parametrize("X", [np.zeros((5, 2)), np.full((4, 1), 3.0), np.ones((1, 3)), rows(3, 8)])
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("scaling", list(SCALINGS))
def test_degenerate_rows_have_trees_too(X, criterion, scaling):
    tree = hierarchical_clustering(X, criterion, scaling=scaling)
    assert tree.merges.shape == (len(X) - 1, 2)
    assert tree.values.shape == (len(X) - 1,)
    assert len(np.unique(tree.labels(len(X)))) == len(X)


# --- mistakes


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"criterion": "VEV"}, "criterion is 'VEV', but must be one of 'VVV', 'EEE'"),
        ({"criterion": None}, "criterion is None"),
        ({"scaling": "svd"}, "scaling is 'svd', but must be one of 'SVD', 'standardize', None"),
        ({"scaling": ["SVD"]}, "scaling is"),
        ({"max_rows": 0}, "max_rows is 0, but must be an integer of at least 1"),
        ({"max_rows": 10.5}, "max_rows is 10.5"),
        ({"sample_weight": np.zeros(60)}, "sample_weight is not accepted"),
        ({"sample_weight": np.ones(3)}, "sample_weight"),
    ],
)
def test_mistakes_are_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        hierarchical_clustering(rows(), **arguments)


@pytest.mark.parametrize(
    ("X", "complaint"),
    [
        (np.empty((0, 2)), "X"),
        (np.array([[0.0, np.nan], [1.0, 2.0]]), "X"),
        (np.array([[0.0, np.inf], [1.0, 2.0]]), "X"),
        (np.array([[-1e200, 1.0], [1e200, 2.0]]), "squares overflow"),
        (np.zeros(4), "X"),
    ],
)
def test_unusable_rows_are_refused(X, complaint):
    with pytest.raises(ValueError, match=complaint):
        hierarchical_clustering(X)


@pytest.mark.parametrize("n_clusters", [0, 61, -1, 2.0])
def test_impossible_numbers_of_clusters_are_refused(n_clusters):
    tree = hierarchical_clustering(rows())
    with pytest.raises(ValueError, match=r"n_clusters is .* but a tree of 60 rows has partitions into 1 to 60"):
        tree.labels(n_clusters)


@pytest.mark.parametrize(
    ("X", "groups", "complaint"),
    [
        (np.empty((0, 2)), None, r"X has shape \(0, 2\)"),
        (np.empty((2, 0)), None, r"X has shape \(2, 0\)"),
        (np.array([[1.0, np.nan]]), None, r"rows\(0, 1\) is nan"),
        (np.array([[1e200], [-1e200]]), None, "squares overflow"),
        (np.zeros((3, 1)), np.zeros(2, np.int32), "groups has 2 numbers for 3 rows"),
        (np.zeros((3, 1)), np.array([0, 1, 3], np.int32), r"groups\[2\] is 3"),
        (np.zeros((3, 1)), np.array([0, -1, 0], np.int32), r"groups\[1\] is -1"),
        (np.zeros((3, 1)), np.array([0, 2, 0], np.int32), "group 1 has no rows"),
    ],
)
def test_the_native_function_names_mistakes(X, groups, complaint):
    with pytest.raises(ValueError, match=complaint):
        _core.hierarchical_clustering(X, "VVV", groups, 1)


# --- as a start of EM


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_hc_starts_from_the_m_step_of_the_partition(dataset, covariance_type):
    X = dataset("iris").X
    model = GaussianMixture(3, covariance_type=covariance_type, init_params="hc", max_iter=0).fit(X)
    labels = hierarchical_clustering(X).labels(3)
    given_labels = GaussianMixture(3, covariance_type=covariance_type, responsibilities_init=labels, max_iter=0).fit(X)
    np.testing.assert_array_equal(model.means_, given_labels.means_)
    np.testing.assert_array_equal(model.covariances_, given_labels.covariances_)
    np.testing.assert_allclose(model.weights_, np.bincount(labels) / 150, rtol=1e-12)


def test_hc_of_many_rows_starts_from_some_of_them():
    X = rows(2500, 2)
    model = GaussianMixture(3, init_params="hc", random_state=4, max_iter=0).fit(X)
    partition = hierarchical_clustering(X, random_state=4).partition(3)
    assert np.count_nonzero(partition >= 0) == 2000
    expected = [X[partition == k].mean(axis=0) for k in range(3)]
    np.testing.assert_allclose(model.means_, expected, rtol=1e-10)
    again = GaussianMixture(3, init_params="hc", random_state=4, max_iter=0).fit(X)
    np.testing.assert_array_equal(model.means_, again.means_)


def test_weights_count_in_the_statistics_of_the_start():
    X = rows(90)
    weights = np.random.default_rng(0).uniform(0.0, 3.0, 90)
    weights[:10] = 0.0
    model = GaussianMixture(2, init_params="hc", max_iter=0).fit(X, sample_weight=weights)
    partition = hierarchical_clustering(X, sample_weight=weights).partition(2)
    for k in range(2):
        group = partition == k
        np.testing.assert_allclose(model.means_[k], np.average(X[group], axis=0, weights=weights[group]), rtol=1e-10)
        assert model.weights_[k] == pytest.approx(weights[group].sum() / weights.sum())


def test_one_tree_serves_every_number_of_components():
    X = rows(120)
    tree = hierarchical_clustering(X)
    for n_components in (1, 2, 5):
        statistics = assignment_by_tree(tree, Rows(X, None, 1), n_components, "full")
        model = GaussianMixture(n_components, init_params="hc", max_iter=0).fit(X)
        np.testing.assert_array_equal(m_step(statistics, "full", 1e-6).means, model.means_)


def test_iris_from_hc_reaches_the_likelihood_that_mclust_reaches(dataset):
    model = GaussianMixture(3, init_params="hc", reg_covar=0.0, tol=1e-10, max_iter=1000).fit(dataset("iris").X)
    assert model.log_likelihood_ == pytest.approx(-180.1854771, abs=1e-5)  # of Mclust(iris[, 1:4], 3, "VVV")
