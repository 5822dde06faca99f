"""Mixtures of several covariance types and numbers of components, all fitted to the same rows.

All types with one number of components start from the same partitions, whose statistics are gathered once. Small data
keep the threads busy with fits side by side, large data with rows; the results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gmmx import _core
from gmmx._covariance_shapes import mclust_name
from gmmx.em import criteria
from gmmx.em.agglomerative import MAX_ROWS, tree_of_rows
from gmmx.em.degeneracy import Resolution, degenerate_reason
from gmmx.em.initialization import Starts, partition_by_tree, partitions_of_one_feature, start_partitions
from gmmx.em.random import as_random_source
from gmmx.em.restarts import FLOPS_OF_SMALL_DATA, best_of
from gmmx.em.result import FailedStart, Run
from gmmx.inference._parallel import map_in_threads
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.validation import WeightedRows


class Candidate(NamedTuple):
    """One mixture of the grid."""

    covariance_type: str
    n_components: int


@dataclass(frozen=True)
class CandidateFit:
    """Fit of one mixture of the grid.

    `n_starts` counts its starts, including those that failed. `log_certainty` is the log-probability that all rows
    belong where they are classified; `reason` says why the mixture is degenerate, and is empty if it is sound.
    """

    run: Run | None = None
    failed: list[FailedStart] = field(default_factory=list)
    n_starts: int = 0
    log_likelihood: float = float("nan")
    log_certainty: float = float("nan")
    reason: str = ""

    @property
    def mostly_collapsed(self) -> bool:
        """Whether there were several starts, and most of them collapsed."""
        return self.n_starts > 1 and 2 * len(self.failed) > self.n_starts


def repetitions(candidates: Sequence[Candidate], n_features: int, *, has_prior: bool) -> dict[Candidate, Candidate]:
    """Return the candidates whose mixture an earlier candidate has already, each with that candidate."""
    first: dict[tuple[str, int], Candidate] = {}
    repeated = {}
    for candidate in candidates:
        model = mclust_name(candidate.covariance_type)
        if n_features == 1 and not has_prior:  # variances have a volume alone, but models differ in how priors enter
            model = model[0] + "II"
        if candidate.n_components == 1:
            model = model.replace("V", "E")
        original = first.setdefault((model, candidate.n_components), candidate)
        if original != candidate:
            repeated[candidate] = original
    return repeated


def fit_candidates(
    candidates: Sequence[Candidate], make_model: Callable[[Candidate], GaussianMixture], rows: WeightedRows
) -> Iterator[tuple[Candidate, CandidateFit]]:
    """Fit the mixtures, and yield what becomes of each: by numbers of components, in the order of `candidates`.

    Parameters
    ----------
    candidates : sequence of Candidate
        Mixtures to fit, none twice.
    make_model : callable
        Returns the estimator of a candidate; only its parameters are used.
    rows : WeightedRows
        Data.
    """
    sizes = sorted({candidate.n_components for candidate in candidates})
    if not sizes:
        return
    types = list(dict.fromkeys(candidate.covariance_type for candidate in candidates))
    form = types[0] if len(types) == 1 else "full"  # full moments serve every type
    resolution = Resolution.of(rows)
    side_by_side = rows.n_threads > 1 and _flops(rows, sizes[-1]) < FLOPS_OF_SMALL_DATA
    share = rows._replace(n_threads=1) if side_by_side else rows
    starts = _partitions_by_tree if make_model(candidates[0]).init_params == "hc" else _partitions
    statistics = starts([make_model(Candidate(form, size)) for size in sizes], rows)

    def fit(candidate: Candidate) -> tuple[Candidate, CandidateFit]:
        return candidate, _fit_candidate(make_model(candidate), statistics[candidate.n_components], share, resolution)

    in_order = sorted(candidates, key=lambda candidate: candidate.n_components)
    yield from map_in_threads(fit, in_order, rows.n_threads if side_by_side else 1)


Partitions = dict[int, list[_core.SufficientStatistics]]


def _partitions(models: list[GaussianMixture], rows: WeightedRows) -> Partitions:
    """Return the statistics from which models would start, by their numbers of components."""

    def of(model: GaussianMixture) -> list[_core.SufficientStatistics]:
        random = as_random_source(model.random_state)
        makers = start_partitions(
            model.init_params, rows, model.n_components, model.covariance_type, random, model.n_init
        )
        return [make() for make in makers]

    return {model.n_components: of(model) for model in models}


def _partitions_by_tree(models: list[GaussianMixture], rows: WeightedRows) -> Partitions:
    """Return the same where agglomerative clustering makes them: one tree has partitions of every size."""
    largest = models[-1]
    random, max_rows = as_random_source(largest.random_state), max(MAX_ROWS, largest.n_components)
    n_trees = largest.n_init if rows.n_present > max_rows else 1  # of all rows there is but one
    trees = [tree_of_rows(rows, max_rows=max_rows, random=random) for _ in range(n_trees)]

    def of(model: GaussianMixture) -> list[_core.SufficientStatistics]:
        size, form = model.n_components, model.covariance_type
        more = partitions_of_one_feature(rows, size, form) if rows.X.shape[1] == 1 else []
        return [*(partition_by_tree(tree, rows, size, form) for tree in trees), *(make() for make in more)]

    return {model.n_components: of(model) for model in models}


def _flops(rows: WeightedRows, n_components: int) -> int:
    """Return about how many operations one E-step takes."""
    n_samples, n_features = len(rows.X), int(rows.X.shape[1])
    return n_samples * n_components * (2 * n_features**2 + 4 * n_features + 20)


def _fit_candidate(
    model: GaussianMixture, partitions: Sequence[_core.SufficientStatistics], rows: WeightedRows, resolution: Resolution
) -> CandidateFit:
    """Run EM from all partitions and judge the best."""
    statistics: Iterator[Any] = iter(partitions)
    prior = model._prior_of(rows)

    def start() -> _core.Mixture:
        return _core.m_step(next(statistics), model.covariance_type, float(model.reg_covar), prior=prior)

    has_prior = model.prior is not None

    def reason_against(run: Run) -> str:
        return degenerate_reason(
            run.mixture,
            rows.total_weight,
            float(model.reg_covar),
            resolution,
            has_prior=has_prior,
            has_weights=rows.sample_weight is not None,
        )

    starts = Starts(start, len(partitions), -float("inf"), prior=prior)
    best, failed = best_of(model, starts, rows, lambda run: not reason_against(run))
    if best is None:
        return CandidateFit(None, failed, starts.count, reason="; ".join(map(str, failed[:3])))
    log_likelihood = criteria.log_likelihood(rows, best.mixture)
    return CandidateFit(
        best, failed, starts.count, log_likelihood, criteria.log_certainty(rows, best.mixture), reason_against(best)
    )
