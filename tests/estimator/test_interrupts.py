"""Ctrl-C ends every kind of fit at once, however small its data are and on whatever threads it runs."""

import os
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import gmmx
from gmmx.io._prefetch import read_ahead

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(1000, 8)), 1 + RNG.normal(size=(1000, 8))])
FEW = X[:300]
# Without an end of its own: each would take minutes.
ENDLESS = {"tol": 0.0, "max_iter": 100_000, "random_state": 0}


def fitted():
    return gmmx.GaussianMixture(3, random_state=0, tol=0.0, max_iter=5).fit(FEW)


FITS = {
    "starts side by side": lambda: gmmx.GaussianMixture(8, n_init=2000, n_jobs=2, **ENDLESS).fit(X),
    "starts in turn": lambda: gmmx.GaussianMixture(8, n_init=2000, n_jobs=1, **ENDLESS).fit(X),
    "short iterations": lambda: gmmx.GaussianMixture(2, **{**ENDLESS, "max_iter": sys.maxsize}).fit(FEW[:50]),
    "grid": lambda: gmmx.GaussianMixtureIC(max_components=9, n_jobs=2, **ENDLESS).fit(X),
    "bootstrap": lambda: gmmx.bootstrap(fitted(), FEW, 100_000, max_iter=100_000, tol=1e-15, n_jobs=2, random_state=0),
    "likelihood ratio": lambda: gmmx.bootstrap_lrt(FEW, max_components=5, n_resamples=100_000, n_jobs=2),
    "many": lambda: gmmx.fit_many(gmmx.GaussianMixture(3, **ENDLESS), [FEW] * 1000, n_jobs=2),
    "many, one thread": lambda: gmmx.fit_many(gmmx.GaussianMixture(3, **ENDLESS), [FEW] * 1000, n_jobs=1),
    "many in Python": lambda: gmmx.fit_many(
        gmmx.GaussianMixture(3, init_params="random", **ENDLESS), [FEW] * 1000, n_jobs=2
    ),
    "hierarchical": lambda: gmmx.hierarchical_clustering(RNG.normal(size=(8000, 10)), max_rows=8000),
    "many seeds": lambda: gmmx.GaussianMixture(60, random_state=0).fit(RNG.normal(size=(150_000, 12))),
}


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported():
    """An interrupt in the middle of an import would leave half a module behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to the own process")
@pytest.mark.parametrize("name", FITS)
def test_an_interrupt_ends_the_fit_at_once(name, monkeypatch):
    # Python itself drops an interrupt that meets the callback of a weak reference; then Ctrl-C is pressed again.
    dropped = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    before = set(threading.enumerate())  # other libraries' threads may wait for work
    sent = []
    ended = threading.Event()

    def interrupt():
        for _ in range(3):
            if ended.wait(0.4 if not sent else 20.0):
                return
            sent.append(time.process_time())
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with pytest.raises(KeyboardInterrupt):
                FITS[name]()
        finally:
            ended.set()
    # Of the processor, so that a busy machine does not count. Some 0.1 s; left alone, the fits would take minutes.
    assert time.process_time() - sent[-1] < 1.0
    assert len(sent) == 1 + sum(issubclass(drop.exc_type, KeyboardInterrupt) for drop in dropped)
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("ThreadPoolExecutor")]


@pytest.fixture
def _waits_go_on_after_signals():
    """Let system calls go on after signals, as polars does from its first use: waits without an end are deaf then."""
    signal.siginterrupt(signal.SIGINT, False)
    yield
    signal.siginterrupt(signal.SIGINT, True)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to the own process")
@pytest.mark.usefixtures("_waits_go_on_after_signals")
@pytest.mark.parametrize("name", ["grid", "bootstrap", "likelihood ratio", "many in Python"])
def test_an_interrupt_ends_fits_in_threads_though_waits_go_on(name, monkeypatch):
    test_an_interrupt_ends_the_fit_at_once(name, monkeypatch)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to the own process")
@pytest.mark.usefixtures("_waits_go_on_after_signals")
def test_an_interrupt_ends_the_wait_for_a_reader(monkeypatch):
    monkeypatch.setattr("gmmx.io._prefetch._PATIENCE", 0.1)  # the reader hangs
    released = threading.Event()

    def items():
        released.wait(20)
        yield 1

    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    reader = read_ahead(items)
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            next(reader)
        assert time.monotonic() - begin < 10  # a wait without an end takes 20 s
    finally:
        released.set()
