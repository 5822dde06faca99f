"""The command line: what it prints and writes, what it refuses and how."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import Result

import gmmx
from gmmx._core import covariance_types
from gmmx.cli import console
from gmmx.cli import fit as fit_module
from gmmx.cli.fit import FitOptions
from gmmx.cli.input import FileRows, Table, open_table
from gmmx.cli.options import DataOptions
from gmmx.cli.select import SelectOptions, select
from gmmx.io._atomic_write import atomic_write
from gmmx.io.csv_text import DataFileError

FAITHFUL = Path(__file__).parents[1] / "data" / "faithful.csv"

Run = Callable[..., Result]
Write = Callable[..., Path]


def read_table(path: Path, **options: Any) -> tuple[Table, FileRows]:
    with open_table(DataOptions(data=str(path), **options)) as table:
        return table, table.read()


def report(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def error(result: Result, exit_code: int = 2) -> str:
    """Return the one line of a refusal."""
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


class TestFit:
    def test_prints_the_mixture(self, run: Run) -> None:
        result = run("fit", FAITHFUL, "--components", "2")
        assert result.exit_code == 0
        assert result.stderr == ""
        assert "faithful.csv: 272 rows x 2 columns" in result.stdout
        for number in ("0.35593", "0.64407", "2.0365", "79.97", "33.70", "-1130.26", "2322.19"):
            assert number in result.stdout
        assert re.search(r"converged +yes", result.stdout)
        assert re.search(r"iterations +\d+", result.stdout)

    def test_json_holds_what_the_estimator_says(self, run: Run) -> None:
        document = report(run("fit", FAITHFUL, "-k", "2", "--json"))
        X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
        model = gmmx.GaussianMixture(2, random_state=0).fit(X)
        np.testing.assert_allclose(document["weights"], model.weights_)
        np.testing.assert_allclose(document["means"], model.means_)
        np.testing.assert_allclose(document["covariances"], model.covariances_)
        np.testing.assert_allclose(document["log_likelihood"], model.log_likelihood_)
        np.testing.assert_allclose(document["log_likelihood_per_row"], model.score(X))
        np.testing.assert_allclose([document["bic"], document["aic"]], [model.bic(X), model.aic(X)])
        assert document["n_iter"] == model.n_iter_
        assert document["converged"] is True
        assert document["n_samples"] == 272
        assert document["columns"] == ["eruptions", "waiting"]
        assert document["n_parameters"] == 11

    @pytest.mark.parametrize("covariance_type", covariance_types())
    @pytest.mark.parametrize("columns", ["waiting", "eruptions,waiting"])
    def test_every_covariance_type_prints(self, run: Run, covariance_type: str, columns: str) -> None:
        arguments = ("fit", FAITHFUL, "-k", "2", "--covariance-type", covariance_type, "--columns", columns)
        d = columns.count(",") + 1
        if covariance_type in ("E", "V") and d > 1:
            refused = run(*arguments)
            assert refused.exit_code != 0
            assert "is for one column, but" in refused.output
            return
        assert f"{covariance_type} covariance" in run(*arguments).stdout
        shape = np.shape(report(run(*arguments, "--json"))["covariances"])
        assert shape == {"tied": (d, d), "diag": (2, d), "spherical": (2,)}.get(covariance_type, (2, d, d))

    def test_options_reach_the_estimator(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: dict[str, Any] = {}

        class Spy(gmmx.GaussianMixture):
            def __init__(self, **parameters: Any) -> None:
                seen.update(parameters)
                super().__init__(**parameters)

        monkeypatch.setattr(gmmx, "GaussianMixture", Spy)
        options = {
            "covariance_type": "tied", "tol": 1e-4, "reg_covar": 1e-5, "max_iter": 50, "n_init": 2,
            "acceleration": "anderson", "init_params": "k-means++", "seed": 7, "jobs": 1,
        }  # fmt: skip
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        report(run("fit", FAITHFUL, "-k", "2", "--json", *flags))
        del seen["callback"]
        options["random_state"], options["n_jobs"] = options.pop("seed"), options.pop("jobs")
        assert seen == {"n_components": 2, "prior": None, **options}

    @pytest.mark.parametrize("batches", [(), ("--batch-size", "100")])
    def test_the_prior_reaches_the_estimator(self, run: Run, batches: tuple[str, ...]) -> None:
        document = report(run("fit", FAITHFUL, "-k", "2", "--prior", "default", "--json", *batches))
        X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
        model = gmmx.GaussianMixture(2, prior="default", random_state=0).fit(X)
        np.testing.assert_allclose(document["means"], model.means_, rtol=1e-9)

    def test_the_defaults_are_those_of_the_estimator(self) -> None:
        options = FitOptions(data="x.csv", components=2)
        model = gmmx.GaussianMixture(2, random_state=0)
        assert {
            "covariance_type": options.covariance_type,
            **options.parameters(),
        }.items() <= model.get_params().items()

    def test_the_acceleration_is_reported(self, run: Run) -> None:
        arguments = ("fit", FAITHFUL, "-k", "2", "--acceleration", "squarem")
        assert ", acceleration squarem\n" in run(*arguments).stdout
        assert report(run(*arguments, "--json"))["acceleration"] == "squarem"
        assert report(run("fit", FAITHFUL, "-k", "2", "--json"))["acceleration"] is None

    def test_same_seed_same_output(self, run: Run) -> None:
        arguments = ("fit", FAITHFUL, "-k", "5", "--init-params", "random", "--json")
        assert run(*arguments).stdout == run(*arguments).stdout

    def test_weights_count_rows(self, run: Run, write: Write) -> None:
        rows = [(x, 1 + i % 3) for i, x in enumerate([0.0, 0.5, 1.0, 8.0, 9.0, 9.5, 10.0, 0.2])]
        weighted = write("x,w\n" + "".join(f"{x},{w}\n" for x, w in rows), "weighted.csv")
        repeated = write("x\n" + "".join(f"{x}\n" * w for x, w in rows), "repeated.csv")
        common = ("-k", "2", "--tol", "1e-10", "--max-iter", "500", "--json")
        one = report(run("fit", weighted, "--weight-column", "w", *common))
        two = report(run("fit", repeated, *common))
        for key in ("log_likelihood", "log_likelihood_per_row", "bic", "aic"):
            assert one[key] == pytest.approx(two[key], rel=1e-6)
        assert sorted(one["weights"]) == pytest.approx(sorted(two["weights"]), rel=1e-6)
        assert one["total_weight"] == two["n_samples"]

    def test_says_what_to_do_when_not_converged(self, run: Run) -> None:
        result = run("fit", FAITHFUL, "-k", "3", "--max-iter", "1", "--tol", "0")
        assert result.exit_code == 0
        assert "converged       no: raise --max-iter (for example to 100)" in result.stdout
        assert "Warning" not in result.output

    def test_wide_data_fit_the_terminal(self, run: Run, write: Write) -> None:
        rng = np.random.default_rng(0)
        names = ",".join(f"a rather long name of column {i}" for i in range(40))
        body = "\n".join(",".join(f"{x:.3f}" for x in row) for row in rng.normal(size=(60, 40)))
        write(f"{names}\n{body}\n")
        result = run("fit", "data.csv", "-k", "9", "--covariance-type", "diag")
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert "24 of 40 columns" in result.stdout

    def test_a_failed_fit_is_one_line_and_exit_code_1(self, run: Run, write: Write) -> None:
        path = write("a,b\n" + "1,2\n3,1\n" * 3)
        message = error(run("fit", path, "-k", "2", "--reg-covar", "0"), exit_code=1)
        assert message.startswith("Error: the fit failed: ")
        assert "increase --reg-covar, or" in message
        assert message.endswith("To prevent this, use --prior default")
        assert run("fit", path, "-k", "2", "--reg-covar", "0", "--prior", "default").exit_code == 0

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            (("fit", "-k", "4", "--reg-covar", "0"), "To prevent this, drop row 7 of data.csv, which outweighs all"),
            (("select", "-k", "2", "--covariance-type", "VVV"), "Drop row 7 of data.csv, which outweighs all others"),
        ],
    )
    def test_the_remedy_counts_rows_as_the_file_does(
        self, run: Run, write: Write, command: tuple[str, ...], words: str
    ) -> None:
        rows = np.random.default_rng(0).normal(size=(30, 2)).round(3).tolist()
        rows[5] = [1e20, 1e20]
        lines = [f"{a},{b}\n" for a, b in rows]
        path = write("".join(["a,b\n", lines[0], "NA,1\n", *lines[1:]]))
        result = run(command[0], path.name, *command[1:], "--drop-missing")
        assert (result.exit_code, result.stdout) == (1, "")
        assert words in result.stderr

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            (("fit", "-k", "2"), "drop column 'b' of data.csv, which is constant"),
            (("select", "-k", "1-2", "--covariance-type", "full"), "Drop column 'b' of data.csv, which is constant"),
        ],
    )
    def test_the_remedy_names_columns_as_the_file_does(
        self, run: Run, write: Write, command: tuple[str, ...], words: str
    ) -> None:
        path = write("a,b\n" + "".join(f"{x * x},7\n" for x in range(40)))
        result = run(command[0], path.name, *command[1:], "--reg-covar", "0")
        assert (result.exit_code, result.stdout) == (1, "")
        assert words in result.stderr
        assert " X" not in result.stderr

    def test_names_of_columns_are_no_parameters(self, run: Run, write: Write) -> None:
        path = write("tol,n_init\n" + "".join(f"{x * x},7\n" for x in range(40)))
        result = run("fit", path.name, "-k", "2", "--reg-covar", "0")
        assert "drop column 'n_init' of data.csv" in result.stderr

    def test_column_names_are_text_not_markup(self, run: Run, write: Write) -> None:
        assert "[bold]width" in run("fit", write("[bold]width\n1\n2\n4\n"), "-k", "1").stdout


class TestSelect:
    FOUR = ("--covariance-type", "full,tied,diag,spherical")

    def test_prints_the_best_first(self, run: Run) -> None:
        result = run("select", FAITHFUL, "-k", "1-4", *self.FOUR, "--top", "3", "--tol", "1e-9")
        assert result.exit_code == 0
        assert result.stderr == ""
        assert "faithful.csv: 272 rows x 2 columns" in result.stdout
        lines = [line.split() for line in result.stdout.splitlines()]
        start = next(i for i, line in enumerate(lines) if line[:1] == ["model"])
        assert [line[:2] for line in lines[start + 2 : start + 5]] == [["tied", "3"], ["tied", "4"], ["full", "2"]]
        assert lines[start + 4][2:] == ["-1130.264", "11", "2322.192", "2322.705", "2282.528"]
        assert "... and 12 more: --top prints them, --json all" in result.stdout
        assert "best by BIC: tied, 3 components" in result.stdout

    @pytest.mark.parametrize("criterion", ["bic", "icl", "aic"])
    def test_json_holds_what_the_estimator_says(self, run: Run, criterion: str) -> None:
        arguments = ("select", FAITHFUL, "-k", "2-4", *self.FOUR, "--criterion", criterion, "--seed", "3", "--json")
        document = report(run(*arguments))
        X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
        names = ["full", "tied", "diag", "spherical"]
        choice = gmmx.GaussianMixtureIC(2, 4, covariance_type=names, criterion=criterion, random_state=3).fit(X)
        assert document["criterion"] == criterion
        assert document["n_samples"] == 272
        assert document["ranking"] == choice.ranking().tolist()
        for name, values in choice.results_.items():
            assert [row[name] for row in document["results"]] == values.tolist()
        best = document["best"]
        assert best["covariance_type"] == choice.best_estimator_.covariance_type
        np.testing.assert_array_equal(best["means"], choice.best_estimator_.means_)
        np.testing.assert_array_equal(best["covariances"], choice.best_estimator_.covariances_)

    def test_remedies_name_options(self, run: Run, write: Write) -> None:
        path = write("a,b\n" + "1,2\n3,1\n" * 3)
        message = error(run("select", path, "-k", "2", "--covariance-type", "full"), exit_code=1)
        assert message.endswith("Increase --reg-covar (now 0), lower --components, or scale the data")
        message = error(run("select", path, "--init-params", "random_from_data"), exit_code=2)
        assert "--init-params 'random_from_data'" in message
        assert message.endswith("a positive --reg-covar, or --prior default")

    def test_collapsed_mixtures_are_null_and_counted(self, run: Run, write: Write) -> None:
        rows = [*np.random.default_rng(0).normal(size=(40, 2)).round(3).tolist(), *[[9.0, 9.0]] * 5]
        path = write("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
        arguments = ("select", path, "-k", "1-2", "--covariance-type", "full,tied", "--init-params", "kmeans")
        result = run(*arguments)
        assert "left out: 1 of 4 that collapsed or are degenerate; --json has the reasons" in result.stdout
        collapsed = report(run(*arguments, "--json"))["results"][1]
        assert collapsed["bic"] is None
        assert "collapsed" in collapsed["reason"]

    def test_options_reach_the_estimator(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[dict[str, Any]] = []
        fit = gmmx.GaussianMixtureIC.fit

        def spy(self: gmmx.GaussianMixtureIC, *arguments: Any, **keywords: Any) -> gmmx.GaussianMixtureIC:
            seen.append(self.get_params())
            return fit(self, *arguments, **keywords)

        monkeypatch.setattr(gmmx.GaussianMixtureIC, "fit", spy)
        options = {
            "components": "2-3", "covariance_type": "tied", "criterion": "aic", "tol": 1e-4, "reg_covar": 1e-5,
            "max_iter": 50, "n_init": 2, "acceleration": "anderson", "init_params": "k-means++", "seed": 7, "jobs": 1,
        }  # fmt: skip
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        report(run("select", FAITHFUL, "--json", *flags))
        options["random_state"], options["n_jobs"] = options.pop("seed"), options.pop("jobs")
        del options["components"]
        options |= {"min_components": 2, "max_components": 3, "covariance_type": ["tied"]}
        assert seen == [gmmx.GaussianMixtureIC(**options).get_params()]

    @pytest.mark.parametrize("batches", [(), ("--batch-size", "2")])
    def test_rows_that_cannot_be_used_are_no_failure_of_the_fit(self, run: Run, write: Write, batches: Any) -> None:
        path = write("x,w\n1,0\n2,0\n3,0\n")
        assert "at least one" in error(run("fit", path, "-k", "1", "--weight-column", "w", *batches), exit_code=2)
        large = write("x\n1e200\n2e200\n3e200\n4e200\n", "large.csv")
        assert "overflow float64" in error(run("fit", large, "-k", "1", *batches), exit_code=2)

    def test_the_defaults_are_those_of_the_estimator(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[dict[str, Any]] = []

        def fit(self: gmmx.GaussianMixtureIC, *_: Any, **__: Any) -> None:
            seen.append(self.get_params())
            raise ValueError("enough")

        monkeypatch.setattr(gmmx.GaussianMixtureIC, "fit", fit)
        assert error(run("select", FAITHFUL), exit_code=2) == "Error: the fit failed: enough"
        with pytest.raises(click.ClickException, match="enough"):
            select(SelectOptions(data=str(FAITHFUL)))
        assert seen == [gmmx.GaussianMixtureIC(random_state=0).get_params()] * 2

    def test_the_best_mixture_is_written(self, run: Run, tmp_path: Path) -> None:
        arguments = ("select", FAITHFUL, "-k", "3", *self.FOUR, "--model", "m.safetensors", "--labels", "l.csv")
        document = report(run(*arguments, "--json"))
        model = gmmx.load(tmp_path / "m.safetensors")
        assert (model.covariance_type, model.n_components) == ("tied", 3)
        assert list(model.feature_names_in_) == ["eruptions", "waiting"]
        X = pd.read_csv(FAITHFUL)
        labels = np.loadtxt(tmp_path / "l.csv", skiprows=1)
        np.testing.assert_array_equal(labels, model.predict(X))
        assert document["written"] == {"model": "m.safetensors", "labels": "l.csv"}

    def test_more_components_than_different_rows(self, run: Run, write: Write) -> None:
        assert error(run("select", FAITHFUL, "-k", "1-400")) == (
            f"Error: --components is 1-400, but {FAITHFUL} has 256 different rows, and a mixture of more components "
            "is singular; choose fewer, such as 1-25"
        )
        few = write("x\n1\n2\n4\n7\n7\n")
        assert error(run("select", few, "-k", "1-20")).endswith(
            "has 4 different rows, and a mixture of more components is singular; choose fewer, such as 1-4"
        )
        path = write("a,b\n" + "".join(f"{i}.25,{i * i % 7}.5\n" for i in range(11)) * 9)
        assert "has 11 different rows" in error(run("select", path, "-k", "1-12"))
        assert run("select", path, "-k", "9-11", "--covariance-type", "EII").exit_code == 0

    def test_plot(self, run: Run, tmp_path: Path) -> None:
        result = run("select", FAITHFUL, "-k", "1-3", *self.FOUR, "--plot", "criterion.png")
        assert result.exit_code == 0, result.output
        assert (tmp_path / "criterion.png").read_bytes().startswith(b"\x89PNG")
        assert "wrote plot: criterion.png" in result.stdout

    def test_progress_is_shown_on_a_terminal_once_it_takes_long(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[tuple[str, float]] = []

        @contextlib.contextmanager
        def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[str, float], None]]:
            assert (what, quiet) == ("fitting", False)
            yield lambda text, part: seen.append((text, part))

        monkeypatch.setattr(console, "is_watched", lambda quiet: not quiet)
        monkeypatch.setattr(console, "progress_bar", progress_bar)
        assert run("select", FAITHFUL, "-k", "2", *self.FOUR).exit_code == 0
        assert seen == [("1/4", 0.25), ("2/4", 0.5), ("3/4", 0.75), ("4/4", 1.0)]

    def test_a_display_starts_after_a_second_and_stops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []

        class Display:
            def start(self) -> None:
                calls.append("start")

            def stop(self) -> None:
                calls.append("stop")

        with console.shown_if_slow(Display()):
            pass
        assert calls == []
        monkeypatch.setattr(console, "_QUIET_SECONDS", 0.0)
        with pytest.raises(ZeroDivisionError), console.shown_if_slow(Display()):
            while not calls:
                time.sleep(0.001)
            raise ZeroDivisionError
        assert calls == ["start", "stop"]

    @pytest.mark.parametrize(
        ("flags", "words"),
        [
            (("-k", "0"), "--components is '0', but must be a number of at least 1, or a range"),
            (("-k", "5-2"), "--components is '5-2'"),
            (("-k", "many"), "--components is 'many'"),
            (("-k", "2-"), "--components is '2-'"),
            (("--covariance-type", "full,round"), "--covariance-type 'round' is not known; use all, or some of"),
            (("--covariance-type", ","), "--covariance-type is ',', in which a name between commas is empty"),
            (("-k", "300"), "has 272 rows, too few for 300 components"),
            (("--model", "m.pkl"), "must end in .safetensors"),
            (("--jobs", "0"), "--jobs must not be 0"),
        ],
    )
    def test_unusable_options_are_refused_in_one_line(self, run: Run, flags: tuple[str, ...], words: str) -> None:
        assert words in error(run("select", FAITHFUL, *flags))

    def test_if_nothing_can_be_fitted_it_is_one_error_beside_the_reason_and_exit_code_1(
        self, run: Run, write: Write
    ) -> None:
        result = run("select", write("a,b\n" + "1,2\n" * 6), "-k", "1-2")
        assert (result.exit_code, result.stdout) == (1, "")
        note, message = result.stderr.splitlines()
        assert note.startswith("note: Columns 'a' and 'b' of ")
        assert message.startswith("Error: the fit failed: Not one of")


class TestOutputs:
    OUTPUTS = (("--labels", "labels.csv"), ("--model", "model.safetensors"), ("--plot", "plot.png"))

    def test_labels(self, run: Run, tmp_path: Path) -> None:
        document = report(run("fit", FAITHFUL, "-k", "2", "--json", "--labels", "labels.csv"))
        with open(tmp_path / "labels.csv", newline="") as file:
            header, *labels = [row[0] for row in csv.reader(file)]
        X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
        assert header == "component"
        np.testing.assert_array_equal(
            np.array(labels, dtype=int), gmmx.GaussianMixture(2, random_state=0).fit_predict(X)
        )
        assert document["written"] == {"labels": "labels.csv"}

    def test_model_loads(self, run: Run, tmp_path: Path) -> None:
        document = report(run("fit", FAITHFUL, "-k", "2", "--json", "--model", "m.safetensors"))
        model = gmmx.load(tmp_path / "m.safetensors")
        np.testing.assert_array_equal(model.means_, document["means"])
        assert list(model.feature_names_in_) == ["eruptions", "waiting"]

    @pytest.mark.parametrize(("name", "start"), [("p.png", b"\x89PNG"), ("p.pdf", b"%PDF"), ("p.svg", b"<?xml")])
    def test_plot(self, run: Run, tmp_path: Path, name: str, start: bytes) -> None:
        result = run("fit", FAITHFUL, "-k", "2", "--plot", name)
        assert result.exit_code == 0, result.output
        assert f"wrote plot: {name}" in result.stdout
        assert (tmp_path / name).read_bytes().startswith(start)
        assert os.listdir(tmp_path) == [name]

    def test_characters_that_the_font_lacks_are_noted_once(self, run: Run, write: Write) -> None:
        write("\u8eab\u9ad8,\u4f53\u9ad8\n1,2\n3,5\n4,4\n9,9\n")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = run("fit", "data.csv", "-k", "1", "--plot", "p.png")
        assert result.exit_code == 0, result.output
        assert result.stderr == (
            "note: p.png: the font of the picture lacks '\u8eab', '\u9ad8', '\u4f53', drawn as boxes; use other "
            "words, or set font.family in a matplotlibrc to a font that has these characters\n"
        )

    @pytest.mark.parametrize(("option", "name"), OUTPUTS)
    def test_an_existing_file_needs_force(self, run: Run, write: Write, option: str, name: str) -> None:
        path = write("precious", name)
        message = error(run("fit", FAITHFUL, "-k", "2", option, name))
        assert message == f"Error: {option} {name}: the file exists; use --force to replace it"
        assert path.read_text() == "precious"
        assert run("fit", FAITHFUL, "-k", "2", option, name, "--force").exit_code == 0
        assert path.read_bytes() != b"precious"

    @pytest.mark.parametrize(
        ("option", "path", "words"),
        [
            ("--plot", "plot.bmp", "must end in .png"),
            ("--labels", "labels", "must end in .csv"),
            ("--model", "model.pkl", "must end in .safetensors"),
            ("--plot", "nowhere/plot.png", "there is no directory nowhere"),
            ("--labels", "folder.csv", "this is a directory"),
        ],
    )
    def test_unusable_paths_are_refused_before_the_fit(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, path: str, words: str
    ) -> None:
        (tmp_path / "folder.csv").mkdir()
        monkeypatch.setattr(fit_module, "_fit_whole", lambda *_: pytest.fail("fitted"))
        assert words in error(run("fit", FAITHFUL, "-k", "2", option, path))

    def test_force_never_replaces_the_data(self, run: Run, write: Write) -> None:
        path = write("a\n1\n2\n4\n")
        message = error(run("fit", path, "-k", "1", "--labels", "data.csv", "--force"))
        assert "this file is DATA already" in message

    def test_a_failed_write_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "result.csv"
        path.write_text("old")
        with pytest.raises(ZeroDivisionError), atomic_write(path) as stream:
            stream.write(b"half")
            raise ZeroDivisionError
        assert path.read_text() == "old"
        assert os.listdir(tmp_path) == ["result.csv"]

    def test_plot_without_matplotlib(self, run: Run, forbid: Callable[[str], None]) -> None:
        forbid("matplotlib")
        message = error(run("fit", FAITHFUL, "-k", "2", "--plot", "p.png"))
        assert message == 'Error: --plot needs matplotlib; install it with: pip install "gmmx-native[cli]"'


class TestReading:
    @pytest.mark.parametrize(
        ("text", "names", "values", "left_out"),
        [
            ("a,b\n1,2\n3,4\n", ("a", "b"), [[1, 2], [3, 4]], {}),
            ("1,2\n3,4\n", ("column_1", "column_2"), [[1, 2], [3, 4]], {}),
            ('"a, m",b\n1,x\n3,y\n', ("a, m",), [[1], [3]], {"b": "not numeric"}),
            ("5.1,setosa\n4.9,setosa\n", ("column_1",), [[5.1], [4.9]], {"column_2": "not numeric"}),
            ("name,a\nx,1\ny,2\n", ("a",), [[1], [2]], {"name": "not numeric"}),
            ('"","a"\n"1",7\n"2",8\n', ("a",), [[7], [8]], {"(unnamed)": "row names"}),
            ("a;b\n1.5;2\n3;4\n", ("a", "b"), [[1.5, 2], [3, 4]], {}),
            ("a;b\n1,5;2\n3,5;4\n", ("a", "b"), [[1.5, 2], [3.5, 4]], {}),
            ("a,b\n1,NA\n3,\n", ("a",), [[1], [3]], {"b": "empty"}),
            ("a,b\r\n 1 ,-2e3\r\n\r\n3,4\r\n", ("a", "b"), [[1, -2000], [3, 4]], {}),
            ("\ufeffa\n1\n2\n", ("a",), [[1], [2]], {}),
        ],
    )
    def test_finds_header_and_numbers(
        self,
        write: Write,
        text: str,
        names: tuple[str, ...],
        values: list[list[float]],
        left_out: dict[str, str],
    ) -> None:
        table, rows = read_table(write(text))
        assert table.names == names
        np.testing.assert_array_equal(rows.X, values)
        assert dict(table.selection.left_out) == left_out

    def test_header_can_be_told(self, write: Write) -> None:
        path = write("2019,2020\n1,2\n3,4\n")
        assert len(read_table(path)[1].X) == 3
        table, rows = read_table(path, header=True)
        assert table.names == ("2019", "2020")
        assert len(rows.X) == 2

    def test_columns_weights_and_labels(self, write: Write) -> None:
        path = write("a,b,class,w\n1,2,0,1\n3,4,1,2.5\n")
        table, rows = read_table(path, columns="b,a", weight_column="w", label_column="class")
        assert table.names == ("b", "a")
        np.testing.assert_array_equal(rows.X, [[2, 1], [4, 3]])
        assert rows.sample_weight is not None
        np.testing.assert_array_equal(rows.sample_weight, [1, 2.5])
        assert dict(table.selection.left_out) == {"class": "label column", "w": "weight column"}

    def test_rows_beyond_one_block(self, write: Write) -> None:
        values = np.arange(25_000) / 8
        path = write("x\n" + "\n".join(map(str, values)) + "\n")
        np.testing.assert_array_equal(read_table(path)[1].X[:, 0], values)
        lines = path.read_text().splitlines()
        lines[20_001] = "oops"
        with pytest.raises(DataFileError, match=r"row 20001 \(line 20002\), column 'x': 'oops' is not a number"):
            read_table(write("\n".join(lines)))

    def test_quoted_cells_that_span_lines(self, write: Write) -> None:
        comment = '"two\nlines, and a comma"'
        _, rows = read_table(write("note,x\n" + "".join(f"{comment},{x}\n" for x in range(12_000))))
        np.testing.assert_array_equal(rows.X[:, 0], np.arange(12_000))
        with pytest.raises(DataFileError, match=r"row 3 \(line 7\), column 'x': '1_' is not a number"):
            read_table(write(f'"the\nnote",x\n{comment},1\n{comment},2\nplain,1_\nplain,3\n'))

    def test_standard_input(self, run: Run) -> None:
        for delimiter in ",\t":
            text = f"a{delimiter}b\n1{delimiter}2\n3{delimiter}5\n4{delimiter}1\n"
            document = report(run("fit", "-", "-k", "1", "--json", stdin=text))
            assert document["data"] == "standard input"
            assert document["columns"] == ["a", "b"]

    @pytest.mark.parametrize(
        ("text", "options", "words"),
        [
            ("a,b\n1,2\n3,x\n5,6\n", (), "row 2 (line 3), column 'b': 'x' is not a number"),
            (
                "a,b\n1,2\n3,\n5,NA\n6,1\n",
                (),
                "missing in 2 rows of the 4 read (rows 2, 3, counted without the header",
            ),
            ("a,b\n1,2\n3,inf\n", (), "row 2 (line 3), column 'b': inf is not finite"),
            ("a,b\n1,2\n3\n", (), "row 2 (line 3): 1 cell where the first row has 2"),
            ("", (), "is empty"),
            ("a,b\n", (), "has a header and no rows"),
            ("a,b\nx,y\n", (), "no column of numbers to fit (a: not numeric, b: not numeric)"),
            ("height\n1\n2\n", ("--columns", "heigth"), "no column 'heigth'; did you mean 'height'?"),
            ("a,b\n1,2\n", ("--columns", "a,a"), "column 'a' stands twice in --columns"),
            ("a,b\n1,2\n", ("--columns", "a", "--weight-column", "a"), "is the weight column"),
            ("a,a\n1,2\n", ("--columns", "a"), "2 columns named 'a'"),
            ("a,w\n1,1\n2,-1\n", ("--weight-column", "w"), "row 2, column 'w': weight -1 is negative"),
            ("a,w\n1,0\n2,0\n", ("--weight-column", "w"), "all weights in column 'w' are zero"),
            ("a\n1\n2\n", ("--components", "3"), "has 2 rows, too few for 3 components"),
            ("a\n1\n2\n", ("--jobs", "0"), "--jobs must not be 0"),
        ],
    )
    def test_bad_data_are_named_in_one_line(
        self, run: Run, write: Write, text: str, options: tuple[str, ...], words: str
    ) -> None:
        write(text)
        assert words in error(run("fit", "data.csv", "-k", "1", *options))

    def test_bad_files_are_named(self, run: Run, write: Write) -> None:
        write("größe\n1\n", "latin.csv", encoding="latin-1")
        assert "latin.csv is not UTF-8" in error(run("fit", "latin.csv", "-k", "1"))
        assert "none.csv cannot be read: No such file" in error(run("fit", "none.csv", "-k", "1"))
        assert "book.xlsx: the data must end in .csv" in error(run("fit", "book.xlsx", "-k", "1"))


class TestUnnamedColumns:
    """A column without a name is called "(unnamed)" in tables, messages and options."""

    def test_in_tables_and_options(self, run: Run, write: Write) -> None:
        path = write("a,,c\n1,2,3\n2,7,4\n3,4,9\n5,1,2\n")
        flags = ("-k", "1", "--reg-covar", "0.1")
        for result in (run("fit", path, *flags, "--model", "m.safetensors"), run("info", "m.safetensors")):
            lines = [line.split() for line in result.stdout.splitlines()]
            assert "mean (unnamed)" in result.stdout
            assert ["0", "a", "2.2875", "-1.375", "-0.375"] in lines
            assert ["(unnamed)", "-1.375", "5.35", "2.25"] in lines
        assert "left out: (unnamed) (not in --columns)" in run("fit", path, *flags, "--columns", "a").stdout
        assert "left out: (unnamed) (label column)" in run("fit", path, *flags, "--label-column", "(unnamed)").stdout
        chosen = report(run("fit", path, *flags, "--columns", "a,(unnamed)", "--json"))
        np.testing.assert_allclose(chosen["means"], [[2.75, 3.5]])

    def test_in_messages(self, run: Run, write: Write) -> None:
        flags = ("-k", "1")
        assert "column (unnamed): 'x' is not a number" in error(run("fit", write("a,\n1,2\n2,x\n3,1\n"), *flags))
        assert "column (unnamed)); fill them in" in error(run("fit", write("a,\n1,2\n2,nan\n3,1\n"), *flags))
        assert "it has a, (unnamed)" in error(run("fit", write("a,\n1,2\n2,2\n"), *flags, "--columns", "b"))
        frame = pd.DataFrame([[1.0, 2.0], [3.0, np.nan]], columns=["a", ""])
        with pytest.raises(ValueError, match=r"NaN in row 1 \(the first is 0\) of column \(unnamed\)"):
            gmmx.GaussianMixture().fit(frame)

    def test_in_pictures(self) -> None:
        frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", ""])
        ax = gmmx.plot.classification(gmmx.GaussianMixture().fit(frame), frame)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "(unnamed)")
