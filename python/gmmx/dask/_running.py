"""Running tasks on a cluster or in this process, and what is left if that fails."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import dask
from dask.delayed import delayed

from gmmx import _core
from gmmx.dask._tasks import Place
from gmmx.distributed import PartitionedRows
from gmmx.distributed.checkpoints import StartingPoint
from gmmx.distributed.em import Watched, run_em
from gmmx.em.result import Run

if TYPE_CHECKING:
    from gmmx.mixture._gaussian_mixture import GaussianMixture

FAN_IN = 16  # a power of two, so that sums of neighbours are branches of the tree of `pairwise_sum`


class WorkersLostError(RuntimeError):
    """Raised if the cluster cannot finish a pass over the rows.

    Attributes
    ----------
    model : gmmx.GaussianMixture or None
        Fitted in-memory model with the parameters of the last completed pass, or with `acceleration` of the best one.
        None if EM had not begun.
    """

    def __init__(self, message: str, model: GaussianMixture | None = None) -> None:
        super().__init__(message)
        self.model = model


class LastGood:
    """Parameters of the last completed pass of EM, and their log-likelihood.

    With `acceleration` those with the highest likelihood, because accelerated EM is not monotone.
    """

    def __init__(self) -> None:
        self._keeps_best = False
        self.mixture: _core.Mixture | None = None
        self.log_likelihood = math.nan

    def run_em(self, em: Any, rows: PartitionedRows, start: StartingPoint, prior: Any, monitor: Any) -> Run:
        """Run EM over all rows from one start, watched."""
        self._keeps_best = em.acceleration is not None
        self.mixture, self.log_likelihood = start.mixture, math.nan
        run = run_em(em, Watched(rows, after=self._note), start, prior, monitor)
        self.mixture, self.log_likelihood = run.mixture, math.nan
        return run

    def _note(self, mixture: _core.Mixture, statistics: _core.SufficientStatistics) -> None:
        if not (self._keeps_best and statistics.log_likelihood < self.log_likelihood):
            self.mixture, self.log_likelihood = mixture, statistics.log_likelihood


class Task(NamedTuple):
    """A delayed value, and the partitions that go into it."""

    value: Any
    place: Place


def combined(tasks: list[Task], combine: Callable[..., Any], *arguments: Any, until: int) -> list[Task]:
    """Let workers combine neighbours, in the order of the partitions, until at most `until` values are left."""
    call = delayed(combine, pure=False)
    while len(tasks) > until:
        groups = [tasks[begin : begin + FAN_IN] for begin in range(0, len(tasks), FAN_IN)]
        tasks = [
            Task(call([task.value for task in group], *arguments), group[0].place._replace(last=group[-1].place.last))
            for group in groups
        ]
    return tasks


def client_for(client: Any) -> Any:
    """Return the client to compute with, or None for Dask's own schedulers in this process."""
    distributed: Any = sys.modules.get("distributed")  # a caller with a client has imported it
    if client is not None:
        if distributed is None or not isinstance(client, distributed.Client):
            raise TypeError(
                f"client is of type {type(client).__name__}, but must be a distributed.Client, or None for the "
                "default client if there is one and else threads of this process."
            )
    elif distributed is not None and dask.config.get("scheduler", None) in (None, "distributed", "dask.distributed"):
        with contextlib.suppress(ValueError):  # there is none
            client = distributed.get_client()
    if client is not None and client.asynchronous:
        raise ValueError(
            "client is asynchronous, but the work of this method ends before it returns: give a client made with "
            "asynchronous=False."
        )
    return client


def results(tasks: list[Task], client: Any) -> list[Any]:
    """Compute tasks.

    Lost workers are a `WorkersLostError`, invalid rows a TypeError or ValueError that names their partition. Anything
    else that fails on a cluster is a RuntimeError that names the partition; in this process the original error is
    raised.
    """
    values = [task.value for task in tasks]  # what they come from was optimised when it was cut into parts
    if client is None:
        return list(dask.compute(*values, optimize_graph=False))
    futures: list[Any] = []
    try:
        futures = client.compute(values, optimize_graph=False)
        return list(client.gather(futures))
    except Exception as error:
        if hasattr(error, "partition"):
            raise
        failed = next((task for task, future in zip(tasks, futures, strict=False) if future.status == "error"), None)
        where = "" if failed is None else str(failed.place).capitalize()
        # By name, since distributed does not export all classes.
        is_loss = any(kind.__name__ in _LOSSES for kind in type(error).__mro__)
        if is_loss or client.status != "running":
            raise WorkersLostError(_loss(error, where)) from error
        raise RuntimeError(f"{where or 'The cluster'} failed with {type(error).__name__}: {error}") from error
    finally:
        for future in futures:
            future.release()  # lets Dask cancel what is still running


def _loss(error: Exception, where: str) -> str:
    if type(error).__name__ == "KilledWorker":
        return (
            f"{where}, or what ran beside it, killed one worker after another ({error}). Most often a partition and "
            "what is made of it do not fit in the memory of a worker: cut X smaller, or give workers more memory."
        )
    return (
        f"The cluster lost what a pass over the rows needs ({type(error).__name__}: {error}). Connect to one that runs "
        "and give its client, estimator.set_params(client=...)."
    )


_LOSSES = {
    "CancelledError",
    "ClosedClientError",
    "CommClosedError",
    "KilledWorker",
    "NoValidWorkerError",
    "NoWorkerError",
}
