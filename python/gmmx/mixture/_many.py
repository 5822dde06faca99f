"""Fits of one model to many data sets: natively where that gives the same results, otherwise each by an estimator."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning

from gmmx._text import first_few
from gmmx._warnings import collecting, warn
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.many import can_fit_natively, fit_natively
from gmmx.em.progress import Progress
from gmmx.em.result import NOT_CONVERGED
from gmmx.inference._parallel import map_in_threads
from gmmx.mixture._configs import em_config, init_config
from gmmx.mixture._fitting import fit_checked
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._many_data import ConvertedRows, DataSets, data_sets_of
from gmmx.mixture._many_results import FittedNatively, ManyMixtures, MixtureDict, MixtureList, unfitted_copy
from gmmx.mixture._parameter_checks import check_params_of_fit
from gmmx.mixture._sklearn_hooks import refuse_overridden_hooks
from gmmx.validation import FitFailedError, Rows, check_flag, thread_count
from gmmx.validation._options import explaining_calls, not_among

__all__ = ["fit_many"]

# Fits between two looks at the progress bar: enough for all threads to end at about the same time, and of this many
# rows.
_FITS_OF_THREAD = 16
_ROWS_AT_ONCE = 1 << 18


@explaining_calls
def fit_many(
    estimator: GaussianMixture,
    data: Any,
    groups: npt.ArrayLike | None = None,
    *,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    on_error: str = "raise",
    progress: bool | None = None,
) -> ManyMixtures:
    """Fit the same model to many data sets, in parallel.

    Each result is bitwise identical to that of ``clone(estimator).fit(X)``, but many small fits take several times less
    time, because native code also checks the rows.

    Parameters
    ----------
    estimator : GaussianMixture
        Model to fit. It is cloned and stays as it is. Its parameter `n_jobs` has no effect on the fits.

    data : list or dict of array-like, or array-like of shape (n_samples, n_features)
        The data sets, each of shape (n_samples, n_features) and accepted by `GaussianMixture.fit`, with the same number
        of features; an array of three dimensions is a list of such. With `groups`, one array with the rows of all data
        sets.

    groups : array-like of shape (n_samples,), default=None
        Group of each row, such as a number or a text: the rows of each group are a data set, in their order. None means
        that `data` is a list or dict.

    sample_weight : list or dict of array-like, or array-like of shape (n_samples,), default=None
        Weights of the rows, arranged like `data`: a list or dict whose members may be None, or with `groups` one array.
        None gives every row the weight 1.

    n_jobs : int, default=None
        Number of threads, each with its own fit; None as in `GaussianMixture`. Results do not depend on it.

    on_error : {'raise', 'warn'}, default='raise'
        What follows if a data set cannot be fitted: 'raise' raises the error of the first one. 'warn' warns once and
        leaves these estimators unfitted; `failed` of the result contains the errors.

    progress : bool, default=None
        Whether to show a progress bar (tqdm) with the rows that are done. None shows it on a terminal if the fits take
        more than two seconds.

    Returns
    -------
    fits : MixtureList or MixtureDict
        Fitted estimators, a list for a list, a dict for groups or a dict, and their parameters as arrays.

    Raises
    ------
    FitFailedError
        A ValueError: a component collapsed in every restart of a fit, whose data set the message names; or all fits
        failed.
    ValueError, TypeError
        If a parameter, a data set or another argument is not as described.

    Warns
    -----
    ConvergenceWarning, ColumnWarning, RuntimeWarning
        As for `GaussianMixture.fit`, but once for all fits; the message names the first few data sets.
    FitFailedWarning
        If fits failed and ``on_error="warn"``.

    Notes
    -----
    Native code fits from k-means (``init_params="kmeans"`` without given parameters) with any `covariance_type`,
    `n_init` and `acceleration`, with a ConjugatePrior or none, and with an int or None as `random_state`. Other models,
    subclasses of `GaussianMixture`, and data sets that call for a warning or an error are fitted one by one in Python,
    on several threads, with the same results. With `verbose` or `callback`, fits run one after another.

    An int as `random_state` is the seed of every fit. An instance of RandomState or Generator is copied for each fit,
    as by `clone`. None gives different results each time.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(8, 1, (100, 2))])
    >>> sensors = np.arange(200) % 4
    >>> fits = gmmx.fit_many(gmmx.GaussianMixture(2, random_state=0), X, groups=sensors)
    >>> list(fits)
    [0, 1, 2, 3]
    >>> fits[3].predict([[0, 0], [8, 8]])
    array([1, 0])
    >>> fits.means.shape
    (4, 2, 2)
    """
    if not isinstance(estimator, GaussianMixture):
        raise TypeError(
            f"estimator is {estimator!r}, but must be a gmmx.GaussianMixture. Give the model to fit, such as "
            "GaussianMixture(n_components=2)."
        )
    if on_error not in ("raise", "warn"):
        raise ValueError(not_among("on_error", on_error, ("raise", "warn")))
    if not isinstance(n_jobs, Integral | None):
        raise TypeError(f"n_jobs is {n_jobs!r}, but must be an integer or None. Give a number of threads.")
    check_flag("progress", progress, may_be_none=True)
    template: GaussianMixture = clone(estimator)
    check_params_of_fit(template)
    refuse_overridden_hooks(template)
    holder = clone(template)
    sets = data_sets_of(data, groups, sample_weight, holder)
    model = _Model(template, holder, em_config(template), init_config(template), thread_count(n_jobs))
    tally = _Tally(sets, on_error)
    bar = Progress(progress)
    with contextlib.closing(bar):
        bar.begin_pass("fit", _n_rows(sets.given))
        for numbers in _chunks(sets, model.n_threads):
            for number, outcome in zip(numbers, _outcomes(model, sets, numbers), strict=True):
                tally.add(number, outcome)
            bar.advance(_n_rows([sets.given[number] for number in numbers]) or 0)
    outcomes = tally.checked_outcomes(template)
    tally.warn()
    kind = MixtureList if isinstance(sets.keys, range) else MixtureDict
    return kind(template, sets.keys, outcomes, tally.failed)


@dataclass(frozen=True)
class _Model:
    """What is fitted to each data set."""

    template: GaussianMixture
    holder: GaussianMixture  # has the features of checked rows
    em: EMConfig
    init: InitConfig
    n_threads: int

    @property
    def is_plain(self) -> bool:
        """Whether fits are those of the class itself, which need not be asked."""
        return type(self.template) is GaussianMixture

    @property
    def is_watched(self) -> bool:
        """Whether somebody follows the iterations, so that fits must not run at the same time."""
        return bool(self.em.verbose) or self.em.callback is not None


class _FittedAlone(NamedTuple):
    """A fit by an estimator: the estimator or the error, and its warnings."""

    fitted: GaussianMixture | Exception
    warnings: list[Warning]


_Outcome = FittedNatively | _FittedAlone


def _outcomes(model: _Model, sets: DataSets, numbers: Sequence[int]) -> Iterator[_Outcome]:
    """Yield the outcome of each of these fits, in order."""
    found: dict[int, FittedNatively] = {}
    if model.is_plain and can_fit_natively(model.em, model.init):
        rows = {number: converted for number in numbers if (converted := sets.converted(number, model.holder))}
        _check_features(sets, rows)
        found = _fit_natively(model, rows)
    left = [number for number in numbers if number not in found]
    n_workers = 1 if model.is_watched else min(model.n_threads, len(left))
    em = replace(model.em, n_threads=model.n_threads if n_workers == 1 else 1)

    def alone(number: int) -> _FittedAlone:
        return _fit_alone(replace(model, em=em), sets, number)

    with contextlib.closing(map_in_threads(alone, left, max(1, n_workers))) as results:
        for number in numbers:
            yield found[number] if number in found else next(results)


def _fit_natively(model: _Model, rows: dict[int, ConvertedRows]) -> dict[int, FittedNatively]:
    """Return the fits that have nothing to say."""
    if not rows:
        return {}
    arrays = [each.X for each in rows.values()]
    weights = [each.sample_weight for each in rows.values()]
    are_weighted = any(each is not None for each in weights)
    fits = fit_natively(model.em, model.init, arrays, weights if are_weighted else None, model.n_threads)
    return {
        number: FittedNatively(fit, each.X.shape[1], each.feature_names)
        for (number, each), fit in zip(rows.items(), fits, strict=True)
        if fit is not None
    }


def _fit_alone(model: _Model, sets: DataSets, number: int) -> _FittedAlone:
    """Fit an estimator to one data set."""
    estimator = unfitted_copy(model.template)
    X, weights = sets.given[number], sets.weights_of(number)
    with collecting() as collected:
        try:
            if sets.are_checked and model.is_plain:
                _take_features(estimator, model.holder)
                rows = Rows(X, weights, model.em.n_threads)
                fit_checked(estimator, model.em, init_config(estimator), rows, None)
            else:
                asked, estimator.n_jobs = estimator.n_jobs, model.em.n_threads
                estimator.fit(X, sample_weight=weights) if weights is not None else estimator.fit(X)
                estimator.n_jobs = asked
                if sets.are_checked:
                    _take_features(estimator, model.holder)
        except (ValueError, TypeError) as error:
            return _FittedAlone(error, collected)
    return _FittedAlone(estimator, collected)


def _take_features(estimator: GaussianMixture, holder: GaussianMixture) -> None:
    """Set the features of an estimator to those that another one has seen."""
    estimator.n_features_in_ = holder.n_features_in_
    if "feature_names_in_" in vars(holder):
        estimator.feature_names_in_ = holder.feature_names_in_.copy()


def _check_features(sets: DataSets, rows: dict[int, ConvertedRows]) -> None:
    """Refuse data sets of different numbers of features before they are fitted."""
    if len({each.X.shape[1] for each in rows.values()}) > 1:
        _refuse_features(sets, {number: each.X.shape[1] for number, each in rows.items()})


def _refuse_features(sets: DataSets, counts: dict[int, int]) -> None:
    first, n_features = next(iter(counts.items()))
    other = next(number for number, count in counts.items() if count != n_features)
    raise ValueError(
        f"{sets.name(other)} has {counts[other]} features, but {sets.name(first)} has {n_features}: all data sets must "
        "have the same. Fit those of each number of features in a call of their own."
    )


@dataclass
class _Tally:
    """What became of the fits, and what there is to say about them."""

    sets: DataSets
    on_error: str
    outcomes: dict[int, GaussianMixture | FittedNatively] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)
    unconverged: list[int] = field(default_factory=list)
    warnings: dict[type[Warning], tuple[Warning, list[int]]] = field(default_factory=dict)

    def add(self, number: int, outcome: _Outcome) -> None:
        """Take note of a fit; raise its error if that is asked for."""
        if isinstance(outcome, FittedNatively):
            self.outcomes[number] = outcome
            if not outcome.fit.result.converged:
                self.unconverged.append(number)
            return
        if isinstance(outcome.fitted, Exception):
            if self.on_error == "raise":
                raise _named(outcome.fitted, f"The fit of {self.sets.name(number)} failed.") from outcome.fitted
            self.errors[number] = outcome.fitted
            return
        self.outcomes[number] = outcome.fitted
        for warning in outcome.warnings:
            if str(warning) == NOT_CONVERGED:
                self.unconverged.append(number)
                continue
            numbers = self.warnings.setdefault(type(warning), (warning, []))[1]
            if number not in numbers[-1:]:
                numbers.append(number)

    @property
    def failed(self) -> dict[Any, Exception]:
        """The errors by key."""
        return {self.sets.keys[number]: error for number, error in self.errors.items()}

    def checked_outcomes(self, template: GaussianMixture) -> list[GaussianMixture | FittedNatively]:
        """Return the results in the order of the data, unfitted estimators for those that failed."""
        if not self.outcomes:
            error = next(iter(self.errors.values()))
            raise _named(error, f"All {len(self.errors)} fits failed. The first:") from error
        counts = {
            number: outcome.n_features if isinstance(outcome, FittedNatively) else outcome.n_features_in_
            for number, outcome in self.outcomes.items()
        }
        if len(set(counts.values())) > 1:
            _refuse_features(self.sets, dict(sorted(counts.items())))
        return [
            self.outcomes[number] if number in self.outcomes else unfitted_copy(template)
            for number in range(len(self.sets))
        ]

    def warn(self) -> None:
        """Warn once for each kind of warning."""
        if self.errors:
            first = next(iter(self.errors.values()))
            warn(f"{self._which(self.errors, 'failed')} The first: {first}", FitFailedWarning)
        if self.unconverged:
            _, _, remedy = NOT_CONVERGED.partition(". ")
            warn(f"{self._which(self.unconverged, 'did not converge')} {remedy}", ConvergenceWarning)
        for warning, numbers in self.warnings.values():
            # Of the same class and with the same attributes as that of a single fit.
            warning.args = (f"{self._which(numbers, 'raised this warning')} The first: {warning}", *warning.args[1:])
            warn(warning)

    def _which(self, numbers: Iterable[int], what: str) -> str:
        names = [self.sets.name(number) for number in numbers]
        return f"{len(names):,} of {len(self.sets):,} fits {what}: {first_few(names)}."


def _named(error: Exception, beginning: str) -> Exception:
    """Return an error of the same kind with more to say."""
    kinds: tuple[Callable[[str], Exception], ...] = (FitFailedError, TypeError)
    kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)  # type: ignore[arg-type]
    return kind(f"{beginning} {error}")


def _chunks(sets: DataSets, n_threads: int) -> Iterator[Sequence[int]]:
    """Split the data sets into parts after which progress is shown."""
    begin, n_rows = 0, 0
    for number, X in enumerate(sets.given):
        n_rows += len(X) if isinstance(X, np.ndarray) else 1
        if n_rows >= _ROWS_AT_ONCE and number + 1 - begin >= _FITS_OF_THREAD * n_threads:
            yield range(begin, number + 1)
            begin, n_rows = number + 1, 0
    if begin < len(sets):
        yield range(begin, len(sets))


def _n_rows(given: Sequence[Any]) -> int | None:
    """Return the number of rows of data sets, None if any of them does not tell."""
    try:
        return sum(map(len, given))
    except TypeError:
        return None
