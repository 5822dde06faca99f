"""Nothing that Python hands to the compiled module, and no way for the process to end, may crash it."""

from __future__ import annotations

import copy
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

import gmmx
from gmmx import SufficientStatistics, _core

ROWS = np.array([[0.0], [1.0], [9.0], [10.0]])
LABELS = np.array([0, 0, 1, 1], dtype=np.int32)


def statistics(covariance_type="full"):
    return _core.statistics_from_labels(ROWS, LABELS, 2, covariance_type, None, 1)


def mixture():
    return _core.m_step(statistics(), "full", 0.0)


def em_result():
    options = {"tol": 0.0, "reg_covar": 0.0, "max_iter": 1, "previous_lower_bound": -np.inf}
    return _core.em(ROWS, mixture(), None, **options, callback=None, n_threads=1)


def kmeans_result():
    return _core.kmeans(ROWS, 2, np.full(_core.kmeans_draws(2), 0.5), None, max_iter=1, tol=0.0, n_threads=1)


# What a method takes, where it takes anything.
ARGUMENTS = {
    "__add__": lambda: (statistics(),),
    "__radd__": lambda: (0,),
    "component_log_densities": lambda: (ROWS,),
}
# What does not look at the value.
OF_THE_CLASS = {"from_bytes", "from_responsibilities", "__setstate__", "__init__", "__new__"}


@pytest.mark.parametrize("make", [mixture, statistics, em_result, kmeans_result, _core.StopFlag])
def test_objects_without_a_value_are_refused_by_all_they_can_do(make):
    whole = make()
    kind = type(whole)
    own = [name for name in vars(kind) if not name.startswith("__") or name in ARGUMENTS or name == "__getstate__"]
    own = [name for name in own if name not in OF_THE_CLASS and not name.startswith("_pybind11")]
    assert own
    for name in own:
        bare = kind.__new__(kind)
        with pytest.raises(TypeError, match=f"this {kind.__name__} has no value"):
            member = getattr(bare, name)
            member(*ARGUMENTS.get(name, tuple)())
    for use in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            use(kind.__new__(kind))


def test_objects_without_a_value_are_refused_by_functions():
    bare, nothing = gmmx.Mixture.__new__(gmmx.Mixture), SufficientStatistics.__new__(SufficientStatistics)
    em_options = {"tol": 0.0, "reg_covar": 0.0, "max_iter": 1, "n_threads": 1}
    calls = [
        lambda: _core.score_samples(ROWS, bare, 1),
        lambda: gmmx.e_step(ROWS, bare),
        lambda: gmmx.m_step(nothing, "full"),
        lambda: _core.m_step(statistics(), "full", 0.0, bare),
        lambda: statistics() + nothing,
        lambda: sum([nothing]),
        lambda: _core.blend(statistics(), nothing, 0.5),
        lambda: _core.em_from_mixtures(ROWS, [mixture(), bare], None, **em_options),
        lambda: repr(bare),
        lambda: repr(nothing),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="has no value"):
            call()


@pytest.mark.parametrize("make", [mixture, statistics])
def test_a_pickle_that_ends_before_the_state_gives_no_value(make):
    kind = type(make())
    unfinished = b"\x80\x02" + f"c{kind.__module__}\n{kind.__name__}\n)\x81.".encode("latin-1")
    with pytest.raises(TypeError, match="has no value"):
        repr(pickle.loads(unfinished))
    for state in ((), (1,), b"", None):
        with pytest.raises((TypeError, ValueError)):
            kind.__new__(kind).__setstate__(state)


def with_number(data, place, packed):
    """Replace the number at a place of the bytes of statistics: 8 of the header, then shifts and sums."""
    return data[: 8 * place] + packed + data[8 * place + 8 :]


IMPOSSIBLE = {
    "n_samples": (4, struct.pack("<Q", 2**63)),
    "log_likelihood": (6, struct.pack("<d", np.nan)),
    "total_weight": (7, struct.pack("<d", -1.0)),
    r"shifts\[0\]": (8, struct.pack("<d", np.nan)),
    r"counts\[0\]": (10, struct.pack("<d", -5.0)),
    r"counts\[1\]": (11, struct.pack("<d", np.nan)),
    r"first_moments\[0\]": (12, struct.pack("<d", np.inf)),
    r"second_moments\[1\]": (15, struct.pack("<d", np.nan)),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_bytes_and_pickles_of_impossible_statistics_are_refused(name):
    whole = statistics()
    changed = with_number(whole.to_bytes(), *IMPOSSIBLE[name])
    with pytest.raises(ValueError, match=f"not sufficient statistics: {name} is .*, but must"):
        SufficientStatistics.from_bytes(changed)
    pickled = pickle.dumps(whole, protocol=4).replace(whole.to_bytes(), changed)
    assert changed in pickled
    with pytest.raises(ValueError, match=name):
        pickle.loads(pickled)


def test_numbers_of_rows_that_have_no_room_are_not_added():
    data = with_number(statistics().to_bytes(), 4, struct.pack("<Q", 2**63 - 1))
    many = SufficientStatistics.from_bytes(data)
    assert many.n_samples == 2**63 - 1
    for add in (lambda: many + many, lambda: sum([many, many]), lambda: _core.blend(many, many, 0.5)):
        with pytest.raises(ValueError, match="n_samples of the statistics"):
            add()


def test_responsibilities_whose_sums_overflow_are_refused():
    with pytest.raises(ValueError, match="too large to add"):
        SufficientStatistics.from_responsibilities(ROWS * 1e200, np.eye(2)[LABELS])
    with pytest.raises(ValueError, match="least_share"):
        _core.with_least_counts(statistics(), np.nan)
    for total_weight in (np.nan, -1.0, 0.0, np.inf):
        with pytest.raises(ValueError, match="total_weight"):
            _core.rescaled(statistics(), total_weight)


@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_statistics_and_models_of_many_columns_travel(covariance_type, tmp_path):
    X = np.random.default_rng(0).normal(size=(6, 93_000))
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, max_iter=2, tol=0, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        model.fit(X)
    whole = gmmx.e_step(X, model)
    read = SufficientStatistics.from_bytes(whole.to_bytes())
    np.testing.assert_array_equal(read.second_moments, whole.second_moments)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).score_samples(X), model.score_samples(X))
    model.save(tmp_path / "wide.safetensors")
    np.testing.assert_array_equal(gmmx.load(tmp_path / "wide.safetensors").means_, model.means_)


def test_integers_of_any_size_reach_the_native_code():
    X = np.random.default_rng(0).normal(size=(50, 2))
    huge = {"tol": 1e-3, "max_iter": sys.maxsize, "n_jobs": 2**70, "verbose_interval": 2**70, "random_state": 0}
    model = gmmx.GaussianMixture(2, **huge).fit(X)
    expected = gmmx.GaussianMixture(2, tol=1e-3, max_iter=10_000, random_state=0).fit(X)
    np.testing.assert_array_equal(model.means_, expected.means_)
    np.testing.assert_array_equal(
        gmmx.fast.predict(X, model.mixture_, n_threads=2**70), gmmx.fast.predict(X, model.mixture_)
    )
    for n_samples in (2**62, 2**63, 10**30):
        with pytest.raises(ValueError, match=r"n_samples is \d+, but an array holds at most \d+ rows .* Draw fewer"):
            model.sample(n_samples)


WORK_AT_THE_END = """
import os, threading, time, warnings
import numpy as np
import gmmx
from gmmx import _core

warnings.simplefilter("ignore")
X = np.random.default_rng(0).normal(size=(20_000, 6))
model = gmmx.GaussianMixture(3, random_state=0, max_iter=3, n_jobs=1).fit(X)  # no threads before a fork
EM = dict(tol=0.0, reg_covar=1e-6, max_iter=1000, previous_lower_bound=-np.inf)

def in_python(*_):
    for _ in range(100):
        pass

def e_step(mixture):
    in_python()
    return _core.e_step(X[:500], mixture, None, 1)

WORK = {
    "fit": lambda: gmmx.GaussianMixture(4, random_state=0, max_iter=20, tol=0).fit(X),
    "many starts": lambda: gmmx.GaussianMixture(2, n_init=40, random_state=0, tol=0).fit(X[:300]),
    "predict": lambda: model.predict(X),
    "sample": lambda: model.sample(20_000),
    "fit_batches": lambda: gmmx.GaussianMixture(2, random_state=0, max_iter=5, tol=0).fit_batches([X[:5000], X[5000:]]),
    "callback": lambda: _core.em(X[:500], model.mixture_, None, **EM, callback=in_python, n_threads=1),
    "callback and threads": lambda: _core.em(X, model.mixture_, None, **EM, callback=in_python, n_threads=2),
    "E-step in Python": lambda: _core.em_over(e_step, model.mixture_, **EM, callback=in_python),
    "hierarchical": lambda: gmmx.hierarchical_clustering(X[:400]),
}

def for_ever(work):
    while True:
        work()

def ends_with(names, finish=lambda: None):
    \"\"\"Let a child process end while daemon threads work; return its status.\"\"\"
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    for name in names:
        threading.Thread(target=for_ever, args=(WORK[name],), daemon=True).start()
    finish()
    time.sleep(0.1)
    raise SystemExit
"""


def output_of(script):
    """Run a script after the preparations above; return its output, all of it."""
    command = [sys.executable, "-c", WORK_AT_THE_END + script]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return ran.returncode, ran.stdout


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked, so that gmmx is imported once")
def test_daemon_threads_in_native_code_do_not_spoil_the_end_of_the_process():
    """The interpreter finalizes while they compute, wait for its lock, or call Python from C++."""
    assert output_of("print([ends_with(names) for names in [[name] for name in WORK] + [list(WORK)] * 3])") == (
        0,
        f"{[0] * 12}\n",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked, so that gmmx is imported once")
def test_the_thread_that_ends_the_interpreter_may_still_compute():
    script = """
import atexit
def at_the_end():
    atexit.register(lambda: print(len(model.predict(X)), flush=True))
print(ends_with(["fit"], at_the_end))
"""
    assert output_of(script) == (0, "20000\n0\n")
