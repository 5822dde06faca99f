"""Mixtures of several covariance types and numbers of components, fitted to the same rows.

All types with the same number of components start from the same assignments, whose statistics are computed once. Small
data run one fit per thread, large data use all threads for each fit; the results are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._covariance_shapes import mclust_name
from gmmx.em import criteria
from gmmx.em.agglomerative import MAX_ROWS, tree_of_rows
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.degeneracy import Resolution, degenerate_reason
from gmmx.em.initialization import Starts, assignment_by_tree, assignments_of_one_feature, initial_assignments
from gmmx.em.priors import prior_of_rows
from gmmx.em.random import as_random_source
from gmmx.em.restarts import best_of
from gmmx.em.result import FailedStart, Run
from gmmx.inference._parallel import map_in_threads
from gmmx.validation import Rows


class Candidate(NamedTuple):
    """One mixture of the grid."""

    covariance_type: str
    n_components: int

    def __str__(self) -> str:
        """Return mclust's name, such as VVV,3."""
        return f"{self.covariance_type},{self.n_components}"


@dataclass(frozen=True)
class CandidateFit:
    """Fit of one mixture of the grid.

    `n_starts` counts the restarts, including those that failed. `log_certainty` is the log-probability that all rows
    are classified correctly. `reason` says why the mixture is degenerate, and is empty otherwise.
    """

    run: Run | None = None
    failed: list[FailedStart] = field(default_factory=list)
    n_starts: int = 0
    log_likelihood: float = float("nan")
    log_certainty: float = float("nan")
    reason: str = ""

    @property
    def mostly_collapsed(self) -> bool:
        """Whether most of several restarts collapsed."""
        return self.n_starts > 1 and 2 * len(self.failed) > self.n_starts


def repetitions(candidates: Sequence[Candidate], n_features: int, *, has_prior: bool) -> dict[Candidate, Candidate]:
    """Return the candidates that repeat the mixture of an earlier candidate, with that candidate."""
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
    candidates: Sequence[Candidate], em: EMConfig, init: InitConfig, rows: Rows
) -> Iterator[tuple[Candidate, CandidateFit]]:
    """Fit the mixtures and yield the results, by number of components in the order of `candidates`.

    Parameters
    ----------
    candidates : sequence of Candidate
        Distinct mixtures to fit.
    em, init : EMConfig, InitConfig
        Configuration of each fit, except for the covariance type and the number of components.
    rows : Rows
        Data.
    """
    sizes = sorted({candidate.n_components for candidate in candidates})
    if not sizes:
        return
    types = list(dict.fromkeys(candidate.covariance_type for candidate in candidates))
    form = types[0] if len(types) == 1 else "full"  # full moments serve every type
    resolution = Resolution.of(rows)
    n_samples, n_features = rows.X.shape
    n_fits = len(candidates) + 1  # several, even if all but one are left out
    plan = _core.plan_starts(n_samples, n_features, sizes[-1], form, n_fits, from_kmeans=True, watched=False)
    side_by_side = rows.n_threads > 1 and plan == "side_by_side"
    share = replace(rows, n_threads=1) if side_by_side else rows
    make_starts = _starts_by_tree if init.init_params == "hc" else partial(_starts, em)
    statistics = make_starts(sizes, form, init, rows)

    def fit(candidate: Candidate) -> tuple[Candidate, CandidateFit]:
        own = replace(em, covariance_type=candidate.covariance_type, n_components=candidate.n_components)
        return candidate, _fit_candidate(own, statistics[candidate.n_components], share, resolution)

    in_order = sorted(candidates, key=lambda candidate: candidate.n_components)
    yield from map_in_threads(fit, in_order, rows.n_threads if side_by_side else 1)


StartStatistics = dict[int, list[_core.SufficientStatistics]]


def _starts(em: EMConfig, sizes: Sequence[int], form: str, init: InitConfig, rows: Rows) -> StartStatistics:
    """Return the statistics from which mixtures of each size start."""

    def of(size: int) -> list[_core.SufficientStatistics]:
        own = replace(em, n_components=size, covariance_type=form)
        random = as_random_source(init.random_state)
        return [make() for make in initial_assignments(init.init_params, rows, own, random, init.n_init)]

    return {size: of(size) for size in sizes}


def _starts_by_tree(sizes: Sequence[int], form: str, init: InitConfig, rows: Rows) -> StartStatistics:
    """Return the same where agglomerative clustering makes them: one tree serves every number."""
    random, max_rows = as_random_source(init.random_state), max(MAX_ROWS, sizes[-1])
    n_trees = init.n_init if rows.n_present > max_rows else 1  # of all rows there is but one
    trees = [tree_of_rows(rows, max_rows=max_rows, random=random) for _ in range(n_trees)]

    def of(size: int) -> list[_core.SufficientStatistics]:
        more = assignments_of_one_feature(rows, size, form) if rows.X.shape[1] == 1 else []
        return [*(assignment_by_tree(tree, rows, size, form) for tree in trees), *(make() for make in more)]

    return {size: of(size) for size in sizes}


def _fit_candidate(
    em: EMConfig, assignments: Sequence[_core.SufficientStatistics], rows: Rows, resolution: Resolution
) -> CandidateFit:
    """Run EM from all assignments and judge the best result."""
    statistics: Iterator[Any] = iter(assignments)
    prior = prior_of_rows(em, rows)

    def start() -> _core.Mixture:
        return _core.m_step(next(statistics), em.covariance_type, em.reg_covar, prior=prior, n_threads=rows.n_threads)

    def reason_against(run: Run) -> str:
        return degenerate_reason(
            run.mixture,
            rows.total_weight,
            em.reg_covar,
            resolution,
            has_prior=em.prior is not None,
            has_weights=rows.sample_weight is not None,
        )

    starts = Starts(start, len(assignments), prior=prior)
    best, failed = best_of(em, starts, rows, lambda run: not reason_against(run))
    if best is None:
        return CandidateFit(None, failed, starts.count, reason="; ".join(map(str, failed[:3])))
    log_likelihood = criteria.log_likelihood(rows, best.mixture)
    certainty = criteria.log_certainty(rows, best.mixture)
    return CandidateFit(best, failed, starts.count, log_likelihood, certainty, reason_against(best))


def results_table(
    candidates: Sequence[Candidate], fits: Sequence[CandidateFit], repeated: dict[Candidate, Candidate], rows: Rows
) -> dict[str, npt.NDArray[Any]]:
    """Return `results_` of a `GaussianMixtureIC`."""
    log_likelihood = np.array([fit.log_likelihood for fit in fits])
    n_parameters = np.array([0 if o.run is None else o.run.mixture.n_parameters for o in fits])
    bic = -2.0 * log_likelihood + n_parameters * np.log(rows.total_weight)
    return {
        "covariance_type": np.array([candidate.covariance_type for candidate in candidates]),
        "n_components": np.array([candidate.n_components for candidate in candidates]),
        "log_likelihood": log_likelihood,
        "n_parameters": n_parameters,
        "bic": bic,
        "icl": bic - 2.0 * np.array([fit.log_certainty for fit in fits]),
        "aic": -2.0 * log_likelihood + 2.0 * n_parameters,
        "n_iter": np.array([0 if o.run is None else len(o.run.lower_bounds) for o in fits]),
        "converged": np.array([o.run is not None and o.run.converged for o in fits]),
        "degenerate": np.array([fit.reason != "" for fit in fits]),
        "reason": np.array([fit.reason for fit in fits]),
        "same_as": np.array(
            [repeated[candidate].covariance_type if candidate in repeated else "" for candidate in candidates]
        ),
    }
