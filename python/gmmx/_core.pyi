"""The compiled module: rows in, numbers out. `_core.py` picks the build for this CPU; this file is its face."""

from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_F64 = NDArray[np.float64]
_Prior = tuple[float, _F64, float, _F64]  # shrinkage, mean (d,), dof, scale (d, d)
_Rows = NDArray[np.float32] | NDArray[np.float64]

__version__: str
instruction_set: str  # of the build that was loaded: "baseline", "x86-64-v3" or "x86-64-v4"
VARIABLE: str  # the environment variable that chooses
PREFERENCE: tuple[str, ...]  # best first

class CollapsedComponentError(ValueError):
    """A covariance is not positive definite.

    `component` is its index, -1 for a shared covariance.
    """

    component: int

class StopRequestedError(RuntimeError):
    """The flag that this thread heeds was set while native code ran."""

@final
class StopFlag:
    """Ends the native work of the threads that heed it, once it is set."""

    def __init__(self) -> None: ...
    def set(self) -> None: ...
    def is_set(self) -> bool: ...

def heed(flag: StopFlag | None) -> None:
    """Let native work that this thread begins from now on end with StopRequestedError once the flag is set."""

@final
class Mixture:
    """Immutable value: weights (K,), means (K, d), covariances and precisions_cholesky (shape by type), all float64."""

    def __init__(
        self,
        weights: _F64,
        means: _F64,
        covariance_type: str,
        *,
        covariances: _F64 | None = None,
        precisions_cholesky: _F64 | None = None,
    ) -> None: ...
    @property
    def covariance_type(self) -> str: ...
    @property
    def n_components(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_parameters(self) -> int: ...
    @property
    def weights(self) -> _F64: ...
    @property
    def means(self) -> _F64: ...
    @property
    def covariances(self) -> _F64: ...
    @property
    def precisions_cholesky(self) -> _F64: ...
    def check_factors(self, *, single_precision: bool = False) -> None:
        """Raise ValueError unless covariances and factors agree up to rounding."""
    def component_log_densities(self, X: _Rows, n_threads: int = 1) -> _Rows:
        """Return log N(x_n | k), without the mixing weights: shape (n_samples, n_components), in the type of X."""

@final
class SufficientStatistics:
    """Additive value: everything that an M-step needs of the rows.

    Moments are taken about `shifts` (K, d): for an E-step the means of the mixture, for a partition its own means.
    second_moments: "full" (K, d, d), "pooled" (d, d), "diagonal" (K, d), "trace" (K,).
    """

    @property
    def n_components(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def second_moment_form(self) -> str: ...
    @property
    def shifts(self) -> _F64: ...
    @property
    def counts(self) -> _F64: ...
    @property
    def first_moments(self) -> _F64: ...
    @property
    def second_moments(self) -> _F64: ...
    @property
    def log_likelihood(self) -> float: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def total_weight(self) -> float: ...
    @property
    def empty_components(self) -> list[int]: ...
    def __add__(self, other: SufficientStatistics) -> SufficientStatistics: ...
    def __radd__(self, zero: int) -> SufficientStatistics: ...  # sum() begins with 0
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> SufficientStatistics: ...
    @staticmethod
    def from_responsibilities(
        X: ArrayLike,
        responsibilities: ArrayLike,
        covariance_type: str = "full",
        sample_weight: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> SufficientStatistics: ...

@final
class EMResult:
    @property
    def mixture(self) -> Mixture: ...
    @property
    def converged(self) -> bool: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def n_iter(self) -> int: ...
    @property
    def lower_bounds(self) -> list[float]: ...
    @property
    def empty_components(self) -> list[int]: ...
    @property
    def kernel(self) -> str: ...
    @property
    def moment_kernel(self) -> str: ...

@final
class KMeansResult:
    @property
    def labels(self) -> NDArray[np.int32]: ...
    @property
    def centers(self) -> _F64: ...
    @property
    def inertia(self) -> float: ...
    @property
    def n_iter(self) -> int: ...

# n_threads: a count of at least 1. Rows may have any strides and may be read-only; nothing is copied whole.
def e_step(X: _Rows, mixture: Mixture, sample_weight: _F64 | None, n_threads: int) -> SufficientStatistics: ...
def m_step(
    statistics: SufficientStatistics,
    covariance_type: str,
    reg_covar: float,
    previous: Mixture | None = None,  # where the search for common axes begins, if of the same type
    prior: _Prior | None = None,
    n_threads: int = 1,
) -> Mixture: ...
def statistics_from_labels(
    X: _Rows,
    labels: NDArray[np.int32],  # -1: the row belongs to no component
    n_components: int,
    covariance_type: str,
    sample_weight: _F64 | None,
    n_threads: int,
) -> SufficientStatistics: ...
def statistics_from_responsibilities(
    X: _Rows,
    responsibilities: _Rows,
    covariance_type: str,
    sample_weight: _F64 | None,
    n_threads: int,
) -> SufficientStatistics: ...
def expected_statistics(mixture: Mixture) -> SufficientStatistics:
    """Return what rows of total weight 1 sum to on average if they are drawn from the mixture."""

def blend(earlier: SufficientStatistics, later: SufficientStatistics, share: float) -> SufficientStatistics:
    """Return (1 - share) earlier + share later, about the shifts of `later`; they may come from different mixtures."""

def rescaled(statistics: SufficientStatistics, total_weight: float) -> SufficientStatistics:
    """Return the same statistics as if the weights of the rows had another sum."""

def with_least_counts(statistics: SufficientStatistics, least_share: float) -> SufficientStatistics:
    """Return statistics in which components of a smaller share of the weight are raised to it, where they are."""

def em(
    X: _Rows,
    mixture: Mixture,
    sample_weight: _F64 | None,
    *,
    tol: float,
    reg_covar: float,
    max_iter: int,
    previous_lower_bound: float,  # -inf for a fresh start
    callback: Callable[[int, float], Any] | None,  # (iteration, mean log-likelihood per unit weight); True stops
    n_threads: int,
    acceleration: str | None = None,  # "anderson", "squarem"
    prior: _Prior | None = None,
) -> EMResult: ...
def em_over(
    e_step: Callable[[Mixture], SufficientStatistics],  # called once an iteration; may raise
    mixture: Mixture,
    *,
    tol: float,
    reg_covar: float,
    max_iter: int,
    previous_lower_bound: float,
    callback: Callable[[int, float], Any] | None,
    acceleration: str | None = None,
    prior: _Prior | None = None,
    rows_are_float: bool = False,  # float32, not float64
    n_threads: int = 1,  # of the M-step
) -> EMResult: ...  # as em, over rows that lie elsewhere
def em_from_kmeans(
    X: _Rows,
    n_components: int,
    covariance_type: str,
    uniforms: _F64,  # starts x kmeans_draws(n_components)
    sample_weight: _F64 | None,
    *,
    tol: float,
    reg_covar: float,
    max_iter: int,
    n_threads: int,  # each start runs on one
    acceleration: str | None = None,
    prior: _Prior | None = None,
) -> list[EMResult | tuple[int, int] | int]: ...  # (iteration, component) of a collapse; a number: the start it repeats
def em_from_mixtures(
    X: _Rows,
    mixtures: list[Mixture],  # of one type and shape
    sample_weight: _F64 | None,
    *,
    tol: float,
    reg_covar: float,
    max_iter: int,
    n_threads: int,
    acceleration: str | None = None,
    prior: _Prior | None = None,
) -> list[EMResult | tuple[int, int]]: ...  # several go through the rows together; as above
def sound_fits(
    arrays: list[Any],  # ndarray of float64 or float32 each
    sample_weights: list[Any] | None,  # ndarray of float64, or None, each
    n_components: int,
    covariance_type: str,
    n_init: int,
    uniforms: _F64,  # n_init x kmeans_draws(n_components), or this number of lines for each array
    *,
    tol: float,
    reg_covar: float,
    max_iter: int,
    n_threads: int,  # each array is fitted on one
    dependent_columns_matter: bool,
    acceleration: str | None = None,
    prior: _Prior | None = None,
) -> tuple[list[EMResult | None], _F64]: ...  # None: anything needs attention; and the log-likelihoods
def starts_per_pass(covariance_type: str, n_components: int) -> int:
    """How many starts em_from_mixtures serves with one pass over the rows."""

def plan_starts(
    n_samples: int,
    n_features: int,
    n_components: int,
    covariance_type: str,
    n_init: int,
    *,
    from_kmeans: bool,
    watched: bool,
) -> Literal["side_by_side", "together", "in_turn"]: ...  # the fastest way to run restarts
def log_likelihood(X: _Rows, mixture: Mixture, sample_weight: _F64 | None, n_threads: int) -> float: ...
def score_samples(X: _Rows, mixture: Mixture, n_threads: int) -> _Rows: ...
def responsibilities(X: _Rows, mixture: Mixture, n_threads: int) -> _Rows: ...
def predict(X: _Rows, mixture: Mixture, n_threads: int) -> NDArray[np.int64]: ...
def predict_with_log_likelihood(
    X: _Rows, mixture: Mixture, sample_weight: _F64 | None, n_threads: int
) -> tuple[NDArray[np.int64], float]: ...  # in one pass
def sample(mixture: Mixture, n_samples: int, seed: int, n_threads: int) -> tuple[_F64, NDArray[np.int64]]: ...
def kmeans_draws(n_clusters: int) -> int:
    """How many uniform numbers in [0, 1) one k-means++ seeding takes: 1 + (K - 1) (2 + floor(log K))."""

def kmeans_plus_plus(
    X: _Rows,
    n_clusters: int,
    uniforms: _F64,
    sample_weight: _F64 | None,
    n_threads: int,
) -> NDArray[np.int64]: ...
def kmeans(
    X: _Rows,
    n_clusters: int,
    uniforms: _F64,
    sample_weight: _F64 | None,
    *,
    max_iter: int,
    tol: float,
    n_threads: int,
) -> KMeansResult: ...
def decompose(mixture: Mixture) -> tuple[_F64, _F64, _F64]:
    """Return volumes (K,), shapes (K, d) and orientations (K, d, d) of the covariances."""

def equal_components(mixture: Mixture, tolerance: float) -> list[list[int]]:
    """Return groups of components whose means and covariances are equal within the tolerance."""

def all_finite(X: _Rows) -> bool:
    """Return whether all numbers are finite; False if in doubt, because their sum overflows."""

def columns_vary(X: _Rows) -> bool:
    """Return whether no column is constant up to rounding; False if in doubt."""

def columns_are_independent(X: _Rows, share: float) -> bool:
    """Return whether those before leave more than a share of each column's variance unexplained; False if in doubt."""

def columns_where_a_row_may_outweigh(X: _Rows) -> list[int]:
    """Return the columns in which one row may outweigh all others in sums of squares, to be searched."""

def nearest_covariances(covariance_type: str, covariances: _F64) -> _F64:
    """Return the covariances of a model nearest to (K, d, d) given ones, in the model's shape."""

def hierarchical_clustering(
    X: NDArray[np.float64],
    criterion: str,  # one of merge_criteria()
    groups: NDArray[np.int32] | None,  # numbers of the groups to begin with; None: each row is one
    n_threads: int,
) -> tuple[NDArray[np.int64], _F64]:
    """Return the merges (n_groups - 1, 2), of groups by their least first number, and the criterion after each."""

def merge_criteria() -> list[str]: ...
def covariance_types() -> list[str]: ...
def covariance_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]: ...
def thread_count(n_jobs: int | None) -> int:
    """None: OMP_NUM_THREADS or the physical cores granted; negative: from the end, as in joblib; 0 is an error."""

def build_config() -> dict[str, str | bool]: ...
def available_instruction_sets() -> list[str]:
    """List the instruction sets that were built and can run here, best first."""
