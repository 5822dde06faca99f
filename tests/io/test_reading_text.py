"""Text tables: one reader and one rule, whoever reads them, and nothing is left out without a word."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import re
import threading
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gmmx.data
from gmmx.cli import command_line
from gmmx.cli.input import FileRows, Table, open_table
from gmmx.cli.options import DataOptions
from gmmx.io import _cells, _text_blocks, csv_text
from gmmx.io.csv_text import CsvRows, DataFileError, TextFormat

pytest.importorskip("pyarrow")

Run = Callable[..., Result]
Write = Callable[..., Path]


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return result.stderr.splitlines()[-1]


def read_table(path: Path, **options: Any) -> tuple[Table, FileRows]:
    with open_table(DataOptions(data=str(path), **options)) as table:
        return table, table.read()


def in_memory(path: Path, **options: Any) -> Any:
    return read_table(path, **options)[1].X


def in_batches(path: Path, **options: Any) -> Any:
    with open_table(DataOptions(data=str(path), **options), again=True) as table:
        return np.concatenate([part.X for part in table.parts(table.reader(2))])


def from_csv(path: Path, **options: Any) -> Any:
    return np.concatenate(list(gmmx.data.from_csv(path, **options)))


READERS = (in_memory, in_batches, from_csv)


def outcome(read: Callable[[], Any]) -> Any:
    """Return the numbers that a reader gives, or that it refuses."""
    try:
        return read().tolist()
    except ValueError:
        return "refused"


# --- one reader ---

TEXTS: dict[str, tuple[bytes, Any]] = {
    "blank lines": (b"a,b\n1,2\n   \n3,4\n \t \n", [[1, 2], [3, 4]]),
    "a blank line in one column": (b"a\n1\n   \n3\n", "refused"),
    "blank lines at the end of one column": (b"a\n1\n3\n  \n\n", [[1], [3]]),
    "blanks before a quote": (b'a,b\n1, "2"\n"3" , 4\n', [[1, 2], [3, 4]]),
    "no-break spaces": ("a,b\n1\u00a0,2\n\u00a03,4\n\u00a0\n".encode(), [[1, 2], [3, 4]]),
    "form feeds": (b"a,b\n\f1,2\n\f\n3,4\f\n", [[1, 2], [3, 4]]),
    "old Macintosh": (b"a,b\r1,2\r3,4\r", [[1, 2], [3, 4]]),
    "a row of tabs is a row": (b"a\tb\n1\t2\n\t\n", "refused"),
    "underscores": (b"a,b\n1_0,2\n3,4\n5,6\n", "refused"),
    "digits of other scripts": ("a,b\n\u0661,2\n3,4\n5,6\n".encode(), "refused"),
    "hexadecimal": (b"a,b\n0x1f,2\n3,4\n5,6\n", "refused"),
    "signs and points": (b"a,b\n+1.,.5\n-3e0,4E-1\n", [[1, 0.5], [-3, 0.4]]),
    "infinity": (b"a,b\n1,2\n3,inf\n", "refused"),
    "overflow": (b"a,b\n1,2\n3,1e999\n", "refused"),
    "Excel's separator": (b"sep=;\r\na;b\r\n1;2\r\n3;4\r\n", [[1, 2], [3, 4]]),
    "tabs in a .csv": (b"a\tb\n1\t2\n3\t4\n", [[1, 2], [3, 4]]),
    "a quoted cell over lines": (b'a,note,b\n1,"x\n\ny",2\n3,z,4\n', [[1, 2], [3, 4]]),
    "an open quote": (b'a,b\n1,2\n"3,4\n5,6\n', "refused"),
    "an open quote at the end": (b'a,b\n1,2\n3,"4\n', "refused"),
    "an empty quoted cell at the end": (b'note,a,b\n"",1,2\n"",3,"4"', [[1, 2], [3, 4]]),
    "zero bytes": (b"a,b\n1,2\n3,\x004\n", "refused"),
    "broken UTF-8": (b"a,b\n1,2\n3,4\n5,\xff\n", "refused"),
    "the mark of the byte order": (b"\xef\xbb\xbfa,b\n1,2\n", [[1, 2]]),
    "a longer row": (b"a,b\n1,2\n3,4,5\n", "refused"),
    "decimal commas": (b"a;b\n0,5;1\n1,25;2\n", [[0.5, 1], [1.25, 2]]),
}


def chosen(name: str) -> dict[str, Any]:
    return {"columns": ["a", "b"]} if "note" in TEXTS[name][0].decode("latin-1") else {}


@pytest.mark.parametrize("name", TEXTS)
def test_every_way_to_read_gives_the_same(tmp_path: Path, name: str) -> None:
    text, expected = TEXTS[name]
    (tmp_path / "x.csv").write_bytes(text)
    (tmp_path / "UPPER.CSV.GZ").write_bytes(gzip.compress(text))
    columns = chosen(name)
    for path, read in itertools.product(sorted(tmp_path.iterdir()), READERS):
        options = columns if read is from_csv else {key: ",".join(value) for key, value in columns.items()}
        assert outcome(lambda: read(path, **options)) == expected, (path.name, read)  # noqa: B023


@pytest.mark.parametrize("before", [0, 1, 5000])
def test_an_open_quote_is_named_with_its_line(tmp_path: Path, before: int) -> None:
    rows = b"1,2\n" * before
    (tmp_path / "x.csv").write_bytes(b'note,b\n"over\nlines",7\n' + rows + b'x,"3\n' + b"5,6\n" * 3000)
    line = 4 + before
    for read in READERS:
        options = {"columns": ["b"]} if read is from_csv else {"columns": "b"}
        with pytest.raises(ValueError, match="quote") as caught:
            read(tmp_path / "x.csv", **options)
        assert f"a quote in the row that begins in line {line} is not closed; close or delete it" in str(caught.value)


def numbers(text: bytes, **options: Any) -> Any:
    rows = CsvRows(io.BytesIO(text), "x.csv", ",")
    return np.concatenate([X for X, _ in rows.numbers(range(len(rows.names)), **options)])


CELLS = st.sampled_from(
    [*("1", "-2.5", "+3", "4e-3", " 5 ", "\u00a06", '"7"', ' "8"'), *("", "NA", "nan", "?", "inf", "x", "1_0", '"9,0"')]
)
ROW = st.lists(CELLS, min_size=2, max_size=2).map(",".join)
LINES = st.lists(st.one_of(ROW, st.sampled_from(["", "  ", "1", "1,2,3"])), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), keep=st.booleans(), block=st.integers(1, 40))
def test_the_fast_ways_read_what_the_careful_one_reads(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], end: str, keep: bool, block: int
) -> None:
    text = (end.join(["a,b", "1,2", *lines]) + end).encode()
    found = []
    for large, plain in ((0, True), (1 << 30, True), (0, False)):  # pyarrow, NumPy, cell by cell
        with monkeypatch.context() as patch:
            patch.setattr(csv_text, "_LARGE", large)
            patch.setattr(_text_blocks, "BLOCK", block)
            patch.setattr(csv_text, "_STEP", block)
            if not plain:
                patch.setattr(CsvRows, "_read_plain", lambda *_, **__: None)
            found.append(outcome(lambda: numbers(text, keep_missing=keep)))
    np.testing.assert_equal(found[1:], found[:1] * 2)


def test_the_fast_ways_read_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(size=(2_000, 2)) * 10.0 ** np.arange(-300, 300, 300)
    text = "a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in X.tolist())
    for large in (0, 1 << 30):
        monkeypatch.setattr(csv_text, "_LARGE", large)
        np.testing.assert_array_equal(numbers(text.encode()), X)


# --- what a cell and a column mean ---


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("12", ".", 12.0), (" 1.5e-3\t", ".", 0.0015), ("-.5", ".", -0.5), ("1,5", ".", None), ("1.5", ",", None),
        ("1,5", ",", 1.5), ("1.234,5", ",", None), ("1 000", ".", None), ("12%", ".", None), ("True", ".", None),
        ("1_000", ".", None), ("NA", ".", np.nan), ("#N/A", ".", np.nan), (" \u00a0", ".", np.nan),
        ("-nan", ",", np.nan),
        ("Infinity", ".", np.inf),
    ],
)  # fmt: skip
def test_what_a_cell_means(cell: str, decimal: Any, number: float | None) -> None:
    np.testing.assert_equal(_cells.number_in(cell, decimal), number)
    np.testing.assert_equal(_cells.numbers_in([cell, "7"], decimal), [number, 7.0])


def test_a_column_that_is_empty_at_first_is_not_dropped(write: Write) -> None:
    for n_empty in (900, 1200):
        path = write("t,x,late\n" + "".join(f"{i},{i % 7}.5,{'' if i < n_empty else i}\n" for i in range(3000)))
        for read in READERS:
            with pytest.raises(DataFileError, match="late"):
                read(path)
    with pytest.raises(DataFileError, match=r"row 1201 .*column 'late' is empty in the first .* but has '1200' here"):
        in_memory(path)
    kept = in_memory(path, columns="t,x,late", drop_missing=True)
    assert kept.shape == (1800, 3)
    with pytest.raises(DataFileError, match="'late' is empty in the first"):
        in_batches(path)


def test_a_column_of_numbers_and_texts_is_not_left_out(write: Write) -> None:
    path = write("x,y\n" + "".join(f"{i},{i if i % 4 == 0 else 'ERR'}\n" for i in range(40)))
    for read in (in_memory, in_batches):
        with pytest.raises(DataFileError, match=r"'y' holds 10 numbers and 30 texts such as 'ERR'.* --columns"):
            read(path)
    assert in_memory(path, columns="x").shape == (40, 1)


@pytest.mark.parametrize("batches", [(), ("--batch-size", "2")])
def test_no_header_is_refused_where_names_are(run: Run, write: Write, batches: tuple[str, ...]) -> None:
    path = write("x,y\n1,2\n3,1\n5,5\n")
    message = refusal(run("fit", path, "-k", "1", "--no-header", *batches))
    assert "data.csv: row 1 holds 'x' in column 'column_1', but must hold numbers with --no-header" in message
    assert message.endswith("leave --no-header out if it holds the names of the columns")
    assert run("fit", write("NA,2\n3,1\n5,5\n4,4\n"), "-k", "1", "--no-header", "--drop-missing").exit_code == 0


def test_text_and_empty_columns_are_left_out_with_the_reason(write: Write) -> None:
    table, _ = read_table(write("name,x,none\nA,1,\nB,2,\nC,3,NA\n"))
    assert table.names == ("x",)
    assert dict(table.selection.left_out) == {"name": "not numeric", "none": "empty"}


# --- decimal commas and delimiters ---


def semicolons(rows: Any) -> str:
    return "".join(";".join(str(cell).replace(".", ",") for cell in row) + "\n" for row in rows)


ROWS = np.random.default_rng(3).normal(size=(30, 3)).round(3).tolist()


@pytest.mark.parametrize("header", ["", "time, s;current, A;voltage, V\n", "x;y;z\n"])
def test_semicolons_part_cells_with_decimal_commas(run: Run, write: Write, header: str) -> None:
    path = write(header + semicolons(ROWS))
    for read in READERS:
        np.testing.assert_array_equal(read(path), ROWS)
    assert repr(gmmx.data.from_csv(path)).startswith("CSV with decimal commas '")
    result = run("fit", path, "-k", "1", "--json")
    assert document(result)["n_features"] == 3
    assert "note: " in result.stderr and "decimal commas" in result.stderr


def test_units_in_the_header_do_not_part_cells(write: Write) -> None:
    path = write("time, s;current, A\n" + "".join(f"{a};{b}\n" for a, b, _ in ROWS))
    for read in READERS:
        np.testing.assert_array_equal(read(path), np.array(ROWS)[:, :2])


def test_one_column_of_decimal_commas_needs_a_word(write: Write) -> None:
    path = write("".join(f"{row[0]}\n".replace(".", ",") for row in ROWS))
    for read in READERS:
        with pytest.raises(DataFileError, match=r"like numbers with decimal commas, such as -?\d,\d+; give -*decimal"):
            read(path)
        np.testing.assert_array_equal(read(path, decimal=",")[:, 0], np.array(ROWS)[:, 0])
        assert read(path, delimiter=",").shape == (30, 2)
    for text in ("1,2\n3,4\n", "id, zip\n1, 01234\n2, 04321\n", "id,zip\n1,01234\n2,04321\n"):
        assert in_memory(write(text)).shape == (2, 2)


def test_commas_that_may_part_thousands_need_a_word(write: Write) -> None:
    path = write("a;b\n1,234;2\n2,345;3\n")
    for read in READERS:
        with pytest.raises(
            DataFileError, match=r"'1,234', whose commas may be decimal or part thousands; give -*decimal"
        ):
            read(path)
        np.testing.assert_array_equal(read(path, decimal=","), [[1.234, 2], [2.345, 3]])
    with pytest.raises(
        DataFileError, match=r"column 'a' has numbers such as '1,234', but a number has one decimal point"
    ):
        in_memory(path, decimal=".")
    path = write("a;b\n1.234,5;0\n2.345,6;1\n")
    for decimal in (".", ","):
        with pytest.raises(DataFileError, match=r"'a' has numbers such as '1\.234,5'"):
            in_memory(path, decimal=decimal)


def test_points_that_may_part_thousands_need_a_word_beside_semicolons(write: Write) -> None:
    for text in ("a;b\n1.234;2\n2.345;NA\n", "1.234;2\n-2.345;3\n", "a;b\n1.234;no\n12.345;yes\n"):
        path = write(text)
        for read in READERS:
            with pytest.raises(
                DataFileError, match=r"'-?[12]\.\d{3}', whose points may .* part thousands.*decimal '\.'"
            ):
                read(path)
    path = write("a;b\n1.234;2\n2.345;3\n")
    for read in READERS:
        np.testing.assert_array_equal(read(path, decimal="."), [[1.234, 2], [2.345, 3]])
    with pytest.raises(DataFileError, match=r"'a' has numbers such as '1\.234', but a number has one decimal comma"):
        in_memory(path, decimal=",")


@pytest.mark.parametrize("sign", ["0.125", "-0.125", ".125", "12.5", "1234.567", "1.234e1", "1."])
def test_one_number_shows_that_points_are_decimal(write: Write, sign: str) -> None:
    path = write(f"a;b\n1.234;2\n2.345;{sign}\n")
    for read in READERS:
        np.testing.assert_array_equal(read(path), [[1.234, 2], [2.345, float(sign)]])


def test_points_are_decimal_beside_other_delimiters(write: Write) -> None:
    for delimiter in (",", "\t"):
        path = write(f"a{delimiter}b\n1.234{delimiter}2.345\n3.456{delimiter}4.567\n")
        for read in READERS:
            np.testing.assert_array_equal(read(path), [[1.234, 2.345], [3.456, 4.567]])


def test_the_decimal_character_is_not_the_delimiter(run: Run, write: Write) -> None:
    path = write("a,b\n1,2\n")
    assert "is the delimiter, too" in refusal(run("fit", path, "-k", "1", "--decimal", ",", "--delimiter", ","))


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("x.txt", "a b\n1   2\n  3 4\n", {}),
        ("x.txt", "a\tb\n1\t2\n3\t4\n", {}),
        ("x.txt", "a,b\n1,2\n3,4\n", {}),
        ("x.csv", "a|b\n1|2\n3|4\n", {"delimiter": "|"}),
        ("x.csv", "a b\n1 2\n3  4\n", {"delimiter": " "}),
        ("x.csv", "a;b\n1;2\n3;4\n", {"delimiter": ";"}),
        ("x.tsv", "a,b\n1,2\n3,4\n", {"delimiter": ","}),
    ],
)
def test_delimiters(tmp_path: Path, name: str, text: str, options: dict[str, str]) -> None:
    (tmp_path / name).write_text(text)
    for read in READERS:
        assert read(tmp_path / name, **options).tolist() == [[1, 2], [3, 4]]


def test_delimiters_on_the_command_line(run: Run, write: Write) -> None:
    for name, delimiter in (("tab", "\t"), ("space", " "), ("|", "|")):
        path = write(f"a{delimiter}b\n1{delimiter}2\n3{delimiter}5\n")
        assert document(run("fit", path, "-k", "1", "--json", "--delimiter", name))["columns"] == ["a", "b"]
    assert "not one character" in refusal(run("fit", path, "-k", "1", "--delimiter", "::"))
    np.save("x.npy", np.eye(3))
    for option in (("--delimiter", "tab"), ("--decimal", ",")):
        assert f"{option[0]} is for text, but x.npy is npy" in refusal(run("fit", "x.npy", "-k", "1", *option))


def packed_by_zip(text: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/x.csv", text)
        archive.writestr("__MACOSX/folder/._x.csv", b"\0")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zip", packed_by_zip)]
)
def test_packed_files(run: Run, tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"a,b\n1,2\n3,4\n5,1\n" * 50)
    path = tmp_path / f"x.csv.{ending}"
    path.write_bytes(pack(b"a,b\n1,2\n3,4\n"))
    for read in READERS:
        assert read(path).tolist() == [[1, 2], [3, 4]]
    assert gmmx.GaussianMixture(1).fit_batches(path).means_.tolist() == [[2.0, 3.0]]
    path.write_bytes(packed[: len(packed) // 2])
    for options in ((), ("--batch-size", "9")):
        assert "cannot be unpacked" in refusal(run("fit", path, "-k", "1", *options))
    if ending != "zip":
        assert f"name a file that ends in .{ending}" in refusal(run("fit", "-", "-k", "1", stdin=packed))


def test_a_pipe_in_batches_is_read_once(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe.csv").write_text("a\n1\n2\n4\n"))
    writer.start()
    assert document(run("fit", "pipe.csv", "-k", "1", "--batch-size", "2", "--json"))["n_samples"] == 3
    writer.join()


def test_a_pipe_is_no_file_to_read_again_and_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(OSError, match="not a regular file"):
        gmmx.data.from_csv(tmp_path / "pipe.csv")


# --- long lines, names ---


def test_long_cells_and_long_headers(write: Write) -> None:
    path = write("note,x\n" + f'"{"long, " * 40_000}",1\n' + f"{'y' * 200_000},2\n")
    assert in_memory(path).tolist() == in_batches(path).tolist() == [[1], [2]]
    assert from_csv(path, columns=["x"]).tolist() == [[1], [2]]
    names = [f"a rather long name of column {j}" for j in range(3_000)]
    path = write(",".join(names) + "\n" + ",".join(["1"] * len(names)) + "\n")
    for read in READERS:
        assert read(path).shape == (1, 3_000)


def test_names_are_compared_in_one_normal_form(run: Run, write: Write, tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "größe") for form in ("NFC", "NFD"))
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for in_file, asked in ((composed, decomposed), (decomposed, composed)):
        path = write(f"{in_file},b\n1,2\n3,4\n")
        pq.write_table(pa.table({in_file: [1.0, 3.0], "b": [2.0, 4.0]}), tmp_path / "x.parquet")
        for file in (path, "x.parquet"):
            for options in ((), ("--batch-size", "1")):
                found = document(run("fit", file, "-k", "1", "--columns", asked, "--json", *options))
                assert found["means"] == [[2.0]]
        assert from_csv(path, columns=[asked]).tolist() == [[1], [3]]
        (batch,) = gmmx.data.from_parquet(tmp_path / "x.parquet", [asked])
        assert batch.tolist() == [[1], [3]]
    run("fit", write(f"{composed},b\n1,2\n3,4\n"), "-k", "1", "--model", "m.safetensors")
    assert document(run("score", "m.safetensors", write(f"b,{decomposed}\n2,1\n4,3\n"), "--json"))["n_samples"] == 2


def test_names_that_the_output_cannot_encode(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write("größe,b\n1,2\n3,4\n4,1\n")
    runner = CliRunner(charset="ascii")
    printed = runner.invoke(command_line(), ["fit", "data.csv", "-k", "1"])
    assert printed.exit_code == 0, printed.output
    assert re.search(r"gr(\?\?|\\xf6\\xdf)e", printed.stdout)
    found = runner.invoke(command_line(), ["fit", "data.csv", "-k", "1", "--json"])
    assert json.loads(found.stdout)["columns"] == ["größe", "b"]


# --- missing values ---

WITH_HOLES = "".join(
    f"{line}\n"
    for line in (
        *("species,bill,depth", "A,39.1,18.7", "A,,17.4", "B,46.1,13.2", "B,50.0,NA"),
        *("C,46.5,17.9", "C,50.0,19.5", "A,38.9,17.8", "B,48.7,14.1"),
    )
)
COMPLETE = [[39.1, 18.7], [46.1, 13.2], [46.5, 17.9], [50.0, 19.5], [38.9, 17.8], [48.7, 14.1]]
KEPT = [True, False, True, False, True, True, True, True]


@pytest.fixture(params=["csv", "parquet", "npy"])
def holes(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A table in which values are missing in rows 2 and 4 of 8."""
    import pandas as pd

    path = tmp_path / f"holes.{request.param}"
    frame = pd.read_csv(io.StringIO(WITH_HOLES))
    if request.param == "csv":
        path.write_text(WITH_HOLES)
    elif request.param == "parquet":
        frame.to_parquet(path)
    else:
        np.save(path, frame[["bill", "depth"]].to_numpy())
    return path


class TestDropMissing:
    @pytest.mark.parametrize("batches", [(), ("--batch-size", "3"), ("--batch-size", "1")])
    def test_fit(self, run: Run, holes: Path, tmp_path: Path, batches: tuple[str, ...]) -> None:
        arguments = ("fit", holes, "-k", "1", *batches)
        assert "use --drop-missing" in refusal(run(*arguments))
        outputs = ("--labels", "labels.csv", "--plot", "p.png", "--force")
        printed = run(*arguments, "--drop-missing", *outputs)
        assert printed.exit_code == 0, printed.output
        assert "dropped: 2 of 8 rows, which lack a value" in printed.stdout
        found = document(run(*arguments, "--drop-missing", "--json", *outputs))
        assert (found["n_samples"], found["n_dropped"]) == (6, 2)
        np.testing.assert_allclose(found["means"][0], np.mean(COMPLETE, axis=0))
        labels = (tmp_path / "labels.csv").read_text().splitlines()[1:]
        assert labels == ["0" if kept else "" for kept in KEPT]

    def test_select(self, run: Run, holes: Path, tmp_path: Path) -> None:
        arguments = ("select", holes, "-k", "1", "--covariance-type", "EII")
        assert "use --drop-missing" in refusal(run(*arguments))
        found = document(run(*arguments, "--drop-missing", "--json", "--labels", "l.npy"))
        assert (found["n_samples"], found["n_dropped"]) == (6, 2)
        np.testing.assert_array_equal(np.load(tmp_path / "l.npy"), np.where(KEPT, 0, -1))

    def test_predict_score_plot(self, run: Run, holes: Path, tmp_path: Path) -> None:
        import pandas as pd

        assert run("fit", holes, "-k", "1", "--drop-missing", "--model", "m.safetensors").exit_code == 0
        for command in ("predict", "score"):
            assert "use --drop-missing" in refusal(run(command, "m.safetensors", holes))
        score = document(run("score", "m.safetensors", holes, "--drop-missing", "--json"))
        assert (score["n_samples"], score["n_dropped"]) == (6, 2)
        arguments = ("predict", "m.safetensors", holes, "--drop-missing", "--proba", "--log-density")
        streamed = run(*arguments)
        lines = streamed.stdout.splitlines()[1:]
        assert [line != ",," for line in lines] == KEPT
        assert "note: dropped: 2 of 8 rows" in streamed.stderr
        found = document(run(*arguments, "--json"))
        assert [one is not None for one in found["component"]] == KEPT
        assert found["proba"][1] == [None]
        for ending in ("npy", "npz", "parquet"):
            assert run(*arguments, "-o", f"out.{ending}").exit_code == 0
        component, proba, log_density = np.load(tmp_path / "out.npy").T
        np.testing.assert_array_equal(component, np.where(KEPT, 0, -1))
        np.testing.assert_array_equal(np.isnan(proba), ~np.array(KEPT))
        frame = pd.read_parquet(tmp_path / "out.parquet")
        np.testing.assert_array_equal(frame["log_density"].notna(), KEPT)
        np.testing.assert_array_equal(frame["log_density"][KEPT], log_density[KEPT])
        drawn = run("plot", "m.safetensors", holes, "--drop-missing", "-o", "p.png")
        assert drawn.exit_code == 0, drawn.output
        assert "dropped: 2 of 8 rows" in drawn.stderr

    def test_rows_without_weight_are_dropped_too(self, run: Run, write: Write) -> None:
        path = write("x,w\n1,1\n2,NA\n3,2\n,1\n")
        for batches in ((), ("--batch-size", "2")):
            common = ("fit", path, "-k", "1", "--weight-column", "w", "--json", *batches)
            assert "use --drop-missing" in refusal(run(*common))
            found = document(run(*common, "--drop-missing"))
            assert (found["n_dropped"], found["total_weight"]) == (2, 3.0)

    def test_what_is_not_missing_is_still_refused(self, run: Run, write: Write) -> None:
        path = write("x,y\n1,2\n,3\n3,inf\n")
        assert "row 3 (line 4), column 'y': inf is not finite" in refusal(run("fit", path, "-k", "1", "--drop-missing"))
        path = write("x,y\n,2\n3,NA\n")
        assert "missing in all 2 rows" in refusal(run("fit", path, "-k", "1", "--drop-missing", "--columns", "x,y"))

    def test_rows_beyond_one_block(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [f"{i},{'' if i % 5 == 0 else i}\n" for i in range(20_000)]
        path = write("a,b\n" + "".join(rows))
        expected = [[i, i] for i in range(20_000) if i % 5]
        for large in (0, 1 << 30):
            monkeypatch.setattr(csv_text, "_LARGE", large)
            np.testing.assert_array_equal(in_memory(path, drop_missing=True), expected)


# --- columns that look like labels ---


class TestLabels:
    ROWS = "".join(f"{x:.2f},{x * x:.2f},{int(x > 0)}\n" for x in np.linspace(-2, 3, 25))

    @pytest.mark.parametrize("name", ["target", "Species", "class_id", "z"])
    @pytest.mark.parametrize(
        "command", [("fit", "-k", "1"), ("fit", "-k", "1", "--batch-size", "9"), ("select", "-k", "1")]
    )
    def test_a_hint(self, run: Run, write: Write, name: str, command: tuple[str, ...]) -> None:
        path = write(f"a,b,{name}\n{self.ROWS}")
        result = run(*command, path)
        assert result.exit_code == 0, result.output
        assert f"note: column '{name}' looks like a label and is fitted as a feature; leave it out by" in result.stderr
        for options in (("--label-column", name), ("--columns", f"a,b,{name}")):
            assert run(*command, path, *options).stderr == ""

    def test_measurements_get_none(self, run: Run, write: Write) -> None:
        assert run("fit", write("a,b,c\n" + self.ROWS.replace(",1\n", ",1.5\n")), "-k", "1").stderr == ""

    def test_a_label_alone_is_not_fitted_because_the_rest_was_left_out(self, run: Run, write: Write) -> None:
        path = write("sepal,petal,target\n" + "".join(f"{i} cm,{i} cm,{i % 2}\n" for i in range(8)))
        message = refusal(run("fit", path, "-k", "1"))
        assert "only column 'target' would be fitted, which looks like a label; left out were sepal (not" in message
        assert document(run("fit", path, "-k", "1", "--columns", "target", "--json"))["n_features"] == 1

    def test_decimal_commas_beside_a_label(self, run: Run, write: Write) -> None:
        path = write("sepal;petal;target\n5,1;1,4;0\n4,9;1,5;0\n6,3;4,7;1\n6,1;4,5;1\n7,2;6,0;2\n7,6;6,6;2\n")
        result = run("fit", path, "-k", "1", "--json")
        assert document(result)["columns"] == ["sepal", "petal", "target"]
        assert "decimal commas" in result.stderr and "'target' looks like a label" in result.stderr
        assert "'sepal' has numbers such as '5,1'" in refusal(run("fit", path, "-k", "1", "--decimal", "."))


# --- folders of Parquet files ---


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ("nulls", "has no value in row 1 of the column 'z'"),
        ("no rows", None),
        ("text", "column 'z' is of type"),
        ("truth values", "column 'z' is of type"),
    ],
)
def test_a_folder_of_parquet_files_is_judged_by_all_of_them(run: Run, tmp_path: Path, other: str, verdict: Any) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    x, z = np.arange(10.0), np.arange(10.0) ** 2
    columns = {
        "nulls": (x, pa.nulls(10)),
        "no rows": (x[:0], pa.nulls(0)),
        "text": (x, pa.array(z.astype(str))),
        "truth values": (x, pa.array(z > 3)),
    }
    parts = [pa.table({"x": x, "z": z}), pa.table(dict(zip("xz", columns[other], strict=True)))]
    for number, order in enumerate((parts, parts[::-1])):
        folder = tmp_path / f"folder{number}"
        folder.mkdir()
        for i, table in enumerate(order):
            pq.write_table(table, folder / f"{i}.parquet")
        result = run("fit", folder, "-k", "1", "--format", "parquet", "--json")
        if verdict is None:
            assert document(result)["columns"] == ["x", "z"]
        else:
            assert verdict in refusal(result)
    if other == "nulls":
        dropped = document(run("fit", folder, "-k", "1", "--format", "parquet", "--json", "--drop-missing"))
        assert (dropped["n_samples"], dropped["n_dropped"]) == (10, 10)


def test_a_format_can_be_said_in_full() -> None:
    rows = CsvRows(io.BytesIO(b"1;2,5\n3;4,5\n"), "x", ",", TextFormat(";", ",", True))
    assert rows.names == ("1", "2,5")
    assert [X.tolist() for X, _ in rows.numbers([0, 1])] == [[[3.0, 4.5]]]


R_TABLE = '"x" "y"\n"1" 1.5 2\n"2" 2.5 3\n"3" 1 7\n'


def test_tables_of_r_have_row_names(run: Run, write: Write) -> None:
    """write.table parts cells by blanks, and its header has no name for the names of the rows."""
    expected = [[1.5, 2], [2.5, 3], [1, 7]]
    for read in READERS:
        np.testing.assert_array_equal(read(write(R_TABLE, "r.txt")), expected)
        np.testing.assert_array_equal(read(write(R_TABLE), delimiter=" "), expected)
        np.testing.assert_array_equal(read(write(R_TABLE.replace(" ", ","))), expected)
        named = R_TABLE.replace('"1"', '"a"').replace('"2"', '"b"').replace('"3"', '"c"')
        np.testing.assert_array_equal(read(write(named, "r.txt")), expected)
    result = run("fit", write(R_TABLE), "-k", "1", "--delimiter", "space")
    assert result.exit_code == 0 and "left out: (unnamed) (row names)" in result.stdout
    for read in READERS:  # numbers may be those of a column whose name is missing
        with pytest.raises(DataFileError, match="3 cells where the first row has 2"):
            read(write(R_TABLE.replace('"2"', "9"), "r.txt"))


def test_blanks_that_part_cells_are_named_with_the_option(run: Run, write: Write) -> None:
    message = refusal(run("fit", write(R_TABLE), "-k", "1"))
    assert "one column was found: if blanks separate the cells, use --delimiter space" in message
    with pytest.raises(ValueError, match="if blanks part the cells, give delimiter=' '"):
        from_csv(write(R_TABLE))


@pytest.mark.parametrize("names", ["x,,y", "x,", ",", ""])
def test_empty_names_are_refused(run: Run, write: Write, names: str) -> None:
    path = write("x,y\n1,2\n3,5\n4,4\n")
    assert "in which a name between commas is empty" in refusal(run("fit", path, "-k", "1", "--columns", names))
    assert "in which a name between commas is empty" in refusal(run("select", path, "--covariance-type", "VVV,"))


def test_columns_with_missing_values_are_listed_in_words(run: Run, write: Write) -> None:
    message = refusal(run("fit", write("x,y,z\n1,,3\n,5,6\n7,8,1\n"), "-k", "1"))
    assert "(rows 1, 2, counted without the header; columns 'x' and 'y')" in message
    assert "header; column 'x')" in refusal(run("fit", write("x,y\n1,2\n,5\n7,8\n"), "-k", "1"))
