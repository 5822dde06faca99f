"""The covariance types: a table of families, one file per group.

``family`` defines the interface of a type. The groups are ``spherical``, ``diagonal``, ``common_orientation`` and
``own_orientation``; ``matrices`` contains what the last two share. A parsimonious model consists of axes, from
``axes``, and a step that computes the variances along them, from ``volume_and_shape``.
"""

from __future__ import annotations

from gmmx.reference.covariance import common_orientation, diagonal, own_orientation, spherical
from gmmx.reference.covariance.family import CovarianceFamily

__all__ = ["COVARIANCE_FAMILIES", "CovarianceFamily", "covariance_family"]

_NAMES = (
    *("full", "tied", "diag", "spherical"),
    *("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
    *("E", "V"),
)

_BY_NAME: dict[str, CovarianceFamily] = {
    family.name: family
    for group in (spherical, diagonal, common_orientation, own_orientation)
    for family in group.FAMILIES
}

COVARIANCE_FAMILIES: dict[str, CovarianceFamily] = {name: _BY_NAME[name] for name in _NAMES}


def covariance_family(covariance_type: str, n_features: int | None = None) -> CovarianceFamily:
    """Look up a covariance type.

    Parameters
    ----------
    covariance_type : str
        A key of ``COVARIANCE_FAMILIES``.
    n_features : int, optional
        d, to check that the type supports this number of features. None skips the check.

    Returns
    -------
    CovarianceFamily
        Functions of the type.

    Raises
    ------
    ValueError
        If the type is unknown, or supports only a single feature and there are more.

    Notes
    -----
    Sections 8 and 20 of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> reference.covariance_family("tied").covariance_shape(3, 2)
    (2, 2)
    """
    try:
        family = COVARIANCE_FAMILIES[covariance_type]
    except (KeyError, TypeError):
        allowed = ", ".join(repr(name) for name in COVARIANCE_FAMILIES)
        raise ValueError(f"covariance_type must be one of {allowed}, got {covariance_type!r}") from None
    if family.one_feature_only and n_features is not None and n_features != 1:
        raise ValueError(
            f"covariance_type={covariance_type!r} is for one feature, there are {n_features}; use"
            f" {family.model!r}, which means the same in any number of features"
        )
    return family
