"""The estimator for Dask arrays and data frames."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import os
from collections.abc import Callable
from typing import Any

import dask
import numpy as np
from sklearn.utils.validation import validate_data

from gmmx import fast
from gmmx._docstrings import parameter_entries, with_fragments
from gmmx.dask._rows import DaskRows, check_kind, is_array, whole_rows, without_column
from gmmx.dask._running import LastGood, WorkersLostError
from gmmx.dask._tasks import RowTerm, array_block, frame_block, uncertainty
from gmmx.distributed.checkpoints import checkpoints_of
from gmmx.em import criteria
from gmmx.em.progress import Progress
from gmmx.mixture import _gaussian_mixture
from gmmx.mixture._parameters import NO_FIT, set_history, set_parameters
from gmmx.mixture._sklearn_hooks import refuse_overridden_hooks
from gmmx.validation import check_flag

# The methods that return something for each row: the function that they call, its dtype (None: that of the rows), and
# whether the result has a column for each component.
_LAZY: dict[str, tuple[Callable[..., Any], str | None, bool]] = {
    "predict": (fast.predict, "int64", False),
    "predict_proba": (fast.responsibilities, None, True),
    "score_samples": (fast.score_samples, None, False),
    "uncertainty": (uncertainty, None, False),
}


_PARAMETERS = parameter_entries(
    _gaussian_mixture.GaussianMixture,
    n_init="""\
n_init : int, default=1
    Number of restarts on a sample of the rows; the best continues on all rows.""",
    init_params="""\
init_params : {'kmeans', 'stream', 'hc', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
    Initialization method, applied to the sample.""",
    random_state="""\
random_state : int, RandomState, Generator or None, default=None
    Source of randomness for the sample of rows, the initialization and `sample`. The sample depends on the order of the
    rows, but not on the partitions.""",
    n_jobs="""\
n_jobs : int, default=None
    Number of threads for one task. None uses one, because Dask runs a task on each of its threads; use -1 for workers
    that run one task at a time on several processors. Results do not depend on it.""",
    responsibilities_init="""\
responsibilities_init : None
    Supported only for rows in memory.""",
    client="""\
client : distributed.Client or None, default=None
    Client of the cluster. None uses the default client if there is one, otherwise Dask's configured scheduler, by
    default threads of this process. Clones share the client; pickles and copies omit it.""",
)

_ROWS = """\
Parameters
----------
X : Dask array of shape (n_samples, n_features) or Dask data frame
    Rows."""

_SIGNATURE = inspect.signature(_gaussian_mixture.GaussianMixture.__init__)
_CLIENT = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)


@with_fragments(parameters=_PARAMETERS, rows=_ROWS)
class GaussianMixture(_gaussian_mixture.GaussianMixture):
    """Gaussian mixture fitted by EM to Dask arrays and data frames.

    The estimator has all features of :class:`gmmx.GaussianMixture` for partitioned rows. From the same initialization
    it gives the same parameters up to rounding. Each EM iteration is one pass over all partitions, on a cluster or in
    this process. Only parameters and sufficient statistics move between workers, never rows. Rows in memory (NumPy,
    pandas) are fitted as by :class:`gmmx.GaussianMixture`.

    The estimator persists nothing: each pass recomputes X, about once per iteration, unless ``X = X.persist()`` keeps
    it in the memory of the workers.

    Parameters
    ----------
    {parameters}

    See Also
    --------
    gmmx.GaussianMixture : The same for rows in memory, with the attributes of a fit; `fit_batches` for files on one
        machine.

    Notes
    -----
    Arrays that are chunked along columns are rechunked to whole rows. `sample_weight` is a Dask array or series with
    the same partitions as the rows. For a data frame it may be the name of a column, which is then not a feature.

    Results are bitwise identical for the same partitions, for any number of workers and even if workers die and their
    tasks are rerun. Other partitions, and machines with other instruction sets, change rounding (see
    :func:`gmmx.show_versions`).

    A graph that contains the rows themselves, as made by `dask.array.from_array`, is sent to the cluster in each pass,
    so persist such arrays, too.

    Dask abandons a task after several of its workers have died (``distributed.scheduler.allowed-failures``), and the
    fit raises `WorkersLostError`. If no worker is left, the fit waits for ``distributed.scheduler.no-workers-timeout``.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import gmmx.dask
    >>> rows = np.array([[1.0, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> X = da.from_array(rows, chunks=(2, 2))
    >>> gm = gmmx.dask.GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> gm.means_.round(3)
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> labels = gm.predict(X)
    >>> labels.chunks
    ((2, 2, 2),)
    >>> labels.compute()
    array([1, 1, 1, 0, 0, 0])
    """

    _parameter_constraints = {  # noqa: RUF012
        **_gaussian_mixture.GaussianMixture._parameter_constraints,
        "client": [object],  # checked where it is used
    }

    def __init__(self, n_components: int = 1, *, client: Any = None, **parameters: Any) -> None:
        super().__init__(n_components, **parameters)
        self.client = client

    # scikit-learn reads the parameters of an estimator from here.
    __init__.__signature__ = _SIGNATURE.replace(  # type: ignore[attr-defined]
        parameters=[*_SIGNATURE.parameters.values(), _CLIENT]
    )

    # ------------------------------------------------------------------------------------------------ fitting

    def fit(
        self,
        X: Any,
        y: object = None,
        sample_weight: Any = None,
        *,
        init_size: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        resume: bool = False,
        progress: bool | None = None,
    ) -> GaussianMixture:
        """Estimate the parameters by EM.

        Each iteration is one pass over all partitions. Three more passes check the rows, draw the sample for the
        initialization, and compute `log_likelihood_`.

        Parameters
        ----------
        X : Dask array of shape (n_samples, n_features) or Dask data frame
            Training data, finite numbers. Chunk sizes and divisions may be unknown, and partitions may be empty. Data
            that are entirely float32 are fitted in float32, all others in float64. Rows in memory are fitted as by
            :meth:`gmmx.GaussianMixture.fit`.

        y : Ignored
            Present by convention.

        sample_weight : Dask array or series of shape (n_samples,), or str, default=None
            Nonnegative weights, with the same partitions as X, or the name of a column of a data frame. None gives
            every row the weight 1.

        init_size : int, default=None
            Number of rows in the sample for the initialization, drawn with probabilities proportional to their weights,
            independently of the partitions. If there are not more rows, all are used, and the initialization is that of
            a fit in memory. None uses 50,000, or as many as fit in 32 MiB.

        checkpoint, checkpoint_every, resume
            As for :meth:`gmmx.GaussianMixture.fit_batches`: a file on the client's machine that stores the progress of
            EM, from which a later fit can resume.

        progress : bool, default=None
            Whether to show a progress bar (tqdm, extra `data`) with completed passes, rows per second and the
            log-likelihood. None shows it on a terminal if the fit takes more than two seconds. Dask's dashboard shows
            the progress within a pass.

        Returns
        -------
        self : GaussianMixture
            The fitted mixture.

        Raises
        ------
        WorkersLostError
            If a task killed one worker after another, or the cluster is lost. The error carries the last good
            parameters.
        FitFailedError
            A ValueError: a component collapsed in every restart.
        ValueError, TypeError
            If a parameter, X or the weights are not as described; the message names the partition. After this and the
            other errors, the previous fit is kept.
        RuntimeError
            If anything else fails on the cluster, such as reading the source of X.

        Warns
        -----
        ConvergenceWarning
            As :meth:`gmmx.GaussianMixture.fit`.
        """
        if not _is_of_dask(X, sample_weight):
            if init_size is not None or checkpoint is not None or resume or progress:
                raise ValueError(
                    "init_size, checkpoint, resume and progress are for Dask's collections, but X is in memory: leave "
                    "them out, or call fit_batches([X], ...)."
                )
            super().fit(X, y, sample_weight)
            return self
        refuse_overridden_hooks(self)
        self._validate_params()
        check_kind(X)
        check_flag("progress", progress, may_be_none=True)
        watched = LastGood()
        with (
            contextlib.closing(Progress(progress)) as bar,
            checkpoints_of(self._local_params(), checkpoint, checkpoint_every, resume) as checkpoints,
        ):
            rows = DaskRows(X, sample_weight, self.client, self.n_jobs, bar)
            try:
                self.fit_partitions(rows, init_size=init_size, loop=watched.run_em, checkpoints=checkpoints)
            except WorkersLostError as error:
                self._tell_of_last_good(error, watched, rows.dtype)
                raise
        return self

    def _tell_of_last_good(self, error: WorkersLostError, last_good: LastGood, dtype: str) -> None:
        """Attach the last good parameters to an error."""
        if last_good.mixture is None:
            error.args = (f"{error} EM had not begun.",)
            return
        error.args = (
            f"{error} The attribute `model` of this error holds the last good parameters; "
            "estimator.set_params(warm_start=False, weights_init=model.weights_, means_init=model.means_, "
            "precisions_init=model.precisions_).fit(X) goes on from them.",
        )
        error.model = _gaussian_mixture.GaussianMixture(**self._local_params())
        set_parameters(error.model, last_good.mixture, dtype)
        error.model.n_features_in_ = last_good.mixture.n_features
        set_history(error.model, {**NO_FIT, "log_likelihood_": last_good.log_likelihood})

    def fit_predict(self, X: Any, y: object = None, sample_weight: Any = None) -> Any:
        """Fit the mixture and predict the component of each row.

        Parameters
        ----------
        X : Dask array of shape (n_samples, n_features) or Dask data frame
            Training data.

        y : Ignored
            Present by convention.

        sample_weight : Dask array or series, or str, default=None
            Weights, as in `fit`.

        Returns
        -------
        labels : Dask array or series of shape (n_samples,)
            Most probable component of each row, computed lazily.
        """
        if not _is_of_dask(X, sample_weight):
            return super().fit_predict(X, y, sample_weight)
        self.fit(X, sample_weight=sample_weight)
        return self.predict(without_column(X, sample_weight))

    # ------------------------------------------------------------------------------------- a value for each row

    def predict(self, X: Any) -> Any:
        """Find the most probable component of each row, lazily.

        {rows}

        Returns
        -------
        labels : Dask array or series of shape (n_samples,)
            Components, int64. For a data frame, a series with its index.
        """
        return self._lazily("predict", X) if _is_of_dask(X) else super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Compute the probability of each component given the row, lazily.

        {rows}

        Returns
        -------
        responsibilities : Dask array or data frame of shape (n_samples, n_components)
            Probabilities, with the dtype of X. For a data frame, a data frame with its index and one column per
            component, 0, 1, ...
        """
        return self._lazily("predict_proba", X) if _is_of_dask(X) else super().predict_proba(X)

    def score_samples(self, X: Any) -> Any:
        """Compute the log-density of each row, lazily.

        {rows}

        Returns
        -------
        log_prob_norm : Dask array or series of shape (n_samples,)
            log p(x_n), with the dtype of X. For a data frame, a series with its index.
        """
        return self._lazily("score_samples", X) if _is_of_dask(X) else super().score_samples(X)

    def uncertainty(self, X: Any) -> Any:
        """Compute the probability that `predict` is wrong for each row, lazily.

        {rows}

        Returns
        -------
        uncertainty : Dask array or series of shape (n_samples,)
            1 - max_k r_nk, with the dtype of X. For a data frame, a series with its index.
        """
        return self._lazily("uncertainty", X) if _is_of_dask(X) else super().uncertainty(X)

    def _lazily(self, method: str, X: Any) -> Any:
        """Return the result of a method for each row, as a lazy collection like X."""
        self._check_is_fitted()
        check_kind(X)
        function, own_type, has_columns = _LAZY[method]
        type_of_rows = self._check_features(X)
        dtype = np.dtype(own_type or type_of_rows)
        arguments = {"function": function, "mixture": self.mixture_, "n_jobs": self.n_jobs, "of_type": dtype}
        n_columns = (len(self.weights_),) if has_columns else ()
        values = np.empty((0, *n_columns), dtype=dtype)
        if is_array(X):
            X = whole_rows(X)
            arguments["n_blocks"] = X.numblocks[0]
            shape = {"chunks": (X.chunks[0], n_columns)} if has_columns else {"drop_axis": 1}
            return X.map_blocks(array_block, dtype=dtype, meta=values, **shape, **arguments)
        like = X._meta._constructor(values) if has_columns else X._meta._constructor_sliced(values)
        like.index = X._meta.index
        return X.map_partitions(frame_block, meta=like, like=like, n_blocks=X.npartitions, **arguments)

    def _check_features(self, X: Any) -> str:
        """Check the columns against those of the fit, as far as known, and return the dtype of the computation."""
        if is_array(X):
            dtypes, like = [X.dtype], None if math.isnan(X.shape[1]) else np.empty((0, X.shape[1]))
        else:
            dtypes, like = list(X.dtypes), X._meta
        if like is not None:
            try:
                validate_data(self, like, reset=False, skip_check_array=True)
            except ValueError as error:
                if is_array(X) or not hasattr(self, "feature_names_in_"):
                    raise
                raise ValueError(
                    f"{error}\nOf a data frame with further columns, such as weights, take those of the fit: "
                    "X[list(model.feature_names_in_)]."
                ) from error
        return "float32" if all(dtype == np.float32 for dtype in dtypes) else "float64"

    # --------------------------------------------------------------------------------------- sums over all rows

    def score(self, X: Any, y: object = None, sample_weight: Any = None) -> float:
        """Compute the mean log-density of a row, in one pass.

        Like `bic`, `aic`, `icl` and `entropy`, it accepts rows and weights as `fit` does and computes immediately.

        {rows}

        y : Ignored
            Present by convention.

        sample_weight : Dask array or series, or str, default=None
            Weights of the rows in the mean, as in `fit`. None gives every row the weight 1.

        Returns
        -------
        log_likelihood : float
            sum_n w_n log p(x_n) / sum_n w_n.
        """
        if not _is_of_dask(X, sample_weight):
            return super().score(X, y, sample_weight)
        total_weight, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return log_likelihood / total_weight

    def _sums(self, X: Any, sample_weight: Any, *terms: RowTerm) -> tuple[float, list[float]]:
        """Return the total weight of the rows and the sums of functions over them, in one pass."""
        if not _is_of_dask(X, sample_weight):
            return super()._sums(X, sample_weight, *terms)
        self._check_is_fitted()
        check_kind(X)
        rows = DaskRows(X, sample_weight, self.client, self.n_jobs)
        self._check_features(without_column(X, sample_weight))
        total_weight, *sums = rows.sums(self.mixture_, terms)
        if not 0.0 < total_weight < math.inf:
            raise ValueError(
                f"The weights of all rows sum to {total_weight:g}, but their sum must be positive and finite: give at "
                "least one row of positive weight."
            )
        return total_weight, sums

    # ---------------------------------------------------------------------------------------------- and back

    def to_local(self) -> _gaussian_mixture.GaussianMixture:
        """Return the fitted model as an in-memory estimator.

        Returns
        -------
        model : gmmx.GaussianMixture
            Estimator with the same parameters except `client`, and copies of all fitted attributes.
        """
        self._check_is_fitted()
        model = _gaussian_mixture.GaussianMixture(**self._local_params())
        for name, value in self.__getstate__().items():
            if name not in self.get_params(deep=False):
                setattr(model, name, copy.deepcopy(value))
        return model

    def _local_params(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params(deep=False).items() if name != "client"}

    def __getstate__(self) -> dict[str, Any]:
        """Omit the client, which is a connection of this process."""
        return super().__getstate__() | {"client": None}

    def __sklearn_clone__(self) -> GaussianMixture:
        """Return an unfitted copy with the same client, which cannot be copied."""
        without_client = copy.copy(self)
        clone: GaussianMixture = super(GaussianMixture, without_client).__sklearn_clone__()
        clone.client = self.client
        return clone


def _is_of_dask(*collections: Any) -> bool:
    return any(map(dask.is_dask_collection, collections))
