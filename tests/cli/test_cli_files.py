"""The command line: every format comes in and goes out the same, whole or in batches, and nothing is lost."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from click.testing import Result

import gmmx
from gmmx.cli import fit as fit_module
from gmmx.cli import input as cli_input
from gmmx.cli import output as cli_output

FAITHFUL = Path(__file__).parents[1] / "data" / "faithful.csv"
X = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
NAMES = ["eruptions", "waiting"]

TO_THE_LAST_DIGIT: Any = {} if int(pd.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
"""How pandas reads numbers exactly."""

Run = Callable[..., Result]
Write = Callable[..., Path]


def save_as(ending: str, folder: Path, rows: Any = X) -> Path:
    """Write the geyser's rows in one of the formats."""
    path, frame = folder / f"data{ending}", pd.DataFrame(rows, columns=NAMES)
    if ending in (".csv", ".csv.gz"):
        frame.to_csv(path, index=False)
    elif ending in (".tsv", ".tab"):
        frame.to_csv(path, index=False, sep="\t")
    elif ending in (".parquet", ".pq"):
        frame.to_parquet(path)
    elif ending == ".npy":
        np.save(path, rows)
    else:
        np.savez(path, rows)
    return path


ENDINGS = (".csv", ".csv.gz", ".tsv", ".tab", ".parquet", ".pq", ".npy", ".npz")


@pytest.fixture
def model(run: Run, tmp_path: Path) -> gmmx.GaussianMixture:
    """The geyser's mixture; ``m.safetensors`` holds it and the names of its features."""
    assert run("fit", FAITHFUL, "-k", "2", "--model", "m.safetensors").exit_code == 0
    loaded = gmmx.load(tmp_path / "m.safetensors")
    del loaded.feature_names_in_
    return loaded


def documents(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(result: Result, exit_code: int = 2) -> str:
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


class TestFormatsIn:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_every_format_gives_the_same_fit(self, run: Run, tmp_path: Path, ending: str) -> None:
        document = documents(run("fit", save_as(ending, tmp_path), "-k", "2", "--json"))
        expected = documents(run("fit", FAITHFUL, "-k", "2", "--json"))
        has_names = ending not in (".npy", ".npz")
        assert document.pop("columns") == (NAMES if has_names else ["column_1", "column_2"])
        del document["data"], expected["data"], expected["columns"]
        assert document == expected

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_every_format_in_batches_gives_the_fit_of_the_whole(self, run: Run, tmp_path: Path, ending: str) -> None:
        path = save_as(ending, tmp_path)
        document = documents(run("fit", path, "-k", "2", "--json", "--batch-size", "50"))
        assert (document["batch_size"], document["n_samples"], document["total_weight"]) == (50, 272, 272.0)
        whole = gmmx.GaussianMixture(2, random_state=0).fit(X)
        np.testing.assert_allclose(document["means"], whole.means_, rtol=1e-9)
        assert document["bic"] == pytest.approx(whole.bic(X), rel=1e-12)

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".npy", ".npz"])
    def test_every_format_comes_through_standard_input(self, run: Run, tmp_path: Path, ending: str) -> None:
        stdin = save_as(ending, tmp_path).read_bytes()
        file_format = () if ending in (".csv", ".tsv") else ("--format", ending[1:])
        document = documents(run("fit", "-", "-k", "2", "--json", *file_format, stdin=stdin))
        assert document["data"] == "standard input"
        assert document["bic"] == documents(run("fit", FAITHFUL, "-k", "2", "--json"))["bic"]

    def test_standard_input_in_batches(self, run: Run) -> None:
        result = run("fit", "-", "-k", "2", "--batch-size", "100", stdin=FAITHFUL.read_bytes())
        assert "standard input: 272 rows x 2 columns\nstreamed from disk in batches of 100 rows" in result.stdout

    def test_format_tells_what_the_name_does_not(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "measurements.dat"
        save_as(".parquet", tmp_path).rename(path)
        assert "--format" in refusal(run("fit", path, "-k", "2"))
        assert documents(run("fit", path, "-k", "2", "--format", "parquet", "--json"))["columns"] == NAMES

    def test_float32_stays_float32(self, run: Run, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", X.astype(np.float32))
        assert run("fit", "x.npy", "-k", "2", "--model", "x.safetensors").exit_code == 0
        assert documents(run("info", "x.safetensors", "--json"))["dtype"] == "float32"

    def test_an_array_of_one_dimension_is_a_column(self, run: Run, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", X[:, 0])
        assert documents(run("fit", "x.npy", "-k", "2", "--json"))["columns"] == ["column_1"]

    def test_the_array_of_an_npz_file(self, run: Run, tmp_path: Path) -> None:
        np.savez(tmp_path / "one.npz", X=X, labels=np.zeros(len(X), int))
        assert documents(run("fit", "one.npz", "-k", "2", "--json"))["n_features"] == 2
        np.savez(tmp_path / "two.npz", A=X, B=X[:, :1])
        message = refusal(run("fit", "two.npz", "-k", "2"))
        assert "--array is not given" in message
        assert "'A', 'B'" in message
        assert documents(run("fit", "two.npz", "-k", "2", "--json", "--array", "B"))["n_features"] == 1
        assert "no array 'C'; --array must name one of A, B" in refusal(
            run("fit", "two.npz", "-k", "2", "--array", "C")
        )

    def test_an_array_is_not_named_in_vain(self, run: Run) -> None:
        message = refusal(run("fit", FAITHFUL, "-k", "2", "--array", "X"))
        assert "--array names an array of a .npz file" in message

    def test_parquet_leaves_text_and_row_names_out(self, run: Run, tmp_path: Path) -> None:
        frame = pd.DataFrame(X, columns=NAMES).assign(day="Monday")
        frame.index = pd.Index(np.arange(len(X)) * 2)
        frame.to_parquet(tmp_path / "x.parquet", index=True)
        document = documents(run("fit", "x.parquet", "-k", "2", "--json"))
        assert document["columns"] == NAMES
        reasons = {one["column"]: one["reason"] for one in document["left_out"]}
        assert reasons == {"day": "not numeric", "__index_level_0__": "row names"}

    def test_a_folder_of_parquet_files_is_one_table(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "parts.parquet").mkdir()
        for number, part in enumerate(np.array_split(X, 3)):
            pd.DataFrame(part, columns=NAMES).to_parquet(tmp_path / "parts.parquet" / f"part-{number}.parquet")
        assert documents(run("fit", "parts.parquet", "-k", "2", "--json"))["n_samples"] == 272

    @pytest.mark.parametrize("ending", [".csv", ".parquet", ".npy"])
    @pytest.mark.parametrize("batches", [(), ("--batch-size", "40")])
    def test_weights_and_columns(self, run: Run, tmp_path: Path, ending: str, batches: tuple[str, ...]) -> None:
        weights = np.arange(len(X)) % 3
        table = np.column_stack([weights, X])
        if ending == ".npy":
            names = ["column_1", "column_2", "column_3"]
            np.save(tmp_path / "x.npy", table)
        else:
            names = ["times", *NAMES]
            frame = pd.DataFrame(table, columns=names)
            frame.to_csv(tmp_path / "x.csv", index=False)
            frame.to_parquet(tmp_path / "x.parquet")
        chosen = ("--columns", f"{names[2]},{names[1]}", "--weight-column", names[0])
        document = documents(run("fit", f"x{ending}", "-k", "2", "--json", *chosen, *batches))
        expected = gmmx.GaussianMixture(2, random_state=0).fit(X[:, ::-1], sample_weight=weights)
        assert document["columns"] == [names[2], names[1]]
        assert document["total_weight"] == weights.sum()
        assert document["n_samples"] == 272
        np.testing.assert_allclose(document["means"], expected.means_, rtol=1e-6)

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("x.parquet", b"hello", "cannot be read as Parquet"),
            ("x.npy", b"hello", "not a whole .npy or .npz file of numbers; save it again"),
            ("x.npz", b"PK\x03\x04", "not a whole .npy or .npz file of numbers"),
            ("x.csv.gz", b"a,b\n1,2\n", "x.csv.gz cannot be unpacked"),
            ("x.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-9], "x.csv.gz cannot be unpacked"),
        ],
    )
    def test_broken_files(self, run: Run, tmp_path: Path, name: str, content: bytes, words: str) -> None:
        (tmp_path / name).write_bytes(content)
        message = refusal(run("fit", name, "-k", "1"))
        assert words in message
        assert name in message

    @pytest.mark.parametrize(
        ("array", "words"),
        [
            (np.ones((2, 2, 2)), "shape (2, 2, 2)"),
            (np.ones((3, 2), complex), "real numbers"),
            (np.ones((0, 2)), "without a single row"),
            (np.array([[1.0, np.nan], [2.0, 3.0]]), "x.npy holds NaN in row 1"),
            (np.array([[1.0, 2.0], [np.inf, 3.0]]), "x.npy holds infinity in row 2"),
            (np.array([{}], dtype=object), "holds Python objects; save it as float64"),
        ],
    )
    def test_unusable_arrays(self, run: Run, tmp_path: Path, array: Any, words: str) -> None:
        np.save(tmp_path / "x.npy", array, allow_pickle=True)
        assert words in refusal(run("fit", "x.npy", "-k", "1"))

    @pytest.mark.parametrize("command", [("fit", "-k", "2"), ("select",), ("fit", "-k", "2", "--batch-size", "9")])
    def test_a_missing_value_in_parquet(self, run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
        table = pyarrow.table({"a": [1.0, None, 3.0], "b": [1.0, 2.0, 3.0]})
        pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
        assert "x.parquet has no value in row 2" in refusal(run(*command, "x.parquet"))

    @pytest.mark.parametrize("options", [(), ("--drop-missing",)])
    def test_infinity_is_not_missing(self, run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
        np.save(tmp_path / "x.npy", [[1.0, 2.0], [np.inf, 3.0], [4.0, 5.0]])
        message = refusal(run("fit", "x.npy", "-k", "1", *options))
        assert "x.npy holds infinity in row 2 of column 'column_1'" in message
        assert "all numbers must be finite: correct it, or choose" in message
        assert "--drop-missing" not in message

    def test_without_pyarrow_the_command_is_named(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = save_as(".parquet", tmp_path)
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
        install = 'needs pyarrow: pip install "gmmx-native[data]"'
        assert install in refusal(run("fit", path, "-k", "2"))
        assert install in refusal(run("fit", FAITHFUL, "-k", "2", "--labels", "labels.parquet"))


class TestLargeFiles:
    def test_beyond_a_size_files_are_read_in_batches(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert documents(run("fit", FAITHFUL, "-k", "2", "--json"))["batch_size"] is None
        monkeypatch.setattr(fit_module, "LARGE", 100)
        result = run("fit", FAITHFUL, "-k", "2")
        assert "streamed from disk in batches of 131,072 rows" in result.stdout

    def test_a_large_file_may_be_standard_input(self) -> None:
        program = "import sys, gmmx.cli.fit; sys.modules['gmmx.cli.fit'].LARGE = 100; gmmx.cli.main()"
        with FAITHFUL.open("rb") as stdin:
            ran = subprocess.run(
                [sys.executable, "-c", program, "fit", "-", "-k", "2"], stdin=stdin, capture_output=True, text=True
            )
        assert "streamed from disk in batches of 131,072 rows" in ran.stdout, ran.stderr

    def test_outputs_of_a_fit_in_batches(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        outputs = ("--labels", "l.npy", "--model", "b.safetensors", "--plot", "p.png")
        monkeypatch.setattr(cli_input, "ROWS_DRAWN", 100)
        assert run("fit", FAITHFUL, "-k", "2", "--batch-size", "50", *outputs).exit_code == 0
        whole = gmmx.GaussianMixture(2, random_state=0).fit(X)
        np.testing.assert_array_equal(np.load(tmp_path / "l.npy"), whole.predict(X))
        assert list(gmmx.load(tmp_path / "b.safetensors").feature_names_in_) == NAMES
        assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")

    def test_the_rows_of_a_picture_are_a_choice_in_order(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cli_input, "ROWS_DRAWN", 500)
        path = write("x,w\n" + "".join(f"{x},{x}\n" for x in range(25_000)))
        options = cli_input.DataOptions(data=str(path), weight_column="w")
        with cli_input.open_table(options) as table:
            drawn = table.sample()
        assert drawn.X.shape == (500, 1)
        assert (np.diff(drawn.X[:, 0]) > 0).all()
        assert drawn.sample_weight is not None
        np.testing.assert_array_equal(drawn.sample_weight, drawn.X[:, 0])
        assert 10_000 < drawn.X.mean() < 15_000

    @pytest.mark.parametrize("ending", [".csv", ".parquet", ".npy"])
    def test_predictions_by_parts_are_those_of_the_whole(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, monkeypatch: pytest.MonkeyPatch, ending: str
    ) -> None:
        many = np.tile(X, (100, 1))  # 27,200 rows: three blocks of text
        path = tmp_path / f"many{ending}"
        if ending == ".csv":
            np.savetxt(path, many, delimiter=",", header="eruptions,waiting", comments="")
        elif ending == ".npy":
            np.save(path, many)
        else:
            pd.DataFrame(many, columns=NAMES).to_parquet(path)
        monkeypatch.setattr(cli_output, "_ROW_GROUP", 7_000)
        monkeypatch.setattr("gmmx.cli.predict._NUMBERS_AT_ONCE", 2 * 4_111)
        assert run("predict", "m.safetensors", path, "--proba", "--log-density", "-o", "out.parquet").exit_code == 0
        assert pyarrow.parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups > 2
        frame = pd.read_parquet(tmp_path / "out.parquet")
        np.testing.assert_array_equal(frame["component"], model.predict(many))
        np.testing.assert_allclose(frame[["proba_0", "proba_1"]], model.predict_proba(many), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(frame["log_density"], model.score_samples(many), rtol=1e-12)


class TestFormatsOut:
    def read(self, path: Path) -> dict[str, Any]:
        """Return the columns of a written table."""
        if path.suffix == ".npz":
            with np.load(path) as archive:
                return dict(archive)
        if path.suffix == ".npy":
            values = np.load(path)
            return {"component": values[:, 0], "proba": values[:, 1:3], "log_density": values[:, 3]}
        text = {"sep": "\t" if path.suffix == ".tsv" else ",", **TO_THE_LAST_DIGIT}
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, **text)
        assert list(frame) == ["component", "proba_0", "proba_1", "log_density"]
        assert frame["component"].dtype == np.int64
        return {
            "component": frame["component"],
            "proba": frame[["proba_0", "proba_1"]],
            "log_density": frame["log_density"],
        }

    @pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".npy", ".npz"])
    def test_every_format_holds_the_same_numbers(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, ending: str
    ) -> None:
        result = run("predict", "m.safetensors", FAITHFUL, "--proba", "--log-density", "-o", f"out{ending}")
        assert result.exit_code == 0, result.output
        written = self.read(tmp_path / f"out{ending}")
        np.testing.assert_array_equal(written["component"], model.predict(X))
        np.testing.assert_array_equal(written["proba"], model.predict_proba(X))
        np.testing.assert_array_equal(written["log_density"], model.score_samples(X))

    @pytest.mark.parametrize("table_format", ["csv", "tsv", "parquet", "npy", "npz"])
    def test_standard_output_is_the_file(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, table_format: str
    ) -> None:
        arguments = ("predict", "m.safetensors", FAITHFUL, "--proba", "--log-density", "--output-format", table_format)
        result = run(*arguments)
        assert result.exit_code == 0
        assert result.stderr == ""
        (tmp_path / f"stream.{table_format}").write_bytes(result.stdout_bytes)
        written = self.read(tmp_path / f"stream.{table_format}")
        np.testing.assert_array_equal(written["proba"], model.predict_proba(X))

    def test_one_array_keeps_its_shape_and_type_in_npy(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture
    ) -> None:
        for flags, name in [
            ((), "label"),
            (("--no-label", "--proba"), "proba"),
            (("--no-label", "--log-density"), "log"),
        ]:
            assert run("predict", "m.safetensors", FAITHFUL, *flags, "-o", f"{name}.npy").exit_code == 0
        for name, expected in [
            ("label", model.predict(X)),
            ("proba", model.predict_proba(X)),
            ("log", model.score_samples(X)),
        ]:
            array = np.load(tmp_path / f"{name}.npy")
            assert array.dtype == expected.dtype
            np.testing.assert_array_equal(array, expected)

    @pytest.mark.parametrize("name", ["l.csv", "l.parquet", "l.npy"])
    def test_labels_of_a_fit_in_every_format(self, run: Run, tmp_path: Path, name: str) -> None:
        assert run("fit", FAITHFUL, "-k", "2", "--labels", name).exit_code == 0
        path = tmp_path / name
        read = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
        labels = np.load(path) if path.suffix == ".npy" else read[path.suffix](path)["component"]
        np.testing.assert_array_equal(labels, gmmx.GaussianMixture(2, random_state=0).fit_predict(X))

    def test_the_output_format_wins_over_the_ending(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture
    ) -> None:
        assert run("predict", "m.safetensors", FAITHFUL, "-o", "out.dat", "--output-format", "npy").exit_code == 0
        np.testing.assert_array_equal(np.load(tmp_path / "out.dat"), model.predict(X))


class TestNothingIsLost:
    @pytest.mark.parametrize(
        "command",
        [
            ("predict", "m.safetensors", FAITHFUL, "-o", "out.csv"),
            ("sample", "m.safetensors", "3", "-o", "out.csv"),
            ("plot", "m.safetensors", FAITHFUL, "-o", "out.png"),
        ],
    )
    def test_an_existing_file_needs_force(
        self, run: Run, write: Write, model: gmmx.GaussianMixture, command: tuple[Any, ...]
    ) -> None:
        path = write("precious", command[-1])
        message = refusal(run(*command))
        assert message == f"Error: --output {path.name}: the file exists; use --force to replace it"
        assert path.read_text() == "precious"
        assert run(*command, "--force").exit_code == 0
        assert path.read_bytes() != b"precious"

    def test_a_fault_late_in_the_data_leaves_the_old_output(
        self, run: Run, write: Write, tmp_path: Path, model: gmmx.GaussianMixture
    ) -> None:
        write("eruptions,waiting\n" + "2,50\n" * 25_000 + "2,oops\n")
        for name in ("out.csv", "out.npz", "out.parquet"):
            path = write("precious", name)
            message = refusal(run("predict", "m.safetensors", "data.csv", "-o", name, "--force"))
            assert "row 25001 (line 25002), column 'waiting': 'oops' is not a number" in message
            assert path.read_text() == "precious"
        assert sorted(os.listdir(tmp_path)) == ["data.csv", "m.safetensors", "out.csv", "out.npz", "out.parquet"]

    def test_force_never_replaces_what_is_read(self, run: Run, write: Write, model: gmmx.GaussianMixture) -> None:
        write(FAITHFUL.read_text())
        message = refusal(run("predict", "m.safetensors", "data.csv", "-o", "./data.csv", "--force"))
        assert "this file is DATA already" in message
        arguments = ("sample", "m.safetensors", "2", "-o", "m.safetensors", "--output-format", "csv", "--force")
        assert "this file is MODEL already" in refusal(run(*arguments))

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("out.xlsx", "must end in .csv"),
            ("out", "must end in .csv"),
            ("nowhere/out.csv", "there is no directory nowhere"),
            ("folder.csv", "this is a directory"),
            ("pipe.csv", "not a regular file; choose another path"),
            ("link.csv", "nowhere; create it first"),
        ],
    )
    def test_unusable_outputs_are_refused_before_the_work(
        self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture, path: str, words: str
    ) -> None:
        (tmp_path / "folder.csv").mkdir()
        os.mkfifo(tmp_path / "pipe.csv")
        (tmp_path / "link.csv").symlink_to("nowhere/out.csv")
        for command in (("predict", "m.safetensors", "no-such-data.csv"), ("sample", "m.safetensors", "3")):
            assert words in refusal(run(*command, "-o", path, "--force"))

    def test_an_output_that_cannot_be_written_is_one_line(
        self, run: Run, model: gmmx.GaussianMixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(cli_output.npy_format, "write_array_header_1_0", full)
        message = refusal(run("predict", "m.safetensors", FAITHFUL, "-o", "out.npy"))
        assert message == "Error: the result cannot be written: [Errno 28] No space left on device"
        assert not os.path.exists("out.npy")


def test_numpy_reads_the_header_of_streamed_arrays(run: Run, model: gmmx.GaussianMixture) -> None:
    for count, labels, shape in [(1, (), (1, 2)), (70_000, ("--labels",), (70_000, 3))]:
        result = run("sample", "m.safetensors", count, *labels, "--output-format", "npy")
        array = np.load(io.BytesIO(result.stdout_bytes))
        assert (array.shape, array.dtype) == (shape, np.float64)


class TestPlaces:
    """Rows are counted from 1 and columns are called by their names, whatever reads the file."""

    @pytest.mark.parametrize("in_batches", [(), ("--batch-size", "2")])
    def test_an_empty_line_in_a_column_is_a_missing_value(self, run: Run, write: Write, in_batches: tuple[str]) -> None:
        path = write("a\n1\n2\n\n4\n")
        line = refusal(run("fit", path, "-k", "1", *in_batches))
        assert "row 3" in line
        assert "column 'a'" in line

    @pytest.mark.parametrize("in_batches", [(), ("--batch-size", "2")])
    @pytest.mark.parametrize("text", ["a\n1\n2\n4\n\n \n", "\na\r\n1\r\n2\r\n4\r\n\r\n", "a,b\n1,2\n\n3,4\n7,5\n"])
    def test_other_empty_lines_are_no_rows(self, run: Run, write: Write, text: str, in_batches: tuple[str]) -> None:
        assert documents(run("fit", write(text), "-k", "1", "--json", *in_batches))["n_samples"] == 3

    @pytest.mark.parametrize(
        ("ending", "name"), [(".csv", "waiting"), (".parquet", "waiting"), (".npy", "column_2"), (".npz", "column_2")]
    )
    @pytest.mark.parametrize("options", [(), ("--batch-size", "20")])
    @pytest.mark.parametrize("all_columns", [True, False])
    def test_a_missing_value(
        self, run: Run, tmp_path: Path, ending: str, name: str, options: tuple[str], all_columns: bool
    ) -> None:
        holey = X.copy()
        holey[100, 1] = np.nan
        chosen = () if all_columns else ("--columns", name)
        line = refusal(run("fit", save_as(ending, tmp_path, holey), "-k", "2", *options, *chosen))
        assert re.search(r"\brow 101\b", line)
        assert f"column {name!r}" in line
        assert "the first is 0" not in line
        assert "--columns" in line

    def test_a_negative_weight(self, run: Run, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.column_stack([X, np.where(np.arange(len(X)) == 7, -1.0, 1.0)]))
        line = refusal(run("fit", "x.npy", "-k", "2", "--weight-column", "column_3"))
        assert "x.npy, row 8, column 'column_3': weight -1 is negative" in line

    def test_two_columns_of_a_name(self, run: Run, write: Write) -> None:
        path = write("a,a,b\n1,2,3\n2,3,1\n4,4,4\n")
        for command in (("fit", path, "-k", "1", "--model", "m.safetensors"), ("select", path)):
            assert refusal(run(*command)).endswith("has 2 columns named 'a'; give them different names")
        assert documents(run("fit", path, "-k", "1", "--columns", "b", "--json"))["columns"] == ["b"]

    def test_labels_beside_a_feature_called_component(self, run: Run, write: Write, tmp_path: Path) -> None:
        path = write("component\n1\n2\n4\n")
        assert run("fit", path, "-k", "1", "--model", "m.safetensors").exit_code == 0
        line = refusal(run("sample", "m.safetensors", "2", "--labels"))
        assert "has a feature of this name; write a .npz file" in line
        assert run("sample", "m.safetensors", "2", "--labels", "-o", "drawn.npz").exit_code == 0
        with np.load(tmp_path / "drawn.npz") as arrays:
            assert sorted(arrays) == ["X", "component"]
        drawn = documents(run("sample", "m.safetensors", "2", "--labels", "--json"))
        assert (drawn["columns"], drawn["component"]) == (["component"], [0, 0])

    def test_booleans_and_empty_columns_of_parquet_are_left_out(self, run: Run, tmp_path: Path) -> None:
        frame = pd.DataFrame(X, columns=NAMES).assign(flag=True, hole=np.nan, nothing=None)
        frame.to_parquet(tmp_path / "x.parquet", row_group_size=100)
        frame.to_csv(tmp_path / "x.csv", index=False)
        for name in ("x.parquet", "x.csv"):
            assert documents(run("fit", name, "-k", "2", "--json"))["left_out"] == [
                {"column": "flag", "reason": "not numeric"},
                {"column": "hole", "reason": "empty"},
                {"column": "nothing", "reason": "empty"},
            ]
        assert "column 'hole'" in refusal(run("fit", "x.parquet", "-k", "2", "--columns", "waiting,hole"))

    def test_a_folder_of_unlike_files(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "parts").mkdir()
        frame = pd.DataFrame(X, columns=NAMES)
        frame.to_parquet(tmp_path / "parts" / "a.parquet")
        frame.rename(columns={"waiting": "pause"}).to_parquet(tmp_path / "parts" / "b.parquet")
        common = ("fit", "parts", "-k", "2", "--format", "parquet")
        assert "parts: only some of its files have the column 'waiting'" in refusal(run(*common))
        assert documents(run(*common, "--columns", "eruptions", "--json"))["n_samples"] == 544

    def test_no_rows_leave_standard_output_empty(self, run: Run, tmp_path: Path, model: gmmx.GaussianMixture) -> None:
        np.save(tmp_path / "none.npy", np.empty((0, 2)))
        told = refusal(run("predict", "m.safetensors", "none.npy"))
        assert "DATA names NPY files none.npy, without a single row: give files with rows" in told

    def test_too_many_rows_to_draw(self, run: Run, model: gmmx.GaussianMixture) -> None:
        assert "not in the range" in refusal(run("sample", "m.safetensors", "9" * 20))


class TestHelpfulRefusals:
    """What a user is likely to try is answered by what to do instead."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("fit", "parts", "-k", "2"), "parts is a folder; a folder of Parquet files needs --format parquet"),
            (("predict", "-", FAITHFUL), "MODEL cannot be standard input; name a file"),
            (("info", "-"), "MODEL cannot be standard input; name a file"),
            (("fit", "pipe.csv", "-k", "1"), "one column was found: cells are separated by commas, semicolons or tabs"),
            (("fit", "vectors.npz", "-k", "1"), "--array is not given, but it holds several arrays; name the one to "),
            (("fit", "empty.npz", "-k", "1"), "empty.npz: it holds no array"),
            (("fit", "objects.npy", "-k", "1"), "objects.npy: it holds Python objects; save it as float64"),
            (("fit", "objects.npz", "-k", "1"), "objects.npz: it holds Python objects; save it as float64"),
            (("fit", "comment.csv", "-k", "1"), "comment.csv begins with lines of comment; delete those that start"),
            (("fit", "comment.csv", "-k", "1", "--batch-size", "2"), "comment.csv begins with lines of comment"),
            (("fit", FAITHFUL, "-k", "2", "--max-iter", "9" * 20), "is not in the range 0<=x<=2147483647"),
            (("fit", FAITHFUL, "-k", "2", "--n-init", "9" * 20), "is not in the range 1<=x<=2147483647"),
            (("fit", FAITHFUL, "-k", "2-4"), "'2-4' is not a number; give one such as 3, or compare a range with gmmx"),
            (("fit", FAITHFUL, "-k", "two"), "'two' is not a number; give one such as 3, or compare a range with gmmx"),
            (("fit", FAITHFUL, "-k", "2", "--covariance-type", "vvv"), "there is no 'vvv'; did you mean 'VVV'?"),
            (("fit", FAITHFUL, "-k", "2", "--covariance-type", "banana"), "'banana' is not one of 'full', 'tied'"),
            (("select", FAITHFUL, "--covariance-type", "vvv"), "did you mean VVV?"),
            (("fit", FAITHFUL, "-k", "2", "--covariance-type", "V"), "faithful.csv has 2 of numbers; choose one by --"),
            (("select", FAITHFUL, "--covariance-type", "E,EII"), "--covariance-type E is for one column"),
            (("fit", FAITHFUL, "-k", "2", "--reg-covar", "nan"), "'--reg-covar': nan is not a finite number"),
            (("fit", FAITHFUL, "-k", "2", "--reg-covar", "x"), "'--reg-covar': 'x' is not a number"),
            (("fit", "none.csv", "-k", "2"), "none.csv cannot be read: No such file or directory; check its name and"),
            (("info", "none"), "none cannot be read: No such file or directory; check its name and folder"),
            (("fit", FAITHFUL, "-k", "2", "--tol", "inf"), "'--tol': inf is not a finite number"),
        ],
    )
    def test_refusal(self, run: Run, write: Write, tmp_path: Path, arguments: tuple[Any, ...], words: str) -> None:
        (tmp_path / "parts").mkdir()
        write("a|b\n1|2\n2|3\n", "pipe.csv")
        write("# made by hand\n# twice\na,b\n1,2\n2,3\n4,4\n", "comment.csv")
        np.savez(tmp_path / "vectors.npz", x=X[:, 0], y=X[:, 1])
        np.savez(tmp_path / "empty.npz")
        np.save(tmp_path / "objects.npy", X.astype(object))
        np.savez(tmp_path / "objects.npz", X=X.astype(object))
        assert words in refusal(run(*arguments))

    @pytest.mark.parametrize("ending", [".npy", ".npz", ".parquet"])
    def test_bytes_of_another_format(self, run: Run, tmp_path: Path, ending: str) -> None:
        stdin = save_as(ending, tmp_path).read_bytes()
        words = f"standard input is not text but {ending[1:]}; name its format: --format {ending[1:]}"
        for in_batches in ((), ("--batch-size", "9")):
            assert refusal(run("fit", "-", "-k", "2", *in_batches, stdin=stdin)).endswith(words)

    def test_packed_bytes(self, run: Run) -> None:
        line = refusal(run("fit", "-", "-k", "2", stdin=gzip.compress(FAITHFUL.read_bytes())))
        assert "standard input is packed by gzip; unpack it" in line

    @pytest.mark.parametrize("text", ["#a,b\n1,2\n2,3\n4,9\n", "PAR1,PAR2\n1,2\n2,3\n4,9\n"])
    def test_names_that_look_like_something_else(self, run: Run, write: Write, text: str) -> None:
        names = text.partition("\n")[0].split(",")
        assert documents(run("fit", write(text), "-k", "1", "--json"))["columns"] == names


def test_twenty_thousand_columns(run: Run, tmp_path: Path) -> None:
    """Searches for each column, and matrices of all features, took minutes and gigabytes."""
    n = 20_000
    header = ",".join(f"g{i}" for i in range(n))
    lines = (",".join(str((i + j) % 7) for i in range(n)) for j in range(3))
    (tmp_path / "wide.csv").write_text("\n".join([header, *lines]) + "\n")
    result = run("fit", "wide.csv", "--components", "1", "--covariance-type", "diag", "--columns", header, "--json")
    assert result.exit_code == 0, result.output
    mean = np.array(json.loads(result.stdout)["means"][0])
    np.testing.assert_allclose(mean, np.mean([(np.arange(n) + j) % 7 for j in range(3)], axis=0), rtol=1e-12)
