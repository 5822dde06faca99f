"""Fitted mixtures as safetensors files: four tensors, and what else there is to know as text.

A file is written beside its destination and moved there when it is whole. Reading trusts nothing: whatever
`save_model` would not have written is refused.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors

from gmmx import _core
from gmmx._files import replacing
from gmmx.validation import is_matrix_valued

FORMAT, FORMAT_VERSION = "gmmx", 1
MODEL_CLASS = "GaussianMixture"
TENSORS = ("weights", "means", "covariances", "precisions_cholesky")
_DTYPES = {"F32": np.dtype(np.float32), "F64": np.dtype(np.float64)}
_FACTS = ("n_iter", "converged", "lower_bound", "lower_bounds", "log_likelihood")


class ModelFileError(ValueError):
    """A file is not a whole gmmx model; the message names the file, what is wrong with it and what to do."""


@dataclass(frozen=True)
class ModelRecord:
    """All that a file holds: arrays by name, facts of the fit, feature names, constructor parameters.

    `checkpoint`, of a fit that was under way: what else it needs to go on. `total_weight` of the rows that the
    mixture was fitted to, if they are known. `gmmx_version` wrote the file, or would.
    """

    covariance_type: str
    tensors: Mapping[str, npt.NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    feature_names: list[str] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Mapping[str, Any] | None = None
    total_weight: float | None = None
    gmmx_version: str = _core.__version__


def representable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that text can hold: numbers, strings, truth values, None."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: value for name, value in plain.items() if isinstance(value, bool | int | float | str | None)}


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
        If the folder cannot be written to.
    """
    try:
        check_tensors(record.tensors, record.covariance_type)
    except ValueError as error:
        raise ValueError(f"The model cannot be saved: {error}. Fit it again or correct its attributes.") from error
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "gmmx_version": _core.__version__,
        "class": MODEL_CLASS,
        "covariance_type": record.covariance_type,
        "params": json.dumps(dict(record.params)),
        "feature_names": json.dumps(record.feature_names),
        **{name: json.dumps(record.facts[name]) for name in _FACTS},
    }
    if record.checkpoint is not None:
        metadata["checkpoint"] = json.dumps(dict(record.checkpoint))
    if record.total_weight is not None:
        metadata["total_weight"] = json.dumps(record.total_weight)
    tensors = {name: np.ascontiguousarray(record.tensors[name]) for name in TENSORS}
    content = to_safetensors(tensors, metadata=metadata)
    with replacing(path) as file:
        file.write(content)


def read_model(path: str | os.PathLike[str]) -> ModelRecord:
    """Read what `save_model` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    record : ModelRecord
        Checked: tensors of the right names, shapes and types that make a mixture.

    Raises
    ------
    ModelFileError
        If the file is something else, cut off, damaged or of a newer format.
    OSError
        If there is no such file or it may not be read.
    """
    name = os.fspath(path)
    with open(name, "rb"):
        pass  # a missing or forbidden file is the system's error, not a broken model
    try:
        with safe_open(name, framework="numpy") as file:
            metadata = _checked_metadata(file.metadata() or {}, name)
            with _blaming(name):
                _check_inventory(file, metadata["covariance_type"])
            tensors = {tensor: file.get_tensor(tensor) for tensor in TENSORS}
    except SafetensorError as error:
        _refuse(name, f"it is not a whole safetensors file ({error})")
    with _blaming(name):
        check_tensors(tensors, metadata["covariance_type"])
        return ModelRecord(
            covariance_type=metadata["covariance_type"],
            tensors=tensors,
            facts=_facts(metadata),
            feature_names=_feature_names(metadata, tensors["means"].shape[1]),
            params=_params(metadata),
            checkpoint=_checkpoint(metadata),
            total_weight=_total_weight(metadata),
            gmmx_version=metadata.get("gmmx_version", "unknown"),
        )


def _refuse(name: str, problem: str, remedy: str = "") -> NoReturn:
    remedy = remedy or "Write it again with GaussianMixture.save, or restore it from a copy"
    raise ModelFileError(f"{name} cannot be loaded as a gmmx model: {problem}. {remedy}.")


@contextlib.contextmanager
def _blaming(name: str) -> Iterator[None]:
    """Turn a failed check into an error that names the file."""
    try:
        yield
    except ModelFileError:
        raise
    except ValueError as error:
        problem = str(error).rstrip(".")
        raise ModelFileError(
            f"{name} cannot be loaded as a gmmx model: {problem}. "
            "Write it again with GaussianMixture.save, or restore it from a copy."
        ) from error


def _checked_metadata(metadata: Mapping[str, str], name: str) -> Mapping[str, str]:
    """Check that a file says that it is a gmmx model of a format known here."""
    if metadata.get("format") != FORMAT:
        _refuse(
            name,
            f"its metadata names the format {metadata.get('format')!r}, not {FORMAT!r}",
            "Only files written by GaussianMixture.save can be loaded; "
            "GaussianMixture.from_parameters builds a model from other arrays",
        )
    version = metadata.get("format_version", "")
    if not version.isdecimal() or int(version) < 1:
        _refuse(name, f"its format_version is {version!r}, not a number")
    if int(version) > FORMAT_VERSION:
        _refuse(
            name,
            f"its format_version is {version}, but this gmmx {_core.__version__} reads up to {FORMAT_VERSION}",
            f"Upgrade gmmx to at least {metadata.get('gmmx_version', 'the version that wrote it')}",
        )
    if metadata.get("class") != MODEL_CLASS:
        _refuse(name, f"it holds a {metadata.get('class')!r}, not a {MODEL_CLASS!r}")
    missing = {"covariance_type", "params", "feature_names", *_FACTS} - metadata.keys()
    if missing:
        _refuse(name, f"its metadata lacks {sorted(missing)}")
    if metadata["covariance_type"] not in _core.covariance_types():
        _refuse(
            name,
            f"its covariance_type is {metadata['covariance_type']!r}, but must be one of {_core.covariance_types()}",
        )
    return metadata


def _check_inventory(file: Any, covariance_type: str) -> None:
    """Check names, types and shapes before a single number is read."""
    present = set(file.keys())
    if present != set(TENSORS):
        raise ValueError(
            f"it holds the tensors {sorted(present)}, but must hold {sorted(TENSORS)}, none missing and none more"
        )
    slices = {name: file.get_slice(name) for name in TENSORS}
    dtypes = {name: slices[name].get_dtype() for name in TENSORS}
    if len(set(dtypes.values())) != 1 or dtypes["means"] not in _DTYPES:
        raise ValueError(f"its tensors have the types {dtypes}, but all must be F32 or all F64")
    _check_shapes({name: tuple(slices[name].get_shape()) for name in TENSORS}, covariance_type)


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], covariance_type: str) -> None:
    means = shapes["means"]
    if len(means) != 2 or 0 in means:
        raise ValueError(f"means has shape {means}, but must have shape (n_components, n_features)")
    by_type = tuple(_core.covariance_shape(covariance_type, *means))
    expected = {"weights": means[:1], "covariances": by_type, "precisions_cholesky": by_type}
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise ValueError(
                f"{name} has shape {shapes[name]}, but for covariance_type={covariance_type!r} and means of "
                f"shape {means} it must have shape {shape}"
            )


def check_tensors(tensors: Mapping[str, npt.NDArray[Any]], covariance_type: str) -> None:
    """Check that arrays are a mixture: shapes, types, finite, weights that sum to one, triangular factors.

    Raises
    ------
    ValueError
        Saying what is wrong with which array.
    """
    _check_shapes({name: tensors[name].shape for name in TENSORS}, covariance_type)
    if len({tensors[name].dtype for name in TENSORS}) != 1 or tensors["means"].dtype not in _DTYPES.values():
        dtypes = {name: str(tensors[name].dtype) for name in TENSORS}
        raise ValueError(f"the arrays have the types {dtypes}, but all must be float32 or all float64")
    for name in TENSORS:
        if not np.isfinite(tensors[name]).all():
            raise ValueError(f"{name} holds numbers that are not finite")
    weights, covariances = tensors["weights"], tensors["covariances"]
    if np.any(weights < 0.0):
        raise ValueError("weights holds a negative number")
    if abs(weights.sum(dtype=np.float64) - 1.0) > 1e-6:
        raise ValueError(f"weights sums to {weights.sum(dtype=np.float64):.9g}, but must sum to one")
    variances = covariances
    if is_matrix_valued(covariance_type):
        variances = np.diagonal(covariances, axis1=-2, axis2=-1)
        if not np.allclose(covariances, np.swapaxes(covariances, -1, -2)):
            raise ValueError("covariances holds a matrix that is not symmetric")
    if np.any(variances <= 0.0):
        raise ValueError("covariances holds a variance that is not positive")
    _core.Mixture(
        weights.astype(np.float64),
        tensors["means"].astype(np.float64),
        covariance_type,
        precisions_cholesky=tensors["precisions_cholesky"].astype(np.float64),
    )


def _total_weight(metadata: Mapping[str, str]) -> float | None:
    """Read the weight of the rows, which files of a mixture without rows do not have."""
    if "total_weight" not in metadata:
        return None
    weight = _from_json(metadata, "total_weight")
    if type(weight) not in (int, float) or not 0.0 < weight < math.inf:
        raise ValueError(f"its metadata entry total_weight is {metadata['total_weight'][:80]!r}, not a positive number")
    return float(weight)


def _facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Read what is known of the fit."""
    facts = {name: _from_json(metadata, name) for name in _FACTS}
    number = (int, float)
    lower_bounds = facts["lower_bounds"]
    well_typed = {
        "n_iter": type(facts["n_iter"]) is int and facts["n_iter"] >= 0,
        "converged": type(facts["converged"]) is bool,
        "lower_bound": type(facts["lower_bound"]) in number,
        "lower_bounds": isinstance(lower_bounds, list) and all(type(bound) in number for bound in lower_bounds),
        "log_likelihood": type(facts["log_likelihood"]) in number,
    }
    for name, right in well_typed.items():
        if not right:
            raise ValueError(f"its metadata entry {name} is {metadata[name][:80]!r}, which is not of the right kind")
    return facts


def _feature_names(metadata: Mapping[str, str], n_features: int) -> list[str] | None:
    names = _from_json(metadata, "feature_names")
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise ValueError(f"its metadata entry feature_names must be null or {n_features} strings")
    return names


def _params(metadata: Mapping[str, str]) -> dict[str, Any]:
    params = _from_json(metadata, "params")
    if not isinstance(params, dict) or params != representable(params):
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
        return json.loads(metadata[name])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its metadata entry {name} is {metadata[name][:80]!r}, which is not JSON") from error
