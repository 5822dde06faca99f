"""gmmx with other tools: scikit-learn's own classes, skops, mlflow, ONNX."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

import gmmx
from gmmx import GaussianMixture, GaussianMixtureIC, interop

RNG = np.random.default_rng(3)
X = np.r_[RNG.normal(size=(70, 2)), RNG.normal(size=(50, 2)) * [1, 3] + 6]
TYPES = ("full", "tied", "diag", "spherical", "VEV", "EII", "VVI")


def pipeline(**options):
    return make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0, **options))


class TestToSklearn:
    @pytest.mark.parametrize("covariance_type", TYPES)
    def test_a_pipeline(self, covariance_type):
        ours = pipeline(covariance_type=covariance_type).fit(X)
        theirs = interop.to_sklearn(ours)
        assert type(theirs[-1]) is sklearn.mixture.GaussianMixture
        assert type(ours[-1]) is GaussianMixture
        np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-10)
        assert theirs[0] is not ours[0]

    def test_a_mixture_alone_and_a_choice(self):
        choice = GaussianMixtureIC(max_components=2, random_state=0).fit(X)
        for model in (GaussianMixture(2, random_state=0).fit(X), choice):
            theirs = interop.to_sklearn(model)
            assert type(theirs) is sklearn.mixture.GaussianMixture
            np.testing.assert_array_equal(theirs.predict(X), model.predict(X))

    def test_a_search_inside_and_out(self):
        search = GridSearchCV(pipeline(), {"gaussianmixture__n_components": [1, 2]}).fit(X)
        theirs = interop.to_sklearn(search)
        assert isinstance(theirs.best_estimator_[-1], sklearn.mixture.GaussianMixture)
        assert isinstance(theirs.estimator[-1], sklearn.mixture.GaussianMixture)
        assert theirs.score(X) == pytest.approx(search.score(X), rel=1e-10)
        assert theirs.fit(X).best_params_ == search.best_params_

    def test_what_is_not_fitted(self):
        theirs = interop.to_sklearn(clone(pipeline(covariance_type="tied", tol=1e-5)))
        assert theirs[-1].get_params()["tol"] == 1e-5
        np.testing.assert_allclose(theirs.fit(X).predict(X), pipeline(covariance_type="tied").fit(X).predict(X))
        with pytest.raises(ValueError, match="covariance_type is 'VEV', which scikit-learn does not have"):
            interop.to_sklearn(pipeline(covariance_type="VEV"))
        with pytest.raises(TypeError, match="GaussianMixtureIC that is not fitted"):
            interop.to_sklearn(make_pipeline(GaussianMixtureIC()))

    def test_transformers_are_left_alone(self):
        union = FeatureUnion([("a", ColumnTransformer([("s", StandardScaler(), [0])]))]).fit(X)
        np.testing.assert_array_equal(interop.to_sklearn(union).transform(X), union.transform(X))


def test_isinstance_can_be_answered_by_registering():
    code = (
        "import sklearn.mixture, gmmx\nfrom sklearn.base import clone\n"
        "model = gmmx.GaussianMixture(2, random_state=0)\n"
        "assert not isinstance(model, sklearn.mixture.GaussianMixture)\n"
        "sklearn.mixture.GaussianMixture.register(gmmx.GaussianMixture)\n"
        "assert isinstance(clone(model).fit([[0.0], [1.0], [5.0]]), sklearn.mixture.GaussianMixture)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class TestSkops:
    @pytest.mark.parametrize(
        "model",
        [
            GaussianMixture(2, random_state=0),
            GaussianMixture(2, covariance_type="VEV", prior="default", random_state=0),
            GaussianMixture(2, prior=gmmx.ConjugatePrior(0.01, [0.0, 0.0], 4, 1.0), random_state=0),
            GaussianMixtureIC(max_components=2, random_state=0),
            pipeline(),
        ],
        ids=lambda model: type(model).__name__,
    )
    def test_types_are_named_and_models_come_back(self, model):
        skops = pytest.importorskip("skops.io")
        written = skops.dumps(model.fit(X))
        assert set(skops.get_untrusted_types(data=written)) <= set(interop.TRUSTED_TYPES)
        read = skops.loads(written, trusted=list(interop.TRUSTED_TYPES))
        np.testing.assert_array_equal(read.predict(X), model.predict(X))

    def test_a_stream_goes_on(self):
        skops = pytest.importorskip("skops.io")
        gathering = gmmx.OnlineGaussianMixture(2, random_state=0).partial_fit(X[:3])
        stream = gmmx.OnlineGaussianMixture(2, random_state=0).partial_fit(X).partial_fit(X)
        for model in (gathering, stream):
            read = skops.loads(skops.dumps(model), trusted=list(interop.TRUSTED_TYPES))
            np.testing.assert_array_equal(read.partial_fit(X).means_, model.partial_fit(X).means_)


@pytest.mark.filterwarnings("ignore")  # of mlflow's own dependencies
@pytest.mark.parametrize("serialization_format", ["skops", "cloudpickle"])
def test_mlflow_saves_and_loads(tmp_path, serialization_format):
    mlflow = pytest.importorskip("mlflow.sklearn")
    model = pipeline().fit(X)
    trusted = {"skops_trusted_types": list(interop.TRUSTED_TYPES)} if serialization_format == "skops" else {}
    mlflow.save_model(
        model, tmp_path / "m", serialization_format=serialization_format, pip_requirements=["gmmx-native"], **trusted
    )
    np.testing.assert_array_equal(mlflow.load_model(str(tmp_path / "m")).predict(X), model.predict(X))


@pytest.fixture
def run_graph():
    """Convert an estimator and evaluate its graph, by onnxruntime if it is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skl2onnx = pytest.importorskip("skl2onnx")
        onnx = pytest.importorskip("gmmx.onnx")
    onnx.register_converter()

    def run(estimator, rows, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = skl2onnx.to_onnx(estimator, rows[:1], options=options or None)
            try:
                import onnxruntime
            except ImportError:
                from onnx.reference import ReferenceEvaluator

                return ReferenceEvaluator(graph).run(None, {"X": rows})
            session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
            return session.run(None, {"X": rows})

    return run


class TestOnnx:
    @pytest.mark.parametrize("covariance_type", TYPES)
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_labels_and_probabilities(self, run_graph, covariance_type, dtype):
        model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
        rows = X.astype(dtype)
        labels, probabilities = run_graph(model, rows)
        np.testing.assert_array_equal(labels, model.predict(rows))
        assert probabilities.dtype == dtype
        tolerance = 1e-10 if dtype == np.float64 else 1e-4
        np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=tolerance)

    def test_densities_on_demand(self, run_graph):
        model = GaussianMixture(3, random_state=0).fit(X)
        *_, scores = run_graph(model, X, score_samples=True)
        np.testing.assert_allclose(scores.ravel(), model.score_samples(X))

    def test_a_pipeline_and_a_choice(self, run_graph):
        choice = GaussianMixtureIC(max_components=2, random_state=0)
        for model in (pipeline(), make_pipeline(StandardScaler(), choice)):
            labels, probabilities = run_graph(model.fit(X), X)
            np.testing.assert_array_equal(labels, model.predict(X))
            np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-10)

    def test_far_from_the_origin(self, run_graph):
        rows = (X + 1e4).astype(np.float32)
        model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(rows)
        _, probabilities = run_graph(model, rows)
        np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-3)

    def test_an_empty_component(self, run_graph):
        model = GaussianMixture.from_parameters([0.0, 1.0], [[0.0, 0.0], [5.0, 5.0]], [1.0, 1.0], "spherical")
        labels, probabilities = run_graph(model, X)
        assert set(labels.tolist()) == {1}
        np.testing.assert_array_equal(probabilities, np.tile([0.0, 1.0], (len(X), 1)))
