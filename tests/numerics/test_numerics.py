"""Promises about numbers: threads, instruction sets, offsets, weights, empty components, memory layout."""

import multiprocessing
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gmmx
from gmmx import GaussianMixture, _core

SAME = {"VVV", "EEE", "VVI", "VII", "E", "V"}  # as full, tied, diag, spherical, and EII and VII of one feature
TYPES = [name for name in _core.covariance_types() if name not in SAME]


def blobs(n_samples=3000, n_features=4, n_components=3, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(n_components, n_features)) * 4
    labels = rng.integers(n_components, size=n_samples).astype(np.int32)
    scales = rng.uniform(0.5, 2.0, size=(n_components, n_features))
    X = centers[labels] + scales[labels] * rng.normal(size=(n_samples, n_features))
    return X.astype(dtype), labels


def start(X, labels, covariance_type, sample_weight=None, reg_covar=0.0):
    statistics = _core.statistics_from_labels(X, labels, labels.max() + 1, covariance_type, sample_weight, 2)
    return _core.m_step(statistics, covariance_type, reg_covar)


def run(X, mixture, sample_weight=None, max_iter=20, tol=0.0, n_threads=2, reg_covar=0.0):
    return _core.em(
        X,
        mixture,
        sample_weight,
        tol=tol,
        reg_covar=reg_covar,
        max_iter=max_iter,
        previous_lower_bound=-np.inf,
        callback=None,
        n_threads=n_threads,
    )


def matrices(mixture):
    """Return the covariances as n_components matrices, whatever they are held as."""
    (n_components, n_features), covariances = mixture.means.shape, mixture.covariances
    if covariances.ndim == 1:  # spherical
        covariances = np.multiply.outer(covariances, np.ones(n_features))
    if covariances.shape == (n_components, n_features) and mixture.covariance_type not in {"tied", "EEE"}:
        covariances = covariances[:, :, np.newaxis] * np.eye(n_features)
    return np.broadcast_to(covariances, (n_components, n_features, n_features))


def parameters(mixture):
    return [mixture.weights, mixture.means, mixture.covariances, mixture.precisions_cholesky]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_results_are_bitwise_equal_for_any_number_of_threads(covariance_type, dtype):
    # A prime number of rows, enough for many chunks, that no number of threads divides.
    X, labels = blobs(n_samples=50_021, n_features=3, dtype=dtype)
    sample_weight = np.random.default_rng(1).uniform(size=len(X))
    uniforms = np.random.default_rng(2).uniform(size=_core.kmeans_draws(5))
    mixture = start(X, labels, covariance_type, sample_weight)
    results = []
    for n_threads in (1, 2, 3, 7):
        fit = run(X, mixture, sample_weight, max_iter=4, n_threads=n_threads)
        clusters = _core.kmeans(X, 5, uniforms, sample_weight, max_iter=9, tol=0.0, n_threads=n_threads)
        results.append(
            [array.tobytes() for array in parameters(fit.mixture)]
            + [np.array(fit.lower_bounds).tobytes()]
            + [_core.e_step(X, mixture, None, n_threads).to_bytes()]
            + [_core.score_samples(X, mixture, n_threads).tobytes()]
            + [clusters.labels.tobytes(), clusters.centers.tobytes(), np.float64(clusters.inertia).tobytes()]
            + [_core.sample(mixture, 5000, 7, n_threads)[0].tobytes()]
        )
    assert all(result == results[0] for result in results[1:])


def elsewhere(X, shift):
    """Return the same rows at an address that is `shift` numbers past a multiple of 64 bytes."""
    memory = np.empty(X.size + 64, dtype=X.dtype)
    start = (-memory.ctypes.data % 64) // X.itemsize + shift
    copy = memory[start : start + X.size].reshape(X.shape)
    copy[...] = X
    return copy


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clusters_do_not_depend_on_where_memory_lies(dtype):
    # Rounded rows: many ties, which any other order of additions would break otherwise.
    X = np.round(np.random.default_rng(0).normal(size=(150, 4)) * 0.7, 1).astype(dtype)
    rng = np.random.default_rng(1)
    kept = []
    for seed in range(20):
        uniforms = np.random.default_rng(seed).uniform(size=_core.kmeans_draws(60))
        found = set()
        for i in range(16):
            kept.append([bytearray(size) for size in rng.integers(1, 5000, size=3)])  # moves what is allocated next
            clusters = _core.kmeans(elsewhere(X, i % 8), 60, uniforms, None, max_iter=50, tol=1e-4, n_threads=1)
            found.add(clusters.labels.tobytes() + clusters.centers.tobytes())
        assert len(found) == 1


@pytest.mark.parametrize("acceleration", ["none", "anderson", "squarem"])
@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results_do_not_depend_on_where_memory_lies(dtype, covariance_type, acceleration):
    X = np.round(blobs(n_samples=150, n_features=4)[0], 1).astype(dtype)
    n_components = 40
    uniforms = np.random.default_rng(0).uniform(size=(1, _core.kmeans_draws(n_components)))
    rng = np.random.default_rng(1)
    kept, found = [], set()
    for i in range(30):
        kept.append([bytearray(size) for size in rng.integers(1, 5000, size=3)])  # moves what is allocated next
        options = {"tol": 1e-4, "reg_covar": 1e-2, "max_iter": 12, "acceleration": acceleration}
        (fit,) = _core.em_from_kmeans(
            elsewhere(X, i % 8), n_components, covariance_type, uniforms, None, n_threads=1, **options
        )
        found.add(b"".join(array.tobytes() for array in parameters(fit.mixture)))
    assert len(found) == 1


@pytest.mark.parametrize(("dtype", "offset"), [(np.float64, 1e8), (np.float32, 1e3)])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_data_far_from_the_origin_give_the_covariances_of_centred_data(covariance_type, dtype, offset):
    X, labels = blobs()
    far = (X + offset).astype(dtype)
    near = far.astype(np.float64) - offset  # exactly the rows that the far data hold
    far_fit = run(far, start(far, labels, covariance_type))
    near_fit = run(near, start(near, labels, covariance_type))
    # The offset rounds the means, which are held in float64, and acts on the rest only through them. In float32 each
    # iteration rounds.
    unit = np.spacing(offset) if dtype == np.float64 else 16 * np.finfo(dtype).eps
    np.testing.assert_allclose(far_fit.mixture.means - offset, near_fit.mixture.means, rtol=0, atol=unit)
    rtol = 1e-8 if dtype == np.float64 else 128 * np.finfo(dtype).eps
    atol = rtol * np.abs(near_fit.mixture.covariances).max()
    np.testing.assert_allclose(far_fit.mixture.covariances, near_fit.mixture.covariances, rtol=0, atol=atol)
    np.testing.assert_allclose(far_fit.lower_bounds, near_fit.lower_bounds, rtol=0.25 * rtol)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_narrow_components_far_apart_keep_their_covariances(covariance_type):
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(2, dtype=np.int32), 500)
    X = np.array([[0.0, 0.0], [1e6, -1e6]])[labels] + 1e-3 * rng.normal(size=(1000, 2))
    fit = run(X, start(X, labels, covariance_type), max_iter=3)
    own = np.array([np.cov(X[labels == k].T, bias=True) for k in range(2)])
    expected = _core.nearest_covariances(covariance_type, own)
    np.testing.assert_allclose(fit.mixture.covariances, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    covariance_type=st.sampled_from(TYPES),
    n_features=st.integers(1, 6),
    n_components=st.integers(1, 4),
)
def test_likelihood_never_falls_and_responsibilities_sum_to_one(seed, covariance_type, n_features, n_components):
    X, labels = blobs(400, n_features, n_components, seed)
    fit = run(X, start(X, labels, covariance_type), max_iter=15)
    rises = np.diff(fit.lower_bounds)
    assert (rises >= -1e-12 * np.abs(fit.lower_bounds[:-1])).all()
    np.testing.assert_allclose(_core.responsibilities(X, fit.mixture, 1).sum(axis=1), 1.0, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), covariance_type=st.sampled_from(TYPES))
def test_a_weight_is_a_repetition_and_zero_is_absence(seed, covariance_type):
    X, labels = blobs(300, 3, 3, seed)
    counts = np.random.default_rng(seed).integers(0, 4, size=len(X))
    repeated, repeated_labels = np.repeat(X, counts, axis=0), np.repeat(labels, counts)
    weight = counts.astype(float)
    weighted = run(X, start(X, labels, covariance_type, weight, 1e-6), weight, max_iter=5, reg_covar=1e-6)
    plain = run(repeated, start(repeated, repeated_labels, covariance_type, None, 1e-6), max_iter=5, reg_covar=1e-6)
    for one, other in zip(parameters(weighted.mixture), parameters(plain.mixture), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(weighted.lower_bounds, plain.lower_bounds, rtol=1e-11)

    uniforms = np.random.default_rng(seed).uniform(size=_core.kmeans_draws(3))
    options = {"max_iter": 100, "tol": 1e-4, "n_threads": 1}
    clusters = _core.kmeans(X, 3, uniforms, weight, **options)
    clusters_repeated = _core.kmeans(repeated, 3, uniforms, None, **options)
    np.testing.assert_allclose(clusters.inertia, clusters_repeated.inertia, rtol=1e-10)
    np.testing.assert_array_equal(np.repeat(clusters.labels, counts), clusters_repeated.labels)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), covariance_type=st.sampled_from(TYPES), cut=st.integers(0, 500))
def test_statistics_of_two_parts_add_up_to_the_whole(seed, covariance_type, cut):
    X, labels = blobs(500, 3, 4, seed)
    mixture = start(X, labels, covariance_type)
    whole = _core.e_step(X, mixture, None, 1)
    parts = _core.e_step(X[:cut], mixture, None, 1) + _core.e_step(X[cut:], mixture, None, 1)
    assert parts.n_samples == whole.n_samples == 500
    np.testing.assert_allclose(parts.log_likelihood, whole.log_likelihood, rtol=1e-12)
    spread = np.abs(X - X.mean(axis=0)).max()  # no summand is larger, and rounding is a share of the summands
    for power, name in enumerate(("counts", "first_moments", "second_moments")):
        atol = 1e-13 * len(X) * max(1.0, spread) ** power
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-10, atol=atol)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_parts_of_a_given_partition_have_other_shifts_and_still_add(covariance_type):
    X, _ = blobs(600, 3, 4)
    resp = np.random.default_rng(0).dirichlet(np.ones(4), size=len(X))
    make = _core.SufficientStatistics.from_responsibilities
    whole = make(X, resp, covariance_type)
    parts = make(X[:99], resp[:99], covariance_type) + make(X[99:], resp[99:], covariance_type)
    assert not np.array_equal(parts.shifts, whole.shifts)
    one, other = _core.m_step(parts, covariance_type, 0.0), _core.m_step(whole, covariance_type, 0.0)
    for left, right in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), covariance_type=st.sampled_from(TYPES))
def test_order_of_components_and_rows_does_not_matter(seed, covariance_type):
    X, labels = blobs(350, 3, 3, seed)
    rng = np.random.default_rng(seed)
    order, rows = rng.permutation(3), rng.permutation(len(X))
    fit = run(X, start(X, labels, covariance_type), max_iter=6)
    other = run(X[rows], start(X[rows], np.argsort(order).astype(np.int32)[labels[rows]], covariance_type), max_iter=6)
    np.testing.assert_allclose(other.mixture.weights, fit.mixture.weights[order], rtol=1e-8)
    np.testing.assert_allclose(other.mixture.means, fit.mixture.means[order], rtol=1e-8, atol=1e-9)
    expected = matrices(fit.mixture)[order]
    np.testing.assert_allclose(matrices(other.mixture), expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(other.lower_bounds, fit.lower_bounds, rtol=1e-10)


def linear_map(covariance_type, n_features, rng):
    """Draw a matrix of the largest group that leaves a covariance model what it is."""
    rotation = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    scales = rng.uniform(0.5, 2.0, size=n_features)
    if covariance_type in {"full", "VVV", "tied", "EEE", "VEE", "EVV"}:
        return rotation * scales
    if covariance_type in {"diag", "VVI", "EEI", "VEI", "EVI"}:
        return np.diag(scales * rng.choice([-1.0, 1.0], size=n_features))[rng.permutation(n_features)]
    return rotation * scales[0]  # axes that must stay orthogonal, or spheres


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("covariance_type", _core.covariance_types())
def test_an_affine_map_of_the_rows_maps_the_fit(covariance_type, seed):
    n_features = 1 if covariance_type in {"E", "V"} else 3
    X, labels = blobs(350, n_features, 3, seed)
    rng = np.random.default_rng(seed)
    a, b = linear_map(covariance_type, n_features, rng), rng.normal(size=n_features) * 10
    fit = run(X, start(X, labels, covariance_type), max_iter=6)
    mapped = run(X @ a.T + b, start(X @ a.T + b, labels, covariance_type), max_iter=6)
    np.testing.assert_allclose(mapped.mixture.weights, fit.mixture.weights, rtol=1e-8)
    np.testing.assert_allclose(mapped.mixture.means, fit.mixture.means @ a.T + b, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(matrices(mapped.mixture), a @ matrices(fit.mixture) @ a.T, rtol=1e-7, atol=1e-8)
    log_det = np.linalg.slogdet(a)[1]
    np.testing.assert_allclose(np.array(mapped.lower_bounds) + log_det, fit.lower_bounds, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_any_memory_layout_gives_the_same_bits(covariance_type):
    X, labels = blobs(2000, 4)
    mixture = start(X, labels, covariance_type)
    expected = _core.e_step(X, mixture, None, 1).to_bytes()
    spread = np.zeros((4000, 9))
    spread[::2, 1:9:2] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"x" + X.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(X.shape)
    assert not unaligned.flags.aligned
    layouts = {
        "Fortran": np.asfortranarray(X),
        "strided": spread[::2, 1:9:2],
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
        "read-only": read_only,
        "unaligned": unaligned,
    }
    for name, rows in layouts.items():
        np.testing.assert_array_equal(rows, X)
        assert _core.e_step(rows, mixture, None, 1).to_bytes() == expected, name


@pytest.mark.parametrize("covariance_type", TYPES)
def test_swapped_bytes_give_the_same_bits(covariance_type):
    """By the functions of Python; the compiled ones refuse them."""
    X, labels = blobs(2000, 4)
    mixture = start(X, labels, covariance_type)
    swapped = X.astype(X.dtype.newbyteorder())
    assert not swapped.dtype.isnative
    assert gmmx.e_step(swapped, mixture, n_jobs=1).to_bytes() == _core.e_step(X, mixture, None, 1).to_bytes()
    with pytest.raises(TypeError, match=r"X has dtype [<>]f8; convert it to float64 or float32"):
        _core.e_step(swapped, mixture, None, 1)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_an_empty_component_stays_where_it_was(covariance_type):
    X, labels = blobs()
    mixture = start(X, labels, covariance_type)
    means = mixture.means.copy()
    means[1] = 1e6
    lonely = _core.Mixture(mixture.weights, means, covariance_type, covariances=mixture.covariances)
    statistics = _core.e_step(X, lonely, None, 2)
    assert statistics.empty_components == [1]
    new = _core.m_step(statistics, covariance_type, 1e-6)
    assert new.weights[1] == 0
    np.testing.assert_array_equal(new.means[1], lonely.means[1])
    assert run(X, lonely, max_iter=2, reg_covar=1e-6).empty_components == [1]
    # A component of weight zero takes no part: no NaN anywhere.
    assert np.isfinite(_core.score_samples(X, new, 1)).all()
    np.testing.assert_array_equal(_core.responsibilities(X, new, 1)[:, 1], 0.0)


def test_a_collapsed_component_is_named():
    X = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [5.0, 5.0]])
    statistics = _core.statistics_from_labels(X, np.array([0, 0, 0, 1], dtype=np.int32), 2, "full", None, 1)
    with pytest.raises(_core.CollapsedComponentError, match="component 1 is not positive definite") as caught:
        _core.m_step(statistics, "full", 0.0)
    assert caught.value.component == 1


def test_samples_have_the_moments_of_the_mixture():
    X, labels = blobs()
    for covariance_type in TYPES:
        mixture = start(X, labels, covariance_type)
        rows, components = _core.sample(mixture, 200_000, 11, 2)
        assert (np.diff(components) >= 0).all()
        again = start(rows, components.astype(np.int32), covariance_type)
        np.testing.assert_allclose(again.weights, mixture.weights, atol=0.005)
        np.testing.assert_allclose(again.means, mixture.means, atol=0.05)
        np.testing.assert_allclose(again.covariances, mixture.covariances, atol=0.1)


def fit_in_child(connection):
    X, labels = blobs(n_samples=30_000)
    connection.send(_core.e_step(X, start(X, labels, "full"), None, 2).to_bytes())
    connection.close()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the platform cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_compute_after_its_parent_did():
    X, labels = blobs(n_samples=30_000)
    expected = _core.e_step(X, start(X, labels, "full"), None, 2).to_bytes()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=fit_in_child, args=(sender,))
    child.start()
    try:
        assert receiver.poll(60), "the forked child hangs"
        assert receiver.recv() == expected
    finally:
        child.kill()
        child.join()


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_a_fit_needs_no_memory_of_rows_times_components():
    result = python(
        """
        import resource
        import warnings
        import numpy as np
        from gmmx import GaussianMixture

        X = np.random.default_rng(0).standard_normal((2_000_000, 8), dtype=np.float32)
        warnings.simplefilter("ignore")
        GaussianMixture(2, max_iter=1, n_jobs=2).fit(X[:5000])  # what is loaded and allocated once
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        GaussianMixture(64, max_iter=1, init_params="random_from_data", random_state=0, n_jobs=2).fit(X)
        means = np.random.default_rng(1).standard_normal((64, 8))
        middle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        from gmmx import _core
        _core.kmeans(X, 64, np.random.default_rng(0).uniform(size=_core.kmeans_draws(64)), None,
                     max_iter=1, tol=1e-4, n_threads=2)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print((middle - before) / 1024, (after - before) / 1024)
        """
    )
    assert result.returncode == 0, result.stderr
    em, kmeans = map(float, result.stdout.split())
    assert em < 120
    assert kmeans < 120


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="affinity is a Linux matter here")
@pytest.mark.skipif(not _core.build_config()["openmp"], reason="this build is without OpenMP and runs on one thread")
def test_thread_counts():
    script = "from gmmx import _core; print(_core.thread_count(None), _core.thread_count(3), _core.thread_count(-1))"
    default, three, processors = map(int, python(script, OMP_NUM_THREADS="5").stdout.split())
    assert (default, three) == (5, 3)
    assert processors <= len(os.sched_getaffinity(0))
    pinned = python("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + script, OMP_NUM_THREADS="")
    assert pinned.stdout.split() == ["1", "3", "1"]
    assert _core.thread_count(-1000) == 1
    with pytest.raises(ValueError, match="n_jobs=0"):
        _core.thread_count(0)


@pytest.mark.parametrize("covariance_type", ["tied", "EII"])
@pytest.mark.filterwarnings("ignore:Column .* outweighs")
def test_em_in_float32_ends_where_rounding_hides_its_gains(covariance_type):
    """In memory and over batches. Far rows make the log-densities round by more than EM gains near the end."""
    options = dict(covariance_type=covariance_type, tol=1e-9, max_iter=600)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = np.vstack([rng.normal(size=(150, 2)), rng.normal(size=(150, 2)) * 200 + 2e3]).astype(np.float32)
        wide = GaussianMixture(3, random_state=seed, **options).fit(X.astype(float))
        narrow = GaussianMixture(3, random_state=seed, **options).fit(X)
        batches = GaussianMixture(3, random_state=seed, **options).fit_batches(lambda X=X: iter([X[:100], X[100:]]))
        for model in (narrow, batches):
            assert model.converged_
            assert model.lower_bound_ == pytest.approx(wide.lower_bound_, abs=1e-4)
        never = run(X, narrow.mixture_, max_iter=30, reg_covar=1e-6)
        assert len(never.lower_bounds) == 30
