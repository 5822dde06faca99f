"""Parameters of a fit, collected once by the estimator: nothing below the estimators imports or asks one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from gmmx.reference.prior import ConjugatePrior

__all__ = ["ACCELERATIONS", "EMConfig", "InitConfig", "chosen_acceleration"]

# Values of `acceleration` besides None.
ACCELERATIONS = ("anderson", "squarem", "auto")


def chosen_acceleration(acceleration: str | None, *, has_prior: bool, is_checkpointed: bool = False) -> str | None:
    """Return the method that ``acceleration='auto'`` means: Anderson's, wherever a jump can be judged and resumed.

    Parameters
    ----------
    acceleration : {'anderson', 'squarem', 'auto'} or None
        What is asked for. Other values than 'auto' are returned.
    has_prior : bool
        Whether EM maximises a posterior density, of which acceleration knows nothing.
    is_checkpointed : bool
        Whether a checkpoint is written, which does not hold the earlier iterates.

    Examples
    --------
    >>> chosen_acceleration("auto", has_prior=False), chosen_acceleration("auto", has_prior=True)
    ('anderson', None)
    """
    if acceleration != "auto":
        return acceleration
    return None if has_prior or is_checkpointed else "anderson"


@dataclass(frozen=True)
class EMConfig:
    """What EM fits and when it stops; the fields are the parameters of `GaussianMixture`, with their defaults.

    Attributes
    ----------
    n_threads : int
        Number of threads that `n_jobs` asks for.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(EMConfig(n_components=2), covariance_type="VEV").n_components
    2
    """

    n_components: int = 1
    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float = 1e-6
    max_iter: int = 100
    acceleration: str | None = None
    prior: str | ConjugatePrior | None = None
    verbose: int = 0
    verbose_interval: int = 10
    callback: Callable[[int, float], Any] | None = None
    n_threads: int = 1

    def native_options(self, prior: Any) -> dict[str, Any]:
        """Return the options of the native loop; `prior` is what `prior_of` returns for the rows at hand."""
        return {
            "tol": self.tol,
            "reg_covar": self.reg_covar,
            "max_iter": self.max_iter,
            "acceleration": self.acceleration,
            "prior": prior,
        }


@dataclass(frozen=True)
class InitConfig:
    """How EM begins; the fields are the parameters of `GaussianMixture`, as the user gave them."""

    init_params: str = "kmeans"
    n_init: int = 1
    random_state: Any = None
    weights_init: npt.ArrayLike | None = None
    means_init: npt.ArrayLike | None = None
    precisions_init: npt.ArrayLike | None = None
    responsibilities_init: npt.ArrayLike | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all parameters of the first mixture are given."""
        given = (self.weights_init, self.means_init, self.precisions_init)
        return all(parameter is not None for parameter in given)
