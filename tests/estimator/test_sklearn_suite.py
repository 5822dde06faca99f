"""scikit-learn's own tests of mixtures, run on gmmx.GaussianMixture.

The test modules that ship in scikit-learn's wheel are imported afresh with the class replaced; each of their
functions becomes a test here. What is left out stands in LEFT_OUT with the reason.
"""

import importlib.util
from collections.abc import Callable
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest
import sklearn.mixture

import gmmx

if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9):
    pytest.skip("the words and attributes are those of scikit-learn 1.9", allow_module_level=True)

HELPERS = "tests functions that are private to scikit-learn's module, not the class"
ARRAY_API = "asks for results in other array libraries; gmmx takes and returns NumPy arrays"

LEFT_OUT = {
    "test_suffstat_sk_full": HELPERS,
    "test_suffstat_sk_tied": HELPERS,
    "test_suffstat_sk_diag": HELPERS,
    "test_gaussian_suffstat_sk_spherical": HELPERS,
    "test_compute_log_det_cholesky": HELPERS,
    "test_gaussian_mixture_log_probabilities": HELPERS,
    "test_gaussian_mixture_precisions_init": "calls the class's private _initialize and _set_parameters",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "counts calls of a private function of scikit-learn's module"
    ),
    "test_gaussian_mixture_setting_best_params": (
        "two components hold one row each and reg_covar is 0, so their variance is 0 and EM reports the "
        "collapse; scikit-learn goes on with rounding errors of 4e-16"
    ),
    "test_check_weights": "wants the smallest weight called max, the largest min; the rest is in test_hostile_input.py",
    "test_gaussian_mixture_array_api_compliance": ARRAY_API,
    "test_gaussian_mixture_raises_where_array_api_not_implemented": ARRAY_API,
}
"""Tests that are not run and why, by name."""


def _with_class_replaced(name: str) -> ModuleType:
    """Import a test module of scikit-learn under a name of its own, its GaussianMixture being gmmx's."""
    spec = importlib.util.find_spec(f"sklearn.mixture.tests.{name}")
    assert spec is not None and spec.loader is not None, "this scikit-learn ships without its tests"
    module = importlib.util.module_from_spec(spec)
    with mock.patch.object(sklearn.mixture, "GaussianMixture", gmmx.GaussianMixture):
        spec.loader.exec_module(module)
    return module


MODULES = [_with_class_replaced("test_gaussian_mixture"), _with_class_replaced("test_mixture")]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # many tests stop early
ALL_TESTS: dict[str, Callable[..., Any]] = {
    name: test for module in MODULES for name, test in vars(module).items() if name.startswith("test_")
}

globals().update({name: test for name, test in ALL_TESTS.items() if name not in LEFT_OUT})


@pytest.fixture(params=["float64", "float32"])
def global_dtype(request):
    return getattr(np, request.param)


@pytest.fixture(params=[0, 42])
def global_random_seed(request):
    return request.param


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out_exists(name):
    assert name in ALL_TESTS


def test_class_is_replaced():
    assert all(module.GaussianMixture is gmmx.GaussianMixture for module in MODULES)
    assert len(ALL_TESTS) - len(LEFT_OUT) >= 30
