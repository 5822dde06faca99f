"""Strange input: either it works as expected, or the error names the argument, what was given and the remedy."""

import copy
import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from gmmx import GaussianMixture, _core

IRIS = load_iris().data
X = IRIS[::3].copy()
N = len(X)
LABELS = np.arange(N) * 3 // N


def poisoned(value):
    rows = X.copy()
    rows[7, 2] = value
    return rows


def labels_with(value):
    labels = LABELS.copy()
    labels[0] = value
    return labels


def weights_with(value):
    weights = np.ones(N)
    weights[0] = value
    return weights


def not_definite():
    precisions = np.array([np.eye(4)] * 3)
    precisions[1, 0, 0] = -1
    return precisions


def not_symmetric():
    precisions = np.array([np.eye(4)] * 3)
    precisions[2, 0, 1] = 0.5
    return precisions


# What fit refuses ---------------------------------------------------------------------------------------------

BAD_ROWS = {
    "NaN": (poisoned(np.nan), ValueError, "Input X contains NaN"),
    "inf": (poisoned(np.inf), ValueError, "Input X contains infinity"),
    "-inf": (poisoned(-np.inf), ValueError, "Input X contains infinity"),
    "empty": (X[:0], ValueError, r"Found array with 0 sample\(s\)"),
    "no features": (X[:, :0], ValueError, r"Found array with 0 feature\(s\)"),
    "one row": (X[:1], ValueError, r"Found array with 1 sample\(s\)"),
    "fewer rows than components": (
        X[:2],
        ValueError,
        "Expected n_samples >= n_components but got n_components = 3, n_samples = 2. Lower n_components",
    ),
    "1-D": (X[:, 0], ValueError, r"Expected 2D array, got 1D array instead[\s\S]*Reshape your data"),
    "0-D": (3.0, ValueError, "Expected 2D array, got scalar array instead"),
    "3-D": (X[np.newaxis], ValueError, "Found array with dim 3"),
    "complex": (X + 1j, ValueError, "Complex data not supported"),
    "sparse": (scipy.sparse.csr_array(X), TypeError, "Sparse data was passed"),
    "strings": (
        X.astype(str).astype(object) + "a",
        ValueError,
        r"X is not accepted: could not convert string to float: '5.1a'\nX must be a two-dimensional array",
    ),
    "objects": (
        np.array([[object()]] * 5),
        TypeError,
        r"object of type object in row 0 .* of column 0 \(float.* argument",
    ),
    "None": (None, ValueError, "X is not accepted: Expected 2D array"),
    "ragged": ([[1.0, 2.0], [3.0]], ValueError, "X is not accepted: .* inhomogeneous"),
    "too large for float64": ([[10**400, 1]] * 4, ValueError, "X is not accepted: int too large"),
}

BAD_WEIGHTS = {
    "negative": (weights_with(-1), ValueError, "Negative values in data passed to `sample_weight`"),
    "all zero": (np.zeros(N), ValueError, "Sample weights must contain at least one non-zero number|sample_weight"),
    "NaN": (weights_with(np.nan), ValueError, "Input sample_weight contains NaN"),
    "inf": (weights_with(np.inf), ValueError, "Input sample_weight contains infinity"),
    "too long": (np.ones(N + 1), ValueError, r"sample_weight.shape == \(51,\), expected \(50,\)"),
    "2-D": (np.ones((N, 1)), ValueError, "Sample weights must be 1D array or scalar"),
    "complex": (np.ones(N) + 1j, ValueError, "Complex data not supported"),
    "strings": (["a"] * N, ValueError, "could not convert string"),
    "overflow": (np.full(N, 1e308), ValueError, "sample_weight sums to inf, but its sum must be .* finite"),
    "too few rows": (
        np.eye(N)[0] + np.eye(N)[1],
        ValueError,
        r"n_components = 3, n_samples = 2. .*\(48 of 50 rows have weight zero\)",
    ),
}

BAD_PARAMETERS = {
    "n_components 0": (dict(n_components=0), "The 'n_components' parameter"),
    "n_components float": (dict(n_components=2.5), "The 'n_components' parameter"),
    "covariance_type": (dict(covariance_type="ful"), "The 'covariance_type' parameter .*'full'.* Got 'ful' instead"),
    "covariance_type None": (dict(covariance_type=None), "The 'covariance_type' parameter"),
    "tol": (dict(tol=-1e-3), "The 'tol' parameter"),
    "tol NaN": (dict(tol=np.nan), "The 'tol' parameter"),
    "reg_covar": (dict(reg_covar=-1), "The 'reg_covar' parameter"),
    "max_iter": (dict(max_iter=-1), "The 'max_iter' parameter"),
    "n_init": (dict(n_init=0), "The 'n_init' parameter"),
    "init_params": (dict(init_params="k-means"), "The 'init_params' parameter .*'kmeans'.* Got 'k-means' instead"),
    "random_state": (dict(random_state="a"), "The 'random_state' parameter"),
    "n_jobs": (dict(n_jobs=1.5), "The 'n_jobs' parameter"),
    "n_jobs 0": (dict(n_jobs=0), "n_jobs=0 has no meaning"),
    "callback": (dict(callback="print"), "The 'callback' parameter"),
    "verbose_interval": (dict(verbose_interval=0), "The 'verbose_interval' parameter"),
    "weights_init shape": (
        dict(weights_init=[0.5, 0.5]),
        re.escape("The parameter 'weights' should have the shape of (3,), but got (2,). weights_init needs one"),
    ),
    "weights_init range": (
        dict(weights_init=[-0.5, 0.5, 1.0]),
        re.escape("in the range [0, 1], but weights_init runs from -0.5 to 1. Divide nonnegative weights by their sum"),
    ),
    "weights_init sum": (
        dict(weights_init=[0.5, 0.5, 0.5]),
        r"should be normalized, but got sum\(weights\) = 1.50000. Divide weights_init by its sum",
    ),
    "weights_init NaN": (dict(weights_init=[0.5, 0.5, np.nan]), "Input weights_init contains NaN"),
    "weights_init scalar": (dict(weights_init=1.0), "The 'weights_init' parameter"),
    "means_init shape": (
        dict(means_init=np.zeros((3, 2))),
        re.escape("The parameter 'means' should have the shape of (3, 4), but got (3, 2). means_init needs"),
    ),
    "means_init inf": (dict(means_init=np.full((3, 4), np.inf)), "Input means_init contains infinity"),
    "precisions_init of another type": (
        dict(precisions_init=np.ones((3, 4))),
        "The parameter 'full precision' should have the shape of .*The given shape is that of covariance_type='diag'",
    ),
    "precisions_init not definite": (
        dict(precisions_init=not_definite()),
        r"'full precision' should be symmetric, positive-definite, but precisions_init\[1\] is not",
    ),
    "precisions_init not symmetric": (
        dict(precisions_init=not_symmetric()),
        r"symmetric, positive-definite, but precisions_init\[2\] is not",
    ),
    "precisions_init tied": (
        dict(precisions_init=-np.eye(4), covariance_type="tied"),
        "'tied precision' should be symmetric, positive-definite, but precisions_init is not",
    ),
    "precisions_init diag": (
        dict(precisions_init=np.zeros((3, 4)), covariance_type="diag"),
        "'diag precision' should be positive, but the smallest value of precisions_init is 0",
    ),
    "precisions_init spherical": (
        dict(precisions_init=[1, 2, -3], covariance_type="spherical"),
        "'spherical precision' should be positive, but the smallest value of precisions_init is -3",
    ),
    "labels too large": (dict(responsibilities_init=labels_with(3)), "labels from 0 to 3, but with n_components=3"),
    "labels too small": (dict(responsibilities_init=labels_with(-2)), "labels from -2 to 2"),
    "labels too few": (dict(responsibilities_init=LABELS[:-1]), "holds 49 labels, but X has 50 rows"),
    "labels float": (dict(responsibilities_init=LABELS / 2), "dtype float64, but labels must be integers"),
    "labels strings": (dict(responsibilities_init=LABELS.astype(str)), "labels must be integers"),
    "labels leave one empty": (
        dict(responsibilities_init=np.minimum(LABELS, 1)),
        "responsibilities_init gives no row to component 2, but each of the 3 components",
    ),
    "responsibilities shape": (
        dict(responsibilities_init=np.full((N, 2), 0.5)),
        re.escape("has shape (50, 2), but must be labels of shape (50,) or responsibilities of shape (50, 3)"),
    ),
    "responsibilities 3-D": (dict(responsibilities_init=np.ones((N, 3, 1))), "has shape"),
    "responsibilities negative": (
        dict(responsibilities_init=np.eye(3)[LABELS] * 2 - [1, 0, 0]),
        "holds -1, but responsibilities must not be negative",
    ),
    "responsibilities sum": (
        dict(responsibilities_init=np.eye(3)[LABELS] * 0.9),
        "Each row of responsibilities_init must sum to one, but row 0 sums to 0.9",
    ),
    "responsibilities NaN": (
        dict(responsibilities_init=np.full((N, 3), np.nan)),
        "Input responsibilities_init contains NaN",
    ),
    "responsibilities leave one empty": (
        dict(responsibilities_init=np.eye(3)[np.zeros(N, int)]),
        "gives no row to components 1, 2",
    ),
    "nothing left to estimate": (
        dict(
            responsibilities_init=LABELS,
            weights_init=[0.5, 0.25, 0.25],
            means_init=X[:3],
            precisions_init=[np.eye(4)] * 3,
        ),
        "responsibilities_init is given, but so are weights_init, means_init and precisions_init",
    ),
}


@pytest.fixture(scope="module")
def fitted():
    return GaussianMixture(3, random_state=0).fit(IRIS)


def assert_fit_refused(model, error, message, rows, sample_weight=None):
    before = copy.deepcopy({name: value for name, value in vars(model).items() if name.endswith("_")})
    with pytest.raises(error, match=message), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's about ragged rows, before it refuses them
        model.fit(rows, sample_weight=sample_weight)
    after = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert_array_equal(np.asarray(value), np.asarray(after[name]), err_msg=name)


@pytest.mark.parametrize("earlier_fit", [False, True])
@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows(case, earlier_fit, fitted):
    rows, error, message = BAD_ROWS[case]
    model = copy.deepcopy(fitted) if earlier_fit else GaussianMixture(3)
    assert_fit_refused(model, error, message, rows)


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_bad_weights(case, fitted):
    weights, error, message = BAD_WEIGHTS[case]
    assert_fit_refused(copy.deepcopy(fitted), error, message, X, weights)
    if case == "too few rows":
        return
    for method in ("score", "aic", "bic"):
        with pytest.raises(error, match=message):
            getattr(fitted, method)(X, sample_weight=weights)


@pytest.mark.parametrize("case", BAD_PARAMETERS)
def test_bad_parameters(case, fitted):
    parameters, message = BAD_PARAMETERS[case]
    model = copy.deepcopy(fitted).set_params(**parameters)
    assert_fit_refused(model, ValueError, message, X)


def test_parameters_are_checked_as_scikit_learn_does():
    with pytest.raises(InvalidParameterError):
        GaussianMixture("3").fit(X)
    with pytest.raises(TypeError, match="unexpected keyword"):
        GaussianMixture(n_component=3)
    with pytest.raises(TypeError, match="positional"):
        GaussianMixture(3, "full")


def test_one_row_of_positive_weight():
    with pytest.raises(ValueError, match=r"n_samples = 1 row: at least 2 are required.*49 of 50 rows have weight"):
        GaussianMixture().fit(X, sample_weight=np.eye(N)[0])


# What predictions refuse --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "aic", "bic"])
@pytest.mark.parametrize("case", [case for case in BAD_ROWS if "row" not in case])
def test_bad_rows_to_predict(case, method, fitted):
    rows, error, _ = BAD_ROWS[case]
    with pytest.raises(error), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Creating an ndarray from ragged nested sequences")  # NumPy 1.23
        getattr(fitted, method)(rows)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "aic", "bic"])
def test_wrong_number_of_features(method, fitted):
    with pytest.raises(ValueError, match="X has 3 features, but GaussianMixture is expecting 4 features"):
        getattr(fitted, method)(X[:, :3])


# What works ---------------------------------------------------------------------------------------------------


def read_only(rows):
    rows = rows.copy()
    rows.flags.writeable = False
    return rows


def strided(rows):
    wide = np.zeros((3 * len(rows), 2 * rows.shape[1] + 1))
    wide[::3, 1::2] = rows
    return wide[::3, 1::2]


def pandas_frame(rows):
    return pytest.importorskip("pandas").DataFrame(rows, columns=list("abcd"))


def polars_frame(rows):
    return pytest.importorskip("polars").DataFrame(rows, schema=list("abcd"))


SAME_NUMBERS = {
    "lists": lambda rows: rows.tolist(),
    "tuples": lambda rows: tuple(map(tuple, rows)),
    "Fortran order": np.asfortranarray,
    "non-contiguous": strided,
    "reversed": lambda rows: rows[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only,
    "unaligned": lambda rows: np.frombuffer(b"x" + rows.tobytes(), dtype=float, offset=1).reshape(rows.shape),
    "objects": lambda rows: rows.astype(object),
    "strings of numbers": lambda rows: rows.astype(str).astype(object),
    "big endian": lambda rows: rows.astype(">f8"),
    "long double": lambda rows: rows.astype(np.longdouble),
    "matrix subclass": lambda rows: rows.view(type("Rows", (np.ndarray,), {})),
    "pandas": pandas_frame,
    "polars": polars_frame,
}


@pytest.mark.parametrize("kind", SAME_NUMBERS)
def test_the_same_numbers_in_another_guise(kind):
    rows = SAME_NUMBERS[kind](X)
    plain = GaussianMixture(3, random_state=0).fit(X)
    model = GaussianMixture(3, random_state=0).fit(rows)
    for name in ("weights_", "means_", "covariances_"):
        assert getattr(model, name).dtype == np.float64
        assert_allclose(getattr(model, name), getattr(plain, name), rtol=1e-12)
    assert_array_equal(model.predict(rows), plain.predict(X))
    assert_allclose(model.predict_proba(rows), plain.predict_proba(X), rtol=1e-12)
    assert_allclose(model.score_samples(rows), plain.score_samples(X), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint16, np.int64, bool])
def test_other_types_become_float64(dtype):
    rows = (np.random.default_rng(0).normal(size=(60, 2)) * 3).round().astype(dtype)
    model = GaussianMixture(2, random_state=0, reg_covar=1e-3).fit(rows)
    assert model.means_.dtype == np.float64
    plain = GaussianMixture(2, random_state=0, reg_covar=1e-3).fit(rows.astype(float))
    assert_array_equal(model.means_, plain.means_)
    assert_array_equal(model.predict_proba(rows), plain.predict_proba(rows.astype(float)))


@pytest.mark.parametrize("layout", [np.asfortranarray, strided, read_only], ids=lambda f: f.__name__)
def test_layouts_of_float32(layout):
    plain = GaussianMixture(3, random_state=0).fit(X.astype(np.float32))
    rows = layout(X.astype(np.float32)).astype(np.float32, order="K", copy=False)
    model = GaussianMixture(3, random_state=0).fit(rows)
    assert_allclose(model.means_, plain.means_, rtol=1e-5)


@pytest.mark.parametrize(
    "weights",
    [2, 0.5, [1] * N, np.ones(N, dtype=np.float32), np.ones(2 * N)[::2], np.ones(N, dtype=bool)],
    ids=["scalar", "fraction", "list", "float32", "strided", "bool"],
)
def test_guises_of_equal_weights(weights):
    plain = GaussianMixture(3, random_state=0).fit(X)
    model = GaussianMixture(3, random_state=0).fit(X, sample_weight=weights)
    assert_allclose(model.means_, plain.means_, rtol=1e-10)
    assert model.score(X, sample_weight=weights) == pytest.approx(plain.score(X), rel=1e-10)


def test_weights_as_a_series():
    pandas = pytest.importorskip("pandas")
    weights = pandas.Series(np.arange(N) % 3, index=np.arange(N)[::-1])
    model = GaussianMixture(3, random_state=0).fit(X, sample_weight=weights)
    plain = GaussianMixture(3, random_state=0).fit(X, sample_weight=weights.to_numpy())
    assert_array_equal(model.means_, plain.means_)


@pytest.mark.parametrize(
    "labels",
    [LABELS.tolist(), LABELS.astype(np.uint8), LABELS.astype(np.int64), np.repeat(LABELS, 2)[::2]],
    ids=["list", "uint8", "int64", "strided"],
)
def test_guises_of_labels(labels):
    model = GaussianMixture(3, responsibilities_init=labels, max_iter=0).fit(X)
    assert_allclose(model.means_, [X[k == LABELS].mean(axis=0) for k in range(3)])


def test_initial_parameters_as_lists_and_integers():
    model = GaussianMixture(2, weights_init=[0, 1], means_init=[[5, 3, 1, 0], [6, 3, 4, 1]], max_iter=0)
    with pytest.warns(ConvergenceWarning, match=r"No row belongs to the components \[0\]"):
        model.set_params(precisions_init=[1, 2], covariance_type="spherical").fit(X)
    assert_array_equal(model.weights_, [0, 1])
    assert_allclose(model.precisions_, [1, 2], rtol=1e-15)
    assert model.empty_components_ == [0]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("scale, dtype", [(1e200, np.float64), (1e25, np.float32)])
def test_rows_whose_squares_overflow(covariance_type, scale, dtype):
    model = GaussianMixture(3, covariance_type=covariance_type, responsibilities_init=LABELS)
    with pytest.raises(ValueError, match=f"X holds numbers as large as .* whose squares overflow {dtype.__name__}"):
        model.fit((X * scale).astype(dtype))
    model.fit((X * np.sqrt(scale) * 1e3).astype(dtype))
    assert np.isfinite(model.log_likelihood_)


def test_column_names():
    frame = pandas_frame(X)
    model = GaussianMixture(2, random_state=0).fit(frame)
    assert_array_equal(model.feature_names_in_, list("abcd"))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    model.fit(X)
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="NaN"):
        model.fit(frame.mask(frame > 7))
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("offset, scale", [(1e8, 1.0), (0.0, 1e-8), (0.0, 1e8), (-1e6, 1e-2)])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_offset_and_scale(covariance_type, offset, scale):
    settings = dict(n_components=3, covariance_type=covariance_type, responsibilities_init=LABELS, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = GaussianMixture(**settings, reg_covar=0).fit(X)
        moved = GaussianMixture(**settings, reg_covar=0).fit(X * scale + offset)
    assert_allclose(moved.covariances_, plain.covariances_ * scale**2, rtol=1e-5, atol=1e-6 * scale**2)
    assert_allclose(moved.weights_, plain.weights_, rtol=1e-5)


FOREIGN_ROWS = """
import numpy as np
import sklearn
from gmmx import GaussianMixture

class Foreign:
    "Rows of another array library, which can turn them into NumPy's."

    def __init__(self, rows):
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        return self.rows.astype(dtype or float)

    def __array_namespace__(self, api_version=None):
        raise AssertionError("NumPy's view of the rows is wanted")

rows = np.random.default_rng(0).normal(size=(50, 2))
plain = GaussianMixture(2, random_state=0).fit(rows)
try:
    sklearn.set_config(array_api_dispatch=True)
except ImportError:  # scikit-learn before 1.8 wants one more package for that
    raise SystemExit
else:
    for same in (rows, Foreign(rows)):
        model = GaussianMixture(2, random_state=0).fit(same, sample_weight=np.ones(50))
        assert np.allclose(model.means_, plain.means_, rtol=1e-12)
        assert type(model.predict_proba(same)) is np.ndarray
"""


def test_array_api_dispatch_changes_nothing():
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", FOREIGN_ROWS], env=environment, check=True)


def test_two_rows_and_one_feature():
    model = GaussianMixture().fit([[0.0], [2.0]])
    assert_allclose(model.means_, [[1.0]])
    assert_allclose(model.covariances_, [[[1.000001]]])
    assert_array_equal(model.predict([[5.0]]), [0])


def test_as_many_components_as_rows():
    model = GaussianMixture(5, random_state=0, covariance_type="diag").fit(X[::10])
    assert model.converged_
    assert len(np.unique(model.predict(X[::10]))) == 5


# Parameters from elsewhere ------------------------------------------------------------------------------------

W, M, C = [0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [np.eye(2), np.eye(2)]

BAD_MODELS = {
    "weights shape": (([1.0], M, C), "The parameter 'weights' should have the shape of .*weights needs"),
    "weights sum": (([0.5, 0.6], M, C), "Divide weights by its sum"),
    "means shape": ((W, [0.0, 1.0], C), r"means has shape \(2,\), but must have shape \(n_components, n_features\)"),
    "means NaN": ((W, [[0, 0], [np.nan, 1]], C), "Input means contains NaN"),
    "covariances shape": (
        (W, M, [1.0, 1.0]),
        "The parameter 'covariances' should have the shape of .*that of covariance_type='spherical'",
    ),
    "covariances not symmetric": (
        (W, M, [np.eye(2), [[1, 0.5], [0, 1]]]),
        r"covariances\[1\] has 0.5 at \[0, 1\] and 0 at \[1, 0\]",
    ),
    "tied not symmetric": (
        (W, M, [[1, 0.5], [0, 1]], "tied"),
        r"covariances has 0.5 at .* but must be symmetric\. Give",
    ),
    "covariances not definite": ((W, M, [np.eye(2), np.ones((2, 2))]), r"covariances\[1\] is not positive definite"),
    "tied not definite": ((W, M, -np.eye(2), "tied"), "covariances is not positive definite"),
    "variances": ((W, M, [1.0, 0.0], "spherical"), "must hold positive variances, but its smallest value is 0"),
    "type": ((W, M, C, "Full"), "covariance_type is 'Full', but must be one of"),
    "type None": ((W, M, C, None), "covariance_type is None, but must be one of"),
    "empty": (([], np.zeros((0, 2)), np.zeros((0, 2, 2))), "means has shape"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
def test_bad_models(case):
    arguments, message = BAD_MODELS[case]
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_parameters(*arguments)


def test_small_numbers_in_messages_are_not_told_as_zero():
    statistics = _core.statistics_from_labels(X, np.zeros(N, dtype=np.int32), 1, "full", None, 1)
    with pytest.raises(ValueError, match=r"reg_covar is -1e-300;"):
        _core.m_step(statistics, "full", -1e-300)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_float32_rows_whose_precisions_overflow(covariance_type):
    """Precisions near 1e40 are beyond float32: the parameters are float64, and rows score as they do in float64."""
    tiny = (X * 1e-20).astype(np.float32)
    model = GaussianMixture(3, covariance_type=covariance_type, responsibilities_init=LABELS, reg_covar=0).fit(tiny)
    wide = GaussianMixture(3, covariance_type=covariance_type, responsibilities_init=LABELS, reg_covar=0)
    wide.fit(tiny.astype(np.float64))
    assert model.precisions_.dtype == np.float64
    assert_allclose(model.precisions_, wide.precisions_, rtol=1e-3)
    assert_allclose(model.score_samples(tiny), wide.score_samples(tiny.astype(np.float64)), rtol=1e-4)


def test_rows_of_one_dimension_are_not_listed():
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead") as caught:
        GaussianMixture(2).fit(np.linspace(0.0, 1.0, 800))
    assert len(str(caught.value)) < 400
