"""The estimator: scikit-learn's `GaussianMixture` with a native engine, weights, and more to start from."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import warnings
from collections.abc import Callable, Mapping
from functools import cache, partial
from numbers import Integral, Real
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import sklearn.mixture
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted

from gmmx import _core
from gmmx._covariance_shapes import (
    compress,
    expand,
    has_axes,
    is_parsimonious,
    is_public_as_matrices,
    public_shape,
    wide_enough,
)
from gmmx._sklearn import Interval, StrOptions, fit_context, make_constraint
from gmmx._text_tables import WIDTH, aligned_pairs, counted, print_lines
from gmmx.data._arrays import reader_of_array
from gmmx.data._batch_source import is_converted_map
from gmmx.distributed import fit_partitions
from gmmx.distributed.batches import batches_of
from gmmx.distributed.checkpoints import checkpoints_of
from gmmx.em import criteria
from gmmx.em.equal_components import warn_of_equal_components
from gmmx.em.initialization import (
    INITIALIZERS,
    GivenParameters,
    Starts,
    given_partition,
    initial_mixture,
    start_partitions,
)
from gmmx.em.priors import ConjugatePrior, NativePrior, one_component, prior_of
from gmmx.em.random import as_random_source
from gmmx.em.restarts import best_of
from gmmx.em.result import (
    FailedStart,
    Run,
    failure_message,
    stronger_prior,
    unchanged_on_failure,
)
from gmmx.em.stepwise import StepwiseState, WarmUp, after_batch
from gmmx.em.weight_scale import at_common_scale
from gmmx.io.model_file import ModelRecord, read_as, representable, save_model
from gmmx.mixture._mixture_report import IN_PYTHON, NOT_CONVERGED, ShownMixture, fit_facts, mixture_lines
from gmmx.mixture._sklearn_hooks import PrivateReaders, refuse_overridden_hooks
from gmmx.validation import (
    F64,
    FitFailedError,
    Rows,
    WeightedRows,
    check_covariance_type,
    check_covariances,
    check_enough_rows,
    check_means,
    check_partition,
    check_precisions,
    check_rows_of,
    check_sample_weight,
    check_weight_of_part,
    check_weights,
    refuse_overflow,
    thread_count,
)
from gmmx.validation._lost_rows import lost_row
from gmmx.validation._options import explaining
from gmmx.validation.row_faults import warn_of_rows

__all__ = ["FailedStart", "GaussianMixture", "load"]

_PARAMETERS = ("weights_", "means_", "covariances_", "precisions_cholesky_")
_DECOMPOSITION = ("volumes_", "shapes_", "orientations_")
_OF_ROWS_SEEN = ("_fitted_weight", "_online", "n_steps_", "n_samples_seen_")
_SKLEARN_FACTS: dict[str, Any] = {
    "n_iter_": 0,
    "converged_": False,
    "lower_bound_": -np.inf,
    "lower_bounds_": [],
}
_NO_FIT: dict[str, Any] = {**_SKLEARN_FACTS, "log_likelihood_": np.nan}
_NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase max_iter, "
    "tol, or check for degenerate data."
)


@cache
def _constraints_of(estimator_class: Any) -> list[tuple[str, list[Any]]]:
    """Return the parameters of a class with what they must satisfy, looked up once."""
    known = estimator_class._parameter_constraints
    names = [name for name in estimator_class._get_param_names() if known.get(name, "no_validation") != "no_validation"]
    return [(name, [make_constraint(constraint) for constraint in known[name]]) for name in names]


_PLAIN = frozenset({int, float, str, bool, type(None)})
_valid: set[Any] = set()  # parameters of plain types that passed the checks
_MOST_REMEMBERED = 1000


def _key(estimator_class: Any, values: list[Any]) -> Any:
    types = tuple(map(type, values))
    return (estimator_class, types, tuple(values)) if _PLAIN.issuperset(types) else None


def _is_known_to_be_valid(estimator_class: Any, values: list[Any]) -> bool:
    """Tell whether the same parameters passed before: checking them takes longer than a small fit."""
    return _key(estimator_class, values) in _valid


def _remember_valid(estimator_class: Any, values: list[Any]) -> None:
    key = _key(estimator_class, values)
    if key is not None and len(_valid) < _MOST_REMEMBERED:
        _valid.add(key)


class GaussianMixture(PrivateReaders, DensityMixin, BaseEstimator):  # type: ignore[misc]
    r"""Gaussian mixture fitted by expectation-maximisation (EM).

    Takes the place of :class:`sklearn.mixture.GaussianMixture`: the same parameters, methods, attributes, errors and
    warnings, and from the same `random_state` the same result but for what docs/guides/from_scikit_learn.md lists,
    computed natively. Beyond that it weighs rows (`sample_weight`), runs on several threads (`n_jobs`), reports and
    stops (`callback`), starts from a partition (`responsibilities_init`) or a tree of the rows (``init_params="hc"``),
    has the parsimonious models of mclust and a prior against collapse (`prior`), and saves, loads and converts
    models.

    Parameters
    ----------
    n_components : int, default=1
        Number of components of the mixture.

    covariance_type : str, default='full'
        Model of the covariances:

        - 'full': each component has its own covariance matrix;
        - 'tied': all components share one covariance matrix;
        - 'diag': each component has its own variance of each feature;
        - 'spherical': each component has one variance;
        - 'EII', 'VII', 'EEI', 'VEI', 'EVI', 'VVI', 'EEE', 'VEE', 'EVE', 'VVE', 'EEV', 'VEV', 'EVV', 'VVV': the
          parsimonious models of mclust. The letters stand for the volume, the shape and the orientation of the
          covariances: equal for all components (E), variable (V), or round and along the features (I). 'VVV' is
          'full', 'EEE' 'tied', 'VVI' 'diag' and 'VII' 'spherical', with attributes of other shapes;
        - 'E', 'V': 'EII' and 'VII' of a single feature.

    tol : float, default=1e-3
        EM stops when the mean log-likelihood of a row changes by less in one iteration, or where rounding hides what
        it gains. With 0 it never stops before `max_iter`.

    reg_covar : float, default=1e-6
        Added to the variances, so that no component collapses; not negative. Models named by letters stay what
        they are: it is added to the scatter that goes into their M-step.

    max_iter : int, default=100
        Most iterations of one start. With 0 the fitted parameters are those of the start.

    n_init : int, default=1
        Number of starts, of which the best is kept. A start that fails does not stop the others. Starts from
        k-means of small data run side by side, one a thread, and clusters that an earlier start has found already
        are not fitted again. Otherwise starts of up to 8 components (not 'tied') go through the rows together,
        several to a pass; their figures then differ from those of single starts by rounding. With `verbose` or
        `callback` they run one after another. Of starts that are equal but for rounding the first is kept.

    init_params : {'kmeans', 'hc', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
        How the rows are partitioned for a start:

        - 'kmeans': by k-means;
        - 'hc': by :func:`hierarchical_clustering`, as mclust does; rows beyond 2,000 chosen at random have no part in
          the start. Fewer rows make one start alone, whatever `random_state` is, so that `n_init` is of no use. Rows
          of one feature start from quantiles and from k-means as well, beyond `n_init`, and the best start is kept;
        - 'k-means++': every component starts at one row, far from the others';
        - 'random': each row gets random responsibilities;
        - 'random_from_data': every component starts at one row, chosen at random.

    weights_init : array-like of shape (n_components,), default=None
        Weights to start from, instead of those of the partition.

    means_init : array-like of shape (n_components, n_features), default=None
        Means to start from, instead of those of the partition.

    precisions_init : array-like, default=None
        Inverse covariances to start from, instead of those of the partition; of the shape of `precisions_`.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the starts and for `sample`. An int gives the same result each time; an
        instance of NumPy's RandomState or Generator goes on from call to call.

    warm_start : bool, default=False
        Whether a further call of `fit` goes on from the parameters of the last; `n_init` is then ignored.

    verbose : int, default=0
        Whether to print each start and every `verbose_interval`-th iteration; from 2 on with times and
        changes.

    verbose_interval : int, default=10
        Number of iterations between two lines.

    n_jobs : int, default=None
        Number of threads. None takes OMP_NUM_THREADS or else the physical cores granted to the process, -1
        all processors, -2 all but one. Results do not depend on it.

    callback : callable, default=None
        Called as ``callback(iteration, log_likelihood)`` after each iteration, with the iteration of the
        start from 1 and the total log-likelihood that its E-step saw. If it returns a true value, the fit
        stops and keeps the best so far. If it raises, so does the fit, which leaves the earlier fit as it
        was.

    responsibilities_init : array-like of shape (n_samples,) or (n_samples, n_components), default=None
        Partition to start from instead of `init_params`, and only once whatever `n_init` says: labels 0, ...,
        n_components - 1 (-1: of no component), or responsibilities, non-negative and summing to one in each
        row.

    acceleration : {'anderson', 'squarem'} or None, default=None
        How EM jumps ahead of its iterations, towards the same optimum in fewer passes over the rows where it is
        slow: 'anderson' combines the last points, 'squarem' extrapolates two steps in a row. A jump that lowers
        the likelihood is taken back; it costs a pass, which `n_iter_` and `max_iter` count, and in which
        `lower_bounds_` stands still. `tol` judges iterations of EM alone, not jumps. None: scikit-learn's
        iterations.

    prior : 'default', ConjugatePrior or None, default=None
        Prior of the means and covariances: the fit then climbs to the mode of the posterior density, and no
        component collapses. 'default' is the weak one of Fraley and Raftery, made from the data. `lower_bounds_`
        and `tol` are about the likelihood all the same. Not together with `acceleration`.

    learning_decay : float, default=0.6
        How fast `partial_fit` forgets: alpha in the length ``(t + learning_offset)**-learning_decay`` of its step t, in
        (0.5, 1]. The smaller, the sooner bad first steps are forgotten, and the more the last batches sway the result.

    learning_offset : float, default=1.0
        Makes the first steps of `partial_fit` shorter; not negative.

    average : bool, default=False
        Whether the parameters after `partial_fit` are those of the running statistics averaged over its steps, step t
        with weight t. That evens out the noise of batches of a few rows; those of a hundred have little to gain.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Weights of the components, in the type of the data (float32 or float64), as all arrays below.

    means_ : ndarray of shape (n_components, n_features)
        Means of the components.

    covariances_ : ndarray
        Covariances of the components. The shape depends on `covariance_type`::

            (n_components, n_features, n_features) if 'full',
            (n_features, n_features)               if 'tied',
            (n_components, n_features)             if 'diag',
            (n_components,)                        if 'spherical',
            (n_components, n_features, n_features) if named by letters, as 'VEV'

    precisions_ : ndarray
        Their inverses, of the same shape.

    precisions_cholesky_ : ndarray
        Upper triangular U with precision = U U^T, or square roots of the precisions, of the same shape.
        Densities are computed from these, the means and the weights.

    volumes_ : ndarray of shape (n_components,)
        Volumes ``det(covariance)**(1 / n_features)``. This and the next two are there for a `covariance_type`
        named by letters: covariance = volume * orientation @ diag(shape) @ orientation.T, equation (72) of
        docs/theory.md.

    shapes_ : ndarray of shape (n_components, n_features)
        Variances along the axes over the volume; the product of each row is one.

    orientations_ : ndarray of shape (n_components, n_features, n_features)
        Axes, a column each, in the order of descending shape (on average, where all components have them in common),
        or the identity where the model's third letter is I.

    converged_ : bool
        Whether the best start converged.

    n_iter_ : int
        Number of its iterations.

    lower_bound_ : float
        Mean log-likelihood of a row that its last E-step saw, that is, at the parameters before the last
        M-step.

    lower_bounds_ : list of float
        The same after each of its iterations.

    log_likelihood_ : float
        Total log-likelihood of the training data at the parameters above, weighted: the sum of
        `score_samples`. NaN for a model that was not fitted here.

    empty_components_ : list of int
        Components that no row belongs to; a warning names them.

    failed_starts_ : list of FailedStart
        Starts that ended in a collapsed component, while another did not.

    n_steps_ : int
        After `partial_fit`: batches that went into the parameters, 0 while rows are gathered for a start. An earlier
        fit counts as one.

    n_samples_seen_ : int
        After `partial_fit`: rows of positive weight that it was given.

    n_parameters_ : int
        Number of free parameters, as BIC and AIC count them.

    n_features_in_ : int
        Number of features of the training data.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the data had columns named by strings.

    See Also
    --------
    GaussianMixtureIC : Chooses the covariance type and the number of components.
    load : Read a saved model.
    e_step, m_step : The two halves of the algorithm, for rows that come in parts.

    Notes
    -----
    With ``init_params='k-means++'`` or ``'random_from_data'`` each component starts at a single row. Here the
    initial weights then sum to one, and all covariance types start at `reg_covar`. scikit-learn's weights
    sum to n_components / n_samples, which shifts its first lower bound, and its 'tied' covariance starts from
    the second moments of all rows about the origin, which leads elsewhere.

    `sample` draws natively: from the same `random_state` other rows than scikit-learn's, of the same distribution.
    A subclass must not override scikit-learn's private methods (``_m_step``, ``_estimate_log_prob`` and the like): the
    native code never calls them, so that `fit` and `predict` raise TypeError and name what replaces each. Code that
    only calls ``_estimate_log_prob``, ``_estimate_weighted_log_prob``, ``_estimate_log_prob_resp`` or
    ``_estimate_log_weights`` gets what scikit-learn returns.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> gm = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> gm.means_.round(3)
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> gm.predict([[0, 0], [12, 3]])
    array([1, 0])

    A weight of 3 is a row that stands three times:

    >>> gm = GaussianMixture().fit([[0.0], [4.0]], sample_weight=[3, 1])
    >>> gm.means_
    array([[1.]])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(_core.covariance_types()))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INITIALIZERS))],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state", np.random.Generator],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
        "responsibilities_init": ["array-like", None],
        "acceleration": [StrOptions({"anderson", "squarem"}), None],
        "prior": [StrOptions({"default"}), ConjugatePrior, None],
        "learning_decay": [Interval(Real, 0.5, 1.0, closed="right")],
        "learning_offset": [Interval(Real, 0.0, None, closed="left")],
        "average": ["boolean"],
    }

    weights_: npt.NDArray[Any]
    means_: npt.NDArray[Any]
    covariances_: npt.NDArray[Any]
    precisions_: npt.NDArray[Any]
    precisions_cholesky_: npt.NDArray[Any]
    volumes_: npt.NDArray[Any]
    shapes_: npt.NDArray[Any]
    orientations_: npt.NDArray[Any]
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    log_likelihood_: float
    empty_components_: list[int]
    failed_starts_: list[FailedStart]
    n_steps_: int
    n_samples_seen_: int
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: npt.ArrayLike | None = None,
        means_init: npt.ArrayLike | None = None,
        precisions_init: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callable[[int, float], Any] | None = None,
        responsibilities_init: npt.ArrayLike | None = None,
        acceleration: str | None = None,
        prior: str | ConjugatePrior | None = None,
        learning_decay: float = 0.6,
        learning_offset: float = 1.0,
        average: bool = False,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.callback = callback
        self.responsibilities_init = responsibilities_init
        self.acceleration = acceleration
        self.prior = prior
        self.learning_decay = learning_decay
        self.learning_offset = learning_offset
        self.average = average

    # ------------------------------------------------------------------------------------------------ fitting

    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> GaussianMixture:
        """Estimate the parameters by EM, from `n_init` starts of which the best is kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data; float32 is fitted in float32, everything else becomes float64. In Arrow data (tables of
            pyarrow, polars and DuckDB, Arrow's lists in pandas) a column of lists of n numbers is n features,
            ``name[0]`` to ``name[n-1]``. A `numpy.memmap` of either type is never read whole; one of another type is
            fitted as by `fit_batches`, which converts a batch at a time, unless there is `responsibilities_init`. The
            file of a map must not be cut off while it is read: the system kills the process then. `fit_batches` with
            the path of a .npy file raises a ValueError instead.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative: 2 means that the row stands twice, 0 that it is absent. None: all one.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: every start ended in a collapsed component.
        ValueError, TypeError
            If a parameter, X or the weights are not as described. An earlier fit then stays as it was, as
            also after an interrupt.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge in `max_iter` iterations, or a component ended without any row.
        ColumnWarning
            If columns are constant or, unless covariances are diagonal, linear combinations of others.
        RuntimeWarning
            If components are equal, as they stay if they start at the same place.
            If one row is so far away that it outweighs all others in sums of squares, as fill values do.
        """
        if is_converted_map(X) and self.responsibilities_init is None:
            reader = reader_of_array(X, None, check_sample_weight(sample_weight, X), name="X")
            return self.fit_batches(reader, progress=False)
        self._fit(X, sample_weight)
        return self

    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.int64]:
        """Estimate the parameters as `fit` does and return the components of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`. Rows of weight zero get a label, too.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Most probable component of each row, as `predict` finds it.
        """
        if is_converted_map(X):
            fitted: GaussianMixture = self.fit(X, sample_weight=sample_weight)
            return fitted.predict(X)
        rows = self._fit(X, sample_weight)
        return _core.predict(rows.X, self.mixture_, rows.n_threads)

    def fit_batches(
        self,
        source: Any,
        *,
        batch_size: int | None = None,
        init_size: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
        progress: bool | None = None,
    ) -> GaussianMixture:
        """Estimate the parameters as `fit` does, of rows that need not be in memory all at once.

        EM passes over all batches once an iteration, and once more each to check the rows, to draw some to start from
        and for `log_likelihood_`. From the same start the result is that of `fit` but for rounding.

        Parameters
        ----------
        source : iterable of batches, callable, path, or table or array in a file
            Where the rows come from, again in each pass:

            - an iterable that can be passed over again and again (a list, a reader of `gmmx.data`) of batches: each
              is what `fit` takes as X, or a tuple (X, sample_weight); rows without weights count once; batches without
              rows are allowed;
            - a callable that returns an iterator of such batches;
            - a path or a list of paths of Parquet, CSV, HDF5, zarr or .npy files without weights, which `gmmx.data`
              then reads (all columns are features: for weights and choices give `from_csv(path, ...)` and its like);
            - an array of shape (n_samples, n_features) that is cut into batches here: a `numpy.memmap` (whose file's
              size is checked before each batch), a dataset of h5py, an array of zarr;
            - a table that is cut into batches here: a dataset or table of pyarrow, a relation of DuckDB, a data frame.

            A generator is refused: it can be passed over only once. While EM works on a batch, a thread reads the
            next one, unless `source` is a list or an array in memory: callables and iterators run in that thread.

        batch_size : int, default=None
            Rows of a batch, where `source` is not one of batches. None: as many as 8 MiB hold, at most 131,072.

        init_size : int, default=None
            Rows to make the start of, by `init_params`. As many are drawn at random, in proportion to their weights
            and without regard to the batches; if there are no more rows, all are taken, and the start is that of
            `fit`. None: 50,000, or as many as 32 MiB hold. Of `n_init` starts the one whose EM on these rows ends
            highest goes on to all rows.

        checkpoint : path-like, default=None
            File that takes how far EM got, whole or not at all, so that a fit whose process is killed loses at most
            `checkpoint_every` iterations. It stays when the fit is done, and `gmmx.load` reads the mixture in it. Not
            together with `acceleration`. While the fit runs, a lock keeps other processes from writing to it, where the
            file system has locks; it ends with the process, however that ends.

        checkpoint_every : int, default=1
            Iterations between two times that `checkpoint` is written; a fit that ends without having converged writes
            it once more.

        resume : bool, default=False
            Whether to go on from `checkpoint`, and to begin anew if there is no such file: what a job that may be
            started again says each time. The result is, bit by bit, that of a fit that was never stopped. A checkpoint
            of other parameters or rows is refused; `max_iter` may be another. False: a file that exists is an error.

        progress : bool, default=None
            Whether to show a bar (by tqdm) with the rows of each pass, rows a second and the log-likelihood so far.
            None: on a terminal, if the fit takes more than two seconds.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: every start ended in a collapsed component.
        ValueError, TypeError
            If a parameter, the source, a batch or the checkpoint is not as described, or a later pass brings other
            rows. An earlier fit then stays as it was.
        FileExistsError
            If there is a checkpoint and `resume` is False.
        OSError
            If the checkpoint is not a regular file, cannot be read or written, or another process is writing to it:
            the message names the process and its host.

        Warns
        -----
        ConvergenceWarning
            As `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import GaussianMixture
        >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
        >>> gm = GaussianMixture(n_components=2, random_state=0).fit_batches([X[:2], X[2:]])
        >>> gm.means_.round(3)
        array([[10.,  2.],
               [ 1.,  2.]])
        """
        refuse_overridden_hooks(self)
        self._validate_params()
        with checkpoints_of(self, checkpoint, checkpoint_every, resume) as checkpoints:
            batches = batches_of(source, thread_count(self.n_jobs), batch_size, progress=progress)
            with contextlib.closing(batches):
                return fit_partitions(self, batches, init_size=init_size, checkpoints=checkpoints)

    @fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> GaussianMixture:
        """Take one step of stepwise EM with a batch of rows, which is then forgotten.

        For rows that come one batch at a time, or too many to pass over again and again. The result is approximate: it
        comes near that of `fit` to all rows, and does not converge as that does. The rows must come in random order:
        sorted ones, or one cluster after another, need `fit_batches`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The batch, of one row or more.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`. A batch is worth as much as its weights sum to; where that is zero, nothing happens.

        Returns
        -------
        self : GaussianMixture
            The mixture after the step.

        Raises
        ------
        FitFailedError
            A ValueError: in every start a component collapsed, however many rows were gathered.
        ValueError, TypeError
            If a parameter, X or the weights are not as described. The mixture, and what is known of earlier batches,
            then stay as they were.

        Warns
        -----
        ConvergenceWarning
            If a component collapses, which it can without `reg_covar` only. The mixture then stays as it was, and the
            batch goes into the statistics alone.
        RuntimeWarning
            If rows are left out because they outweigh all others: a fill value of 1e20 would take all digits from the
            running statistics, for good. The warning gives their numbers in the batch.

        See Also
        --------
        fit_batches : Passes over the batches until EM has converged.

        Notes
        -----
        Equations (107) to (111) of docs/theory.md; Cappé and Moulines (2009). Each call runs an E-step over the batch
        with the present parameters and takes the mean statistics of its rows into running statistics, of which the
        M-step makes the next parameters. Step t has the length ``(t + learning_offset)**-learning_decay`` times the
        weight of the batch over the mean weight of the batches so far, at most 1. With ``learning_decay=1`` and
        ``learning_offset=0`` all rows count the same.

        The first rows are gathered, 5 * n_components * (n_features + 1) of them, but no more than 32 MiB hold, and
        until as many are different as there are components; up to 16 times as many if all starts collapse. Until then
        there are no parameters, and `predict` raises NotFittedError. The start is made of them as in `fit`, by
        `init_params` or what is given; of `n_init` starts the one under which they are likeliest is taken. They are the
        first batch, and decide alone.

        After a `fit` the first call goes on from its parameters, and the fit counts as a batch of all its rows, which
        `n_samples_seen_` does not count. Parameters of other origin (`from_parameters`, `from_sklearn`) count as a
        batch like the next. To begin anew, clone the estimator. `fit` forgets the stream. To go on in another process,
        pickle the estimator. What `load` returns counts as a fit to all rows that came before `save`, without the
        running statistics and their average.

        Steps become shorter and shorter, so that a long stream hardly follows rows that change. Begin anew from the
        present parameters then, from time to time: ``from_parameters(model.weights_, model.means_,
        model.covariances_, covariance_type=...)``.

        A component whose rows stop coming keeps its mean and covariance while its weight fades, to 1e-10 at the
        least. `prior='default'` is made of the gathered rows, after a `fit`, too. A prior counts as rows do and fades
        as they come. `converged_` is False, `n_iter_` is `n_steps_`, `lower_bound_` the mean log-likelihood of the
        rows of the last batch under the parameters before its step, `lower_bounds_` empty and `log_likelihood_` NaN.
        `tol`, `max_iter`, `warm_start`, `verbose`, `callback` and `acceleration` have no say.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import GaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> gm = GaussianMixture(n_components=2, random_state=0)
        >>> for _ in range(100):
        ...     batch = rng.normal([[0.0]] * 30 + [[9.0]] * 10)
        ...     gm = gm.partial_fit(batch)
        >>> np.sort(gm.weights_).round(2)
        array([0.25, 0.75])
        >>> gm.n_steps_, gm.n_samples_seen_
        (100, 4000)
        """
        refuse_overridden_hooks(self)
        with unchanged_on_failure(self):
            first = not hasattr(self, "n_features_in_")
            checked = check_rows_of(self, X, fit=first, min_samples=1)
            weights = check_weight_of_part(sample_weight, len(checked))
            state = after_batch(self, WeightedRows(checked, weights, thread_count(self.n_jobs)))
            if state is not None:
                self._set_online(state)
        return self

    def _set_online(self, state: WarmUp | StepwiseState) -> None:
        """Set the attributes that a step leaves."""
        if isinstance(state, StepwiseState):
            self._set_parameters(state.estimate, state.dtype)
            self._mixture = state.estimate
            self._set_facts({**_NO_FIT, "n_iter_": state.n_steps, "lower_bound_": state.lower_bound})
        self._online, self.n_steps_, self.n_samples_seen_ = state, state.n_steps, state.n_samples

    def _validate_params(self) -> None:
        """Check the constructor parameters; scikit-learn's own check words the complaint."""
        own_class: Any = type(self)
        if _is_known_to_be_valid(own_class, values := [getattr(self, name) for name, _ in _constraints_of(own_class)]):
            return
        for name, constraints in _constraints_of(own_class):
            value = getattr(self, name)
            if not any(constraint.is_satisfied_by(value) for constraint in constraints):
                with explaining(own_class):
                    super()._validate_params()
        _remember_valid(own_class, values)

    def _fit(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> WeightedRows:
        """Fit, and set the fitted attributes at the end, all at once."""
        refuse_overridden_hooks(self)
        with unchanged_on_failure(self):
            rows = self._training_rows(X, sample_weight)
            faults = warn_of_rows(rows, self, combinations=has_axes(self.covariance_type), stacklevel=5)
            prior = self._prior_of(rows)
            scaled = rows if prior is not None else at_common_scale(rows)  # to a prior, the scale of weights matters
            starts = self._continuation(rows.X.shape[1], prior) if self._goes_on() else self._starts(scaled, prior)
            best, failed = best_of(self, starts, scaled)
            if best is not None and best.overflows(rows.X.dtype):
                refuse_overflow(float(np.abs(rows.X).max()), len(rows.X), rows.X.dtype)
            if best is None:
                raise FitFailedError(failure_message(failed, rows.X.dtype, faults.remedy(stronger_prior(self.prior))))
            self._warn_of(best)
            self._set_run(best, failed, rows.X.dtype, rows.total_weight, partial(criteria.log_likelihood, rows))
        return rows

    def _goes_on(self) -> bool:
        """Tell whether a fit starts from the last one."""
        return bool(self.warm_start) and hasattr(self, "converged_")

    def _set_run(
        self,
        best: Run,
        failed: list[FailedStart],
        dtype: npt.DTypeLike,
        total_weight: float,
        log_likelihood: Callable[[_core.Mixture], float],
    ) -> None:
        """Set the attributes that a fit leaves; `log_likelihood` tells that of the training data."""
        self._set_parameters(best.mixture, dtype)
        self._fitted_weight = total_weight
        self._mixture = best.mixture
        self.converged_ = best.converged
        self.n_iter_ = len(best.lower_bounds)
        self.lower_bound_ = best.lower_bound
        self.lower_bounds_ = best.lower_bounds
        self.empty_components_ = best.empty_components
        self.failed_starts_ = failed
        # In float32 the attributes are the mixture rounded.
        self.log_likelihood_ = log_likelihood(best.mixture if dtype == np.float64 else self.mixture_)

    def _training_rows(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> WeightedRows:
        checked = check_rows_of(self, X, fit=True)
        rows = WeightedRows(checked, check_sample_weight(sample_weight, checked), thread_count(self.n_jobs))
        check_enough_rows(rows, self.n_components)
        return rows

    def _starts(self, rows: WeightedRows, prior: NativePrior | None) -> Starts:
        """Return fresh starts, by the parameters that say where from; these are checked here."""
        n_components, n_features, covariance_type = self.n_components, rows.X.shape[1], self.covariance_type
        weights, means, precisions = self.weights_init, self.means_init, self.precisions_init
        given = GivenParameters(
            None if weights is None else check_weights(weights, n_components),
            None if means is None else check_means(means, n_components, n_features),
            None if precisions is None else check_precisions(precisions, covariance_type, n_components, n_features),
        )
        random = as_random_source(self.random_state)
        makers = start_partitions(self.init_params, rows, n_components, covariance_type, random, self.n_init)
        n_starts, each = len(makers), iter(makers)

        def partition() -> _core.SufficientStatistics:
            return next(each)()

        from_kmeans = self.init_params == "kmeans" and all(parameter is None for parameter in given)
        if self.responsibilities_init is not None:
            if given.complete:
                raise ValueError(
                    "responsibilities_init is given, but so are weights_init, means_init and "
                    "precisions_init, which leave nothing to estimate from it: drop one or the other."
                )
            checked = check_partition(self.responsibilities_init, rows, n_components)
            partition = partial(given_partition, checked, rows, n_components, covariance_type)
            n_starts = 1
            from_kmeans = False
        make = partial(initial_mixture, given, covariance_type, float(self.reg_covar), prior, partition)
        return Starts(make, n_starts, -np.inf, random if from_kmeans else None, prior)

    def _prior(self, n_features: int, statistics: Callable[[], _core.SufficientStatistics]) -> NativePrior | None:
        """Return the prior as the native code takes it; `statistics` makes those of all rows as one component."""
        if self.prior is not None and self.acceleration is not None:
            raise ValueError(
                f"acceleration={self.acceleration!r} judges its jumps by the likelihood alone and knows no prior. "
                "Leave out one of the two."
            )
        return prior_of(self.prior, n_features, statistics, self.n_components, self.covariance_type)

    def _prior_of(self, rows: WeightedRows) -> NativePrior | None:
        """Return the prior for rows that are at hand."""
        return self._prior(rows.X.shape[1], partial(one_component, rows))

    def _continuation(self, n_features: int, prior: NativePrior | None) -> Starts:
        """Return the fitted mixture as the only start, after a check that it still fits."""
        self._check_goes_on("warm_start=True goes on from the last fit", n_features, "Set warm_start=False")
        fitted = self.mixture_
        return Starts(lambda: fitted, 1, float(self.lower_bound_), prior=prior)

    def _check_goes_on(self, who: str, n_features: int, remedy: str) -> None:
        """Refuse to go on from parameters of another shape than is asked for now."""
        now = (self.n_components, n_features)
        then = np.shape(self.means_)
        shape = np.shape(self.precisions_cholesky_)
        if now != then or shape != public_shape(self.covariance_type, *now):
            raise ValueError(
                f"{who}, with (n_components, n_features) = {then} and covariances of shape {shape}, but now these are "
                f"{now} and covariance_type={self.covariance_type!r}. "
                f"{remedy} or fit a new estimator (sklearn.base.clone)."
            )

    def _em_options(self, prior: NativePrior | None) -> dict[str, Any]:
        return {
            "tol": float(self.tol),
            "reg_covar": float(self.reg_covar),
            "max_iter": int(self.max_iter),
            "acceleration": self.acceleration,
            "prior": prior,
        }

    def _warn_of(self, best: Run) -> None:
        """Warn if the best run is not what one hopes for."""
        if not (best.converged or best.stopped) and self.max_iter > 0:
            warnings.warn(_NOT_CONVERGED, ConvergenceWarning, stacklevel=5)
        if best.empty_components:
            warnings.warn(
                f"No row belongs to the components {best.empty_components}. Lower n_components (now "
                f"{self.n_components}) or start elsewhere, by init_params, means_init or "
                "responsibilities_init.",
                ConvergenceWarning,
                stacklevel=5,
            )
        warn_of_equal_components(best.mixture, stacklevel=5)

    def _set_parameters(self, mixture: _core.Mixture, dtype: npt.DTypeLike) -> None:
        """Set the attributes that hold the mixture, in one type; what is known of other rows is forgotten."""
        for name in _OF_ROWS_SEEN:
            self.__dict__.pop(name, None)
        dtype = wide_enough(mixture, dtype)
        kind = _kind_of(mixture)
        factors = expand(mixture.precisions_cholesky, *kind).astype(dtype)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = mixture.means.astype(dtype)
        self.covariances_ = expand(mixture.covariances, *kind).astype(dtype)
        self.precisions_cholesky_ = factors
        self.precisions_ = _precisions(factors, self.covariance_type)
        self._set_decomposition(mixture, dtype)

    def _set_decomposition(self, mixture: _core.Mixture, dtype: npt.DTypeLike) -> None:
        """Set volumes, shapes and orientations where the type is named by them, and else have none."""
        for name in _DECOMPOSITION:
            if name in vars(self):
                delattr(self, name)
        if is_parsimonious(mixture.covariance_type):
            parts = _core.decompose(mixture)
            self.volumes_, self.shapes_, self.orientations_ = (part.astype(dtype) for part in parts)

    # ------------------------------------------------------------------------------------- the fitted mixture

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there are parameters: `partial_fit` may still gather rows for its start."""
        return hasattr(self, "weights_")

    def _check_is_fitted(self) -> None:
        """Refuse what needs parameters while there are none, or what a subclass means to compute otherwise."""
        refuse_overridden_hooks(self)
        state = vars(self).get("_online")
        if isinstance(state, WarmUp) and not hasattr(self, "weights_"):
            raise NotFittedError(
                f"This {type(self).__name__} has no parameters yet: partial_fit makes the start of "
                f"{state.rows_wanted(self.n_components, self.n_features_in_)} rows, at least {self.n_components} of "
                f"them different, and has seen {state.n_samples}. Give it more batches, or call 'fit'."
            )
        check_is_fitted(self)

    @property
    def mixture_(self) -> _core.Mixture:
        """The fitted mixture as a value, made of `weights_`, `means_` and `precisions_cholesky_`."""
        self._check_is_fitted()
        kept: _core.Mixture | None = vars(self).get("_mixture")
        if kept is None or not self._is_held_by(kept):
            self._check_fits_covariance_type()
            kept = _core.Mixture(
                np.asarray(self.weights_, dtype=np.float64),
                np.asarray(self.means_, dtype=np.float64),
                self.covariance_type,
                precisions_cholesky=compress(
                    np.asarray(self.precisions_cholesky_, dtype=np.float64),
                    self.covariance_type,
                    argument="precisions_cholesky_",
                ),
            )
            self._mixture = kept
        return kept

    def _check_fits_covariance_type(self) -> None:
        """Refuse parameters of another covariance type: it was changed after the fit."""
        fitted = np.shape(self.precisions_cholesky_)
        needed = public_shape(self.covariance_type, *np.shape(self.means_))
        if fitted != needed:
            raise ValueError(
                f"covariance_type is {self.covariance_type!r}, for which precisions_cholesky_ must have the shape "
                f"{needed}, but it has {fitted}: the type was changed after the fit. Set it back or fit again."
            )

    def _is_held_by(self, mixture: _core.Mixture) -> bool:
        """Tell whether the attributes still say what a mixture does: users may edit them, in place even."""
        return (
            self.covariance_type == mixture.covariance_type
            and np.array_equal(self.weights_, mixture.weights)
            and np.array_equal(self.means_, mixture.means)
            and np.array_equal(self.precisions_cholesky_, expand(mixture.precisions_cholesky, *_kind_of(mixture)))
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be computed again."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_mixture"}

    @property
    def n_parameters_(self) -> int:
        """The number of free parameters: weights, means and covariances together."""
        return self.mixture_.n_parameters

    def _n_parameters(self) -> int:
        """Return the number of free parameters, under scikit-learn's private name."""
        return self.n_parameters_

    def summary(self, *, file: TextIO | None = None) -> None:
        """Print the mixture and how its fit went, as ``gmmx fit`` and ``gmmx info`` do.

        Parameters
        ----------
        file : text stream or None, default=None
            Where to print. None prints to standard output.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.

        Notes
        -----
        The tables fit 80 columns; what is too large for them stands in the attributes. BIC and AIC are those of the
        training data. They are left out if nobody knows how many rows these are, as after `from_parameters`.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture(n_components=2, random_state=0).fit([[0.0], [1.0], [8.0], [9.0]])
        >>> gm.summary()
        2 components, full covariance, 1 feature
        <BLANKLINE>
        component  weight  mean feature 0  variance
        ───────────────────────────────────────────
        0             0.5             8.5      0.25
        1             0.5             0.5      0.25
        <BLANKLINE>
        log-likelihood  -5.675754 (-1.418939 per row)
        BIC             18.2830
        AIC             21.3515 (5 free parameters)
        iterations      2
        converged       yes
        """
        n_components, n_features = self.mixture_.means.shape
        names = getattr(self, "feature_names_in_", [f"feature {feature}" for feature in range(n_features)])
        size = f"{counted(n_components, 'component')}, {self.covariance_type} covariance"
        tables = mixture_lines(ShownMixture.of(self, names), WIDTH, IN_PYTHON)
        facts = aligned_pairs(fit_facts(self, self._weight_seen(), NOT_CONVERGED))
        print_lines([f"{size}, {counted(n_features, 'feature')}", "", *tables, "", *facts], file)

    def _rows(self, X: npt.ArrayLike) -> Rows:
        """Return rows to apply the fitted mixture to."""
        self._check_is_fitted()
        return check_rows_of(self, X, fit=False)

    def _weighted_rows(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> WeightedRows:
        checked = self._rows(X)
        return WeightedRows(checked, check_sample_weight(sample_weight, checked), thread_count(self.n_jobs))

    def _sums(
        self,
        X: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        *figures: Callable[[WeightedRows, _core.Mixture], float],
    ) -> tuple[float, list[float]]:
        """Return the total weight of rows and what functions of them, which add up over rows, say."""
        rows, mixture = self._weighted_rows(X, sample_weight), self.mixture_
        return rows.total_weight, [figure(rows, mixture) for figure in figures]

    def score_samples(self, X: npt.ArrayLike) -> Rows:
        """Compute the log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; float32 is computed in float32.

        Returns
        -------
        log_prob_norm : ndarray of shape (n_samples,)
            log p(x_n), in the type of X.

        Raises
        ------
        ValueError
            If a row is not finite, or its log-density is beyond the range of the type of X.
        """
        rows = self._rows(X)
        return _core.score_samples(rows, self.mixture_, thread_count(self.n_jobs))

    def score(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the mean log-density of a row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean. None: all one.

        Returns
        -------
        log_likelihood : float
            sum_n w_n log p(x_n) / sum_n w_n. Without weights it is `score_samples(X).mean()` to the last
            digit for float32 rows, too, whose mean is rounded to float32.
        """
        rows = self._weighted_rows(X, sample_weight)
        if rows.X.dtype == np.float32 and rows.sample_weight is None:
            mean = self._mean_in_float32(rows)
            if mean is not None:
                return mean
        return criteria.log_likelihood(rows, self.mixture_) / rows.total_weight

    def _mean_in_float32(self, rows: WeightedRows) -> float | None:
        """Return the mean log-density as float32 holds it; None if it does not."""
        try:
            with np.errstate(over="ignore"):
                mean = float(np.mean(_core.score_samples(rows.X, self.mixture_, rows.n_threads)))
        except ValueError as error:
            if lost_row(error) is None:
                raise
            return None
        return mean if math.isfinite(mean) else None

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Find the most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Components, as int64.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        return _core.predict(rows, self.mixture_, thread_count(self.n_jobs))

    def predict_proba(self, X: npt.ArrayLike) -> Rows:
        """Compute the responsibilities: the probability of each component given the row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, n_components)
            Each row sums to one; in the type of X.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        return _core.responsibilities(rows, self.mixture_, thread_count(self.n_jobs))

    def uncertainty(self, X: npt.ArrayLike) -> Rows:
        """Compute the probability that a row does not belong to the component that `predict` gives it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        uncertainty : ndarray of shape (n_samples,)
            1 - max_k r_nk, equation (103) of docs/theory.md, from 0 to 1 - 1 / n_components; in the type of X.
        """
        uncertainty: Rows = 1 - self.predict_proba(X).max(axis=1)
        return uncertainty

    def entropy(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute how far the components overlap: the entropy of the responsibilities of all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all one.

        Returns
        -------
        entropy : float
            Minus sum_n w_n sum_k r_nk log r_nk in nats, equation (104) of docs/theory.md: 0 if every row belongs to
            one component for sure.
        """
        _, (entropy,) = self._sums(X, sample_weight, criteria.entropy)
        return entropy

    def icl(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the integrated completed likelihood criterion: the lower, the better.

        It is the BIC and a fine for rows that may belong to several components, so that it prefers components
        that lie apart.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights. Their sum takes the place of n_samples.

        Returns
        -------
        icl : float
            BIC - 2 sum_n w_n log max_k r_nk, equation (105) of docs/theory.md. mclust reports its negative.
        """
        total_weight, (log_likelihood, certainty) = self._sums(
            X, sample_weight, criteria.log_likelihood, criteria.log_certainty
        )
        return _bic(total_weight, self.mixture_, log_likelihood) - 2.0 * certainty

    def bic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the Bayesian information criterion: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights. Their sum takes the place of n_samples.

        Returns
        -------
        bic : float
            -2 log-likelihood + number of free parameters * log n.
        """
        total_weight, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return _bic(total_weight, self.mixture_, log_likelihood)

    def aic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the Akaike information criterion: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        aic : float
            -2 log-likelihood + 2 * number of free parameters.
        """
        _, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return -2.0 * log_likelihood + 2.0 * self.mixture_.n_parameters

    def sample(
        self,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
    ) -> tuple[F64, npt.NDArray[np.int64]]:
        """Draw random rows from the fitted mixture.

        Parameters
        ----------
        n_samples : int, default=1
            How many, at least one.

        random_state : int, RandomState, Generator or None, default=None
            Source of randomness; None takes that of the estimator. An int gives the same rows each time, an
            instance new ones.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows in float64, in the order of their components.

        y : ndarray of shape (n_samples,)
            Their components.

        Raises
        ------
        ValueError
            If `n_samples` is less than one, or more than an array can hold.
        """
        self._check_is_fitted()
        if not isinstance(n_samples, Integral):
            raise TypeError(f"n_samples is {n_samples!r}, but must be an integer of at least 1.")
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample.")
        random = as_random_source(self.random_state if random_state is None else random_state)
        mixture, n_threads = self._sampled_mixture(), thread_count(self.n_jobs)
        most = np.iinfo(np.intp).max // (8 * mixture.n_features)
        if n_samples > most:
            raise ValueError(
                f"n_samples is {n_samples}, but an array holds at most {most} rows of {mixture.n_features} features. "
                "Draw fewer rows at a time."
            )
        return _core.sample(mixture, int(n_samples), random.seed(), n_threads)

    def _sampled_mixture(self) -> _core.Mixture:
        """Return the mixture to draw from, made of `covariances_`, which some users set by hand."""
        if hasattr(self, "covariances_"):
            # Rounded to float32, a covariance of a fit may just miss being definite.
            with contextlib.suppress(_core.CollapsedComponentError):
                return _core.Mixture(
                    np.asarray(self.weights_, dtype=np.float64),
                    np.asarray(self.means_, dtype=np.float64),
                    self.covariance_type,
                    covariances=compress(
                        np.asarray(self.covariances_, dtype=np.float64), self.covariance_type, argument="covariances_"
                    ),
                )
        return self.mixture_

    # ---------------------------------------------------------------------------------- models from elsewhere

    @classmethod
    def from_parameters(
        cls,
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        covariances: npt.ArrayLike,
        covariance_type: str = "full",
    ) -> GaussianMixture:
        """Build a fitted model from known parameters.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
            Weights, summing to one.

        means : array-like of shape (n_components, n_features)
            Means.

        covariances : array-like
            Covariances, of the shape that `covariance_type` asks for (see `covariances_`).

        covariance_type : str, default='full'
            Model of the covariances, as for the constructor.

        Returns
        -------
        model : GaussianMixture
            Fitted in every respect but that no EM ran: `n_iter_` is 0, `log_likelihood_` NaN. Its arrays are
            float32 if all three given are, else float64. With ``warm_start=True`` a fit goes on from it.

        Raises
        ------
        ValueError
            If shapes disagree, a number is not finite, weights do not sum to one, or a covariance is not
            symmetric, positive definite and of the model.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture.from_parameters([0.25, 0.75], [[0.0], [3.0]], [1.0, 0.5], "spherical")
        >>> gm.predict([[0.2], [2.9]])
        array([0, 1])
        """
        covariance_type = check_covariance_type(covariance_type)
        shape = np.shape(means)
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"means has shape {shape}, but must have shape (n_components, n_features).")
        n_components, n_features = shape
        checked_weights = check_weights(weights, n_components, argument="weights")
        checked_means = check_means(means, n_components, n_features, argument="means")
        checked_covariances = check_covariances(covariances, covariance_type, n_components, n_features)
        try:
            mixture = _core.Mixture(checked_weights, checked_means, covariance_type, covariances=checked_covariances)
        except _core.CollapsedComponentError as error:
            which = "covariances" if error.component < 0 else f"covariances[{error.component}]"
            raise ValueError(
                f"{which} is not positive definite. Give a covariance of full rank, "
                "or add a small number to its diagonal."
            ) from error
        all_float32 = all(getattr(a, "dtype", None) == np.float32 for a in (weights, means, covariances))
        model = cls(n_components=n_components, covariance_type=covariance_type)
        model._set_parameters(mixture, np.float32 if all_float32 else np.float64)
        model.n_features_in_ = n_features
        model._set_facts(_NO_FIT)
        return model

    @classmethod
    def from_sklearn(cls, model: sklearn.mixture.GaussianMixture) -> GaussianMixture:
        """Convert a fitted ``sklearn.mixture.GaussianMixture``.

        Parameters
        ----------
        model : sklearn.mixture.GaussianMixture
            The fitted model. It is copied.

        Returns
        -------
        converted : GaussianMixture
            With the same parameters and fitted attributes; `log_likelihood_`, which scikit-learn does not
            keep, is NaN.

        Raises
        ------
        TypeError
            If `model` is of another class.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        """
        if not isinstance(model, sklearn.mixture.GaussianMixture):
            raise TypeError(
                f"model is of type {type(model).__name__}, but must be a sklearn.mixture.GaussianMixture; "
                "GaussianMixture.from_parameters builds a model from weights, means and covariances."
            )
        check_is_fitted(model)
        converted = cls(**copy.deepcopy(model.get_params(deep=False)))
        facts = dict(_NO_FIT)
        for name, value in _fitted_attributes(model).items():
            if name in facts:
                facts[name] = value
            else:
                setattr(converted, name, value)
        converted._set_facts(facts)
        _ = converted.mixture_  # refuses parameters that are no mixture
        return converted

    def to_sklearn(self) -> sklearn.mixture.GaussianMixture:
        """Convert to a fitted ``sklearn.mixture.GaussianMixture``.

        Returns
        -------
        model : sklearn.mixture.GaussianMixture
            With copies of all parameters and fitted attributes that scikit-learn knows. Parsimonious models,
            which it does not know, become 'full'. A Generator as
            `random_state` becomes a RandomState over the same stream.
        """
        self._check_is_fitted()
        model = self._unfitted_sklearn("full" if is_parsimonious(self.covariance_type) else self.covariance_type)
        for name, value in _fitted_attributes(self).items():
            setattr(model, name, value)
        return model

    def _unfitted_sklearn(self, covariance_type: str | None = None) -> sklearn.mixture.GaussianMixture:
        """Return scikit-learn's mixture with those parameters that it knows; None keeps the covariance type."""
        if covariance_type is None and is_parsimonious(self.covariance_type):
            raise ValueError(
                f"covariance_type is {self.covariance_type!r}, which scikit-learn does not have. Fit the mixture, "
                "whose covariances then become 'full', or take one of 'full', 'tied', 'diag' and 'spherical'."
            )
        known = sklearn.mixture.GaussianMixture().get_params()
        params = {name: value for name, value in self.get_params(deep=False).items() if name in known}
        params = copy.deepcopy(params)
        params["covariance_type"] = covariance_type or self.covariance_type
        if isinstance(params["random_state"], np.random.Generator):
            params["random_state"] = np.random.RandomState(params["random_state"].bit_generator)
        return sklearn.mixture.GaussianMixture(**params)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a safetensors file, which `gmmx.load` reads.

        Parameters
        ----------
        path : path-like
            Where to. The file appears whole or not at all; one that is there is replaced, or kept if writing
            fails. Mode and owner stay those of the file that is replaced.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.
        ValueError
            If its attributes were edited so that they are no mixture, covariances and factors contradict each other, or
            a constructor parameter is one that `fit` would refuse.
        OSError
            If the file cannot be written, or the one that is there is read-only.

        Notes
        -----
        Stored are the parameters of the mixture, `n_iter_`, `converged_`, the bounds and the log-likelihood,
        the names of the features, the weight of the rows that these come from, and those constructor parameters that
        are numbers, strings, truth values or None. Of a stream (`partial_fit`) that is not all; pickle keeps it.
        """
        self._check_is_fitted()
        self._validate_params()
        thread_count(self.n_jobs)  # 0 is refused
        arrays = {name.rstrip("_"): np.asarray(getattr(self, name)) for name in _PARAMETERS}
        for name in ("covariances", "precisions_cholesky"):
            arrays[name] = compress(arrays[name], self.covariance_type, argument=f"{name}_")
        dtype = np.float32 if all(array.dtype == np.float32 for array in arrays.values()) else np.float64
        names = getattr(self, "feature_names_in_", None)
        facts = {name: getattr(self, name, default) for name, default in _NO_FIT.items()}
        record = ModelRecord(
            covariance_type=self.covariance_type,
            tensors={name: array.astype(dtype) for name, array in arrays.items()},
            facts={
                "n_iter": int(facts["n_iter_"]),
                "converged": bool(facts["converged_"]),
                "lower_bound": float(facts["lower_bound_"]),
                "lower_bounds": [float(bound) for bound in facts["lower_bounds_"]],
                "log_likelihood": float(facts["log_likelihood_"]),
            },
            feature_names=None if names is None else [str(name) for name in names],
            params=representable(self.get_params(deep=False)),
            total_weight=self._weight_seen(),
        )
        save_model(record, path)

    def _weight_seen(self) -> float | None:
        """Return the weight of the rows that the parameters come from, as far as it is known."""
        state = vars(self).get("_online")
        seen: float | None = (
            state.total_weight if isinstance(state, StepwiseState) else vars(self).get("_fitted_weight")
        )
        return seen

    @classmethod
    def _from_record(cls, record: ModelRecord) -> GaussianMixture:
        """Build the fitted model that a file holds."""
        known = cls().get_params()
        params = {name: value for name, value in record.params.items() if name in known}
        tensors = record.tensors
        n_components, n_features = tensors["means"].shape
        model = cls(**params | {"n_components": n_components, "covariance_type": record.covariance_type})
        model._validate_params()
        thread_count(model.n_jobs)  # 0 is refused
        for name in _PARAMETERS:
            tensor = tensors[name.rstrip("_")]
            if name not in ("weights_", "means_"):
                tensor = expand(tensor, record.covariance_type, n_components, n_features)
            setattr(model, name, tensor)
        model.precisions_ = _precisions(model.precisions_cholesky_, record.covariance_type)
        model._set_decomposition(model.mixture_, model.means_.dtype)
        model.n_features_in_ = n_features
        if record.feature_names is not None:
            model.feature_names_in_ = np.array(record.feature_names, dtype=object)
        model._set_facts({f"{name}_": value for name, value in record.facts.items()})
        if record.total_weight is not None:
            model._fitted_weight = record.total_weight
        return model

    def _set_facts(self, facts: Mapping[str, Any]) -> None:
        """Set the attributes that tell of the fit."""
        for name, value in facts.items():
            setattr(self, name, copy.copy(value))
        self.empty_components_ = np.flatnonzero(np.asarray(self.weights_) == 0.0).tolist()
        self.failed_starts_ = []


def load(path: str | os.PathLike[str]) -> GaussianMixture:
    """Read a model that `GaussianMixture.save` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    model : GaussianMixture
        The fitted model, with the constructor parameters that the file holds.

    Raises
    ------
    ModelFileError
        A ValueError: the file is no gmmx model, cut off, damaged (its checksum is compared) or of a newer format.
    OSError
        If there is no such file, it may not be read, or it is not a regular file.

    Examples
    --------
    >>> import os, tempfile
    >>> import gmmx
    >>> gm = gmmx.GaussianMixture(n_components=2, random_state=0).fit([[0.0], [0.1], [5.0], [5.1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gm.save(os.path.join(folder, "model.safetensors"))
    ...     loaded = gmmx.load(os.path.join(folder, "model.safetensors"))
    >>> bool((loaded.means_ == gm.means_).all())
    True
    """
    return read_as(path, _loaded)


def _loaded(record: ModelRecord) -> GaussianMixture:
    try:
        with np.errstate(over="ignore"):  # a variance of 1e-310 is one, its inverse is not
            return GaussianMixture._from_record(record)
    except ValueError as error:
        raise ValueError(f"its constructor parameters are not accepted ({str(error).rstrip('.')})") from error


def _bic(total_weight: float, mixture: _core.Mixture, log_likelihood: float) -> float:
    return -2.0 * log_likelihood + mixture.n_parameters * math.log(total_weight)


def _kind_of(mixture: _core.Mixture) -> tuple[str, int, int]:
    """Return what `expand` goes by: the covariance type and the numbers of components and features."""
    return mixture.covariance_type, mixture.n_components, mixture.n_features


def _precisions(factors: npt.NDArray[Any], covariance_type: str) -> npt.NDArray[Any]:
    """Return the inverse covariances of given factors."""
    matrices = is_public_as_matrices(covariance_type)
    precisions: npt.NDArray[Any] = factors @ factors.swapaxes(-1, -2) if matrices else factors**2
    return precisions


def _fitted_attributes(model: Any) -> dict[str, Any]:
    """Return copies of the attributes of a fit that both libraries have."""
    names = (*_PARAMETERS, "precisions_", "n_features_in_", "feature_names_in_", *_SKLEARN_FACTS)
    return {name: copy.deepcopy(vars(model)[name]) for name in names if name in vars(model)}
