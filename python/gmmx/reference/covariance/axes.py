"""Axes of covariance matrices: of each matrix, and axes that several matrices share.

Axes are the columns of an orthogonal matrix D; the variances of a matrix C along them are the diagonal of D^T C D.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gmmx.reference.checks import EPSILON, FloatArray

MAX_SWEEPS = 1000
MAX_JOINT_SWEEPS = 30  # of matrices that have axes in common: rounding may keep the last digits moving
FIRST_SWEEPS = 3  # of each start, before the best goes on
TOLERANCE = 1e-20  # of the objective, gained by a whole sweep: the axes are then right to about its root
GRADED = 1e6  # variances of the features so far apart: eigenvalues are then found one pair of axes after another
FLAT = 1e-12  # an objective that varies less than this, relative to its terms, has no best angle


def own_axes(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the nonnegative eigenvalues of each matrix in descending order, and its eigenvectors as columns."""
    values, vectors = np.linalg.eigh(matrices)
    values, vectors = np.maximum(values[:, ::-1], 0.0), vectors[:, :, ::-1].copy()
    variances = np.einsum("kii->ki", matrices)
    is_graded = (variances.min(axis=1) > 0) & (variances.max(axis=1) > GRADED * variances.min(axis=1))
    for k in np.flatnonzero(is_graded):  # eigh is right to EPSILON times the largest eigenvalue alone
        values[k], vectors[k] = _axes_by_rotations(matrices[k])
    return values, vectors


def _axes_by_rotations(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute :func:`own_axes` of one matrix, accurate up to the condition of the correlations.

    Jacobi's method; Demmel and Veselić, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13
    (1992).
    """
    order = descending(np.diag(matrix))
    axes: FloatArray = np.eye(len(matrix))[:, order]
    turned: FloatArray = matrix[order][:, order][np.newaxis].copy()
    for _ in range(MAX_JOINT_SWEEPS):
        scales = np.sqrt(np.diag(turned[0]))
        if np.max(np.abs(np.triu(turned[0], 1)) / np.outer(scales, scales)) <= 2 * EPSILON:
            break
        for i, j in combinations(range(len(matrix)), 2):
            difference, twice = turned[0, i, i] - turned[0, j, j], 2.0 * turned[0, i, j]
            angle = 0.5 * np.arctan(twice / difference) if difference else 0.25 * np.pi
            if twice:
                _rotate(turned, axes, i, j, angle)
    values = np.diag(turned[0])
    order = descending(values)
    return np.maximum(values[order], 0.0), axes[:, order]


def variances_along(matrices: FloatArray, axes: FloatArray) -> FloatArray:
    """Return the variances of each matrix along common axes, of shape (K, d)."""
    return np.asarray(np.einsum("ij,kil,lj->kj", axes, matrices, axes))


def along_axes(variances: FloatArray, axes: FloatArray) -> FloatArray:
    """Return the symmetric matrices D_k diag(v_k) D_k^T; axes are (d, d) or (K, d, d)."""
    scaled = axes * np.sqrt(variances)[:, np.newaxis, :]
    return np.asarray(scaled @ np.swapaxes(scaled, -1, -2))  # (72)


def _rotate(matrices: FloatArray, axes: FloatArray, i: int, j: int, angle: float) -> None:
    """Rotate axes i and j by the angle, and with them the matrices D^T C_k D, in place."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])  # (83)
    pair = [i, j]
    axes[:, pair] = axes[:, pair] @ turn
    matrices[:, :, pair] = matrices[:, :, pair] @ turn
    matrices[:, pair, :] = turn.T @ matrices[:, pair, :]


def rotate_to_minimum(
    matrices: FloatArray,
    counts: FloatArray,
    start: FloatArray,
    step: Callable[[FloatArray, FloatArray], FloatArray],
    most_sweeps: int | None = None,
) -> FloatArray:
    """Rotate common axes, pair by pair, to the best fit of the variances from ``step``.

    Each rotation is optimal for the current variances L_kj, which are then recomputed. Neither increases
    sum_k N_k sum_j (log L_kj + v_kj / L_kj). Equations (83) to (85) of docs/theory.md.
    """
    axes: FloatArray = start.copy()
    n_features = len(axes)
    for _ in range(MAX_SWEEPS if most_sweeps is None else most_sweeps):
        turned = axes.T @ matrices @ axes
        gain = 0.0
        for i, j in combinations(range(n_features), 2):
            variances = step(np.einsum("kii->ki", turned), counts)
            by_i, by_j = counts / variances[:, i], counts / variances[:, j]
            a_ii, a_jj, a_ij = turned[:, i, i], turned[:, j, j], turned[:, i, j]
            alpha = 0.5 * (by_i - by_j) @ (a_ii - a_jj)  # (84)
            beta = (by_i - by_j) @ a_ij
            amplitude = np.hypot(alpha, beta)
            if amplitude <= FLAT * 0.5 * (by_i + by_j) @ (a_ii + a_jj):
                continue
            angle = 0.5 * np.arctan2(-beta, -alpha)  # (85)
            _rotate(turned, axes, i, j, angle)
            gain += 2.0 * amplitude * np.sin(angle) ** 2
        if gain <= TOLERANCE * n_features * counts.sum():
            break
    return axes


def joint_axes(matrices: FloatArray) -> FloatArray:
    """Return the common axes of matrices that share them up to rounding, in any order.

    Each rotation of a pair minimises the entries (i, j) of all matrices; equation (87) of docs/theory.md.
    """
    n_features = matrices.shape[1]
    turned = matrices / np.trace(matrices, axis1=1, axis2=2)[:, np.newaxis, np.newaxis]
    axes: FloatArray = own_axes(turned.sum(axis=0)[np.newaxis])[1][0]
    turned = axes.T @ turned @ axes
    rounding = 8 * n_features * EPSILON
    for _ in range(MAX_JOINT_SWEEPS):
        still = True
        for i, j in combinations(range(n_features), 2):
            difference, twice = turned[:, i, i] - turned[:, j, j], 2.0 * turned[:, i, j]
            scales = np.sqrt(np.abs(turned[:, i, i] * turned[:, j, j]))
            if np.all(np.abs(twice) <= rounding * scales):
                continue
            angle = 0.25 * np.arctan2(2.0 * difference @ twice, difference @ difference - twice @ twice)  # (87)
            _rotate(turned, axes, i, j, angle)
            still = False
        if still:
            break
    return axes


def descending(values: FloatArray) -> NDArray[np.intp]:
    """Return the order that sorts the values from the largest to the smallest."""
    return np.argsort(-values, kind="stable")


def with_fixed_signs(axes: FloatArray) -> FloatArray:
    """Flip each column so that its largest entry in absolute value is positive."""
    largest = axes[np.argmax(np.abs(axes), axis=0), np.arange(len(axes))]
    return np.asarray(axes * np.where(largest < 0, -1.0, 1.0))
