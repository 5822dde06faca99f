"""scikit-learn's checks of what an estimator must do, on several configurations."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmx import GaussianMixture, GaussianMixtureIC, OnlineGaussianMixture

CONFIGURATIONS = [
    GaussianMixture(),
    *(
        GaussianMixture(n_components=2, covariance_type=covariance_type, random_state=0, n_jobs=1)
        for covariance_type in ("full", "tied", "diag", "spherical")
    ),
    GaussianMixture(n_components=2, init_params="k-means++", n_init=2, max_iter=5),
    GaussianMixture(n_components=2, init_params="random", max_iter=5),
    GaussianMixture(n_components=2, init_params="random_from_data", warm_start=True, max_iter=5),
    OnlineGaussianMixture(n_components=2, random_state=0, average=True),
    GaussianMixtureIC(max_components=1),
    GaussianMixtureIC(max_components=3, covariance_type=["full", "spherical"], init_params="kmeans", n_jobs=1),
]


def expected_failures(estimator):
    """Name the checks that an estimator is not made to pass, with the reason."""
    if getattr(estimator, "n_components", None) == 1 or getattr(estimator, "max_components", None) == 1:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "the check shuffles the weighted rows, not the repeated ones, so that a random start picks "
            "other rows; test_estimator.py has the same check with the rows in order"
        )
    }


CHECKS = parametrize_with_checks(CONFIGURATIONS, expected_failed_checks=expected_failures)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# Some checks repeat four rows and leave random_state alone: a random start may draw one row twice.
@pytest.mark.filterwarnings("ignore:Components .* are equal:RuntimeWarning")
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)  # pytest wants a list
def test_estimator(estimator, check):
    check(estimator)
