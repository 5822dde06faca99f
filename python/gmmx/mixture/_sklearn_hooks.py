"""Private methods of scikit-learn's mixtures, which may be called but not overridden."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.validation import RowArray, thread_count

_OWN_LOOP = "write the loop with gmmx.e_step and gmmx.m_step"
_OWN_RESPONSIBILITIES = "write the loop with SufficientStatistics.from_responsibilities and gmmx.m_step"

# Private methods of scikit-learn's mixtures, and their replacements.
_HOOKS: dict[str, str] = {
    "_check_parameters": "override fit, check there and call super().fit",
    "_compute_lower_bound": "pass callback, which may end the fit",
    "_e_step": _OWN_LOOP,
    "_estimate_log_prob": _OWN_RESPONSIBILITIES,
    "_estimate_log_prob_resp": _OWN_RESPONSIBILITIES,
    "_estimate_log_weights": _OWN_LOOP,
    "_estimate_means": _OWN_LOOP,
    "_estimate_precisions": _OWN_LOOP,
    "_estimate_weighted_log_prob": _OWN_RESPONSIBILITIES,
    "_estimate_weights": _OWN_LOOP,
    "_get_parameters": "read the fitted attributes",
    "_initialize": "pass weights_init, means_init and precisions_init",
    "_initialize_parameters": "pass responsibilities_init",
    "_m_step": _OWN_LOOP,
    "_print_verbose_msg_init_beg": "pass callback",
    "_print_verbose_msg_init_end": "pass callback",
    "_print_verbose_msg_iter_end": "pass callback",
    "_set_parameters": "use from_parameters, or override fit and call super().fit",
}

# Only these packages may define methods of these names.
_HONOURED_BY = ("gmmx.", "sklearn.mixture.")


@cache
def _overridden_in(estimator_class: Any) -> tuple[str, str] | None:
    """Return the first hook that a class outside of both libraries defines, as (class, name), or None."""
    seen: set[str] = set()
    for owner in estimator_class.__mro__:
        names = _HOOKS.keys() & vars(owner).keys() - seen
        if names and not f"{owner.__module__}.".startswith(_HONOURED_BY):
            return owner.__name__, min(names)
        seen |= names
    return None


def refuse_overridden_hooks(estimator: Any) -> None:
    """Refuse an estimator that overrides private methods of scikit-learn, in its class or by an attribute.

    Parameters
    ----------
    estimator : GaussianMixture
        Estimator that is about to be fitted or evaluated.

    Raises
    ------
    TypeError
        If the estimator overrides a hook, which native code would silently ignore.
    """
    own_class: Any = type(estimator)
    found = _overridden_in(own_class)
    if found is None:
        if _HOOKS.keys().isdisjoint(vars(estimator)):
            return
        found = own_class.__name__, min(_HOOKS.keys() & vars(estimator).keys())
    raise TypeError(
        f"{'.'.join(found)} overrides a private method of scikit-learn's GaussianMixture, which gmmx never calls: the "
        f"result would ignore it. A subclass may override public methods only. Instead, {_HOOKS[found[1]]}; or derive "
        "from sklearn.mixture.GaussianMixture (GaussianMixture.from_sklearn converts what it fitted)."
    )


class PrivateReaders:
    """Log-densities under scikit-learn's private names, which gmmx itself does not call."""

    if TYPE_CHECKING:
        n_jobs: int | None
        weights_: npt.NDArray[Any]

        @property
        def mixture_(self) -> _core.Mixture: ...

        def _check_is_fitted(self) -> None: ...

        def _rows(self, X: npt.ArrayLike) -> RowArray: ...

    def _estimate_log_weights(self, xp: object = None) -> npt.NDArray[Any]:
        """Return log pi_k, of shape (n_components,)."""
        self._check_is_fitted()
        with np.errstate(divide="ignore"):  # an empty component
            log_weights: npt.NDArray[Any] = np.log(self.weights_)
        return log_weights

    def _estimate_log_prob(self, X: npt.ArrayLike, xp: object = None) -> RowArray:
        """Return log N(x_n | k), of shape (n_samples, n_components)."""
        rows = self._rows(X)
        return self.mixture_.component_log_densities(rows, thread_count(self.n_jobs))

    def _estimate_weighted_log_prob(self, X: npt.ArrayLike, xp: object = None) -> RowArray:
        """Return log pi_k + log N(x_n | k), of shape (n_samples, n_components)."""
        rows = self._rows(X)
        log_prob = self.mixture_.component_log_densities(rows, thread_count(self.n_jobs))
        np.add(log_prob, self._estimate_log_weights(), out=log_prob, casting="same_kind")
        return log_prob

    def _estimate_log_prob_resp(self, X: npt.ArrayLike, xp: object = None) -> tuple[RowArray, RowArray]:
        """Return log p(x_n), of shape (n_samples,), and log r_nk, of shape (n_samples, n_components)."""
        rows = self._rows(X)
        log_prob_norm = _core.score_samples(rows, self.mixture_, thread_count(self.n_jobs))
        log_resp: RowArray = self._estimate_weighted_log_prob(rows) - log_prob_norm[:, np.newaxis]
        return log_prob_norm, log_resp
