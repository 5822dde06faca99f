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
    from gmmx import data, fast, interop, plot, reference
    from gmmx._versions import show_versions
    from gmmx.em.agglomerative import MergeTree, hierarchical_clustering
    from gmmx.em.priors import ConjugatePrior
    from gmmx.inference.bootstrap import BootstrapResult, bootstrap
    from gmmx.inference.likelihood_ratio import LikelihoodRatioTests, bootstrap_lrt
    from gmmx.io.model_file import ModelFileError
    from gmmx.mixture._gaussian_mixture import GaussianMixture
    from gmmx.mixture._load import load
    from gmmx.mixture._many import fit_many
    from gmmx.mixture._many_results import MixtureDict, MixtureList
    from gmmx.mixture._model_selection import GaussianMixtureIC
    from gmmx.mixture._online import OnlineGaussianMixture
    from gmmx.mixture._steps import e_step, m_step
    from gmmx.validation import FitFailedError
    from gmmx.validation.column_faults import ColumnWarning
    from gmmx.validation.outweighing_rows import OutweighingRowWarning

__all__ = [
    "BootstrapResult",
    "CollapsedComponentError",
    "ColumnWarning",
    "ConjugatePrior",
    "FitFailedError",
    "GaussianMixture",
    "GaussianMixtureIC",
    "LikelihoodRatioTests",
    "MergeTree",
    "Mixture",
    "MixtureDict",
    "MixtureList",
    "ModelFileError",
    "OnlineGaussianMixture",
    "OutweighingRowWarning",
    "SufficientStatistics",
    "__version__",
    "bootstrap",
    "bootstrap_lrt",
    "data",
    "e_step",
    "fast",
    "fit_many",
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
    "BootstrapResult": "gmmx.inference.bootstrap",
    "MergeTree": "gmmx.em.agglomerative",
    "ColumnWarning": "gmmx.validation.column_faults",
    "OutweighingRowWarning": "gmmx.validation.outweighing_rows",
    "ConjugatePrior": "gmmx.em.priors",
    "FitFailedError": "gmmx.validation",
    "GaussianMixture": "gmmx.mixture._gaussian_mixture",
    "GaussianMixtureIC": "gmmx.mixture._model_selection",
    "LikelihoodRatioTests": "gmmx.inference.likelihood_ratio",
    "MixtureDict": "gmmx.mixture._many_results",
    "MixtureList": "gmmx.mixture._many_results",
    "ModelFileError": "gmmx.io.model_file",
    "OnlineGaussianMixture": "gmmx.mixture._online",
    "bootstrap": "gmmx.inference.bootstrap",
    "bootstrap_lrt": "gmmx.inference.likelihood_ratio",
    "data": "gmmx.data",
    "fast": "gmmx.fast",
    "fit_many": "gmmx.mixture._many",
    "e_step": "gmmx.mixture._steps",
    "hierarchical_clustering": "gmmx.em.agglomerative",
    "interop": "gmmx.interop",
    "load": "gmmx.mixture._load",
    "m_step": "gmmx.mixture._steps",
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
