"""Selection of the covariance type and the number of components by an information criterion."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from gmmx import _core
from gmmx._covariance_shapes import has_axes
from gmmx._sklearn import Interval, StrOptions
from gmmx._text import first_few
from gmmx._text_tables import counted, print_lines
from gmmx._warnings import warn
from gmmx.em import criteria
from gmmx.em.config import ACCELERATIONS
from gmmx.em.equal_components import warn_of_equal_components
from gmmx.em.initialization import INITIALIZERS
from gmmx.em.priors import ConjugatePrior
from gmmx.em.random import as_random_source
from gmmx.em.result import Fit, unchanged_on_failure
from gmmx.mixture._configs import em_config, init_config
from gmmx.mixture._fitted import FittedMixture, mixture_to_sample
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._parameter_checks import check_params, check_params_of_fit
from gmmx.mixture._parameters import set_fit
from gmmx.mixture._selection_grid import Candidate, CandidateFit, fit_candidates, repetitions, results_table
from gmmx.mixture._selection_report import IN_PYTHON, Hints, degenerate_count, one_line_of, report
from gmmx.validation import (
    FitFailedError,
    Rows,
    check_covariance_type,
    check_enough_rows,
    checked_rows,
    thread_count,
)
from gmmx.validation._options import naming_parameters, not_among
from gmmx.validation.row_faults import remedy_of_choice, warn_of_rows

__all__ = ["GaussianMixtureIC"]

CRITERIA = ("bic", "icl", "aic")
FAMILY = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")
FAMILY_OF_ONE_FEATURE = ("E", "V")
_STOPPED = "left out: the callback stopped the search"
_SHOWN = 5
_LISTED_BEYOND_ROWS = 1000


class GaussianMixtureIC(FittedMixture, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian mixture selected by an information criterion.

    The estimator fits every covariance type with every number of components, from assignments that the types share,
    selects the mixture with the smallest criterion that is not degenerate, and then behaves like this mixture.

    Parameters
    ----------
    min_components : int, default=1
        Smallest number of components, at least 1.

    max_components : int, default=9
        Largest number of components. Mixtures with more components than rows are not fitted; `results_` lists them up
        to 1,000.

    covariance_type : 'all', str or list of str, default='all'
        Covariance types to compare, as in `GaussianMixture`. 'all' stands for the 14 parsimonious types, 'EII' to
        'VVV', and with a single feature for 'E' and 'V'.

    criterion : {'bic', 'icl', 'aic'}, default='bic'
        Selection criterion. Smaller is better, as in scikit-learn; mclust reports the negatives of the first two.

        - 'bic': Bayesian information criterion, -2 log-likelihood + n_parameters log n_samples;
        - 'icl': integrated completed likelihood, BIC - 2 sum_n log max_k r_nk, which prefers well-separated components;
        - 'aic': Akaike information criterion, -2 log-likelihood + 2 n_parameters.

    tol : float, default=1e-6
        Threshold for the change of the mean log-likelihood per row at which EM stops. It is smaller than in
        `GaussianMixture`, so that incomplete convergence does not decide between mixtures.

    reg_covar : float, default=0.0
        Nonnegative number added to the variances. With 0 the likelihoods are exact, and a mixture that collapses is
        reported and excluded.

    max_iter : int, default=10000
        Maximum number of iterations of each restart.

    n_init : int, default=1
        Number of restarts for each mixture, of which the best is kept. With 'hc' and at most 2,000 rows there is only
        one.

    init_params : {'hc', 'kmeans', 'stream', 'k-means++', 'random', 'random_from_data'}, default='hc'
        Initialization method, as in `GaussianMixture`. 'hc' is model-based agglomerative clustering, as in mclust: one
        tree of at most 2,000 rows chosen at random yields an assignment for every number of components. It ignores
        sample weights except zero. With a single feature, EM also starts from quantiles and k-means, and the best
        result is kept. All covariance types share the assignments. 'k-means++' and 'random_from_data' start from single
        rows, and so require `reg_covar` or a `prior`.

    acceleration : {'anderson', 'squarem', 'auto'} or None, default=None
        Acceleration method, as in `GaussianMixture`. None runs plain EM.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the initialization and for `sample`. An int gives each mixture the same initialization
        as in `GaussianMixture`. None gives different results each time.

    prior : 'default', ConjugatePrior or None, default=None
        Prior of the means and covariances, as in `GaussianMixture`. With a prior, mixtures with components of few rows
        are not excluded. The criteria still use the likelihood. None maximises the likelihood.

    n_jobs : int, default=None
        Number of threads, as in `GaussianMixture`. Results do not depend on it.

    verbose : int, default=0
        Verbosity. From 1, each mixture is printed when it has been fitted.

    callback : callable, default=None
        Function called as ``callback(n_done, n_fits)`` after each fit. If it returns true, the search stops and the
        best mixture so far is selected. If it raises, `fit` raises the same error and keeps the previous fit.

    Attributes
    ----------
    best_estimator_ : GaussianMixture
        Selected mixture, fitted. A clone of it fits the same mixture again, unless a degenerate restart, which the
        selection skips, has a higher likelihood.

    best_index_ : int
        Row of the selected mixture in `results_`.

    results_ : dict of str to ndarray of shape (n_mixtures,)
        One row for each covariance type and number of components; ``pandas.DataFrame(results_)`` shows it.

        - 'covariance_type', 'n_components': the mixture;
        - 'log_likelihood', 'n_parameters', 'bic', 'icl', 'aic': NaN and 0 if there is no fit;
        - 'n_iter', 'converged': of the best restart;
        - 'degenerate': whether the mixture is excluded, because there is no fit or it is degenerate;
        - 'reason': why it is excluded, empty otherwise;
        - 'same_as': the covariance type of the row with as many components whose fit this one repeats, else empty. With
          one component only three types differ, with one feature only two, and 'full' is 'VVV', 'tied' 'EEE', 'diag'
          'VVI', 'spherical' 'VII'.

    mixture_ : Mixture
        Selected mixture as a value, that of `best_estimator_`.

    n_features_in_ : int
        Number of features of the training data.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the columns of the training data were named by strings.

    See Also
    --------
    GaussianMixture : Fit a single covariance type and number of components.

    Notes
    -----
    A mixture is degenerate if it owes its likelihood to a component with hardly any rows, or to one whose covariance is
    singular to working precision. A component is judged by its own correlations and by the floating-point spacing near
    its own rows, so it may be far narrower than the others. Degenerate mixtures stay in `results_` with their criteria,
    and are selected only if there is no other, with a warning. Ties select the mixture with fewer parameters. Sections
    17 and 20 of docs/theory.md give the formulas.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixtureIC
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(0, 1, (100, 2)), rng.normal(6, [1, 3], (100, 2))])
    >>> choice = GaussianMixtureIC(max_components=4, random_state=0).fit(X)
    >>> choice.best_estimator_.n_components
    2
    >>> best = choice.ranking()[:2]
    >>> choice.results_["n_components"][best]
    array([2, 2])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "min_components": [Interval(Integral, 1, None, closed="left")],
        "max_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions({"all", *_core.covariance_types()}), "array-like"],
        "criterion": [StrOptions(set(CRITERIA))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INITIALIZERS))],
        "acceleration": [StrOptions(set(ACCELERATIONS)), None],
        "prior": [StrOptions({"default"}), ConjugatePrior, None],
        "random_state": ["random_state", np.random.Generator],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "callback": [callable, None],
    }

    best_estimator_: GaussianMixture
    best_index_: int
    results_: dict[str, npt.NDArray[Any]]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    @naming_parameters
    def __init__(
        self,
        min_components: int = 1,
        max_components: int = 9,
        *,
        covariance_type: str | list[str] = "all",
        criterion: str = "bic",
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 10_000,
        n_init: int = 1,
        init_params: str = "hc",
        acceleration: str | None = None,
        prior: str | ConjugatePrior | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        callback: Callable[[int, int], Any] | None = None,
    ) -> None:
        self.min_components = min_components
        self.max_components = max_components
        self.covariance_type = covariance_type
        self.criterion = criterion
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.acceleration = acceleration
        self.prior = prior
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callback = callback

    # ------------------------------------------------------------------------------------------------ fitting

    @naming_parameters
    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> GaussianMixtureIC:
        """Fit all mixtures and select the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data. float32 is fitted in float32, all other types in float64.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights: a row with weight 2 counts twice, one with weight 0 not at all. Their sum is the sample
            size in the criteria and in the test for components with hardly any rows. None gives every row the weight 1.

        Returns
        -------
        self : GaussianMixtureIC
            The fitted estimator.

        Raises
        ------
        FitFailedError
            A ValueError: none of the mixtures could be fitted.
        ValueError, TypeError
            If a parameter, X or the weights are not as described. An earlier fit then stays as it was, as
            also after an interrupt.

        Warns
        -----
        ConvergenceWarning
            If some mixtures did not converge in `max_iter` iterations, most restarts of a mixture collapsed, or most or
            all mixtures are degenerate.
        ColumnWarning
            If columns are constant or, unless all covariances are diagonal, linear combinations of others.
        RuntimeWarning
            If components of the selected mixture are equal, or one row is so far away that it outweighs all others in
            sums of squares.
        """
        check_params_of_fit(self)
        with unchanged_on_failure(self):
            self._check_start()
            rows = self._training_rows(X, sample_weight)
            candidates = self._candidates(rows.X.shape[1], len(rows.X))
            with_axes = any(has_axes(candidate.covariance_type) for candidate in candidates)
            faults = warn_of_rows(rows, self, combinations=with_axes)
            remedy = partial(remedy_of_choice, rows, faults)
            repeated = repetitions(candidates, rows.X.shape[1], has_prior=self.prior is not None)
            seed = self._seed()
            fits = self._fit_all([candidate for candidate in candidates if candidate not in repeated], rows, seed)
            fits_of_rows = [fits[repeated.get(candidate, candidate)] for candidate in candidates]
            self.results_ = results_table(candidates, fits_of_rows, repeated, rows)
            self.best_index_ = self._choose(fits, remedy)
            best = candidates[self.best_index_]
            model, run = self._model(best, seed), fits[best].run
            assert run is not None  # it was chosen
            warn_of_equal_components(run.mixture)
            model.n_features_in_ = self.n_features_in_
            if hasattr(self, "feature_names_in_"):
                model.feature_names_in_ = self.feature_names_in_
            log_likelihood = partial(criteria.log_likelihood, rows)
            set_fit(model, Fit(run, fits[best].failed, rows.X.dtype, rows.total_weight, log_likelihood))
            self.best_estimator_ = model
        return self

    def _validate_params(self) -> None:
        """Check the constructor parameters, replacing scikit-learn's check."""
        check_params(self)

    def _check_start(self) -> None:
        """Refuse initializations from single rows, which have no scatter, without protection against collapse."""
        if self.init_params in ("k-means++", "random_from_data") and self.reg_covar == 0 and self.prior is None:
            raise ValueError(
                f"init_params={self.init_params!r} starts every component at a single row, so that its covariance is "
                "singular with reg_covar=0. Take 'hc' or 'kmeans', a positive reg_covar, or prior='default'."
            )

    @naming_parameters
    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.int64]:
        """Fit all mixtures, select the best and predict the component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Most probable component of each row.
        """
        self.fit(X, sample_weight=sample_weight)
        return self.predict(X)

    def ranking(self, criterion: str | None = None) -> npt.NDArray[np.int64]:
        """Order the mixtures by a criterion.

        Parameters
        ----------
        criterion : {'bic', 'icl', 'aic'} or None, default=None
            Criterion. None uses that of the estimator.

        Returns
        -------
        indices : ndarray of shape (n_sound,)
            Rows of `results_`, the best first, without degenerate mixtures and repetitions. Criteria that differ by
            less than a millionth are ties, in which fewer parameters come first.

        Raises
        ------
        ValueError
            If the criterion is unknown.
        """
        if not hasattr(self, "results_"):
            check_is_fitted(self)
        name = self.criterion if criterion is None else criterion
        if name not in CRITERIA:
            raise ValueError(not_among("criterion", name, CRITERIA))
        sound = (self.results_["same_as"] == "") & ~self.results_["degenerate"]
        return self._ordered(np.flatnonzero(sound), name)

    def summary(self, top: int = 10, *, file: TextIO | None = None) -> None:
        """Print the best mixtures and count the others, as ``gmmx select`` does.

        Parameters
        ----------
        top : int, default=10
            Number of mixtures to print, at least 1.

        file : text stream or None, default=None
            Output stream. None prints to standard output.

        Raises
        ------
        ValueError
            If `top` is not an integer of at least 1.

        See Also
        --------
        ranking : Return the order in which the mixtures are printed.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import GaussianMixtureIC
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> choice = GaussianMixtureIC(max_components=2, covariance_type=["EII", "VII"], random_state=0).fit(X)
        >>> choice.summary(top=2)
        model  components  log-likelihood  parameters       BIC       ICL       AIC
        ───────────────────────────────────────────────────────────────────────────
        EII             1        -564.850           3  1145.594  1145.594  1135.699
        EII             2        -564.449           6  1160.687  1304.161  1140.897
        ... and 1 more: summary(top=...) prints them, results_ holds all
        <BLANKLINE>
        best by BIC: EII, 1 component
        repeated: 1 of 4 that are the same mixture as another type's
        """
        if not isinstance(top, Integral) or top < 1:
            raise ValueError(
                f"top is {top!r}, but must be an integer of at least 1. Leave it out to print 10 mixtures."
            )
        print_lines(self._summary_lines(int(top), IN_PYTHON), file)

    def _summary_lines(self, top: int, hints: Hints | tuple[str, str]) -> list[str]:
        """Return the lines of `summary`; `hints` say where to find the rest."""
        order = self.ranking()
        return report(self.results_, order, self.best_index_, self.criterion, top, Hints(*hints))

    def __str__(self) -> str:
        """Return a one-line summary, or before the fit the result of `repr`."""
        if not hasattr(self, "results_"):
            return repr(self)
        return f"GaussianMixtureIC: {one_line_of(self.results_, self.best_index_, self.criterion)}"

    def _ordered(self, indices: npt.NDArray[np.int64], criterion: str) -> npt.NDArray[np.int64]:
        scores, sizes = (self.results_[name][indices] for name in (criterion, "n_parameters"))
        ordered: npt.NDArray[np.int64] = indices[np.lexsort((sizes, np.round(scores, 6)))]
        return ordered

    def _training_rows(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Rows:
        if self.min_components > self.max_components:
            raise ValueError(
                f"min_components is {self.min_components}, but must be at most max_components, which is "
                f"{self.max_components}. Raise max_components, or lower min_components."
            )
        rows = checked_rows(X, sample_weight, thread_count(self.n_jobs), estimator=self, fit=True)
        check_enough_rows(rows, self.min_components)
        return rows

    def _candidates(self, n_features: int, n_rows: int) -> list[Candidate]:
        """Return the rows of `results_`."""
        if isinstance(self.covariance_type, str):
            all_types = FAMILY_OF_ONE_FEATURE if n_features == 1 else FAMILY
            types: Any = all_types if self.covariance_type == "all" else [self.covariance_type]
        else:
            types = dict.fromkeys(check_covariance_type(name) for name in self.covariance_type)
        if not types:
            raise ValueError(
                f"covariance_type is {self.covariance_type!r}, but must be 'all' or name at least one of "
                f"{_core.covariance_types()}."
            )
        greatest = min(int(self.max_components), max(n_rows, _LISTED_BEYOND_ROWS))
        sizes = range(int(self.min_components), greatest + 1)
        return [Candidate(covariance_type, size) for covariance_type in types for size in sizes]

    def _seed(self) -> int:
        """Return one seed for the initialization of all mixtures."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return as_random_source(self.random_state).seed() % 2**32

    def _model(self, candidate: Candidate, seed: int) -> GaussianMixture:
        """Return the estimator that fits one mixture."""
        return GaussianMixture(
            candidate.n_components,
            covariance_type=candidate.covariance_type,
            tol=self.tol,
            reg_covar=self.reg_covar,
            max_iter=self.max_iter,
            n_init=self.n_init,
            init_params=self.init_params,
            acceleration=self.acceleration,
            prior=self.prior,
            random_state=seed,
            n_jobs=self.n_jobs,
        )

    def _fit_all(self, candidates: list[Candidate], rows: Rows, seed: int) -> dict[Candidate, CandidateFit]:
        """Fit the mixtures, and report progress."""
        template = self._model(Candidate("full", 1), seed)
        em, init = em_config(template), init_config(template)
        fits = {candidate: CandidateFit(reason=_STOPPED) for candidate in candidates}
        enough = [candidate for candidate in candidates if candidate.n_components <= rows.n_present]
        for candidate in set(candidates) - set(enough):
            fits[candidate] = CandidateFit(reason=f"more components than the {rows.n_present} rows")
        for n_done, (candidate, fit) in enumerate(fit_candidates(enough, em, init, rows), 1):
            fits[candidate] = fit
            if self.verbose:
                print(f"{n_done} of {len(enough)}: {candidate}")
            if self.callback is not None and self.callback(n_done, len(enough)):
                break
        return fits

    def _choose(self, fits: dict[Candidate, CandidateFit], remedy: Callable[[str], str]) -> int:
        """Return the row of the best mixture, and warn about fits that did not converge or are degenerate."""
        fitted = np.flatnonzero(~np.isnan(self.results_[self.criterion]) & (self.results_["same_as"] == ""))
        if not len(fitted):
            reasons = list(dict.fromkeys(fit.reason for fit in fits.values()))
            more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
            raise FitFailedError(
                f"Not one of {len(fits)} mixtures could be fitted. Here {'; '.join(reasons[:_SHOWN])}{more}. "
                + remedy(f"Increase reg_covar (now {self.reg_covar:g}), lower max_components, or scale the data")
            )
        sound = self.ranking()
        if len(sound):
            best = int(sound[0])
        else:
            best = int(self._ordered(fitted, self.criterion)[0])
            warn(
                f"Only degenerate mixtures could be fitted; the best of them is kept: {self._name(best)}, where "
                f"{self.results_['reason'][best]}. "
                + remedy("Lower max_components, increase reg_covar, or look for repeated rows and columns"),
                ConvergenceWarning,
            )
        self._warn_of_grid(fits, remedy, has_sound=len(sound) > 0)
        short = fitted[~self.results_["converged"][fitted] & ~self.results_["degenerate"][fitted]]
        if len(short) and self.max_iter > 0:
            names = first_few([self._name(i) for i in short], _SHOWN, "; ")
            warn(
                f"{len(short)} of {len(fitted)} mixtures did not converge, so that their criteria are too large: "
                f"{names}. Increase max_iter (now {self.max_iter}) or tol.",
                ConvergenceWarning,
            )
        return best

    def _warn_of_grid(
        self, fits: dict[Candidate, CandidateFit], remedy: Callable[[str], str], *, has_sound: bool
    ) -> None:
        """Warn if most mixtures are degenerate, or most restarts of some collapsed."""
        prior = "set prior='default'" if self.prior is None else "take a stronger prior"
        simpler = f"Lower max_components (now {self.max_components}), or {prior}"
        tried = {str(candidate): fit for candidate, fit in fits.items() if fit.n_starts}
        reasons = [f"{name}: {fit.reason}" for name, fit in tried.items() if fit.reason]
        if has_sound and 2 * len(reasons) > len(tried):
            warn(
                f"{degenerate_count(self.results_)} of {len(self.results_['degenerate'])} mixtures are degenerate and "
                f"left out of the choice, for instance {reasons[0]}. {remedy(simpler)}",
                ConvergenceWarning,
            )
        frail = [name for name, fit in tried.items() if fit.mostly_collapsed]
        if frail:
            names = first_few(frail, _SHOWN, "; ")
            warn(
                f"Most starts of {counted(len(frail), 'mixture')} collapsed: {names}. These have too many "
                f"components for rows with far-off or repeated values. {remedy(simpler)}",
                ConvergenceWarning,
            )

    def _name(self, index: int) -> str:
        """Return mclust's name of a mixture, such as VVV,3."""
        return str(Candidate(self.results_["covariance_type"][index], self.results_["n_components"][index]))

    # ------------------------------------------------------------------------------------- the chosen mixture

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the selected mixture to a safetensors file for `gmmx.load`.

        The file holds `best_estimator_`, as `GaussianMixture.save` writes it; `results_` is not saved.

        Parameters
        ----------
        path : path-like
            File to write, atomically. An existing file is overwritten, or kept if writing fails.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written, or an existing file is read-only.
        """
        self._check_is_fitted()
        self.best_estimator_.save(path)

    def _check_is_fitted(self) -> None:
        check_is_fitted(self)

    @property
    def mixture_(self) -> _core.Mixture:
        """The selected mixture as a value."""
        check_is_fitted(self)
        return self.best_estimator_.mixture_

    def _mixture_to_sample(self) -> _core.Mixture:
        return mixture_to_sample(self.best_estimator_)
