"""Components that are one and the same: EM cannot tell them apart once they start at the same place."""

from __future__ import annotations

from gmmx import _core
from gmmx._text import first_few
from gmmx._warnings import warn

__all__ = ["equal_components", "warn_of_equal_components"]

# Equal components differ by rounding up to this, in standard deviations and relative variance.
_TOLERANCE = 1e-6
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
    >>> from gmmx.em.equal_components import equal_components
    >>> means, variances = np.array([[0.0], [3.0], [0.0]]), np.array([1.0, 1.0, 1.0])
    >>> equal_components(_core.Mixture(np.array([0.2, 0.5, 0.3]), means, "spherical", covariances=variances))
    [[0, 2]]
    """
    return _core.equal_components(mixture, _TOLERANCE)


def warn_of_equal_components(mixture: _core.Mixture) -> None:
    """Warn of components that are equal.

    Warns
    -----
    RuntimeWarning
        If there are any.
    """
    groups = equal_components(mixture)
    if not groups:
        return
    listed = [", ".join(map(str, group[:-1])) + f" and {group[-1]}" for group in groups]
    named = first_few(listed, _MOST_NAMED, "; ") + (" groups" if len(groups) > _MOST_NAMED else "")
    fewer = mixture.n_components - sum(len(group) - 1 for group in groups)
    warn(
        f"Components {named} are equal: they started at the same place, where EM keeps them, or reg_covar is too large "
        f"to tell them apart. Lower n_components to {fewer}, or start them apart, by another init_params, random_state "
        "or means_init, or scale columns whose variances are not far above reg_covar.",
        RuntimeWarning,
    )
