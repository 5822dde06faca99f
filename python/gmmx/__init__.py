"""Gaussian mixture models by expectation-maximisation, in C++, with scikit-learn's interface.

`GaussianMixture` replaces ``sklearn.mixture.GaussianMixture`` without another change; `GaussianMixtureIC` chooses the
covariance type and the number of components, `bootstrap` and `bootstrap_lrt` tell how sure that is, and `plot` draws.
`e_step` and `m_step` are the algorithm's two halves; between them stand `SufficientStatistics`, which add, so that rows
may come in parts.

    rows -> e_step(mixture) -> SufficientStatistics -> m_step -> Mixture -> again
"""

from gmmx import data, density, plot, reference
from gmmx._core import CollapsedComponentError, Mixture, SufficientStatistics, __version__
from gmmx._versions import show_versions
from gmmx.bootstrapping import BootstrapResult, bootstrap
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
    "load",
    "m_step",
    "plot",
    "reference",
    "show_versions",
]
