"""Fitted mixtures as safetensors files: four tensors, and what else there is to know as text.

A file is written beside its destination and moved there when it is whole. Reading trusts nothing: what a model file is
is defined in docs/model_files.md, and the reader of C++ (cpp/files) accepts the same files.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save as to_safetensors

from gmmx import _core
from gmmx._text import printable
from gmmx.io._atomic_write import atomic_write
from gmmx.io._checksum import CHECKSUM_ENTRY, CHECKSUM_TEXT, checksum_of
from gmmx.io._file_kinds import kind_of_other_file
from gmmx.io._regular_file import open_regular
from gmmx.io._safetensors import LARGEST_HEADER, Container, Tensor, read_container
from gmmx.io._strict_json import parse_json, whole_number
from gmmx.validation import is_matrix_valued

FORMAT, FORMAT_VERSION = "gmmx", 1
MODEL_CLASS = "GaussianMixture"
TENSORS = ("weights", "means", "covariances", "precisions_cholesky")
_TYPES = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
_MOST_ITERATIONS = 2**31 - 1
_HISTORY = ("n_iter", "converged", "lower_bound", "lower_bounds", "log_likelihood")


_Built = TypeVar("_Built")


class ModelFileError(ValueError):
    """A file is not a complete gmmx model.

    The message names the file, the defect and a remedy.
    """


@dataclass(frozen=True)
class ModelRecord:
    """Contents of a model file: arrays by name, record of the fit, feature names, constructor parameters.

    `checkpoint`, of a fit that was under way: what else it needs to go on. `total_weight` of the rows that the
    mixture was fitted to, if they are known. `gmmx_version` wrote the file, or would.
    """

    covariance_type: str
    tensors: Mapping[str, npt.NDArray[Any]]
    history: Mapping[str, Any] = field(default_factory=dict)
    feature_names: list[str] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Mapping[str, Any] | None = None
    total_weight: float | None = None
    gmmx_version: str = _core.__version__


class _Refusal(ValueError):
    """Something is not a model file; `remedy` is empty for the usual one."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy


def representable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that text can hold: numbers (whole ones of 64 bits), strings, truth values, None."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: value for name, value in plain.items() if _is_representable(value)}


def _is_representable(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return isinstance(value, float | str | None)


def save_model(record: ModelRecord, path: str | os.PathLike[str]) -> None:
    """Write a model, whole or not at all.

    Parameters
    ----------
    record : ModelRecord
        What to write; it must pass the checks of `read_model`.
    path : path-like
        Where to. A file that is there is replaced, and kept if anything fails.

    Raises
    ------
    ValueError
        If the model is none that `read_model` would take back, for instance after its attributes were edited.
    OSError
        If the folder cannot be written to, or the file that is there is read-only.
    """
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(f"path is {path!r}, but must be a str or path-like. Give the name of the file to write.")
    content = _bytes_of(record)
    with atomic_write(path) as file:
        file.write(content)


def _bytes_of(record: ModelRecord) -> bytes:
    try:
        container = _container_of(record)
        _record_in(container)  # what would be refused is not written
        arrays = {name: np.ascontiguousarray(record.tensors[name]) for name in TENSORS}
        content: bytes = to_safetensors(arrays, metadata=dict(container.metadata))
        length = int.from_bytes(content[:8], "little")
        if length > LARGEST_HEADER:
            raise ValueError(
                f"its names and bounds make a header of {length} bytes, but at most {LARGEST_HEADER} can be read again"
            )
    except ValueError as error:
        raise ValueError(f"The model cannot be saved: {error}. Fit it again or correct its attributes.") from error
    return content


def _container_of(record: ModelRecord) -> Container:
    """Return what the file will hold."""
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "gmmx_version": _core.__version__,
        "class": MODEL_CLASS,
        "covariance_type": record.covariance_type,
        "params": json.dumps(dict(record.params)),
        "feature_names": json.dumps(record.feature_names),
        **{name: json.dumps(record.history[name]) for name in _HISTORY},
    }
    if record.checkpoint is not None:
        metadata["checkpoint"] = json.dumps(dict(record.checkpoint))
    if record.total_weight is not None:
        metadata["total_weight"] = json.dumps(record.total_weight)
    tensors = {name: _tensor_of(np.asarray(record.tensors[name])) for name in TENSORS}
    container = Container(metadata, tensors)
    metadata[CHECKSUM_ENTRY] = checksum_of(container)
    return container


def _tensor_of(array: npt.NDArray[Any]) -> Tensor:
    content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return Tensor(_TYPES.get(array.dtype, str(array.dtype)), array.shape, memoryview(content))


def read_model(path: str | os.PathLike[str]) -> ModelRecord:
    """Read what `save_model` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    record : ModelRecord
        Checked: tensors of the right names, shapes and types that make a mixture, and the checksum, if there is one.

    Raises
    ------
    ModelFileError
        If the file is something else, cut off, damaged or of a newer format.
    OSError
        If there is no such file, it may not be read, or it is not a regular file.
    """
    return read_as(path, lambda record: record)


def read_as(path: str | os.PathLike[str], build: Callable[[ModelRecord], _Built]) -> _Built:
    """Read a model file and return what is built of it; a ValueError of `build` refuses the file as `read_model` does.

    The checksum is compared at the end, as other checks tell more of what is wrong.
    """
    if not isinstance(path, str | bytes | os.PathLike):  # open() takes integers for what is open already
        raise TypeError(f"path is {path!r}, but must be a str or path-like. Give the name of a file of save().")
    _refuse_what_is_no_file(path)
    with open_regular(path) as stream:
        try:
            container = _whole_container(stream)
            built = build(_record_in(container))
            _check_checksum(container)
        except ValueError as error:
            raise ModelFileError(_sentences(path, error)) from error
    return built


def _refuse_what_is_no_file(path: str | bytes | os.PathLike[str]) -> None:
    """Raise the error of a folder, or of a path where nothing is."""
    name = repr(os.fsdecode(path))
    error: OSError
    if os.path.isdir(path):
        number, what = errno.EISDIR, "which is a folder, but must be a file of save(). Name a file in it."
        error = IsADirectoryError(f"path is {name}, {what}")
    elif not os.path.lexists(path):
        number, what = errno.ENOENT, "but there is no such file. Give the path of a file of save() or gmmx fit --model."
        error = FileNotFoundError(f"path is {name}, {what}")
    else:
        return
    error.strerror = os.strerror(number)  # what the command line says
    raise error


def _sentences(path: str | os.PathLike[str], error: ValueError) -> str:
    remedy = getattr(error, "remedy", "") or "Write it again with GaussianMixture.save, or restore it from a copy"
    return f"{printable(os.fsdecode(path))} cannot be loaded as a gmmx model: {str(error).rstrip('.')}. {remedy}."


_LOADS = (
    "gmmx.load takes what GaussianMixture.save or gmmx fit --model wrote; rows are read by gmmx.data.from_csv, "
    "numpy.load or pandas, or by the command gmmx fit"
)


def _whole_container(stream: BufferedReader) -> Container:
    try:
        return read_container(stream)
    except ValueError as error:
        if kind := kind_of_other_file(stream):
            raise _Refusal(f"it is {kind}, not a model file", _LOADS) from error
        raise ValueError(f"it is not a whole safetensors file ({error})") from error


def _record_in(container: Container) -> ModelRecord:
    """Return the model in a container.

    Raises
    ------
    ValueError
        Saying what is wrong with it.
    """
    metadata = _checked_metadata(container.metadata)
    covariance_type = metadata["covariance_type"]
    _check_inventory(container, covariance_type)
    tensors = {name: container.tensors[name].array() for name in TENSORS}
    check_tensors(tensors, covariance_type)
    return ModelRecord(
        covariance_type=covariance_type,
        tensors=tensors,
        history=_history(metadata),
        feature_names=_feature_names(metadata, tensors["means"].shape[1]),
        params=_params(metadata),
        checkpoint=_checkpoint(metadata),
        total_weight=_total_weight(metadata),
        gmmx_version=metadata.get("gmmx_version", "unknown"),
    )


def _checked_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Check that a file says that it is a gmmx model of a format known here."""
    if metadata.get("format") != FORMAT:
        raise _Refusal(
            f"its metadata names the format {_shown(metadata.get('format'))}, not {FORMAT!r}",
            "Only files written by GaussianMixture.save can be loaded; "
            "GaussianMixture.from_parameters builds a model from other arrays",
        )
    _check_version(metadata)
    if metadata.get("class") != MODEL_CLASS:
        raise ValueError(f"it holds a {_shown(metadata.get('class'))}, not a {MODEL_CLASS!r}")
    missing = {"covariance_type", "params", "feature_names", *_HISTORY} - metadata.keys()
    if missing:
        raise ValueError(f"its metadata lacks {sorted(missing)}")
    if metadata["covariance_type"] not in _core.covariance_types():
        raise ValueError(
            f"its covariance_type is {_shown(metadata['covariance_type'])}, but must be one of "
            f"{_core.covariance_types()}"
        )
    return metadata


def _check_version(metadata: Mapping[str, str]) -> None:
    version = metadata.get("format_version", "")
    digits = version.lstrip("0")
    if not digits or not re.fullmatch("[0-9]+", version):
        raise ValueError(f"its format_version is {_shown(version)}, not a number from 1 on")
    if digits != str(FORMAT_VERSION):
        raise _Refusal(
            f"its format_version is {version[:80]}, but this gmmx {_core.__version__} reads up to {FORMAT_VERSION}",
            f"Upgrade gmmx to at least {metadata.get('gmmx_version', 'the version that wrote it')[:80]}",
        )


def _shown(text: str | None) -> str:
    """Return an entry of the metadata for a message: short, in quotes, without controls."""
    return repr(text if text is None else text[:80])


def _check_checksum(container: Container) -> None:
    """Compare the checksum; files of the first versions have none."""
    written = container.metadata.get(CHECKSUM_ENTRY)
    if written is None:
        _refuse_misnamed_checksum(container.metadata)
        return
    computed = checksum_of(container)
    if written != computed:
        raise _Refusal(
            f"its checksum is {_shown(written)}, but what it holds has {computed!r}: a byte was changed after it was "
            "written",
            "Restore it from a copy; if you changed it on purpose, remove the entry checksum from its metadata",
        )


def _refuse_misnamed_checksum(metadata: Mapping[str, str]) -> None:
    """Refuse a checksum under another name: a changed bit of the name must not switch the check off."""
    for name in sorted(metadata, key=str.encode):
        if CHECKSUM_TEXT.fullmatch(metadata[name]):
            raise _Refusal(
                f"its metadata has no entry checksum, but the entry {_shown(name)} holds one: a byte was changed after "
                "it was written",
                "Restore it from a copy; if you changed it on purpose, remove this entry from its metadata",
            )


def _check_inventory(container: Container, covariance_type: str) -> None:
    """Check names, types and shapes before a single number is read."""
    tensors = container.tensors
    if tensors.keys() != set(TENSORS):
        raise ValueError(
            f"it holds the tensors {sorted(tensors)}, but must hold {sorted(TENSORS)}, none missing and none more"
        )
    types = {name: tensors[name].type for name in TENSORS}
    if len(set(types.values())) != 1 or types["means"] not in _TYPES.values():
        raise ValueError(f"its tensors have the types {types}, but all must be F32 or all F64")
    _check_shapes({name: tensors[name].shape for name in TENSORS}, covariance_type)


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], covariance_type: str) -> None:
    means = shapes["means"]
    if len(means) != 2 or 0 in means:
        raise ValueError(f"means has shape {means}, but must have shape (n_components, n_features)")
    by_type = tuple(_core.covariance_shape(covariance_type, *means))
    expected = {"weights": means[:1], "covariances": by_type, "precisions_cholesky": by_type}
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise ValueError(
                f"{name} has shape {shapes[name]}, but covariance_type={covariance_type!r} and means of shape "
                f"{means} require shape {shape}"
            )


def check_tensors(tensors: Mapping[str, npt.NDArray[Any]], covariance_type: str) -> None:
    """Check that arrays of the right shapes and type are a mixture: finite, weights that sum to one, factors that fit.

    Raises
    ------
    ValueError
        Saying what is wrong with which array.
    """
    with np.errstate(invalid="ignore"):  # of NaNs that signal
        numbers = {name: tensors[name].astype(np.float64) for name in TENSORS}
    for name in TENSORS:
        if not np.isfinite(numbers[name]).all():
            raise ValueError(f"{name} holds numbers that are not finite")
    weights, covariances = numbers["weights"], numbers["covariances"]
    if np.any(weights < 0.0):
        raise ValueError("weights holds a negative number")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not abs(total - 1.0) <= 1e-6:
        raise ValueError(f"weights sums to {total:.9g}, but must sum to one")
    variances = covariances
    if is_matrix_valued(covariance_type):
        variances = np.diagonal(covariances, axis1=-2, axis2=-1)
        with np.errstate(over="ignore"):
            if not np.allclose(covariances, np.swapaxes(covariances, -1, -2)):
                raise ValueError("covariances holds a matrix that is not symmetric")
    if np.any(variances <= 0.0):
        raise ValueError("covariances holds a variance that is not positive")
    mixture = _core.Mixture(
        weights,
        numbers["means"],
        covariance_type,
        covariances=covariances,
        precisions_cholesky=numbers["precisions_cholesky"],
    )
    mixture.check_factors(single_precision=tensors["means"].dtype == np.float32)


def _total_weight(metadata: Mapping[str, str]) -> float | None:
    """Read the weight of the rows, which files of a mixture without rows do not have."""
    if "total_weight" not in metadata:
        return None
    weight = _from_json(metadata, "total_weight")
    if type(weight) not in (int, float) or not 0.0 < weight < math.inf:
        raise ValueError(
            f"its metadata entry total_weight is {_shown(metadata['total_weight'])}, not a positive number"
        )
    return float(weight)


def _history(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Read what is known of the fit."""
    history = {name: _from_json(metadata, name) for name in _HISTORY}
    number = (int, float)
    lower_bounds = history["lower_bounds"]
    n_iter = whole_number(history["n_iter"])
    well_typed = {
        "n_iter": n_iter is not None and n_iter <= _MOST_ITERATIONS,
        "converged": type(history["converged"]) is bool,
        "lower_bound": type(history["lower_bound"]) in number,
        "lower_bounds": isinstance(lower_bounds, list) and all(type(bound) in number for bound in lower_bounds),
        "log_likelihood": type(history["log_likelihood"]) in number,
    }
    for name, right in well_typed.items():
        if not right:
            raise ValueError(f"its metadata entry {name} is {_shown(metadata[name])}, which is not of the right kind")
    return history | {
        "lower_bound": float(history["lower_bound"]),
        "lower_bounds": [float(bound) for bound in lower_bounds],
        "log_likelihood": float(history["log_likelihood"]),
    }


def _feature_names(metadata: Mapping[str, str], n_features: int) -> list[str] | None:
    names = _from_json(metadata, "feature_names")
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise ValueError(f"its metadata entry feature_names must be null or {n_features} strings")
    return names


def _params(metadata: Mapping[str, str]) -> dict[str, Any]:
    params = _from_json(metadata, "params")
    if not isinstance(params, dict) or any(isinstance(value, list | dict) for value in params.values()):
        raise ValueError("its metadata entry params must map names to numbers, strings, truth values or null")
    return params


def _checkpoint(metadata: Mapping[str, str]) -> dict[str, Any] | None:
    if "checkpoint" not in metadata:
        return None
    checkpoint = _from_json(metadata, "checkpoint")
    if not isinstance(checkpoint, dict):
        raise ValueError("its metadata entry checkpoint must map names to values")
    return checkpoint


def _from_json(metadata: Mapping[str, str], name: str) -> Any:
    try:
        return parse_json(metadata[name], constants=True)
    except ValueError as error:
        raise ValueError(f"its metadata entry {name} is {_shown(metadata[name])}, which {error}") from error
