"""Checkpoints: a fit that was killed goes on to the same bits; a checkpoint of another fit is refused."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import ConvergenceWarning

import gmmx
from gmmx import ConjugatePrior, GaussianMixture, ModelFileError, _core

warnings.simplefilter("error")


def rows(n_samples=400, n_features=3, seed=0):
    generator = np.random.default_rng(seed)
    centers = 2.0 * generator.normal(size=(3, n_features))
    return centers[generator.integers(3, size=n_samples)] + generator.normal(size=(n_samples, n_features))


X = rows()
BATCHES = [X[:100], X[100:130], X[130:]]
ATTRIBUTES = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_", "log_likelihood_")


def estimator(**options):
    return GaussianMixture(**{"n_components": 3, "random_state": 1, "tol": 1e-4, "max_iter": 500, **options})


def assert_same_bits(one, other):
    for name in ATTRIBUTES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("n_iter_", "converged_", "lower_bound_", "empty_components_", "failed_starts_"):
        assert getattr(one, name) == getattr(other, name), name


def test_what_a_killed_process_left_beside_a_checkpoint_goes_when_the_fit_goes_on(tmp_path):
    leftover, other = tmp_path / ".state.0123abcd.tmp", tmp_path / ".states.0123abcd.tmp"
    leftover.write_bytes(b"half")
    other.write_bytes(b"of another file")
    estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
    assert not leftover.exists() and other.exists()


class Killed(BaseException):
    """Ends a fit as a kill does: nothing is done after it."""


def stopped_in(iteration, path, source=BATCHES, every=1, init_size=None, **options):
    """Run a fit that ends, from outside, in the pass after an iteration."""

    def kill(number, log_likelihood):
        if number == iteration:
            raise Killed

    with pytest.raises(Killed):
        estimator(callback=kill, **options).fit_batches(
            source, init_size=init_size, checkpoint=path, checkpoint_every=every, resume=True
        )


@pytest.mark.parametrize("covariance_type", _core.covariance_types())
def test_a_fit_that_goes_on_ends_with_the_same_bits(tmp_path, covariance_type):
    data = X[:, :1] if covariance_type in ("E", "V") else X
    batches, options = [data[:150], data[150:]], {"covariance_type": covariance_type}
    expected = estimator(**options).fit_batches(batches)
    assert expected.n_iter_ > 3
    stopped_in(4, tmp_path / "state", batches, **options)
    assert_same_bits(estimator(**options).fit_batches(batches, checkpoint=tmp_path / "state", resume=True), expected)


@pytest.mark.parametrize(
    "options",
    [
        {"prior": "default"},
        {"prior": ConjugatePrior(shrinkage=0.01, mean=np.zeros(3), dof=5.0, scale=1.0)},
        {"init_params": "random", "n_init": 3},
        {"means_init": X[:3]},
    ],
    ids=str,
)
@pytest.mark.parametrize("every", [1, 3])
def test_whatever_the_options_are(tmp_path, options, every):
    weights = np.random.default_rng(1).uniform(size=len(X)).astype(np.float32)
    batches = [(X[:200].astype(np.float32), weights[:200]), (X[200:].astype(np.float32), weights[200:])]
    expected = estimator(**options).fit_batches(batches)
    for iteration in (2, 4, 5, expected.n_iter_):
        stopped_in(iteration, tmp_path / "state", batches, every, **options)
    found = estimator(**options).fit_batches(
        batches, checkpoint=tmp_path / "state", checkpoint_every=every, resume=True
    )
    assert found.means_.dtype == np.float32
    assert_same_bits(found, expected)


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3), np.random.default_rng(3)], ids=str)
def test_no_seed_is_needed_to_go_on(tmp_path, random_state):
    stopped_in(3, tmp_path / "state", random_state=random_state)
    kept = gmmx.load(tmp_path / "state")
    model = estimator(random_state=random_state).fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
    assert model.lower_bounds_[:2] == kept.lower_bounds_
    rest = estimator(weights_init=kept.weights_, means_init=kept.means_, precisions_init=kept.precisions_).fit(X)
    np.testing.assert_allclose(model.means_, rest.means_, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("every", [1, 4])
def test_no_more_than_the_iterations_between_two_checkpoints_are_lost(tmp_path, every):
    passes = []

    def batches():
        passes.append(1)
        return iter(BATCHES)

    options = {"tol": 0, "max_iter": 20}
    with pytest.warns(ConvergenceWarning):
        whole = estimator(**options).fit_batches(batches)
    needed = len(passes)
    stopped_in(11, tmp_path / "state", batches, every, **options)
    with pytest.warns(ConvergenceWarning):
        found = estimator(**options).fit_batches(batches, checkpoint=tmp_path / "state", resume=True)
    assert_same_bits(found, whole)
    # Going on takes a pass that checks the rows, but none for a start.
    assert len(passes) <= 2 * needed + 1 + every


def test_a_fit_that_has_ended_may_be_asked_for_again(tmp_path):
    path = tmp_path / "state"
    expected = estimator().fit_batches(BATCHES, checkpoint=path, checkpoint_every=3)
    assert expected.converged_ and expected.n_iter_ % 3
    passes = []
    again = estimator().fit_batches(lambda: passes.append(1) or iter(BATCHES), checkpoint=path, resume=True)
    assert_same_bits(again, expected)
    assert len(passes) == 2  # which check the rows, and sum up their log-likelihood


@pytest.mark.parametrize("every", [1, 1000])
def test_a_checkpoint_ends_with_the_fitted_mixture(tmp_path, every):
    model = estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", checkpoint_every=every)
    kept = gmmx.load(tmp_path / "state")
    assert kept.converged_
    assert (kept.n_iter_, kept.lower_bounds_) == (model.n_iter_, model.lower_bounds_)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(model, name), err_msg=name)


def test_more_iterations_go_on_where_fewer_ended(tmp_path):
    expected = estimator(max_iter=12, tol=0)
    fewer, more = estimator(max_iter=7, tol=0), estimator(max_iter=12, tol=0)
    with pytest.warns(ConvergenceWarning):
        expected.fit_batches(BATCHES)
        fewer.fit_batches(BATCHES, checkpoint=tmp_path / "state", checkpoint_every=100)
        assert gmmx.load(tmp_path / "state").n_iter_ == 7
        again = estimator(max_iter=7, tol=0).fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
        assert_same_bits(again, fewer)
        more.fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
    assert_same_bits(more, expected)


def test_verbose_and_callback_count_on(tmp_path, capsys):
    stopped_in(3, tmp_path / "state")
    seen = []
    model = estimator(callback=lambda i, ll: seen.append(i), verbose=1, verbose_interval=1)
    model.fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
    assert seen == list(range(3, model.n_iter_ + 1))
    assert "Iteration 3\n" in capsys.readouterr().out


@pytest.mark.parametrize("moment", [5, 20])
def test_a_start_that_collapses_gives_way_to_the_next_as_if_nothing_had_stopped(tmp_path, moment):
    # Two equal rows far away, which are not among those that starts are made of, draw a component onto them.
    data = np.concatenate([np.random.default_rng(6).normal(size=(60, 2)), np.full((2, 2), 9.0)])
    options = {"reg_covar": 0.0, "n_init": 4, "init_params": "random", "tol": 1e-9, "random_state": 13}
    expected = estimator(**options).fit_batches([data], init_size=30)
    assert 5 < expected.failed_starts_[0].iteration < 20 < expected.n_iter_
    stopped_in(moment, tmp_path / "state", [data], init_size=30, **options)
    found = estimator(**options).fit_batches([data], init_size=30, checkpoint=tmp_path / "state", resume=True)
    assert_same_bits(found, expected)


KILLS = """
    import os, signal, sys, warnings
    import numpy as np
    import gmmx.io._atomic_write
    from gmmx import GaussianMixture

    warnings.simplefilter("error")
    X = np.load(sys.argv[1])
    path = sys.argv[2]

    def fit(batches=None, **options):
        model = GaussianMixture(3, random_state=1, tol=1e-4, max_iter=500, n_jobs=1, **options)
        return model.fit_batches(batches or [X[:100], X[100:]], checkpoint=path, checkpoint_every=2, resume=True)

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def in_the_middle_of_pass(number):
        passes = []
        def batches():
            passes.append(1)
            yield X[:100]
            if len(passes) == number:
                die()
            yield X[100:]
        return lambda: fit(batches)

    def after_iteration(number):
        return lambda: fit(callback=lambda i, ll: die() if i == number else None)

    def while_writing(step, number):
        calls = []
        original = getattr(os, step)
        def dying(*arguments):
            calls.append(1)
            if len(calls) == number:
                die()
            return original(*arguments)
        def run():
            setattr(os, step, dying)
            fit()
        return run

    moments = [
        in_the_middle_of_pass(1), in_the_middle_of_pass(3), after_iteration(1), while_writing("fsync", 1),
        while_writing("replace", 1), in_the_middle_of_pass(4), after_iteration(4), while_writing("replace", 2),
        while_writing("fsync", 3), in_the_middle_of_pass(6), after_iteration(9),
    ]
    for moment in moments:
        child = os.fork()
        if child == 0:
            try:
                moment()
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
        print(gmmx.load(path).n_iter_ if os.path.exists(path) else 0)
    fit().save(sys.argv[3])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked, so that gmmx is imported once")
def test_killed_at_any_moment_a_fit_goes_on_to_the_same_bits(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    command = [sys.executable, "-c", textwrap.dedent(KILLS), *(str(tmp_path / n) for n in ("rows.npy", "state", "end"))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    kept = list(map(int, result.stdout.split()))
    assert kept == sorted(kept) and kept[0] == 0 and kept[-1] >= 8
    found = gmmx.load(tmp_path / "end")
    assert_same_bits(found, estimator().fit_batches([X[:100], X[100:]]))


@pytest.fixture
def state(tmp_path):
    """The checkpoint of a fit that was stopped."""
    stopped_in(4, tmp_path / "state")
    return tmp_path / "state"


class TestTheFile:
    def test_is_a_model_that_can_be_used(self, tmp_path):
        pd = pytest.importorskip("pandas")
        frames = [pd.DataFrame(batch, columns=list("abc")) for batch in BATCHES]
        stopped_in(4, tmp_path / "state", frames)
        model = gmmx.load(tmp_path / "state")
        assert (model.n_iter_, model.converged_, model.n_components) == (3, False, 3)
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        three = estimator(max_iter=3)
        with pytest.warns(ConvergenceWarning):
            three.fit(X)
        np.testing.assert_allclose(model.score(frames[0]), three.score(frames[0].to_numpy()), rtol=1e-10)

    def test_is_never_half_written(self, tmp_path, monkeypatch):
        stopped_in(4, tmp_path / "state")
        before = (tmp_path / "state").read_bytes()

        def full_disk(*arguments):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full_disk)
            with pytest.raises(OSError, match="No space left"):
                estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
        assert (tmp_path / "state").read_bytes() == before
        assert [file.name for file in tmp_path.iterdir()] == ["state"]

    def test_is_not_replaced_unasked(self, tmp_path):
        stopped_in(4, tmp_path / "state")
        before = (tmp_path / "state").read_bytes()
        with pytest.raises(FileExistsError, match="Set resume=True to resume from it, or delete it"):
            estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state")
        assert (tmp_path / "state").read_bytes() == before

    def test_need_not_be_there_to_go_on(self, tmp_path):
        found = estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
        assert_same_bits(found, estimator().fit_batches(BATCHES))

    def test_a_saved_model_is_none(self, tmp_path):
        estimator().fit(X).save(tmp_path / "model")
        with pytest.raises(ModelFileError, match="is a saved model and no checkpoint"):
            estimator().fit_batches(BATCHES, checkpoint=tmp_path / "model", resume=True)

    @pytest.mark.parametrize("has_checksum", [False, True])
    @pytest.mark.parametrize(
        "entry",
        [
            "{}",
            "[1]",
            "7",
            "{",
            '{"fit": {}, "rows": {}, "sums": [], "start": "0", "failed": []}',
            '{"fit": {}, "rows": {}, "sums": [], "start": -1, "failed": []}',
            '{"fit": {}, "rows": {}, "sums": ["0"], "start": 0, "failed": []}',
            '{"fit": {}, "rows": {}, "sums": [], "start": 0, "failed": [1]}',
            '{"fit": {}, "rows": {}, "sums": [], "start": 0, "failed": [[0, 1]]}',
            '{"fit": {}, "rows": {}, "sums": [], "start": 0, "failed": [[0, 1, null]]}',
        ],
        ids=str,
    )
    def test_damage_is_found(self, state, entry, has_checksum):
        with safe_open(state, framework="numpy") as file:
            metadata = file.metadata()
        if not has_checksum:
            del metadata["checksum"]
        save_file(load_file(state), state, {**metadata, "checkpoint": entry})
        with pytest.raises(ModelFileError, match=r"checkpoint is .* damaged.*Delete it to start afresh"):
            estimator().fit_batches(BATCHES, checkpoint=state, resume=True)

    def test_a_flipped_bit_is_found(self, state):
        content = state.read_bytes()
        begin = 8 + int.from_bytes(content[:8], "little")
        for at in range(begin, len(content), 7):
            damaged = bytearray(content)
            damaged[at] ^= 1 << at % 8
            state.write_bytes(damaged)
            with pytest.raises(ModelFileError, match="which is not a checkpoint, or damaged"):
                estimator().fit_batches(BATCHES, checkpoint=state, resume=True)

    def test_a_mixture_of_another_size(self, state, tmp_path):
        """Its entry says that it is of this fit, its tensors do not."""
        with safe_open(state, framework="numpy") as file:
            metadata = file.metadata()
        del metadata["checksum"]
        estimator(n_components=2).fit(X).save(tmp_path / "other")
        save_file(load_file(tmp_path / "other"), state, metadata)
        with pytest.raises(ModelFileError, match=r"is damaged: its mixture does not match its fit\. Delete it"):
            estimator().fit_batches(BATCHES, checkpoint=state, resume=True)

    def test_a_file_that_was_cut_off_is_found(self, tmp_path):
        stopped_in(4, tmp_path / "state")
        content = (tmp_path / "state").read_bytes()
        for length in (0, 7, 100, len(content) - 1):
            (tmp_path / "state").write_bytes(content[:length])
            with pytest.raises(
                ModelFileError, match=r"or damaged\. Delete it to start afresh.*not a whole safetensors file"
            ):
                estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)


class TestOtherFits:
    @pytest.mark.parametrize(
        ("options", "difference"),
        [
            ({"n_components": 4}, "n_components was 3 and is 4"),
            ({"covariance_type": "diag"}, "covariance_type was 'full' and is 'diag'"),
            ({"reg_covar": 1e-3}, "reg_covar was 1e-06 and is 0.001"),
            ({"tol": 1e-5}, "tol was 0.0001 and is 1e-05"),
            ({"prior": "default"}, "prior was None and is 'default'"),
            ({"prior": ConjugatePrior(0.01, np.zeros(3), 5.0, 1.0)}, "prior was None and is other numbers"),
            ({"random_state": 2}, "random_state was 1 and is 2"),
            ({"means_init": np.zeros((3, 3))}, "means_init was None and is other numbers"),
            ({"n_init": 2}, "n_init was 1 and is 2"),
        ],
    )
    def test_other_parameters_are_refused(self, state, options, difference):
        with pytest.raises(ValueError, match=f"of a fit with other parameters: {difference}. Use the same parameters"):
            estimator(**options).fit_batches(BATCHES, checkpoint=state, resume=True)

    def test_other_priors_and_given_means_are_refused(self, tmp_path):
        for name, one, other in [
            ("prior", ConjugatePrior(0.01, np.zeros(3), 5.0, 1.0), ConjugatePrior(0.02, np.zeros(3), 5.0, 1.0)),
            ("means_init", X[:3], X[1:4]),
        ]:
            stopped_in(3, tmp_path / name, **{name: one})
            with pytest.raises(ValueError, match=f"{name} was other numbers and is other numbers"):
                estimator(**{name: other}).fit_batches(BATCHES, checkpoint=tmp_path / name, resume=True)

    @pytest.mark.parametrize(
        ("batches", "difference"),
        [
            ([X[:-1]], "n_rows was 400 and is 399"),
            ([X[:, :2]], "n_features was 3 and is 2"),
            ([X.astype(np.float32)], "dtype was 'float64' and is 'float32'"),
            ([X + 1.0], "largest was"),
            ([(X, np.full(len(X), 2.0))], "total_weight was 400.0 and is 800.0"),
            ([(X, np.repeat([0.0, 2.0], 200))], "n_present was 400 and is 200"),
        ],
    )
    def test_other_rows_are_refused(self, state, batches, difference):
        with pytest.raises(ValueError, match=f"of a fit with other rows: .*{difference}"):
            estimator().fit_batches(batches, checkpoint=state, resume=True)

    def test_other_names_of_columns_are_refused(self, state):
        pd = pytest.importorskip("pandas")
        with pytest.raises(ValueError, match="feature_names was None and is"):
            estimator().fit_batches(pd.DataFrame(X, columns=list("abc")), checkpoint=state, resume=True)

    def test_parameters_that_do_not_matter_and_other_batches_are_accepted(self, state):
        model = estimator(verbose=0, verbose_interval=3, n_jobs=2, max_iter=400)
        model.fit_batches([X[:7], X[7:]], checkpoint=state, resume=True)
        np.testing.assert_allclose(model.means_, estimator().fit_batches(BATCHES).means_, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("every", [0, -1, 1.5, True, "all"])
    def test_a_step_that_is_none(self, tmp_path, every):
        with pytest.raises(ValueError, match=r"checkpoint_every is .*, but must be a number of iterations"):
            estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", checkpoint_every=every)

    def test_combinations_that_make_no_sense(self, tmp_path):
        with pytest.raises(ValueError, match="resume is True, but checkpoint is not given"):
            estimator().fit_batches(BATCHES, resume=True)
        with pytest.raises(ValueError, match="acceleration='squarem', whose memory of earlier points"):
            estimator(acceleration="squarem").fit_batches(BATCHES, checkpoint=tmp_path / "state")
        with pytest.raises(FileNotFoundError, match=r"the folder '.*nowhere' does not exist: make it first"):
            estimator().fit_batches(BATCHES, checkpoint=tmp_path / "nowhere" / "state")
        assert list(tmp_path.iterdir()) == []


def test_rows_of_other_columns_are_refused(tmp_path):
    stopped_in(2, tmp_path / "state")
    swapped = [batch[:, [1, 0, 2]] for batch in BATCHES]
    with pytest.raises(ValueError, match="other rows: the sums of their columns differ"):
        estimator().fit_batches(swapped, checkpoint=tmp_path / "state", resume=True)
    assert estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True).converged_


HOLDS = """
    import sys
    import numpy as np
    from gmmx import GaussianMixture

    def batches():
        print("begun", flush=True)
        sys.stdin.readline()
        yield np.load(sys.argv[1])

    GaussianMixture(3, random_state=1, tol=1e-4, max_iter=500).fit_batches(batches, checkpoint=sys.argv[2], resume=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="the lock is POSIX's")
class TestTwoProcesses:
    def test_the_second_is_told_who_writes_and_a_killed_one_locks_nobody_out(self, tmp_path):
        np.save(tmp_path / "rows.npy", X)
        state = tmp_path / "state"
        command = [sys.executable, "-c", textwrap.dedent(HOLDS), str(tmp_path / "rows.npy"), str(state)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            assert first.stdout.readline() == b"begun\n"
            model = estimator()
            with pytest.raises(OSError) as refused:
                model.fit_batches(BATCHES, checkpoint=state, resume=True)
            first.kill()
        assert f"state', to which process {first.pid} on host {socket.gethostname()} is writing. " in str(refused.value)
        assert "Wait until it has ended, or give another path." in str(refused.value)
        assert not hasattr(model, "means_")
        assert any(name.endswith(".lock") for name in os.listdir(tmp_path))
        assert_same_bits(model.fit_batches([X], checkpoint=state, resume=True), estimator().fit_batches([X]))
        assert sorted(os.listdir(tmp_path)) == ["rows.npy", "state"]

    def test_two_fits_of_one_process(self, tmp_path):
        def batches():
            with pytest.raises(OSError, match=rf"to which process {os.getpid()} on host .* is writing"):
                estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state")
            yield X

        estimator().fit_batches(batches, checkpoint=tmp_path / "state")
        assert os.listdir(tmp_path) == ["state"]

    @pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
    def test_a_file_system_without_locks(self, code, tmp_path, monkeypatch):
        import fcntl

        def fail(*_):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", fail)
        with pytest.raises(OSError, match=os.strerror(code)):
            fcntl.flock(0, fcntl.LOCK_EX)
        estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state")
        assert os.listdir(tmp_path) == ["state"]

    def test_a_refused_checkpoint_is_not_left_locked(self, tmp_path):
        (tmp_path / "state").write_bytes(b"something else")
        for _ in range(2):
            with pytest.raises(ModelFileError, match="which is not a checkpoint, or damaged"):
                estimator().fit_batches(BATCHES, checkpoint=tmp_path / "state", resume=True)
        assert os.listdir(tmp_path) == ["state"]
