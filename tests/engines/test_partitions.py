"""Rows in parts: whatever an engine does with them, summaries, samples and sums are those of the whole."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx import Mixture, _core
from gmmx.distributed import (
    PairwiseSum,
    merge_samples,
    merge_summaries,
    pairwise_sum,
    part_of,
    sample_of,
    statistics_of,
    summarize,
)
from gmmx.distributed.summary import join_summaries

RNG = np.random.default_rng(6)
X = RNG.normal(size=(300, 3))
WEIGHTS = RNG.integers(0, 4, size=300).astype(np.float64)
MIXTURE = Mixture(
    np.array([0.4, 0.6]), np.array([[0.0, 0, 0], [1, 1, 1]]), "full", covariances=np.stack([np.eye(3)] * 2)
)


@st.composite
def cuts(draw):
    """Places where 300 rows are cut; equal ones make empty parts."""
    inner = draw(st.lists(st.integers(0, len(X)), max_size=8))
    return [0, *sorted(inner), len(X)]


def parts_of(bounds, weighted=True):
    for begin, end in pairwise(bounds):
        yield begin, X[begin:end], WEIGHTS[begin:end] if weighted else None


@given(cuts(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_summaries_do_not_depend_on_the_cuts(bounds, weighted):
    merged = merge_summaries([summarize(x, w) for _, x, w in parts_of(bounds, weighted)])
    whole = summarize(X, WEIGHTS if weighted else None)
    assert merged == whole


@given(cuts(), st.integers(1, 400), st.integers(0, 2**63 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_samples_do_not_depend_on_the_cuts(bounds, size, seed, weighted):
    parts = [sample_of(x, w, first, size, seed) for first, x, w in parts_of(bounds, weighted)]
    whole = sample_of(X, WEIGHTS if weighted else None, 0, size, seed)
    merged = merge_samples(parts, size)
    for got, wanted in zip(merged, whole, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert len(whole.X) == min(size, np.count_nonzero(WEIGHTS) if weighted else len(X))
    np.testing.assert_array_equal(whole.X, X[whole.numbers])
    assert np.all(np.diff(whole.numbers) > 0)


@given(cuts(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_statistics_of_parts_add_up_to_those_of_the_whole(bounds, weighted):
    total = pairwise_sum([statistics_of(x, w, MIXTURE) for _, x, w in parts_of(bounds, weighted)])
    whole = _core.e_step(X, MIXTURE, WEIGHTS if weighted else None, 1)
    assert total.n_samples == whole.n_samples
    np.testing.assert_allclose(total.log_likelihood, whole.log_likelihood, rtol=1e-12)
    for name in ("counts", "first_moments", "second_moments"):
        np.testing.assert_allclose(getattr(total, name), getattr(whole, name), rtol=1e-10, atol=1e-11)


def test_rows_are_drawn_in_proportion_to_their_weights():
    rows, weights = np.arange(4.0)[:, np.newaxis], np.array([1.0, 2.0, 0.0, 5.0])
    drawn = [int(sample_of(rows, weights, 0, 1, seed).numbers[0]) for seed in range(4000)]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, weights / 8, atol=4 * np.sqrt(0.25 / len(drawn)))  # four standard errors


def test_every_row_is_as_likely_to_be_drawn():
    counts = np.zeros(len(X))
    for seed in range(600):
        counts[sample_of(X, None, 0, 30, seed).numbers] += 1
    expected = 600 * 30 / len(X)
    statistic = np.sum((counts - expected) ** 2 / (expected * (1 - 30 / len(X))))
    assert abs(statistic - len(X)) < 5 * np.sqrt(2 * len(X))  # chi-squared


@pytest.mark.parametrize("n_parts", range(1, 20))
def test_sums_of_parts_that_come_one_by_one_are_bitwise_those_of_the_tree(n_parts):
    parts = [statistics_of(x, None, MIXTURE) for x in np.array_split(X, n_parts)]
    running = PairwiseSum()
    for part in parts:
        running.add(part)
    level = parts
    while len(level) > 1:
        level = [sum(level[i : i + 2]) for i in range(0, len(level), 2)]
    assert running.total().to_bytes() == pairwise_sum(parts).to_bytes() == level[0].to_bytes()


def test_what_goes_to_workers_and_comes_back_survives_pickling():
    for value in (summarize(X, WEIGHTS), sample_of(X, WEIGHTS, 0, 5, 1)):
        copy = pickle.loads(pickle.dumps(value))
        assert repr(copy) == repr(value)
    mixture = pickle.loads(pickle.dumps(MIXTURE))
    assert statistics_of(X, None, mixture).to_bytes() == statistics_of(X, None, MIXTURE).to_bytes()


def test_parts_without_rows_have_no_say():
    empty = [summarize(np.empty((0, 3))), summarize([]), summarize(np.empty((0, 7), dtype=np.float32))]
    assert merge_summaries([*empty, summarize(X)]) == summarize(X)
    assert sample_of([], None, 0, 3, 1) is None
    assert statistics_of([], None, MIXTURE).total_weight == 0
    with pytest.raises(ValueError, match="all of its 3 partitions are empty"):
        merge_summaries(empty)


def test_parts_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="2 features in partition 2, but 3 in partition 0"):
        merge_summaries([summarize(X), summarize([]), summarize(X[:, :2])])
    with pytest.raises(ValueError, match="sums to 0 over all batches"):
        merge_summaries([summarize(X, np.zeros(len(X)))], kind="batch", kinds="batches")


def test_parts_of_mixed_precision_are_computed_in_the_higher():
    assert merge_summaries([summarize(X.astype(np.float32)), summarize(X)]).dtype == "float64"
    assert merge_summaries([summarize(X.astype(np.float32)), summarize([])]).dtype == "float32"
    assert part_of(X.astype(np.float32), dtype=np.float64).X.dtype == np.float64


@pytest.mark.parametrize(
    ("x", "weights", "complaint"),
    [
        ([[1.0], [np.nan]], None, "NaN"),
        ([[1.0], [np.inf]], None, "infinity"),
        ([1.0, 2.0], None, "2D array"),
        ([["a"]], None, "X"),
        ([[1.0], [2.0]], [1.0], r"shape == \(1,\), expected \(2,\)"),
        ([[1.0], [2.0]], [1.0, -1.0], r"Negative values .*: -1 in row 1 \("),
        ([[1.0], [2.0]], [1.0, np.nan], "sample_weight"),
    ],
)
def test_bad_parts_are_refused(x, weights, complaint):
    with pytest.raises(ValueError, match=complaint):
        summarize(x, weights)


def test_samples_without_rows_merge_to_one_without_rows():
    merged = merge_samples([None, sample_of([[1.0], [2.0]], [0.0, 0.0], 0, 3, 1)], 3)
    assert len(merged.keys) == len(merged.X) == 0
    assert merge_samples([merged, sample_of([[1.0]], None, 2, 3, 1)], 3).numbers.tolist() == [2]


def test_summaries_of_blocks_join_to_that_of_their_partition():
    rows = np.random.default_rng(0).normal(size=(9, 2))
    rows[7, 1] = 1e20  # a fill value, which the second block alone holds
    whole = summarize(rows)
    joined = join_summaries([summarize(rows[:5]), summarize([]), summarize(rows[5:])])
    assert joined == whole and joined.outweighing_row == whole.outweighing_row is not None
    assert join_summaries([summarize([])]) == summarize([])
