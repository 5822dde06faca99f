"""Stepwise EM: `partial_fit`, and the statistics that it blends."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import gmmx
from gmmx import OnlineGaussianMixture, _core, reference
from gmmx.em.stepwise import rows_to_start

TYPES = [name for name in _core.covariance_types() if name not in ("E", "V")]
PARAMETERS = ("weights_", "means_", "covariances_", "precisions_cholesky_")


def rows_of(n_samples, seed=0, n_features=2):
    """Rows of three clusters in random order: 50 %, 30 % and 20 % of them."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n_samples, p=[0.5, 0.3, 0.2])
    centres = np.array([[0.0] * n_features, [6.0] * n_features, [12.0, -4.0] + [0.0] * (n_features - 2)])
    return centres[labels] + rng.normal(size=(n_samples, n_features)) @ np.tril(np.full((n_features, n_features), 0.7))


def stream(model, X, size, sample_weight=None):
    """Let a model see all rows, in batches."""
    for begin in range(0, len(X), size):
        part = slice(begin, begin + size)
        model.partial_fit(X[part], sample_weight=None if sample_weight is None else sample_weight[part])
    return model


def assert_same_parameters(left, right, rtol=0.0, atol=0.0):
    for name in PARAMETERS:
        assert_allclose(getattr(left, name), getattr(right, name), rtol=rtol, atol=atol, err_msg=name)


def assert_valid(model):
    assert all(np.isfinite(getattr(model, name)).all() for name in PARAMETERS)
    assert model.weights_.sum() == pytest.approx(1)
    assert model.mixture_.n_components == model.n_components  # which checks that covariances are definite


# What is blended


def two_statistics(covariance_type, X, resp, cut):
    """Return statistics of two parts of the rows, each about means of its own."""
    return [
        gmmx.SufficientStatistics.from_responsibilities(X[part], resp[part], covariance_type)
        for part in (slice(cut), slice(cut, None))
    ]


@settings(max_examples=60, deadline=None)
@given(
    covariance_type=st.sampled_from(["full", "tied", "diag", "spherical", "VEV"]),
    share=st.floats(0, 1),
    cut=st.integers(2, 18),
    offset=st.sampled_from([0.0, -1e8]),
    seed=st.integers(0, 1000),
)
def test_a_blend_is_the_statistics_of_all_rows_with_weights(covariance_type, share, cut, offset, seed):
    rng = np.random.default_rng(seed)
    X, resp = rng.normal(size=(20, 3)) + offset, rng.dirichlet(np.ones(2), 20)
    one, other = two_statistics(covariance_type, X, resp, cut)
    blended = _core.blend(_core.rescaled(one, 1.0), _core.rescaled(other, 1.0), share)
    w = np.where(np.arange(20) < cut, (1 - share) / cut, share / (20 - cut))
    whole = gmmx.SufficientStatistics.from_responsibilities(X, resp, covariance_type, w)
    assert blended.total_weight == pytest.approx(1)
    assert blended.n_samples == 20
    assert_allclose(blended.counts, whole.counts, rtol=1e-12, atol=1e-15)
    one_step, at_once = (gmmx.m_step(s, covariance_type, reg_covar=1e-3) for s in (blended, whole))
    assert_allclose(one_step.means - offset, at_once.means - offset, rtol=1e-10, atol=1e-14 * (1 + abs(offset)))
    assert_allclose(one_step.covariances, at_once.covariances, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_blends_agree_with_the_reference(covariance_type):
    X, resp = rows_of(50), np.random.default_rng(0).dirichlet(np.ones(3), 50)
    ours = _core.blend(*two_statistics(covariance_type, X, resp, 20), 0.3)
    theirs = reference.blend(
        *(
            reference.statistics_from_responsibilities(X[p], resp[p], covariance_type)
            for p in (slice(20), slice(20, 50))
        ),
        0.3,
    )
    for name in ("shifts", "counts", "first_moments", "second_moments", "total_weight", "n_samples"):
        assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_m_step_of_expected_statistics_gives_the_mixture_back(covariance_type):
    mixture = OnlineGaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(rows_of(300)).mixture_
    expected = _core.expected_statistics(mixture)
    theirs = reference.expected_statistics(mixture)
    assert_allclose(expected.second_moments, theirs.second_moments, rtol=1e-10, atol=1e-12)
    for again in (
        gmmx.m_step(expected, covariance_type, 0, previous=mixture),
        reference.m_step(theirs, covariance_type),
    ):
        for name in ("weights", "means", "covariances"):
            assert_allclose(getattr(again, name), getattr(mixture, name), rtol=1e-7, atol=1e-7, err_msg=name)


def test_a_component_with_hardly_any_weight_is_raised_where_it_is():
    X = np.array([[0.0], [2.0], [7.0], [9.0]])
    statistics = gmmx.SufficientStatistics.from_responsibilities(
        X, np.eye(2)[[0, 0, 1, 1]], "diag", [1, 1, 1e-20, 1e-20]
    )
    raised = _core.with_least_counts(statistics, 1e-10)
    assert_allclose(raised.counts, [2, 2e-10])
    mixture = gmmx.m_step(raised, "diag", 0)
    assert_allclose(mixture.means.ravel(), [1, 8])
    assert_allclose(mixture.covariances.ravel(), [1, 1])
    nothing = gmmx.SufficientStatistics.from_responsibilities(X[:2], np.eye(2)[[0, 0]], "diag")
    assert_array_equal(_core.with_least_counts(nothing, 1e-10).counts, [2, 0])


def test_blends_refuse_what_does_not_fit():
    X, resp = rows_of(10), np.full((10, 2), 0.5)
    statistics = gmmx.SufficientStatistics.from_responsibilities(X, resp)
    with pytest.raises(ValueError, match=r"share is 1\.5, but must lie between 0 and 1"):
        _core.blend(statistics, statistics, 1.5)
    with pytest.raises(ValueError, match="second moment forms"):
        _core.blend(statistics, gmmx.SufficientStatistics.from_responsibilities(X, resp, "diag"), 0.5)
    for weight in (0.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="must be positive and finite"):
            _core.rescaled(statistics, weight)


# Steps


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_steps_agree_with_the_reference(covariance_type, average):
    X = rows_of(400)
    fitted = OnlineGaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=2, tol=1).fit(X[:100])
    model = OnlineGaussianMixture(
        3,
        covariance_type=covariance_type,
        weights_init=fitted.weights_,
        means_init=fitted.means_,
        precisions_init=fitted.precisions_,
        learning_decay=0.75,
        learning_offset=2,
        average=average,
    )
    batches = [X[:130], X[130:140], X[140:240], X[240:]]
    for batch in batches:
        model.partial_fit(batch)
    expected = reference.stepwise_em(batches, fitted.mixture_, decay=0.75, offset=2, reg_covar=1e-6)
    mixture = expected.averaged if average else expected.mixture
    for name in ("weights", "means", "covariances"):
        assert_allclose(getattr(model.mixture_, name), getattr(mixture, name), rtol=1e-6, atol=1e-8, err_msg=name)
    assert model.n_steps_ == model.n_iter_ == 4


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("first", [None, "fit", "fit_batches"])
def test_one_component_with_equal_steps_is_a_fit_to_all_rows(first, weighted):
    X = rows_of(300)
    w = np.random.default_rng(1).uniform(0, 3, 300) if weighted else None
    model = OnlineGaussianMixture(1, reg_covar=0, learning_decay=1, learning_offset=0)
    n_fitted = 120 if first else 0
    if first == "fit":
        model.fit(X[:120], sample_weight=None if w is None else w[:120])
    elif first == "fit_batches":
        model.fit_batches([X[:120] if w is None else (X[:120], w[:120])])
    stream(model, X[n_fitted:], 37, None if w is None else w[n_fitted:])
    assert_same_parameters(model, OnlineGaussianMixture(1, reg_covar=0).fit(X, sample_weight=w), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("prior", ["default", gmmx.ConjugatePrior(2.0, [1.0, 1.0], 6, 0.5)])
def test_a_prior_counts_as_rows_do(prior):
    X = rows_of(300)
    options = {"n_components": 1, "reg_covar": 0, "prior": prior}
    model = stream(OnlineGaussianMixture(**options, learning_decay=1, learning_offset=0), X, 50)
    if prior == "default":  # of the gathered rows
        assert_same_parameters(model, OnlineGaussianMixture(**options).fit(X), rtol=0.05, atol=0.05)
    else:
        assert_same_parameters(model, OnlineGaussianMixture(**options).fit(X), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("init_params", ["kmeans", "stream", "random", "random_from_data", "k-means++", "hc"])
def test_the_first_step_is_an_iteration_of_em(covariance_type, init_params):
    X = rows_of(100)
    options = {"covariance_type": covariance_type, "init_params": init_params, "random_state": 3}
    model = OnlineGaussianMixture(3, **options).partial_fit(X)
    fitted = OnlineGaussianMixture(3, **options, callback=lambda *_: True).fit(X)
    assert_same_parameters(model, fitted, rtol=1e-9, atol=1e-9)
    assert model.lower_bound_ == pytest.approx(fitted.lower_bound_, rel=1e-12)


def test_of_several_starts_the_likeliest_is_taken():
    X = rows_of(200)
    seeds = np.random.RandomState(0)
    options = {"n_components": 3, "init_params": "random_from_data", "reg_covar": 1.0}
    model = OnlineGaussianMixture(**options, n_init=8, random_state=np.random.RandomState(0)).partial_fit(X)
    singles = [OnlineGaussianMixture(**options, random_state=seeds).partial_fit(X) for _ in range(8)]
    assert_same_parameters(model, max(singles, key=lambda single: single.lower_bound_))


def test_a_million_rows_end_within_half_a_percent_of_em():
    rng = np.random.default_rng(0)
    n_samples, centres = 1_000_000, rng.normal(size=(5, 2)) * 2
    X = centres[rng.integers(5, size=n_samples)] + rng.normal(size=(n_samples, 2))
    model = stream(OnlineGaussianMixture(5, random_state=0), X, 1000)
    fitted = OnlineGaussianMixture(5, random_state=0, tol=1e-5, max_iter=300).fit(X)
    assert model.score(X) > fitted.score(X) - 0.005 * abs(fitted.score(X))
    assert (model.n_steps_, model.n_samples_seen_, model.converged_) == (1000, n_samples, False)


def test_averaging_evens_out_the_noise_of_few_rows():
    X = rows_of(6000)
    last, averaged = (stream(OnlineGaussianMixture(3, random_state=0, average=a), X, 3).score(X) for a in (False, True))
    assert averaged > last


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_batches_smaller_than_the_number_of_components(covariance_type, size):
    model = stream(OnlineGaussianMixture(4, covariance_type=covariance_type, random_state=0), rows_of(160), size)
    assert_valid(model)
    assert model.n_samples_seen_ == 160


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_rows_far_from_the_origin(offset):
    X = rows_of(3000)
    near = stream(OnlineGaussianMixture(3, random_state=0), X, 100)
    far = stream(OnlineGaussianMixture(3, random_state=0), X + offset, 100)
    assert_allclose(far.covariances_, near.covariances_, rtol=1e-5, atol=1e-6)
    assert_allclose(far.means_ - offset, near.means_, atol=1e-6)


def test_float32_rows_give_float32_parameters():
    X = rows_of(3000)
    wide = stream(OnlineGaussianMixture(3, random_state=0), X + 1e3, 100)
    narrow = stream(OnlineGaussianMixture(3, random_state=0), (X + 1e3).astype(np.float32), 100)
    assert {getattr(narrow, name).dtype for name in PARAMETERS} == {np.dtype(np.float32)}
    assert_allclose(narrow.covariances_, wide.covariances_, rtol=5e-3, atol=5e-3)
    narrow.partial_fit(X[:50] + 1e3)
    assert narrow.means_.dtype == np.float32


def test_results_do_not_depend_on_n_jobs():
    X = rows_of(9000, n_features=6)
    one, three = (stream(OnlineGaussianMixture(3, random_state=0, n_jobs=n), X, 3000) for n in (1, 3))
    assert_same_parameters(one, three)


# Weights


def test_a_weight_of_two_is_a_row_that_stands_twice():
    X = rows_of(400)
    w = np.random.default_rng(0).integers(0, 3, 400).astype(float)
    weighted, repeated = OnlineGaussianMixture(3, random_state=0), OnlineGaussianMixture(3, random_state=0)
    fitted = OnlineGaussianMixture(3, random_state=0).fit(X)
    for model in (weighted, repeated):
        model.set_params(
            weights_init=fitted.weights_, means_init=fitted.means_ + 0.5, precisions_init=fitted.precisions_ / 2
        )
    for begin in range(0, 400, 100):
        rows, counts = X[begin : begin + 100], w[begin : begin + 100]
        weighted.partial_fit(rows, sample_weight=counts)
        repeated.partial_fit(np.repeat(rows, counts.astype(int), axis=0))
    assert_same_parameters(weighted, repeated, rtol=1e-9, atol=1e-10)
    assert weighted.n_samples_seen_ == np.count_nonzero(w)


@pytest.mark.parametrize("before", [30, 200])
def test_a_batch_without_weight_is_skipped(before):
    X = rows_of(300)
    plain = OnlineGaussianMixture(3, random_state=0).partial_fit(X[:before])
    skipping = copy.deepcopy(plain).partial_fit(X[:50] + 9, sample_weight=np.zeros(50))
    assert (skipping.n_steps_, skipping.n_samples_seen_) == (plain.n_steps_, plain.n_samples_seen_)
    assert_same_parameters(skipping.partial_fit(X[before:]), plain.partial_fit(X[before:]))
    first = OnlineGaussianMixture(3).partial_fit(X[:5], sample_weight=np.zeros(5))
    assert (first.n_steps_, first.n_samples_seen_) == (0, 0)
    with pytest.raises(NotFittedError, match="has seen 0"):
        first.predict(X)


@pytest.mark.parametrize(("n_rows", "words"), [(0, "Call 'fit' or 'partial_fit' first"), (5, "rows.*has seen 5")])
def test_attributes_of_a_stream_that_has_not_begun_say_so(n_rows, words):
    model = OnlineGaussianMixture(3)
    if n_rows:
        model.partial_fit(rows_of(n_rows))
    for one in (model, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        for name in ("means_", "mixture_", "n_parameters_"):
            with pytest.raises(NotFittedError, match=words):
                getattr(one, name)
            assert not hasattr(one, name)
        with pytest.raises(AttributeError, match="object has no attribute 'mean'"):
            _ = one.mean
    model.fit(rows_of(100))
    with pytest.raises(AttributeError, match="object has no attribute 'labels_'"):
        _ = model.labels_


def test_a_batch_of_hardly_any_weight_changes_hardly_anything():
    X = rows_of(1000)
    model = stream(OnlineGaussianMixture(3, random_state=0), X, 100)
    after = copy.deepcopy(model).partial_fit(X[:20] + 3, sample_weight=np.full(20, 1e-12))
    assert_same_parameters(after, model, rtol=1e-9, atol=1e-9)


def test_a_loaded_model_goes_on_as_after_a_fit_to_all_rows_so_far(tmp_path):
    X = rows_of(2000)
    streamed = stream(OnlineGaussianMixture(3, random_state=0), X, 100)
    streamed.save(tmp_path / "model.safetensors")
    loaded = gmmx.load(tmp_path / "model.safetensors")
    few = rows_of(5)
    assert_same_parameters(loaded.partial_fit(few), streamed, rtol=0.02, atol=0.02)
    fitted = OnlineGaussianMixture(3, random_state=0).fit(X)
    fitted.save(tmp_path / "model.safetensors")
    again = gmmx.load(tmp_path / "model.safetensors")
    assert_same_parameters(again.partial_fit(few), fitted.partial_fit(few), rtol=1e-12, atol=1e-12)


# Before the start


def test_rows_are_gathered_until_a_start_can_be_made():
    X = rows_of(200)
    wanted = rows_to_start(3, 2)
    model = OnlineGaussianMixture(3, random_state=0)
    for n in range(1, wanted):
        model.partial_fit(X[n - 1 : n])
        assert (model.n_steps_, model.n_samples_seen_, model.n_features_in_) == (0, n, 2)
        assert not hasattr(model, "weights_")
        for method in (model.predict, model.score, lambda _: model.sample(3), lambda _: model.mixture_):
            with pytest.raises(NotFittedError, match=f"makes the start of {wanted} rows.*and has seen {n}"):
                method(X)
    model.partial_fit(X[wanted - 1 : wanted])
    assert_same_parameters(model, OnlineGaussianMixture(3, random_state=0).partial_fit(X[:wanted]))
    assert (model.n_steps_, model.n_samples_seen_) == (1, wanted)


def test_gathered_rows_are_copied():
    X = rows_of(100)
    model = OnlineGaussianMixture(3, random_state=0)
    held = np.empty((20, 2))
    for begin in range(0, 100, 20):
        held[:] = X[begin : begin + 20]
        model.partial_fit(held)
    assert_same_parameters(model, stream(OnlineGaussianMixture(3, random_state=0), X, 20))


def test_equal_rows_do_not_fill_the_memory():
    model = OnlineGaussianMixture(3, random_state=0)
    for _ in range(200):
        model.partial_fit([[1.0, 2.0]] * 5 + [[2.0, 1.0]] * 5)
    assert (model.n_steps_, model.n_samples_seen_) == (0, 2000)
    assert len(pickle.dumps(model)) < 5000
    model = stream(model, rows_of(100), 50)
    assert_valid(model)
    of_the_equal_rows = model.predict([[1.0, 2.0], [2.0, 1.0]])
    assert model.weights_[np.unique(of_the_equal_rows)].sum() > 0.5  # none of the 2,000 is lost
    assert model.n_samples_seen_ == 2100


def test_where_rows_have_many_features_fewer_are_gathered():
    assert rows_to_start(1000, 256) * 256 <= 1 << 22
    assert rows_to_start(10_000, 1000) == 20_000  # two of each component


def test_collapsing_starts_wait_for_more_rows():
    rng = np.random.default_rng(0)
    model = OnlineGaussianMixture(3, reg_covar=0, random_state=0)
    wanted = rows_to_start(3, 2)
    model.partial_fit(np.repeat([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]], wanted, axis=0))
    assert model.n_steps_ == 0
    for _ in range(20):
        model.partial_fit(rng.normal(size=(30, 2)))
    assert_valid(model)


def test_starts_that_collapse_whatever_comes_are_an_error():
    three = np.repeat([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]], 30, axis=0)
    model = OnlineGaussianMixture(3, reg_covar=0, random_state=0)
    with pytest.raises(gmmx.FitFailedError, match=r"No start can be made of the .* rows that partial_fit has gathered"):
        for _ in range(100):
            seen = getattr(model, "n_samples_seen_", 0)
            model.partial_fit(three)
    assert model.n_samples_seen_ == seen
    assert_valid(model.set_params(reg_covar=1e-6).partial_fit(three))


def test_a_given_partition_is_refused():
    with pytest.raises(ValueError, match="responsibilities_init is given, but partial_fit cannot tell which rows"):
        OnlineGaussianMixture(2, responsibilities_init=[0, 1]).partial_fit([[0.0], [1.0]])


def test_given_parameters_are_checked_at_the_first_row():
    with pytest.raises(ValueError, match="means_init needs a row for each of 3 components"):
        OnlineGaussianMixture(3, means_init=[[0.0, 0.0]]).partial_fit([[0.0, 0.0]])
    with pytest.raises(ValueError, match="prior has a mean of 1 features, but X has 2"):
        OnlineGaussianMixture(3, prior=gmmx.ConjugatePrior(0.01, [0.0], 3, 1.0)).partial_fit([[0.0, 0.0]])


@pytest.mark.parametrize(
    "wrong", [{"learning_decay": 0.5}, {"learning_decay": 1.1}, {"learning_offset": -1}, {"average": "yes"}]
)
def test_wrong_parameters_are_named(wrong):
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter of OnlineGaussianMixture must be"):
        OnlineGaussianMixture(**wrong).partial_fit(rows_of(10))


# What goes on, and what is forgotten


def test_a_fit_counts_as_a_batch_of_all_its_rows():
    X = rows_of(5000)
    model = OnlineGaussianMixture(3, random_state=0).fit(X)
    before = model.means_.copy()
    model.partial_fit(X[:10] + 2)
    assert 0 < np.abs(model.means_ - before).max() < 0.02
    assert (model.n_steps_, model.n_samples_seen_) == (2, 10)


def test_known_parameters_count_as_a_batch_like_the_next():
    fitted = OnlineGaussianMixture(3, random_state=0).fit(rows_of(500))
    known = OnlineGaussianMixture.from_parameters(fitted.weights_, fitted.means_, fitted.covariances_)
    known.set_params(learning_decay=1, learning_offset=0)
    batch = rows_of(40, seed=5)
    known.partial_fit(batch)
    own = gmmx.e_step(batch, fitted).counts / 40
    assert_allclose(known.weights_, (fitted.weights_ + own) / 2, rtol=1e-10)


def test_a_default_prior_after_a_fit_is_made_of_rows_that_are_gathered():
    X = rows_of(300)
    model = OnlineGaussianMixture(3, random_state=0, prior="default").fit(X)
    before = model.means_.copy()
    model.partial_fit(X[:1])
    assert_array_equal(model.means_, before)
    assert (model.n_steps_, model.n_samples_seen_) == (0, 1)
    assert model.predict(X).shape == (300,)
    stream(model, X, 60)
    assert model.n_steps_ > 1
    assert np.abs(model.means_ - before).max() > 0


def test_loaded_and_converted_models_go_on(tmp_path):
    X = rows_of(300)
    model = stream(OnlineGaussianMixture(3, random_state=0, learning_decay=0.7), X, 50)
    model.save(tmp_path / "model.safetensors")
    loaded = gmmx.load(tmp_path / "model.safetensors")
    assert loaded.learning_decay == 0.7
    assert_same_parameters(loaded, model)
    assert_valid(loaded.partial_fit(X[:5]))
    assert_valid(OnlineGaussianMixture.from_sklearn(model.to_sklearn()).partial_fit(X[:5]))


def test_a_fit_forgets_the_stream():
    X = rows_of(300)
    for begun in (X[:10], X[:100]):
        model = OnlineGaussianMixture(3, random_state=0).partial_fit(begun).fit(X)
        assert not hasattr(model, "n_steps_")
        assert not hasattr(model, "n_samples_seen_")
        fresh = OnlineGaussianMixture(3, random_state=0).fit(X)
        assert_same_parameters(model, fresh)
        assert_same_parameters(model.partial_fit(X[:9]), fresh.partial_fit(X[:9]))


@pytest.mark.parametrize("seen", [20, 150])
def test_copies_go_on_and_clones_begin_anew(seen):
    X = rows_of(300)
    model = stream(OnlineGaussianMixture(3, random_state=0, average=True), X[:seen], 10)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for each in (model, *copies):
        stream(each, X[seen:], 30)
        assert_same_parameters(each, model)
        assert each.n_steps_ == model.n_steps_
    assert not hasattr(clone(model), "n_samples_seen_")


def test_parameters_of_another_shape_are_refused():
    X = rows_of(200)
    model = OnlineGaussianMixture(3, random_state=0).partial_fit(X)
    before = model.means_.copy()
    for changed, message in [
        ({"n_components": 4}, "partial_fit goes on from what is fitted, with .* = \\(3, 2\\)"),
        ({"covariance_type": "diag"}, "covariances of shape"),
        ({"covariance_type": "VEV"}, "covariance_type is 'VEV', but partial_fit began with 'full'"),
    ]:
        model.set_params(**changed)
        with pytest.raises(ValueError, match=message):
            model.partial_fit(X)
        model.set_params(n_components=3, covariance_type="full")
    assert_array_equal(model.means_, before)
    model.partial_fit(X)


@pytest.mark.parametrize("seen", [20, 150])
@pytest.mark.parametrize(
    ("wrong", "weight", "message"),
    [
        (np.full((5, 2), np.nan), None, "Input X contains NaN"),
        (np.ones((5, 3)), None, "X has 3 features, but OnlineGaussianMixture is expecting 2"),
        (np.empty((0, 2)), None, "0 sample"),
        (np.ones(5), None, "Expected 2D array"),
        (np.ones((5, 2)), [-1, 1, 1, 1, 1], "sample_weight"),
        (np.ones((5, 2)), [1, 1], "sample_weight"),
        ([["a", "b"]], None, "could not convert"),
    ],
)
def test_an_error_leaves_the_stream_as_it_was(seen, wrong, weight, message):
    X = rows_of(300)
    undisturbed = stream(OnlineGaussianMixture(3, random_state=0), X[:seen], 10)
    model = copy.deepcopy(undisturbed)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.partial_fit(wrong, sample_weight=weight)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert_same_parameters(stream(model, X[seen:], 30), stream(undisturbed, X[seen:], 30))


def test_numbers_too_large_are_refused_and_forgotten():
    X = rows_of(300)
    model = stream(OnlineGaussianMixture(3, random_state=0), X, 50)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"X holds numbers as large as 1e\+200"):
        model.partial_fit([[1e200, 0.0]])
    with pytest.raises(ValueError, match="together with sample_weight: scale them down"):
        model.partial_fit(X[:10], sample_weight=np.full(10, 1e308))
    assert_same_parameters(model.partial_fit(X), before.partial_fit(X))


def test_feature_names_are_kept_and_compared():
    pd = pytest.importorskip("pandas")
    X = rows_of(100)
    model = OnlineGaussianMixture(3, random_state=0).partial_fit(pd.DataFrame(X, columns=["a", "b"]))
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(pd.DataFrame(X, columns=["a", "c"]))


# Components that fade, and that collapse


@pytest.mark.parametrize("reg_covar", [0.0, 1e-6])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical", "VVE"])
def test_a_component_fades_where_it_is_and_comes_back_with_its_rows(covariance_type, reg_covar):
    X = rows_of(4000)
    model = OnlineGaussianMixture(3, covariance_type=covariance_type, reg_covar=reg_covar, random_state=0)
    stream(model, X[:1000], 100)
    k = int(model.predict([[12.0, -4.0]])[0])
    mean, covariance = model.means_[k].copy(), model.covariances_[k].copy()
    others = X[model.predict(X) != k]
    for _ in range(200):
        stream(model, others, 500)
    assert 1e-11 < model.weights_[k] < 1e-8
    assert_allclose(model.means_[k], mean, atol=0.1)
    assert_allclose(model.covariances_[k], covariance, rtol=0.1, atol=0.2)
    stream(model, X, 100)
    assert model.weights_[k] > 0.02
    assert model.predict([[12.0, -4.0]])[0] == k


def test_a_collapse_keeps_the_mixture_and_the_statistics():
    X = rows_of(400)
    model = stream(OnlineGaussianMixture(3, reg_covar=0, random_state=0), X, 100)
    before = copy.deepcopy(model)
    point = np.repeat([[3.0, 3.0]], 5, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"collapsed in step 5 of partial_fit"):
        model.partial_fit(point, sample_weight=np.full(5, 1e9))  # outweighs all before
    assert_same_parameters(model, before)
    assert model.n_steps_ == 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(3):
            stream(model, X, 100, np.full(400, 1e9))
    assert np.abs(model.means_ - before.means_).max() > 0
    assert_valid(model)


# Rows that outweigh all others


@pytest.mark.parametrize("value", [1e10, 1e20, -1e100])
@pytest.mark.parametrize("when", [0, 4])
def test_a_huge_row_is_left_out_with_its_number(value, when):
    X = rows_of(2000)
    spoilt = np.insert(X, when * 200 + 7, value, axis=0)
    expected = stream(OnlineGaussianMixture(3, random_state=0), X, 200)
    model = OnlineGaussianMixture(3, random_state=0)
    batches = np.split(spoilt, np.cumsum([200 + (i == when) for i in range(9)]))
    for i, batch in enumerate(batches):
        if i == when:
            with pytest.warns(RuntimeWarning, match="Row 7 of .* left out of partial_fit"):
                model.partial_fit(batch)
        else:
            model.partial_fit(batch)
    assert_same_parameters(model, expected, rtol=1e-12, atol=1e-12)


def test_a_batch_of_one_huge_row_changes_nothing():
    model = stream(OnlineGaussianMixture(3, random_state=0), rows_of(600), 200)
    before = copy.deepcopy(model)
    with pytest.warns(RuntimeWarning, match="Row 0 of the batch is left out"):
        model.partial_fit([[1e20, 1e20]])
    assert_same_parameters(model, before)


def test_rows_that_all_move_are_no_exceptions():
    model = stream(OnlineGaussianMixture(2, covariance_type="diag", random_state=0), rows_of(300), 100)
    model.partial_fit(rows_of(100, seed=1) + 1e9)
    assert np.abs(model.means_).max() > 1e7
