"""Models as files: what comes back, what is refused, and that no half file ever stands there."""

import json
import os
import pathlib
import pickle
import re
import stat
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.datasets import load_iris

import gmmx
from gmmx import GaussianMixture, ModelFileError, _core

COVARIANCE_TYPES = ["full", "tied", "diag", "spherical"]
IRIS = load_iris().data


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def fitted(covariance_type="full", dtype=np.float64, **parameters):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, **parameters)
    return model.fit(IRIS.astype(dtype))


def attributes(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def assert_same(left, right):
    assert attributes(left).keys() == attributes(right).keys()
    for name, value in attributes(left).items():
        other = getattr(right, name)
        assert type(value) is type(other), name
        assert getattr(value, "dtype", None) == getattr(other, "dtype", None)
        assert_array_equal(np.asarray(value), np.asarray(other), err_msg=name)


# Round trips --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_what_is_saved_comes_back(covariance_type, dtype, path):
    model = fitted(covariance_type, dtype, n_jobs=2, tol=1e-4, max_iter=200)
    model.save(path)
    loaded = gmmx.load(path)
    assert type(loaded) is GaussianMixture
    assert loaded.get_params() == model.get_params()
    assert_same(model, loaded)
    assert_array_equal(loaded.predict_proba(IRIS), model.predict_proba(IRIS))
    assert_array_equal(loaded.sample(5)[0], model.sample(5)[0])
    loaded.fit(IRIS.astype(dtype))
    assert_array_equal(loaded.means_, model.means_)


def test_feature_names_come_back(path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(IRIS, columns=["länge", "b", "c", 'd"\n'])
    model = GaussianMixture(2, random_state=0).fit(frame)
    model.save(path)
    assert_array_equal(gmmx.load(path).feature_names_in_, model.feature_names_in_)
    gmmx.load(path).predict(frame)


def test_parameters_that_are_no_text_are_left_out(path):
    model = GaussianMixture(
        np.int64(2),
        tol=np.float64(1e-2),
        random_state=np.random.RandomState(0),
        callback=lambda iteration, log_likelihood: False,
        means_init=IRIS[[0, 100]],
        warm_start=np.True_,
    ).fit(IRIS)
    model.save(path)
    loaded = gmmx.load(path)
    assert loaded.random_state is None and loaded.callback is None and loaded.means_init is None
    assert loaded.tol == 1e-2 and loaded.warm_start is True and loaded.n_components == 2


def test_a_model_without_a_fit(path):
    model = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [1.0]], [1.0, 2.0], "spherical")
    model.save(path)
    loaded = gmmx.load(path)
    assert_same(model, loaded)
    assert loaded.lower_bound_ == -np.inf and np.isnan(loaded.log_likelihood_)


def test_paths(tmp_path, monkeypatch):
    model = fitted()
    monkeypatch.chdir(tmp_path)
    model.save("relative.safetensors")
    model.save(str(tmp_path / "text"))
    for path in ("relative.safetensors", tmp_path / "text", pathlib.Path("text")):
        assert_same(gmmx.load(path), model)


def test_the_file_is_plain_safetensors(path):
    fitted("diag", np.float32).save(path)
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {"weights", "means", "covariances", "precisions_cholesky"}
        metadata = file.metadata()
        assert metadata["format"] == "gmmx" and metadata["format_version"] == "1"
        assert metadata["gmmx_version"] == gmmx.__version__
        assert metadata["class"] == "GaussianMixture" and metadata["covariance_type"] == "diag"
        assert json.loads(metadata["params"])["n_components"] == 3
        assert file.get_tensor("means").dtype == np.float32


def test_every_type_of_a_single_feature(path):
    for covariance_type in _core.covariance_types():
        for dtype in (np.float32, np.float64):
            model = GaussianMixture(2, covariance_type=covariance_type, random_state=0)
            model.fit(IRIS[:, :1].astype(dtype)).save(path)
            loaded = gmmx.load(path)
            for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_"):
                assert_array_equal(getattr(loaded, name), getattr(model, name), err_msg=f"{covariance_type} {name}")


# Writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failed_save_keeps_the_old_file(step, error, path, monkeypatch):
    fitted("full").save(path)
    before = path.read_bytes()

    def fail(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(type(error)):
            fitted("diag").save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_save_replaces_a_file(path):
    fitted("full").save(path)
    model = fitted("diag")
    model.save(path)
    assert_same(gmmx.load(path), model)
    assert os.listdir(path.parent) == [path.name]


def test_save_writes_through_a_link(path):
    path.write_bytes(b"old")
    link = path.with_name("link")
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("no symbolic links here")
    fitted().save(link)
    assert link.is_symlink()
    gmmx.load(path)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_the_file_has_usual_permissions(path):
    other = path.with_name("other")
    other.touch()
    fitted().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_save_needs_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        fitted().save(tmp_path / "missing" / "model")
    with pytest.raises(OSError):
        fitted().save(tmp_path)


def test_a_broken_model_is_not_saved(path):
    model = fitted()
    model.weights_[0] = 2
    with pytest.raises(ValueError, match="The model cannot be saved: weights sums to"):
        model.save(path)
    model = fitted()
    model.means_[0] = np.nan
    with pytest.raises(ValueError, match="means holds numbers that are not finite"):
        model.save(path)
    model = fitted().set_params(covariance_type="tied")
    with pytest.raises(ValueError, match="covariances has shape"):
        model.save(path)
    assert not path.exists()


# Reading ------------------------------------------------------------------------------------------------------


def parts_of(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def with_tensor(name, change):
    def damage(tensors, metadata):
        tensors[name] = np.ascontiguousarray(change(tensors[name].copy()))

    return damage


def with_metadata(name, value):
    def damage(tensors, metadata):
        if value is None:
            del metadata[name]
        else:
            metadata[name] = value

    return damage


def put(index, value):
    def change(tensor):
        tensor[index] = value
        return tensor

    return change


def extra_tensor(tensors, metadata):
    tensors["log_weights"] = np.zeros(3)


def missing_tensor(tensors, metadata):
    del tensors["means"]


def mixed_types(tensors, metadata):
    tensors["means"] = tensors["means"].astype(np.float32)


def integers(tensors, metadata):
    for name in tensors:
        tensors[name] = tensors[name].astype(np.int64)


def half_precision(tensors, metadata):
    for name in tensors:
        tensors[name] = tensors[name].astype(np.float16)


DAMAGE = {
    "another format": (with_metadata("format", "pt"), "names the format 'pt', not 'gmmx'. Only files written by"),
    "no format": (with_metadata("format", None), "names the format None"),
    "newer": (with_metadata("format_version", "2"), "format_version is 2, but this gmmx .* reads up to 1. Upgrade"),
    "version": (with_metadata("format_version", "one"), "format_version is 'one', not a number"),
    "version 0": (with_metadata("format_version", "0"), "format_version is '0'"),
    "superscript": (with_metadata("format_version", "²"), "format_version is '²'"),
    "class": (with_metadata("class", "Bayesian"), "it holds a 'Bayesian', not a 'GaussianMixture'"),
    "type": (with_metadata("covariance_type", "ful"), "covariance_type is 'ful', but must be one of"),
    "another type": (with_metadata("covariance_type", "diag"), "covariances has shape .* require shape"),
    "no type": (with_metadata("covariance_type", None), r"its metadata lacks \['covariance_type'\]"),
    "no history": (with_metadata("n_iter", None), r"its metadata lacks \['n_iter'\]"),
    "history not JSON": (with_metadata("n_iter", "{"), "metadata entry n_iter is '{', which is not JSON"),
    "deep JSON": (with_metadata("n_iter", "[" * 100_000), "metadata entry n_iter is .* which is not JSON"),
    "history of a wrong kind": (with_metadata("converged", "1"), "converged is '1', which is not of the right kind"),
    "negative n_iter": (with_metadata("n_iter", "-1"), "n_iter is '-1'"),
    "lower bounds": (with_metadata("lower_bounds", '["a"]'), "lower_bounds"),
    "names too few": (with_metadata("feature_names", '["a"]'), "feature_names must be null or 4 strings"),
    "names of a wrong kind": (with_metadata("feature_names", "[1, 2, 3, 4]"), "feature_names must be null or"),
    "params of a wrong kind": (with_metadata("params", "[]"), "params must map names to"),
    "params nested": (with_metadata("params", '{"callback": {}}'), "params must map names to"),
    "params not allowed": (with_metadata("params", '{"tol": -1}'), "constructor parameters are not accepted.*'tol'"),
    "extra tensor": (extra_tensor, "it holds the tensors .*'log_weights'.* none missing and none more"),
    "missing tensor": (missing_tensor, "none missing and none more"),
    "mixed types": (mixed_types, "all must be F32 or all F64"),
    "integers": (integers, "'I64'.*all must be F32 or all F64"),
    "half precision": (half_precision, "'F16'.*all must be F32 or all F64"),
    "weights shape": (with_tensor("weights", lambda a: a[:2]), r"weights has shape \(2,\), but"),
    "means 1-D": (with_tensor("means", np.ravel), r"means has shape \(12,\), but must have shape"),
    "no components": (with_tensor("means", lambda a: a[:0]), r"means has shape \(0, 4\), but must have shape"),
    "covariances shape": (with_tensor("covariances", lambda a: a[0]), r"covariances has shape \(4, 4\), but"),
    "factors shape": (with_tensor("precisions_cholesky", lambda a: a[..., :2]), "precisions_cholesky has shape"),
    "NaN": (with_tensor("means", put((0, 0), np.nan)), "means holds numbers that are not finite"),
    "inf": (with_tensor("covariances", put((0, 0, 0), np.inf)), "covariances holds numbers that are not finite"),
    "weights sum": (with_tensor("weights", lambda a: a / 2), "weights sums to 0.5, but must sum to one"),
    "negative weight": (with_tensor("weights", lambda a: a - [1, 0, -1]), "weights holds a negative number"),
    "not symmetric": (with_tensor("covariances", put((0, 0, 1), 9.0)), "a matrix that is not symmetric"),
    "negative variance": (with_tensor("covariances", lambda a: -a), "a variance that is not positive"),
    "contradiction": (
        with_tensor("covariances", lambda a: a * (1 + 1e-9)),
        r"precisions_cholesky\[0\] is not the factor of the inverse of covariances\[0\]",
    ),
    "version of many digits": (with_metadata("format_version", "9" * 5000), "format_version is 9999"),
    "zeros before the version": (with_metadata("format_version", "0" * 5000), "format_version is '0000"),
    "huge weight": (with_metadata("total_weight", "1" + "0" * 400), "total_weight is .*a number is too large"),
    "huge bound": (with_metadata("lower_bound", "1" + "0" * 400), "lower_bound is .*a number is too large"),
    "huge number in a list": (with_metadata("lower_bounds", "[1e999]"), "lower_bounds is .*a number is too large"),
    "digits beyond Python's limit": (with_metadata("lower_bound", "1" * 5000), "a number is too large"),
    "half of a pair": (with_metadata("feature_names", '["\\ud800", "b", "c", "d"]'), "half of a surrogate pair"),
    "a key twice": (with_metadata("params", '{"tol": 1, "tol": 2}'), "the key 'tol' stands twice"),
    "no threads": (with_metadata("params", '{"n_jobs": 0}'), "constructor parameters are not accepted.*n_jobs"),
    "checkpoint of a wrong kind": (with_metadata("checkpoint", "[]"), "checkpoint must map names to values"),
    "checksum": (with_metadata("checksum", "crc32:0"), "its checksum is 'crc32:0', but what it holds has 'crc32:"),
    "note of the fit": (
        with_metadata("n_iter", "1"),
        "was changed after it was written. Restore it",
    ),
    "another number": (with_tensor("means", lambda a: a + 1e-9), "a byte was changed after it was written"),
    "not triangular": (with_tensor("precisions_cholesky", put((1, 3, 0), 0.1)), "triangular"),
    "factor not positive": (with_tensor("precisions_cholesky", put((2, 1, 1), 0.0)), "positive"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_models_are_refused(case, path):
    damage, message = DAMAGE[case]
    fitted().save(path)
    tensors, metadata = parts_of(path)
    damage(tensors, metadata)
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(ModelFileError, match=message) as failure:
        gmmx.load(path)
    assert str(failure.value).startswith(f"{path} cannot be loaded as a gmmx model: ")
    assert re.search(r"Write it again|Only files written|Upgrade|Restore it from a copy; if", str(failure.value))


def test_undamaged_parts_are_accepted(path):
    """Whoever changes what the checksum covers removes it; what others add is not covered."""
    fitted().save(path)
    tensors, metadata = parts_of(path)
    save_file(tensors, path, metadata={**metadata, "note": "mine"})
    assert gmmx.load(path).converged_
    assert metadata.pop("checksum").startswith("crc32:")
    metadata["params"] = json.dumps({**json.loads(metadata["params"]), "of_a_later_version": 1})
    save_file(tensors, path, metadata={**metadata, "note": "mine"})
    assert gmmx.load(path).converged_


def assert_flips_are_found(path, places):
    content = path.read_bytes()
    for at in places:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(ModelFileError):
                gmmx.load(path)


def test_every_flipped_bit_of_a_tensor_is_found(path):
    fitted("diag", np.float32).save(path)
    content = path.read_bytes()
    assert_flips_are_found(path, range(8 + int.from_bytes(content[:8], "little"), len(content)))


def test_a_file_without_metadata(path):
    save_file({"weights": np.ones(1)}, path)
    with pytest.raises(ModelFileError, match="names the format None"):
        gmmx.load(path)


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 100, b"\xff" * 100])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="is not a whole safetensors file"):
        gmmx.load(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x,y\n1.5,2\n2.5,3\n", "text"),
        ("l\u00e4nge\n1.5\n".encode() * 200, "text"),
        (b"{}" * 50, "text"),
        (b"\x93NUMPY\x01\x00v\x00", r"a NumPy array \(\.npy\)"),
        (b"PK\x03\x04" + bytes(40), "a zip archive, as .npz files are"),
        (b"PAR1" + bytes(40), "a Parquet file"),
        (pickle.dumps({"weights": [1.0]}), "a pickle"),
    ],
)
def test_files_of_another_kind_are_called_what_they_are(content, kind, path):
    path.write_bytes(content)
    words = rf"it is {kind}, not a model file\. gmmx\.load takes what GaussianMixture\.save or .*gmmx\.data\.from_csv"
    with pytest.raises(ModelFileError, match=words):
        gmmx.load(path)


def test_a_changed_name_of_the_checksum_does_not_switch_it_off(path):
    fitted().save(path)
    content = path.read_bytes()
    begin = content.index(b"checksum")
    assert_flips_are_found(path, range(begin, begin + len(b"checksum")))
    path.write_bytes(content.replace(b"checksum", b"bhecksum"))
    with pytest.raises(ModelFileError, match="has no entry checksum, but the entry 'bhecksum' holds one: a byte was"):
        gmmx.load(path)


@pytest.mark.parametrize("keep", [1, 7, 8, 9, 100, 0.5, 0.9, -8, -1])
def test_cut_files_are_refused(keep, path):
    fitted().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(ModelFileError, match="is not a whole safetensors file"):
        gmmx.load(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_damaged_byte_does_harm(data, tmp_path_factory):
    """A changed byte leads to a refusal or, where it is in a number or a note, to a model that predicts."""
    path = tmp_path_factory.mktemp("damaged") / "model"
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        model = gmmx.load(path)
    except ModelFileError as error:
        assert str(path) in str(error)
    else:
        assert model.predict_proba(np.zeros((1, model.n_features_in_))).shape == (1, len(model.weights_))


def _good_content():
    model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(IRIS[:, :2])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model")
        model.save(path)
        return path.read_bytes()


GOOD = _good_content()


def test_what_would_not_be_read_is_not_written(path):
    for change in ({"n_jobs": 0}, {"tol": -1.0}):
        with pytest.raises(ValueError, match=next(iter(change))):
            fitted().set_params(**change).save(path)
    model = fitted()
    model.feature_names_in_ = np.array(["a", "b", "c", "\ud800"], dtype=object)
    with pytest.raises(ValueError, match=r"cannot be saved: its metadata entry feature_names .* surrogate pair"):
        model.save(path)
    model = fitted()
    model.covariances_ = model.covariances_ * 1.5
    with pytest.raises(ValueError, match=r"precisions_cholesky\[0\] is not the factor of the inverse of covariances"):
        model.save(path)
    fitted().set_params(max_iter=2**63 - 1).save(path)
    assert gmmx.load(path).max_iter == 2**63 - 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_pipe_is_refused_at_once(tmp_path, run):
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(OSError, match="is not a regular file, but a pipe"):
        gmmx.load(tmp_path / "pipe.safetensors")
    with pytest.raises(OSError, match="is not a regular file, but a pipe"):
        gmmx.GaussianMixture(1).fit_batches([IRIS], checkpoint=tmp_path / "pipe.safetensors", resume=True)
    result = run("info", tmp_path / "pipe.safetensors")
    assert result.exit_code == 2
    assert "is not a regular file, but a pipe" in result.stderr


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        gmmx.load(tmp_path / "nowhere")
    with pytest.raises(OSError):
        gmmx.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_what_is_no_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    model = gmmx.GaussianMixture(2, random_state=0).fit(IRIS)
    with pytest.raises(OSError, match="is not a regular file"):
        model.save(pipe)
    assert pipe.is_fifo()
    with pytest.raises(FileNotFoundError, match=r"none/model\.safetensors.*does not exist"):
        model.save(tmp_path / "none" / "model.safetensors")


@pytest.mark.parametrize("path", [3, None, 1.5])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match=r"path is .*, but must be a str or path-like"):
        gmmx.load(path)
