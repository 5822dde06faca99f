"""Mixtures as ONNX graphs: a converter for skl2onnx (``pip install "gmmx-native[onnx]"``)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._covariance_shapes import is_public_as_matrices
from gmmx._optional import import_optional
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._model_selection import GaussianMixtureIC
from gmmx.mixture._online import OnlineGaussianMixture

__all__ = ["register_converter"]

_OPTIONS = {"score_samples": [True, False]}
_PURPOSE = "Converting a mixture to ONNX"


def register_converter() -> None:
    """Register gmmx's estimators with skl2onnx.

    skl2onnx can then convert them, alone and in pipelines, for every `covariance_type`. The graph has the outputs of
    scikit-learn's mixture: 'label' (int64, shape (n_samples,)) and 'probabilities' (shape (n_samples, n_components)).
    The option ``{"score_samples": True}`` adds the log-density, 'score_samples' (shape (n_samples, 1)). The graph
    computes in float64 if its input is float64, otherwise in float32, relative to the means of the components. A
    `GaussianMixtureIC` becomes the mixture that it selected.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx.onnx
    >>> model = gmmx.GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
    >>> gmmx.onnx.register_converter()  # doctest: +SKIP
    >>> graph = skl2onnx.to_onnx(model, np.zeros((1, 1), np.float32))  # doctest: +SKIP
    """
    update = import_optional("skl2onnx", _PURPOSE, "onnx").update_registered_converter
    for kind in (GaussianMixture, GaussianMixtureIC, OnlineGaussianMixture):
        alias = f"Gmmx{kind.__name__}"
        update(kind, alias, _set_shapes, _convert, overwrite=True, parser=_parse, options=_OPTIONS)


def _mixture_of(estimator: Any) -> GaussianMixture:
    chosen: GaussianMixture = getattr(estimator, "best_estimator_", estimator)
    return chosen


def _number_type(of_input: Any) -> Any:
    """Return skl2onnx's tensor type of the computation for the type of an input."""
    types = import_optional("skl2onnx.common.data_types", _PURPOSE, "onnx")
    return types.DoubleTensorType if isinstance(of_input, types.DoubleTensorType) else types.FloatTensorType


def _parse(scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None) -> Any:
    """Declare the operator and its outputs."""
    types = import_optional("skl2onnx.common.data_types", _PURPOSE, "onnx")
    operator = scope.declare_local_operator(f"Gmmx{type(model).__name__}", model)
    operator.inputs.append(inputs[0])
    numbers = _number_type(inputs[0].type)
    operator.outputs.append(scope.declare_local_variable("label", types.Int64TensorType()))
    operator.outputs.append(scope.declare_local_variable("probabilities", numbers()))
    if scope.get_options(model, {"score_samples": False}, fail=False).get("score_samples"):
        operator.outputs.append(scope.declare_local_variable("score_samples", numbers()))
    return operator.outputs


def _set_shapes(operator: Any) -> None:
    """Set the shapes of the outputs."""
    types = import_optional("skl2onnx.common.data_types", _PURPOSE, "onnx")
    n_rows = operator.inputs[0].get_first_dimension()
    numbers = _number_type(operator.inputs[0].type)
    label, probabilities, *scores = operator.outputs
    label.type = types.Int64TensorType([n_rows])
    probabilities.type = numbers([n_rows, len(_mixture_of(operator.raw_operator).weights_)])
    for score in scores:
        score.type = numbers([n_rows, 1])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes: the log-density of each component, equation (1) of docs/theory.md, then (2), (8) and (9)."""
    types = import_optional("skl2onnx.common.data_types", _PURPOSE, "onnx")
    ops = import_optional("skl2onnx.algebra.onnx_ops", _PURPOSE, "onnx")
    version = {"op_version": container.target_opset}
    is_double = isinstance(operator.inputs[0].type, types.DoubleTensorType)
    dtype = np.dtype(np.float64 if is_double else np.float32)
    rows = ops.OnnxCast(operator.inputs[0], to=11 if is_double else 1, **version)  # TensorProto.DOUBLE or FLOAT
    means, factors, constants = _parameters(_mixture_of(operator.raw_operator))
    columns = []
    for mean, factor, constant in zip(means, factors, constants, strict=True):
        centred = ops.OnnxSub(rows, mean[np.newaxis].astype(dtype), **version)
        product = ops.OnnxMatMul if factor.ndim == 2 else ops.OnnxMul
        whitened = product(centred, factor.astype(dtype), **version)
        norm = ops.OnnxReduceSumSquareApi18(whitened, axes=[1], keepdims=1, **version)
        half = ops.OnnxMul(norm, np.array([-0.5], dtype), **version)
        columns.append(ops.OnnxAdd(half, np.array([constant], dtype), **version))
    log_prob = ops.OnnxConcat(*columns, axis=1, **version)
    label, probabilities, *scores = operator.outputs
    names = {"output_names": scores} if scores else {}
    log_prob_norm = ops.OnnxReduceLogSumExpApi18(log_prob, axes=[1], keepdims=1, **version, **names)
    log_resp = ops.OnnxSub(log_prob, log_prob_norm, **version)
    labels = ops.OnnxArgMax(log_prob, axis=1, keepdims=0, output_names=[label], **version)
    labels.add_to(scope, container)
    ops.OnnxExp(log_resp, output_names=[probabilities], **version).add_to(scope, container)
    if scores:
        log_prob_norm.add_to(scope, container)


def _parameters(model: GaussianMixture) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Return means, a factor for each component, and the logarithm of its weight over its normaliser.

    A large negative constant excludes components with weight zero from the densities.
    """
    means = np.asarray(model.means_, dtype=np.float64)
    n_components, n_features = means.shape
    factors = np.asarray(model.precisions_cholesky_, dtype=np.float64)
    if is_public_as_matrices(model.covariance_type):
        factors = np.broadcast_to(factors, (n_components, n_features, n_features))
        diagonals = np.diagonal(factors, axis1=1, axis2=2)
    else:
        factors = diagonals = np.broadcast_to(factors.reshape(n_components, -1), means.shape)
    weights = np.asarray(model.weights_, dtype=np.float64)
    log_weights = np.log(weights, out=np.full(n_components, -1e30), where=weights > 0.0)
    return means, factors, log_weights + np.log(diagonals).sum(axis=1) - 0.5 * n_features * math.log(2 * math.pi)
