"""Many threads of Python at once compute the same bits as one after another, and need no lock of the interpreter."""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gmmx

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(center, 1.0, (90, 3)) for center in (0.0, 5.0, 10.0)])
N_THREADS = 6
ESTIMATORS: dict[str, Callable[[], Any]] = {
    **{
        f"{covariance_type}, {init_params}": lambda kind=covariance_type, start=init_params: gmmx.GaussianMixture(
            3, covariance_type=kind, init_params=start, n_init=2, max_iter=30, random_state=1, n_jobs=2
        )
        for covariance_type, init_params in [
            ("full", "kmeans"),
            ("tied", "k-means++"),
            ("diag", "random"),
            ("spherical", "random_from_data"),
            ("VVE", "kmeans"),
            ("VEV", "hc"),
        ]
    },
    "selection": lambda: gmmx.GaussianMixtureIC(2, 3, covariance_type=["full", "EEE"], random_state=1, n_jobs=2),
    "online": lambda: gmmx.OnlineGaussianMixture(3, random_state=1, n_jobs=2),
}


@pytest.fixture(autouse=True)
def threads_that_switch_often() -> Iterator[None]:
    """Let threads of an interpreter with a lock change places in the midst of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(tasks: list[Callable[[], bytes]]) -> list[bytes]:
    """Run each task in a thread of its own; all begin together."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], bytes]) -> bytes:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def bits_of_use(model: Any) -> bytes:
    """Return all that a fitted model computes, as bytes."""
    drawn, labels = model.sample(50, random_state=3)
    arrays = [model.predict(X), model.predict_proba(X), model.score_samples(X), model.predict(X[:1]), drawn, labels]
    return b"".join(array.tobytes() for array in arrays) + np.array([model.score(X), model.bic(X)]).tobytes()


def bits_of_fit(make: Callable[[], Any]) -> bytes:
    model = make().fit(X)
    return getattr(model, "best_estimator_", model).covariances_.tobytes() + bits_of_use(model)


def test_different_estimators_are_fitted_at_once() -> None:
    tasks = [lambda make=make: bits_of_fit(make) for make in ESTIMATORS.values()]
    expected = [task() for task in tasks]
    for _ in range(2):
        assert at_once(tasks) == expected


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_fitted_estimator_is_used_by_many_threads(name: str) -> None:
    model = ESTIMATORS[name]().fit(X)
    expected = bits_of_use(model)
    assert at_once([lambda: bits_of_use(model)] * N_THREADS) == [expected] * N_THREADS


def test_one_estimator_is_fitted_by_many_threads_to_the_same_rows() -> None:
    make = ESTIMATORS["full, kmeans"]
    model, expected = make(), bits_of_fit(make)

    def fit_again() -> bytes:
        model.fit(X)
        return b""

    at_once([fit_again] * N_THREADS)
    assert model.covariances_.tobytes() + bits_of_use(model) == expected


def test_statistics_of_many_threads_add_up() -> None:
    mixture = ESTIMATORS["full, kmeans"]().fit(X).mixture_
    parts = np.array_split(X, N_THREADS)
    tasks = [lambda part=part: gmmx.e_step(part, mixture).to_bytes() for part in parts]
    assert at_once(tasks) == [task() for task in tasks]


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a lock of its own")
def test_import_does_not_turn_on_the_lock_of_the_interpreter() -> None:
    assert not sys._is_gil_enabled()
