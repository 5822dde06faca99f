"""Components that are one and the same: EM cannot tell them apart once they start at the same place."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gmmx import _core
from gmmx.covariances import letters
from gmmx.validation import F64

__all__ = ["equal_components", "warn_of_equal_components"]

_TOLERANCE = 1e-6
"""How far apart equal components may be by rounding, in standard deviations, and how different in variance."""
_MOST_NAMED = 5


def equal_components(mixture: _core.Mixture) -> list[list[int]]:
    """Find components whose means and covariances are equal up to rounding, whatever their weights.

    Parameters
    ----------
    mixture : Mixture
        The mixture. Components of weight 0 are left out.

    Returns
    -------
    groups : list of list of int
        Two or more components each, in ascending order, numbered from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import _core
    >>> from gmmx.equal_components import equal_components
    >>> means, variances = np.array([[0.0], [3.0], [0.0]]), np.array([1.0, 1.0, 1.0])
    >>> equal_components(_core.Mixture(np.array([0.2, 0.5, 0.3]), means, "spherical", covariances=variances))
    [[0, 2]]
    """
    means: F64 = mixture.means
    deviations = _deviations(mixture)
    order = np.argsort(means[:, 0], kind="stable")
    order = order[mixture.weights[order] > 0.0]
    group_of: dict[int, list[int]] = {}
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if means[j, 0] - means[i, 0] > _TOLERANCE * deviations[i, 0]:
                break
            if j not in group_of and _are_equal(mixture, deviations, i, j):
                group = group_of.setdefault(i, [int(i)])
                group.append(int(j))
                group_of[j] = group
    groups = {id(group): sorted(group) for group in group_of.values()}
    return sorted(groups.values())


def _deviations(mixture: _core.Mixture) -> F64:
    """Return the standard deviations of the features in each component."""
    covariances: F64 = mixture.covariances
    K, d = mixture.n_components, mixture.n_features
    if _is_shared(mixture):
        return np.broadcast_to(np.sqrt(np.diagonal(covariances)), (K, d))
    if covariances.ndim == 3:
        return np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    return np.broadcast_to(np.sqrt(covariances.reshape(K, -1)), (K, d))


def _is_shared(mixture: _core.Mixture) -> bool:
    return letters(mixture.covariance_type) == "EEE"


def _are_equal(mixture: _core.Mixture, deviations: F64, i: int, j: int) -> bool:
    if np.any(np.abs(mixture.means[i] - mixture.means[j]) > _TOLERANCE * deviations[i]):
        return False
    if _is_shared(mixture):
        return True
    own: Any = mixture.covariances[i]
    scale = np.outer(deviations[i], deviations[i]) if np.ndim(own) == 2 else own
    return bool(np.all(np.abs(own - mixture.covariances[j]) <= _TOLERANCE * scale))


def warn_of_equal_components(mixture: _core.Mixture, *, stacklevel: int) -> None:
    """Warn of components that are equal.

    Warns
    -----
    RuntimeWarning
        If there are any.
    """
    groups = equal_components(mixture)
    if not groups:
        return
    named = "; ".join(", ".join(map(str, group[:-1])) + f" and {group[-1]}" for group in groups[:_MOST_NAMED])
    more = f"; and {len(groups) - _MOST_NAMED} more groups" if len(groups) > _MOST_NAMED else ""
    fewer = mixture.n_components - sum(len(group) - 1 for group in groups)
    warnings.warn(
        f"Components {named}{more} are equal: they started at the same place, and EM keeps them there. Lower "
        f"n_components to {fewer}, or start them apart, by another init_params, random_state or means_init.",
        RuntimeWarning,
        stacklevel=stacklevel + 1,
    )
