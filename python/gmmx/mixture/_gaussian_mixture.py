"""The estimator: a drop-in replacement for scikit-learn's `GaussianMixture` with a native engine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin

from gmmx import _core
from gmmx._sklearn import Interval, StrOptions
from gmmx.data._arrays import reader_of_array
from gmmx.data._batch_source import is_converted_map
from gmmx.distributed.batches import batches_of
from gmmx.distributed.checkpoints import CheckpointWriter, checkpoints_of
from gmmx.distributed.em import Loop, PartitionedRows, fit_partitions
from gmmx.em.config import ACCELERATIONS
from gmmx.em.initialization import INITIALIZERS, LastFit
from gmmx.em.priors import ConjugatePrior
from gmmx.em.result import unchanged_on_failure
from gmmx.mixture._configs import em_config, init_config, last_fit
from gmmx.mixture._convert import ConvertibleMixture
from gmmx.mixture._fitted import FittedMixture
from gmmx.mixture._fitting import fit_checked
from gmmx.mixture._parameter_checks import check_params, check_params_of_fit
from gmmx.mixture._parameters import MixtureAttributes, set_fit
from gmmx.mixture._sklearn_hooks import PrivateReaders, refuse_overridden_hooks
from gmmx.validation import (
    check_sample_weight,
    checked_rows,
    thread_count,
)
from gmmx.validation._options import naming_parameters

__all__ = ["GaussianMixture"]


class GaussianMixture(
    PrivateReaders,
    FittedMixture,
    ConvertibleMixture,
    MixtureAttributes,
    DensityMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    r"""Gaussian mixture fitted by expectation-maximisation (EM).

    The class is a drop-in replacement for :class:`sklearn.mixture.GaussianMixture`, with the same parameters, methods,
    attributes, errors and warnings. The same `random_state` gives the same result, except for what
    docs/guides/from_scikit_learn.md lists. In addition it supports sample weights (`sample_weight`), several threads
    (`n_jobs`), monitoring and early stopping (`callback`), initialization from an assignment (`responsibilities_init`)
    or a tree of the rows (``init_params="hc"``), mclust's parsimonious models, a prior that prevents collapse
    (`prior`), and saving, loading and converting models.

    Parameters
    ----------
    n_components : int, default=1
        Number of components, at least 1.

    covariance_type : str, default='full'
        Covariance model:

        - 'full': each component has its own covariance matrix;
        - 'tied': all components share one covariance matrix;
        - 'diag': each component has its own variance for each feature;
        - 'spherical': each component has a single variance;
        - 'EII', 'VII', 'EEI', 'VEI', 'EVI', 'VVI', 'EEE', 'VEE', 'EVE', 'VVE', 'EEV', 'VEV', 'EVV', 'VVV': the
          parsimonious models of mclust. The letters describe volume, shape and orientation of the covariances: equal
          for all components (E), variable (V), or that of the identity (I). 'VVV' is 'full', 'EEE' 'tied', 'VVI' 'diag'
          and 'VII' 'spherical', with attributes of other shapes;
        - 'E', 'V': 'EII' and 'VII' for a single feature.

    tol : float, default=1e-3
        Nonnegative threshold for the change of the mean log-likelihood per row at which EM stops. EM also stops if the
        gains are below rounding error. With 0 it never stops before `max_iter`.

    reg_covar : float, default=1e-6
        Nonnegative number added to the variances, so that no component collapses. For parsimonious models it is added
        to the scatter before the M-step, so that the constraints of the model still hold.

    max_iter : int, default=100
        Maximum number of iterations of each restart. With 0 the fitted parameters are the initial ones.

    n_init : int, default=1
        Number of restarts, of which the best is kept; ties up to rounding keep the earlier one. A restart that fails
        does not end the others. On small data, restarts from k-means run in parallel with one thread each, and a
        clustering that an earlier restart found is not fitted again. Otherwise restarts with up to 8 components (except
        'tied') share passes over the rows; their results differ from those of separate restarts by rounding. With
        `verbose` or `callback` restarts run one after another.

    init_params : {'kmeans', 'stream', 'hc', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
        Initialization method:

        - 'kmeans': assignment by k-means;
        - 'stream': the best of several mixtures that EM fits to a sample of the rows, for large data: fits are two to
          three times faster, and more of them end in a better optimum than in a worse one. The sample has a fiftieth
          of the rows, at least 5,000 and 5 for each parameter. If that is over a tenth of the rows, or its fits
          collapse or have components of a few rows, this is 'kmeans';
        - 'hc': assignment by :func:`hierarchical_clustering`, as in mclust, of at most 2,000 rows chosen at random.
          With fewer rows it does not depend on `random_state`, so `n_init` has no effect. With a single feature, EM
          also starts from quantiles and k-means, and the best result is kept;
        - 'k-means++': each component starts at a row, far from the others;
        - 'random': random responsibilities;
        - 'random_from_data': each component starts at a row chosen at random.

    weights_init : array-like of shape (n_components,), default=None
        Initial weights, which sum to one. None derives them from `init_params`.

    means_init : array-like of shape (n_components, n_features), default=None
        Initial means. None derives them from `init_params`.

    precisions_init : array-like, default=None
        Initial inverse covariances, with the shape of `precisions_`. None derives them from `init_params`.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the initialization and for `sample`. An int gives the same result each time; an
        instance of NumPy's RandomState or Generator advances from call to call. None gives different results.

    warm_start : bool, default=False
        Whether another call of `fit` starts from the parameters of the last; `n_init` is then ignored.

    verbose : int, default=0
        Verbosity. From 1, each restart and every `verbose_interval`-th iteration is printed, from 2 with times and
        changes.

    verbose_interval : int, default=10
        Number of iterations between two printed lines, at least 1.

    n_jobs : int, default=None
        Number of threads. None uses OMP_NUM_THREADS, or the number of physical cores available to the process; -1 uses
        all processors, -2 all but one. Results do not depend on it. A build without OpenMP runs on one thread.

    callback : callable, default=None
        Function called as ``callback(iteration, log_likelihood)`` after each iteration, with the number of the
        iteration in the restart, from 1, and the total log-likelihood of its E-step. If it returns true, the fit stops
        and keeps the best result so far. If it raises, the fit raises the same error and keeps the previous fit. None
        monitors nothing.

    responsibilities_init : array-like of shape (n_samples,) or (n_samples, n_components), default=None
        Initial assignment, which replaces `init_params` and `n_init`: labels 0, ..., n_components - 1, or -1 for rows
        without a component; or nonnegative responsibilities, which sum to one in each row. None uses `init_params`.

    acceleration : {'anderson', 'squarem', 'auto'} or None, default=None
        Acceleration method, which converges in fewer iterations if EM is slow: 'anderson' combines the last iterates,
        'squarem' extrapolates two successive steps. 'auto' is 'anderson', or plain EM with a prior or a checkpoint,
        which acceleration excludes. An extrapolation that lowers the likelihood is undone; it counts as an iteration
        in `n_iter_` and `max_iter`, and `lower_bounds_` does not change. `tol` applies only to EM steps, not to
        extrapolations. None runs plain EM.

    prior : 'default', ConjugatePrior or None, default=None
        Prior of the means and covariances, with which EM maximises the posterior density and no component collapses.
        'default' is the weak prior of Fraley and Raftery, computed from the data; diagonal and spherical models have
        one scale for all columns, so standardise those whose units differ. `lower_bounds_` and `tol` still refer to the
        likelihood. A prior cannot be combined with 'anderson' or 'squarem'. None maximises the likelihood.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Weights of the components. Like all arrays below, they have the dtype of the data (float32 or float64).

    means_ : ndarray of shape (n_components, n_features)
        Means of the components.

    covariances_ : ndarray
        Covariances of the components. The shape depends on `covariance_type`::

            (n_components, n_features, n_features) if 'full',
            (n_features, n_features)               if 'tied',
            (n_components, n_features)             if 'diag',
            (n_components,)                        if 'spherical',
            (n_components, n_features, n_features) for three-letter names such as 'VEV'

    precisions_ : ndarray
        Inverse covariances, with the same shape.

    precisions_cholesky_ : ndarray
        Upper triangular U with precision = U U^T, or square roots of the precisions, with the same shape. Densities are
        computed from these, the means and the weights.

    volumes_ : ndarray of shape (n_components,)
        Volumes ``det(covariance)**(1 / n_features)``. This and the next two attributes exist only for parsimonious
        models: covariance = volume * orientation @ diag(shape) @ orientation.T, equation (72) of docs/theory.md.

    shapes_ : ndarray of shape (n_components, n_features)
        Variances along the axes, divided by the volume. The product of each row is one.

    orientations_ : ndarray of shape (n_components, n_features, n_features)
        Axes as columns, in the order of descending shape (on average, if all components share them), or the identity if
        the third letter of the model is I.

    converged_ : bool
        Whether the best restart converged.

    n_iter_ : int
        Number of iterations of the best restart.

    lower_bound_ : float
        Mean log-likelihood per row in the last E-step of the best restart, at the parameters before its last M-step.

    lower_bounds_ : list of float
        The same for each iteration of the best restart.

    log_likelihood_ : float
        Total weighted log-likelihood of the training data at the fitted parameters: the sum of `score_samples`. NaN for
        a model that was not fitted.

    empty_components_ : list of int
        Components without rows, which a warning names.

    failed_starts_ : list of FailedStart
        Restarts in which a component collapsed, if another restart succeeded.

    mixture_ : Mixture
        The fitted mixture as a value, made of `weights_`, `means_` and `precisions_cholesky_`; :mod:`gmmx.fast` and
        `e_step` accept it.

    n_parameters_ : int
        Number of free parameters, as used by BIC and AIC.

    n_features_in_ : int
        Number of features of the training data.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if the columns of the training data were named by strings.

    See Also
    --------
    GaussianMixtureIC : Select the covariance type and the number of components.
    load : Read a saved model.
    e_step, m_step : Single steps of the algorithm, for rows that come in parts.

    Notes
    -----
    With ``init_params='k-means++'`` or ``'random_from_data'`` each component starts at a single row. The initial
    weights then sum to one, and the covariances of all types start at `reg_covar`. In scikit-learn the weights sum to
    n_components / n_samples, which shifts the first lower bound, and the 'tied' covariance starts from the second
    moments of all rows about the origin, which leads to another optimum.

    `sample` uses native random numbers: the same `random_state` gives other rows than in scikit-learn, with the same
    distribution. A subclass must not override scikit-learn's private methods such as ``_m_step`` and
    ``_estimate_log_prob``. Native code never calls them, so `fit` and `predict` raise a TypeError that names the
    replacement. Calling ``_estimate_log_prob``, ``_estimate_weighted_log_prob``, ``_estimate_log_prob_resp`` or
    ``_estimate_log_weights`` returns the values of scikit-learn.

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

    A row with weight 3 counts three times:

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
        "acceleration": [StrOptions(set(ACCELERATIONS)), None],
        "prior": [StrOptions({"default"}), ConjugatePrior, None],
    }

    @naming_parameters
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

    # ------------------------------------------------------------------------------------------------ fitting

    @naming_parameters
    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> GaussianMixture:
        """Estimate the parameters by EM and keep the best of `n_init` restarts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data. float32 is fitted in float32, all other types in float64. In Arrow data (tables of pyarrow,
            polars and DuckDB, Arrow lists in pandas) a column of lists of n numbers is n features, ``name[0]`` to
            ``name[n-1]``. A `numpy.memmap` of float32 or float64 is never loaded as a whole. One of another type is
            fitted as by `fit_batches`, which converts one batch at a time, unless `responsibilities_init` is given.
            Truncating the file of a memory map while it is read kills the process; `fit_batches` with the path of a
            .npy file raises a ValueError instead.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative weights: a row with weight 2 counts twice, one with weight 0 not at all. None gives every row
            the weight 1.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: a component collapsed in every restart.
        ValueError, TypeError
            If a parameter, X or the weights are not as described. The previous fit is then kept, as also after an
            interrupt.

        Warns
        -----
        ConvergenceWarning
            If the best restart did not converge in `max_iter` iterations, or a component ended without rows.
        ColumnWarning
            If columns are constant or, unless covariances are diagonal, linear combinations of others.
        RuntimeWarning
            If components are equal, which happens if they start at the same place. If one row is so far away that it
            outweighs all others in sums of squares, such as a fill value.
        """
        check_params_of_fit(self)
        if is_converted_map(X) and self.responsibilities_init is None:
            reader = reader_of_array(X, None, check_sample_weight(sample_weight, X), name="X")
            return self.fit_batches(reader, progress=False)
        self._fit(X, sample_weight)
        return self

    @naming_parameters
    def fit_predict(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.int64]:
        """Fit the mixture and predict the component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`. Rows with weight zero are labelled, too.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Most probable component of each row, as returned by `predict`.
        """
        check_params_of_fit(self)
        if is_converted_map(X):
            fitted: GaussianMixture = self.fit(X, sample_weight=sample_weight)
            return fitted.predict(X)
        labels: Any = self._fit(X, sample_weight, predicts=True)
        return labels  # type: ignore[no-any-return]

    @naming_parameters
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
        """Estimate the parameters from batches, which need not fit in memory.

        Each iteration is one pass over all batches. Three more passes check the rows, draw the sample for the
        initialization, and compute `log_likelihood_`. From the same initialization the result equals that of `fit` up
        to rounding.

        Parameters
        ----------
        source : iterable of batches, callable, path, or table or array in a file
            Source of the rows, which is read in each pass (text is parsed once, see `gmmx.data.from_csv`):

            - an iterable of batches that can be iterated over repeatedly (a list, a reader of `gmmx.data`). Each batch
              is X as for `fit`, or a tuple (X, sample_weight). Rows without weights have weight 1, and batches may be
              empty;
            - a callable that returns an iterator of such batches;
            - a path or a list of paths of Parquet, CSV, HDF5, zarr or .npy files, which `gmmx.data` reads with all
              columns as features. For weights and a selection of columns pass `from_csv(path, ...)` or another reader;
            - an array of shape (n_samples, n_features): a `numpy.memmap` (the size of whose file is checked before each
              batch), a dataset of h5py, an array of zarr;
            - a table: a dataset or table of pyarrow, a relation of DuckDB, a data frame.

            A generator is rejected, because it can be iterated over only once. While EM works on a batch, a thread
            prefetches the next, unless `source` is a list or an array in memory. Callables and iterators run in that
            thread.

        batch_size : int, default=None
            Number of rows in a batch, if `source` does not consist of batches. None uses as many as fit in 8 MiB, at
            most 131,072.

        init_size : int, default=None
            Number of rows in the sample for the initialization, drawn with probabilities proportional to their weights,
            independently of the batches. If there are not more rows, all are used, and the initialization is that of
            `fit`. Of `n_init` restarts, the one that reaches the highest likelihood on the sample continues on all
            rows. None uses 50,000, or as many as fit in 32 MiB.

        checkpoint : path-like, default=None
            File that stores the progress of EM, so that a fit whose process is killed loses at most `checkpoint_every`
            iterations. It is written atomically and kept after the fit, and `gmmx.load` reads its mixture. While the
            fit runs, a lock keeps other processes from writing to it, if the file system supports locks. A checkpoint
            cannot be combined with the acceleration 'anderson' or 'squarem'. None stores nothing.

        checkpoint_every : int, default=1
            Number of iterations between writes of `checkpoint`, which is written once more when EM ends.

        resume : bool, default=False
            Whether to resume from `checkpoint` if the file exists; otherwise an existing file is an error. Set it for
            jobs that may be restarted. The result is bitwise identical to that of an uninterrupted fit. A checkpoint of
            other parameters, except `max_iter`, or of other rows is rejected.

        progress : bool, default=None
            Whether to show a progress bar (tqdm) with the rows of each pass, rows per second and the log-likelihood.
            None shows it on a terminal if the fit takes more than two seconds.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: a component collapsed in every restart.
        ValueError, TypeError
            If a parameter, the source, a batch or the checkpoint is not as described, or a later pass yields other
            rows. The previous fit is then kept.
        FileExistsError
            If the checkpoint exists and `resume` is False.
        OSError
            If the checkpoint is not a regular file, cannot be read or written, or is in use by another process; the
            message names the process and its host.

        Warns
        -----
        ConvergenceWarning, RuntimeWarning
            As for `fit`.
        ColumnWarning
            If columns are constant; linear combinations are not looked for.

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
        with checkpoints_of(self.get_params(deep=False), checkpoint, checkpoint_every, resume) as checkpoints:
            batches = batches_of(source, thread_count(self.n_jobs), batch_size, progress=progress)
            with contextlib.closing(batches):
                return self.fit_partitions(batches, init_size=init_size, checkpoints=checkpoints)

    def fit_partitions(
        self,
        rows: PartitionedRows,
        *,
        init_size: int | None = None,
        loop: Loop | None = None,
        checkpoints: CheckpointWriter | None = None,
    ) -> GaussianMixture:
        """Estimate the parameters from rows in parts, for engines.

        `fit_batches`, `gmmx.dask` and `gmmx.spark` are built on it. The initialization is that of rows in memory, on a
        random sample of the rows. If there are at most `init_size` rows, all are used, and the result is that of `fit`
        up to rounding. Of `n_init` restarts, the one that reaches the highest likelihood on the sample continues.

        Parameters
        ----------
        rows : PartitionedRows
            Object with the methods of `gmmx.distributed.PartitionedRows`.

        init_size : int, default=None
            Number of rows in the sample for the initialization. None uses 50,000, or as many as fit in 32 MiB.

        loop : callable, default=None
            Function that runs EM like `gmmx.distributed.run_em`, for engines that monitor it. None uses `run_em`.

        checkpoints : CheckpointWriter, default=None
            Writer of the progress of EM, from which a later fit can resume. None writes nothing.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: a component collapsed in every restart.
        ValueError
            If parameters or rows are not accepted. An earlier fit then stays as it was.

        Warns
        -----
        ConvergenceWarning, ColumnWarning, RuntimeWarning
            As `fit_batches`.
        """
        self._validate_params()
        with unchanged_on_failure(self):
            em = em_config(self, is_checkpointed=checkpoints is not None)
            init, last = init_config(self), self._last_fit()
            fit, summary = fit_partitions(
                em, init, rows, last=last, init_size=init_size, loop=loop, checkpoints=checkpoints
            )
            self.n_features_in_ = summary.n_features
            self.__dict__.pop("feature_names_in_", None)
            if summary.feature_names is not None:
                self.feature_names_in_ = np.array(summary.feature_names, dtype=object)
            fit.warn(em.n_components, em.max_iter)
            set_fit(self, fit)
        return self

    def _validate_params(self) -> None:
        """Check the constructor parameters, replacing scikit-learn's check."""
        check_params(self)

    def _last_fit(self) -> LastFit | None:
        """Return the parameters from which the fit continues, or None."""
        return last_fit(self) if self.warm_start and hasattr(self, "converged_") else None

    def _fit(
        self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None, *, predicts: bool = False
    ) -> npt.NDArray[np.int64] | None:
        """Fit to rows in memory, and set all fitted attributes at the end; return labels if these are asked for."""
        refuse_overridden_hooks(self)
        with unchanged_on_failure(self):
            em, init, last = em_config(self), init_config(self), self._last_fit()
            rows = checked_rows(X, sample_weight, em.n_threads, estimator=self, fit=True)
            return fit_checked(self, em, init, rows, last, predicts=predicts)
