"""The command line: what it does with fitted mixtures: predict, score, sample, plot, info; and bench."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

import gmmx
from gmmx.cli import bench as bench_module
from gmmx.cli.bench import Outcome, Problem

FAITHFUL = Path(__file__).parents[1] / "data" / "faithful.csv"
X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
NAMES = ["eruptions", "waiting"]

TO_THE_LAST_DIGIT: Any = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
"""How pandas reads numbers exactly."""

Run = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def model(run: Run, tmp_path: Path) -> gmmx.GaussianMixture:
    """The geyser's mixture; ``m.safetensors`` holds it and the names of its features."""
    assert run("fit", FAITHFUL, "-k", "2", "--model", "m.safetensors").exit_code == 0
    loaded = gmmx.load(tmp_path / "m.safetensors")
    del loaded.feature_names_in_
    return loaded


@pytest.fixture
def nameless(model: gmmx.GaussianMixture, tmp_path: Path) -> gmmx.GaussianMixture:
    """The same mixture; ``n.safetensors`` holds it without names."""
    model.save(tmp_path / "n.safetensors")
    return model


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def refusal(result: Result, exit_code: int = 2) -> str:
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def table(result: Result) -> pd.DataFrame:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return pd.read_csv(io.StringIO(result.stdout), **TO_THE_LAST_DIGIT)


class TestPredict:
    def test_components_of_all_rows_on_standard_output(self, run: Run, model: gmmx.GaussianMixture) -> None:
        frame = table(run("predict", "m.safetensors", FAITHFUL))
        assert list(frame) == ["component"]
        np.testing.assert_array_equal(frame["component"], model.predict(X))

    def test_what_is_asked_for_is_written_to_the_last_digit(self, run: Run, model: gmmx.GaussianMixture) -> None:
        frame = table(run("predict", "m.safetensors", FAITHFUL, "--no-label", "--proba", "--log-density"))
        assert list(frame) == ["proba_0", "proba_1", "log_density"]
        np.testing.assert_array_equal(frame[["proba_0", "proba_1"]], model.predict_proba(X))
        np.testing.assert_array_equal(frame["log_density"], model.score_samples(X))

    def test_a_file_gets_a_summary(self, run: Run, model: gmmx.GaussianMixture) -> None:
        result = run("predict", "m.safetensors", FAITHFUL, "--output", "out.csv")
        assert "faithful.csv: 272 rows x 2 columns" in result.stdout
        assert re.search(r"^0 +97 +35.7%\n1 +175 +64.3%$", result.stdout, re.MULTILINE)
        assert "wrote predictions: out.csv" in result.stdout

    def test_json_is_one_document(self, run: Run, model: gmmx.GaussianMixture) -> None:
        whole = document(run("predict", "m.safetensors", FAITHFUL, "--proba", "--json"))
        assert whole["component"] == model.predict(X).tolist()
        assert whole["proba"] == model.predict_proba(X).tolist()
        assert (whole["n_samples"], whole["columns"]) == (272, NAMES)
        brief = document(run("predict", "m.safetensors", FAITHFUL, "--json", "-o", "out.npy"))
        assert brief["written"] == {"rows": "out.npy"}
        assert "component" not in brief

    def test_json_has_null_for_what_is_no_number(self, run: Run, write: Write, model: gmmx.GaussianMixture) -> None:
        write("eruptions,waiting\n2,50\n,50\n")
        result = run("predict", "m.safetensors", "data.csv", "--drop-missing", "--log-density", "--json")
        assert result.exit_code == 0, result.output
        densities = json.loads(result.stdout)["log_density"]
        assert densities[1] is None
        assert math.isfinite(densities[0])

    def test_nothing_to_write_is_refused(self, run: Run, model: gmmx.GaussianMixture) -> None:
        assert "add --proba or --log-density" in refusal(run("predict", "m.safetensors", FAITHFUL, "--no-label"))


class TestColumns:
    """Rows find the model's features by name, else by their place."""

    def scores(self, run: Run, *arguments: Any) -> float:
        value = document(run("score", *arguments, "--json"))["log_likelihood"]
        assert isinstance(value, float)
        return value

    @pytest.fixture
    def expected(self, nameless: gmmx.GaussianMixture) -> Any:
        return pytest.approx(nameless.score(X) * len(X), rel=1e-12)

    def test_names_in_any_order_among_others(self, run: Run, tmp_path: Path, expected: Any) -> None:
        frame = pd.DataFrame(X, columns=NAMES)
        frame = frame.assign(id="x", other=1.0)[["other", "waiting", "id", "eruptions"]]
        frame.to_csv(tmp_path / "x.csv", index=False)
        frame.to_parquet(tmp_path / "x.parquet")
        for name in ("x.csv", "x.parquet"):
            assert self.scores(run, "m.safetensors", name) == expected

    def test_missing_names_are_an_error_with_the_remedy(self, run: Run, tmp_path: Path, expected: Any) -> None:
        pd.DataFrame(X, columns=["wait", "eruption"]).to_csv(tmp_path / "x.csv", index=False)
        for command in ("predict", "score"):
            message = refusal(run(command, "m.safetensors", "x.csv"))
            assert "x.csv has no columns 'eruptions', 'waiting' of m.safetensors; it has wait, eruption" in message
            assert "by --columns, in the order eruptions, waiting" in message
        assert self.scores(run, "m.safetensors", "x.csv", "--columns", "wait,eruption") == expected

    def test_named_in_another_order_by_their_names(self, run: Run, expected: Any) -> None:
        assert self.scores(run, "m.safetensors", FAITHFUL, "--columns", "waiting,eruptions") == expected

    def test_without_names_by_place(self, run: Run, tmp_path: Path, expected: Any) -> None:
        np.save(tmp_path / "x.npy", X)
        np.savetxt(tmp_path / "bare.csv", X, delimiter=",")
        pd.DataFrame(X, columns=["a", "b"]).to_csv(tmp_path / "x.csv", index=False)
        for mixture, name in [("m", "x.npy"), ("m", "bare.csv"), ("n", "x.npy"), ("n", "x.csv")]:
            assert self.scores(run, f"{mixture}.safetensors", name) == expected

    def test_another_number_of_columns_is_an_error(self, run: Run, tmp_path: Path, expected: Any) -> None:
        wide = np.column_stack([X, np.ones(len(X))])
        np.save(tmp_path / "x.npy", wide)
        pd.DataFrame(wide, columns=["a", "b", "class"]).to_csv(tmp_path / "x.csv", index=False)
        message = refusal(run("score", "m.safetensors", "x.npy"))
        assert "3 columns of numbers (column_1, column_2, column_3), but m.safetensors has 2 features" in message
        assert "by --columns" in message
        assert "has 2 features;" in refusal(run("score", "n.safetensors", "x.csv"))
        assert self.scores(run, "n.safetensors", "x.csv", "--label-column", "class") == expected
        assert self.scores(run, "m.safetensors", "x.npy", "--columns", "column_1,column_2") == expected

    def test_a_feature_is_not_a_weight(self, run: Run, model: gmmx.GaussianMixture) -> None:
        message = refusal(run("score", "m.safetensors", FAITHFUL, "--weight-column", "waiting"))
        assert "column 'waiting' is the weight column and is a feature of m.safetensors too" in message


class TestScore:
    def test_prints_likelihood_and_criteria(self, run: Run, model: gmmx.GaussianMixture) -> None:
        result = run("score", "m.safetensors", FAITHFUL)
        assert result.exit_code == 0
        for words in ("-1130.264066 (-4.155383 per row)", "2322.1920", "2322.6975", "2282.5281 (11 free parameters)"):
            assert words in result.stdout

    def test_weights_count_rows_also_over_blocks(self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture) -> None:
        many = np.tile(X, (80, 1))
        weights = np.arange(len(many)) % 4 / 2
        weights[:10_000] = 0.0  # all of a block
        pd.DataFrame(many, columns=NAMES).assign(w=weights).to_csv(tmp_path / "x.csv", index=False)
        found = document(run("score", "m.safetensors", "x.csv", "--weight-column", "w", "--json"))
        assert found["total_weight"] == weights.sum()
        assert found["log_likelihood_per_row"] == pytest.approx(model.score(many, sample_weight=weights), rel=1e-12)
        for name in ("bic", "icl", "aic"):
            assert found[name] == pytest.approx(getattr(model, name)(many, weights), rel=1e-12)

    def test_rows_without_density_are_an_error(self, run: Run, write: Write, model: gmmx.GaussianMixture) -> None:
        write("eruptions,waiting\n1e300,50\n")
        message = refusal(run("score", "m.safetensors", "data.csv"))
        assert "row 1 holds 1e+300 in column 'eruptions', so far from every component" in message

    def test_weights_that_are_all_zero(self, run: Run, write: Write, model: gmmx.GaussianMixture) -> None:
        write("eruptions,waiting,w\n2,50,0\n")
        message = refusal(run("score", "m.safetensors", "data.csv", "--weight-column", "w"))
        assert "all weights in column 'w' are zero" in message


class TestSample:
    def test_rows_have_names_and_repeat_by_seed(self, run: Run, model: gmmx.GaussianMixture) -> None:
        one, two = (run("sample", "m.safetensors", "50", "--seed", "3") for _ in range(2))
        assert one.stdout == two.stdout != run("sample", "m.safetensors", "50").stdout
        frame = table(one)
        assert list(frame) == NAMES
        assert len(frame) == 50

    def test_they_are_distributed_as_the_mixture_in_random_order(
        self, run: Run, model: gmmx.GaussianMixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gmmx.cli.sample._NUMBERS_AT_ONCE", 20_000)
        frame = table(run("sample", "m.safetensors", "60000", "--labels"))
        for k in range(2):
            mine = frame[frame["component"] == k]
            assert len(mine) / len(frame) == pytest.approx(model.weights_[k], abs=0.01)
            np.testing.assert_allclose(mine[NAMES].mean(), model.means_[k], rtol=0.01)
            np.testing.assert_allclose(mine[NAMES].cov(), model.covariances_[k], rtol=0.06)
        assert frame["component"][:100].mean() == pytest.approx(model.weights_[1], abs=0.2)
        assert not frame[NAMES].duplicated().any()

    def test_without_names_columns_are_counted(self, run: Run, nameless: gmmx.GaussianMixture) -> None:
        assert list(table(run("sample", "n.safetensors", "2"))) == ["column_1", "column_2"]

    def test_json(self, run: Run, model: gmmx.GaussianMixture) -> None:
        drawn = document(run("sample", "m.safetensors", "3", "--labels", "--json"))
        assert np.shape(drawn["X"]) == (3, 2)
        assert len(drawn["component"]) == 3
        brief = document(run("sample", "m.safetensors", "3", "--json", "-o", "x.npz"))
        assert brief["written"] == {"rows": "x.npz"}
        with np.load("x.npz") as arrays:
            assert arrays["X"].tolist() == drawn["X"]

    def test_the_sample_is_data(self, run: Run, model: gmmx.GaussianMixture) -> None:
        rows = run("sample", "m.safetensors", "2000").stdout
        fitted = document(run("fit", "-", "-k", "2", "--json", stdin=rows))
        np.testing.assert_allclose(sorted(fitted["weights"]), sorted(model.weights_), atol=0.03)


class TestPlot:
    @pytest.mark.parametrize("kind", ["classification", "uncertainty", "density", "pairs"])
    def test_every_kind(self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, kind: str) -> None:
        result = run("plot", "m.safetensors", FAITHFUL, "--kind", kind, "-o", "p.png")
        assert result.stdout == "wrote plot: p.png\n"
        assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(("name", "start"), [("p.pdf", b"%PDF"), ("p.svg", b"<?xml")])
    def test_every_format(self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, name: str, start: bytes) -> None:
        assert document(run("plot", "m.safetensors", FAITHFUL, "-o", name, "--json"))["written"] == {"plot": name}
        assert (tmp_path / name).read_bytes().startswith(start)

    def test_density_needs_no_data(self, run: Run, model: gmmx.GaussianMixture) -> None:
        svg = self.drawn(run, "m.safetensors", "--draw", "waiting")
        assert "waiting" in svg
        assert "eruptions" not in svg
        assert "name DATA after MODEL" in refusal(run("plot", "m.safetensors", "-o", "p.png", "--kind", "pairs"))

    def test_the_model_names_the_columns_of_data_without_names(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture
    ) -> None:
        np.save(tmp_path / "x.npy", np.loadtxt(FAITHFUL, delimiter=",", skiprows=1))
        svg = self.drawn(run, "m.safetensors", "x.npy")
        assert "eruptions" in svg
        assert "column_1" not in svg
        assert "waiting" in self.drawn(run, "m.safetensors", "x.npy", "--draw", "waiting")

    def test_many_columns_are_drawn_in_pairs(self, run: Run, tmp_path: Path, dataset: Any) -> None:
        iris = dataset("iris")
        pd.DataFrame(iris.X, columns=list("abcd")).to_csv(tmp_path / "iris.csv", index=False)
        assert run("fit", "iris.csv", "-k", "3", "--model", "iris.safetensors").exit_code == 0
        svg = self.drawn(run, "iris.safetensors", "iris.csv", "--kind", "density", "--title", "Four columns")
        assert "Four columns" in svg
        assert self.drawn(run, "iris.safetensors", "iris.csv", "--draw", "b,d") != svg
        assert "Density: full covariance, K = 3" in self.drawn(run, "iris.safetensors")  # without DATA

    def test_features_to_draw_must_be_there(self, run: Run, model: gmmx.GaussianMixture) -> None:
        message = refusal(run("plot", "m.safetensors", FAITHFUL, "-o", "p.png", "--draw", "wait"))
        assert "--draw names 'wait', but the features are eruptions, waiting" in message

    def test_the_criterion_of_a_selection(self, run: Run, tmp_path: Path) -> None:
        selection = run(
            "select", FAITHFUL, "-k", "1-3", "--covariance-type", "EEE,VVV,EII", "--criterion", "icl", "--json"
        )
        (tmp_path / "selection.json").write_text(selection.stdout)
        svg = self.drawn(run, "selection.json")
        best = json.loads(selection.stdout)["best"]
        assert f"Best by ICL: {best['covariance_type']}, K = {best['n_components']}" in svg

    def test_the_criterion_of_something_else(self, run: Run, write: Write, model: gmmx.GaussianMixture) -> None:
        write('{"results": []}', "empty.json")
        for name in ("m.safetensors", "empty.json", FAITHFUL):
            message = refusal(run("plot", name, "--kind", "criterion", "-o", "p.png"))
            assert "is not what gmmx select --json printed" in message
        message = refusal(run("plot", "empty.json", FAITHFUL, "--kind", "criterion", "-o", "p.png"))
        assert "no DATA after it" in message

    def drawn(self, run: Run, *arguments: Any) -> str:
        """Return the text of a picture as SVG."""
        import matplotlib as mpl

        with mpl.rc_context({"svg.fonttype": "none"}):
            result = run("plot", *arguments, "-o", "drawn.svg", "--force")
        assert result.exit_code == 0, result.output
        return Path("drawn.svg").read_text(encoding="utf-8")


class TestInfo:
    def test_prints_what_the_fit_printed(self, run: Run, model: gmmx.GaussianMixture) -> None:
        result = run("info", "m.safetensors")
        assert result.stdout.startswith(f"m.safetensors: model, written by gmmx {gmmx.__version__}\n")
        for words in ("2 components, full covariance, 2 features", "0.35593", "mean waiting", "33.705", "-1130.264066"):
            assert words in result.stdout
        assert re.search(r"converged +yes", result.stdout)

    def test_json_holds_the_model(self, run: Run, model: gmmx.GaussianMixture) -> None:
        held = document(run("info", "m.safetensors", "--json"))
        for name in ("weights", "means", "covariances"):
            assert held[name] == getattr(model, f"{name}_").tolist()
        assert (held["feature_names"], held["covariance_type"], held["n_components"]) == (NAMES, "full", 2)
        assert (held["n_iter"], held["converged"], held["n_parameters"]) == (model.n_iter_, True, 11)
        assert held["log_likelihood"] == model.log_likelihood_
        assert held["params"]["tol"] == 1e-3
        assert held["is_checkpoint"] is False

    @pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "EVI", "VVV"])
    def test_every_kind_of_covariance(self, run: Run, tmp_path: Path, covariance_type: str) -> None:
        fitted = gmmx.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
        fitted.save(tmp_path / "x.safetensors")
        assert f"3 components, {covariance_type} covariance" in run("info", "x.safetensors").stdout
        assert document(run("info", "x.safetensors", "--json"))["covariances"] == fitted.covariances_.tolist()

    def test_a_model_made_of_parameters(self, run: Run, tmp_path: Path) -> None:
        mixture = gmmx.GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]])
        mixture.save(tmp_path / "x.safetensors")
        result = run("info", "x.safetensors")
        assert "1 feature without names" in result.stdout
        assert "no: made of parameters" in result.stdout
        assert document(run("info", "x.safetensors", "--json"))["log_likelihood"] is None

    def test_a_checkpoint_says_so(self, run: Run, tmp_path: Path) -> None:
        gmmx.GaussianMixture(2, random_state=0).fit_batches([X], checkpoint=tmp_path / "x.ckpt")
        assert "x.ckpt: checkpoint of a fit" in run("info", "x.ckpt").stdout
        assert document(run("info", "x.ckpt", "--json"))["is_checkpoint"] is True


class TestModelFiles:
    COMMANDS = (
        ("predict", FAITHFUL),
        ("score", FAITHFUL),
        ("sample", "3"),
        ("plot", FAITHFUL, "-o", "p.png"),
        ("info",),
    )

    @pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("nothing.safetensors", "nothing.safetensors cannot be read: No such file"),
            ("broken.safetensors", "broken.safetensors cannot be loaded as a gmmx model"),
            ("data.csv", "data.csv looks like a data file. MODEL must be a file that gmmx fit --model wrote"),
            ("folder", "folder is a folder; MODEL must be a file written by gmmx fit --model"),
        ],
    )
    def test_what_is_no_model(
        self, run: Run, write: Write, tmp_path: Path, command: tuple[Any, ...], name: str, words: str
    ) -> None:
        write("hello", "broken.safetensors")
        write(FAITHFUL.read_text())
        (tmp_path / "folder").mkdir()
        assert words in refusal(run(command[0], name, *command[1:]))


class TestBench:
    SMALL = tuple(Problem(300, 2, 2, kind) for kind in ("full", "tied", "diag", "spherical"))

    def test_equal_fits_get_a_ratio(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bench_module, "PROBLEMS", self.SMALL)
        monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
        arguments = ("bench", "--iterations", "3", "--repeats", "2", "--jobs", "1")
        measured = document(run(*arguments, "--json"))
        assert (measured["iterations"], measured["repeats"], measured["n_threads"]) == (3, 2, 1)
        assert measured["instruction_set"] in gmmx._core.available_instruction_sets()
        assert [fit["covariance_type"] for fit in measured["fits"]] == ["full", "tied", "diag", "spherical"]
        for fit in measured["fits"]:
            assert fit["log_likelihood_difference"] <= bench_module.TOLERANCE
            assert fit["ratio"] == fit["scikit_learn_seconds"] / fit["gmmx_seconds"]
        printed = run(*arguments).stdout
        assert "fits of 3 iterations from the same start, median of up to 2" in printed
        assert re.search(r"^ *300 +2 +2 +tied +[\d.]+ ms +[\d.]+ ms +[\d.]+$", printed, re.MULTILINE)

    def test_a_busy_machine_is_noted(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bench_module, "PROBLEMS", self.SMALL[:1])
        for load, noted in [(0.0, False), (1000.0, True)]:
            monkeypatch.setattr("os.getloadavg", lambda load=load: (load, load, load))
            result = run("bench", "--repeats", "1")
            printed = result.stdout
            assert ("note: other programs were at work" in result.stderr) == noted
            assert bool(re.search(r" ms +\(\d+\.\d\)\n", printed)) == noted
            assert bool(re.search(r" ms +\d+\.\d\n", printed)) != noted

    def test_different_fits_get_none(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bench_module, "PROBLEMS", self.SMALL[:1])
        monkeypatch.setattr(bench_module, "measure", lambda problem, *_: Outcome(problem, 1.0, 2.0, 5, 1e-3))
        result = run("bench")
        assert result.exit_code == 1
        assert re.search(r"2000.0 ms +1000.0 ms +-$", result.stdout, re.MULTILINE)
        assert "results differ" in result.stderr
