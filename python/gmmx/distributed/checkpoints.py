"""Checkpoints: how far a long fit got, in a file, so that it can go on after its process was killed.

A checkpoint is a model file (`gmmx.load` reads the mixture so far) that also tells which fit it is of. Between two
passes over the rows, EM consists of the mixture and the bounds before it; a fit that goes on from them does the same
arithmetic as one that was never stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gmmx import _core
from gmmx.distributed.summary import DataSummary
from gmmx.em.priors import ConjugatePrior
from gmmx.em.result import FailedStart
from gmmx.io._atomic_write import lock_of, refuse_missing_folder, remove_leftovers
from gmmx.io._locks import FileLock, LockedError
from gmmx.io.model_file import TENSORS, ModelFileError, ModelRecord, read_model, representable, save_model
from gmmx.validation import check_flag

__all__ = ["CheckpointWriter", "StartingPoint", "checkpoints_of"]

# A resumed fit may have other values of these parameters.
_FREE = frozenset({"max_iter", "verbose", "verbose_interval", "n_jobs", "callback", "warm_start"})

_ENTRIES = {"fit": dict, "rows": dict, "sums": list, "start": int, "failed": list}


class StartingPoint(NamedTuple):
    """Where EM begins or resumes: between two passes over the rows, it consists of this.

    Attributes
    ----------
    number : int
        Which of `n_init`.
    mixture : Mixture
        Where the next E-step is.
    lower_bound : float
        That of the iteration before, or of the fit that this one goes on from; -inf of a fresh start.
    lower_bounds : tuple of float
        Those of all iterations of this run before.
    failed : tuple of FailedStart
        Starts that were given up before.
    converged : bool
        Whether EM has converged, so that nothing is left to do.
    """

    number: int
    mixture: _core.Mixture
    lower_bound: float
    lower_bounds: tuple[float, ...] = ()
    failed: tuple[FailedStart, ...] = ()
    converged: bool = False


@contextlib.contextmanager
def checkpoints_of(
    params: Mapping[str, Any], checkpoint: str | os.PathLike[str] | None, checkpoint_every: int, resume: bool
) -> Iterator[CheckpointWriter | None]:
    """Offer what writes the checkpoints of `GaussianMixture.fit_batches`, if there are to be any.

    The file is locked until the context ends.
    """
    check_flag("resume", resume)
    if checkpoint is None and resume:
        raise ValueError("resume is True, but checkpoint is not given: name the file to go on from.")
    if checkpoint is None:
        yield None
        return
    with contextlib.closing(CheckpointWriter(checkpoint, checkpoint_every, resume, params)) as checkpoints:
        yield checkpoints


class CheckpointWriter:
    """Write how far EM got, each time to the same file.

    Parameters
    ----------
    path, every, resume
        The parameters `checkpoint`, `checkpoint_every` and `resume` of `GaussianMixture.fit_batches`.
    params : mapping of str to object
        Parameters of the estimator that is fitted.

    Raises
    ------
    FileExistsError
        If there is a file and the fit is not to go on from it.
    ModelFileError
        A ValueError: the file is not a checkpoint, damaged, or of a model with other parameters.
    OSError
        If the file cannot be read, it is not a regular file, another process writes to it, or its folder does not exist
        or cannot be written to.
    ValueError, TypeError
        If a parameter is not as described.
    """

    def __init__(self, path: str | os.PathLike[str], every: int, resume: bool, params: Mapping[str, Any]) -> None:
        if isinstance(every, bool) or not isinstance(every, Integral) or every < 1:
            raise ValueError(f"checkpoint_every is {every!r}, but must be a number of iterations, at least 1.")
        if params["acceleration"] not in (None, "auto"):
            raise ValueError(
                f"checkpoint is given and acceleration={params['acceleration']!r}, whose memory of earlier points a "
                "checkpoint does not hold. Leave out one of the two, or set acceleration='auto', which means none here."
            )
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"checkpoint is of type {type(path).__name__}, but must be the path of a file.")
        self._path: Path = Path(path)
        self._every: int = int(every)
        self._fit: dict[str, Any] = _identity(params)
        self._shape: tuple[str, int] = params["covariance_type"], params["n_components"]
        self._params: dict[str, Any] = representable(dict(params))
        self._record: ModelRecord | None = None
        refuse_missing_folder(path, "checkpoint")
        if not os.access(self._path.parent, os.W_OK):
            raise PermissionError(
                f"checkpoint is {str(path)!r}, but files cannot be written to the folder {str(self._path.parent)!r}: "
                "give a path in another one."
            )
        if self._path.is_dir():
            raise IsADirectoryError(f"checkpoint is {str(path)!r}, which is a folder: name a file in it.")
        self._lock: FileLock = self._locked()
        try:
            self._read(resume)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let other processes have the file."""
        self._lock.release()

    def _locked(self) -> FileLock:
        try:
            return FileLock(lock_of(self._path))
        except LockedError as error:
            raise OSError(
                f"checkpoint is {str(self._path)!r}, to which {error.holder} is writing. Wait until it has ended, or "
                "give another path."
            ) from error

    def _read(self, resume: bool) -> None:
        """Read the file, if there is one and the fit is to go on from it."""
        if resume:
            remove_leftovers(self._path)
        if not self._path.exists():
            return
        if not resume:
            raise FileExistsError(
                f"checkpoint is {str(self._path)!r}, which exists. Set resume=True to resume from it, or delete it or "
                "choose another path to start afresh."
            )
        try:
            self._record = read_model(self._path)
        except ModelFileError as error:
            raise ModelFileError(
                f"checkpoint is {str(self._path)!r}, which is not a checkpoint, or damaged. Delete it to start afresh, "
                f"or choose another path. ({error})"
            ) from error
        checkpoint = self._checkpoint(self._record)
        _refuse_others("parameters", self._path, checkpoint["fit"], self._fit)

    def begin(self, summary: DataSummary) -> StartingPoint | None:
        """Return where to go on, if there is a checkpoint."""
        self._rows, self._sums = _rows_of(summary), list(summary.sums)
        self._feature_names = None if summary.feature_names is None else list(summary.feature_names)
        if self._record is None:
            return None
        checkpoint, record = self._checkpoint(self._record), self._record
        self._record = None
        _refuse_others("rows", self._path, checkpoint["rows"], self._rows)
        if not _same_sums(checkpoint["sums"], summary):
            raise ValueError(
                f"checkpoint is {str(self._path)!r}, which is of a fit with other rows: the sums of their columns "
                "differ. Use the same rows, or choose another path to start afresh."
            )
        _refuse_others(
            "rows", self._path, {"feature_names": record.feature_names}, {"feature_names": self._feature_names}
        )
        tensors = record.tensors
        covariance_type, n_components = self._shape
        expected = covariance_type, (n_components, summary.n_features)
        if (record.covariance_type, tensors["means"].shape) != expected:
            raise ModelFileError(
                f"checkpoint is {str(self._path)!r}, which is damaged: its mixture does not match its fit. Delete it "
                "to start afresh."
            )
        mixture = _core.Mixture(
            tensors["weights"],
            tensors["means"],
            record.covariance_type,
            covariances=tensors["covariances"],
            precisions_cholesky=tensors["precisions_cholesky"],
        )
        bounds = tuple(map(float, record.history["lower_bounds"]))
        failed = tuple(FailedStart(*start) for start in checkpoint["failed"])
        return StartingPoint(checkpoint["start"], mixture, bounds[-1], bounds, failed, record.history["converged"])

    def keep(self, point: StartingPoint, *, ended: bool) -> None:
        """Write down where EM is, if it is time to."""
        n_iter = len(point.lower_bounds)
        if n_iter % self._every and not ended:
            return
        record = ModelRecord(
            covariance_type=point.mixture.covariance_type,
            tensors={name: getattr(point.mixture, name) for name in TENSORS},
            history={
                "n_iter": n_iter,
                "converged": point.converged,
                "lower_bound": point.lower_bound,
                "lower_bounds": list(point.lower_bounds),
                "log_likelihood": math.nan,
            },
            feature_names=self._feature_names,
            params=self._params,
            checkpoint={
                "fit": self._fit,
                "rows": self._rows,
                "sums": self._sums,
                "start": point.number,
                "failed": [list(start) for start in point.failed],
            },
        )
        save_model(record, self._path)

    def _checkpoint(self, record: ModelRecord) -> Mapping[str, Any]:
        checkpoint = record.checkpoint
        if checkpoint is None:
            raise ModelFileError(
                f"checkpoint is {str(self._path)!r}, which is a saved model and no checkpoint. Give another path; to "
                "go on from a saved model, load it and fit with warm_start=True."
            )
        if not record.history["lower_bounds"] or not _is_sound(checkpoint):
            raise ModelFileError(
                f"checkpoint is {str(self._path)!r}, which is damaged: its metadata entry checkpoint is not of the "
                "right type. Delete it to start afresh."
            )
        return checkpoint


def _is_sound(checkpoint: Mapping[str, Any]) -> bool:
    """Return whether the entries of a checkpoint are of the right kinds."""
    if {name: type(checkpoint.get(name)) for name in _ENTRIES} != _ENTRIES or checkpoint["start"] < 0:
        return False
    starts, sums = checkpoint["failed"], checkpoint["sums"]
    are_starts = all(isinstance(start, list) and list(map(type, start)) == [int, int, int] for start in starts)
    return are_starts and all(type(number) in (int, float) for number in sums)


def _identity(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that decide where a fit goes, as JSON holds them."""
    params = {name: value for name, value in params.items() if name not in _FREE}
    plain = representable(params)
    given = {name: _digest(value) for name, value in params.items() if name not in plain and name != "random_state"}
    return plain | given


def _digest(value: Any) -> str:
    """Return what tells arrays, and priors made of them, apart."""
    arrays = (value.shrinkage, value.mean, value.dof, value.scale) if isinstance(value, ConjugatePrior) else (value,)
    content = [(np.shape(array), np.asarray(array, dtype=np.float64).tolist()) for array in arrays]
    return "arrays " + hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _rows_of(summary: DataSummary) -> dict[str, Any]:
    """Return what tells the rows from others, as JSON holds it."""
    return {
        "n_rows": summary.n_rows,
        "n_present": summary.n_present,
        "n_features": summary.n_features,
        "total_weight": summary.total_weight,
        "largest": summary.largest,
        "dtype": summary.dtype,
    }


def _same_sums(then: list[Any], summary: DataSummary) -> bool:
    """Return whether the sums of the columns are equal up to the order in which batches were added."""
    scale = 1e-12 * summary.total_weight * summary.largest
    return len(then) == len(summary.sums) and all(abs(a - b) <= scale for a, b in zip(then, summary.sums, strict=True))


def _refuse_others(what: str, path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with something else than what a checkpoint is of."""
    others = [name for name in now if not _same(then.get(name), now[name])]
    if others:
        differences = ", ".join(f"{name} was {_shown(then.get(name))} and is {_shown(now[name])}" for name in others)
        raise ValueError(
            f"checkpoint is {str(path)!r}, which is of a fit with other {what}: {differences}. Use the same "
            f"{what}, or choose another path to start afresh."
        )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)  # batches cut elsewhere sum their weights in another order
    return bool(one == other)


def _shown(value: Any) -> str:
    return "other numbers" if isinstance(value, str) and value.startswith("arrays ") else repr(value)
