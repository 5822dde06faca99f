"""Python and C++ read the same model files: the same verdict on damaged ones, the same numbers from sound ones.

GMMX_MUTATIONS sets the number of damaged files; 200,000 take some minutes.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from safetensors.numpy import save

import gmmx
from gmmx import GaussianMixture, ModelFileError
from gmmx.io._checksum import CHECKSUM_ENTRY, checksum_of
from gmmx.io._safetensors import Container, Tensor
from gmmx.io.model_file import TENSORS, read_model

N_MUTATIONS = int(os.environ.get("GMMX_MUTATIONS", "3000"))

ROWS = np.random.default_rng(0).normal(size=(40, 2)) + np.arange(2) * np.arange(40)[:, None] % 3

NUMBERS = [
    *("0", "-0", "1", "-1", "2", "0.0", "-0.0", "0.5", "1.0", "1e0", "1E2", "1e400", "-1e400", "1e-400", "0.51"),
    *("2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809"),
    *("1" + "0" * 30, "1" + "0" * 400, "9" * 5000, "01", "+1", "1.", ".5", "1e", "0x1", "1_0", "\u0661", "--1"),
    *("NaN", "-NaN", "Infinity", "-Infinity", "+Infinity", "nan", "inf", "NaN1", "1NaN", "[NaN]", "[1, -Infinity]"),
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "179769313486231570" + "0" * 291,
    "179769313486231590" + "0" * 291,
]
TEXTS = [
    *("", " ", "null", "true", "false", "[]", "{}", '""', '"a"', "[1", "[1,]", "{,}", '{"a":1,}', "[1 2]", "nul"),
    *('{"a": 1, "a": 1}', '{"a": 1, "\\u0061": 1}', "{NaN: 1}", '{"a": NaN}', '{"a": [1]}', '{"a": {"a": 1}}'),
    *(
        '["a", "b"]',
        '["a", "a"]',
        '["", ""]',
        '["a"]',
        '["\\ud800", "b"]',
        '["\\udc00", "b"]',
        '["\\ud83d\\ude00", "b"]',
    ),
    *(
        '["\\u0000", "b"]',
        '["a\tb", "c"]',
        '["\\x", "b"]',
        '["\\u12", "b"]',
        '["\u00e4", "\x7f"]',
        '["a", "b"] ',
        "\ufeff1",
    ),
    *("[" * 7 + "]" * 7, "[" * 8 + "]" * 8, "[" * 9 + "]" * 9, "[" * 2000, "[" * 100_000, '{"a":' * 9 + "1" + "}" * 9),
    *(
        "\u00a01",
        "1\n",
        "\t1",
        "1\x0c",
        "1\x00",
        "/*a*/1",
        "'a'",
        "[1, 2, 3]",
        "[0.5, null]",
        "[-0, 1e5]",
        "crc32:",
        "gmmx",
    ),
]
PARAMS = ["0", "-0", "1", "-1", "3", "0.5", "0.51", "1.0", "1.5", "-0.5", "-2", "1e308", "true", "false", "null", '"a"']
PARAMS += [
    '"default"',
    '"squarem"',
    '"anderson"',
    '"auto"',
    '"kmeans"',
    '"stream"',
    '"hc"',
    '"k-means++"',
    '"random"',
    '"random_from_data"',
]
PARAMS += ["NaN", "Infinity", "-Infinity", "4294967295", "4294967296", "18446744073709551615", "1e5", '"1"', '"full"']
PARAMS += ["9223372036854775808", "18446744073709551616", "-9223372036854775809", "[]", "{}", '""']
WORDS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\0",
    b"\xff",
    b"\xc3\xa4",
    b" ",
    b"\n",
    b"NaN",
    b"-",
    b"1",
    b"e5",
]
WORDS += [
    b"F16",
    b"F32",
    b"18446744073709551616",
    b'"format":"gmmx",',
    b'"means":{},',
    b"__metadata__",
    b"\\u0000",
    b"\\ud800",
]


@dataclass
class Parts:
    """A model file in parts that can be changed."""

    metadata: dict[str, str]
    arrays: dict[str, np.ndarray]

    @classmethod
    def of(cls, model, path):
        model.save(path)
        record = read_model(path)
        content = path.read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return cls(header["__metadata__"], {name: np.asarray(record.tensors[name]) for name in TENSORS})

    def changed(self, metadata=None, arrays=None):
        return Parts(self.metadata | (metadata or {}), self.arrays | (arrays or {}))

    def without_checksum(self):
        return Parts({name: text for name, text in self.metadata.items() if name != CHECKSUM_ENTRY}, self.arrays)

    def with_checksum(self):
        types = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
        tensors = {
            name: Tensor(types[array.dtype], array.shape, memoryview(array.tobytes()))
            for name, array in self.arrays.items()
        }
        checksum = checksum_of(Container(self.without_checksum().metadata, tensors))
        return self.changed({CHECKSUM_ENTRY: checksum})

    def content(self) -> bytes:
        return save({name: np.ascontiguousarray(array) for name, array in self.arrays.items()}, self.metadata)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Sound models of every kind of file."""
    path = tmp_path_factory.mktemp("sound") / "model"
    pandas = pytest.importorskip("pandas")
    models = [
        GaussianMixture(2, random_state=0).fit(pandas.DataFrame(ROWS, columns=["l\u00e4nge", "b"])),
        GaussianMixture(2, covariance_type="diag", random_state=0).fit(ROWS.astype(np.float32)),
        GaussianMixture(3, covariance_type="EEE", random_state=0).fit(ROWS),
        GaussianMixture(2, covariance_type="V", random_state=0).fit(ROWS[:, :1]),
        GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 2.0], "spherical"),
    ]
    all_parts = [Parts.of(model, path) for model in models]
    state = path.with_name("state")
    GaussianMixture(2, random_state=0, tol=1e-9).fit_batches([ROWS], checkpoint=state)
    content = state.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert "checkpoint" in header["__metadata__"]
    return [*all_parts, Parts(header["__metadata__"], read_model(state).tensors)]


def sealed(parts: Parts, random_numbers: random.Random) -> bytes:
    """Return the file with its old checksum, the right one or none, or with one under another name."""
    named = parts.without_checksum().changed({"cHecksum": parts.with_checksum().metadata[CHECKSUM_ENTRY]})
    return random_numbers.choice([parts, parts.without_checksum(), parts.with_checksum(), named]).content()


def with_flips(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def with_words(content: bytes, rng: random.Random) -> bytes:
    """Put words into the header, or take some of it away; its length follows."""
    length = int.from_bytes(content[:8], "little")
    header, data = bytearray(content[8 : 8 + length].rstrip(b" ")), content[8 + length :]
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(header))
        header[at : at + rng.choice([0, 0, 1, 5])] = rng.choice(WORDS)
    header += b" " * rng.randint(0, 3)
    return len(header).to_bytes(8, "little") + bytes(header) + data


def with_entries(parts: Parts, rng: random.Random) -> bytes:
    names = [*parts.metadata, "total_weight", "checkpoint", CHECKSUM_ENTRY, "note"]
    changes = {rng.choice(names): rng.choice(NUMBERS + TEXTS) for _ in range(rng.choice([1, 1, 2]))}
    if rng.random() < 0.3:
        name = rng.choice(list(parts.metadata))
        text = parts.metadata[name]
        at = rng.randrange(len(text) + 1)
        changes[name] = text[:at] + rng.choice(NUMBERS + TEXTS) + text[at + rng.choice([0, 1, 3]) :]
    return sealed(parts.changed(changes), rng)


def with_numbers(parts: Parts, rng: random.Random) -> bytes:
    name = rng.choice(TENSORS)
    array = np.array(parts.arrays[name])
    index = rng.randrange(array.size)
    old = float(array.flat[index])
    values = [0.0, -0.0, -old, 1e300, -1.0, 5e-324, math.nan, math.inf, 2 * old, old + 1e-9, old * (1 + 1e-6), 0.5]
    with np.errstate(over="ignore"):
        array.flat[index] = rng.choice(values)
        if rng.random() < 0.2:
            array = rng.choice([array[..., :1], array.ravel(), array[None], array[:0], array.astype(np.float32)])
    return sealed(parts.changed(arrays={name: np.ascontiguousarray(array)}), rng)


def with_tensor_entry(parts: Parts, rng: random.Random) -> bytes:
    content = sealed(parts, rng)
    length = int.from_bytes(content[:8], "little")
    entries, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    entry = entries[rng.choice(TENSORS)]
    entry[rng.choice(["dtype", "shape", "data_offsets", "more"])] = "MARK"
    header = json.dumps(entries, ensure_ascii=False)
    value = rng.choice([*NUMBERS, *TEXTS, "[2, 2]", "[2]", "[2, -0]", "[2.0]", "[0, 16]", '"F64"', '"F32"', '"F16"'])
    packed = header.replace('"MARK"', value).encode("utf-8", "surrogatepass")
    return len(packed).to_bytes(8, "little") + packed + data


def cut_or_longer(content: bytes, rng: random.Random) -> bytes:
    at = rng.choice([rng.randrange(len(content)), rng.randrange(min(20, len(content)))])
    return rng.choice([content[:at], content + bytes(rng.randint(1, 9)), content[:at] + content[at + 1 :]])


def mutations(sound: list[Parts], count: int) -> Iterator[bytes]:
    rng = random.Random(0)
    of_bytes = [with_flips, with_words, with_words, cut_or_longer]
    of_parts = [with_entries, with_entries, with_entries, with_numbers, with_tensor_entry]
    for _ in range(count):
        parts = rng.choice(sound)
        if rng.random() < 0.4:
            yield rng.choice(of_bytes)(sealed(parts, rng), rng)
        else:
            yield rng.choice(of_parts)(parts, rng)


def of_python(path):
    """Return what `verdicts` prints of a file, but as values."""
    try:
        model = gmmx.load(path)
    except ModelFileError as error:
        assert str(error).startswith(f"{path} cannot be loaded as a gmmx model: ")
        return "refused"
    record = read_model(path)
    history = record.history
    dtype = np.dtype(record.tensors["means"].dtype)
    vars(model).pop("feature_names_in_", None)
    assert model.predict_proba(np.zeros((1, model.n_features_in_))).shape == (1, len(model.weights_))
    numbers = [
        history["lower_bound"],
        history["log_likelihood"],
        math.nan if record.total_weight is None else record.total_weight,
    ]
    numbers += history["lower_bounds"]
    for name in ("weights", "means", "covariances", "precisions_cholesky"):
        numbers += record.tensors[name].astype(np.float64).ravel().tolist()
    names = [f"'{name.encode().hex()}" for name in record.feature_names or []]
    first = [record.covariance_type, history["n_iter"], int(history["converged"]), int(dtype == np.float32)]
    return " ".join(map(str, ["accepted", *first, *map(repr, map(float, numbers)), *names]))


def of_cpp(line):
    """Return a line of `verdicts` as `of_python` writes it."""
    words = line.split()
    return " ".join(words[:5] + [word if word.startswith("'") else number(word) for word in words[5:]])


def number(word):
    value = float.fromhex(word)
    return "nan" if math.isnan(value) else repr(value)


def assert_same_verdicts(program, contents, folder):
    for i, content in enumerate(contents):
        (folder / str(i)).write_bytes(content)
    ran = subprocess.run([str(program), str(folder), str(len(contents))], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == len(contents)
    verdicts = []
    different = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i, line in enumerate(lines):
            of_both = of_python(folder / str(i)), of_cpp(line)
            verdicts.append(of_both[0] != "refused")
            if of_both[0] != of_both[1]:
                different.append((*of_both, contents[i]))
    assert not different, f"{len(different)} of {len(lines)}: {different[:3]}"
    return verdicts


@pytest.fixture(scope="module")
def program(programs_of_cpp):
    return programs_of_cpp / "verdicts"


@pytest.mark.repo
@pytest.mark.slow
def test_sound_files(program, sound, tmp_path):
    contents = [parts.content() for parts in sound]
    contents += [parts.without_checksum().content() for parts in sound]
    contents += [parts.without_checksum().changed({"other": "crc32:0123abc"}).content() for parts in sound]
    assert all(assert_same_verdicts(program, contents, tmp_path))
    assert [parts.with_checksum().metadata for parts in sound] == [parts.metadata for parts in sound]


@pytest.mark.repo
@pytest.mark.slow
def test_every_constructor_parameter(program, sound, tmp_path):
    """So that a parameter that changes in Python changes in C++ too."""
    names = [*gmmx.OnlineGaussianMixture().get_params(), "of_a_later_version"]
    contents = [
        sound[0].changed({"params": f'{{"{name}": {value}}}'}).with_checksum().content()
        for name in names
        for value in PARAMS
    ]
    options = {name: next(iter(c)) for name, c in GaussianMixture._parameter_constraints.items()}
    for name in ("init_params", "acceleration", "prior"):
        contents += [
            sound[0].changed({"params": json.dumps({name: value})}).with_checksum().content()
            for value in sorted(options[name].options)
        ]
    verdicts = assert_same_verdicts(program, contents, tmp_path)
    assert 100 < sum(verdicts) < len(verdicts) - 100


@pytest.mark.repo
@pytest.mark.slow
def test_damaged_files(program, sound, tmp_path):
    verdicts = assert_same_verdicts(program, list(mutations(sound, N_MUTATIONS)), tmp_path)
    assert 0.02 < np.mean(verdicts) < 0.6  # both are tried
