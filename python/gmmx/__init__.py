"""Gaussian mixture models by expectation-maximisation, in C++, with scikit-learn's interface.

`GaussianMixture` replaces ``sklearn.mixture.GaussianMixture`` without another change; `GaussianMixtureIC` chooses the
covariance type and the number of components, `bootstrap` and `bootstrap_lrt` tell how sure that is, and `plot` draws.
`e_step` and `m_step` are the algorithm's two halves; between them stand `SufficientStatistics`, which add, so that rows
may come in parts.

    rows -> e_step(mixture) -> SufficientStatistics -> m_step -> Mixture -> again
"""

from pathlib import Path
from typing import TYPE_CHECKING

from gmmx._core import CollapsedComponentError, Mixture, SufficientStatistics, __version__
from gmmx._lazy import attributes_from
from gmmx._namesake import warn_of_mixed_files

if TYPE_CHECKING:  # what __getattr__ below imports
    from gmmx import data, density, interop, plot, reference
    from gmmx._versions import show_versions
    from gmmx.bootstrapping import BootstrapResult, bootstrap
    from gmmx.column_faults import ColumnWarning
    from gmmx.estimators import GaussianMixture, load
    from gmmx.hierarchy import ClusterTree, hierarchical_clustering
    from gmmx.likelihood_ratio import LikelihoodRatioTests, bootstrap_lrt
    from gmmx.persistence import ModelFileError
    from gmmx.priors import ConjugatePrior
    from gmmx.selection import GaussianMixtureIC
    from gmmx.statistics import e_step, m_step
    from gmmx.validation import FitFailedError

__all__ = [
    "BootstrapResult",
    "ClusterTree",
    "CollapsedComponentError",
    "ColumnWarning",
    "ConjugatePrior",
    "FitFailedError",
    "GaussianMixture",
    "GaussianMixtureIC",
    "LikelihoodRatioTests",
    "Mixture",
    "ModelFileError",
    "SufficientStatistics",
    "__version__",
    "bootstrap",
    "bootstrap_lrt",
    "data",
    "density",
    "e_step",
    "hierarchical_clustering",
    "interop",
    "load",
    "m_step",
    "plot",
    "reference",
    "show_versions",
]

# Imported when they are first asked for: the estimators derive from classes of scikit-learn, whose import takes long.
_HOMES = {
    "BootstrapResult": "gmmx.bootstrapping",
    "ClusterTree": "gmmx.hierarchy",
    "ColumnWarning": "gmmx.column_faults",
    "ConjugatePrior": "gmmx.priors",
    "FitFailedError": "gmmx.validation",
    "GaussianMixture": "gmmx.estimators",
    "GaussianMixtureIC": "gmmx.selection",
    "LikelihoodRatioTests": "gmmx.likelihood_ratio",
    "ModelFileError": "gmmx.persistence",
    "bootstrap": "gmmx.bootstrapping",
    "bootstrap_lrt": "gmmx.likelihood_ratio",
    "data": "gmmx.data",
    "density": "gmmx.density",
    "e_step": "gmmx.statistics",
    "hierarchical_clustering": "gmmx.hierarchy",
    "interop": "gmmx.interop",
    "load": "gmmx.estimators",
    "m_step": "gmmx.statistics",
    "plot": "gmmx.plot",
    "reference": "gmmx.reference",
    "show_versions": "gmmx._versions",
}

warn_of_mixed_files(Path(__file__).parent)

if not TYPE_CHECKING:  # type checkers would take any name for one that it finds
    __getattr__ = attributes_from(__name__, _HOMES)


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
