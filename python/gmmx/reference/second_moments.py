"""Second moments of the rows, in one of four forms."""

from __future__ import annotations

import numpy as np

from gmmx.reference.checks import EPSILON, FloatArray

_OUTER = {  # (50)
    "full": "ki,kj->kij",
    "pooled": "ki,kj->ij",
    "diagonal": "ki,ki->ki",
    "trace": "ki,ki->k",
}

# How a form that keeps less is had from one that keeps more: (held, wanted).
_REDUCE: dict[tuple[str, str], str] = {  # (50)
    ("full", "pooled"): "kij->ij",
    ("full", "diagonal"): "kii->ki",
    ("full", "trace"): "kii->k",
    ("diagonal", "trace"): "ki->k",
}


def outer_products(form: str, u: FloatArray, v: FloatArray) -> FloatArray:
    """Return u_k v_k^T for each component, reduced to the form."""
    return np.asarray(np.einsum(_OUTER[form], u, v), dtype=np.float64)


def sum_of_outer_products(form: str, rows: FloatArray) -> FloatArray:
    """Return the sum of r r^T over the rows, reduced to the form of one component."""
    products = outer_products(form, rows, rows)
    return products if form == "pooled" else np.asarray(products.sum(axis=0))


def second_moments_as(form: str, held: str, second_moments: FloatArray) -> FloatArray:
    """Convert second moments from one form to a smaller one."""
    if held == form:
        return second_moments
    if (held, form) not in _REDUCE:
        raise ValueError(
            f"{form!r} second moments are needed, but the statistics hold {held!r} ones, which do not contain them"
        )
    return np.asarray(np.einsum(_REDUCE[held, form], second_moments), dtype=np.float64)


def without_rounding(form: str, scatter: FloatArray, counts: FloatArray, means: FloatArray) -> FloatArray:
    """Return W_k with zeros for features in which the rows of a component differ only by rounding."""
    if form == "pooled":
        return scatter
    rounding = counts[:, np.newaxis] * (4.0 * EPSILON * means) ** 2  # section 12
    sums = np.einsum("kii->ki", scatter) if form == "full" else scatter
    if form == "trace":
        rounding = rounding.sum(axis=1)
    varies = ~(np.isfinite(sums) & (sums <= rounding))  # sums that overflowed are for others to refuse
    if form != "full":
        return np.where(varies, scatter, 0.0)
    return np.where(varies[:, :, np.newaxis] & varies[:, np.newaxis], scatter, 0.0)


def mean_scatter(form: str, scatter: FloatArray, counts: FloatArray, n_features: int, reg_covar: float) -> FloatArray:
    """Return C_k = W_k / N_k + epsilon I reduced to the form, or epsilon I for an empty component."""
    if form == "pooled":
        return np.asarray(scatter / counts.sum() + reg_covar * np.eye(n_features))  # (31), (43)
    identity = np.einsum(_OUTER[form], *2 * [np.ones((1, n_features))])[0]
    identity = np.eye(n_features) if form == "full" else identity
    divisors = np.where(counts > 0, counts, np.inf).reshape(-1, *identity.ndim * [1])  # x / inf = 0
    return np.asarray(scatter / divisors + reg_covar * identity)  # (43)
