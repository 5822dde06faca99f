"""The estimator: scikit-learn's `GaussianMixture` with a native engine, weights, and more to start from."""

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
from gmmx._covariance_shapes import has_axes
from gmmx._sklearn import Interval, StrOptions
from gmmx.data._arrays import reader_of_array
from gmmx.data._batch_source import is_converted_map
from gmmx.distributed.batches import batches_of
from gmmx.distributed.checkpoints import CheckpointWriter, checkpoints_of
from gmmx.distributed.em import Loop, PartitionedRows, fit_partitions
from gmmx.em.initialization import INITIALIZERS, LastFit
from gmmx.em.priors import ConjugatePrior
from gmmx.em.restarts import fit_rows
from gmmx.em.result import unchanged_on_failure
from gmmx.mixture._configs import em_config, init_config, last_fit
from gmmx.mixture._convert import ConvertibleMixture
from gmmx.mixture._fitted import FittedMixture
from gmmx.mixture._parameter_checks import check_params, check_params_of_fit
from gmmx.mixture._parameters import MixtureAttributes, set_fit
from gmmx.mixture._sklearn_hooks import PrivateReaders, refuse_overridden_hooks
from gmmx.validation import (
    Rows,
    check_enough_rows,
    check_sample_weight,
    checked_rows,
    thread_count,
)
from gmmx.validation.row_faults import warn_of_rows

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
    }

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
        check_params_of_fit(self)
        if is_converted_map(X) and self.responsibilities_init is None:
            reader = reader_of_array(X, None, check_sample_weight(sample_weight, X), name="X")
            return self.fit_batches(reader, progress=False)
        self._fit(X, sample_weight)
        return self

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
        check_params_of_fit(self)
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
        """Estimate the parameters as `fit` does, of rows in parts that an engine passes over.

        `fit_batches`, `gmmx.dask` and `gmmx.spark` are built on it. The start is the one for rows in memory, made of a
        random sample of the rows; if they are no more than `init_size`, all are taken, and the result is that of `fit`
        but for rounding. Of several starts (`n_init`) the one whose EM on the sample ends highest continues.

        Parameters
        ----------
        rows : PartitionedRows
            The rows: an object with the methods of `gmmx.distributed.PartitionedRows`.

        init_size : int, default=None
            Number of rows to start from. None: 50,000, or as many as 32 MiB hold.

        loop : callable, default=None
            Runs EM as `gmmx.distributed.run_em` does, for engines that watch it. None: `run_em`.

        checkpoints : CheckpointWriter, default=None
            Writes how far EM got, for a later fit to resume from.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        FitFailedError
            A ValueError: every start ended in a collapsed component.
        ValueError
            If parameters or rows are not accepted. An earlier fit then stays as it was.

        Warns
        -----
        ConvergenceWarning
            As `fit`.
        """
        self._validate_params()
        with unchanged_on_failure(self):
            em, init, last = em_config(self), init_config(self), self._last_fit()
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
        """Check the constructor parameters, in the place of scikit-learn's own check."""
        check_params(self)

    def _last_fit(self) -> LastFit | None:
        """Return the parameters to continue from, if the fit is to."""
        return last_fit(self) if self.warm_start and hasattr(self, "converged_") else None

    def _fit(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Rows:
        """Fit to rows in memory, and set the fitted attributes at the end, all at once."""
        refuse_overridden_hooks(self)
        with unchanged_on_failure(self):
            em, init, last = em_config(self), init_config(self), self._last_fit()
            rows = checked_rows(X, sample_weight, em.n_threads, estimator=self, fit=True)
            check_enough_rows(rows, em.n_components)
            faults = warn_of_rows(rows, self, combinations=has_axes(em.covariance_type))
            fit = fit_rows(em, init, rows, last, faults.remedy)
            fit.warn(em.n_components, em.max_iter)
            set_fit(self, fit)
        return rows
