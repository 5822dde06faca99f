"""The error that reports a degenerate mixture."""

from __future__ import annotations


class CollapsedComponentError(ValueError):
    """A covariance is not positive definite, so its density does not exist.

    Parameters
    ----------
    component : int
        Index of the component; -1 for a covariance that all components share.

    Attributes
    ----------
    component : int
        The same index.

    Examples
    --------
    >>> from gmmx import reference
    >>> try:
    ...     reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [1.0]], [1.0, 0.0], "spherical")
    ... except reference.CollapsedComponentError as error:
    ...     print(error.component)
    1
    """

    def __init__(self, component: int) -> None:
        which = "shared by all components" if component < 0 else f"of component {component}"
        super().__init__(
            f"ill-defined covariance: the covariance {which} is not positive definite (a component has"
            " collapsed on too few distinct rows). Fit fewer components, raise reg_covar, or start elsewhere."
        )
        self.component = component
