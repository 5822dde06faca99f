"""Messages say which value of which argument is wrong, what is allowed, and what to do."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import gmmx
from gmmx import _core

X = np.random.default_rng(0).normal(size=(50, 2))


def complaint(call: Any, *arguments: Any, **options: Any) -> str:
    """Return the message of the error that a call ends in, on one line."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*arguments, **options)
    return " ".join(str(caught.value).split())


def with_fill_value(value: float = 1e20) -> Any:
    rows = X.copy()
    rows[3, 0] = value
    return rows


class TestRemedies:
    """A failed fit names what is wrong with the rows, not parameters that do not help."""

    @pytest.mark.parametrize("prior", [None, "default"])
    @pytest.mark.parametrize("covariance_type", ["full", "diag"])
    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_all_columns_are_constant(self, prior: Any, covariance_type: str) -> None:
        model = gmmx.GaussianMixture(2, reg_covar=0, prior=prior, covariance_type=covariance_type)
        for fit in (model.fit, model.fit_batches):
            message = complaint(fit, np.ones((20, 2)))
            assert message.endswith("give rows that differ, or increase reg_covar: all columns of X are constant.")

    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_constant_columns_are_named(self) -> None:
        pd = pytest.importorskip("pandas")
        table = pd.DataFrame({"a": X[:, 0], "b": 7.0, "c": 7.0})
        model = gmmx.GaussianMixture(2, reg_covar=0)
        ending = "To prevent this, drop columns 'b' and 'c' of X, which are constant."
        assert complaint(model.fit, table).endswith(ending)
        assert complaint(model.fit_batches, [table.iloc[:25], table.iloc[25:]]).endswith(ending)

    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_dependent_columns_are_named(self) -> None:
        rows = np.column_stack([X, X.sum(axis=1)])
        message = complaint(gmmx.GaussianMixture(2, reg_covar=0).fit, rows)
        assert message.endswith("drop column 2 of X, which depends on others.")

    @pytest.mark.filterwarnings("ignore:Row 3 of X")
    def test_a_fill_value_is_blamed_not_the_columns(self) -> None:
        message = complaint(gmmx.GaussianMixture(2, reg_covar=0).fit, with_fill_value())
        assert message.endswith("To prevent this, drop row 3 of X (the first is 0), which outweighs all others.")
        rows = np.column_stack([with_fill_value(), np.ones(50)])
        with pytest.warns(ConvergenceWarning, match="degenerate") as caught, pytest.warns(gmmx.ColumnWarning):
            gmmx.GaussianMixtureIC(max_components=3).fit(rows)
        (message,) = [str(each.message) for each in caught if "degenerate" in str(each.message)]
        assert message.endswith("Drop row 3 of X (the first is 0), which outweighs all others.")

    def test_a_number_whose_square_overflows_comes_without_a_warning_of_numpy(self) -> None:
        with (
            pytest.warns(RuntimeWarning) as caught,
            pytest.raises(ValueError, match=r"numbers as large as 1e\+200, whose squares overflow"),
        ):
            gmmx.GaussianMixtureIC(max_components=2).fit(with_fill_value(1e200))
        assert ["Row 3 of X" in str(each.message) for each in caught] == [True]

    @pytest.mark.parametrize(("dtype", "scale"), [(np.float64, 1e-200), (np.float32, 1e-30)])
    def test_numbers_whose_squares_underflow_are_blamed(self, dtype: type, scale: float) -> None:
        rows = (X * scale).astype(dtype)
        with pytest.raises(ValueError, match=f"whose squares underflow {dtype.__name__}: some column must reach"):
            gmmx.GaussianMixture(2, reg_covar=0, random_state=0).fit(rows)
        with pytest.raises(ValueError, match="whose squares underflow"):
            gmmx.GaussianMixture(2, reg_covar=0, random_state=0).fit_batches([rows])
        if dtype is np.float64:  # which parameters have, whatever the rows
            with pytest.raises(gmmx.FitFailedError, match=r"Scale the columns of X, whose numbers are at most \S+e-"):
                gmmx.GaussianMixtureIC(max_components=2).fit(rows)

    def test_tiny_weights_are_blamed_not_the_rows(self) -> None:
        with pytest.warns(ConvergenceWarning, match="degenerate") as caught:
            gmmx.GaussianMixtureIC(max_components=2).fit(X, sample_weight=np.full(50, 1e-3))
        message = str(caught[0].message)
        assert "parameters for rows of 2, whose weights sum to 0.05." in message
        assert message.endswith("Scale sample_weight, which sums to 0.05, until it sums to the 50 rows of X.")


def with_value(value: float) -> Any:
    weights = np.ones(50)
    weights[3] = value
    return weights


ALLOWED = "sample_weight must be one finite number of at least 0 for each row of X."
FULL = "covariance_type='full' with 2 components and 2 features: reshape it, or change covariance_type or n_components."
NOT_FINITE = "must be an array of finite real numbers. Fill it in, or leave"


class TestThreeParts:
    """scikit-learn's words stay; what is allowed and a remedy follow them."""

    @pytest.mark.parametrize(
        ("weights", "fault", "remedy"),
        [
            (
                with_value(-1),
                "passed to `sample_weight`: -1 in row 3 (the first is 0). ",
                "Give rows that do not count",
            ),
            (
                with_value(np.inf),
                "contains infinity or a value too large for dtype('float64') in row 3 ",
                "Fill it in, ",
            ),
            (np.ones(40), "sample_weight.shape == (40,), expected (50,). ", "Give the weights of these rows"),
            (["a"] * 50, "could not convert string to float: 'a' ", "Convert sample_weight to such numbers."),
        ],
    )
    def test_sample_weight(self, weights: Any, fault: str, remedy: str) -> None:
        model = gmmx.OnlineGaussianMixture(2, random_state=0).fit(X)
        calls = [model.fit, model.score, model.partial_fit, gmmx.GaussianMixtureIC(max_components=2).fit]
        for call in calls:
            message = complaint(call, X, sample_weight=weights)
            assert fault in message and f"{ALLOWED} {remedy}" in message
        assert f"{ALLOWED} {remedy}" in complaint(model.fit_batches, [(X, weights)])

    def test_rows(self) -> None:
        model = gmmx.OnlineGaussianMixture(2, random_state=0).fit(X)
        assert complaint(model.fit, X[:0]).endswith(
            "a minimum of 2 is required by OnlineGaussianMixture. Give more rows."
        )
        ending = "is expecting 2 features as input. Give the columns that it was fitted to, in their order."
        for call in (model.predict, model.predict_proba, model.score_samples, model.score, model.partial_fit):
            assert complaint(call, X[:, :1]).endswith(ending)
        assert "X has 1 features, but the mixture has 2" in complaint(gmmx.fast.predict, X[:, :1], model.mixture_)

    def test_names_of_columns(self) -> None:
        pd = pytest.importorskip("pandas")
        table = pd.DataFrame(X, columns=["a", "b"])
        model = gmmx.GaussianMixture(2, random_state=0).fit(table)
        ending = "Select the columns by their names, in the order of the fit."
        assert complaint(model.predict, table[["b", "a"]]).endswith(f"same order as they were in fit. {ending}")
        assert complaint(model.predict, table.rename(columns={"a": "q"})).endswith(f"missing: - a {ending}")

    @pytest.mark.parametrize(
        ("options", "ending"),
        [
            ({"covariance_type": "ful"}, "'VVE', 'VVI', 'VVV'}. Got 'ful' instead. Did you mean 'full'?"),
            ({"covariance_type": "veV"}, "Got 'veV' instead. Did you mean 'VEV'?"),
            (
                {"init_params": "zzz"},
                "must be a str among {'hc', 'k-means++', 'kmeans', 'random', 'random_from_data', 'stream'}. Got 'zzz' "
                "instead. Give such a value, or leave init_params at its default, 'kmeans'.",
            ),
            ({"tol": -1}, "Got -1 instead. Give such a value, or leave tol at its default, 0.001."),
            (
                {"prior": "defaults"},
                "an instance of 'gmmx.ConjugatePrior' or None. Got 'defaults' instead. Did you mean 'default'?",
            ),
        ],
    )
    def test_options(self, options: Any, ending: str) -> None:
        assert complaint(gmmx.GaussianMixture(**options).fit, X).endswith(ending)

    @pytest.mark.parametrize("kind", [gmmx.GaussianMixture, gmmx.OnlineGaussianMixture, gmmx.GaussianMixtureIC])
    def test_misspelt_keywords(self, kind: Any) -> None:
        message = complaint(kind, covariance_typ="full")
        assert message == (
            f"{kind.__name__}.__init__() got an unexpected keyword argument 'covariance_typ'. "
            "Did you mean 'covariance_type'?"
        )
        assert "keyword argument 'zzz'. Give some of m" in complaint(gmmx.GaussianMixtureIC, zzz=3)
        assert complaint(kind, 1, 2, 3).startswith(f"{kind.__name__}.__init__() takes ")
        assert list(inspect.signature(kind).parameters)[-1] != "options"

    def test_misspelt_keywords_of_functions(self) -> None:
        model = gmmx.GaussianMixture(2, random_state=0).fit(X)
        message = complaint(gmmx.bootstrap, model, X, n_resample=9)
        assert message == "bootstrap() got an unexpected keyword argument 'n_resample'. Did you mean 'n_resamples'?"
        assert complaint(gmmx.bootstrap_lrt, X, zzz=9).startswith("bootstrap_lrt() got an unexpected keyword argument")

    def test_a_misspelt_keyword_of_dask(self) -> None:
        pytest.importorskip("dask.array")  # pytest 9 skips for modules that are missing alone
        dask = pytest.importorskip("gmmx.dask")
        assert complaint(dask.GaussianMixture, n_component=2).endswith("'n_component'. Did you mean 'n_components'?")

    def test_more_components_at_least_than_at_most(self) -> None:
        assert complaint(gmmx.GaussianMixtureIC(12).fit, X) == (
            "min_components is 12, but must be at most max_components, which is 9. Raise max_components, or lower "
            "min_components."
        )

    def test_options_elsewhere(self) -> None:
        model = gmmx.GaussianMixture(2, random_state=0).fit(X)
        message = complaint(gmmx.GaussianMixtureIC(criterion="bicc").fit, X)
        assert message.endswith("a str among {'aic', 'bic', 'icl'}. Got 'bicc' instead. Did you mean 'bic'?")
        assert complaint(gmmx.bootstrap, model, X, kind="parametrc").endswith("Did you mean 'parametric'?")
        assert complaint(gmmx.m_step, gmmx.e_step(X, model), "fulll").endswith("Did you mean 'full'?")
        message = complaint(gmmx.plot.density, model, kind="zzz")
        assert "kind is 'zzz', but must be one of " in message and message.endswith("Choose one of these.")

    @pytest.mark.parametrize(
        ("options", "fault", "remedy"),
        [
            (
                {"weights_init": [0.2] * 5},
                "the shape of (2,), but got (5,).",
                "weights_init needs one weight for each",
            ),
            ({"weights_init": [np.nan, 1]}, "weights_init contains NaN in row 0", f"weights_init {NOT_FINITE} weights"),
            (
                {"means_init": np.ones((3, 2))},
                "the shape of (2, 2), but got (3, 2).",
                ": reshape it, or change n_components.",
            ),
            ({"means_init": [[0, np.inf], [1, 1]]}, "in position (0, 1)", f"means_init {NOT_FINITE} means_init out."),
            ({"precisions_init": np.ones((2, 3))}, "the shape of (2, 2, 2), but got (2, 3).", FULL),
        ],
    )
    def test_parameters_of_the_start(self, options: Any, fault: str, remedy: str) -> None:
        message = complaint(gmmx.GaussianMixture(2, **options).fit, X)
        assert fault in message and remedy in message


class TestFiles:
    """Paths that are no files name the argument and the remedy."""

    def test_a_folder_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError, match=r"^path is '.*', which is a folder, .* Name a file in it\.$"):
            gmmx.load(tmp_path)

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        model = gmmx.GaussianMixture().fit([[0.0], [1.0]])
        with pytest.raises(FileNotFoundError, match=r"^path is '.*', but the folder '.*none' does not exist: make it"):
            model.save(tmp_path / "none" / "model.safetensors")

    def test_nothing_is_no_path(self) -> None:
        model = gmmx.GaussianMixture().fit([[0.0], [1.0]])
        with pytest.raises(TypeError, match=r"^path is None, but must be a str or path-like\. Give the name"):
            model.save(None)  # type: ignore[arg-type]


class TestColumnsOfFrames:
    """Errors name the columns of data frames."""

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "score", "bic"])
    def test_of_rows_too_far_away(self, method: str) -> None:
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["mass", "age"])
        model = gmmx.GaussianMixture(2, random_state=0).fit(frame)
        frame.loc[3, "age"] = 1e200
        with pytest.raises(ValueError, match=r"X holds 1e\+200 in row 3 \(the first is 0\) of column 'age'"):
            getattr(model, method)(frame)

    def test_of_lists_where_the_fit_had_those_of_arrow(self) -> None:
        pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
        X = np.random.default_rng(0).normal(size=(30, 2))
        model = gmmx.GaussianMixture(2, random_state=0).fit(pa.table({"face": X.tolist()}))
        with pytest.raises(ValueError, match=r"X has the column 'face' of objects of type list, but all columns must"):
            model.predict(pd.DataFrame({"face": X.tolist()}))


class TestPublicNames:
    """No message and no name has the module of one instruction set, which users cannot import."""

    def test_messages(self) -> None:
        model = gmmx.GaussianMixture(2, random_state=0).fit(X)
        statistics, mixture = gmmx.e_step(X, model), model.mixture_
        assert complaint(lambda: statistics + 1) == (
            "unsupported operand type(s) for +: 'gmmx.SufficientStatistics' and 'int'"
        )
        assert "'gmmx.Mixture' and 'gmmx.Mixture'" in complaint(lambda: mixture < mixture)
        assert "gmmx.Mixture(weights: " in complaint(gmmx.Mixture, 1)
        assert "-> gmmx.SufficientStatistics" in complaint(gmmx.SufficientStatistics.from_bytes, 1)
        for native in (mixture, statistics, gmmx.Mixture):
            with pytest.raises(AttributeError) as caught:
                _ = native.nothing
            assert "_core" not in str(caught.value)

    def test_modules(self) -> None:
        for kind in (gmmx.Mixture, gmmx.SufficientStatistics, gmmx.CollapsedComponentError):
            assert kind.__module__ == "gmmx" and repr(kind) == f"<class 'gmmx.{kind.__name__}'>"
        natives = {name: value for name, value in vars(_core).items() if callable(value) and name[0] != "_"}
        assert len(natives) > 30
        modules = {name: value.__module__ for name, value in natives.items()}
        assert {name: module for name, module in modules.items() if module.startswith("gmmx._core_")} == {}
        assert modules["EMResult"] == modules["e_step"] == modules["decompose"] == "gmmx._core"


@pytest.mark.parametrize("path", ["rows.parquet", Path("rows.parquet")])
def test_a_path_in_place_of_rows(path):
    model = gmmx.GaussianMixture(2, random_state=0)
    for method in (model.fit, model.fit(np.random.default_rng(0).normal(size=(30, 2))).predict):
        with pytest.raises(
            ValueError, match=r"^X is the path 'rows.parquet', but must hold rows: give the path to fit_b"
        ):
            method(path)


@pytest.mark.parametrize(
    ("call", "offered"),
    [
        (lambda: gmmx.GaussianMixture().fit([[0.0], [1.0]], sample_weights=[1, 2]), "'sample_weight'"),
        (lambda: gmmx.GaussianMixture().fit_predict([[0.0], [1.0]], weight=[1, 2]), "'sample_weight'"),
        (lambda: gmmx.GaussianMixture().fit_batches([[[0.0], [1.0]]], batchsize=2), "'batch_size'"),
        (lambda: gmmx.GaussianMixtureIC().fit([[0.0], [1.0]], sample_wieght=[1, 2]), "'sample_weight'"),
        (lambda: gmmx.OnlineGaussianMixture().partial_fit([[0.0], [1.0]], sample_weigth=[1, 2]), "'sample_weight'"),
    ],
)
def test_misspelt_keywords_of_methods(call, offered):
    with pytest.raises(TypeError, match=rf"got an unexpected keyword argument .* Did you mean {offered}\?"):
        call()


def test_files_that_are_not_there(tmp_path):
    model = gmmx.GaussianMixture().fit([[0.0], [1.0]])
    with pytest.raises(
        FileNotFoundError, match=r"^path is '.*none', but there is no such file\. Give the path of a file"
    ):
        gmmx.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"^the path is '', which names no file\. Give the path of a file"):
        model.save("")
