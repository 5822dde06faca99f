"""Columns that are constant or linear combinations of others are named."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

import gmmx
from gmmx.validation import Rows
from gmmx.validation.column_faults import MAX_COLUMNS, ColumnFaults, ColumnWarning, column_faults


def normal(n_samples=300, n_features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n_samples, n_features))


def faults(X, sample_weight=None, combinations=True):
    return column_faults(Rows(X, sample_weight, 1), combinations=combinations)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("shift", [0.0, 10.0])
def test_sums_and_multiples_are_found_whatever_their_units(dtype, scale, shift):
    X = ((normal() + shift) * scale).astype(dtype)
    with_sums = np.column_stack([X, X[:, 0] + X[:, 1], 3 * X[:, 2], X[:, 3] * dtype(1.5) - dtype(7 * scale)])
    assert faults(X) == ColumnFaults()
    assert faults(with_sums) == ColumnFaults((), ((4, (0, 1)), (5, (2,)), (6, (3,))))
    assert faults(with_sums, combinations=False) == ColumnFaults()


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9, 1e-300])
@pytest.mark.parametrize("n_samples", [3, 50, 40_000])
def test_constants_are_found(value, n_samples):
    X = np.column_stack([normal(n_samples, 2), np.full(n_samples, value)])
    assert faults(X) == ColumnFaults((2,))
    X[n_samples // 2 + 1, 2] = value + 1.0 + abs(value)  # a single row, which a sample may miss
    assert faults(X) == ColumnFaults()


def test_columns_that_are_nearly_dependent_are_not_named():
    X = normal(5000)
    rng = np.random.default_rng(1)
    near = np.column_stack([X, X[:, 0] + X[:, 1] + 1e-6 * rng.normal(size=5000)])
    assert faults(near) == ColumnFaults()
    almost = np.column_stack([X, X[:, 0] + X[:, 1]])
    almost[2501, 4] += 1e-3  # in one row, which a sample misses
    assert faults(almost) == ColumnFaults()


def test_indicators_of_a_category_depend_on_each_other():
    X = np.column_stack([np.eye(5)[np.random.default_rng(0).integers(0, 5, 1000)], normal(1000, 1)])
    assert faults(X) == ColumnFaults((), ((4, (0, 1, 2, 3)),))


def test_rows_of_weight_zero_are_passed_over():
    X = np.column_stack([normal(), np.zeros(300), np.zeros(300)])
    X[:, 5] = X[:, 0] - X[:, 1]
    X[[7, 8], 4:] = [[3.0, 3.0], [3.0, -2.0]]
    weights = np.ones(300)
    assert faults(X) == faults(X, weights) == ColumnFaults()
    weights[[7, 8]] = 0.0
    assert faults(X, weights) == ColumnFaults((4,), ((5, (0, 1)),))


def test_few_different_rows_say_nothing_of_columns():
    assert faults(normal(4, 4)) == ColumnFaults()
    assert faults(np.repeat(normal(3, 4), 50, axis=0)) == ColumnFaults()
    assert faults(normal(1, 4)) == ColumnFaults()


def test_very_wide_tables_are_searched_for_constants_alone():
    X = normal(MAX_COLUMNS + 50, MAX_COLUMNS + 1)
    X[:, 3], X[:, 5] = 2.0, X[:, 4]
    assert faults(X) == ColumnFaults((3,), ((5, (4,)),))
    assert faults(np.column_stack([X, X[:, 0]])) == ColumnFaults((3,))


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "EVI", "VVE"])
@pytest.mark.parametrize("reg_covar", [1e-6, 1e-3])
def test_a_fit_names_columns(covariance_type, reg_covar):
    X = normal()
    X = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "sum": X[:, 0] + X[:, 1], "zero": 0.0})
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, reg_covar=reg_covar, tol=0.1, random_state=0)
    with pytest.warns(ColumnWarning) as told:
        model.fit(X)
    words = "Column 'zero' of X is constant. "
    if covariance_type in ("full", "tied", "VVE"):
        words += "Column 'sum' of X is a linear combination of columns 'a' and 'b'. "
    message = str(told[0].message)
    assert message.startswith(f"{words}Covariances are singular there unless reg_covar is added. Drop th")
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X[["a", "b"]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fit_to_rows_in_parts_names_constant_columns_in_the_words_of_fit(dtype):
    X = normal().astype(dtype)
    X[:, 1], X[:, 2] = 0.1, X[:, 0]  # combinations take another search
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    names = frame.columns
    model = gmmx.GaussianMixture(2, covariance_type="diag", tol=0.1, random_state=0)
    with pytest.warns(ColumnWarning) as told:
        model.fit(frame)
        model.fit_batches([frame[:100], frame[100:]])
        model.fit_batches([(frame, np.r_[1.0, np.zeros(98), 1.0, np.ones(200)]), frame.assign(b=9.0)[names][:0]])
    assert len(told) == 3
    assert {str(warning.message) for warning in told} == {ColumnFaults((1,)).message(names)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit_batches([frame[["a", "c"]], frame[["a", "c"]]])


def test_columns_are_named_where_the_fit_fails():
    X = np.column_stack([normal(), np.ones(300)])
    with (
        pytest.warns(ColumnWarning, match="Column 4 of X is constant"),
        pytest.raises(gmmx.FitFailedError, match="collapsed"),
    ):
        gmmx.GaussianMixture(2, reg_covar=0, random_state=0).fit(X)


def nearly_dependent(rest):
    """Two groups of rows; a last column that two others explain up to `rest` standard deviations."""
    X = np.vstack([normal(seed=1), normal(seed=2) + 6])
    return np.column_stack([X, X[:, 0] + X[:, 1] + rest * np.random.default_rng(3).normal(size=len(X))])


@pytest.mark.parametrize("covariance_type", ["full", "tied", "VEE", "EVE"])
@pytest.mark.parametrize("rest", [1e-12, 1e-10, 1e-8])
def test_a_failed_fit_names_columns_of_which_others_leave_too_little(rest, covariance_type):
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, reg_covar=0, random_state=0)
    frame = pd.DataFrame(nearly_dependent(rest), columns=[*"abcd", "sum"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ColumnWarning)
        with pytest.raises(gmmx.FitFailedError, match="drop column 'sum' of X, which depends on others, as far as a"):
            model.fit(frame)
        model.fit(frame.drop(columns="sum"))


def test_a_selection_names_columns_of_which_others_leave_too_little():
    with pytest.warns(ConvergenceWarning, match="Drop column 4 of X, which depends on others, as far as a covariance"):
        gmmx.GaussianMixtureIC(max_components=2, random_state=0).fit(nearly_dependent(1e-9))


@pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
@pytest.mark.parametrize("covariance_type", ["full", "EEV", "VEV", "EVE", "VEE"])
def test_a_likelihood_that_falls_is_told(covariance_type):
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) * 0.7 + 3])
    noise = np.random.default_rng(1).normal(size=400)
    model = gmmx.GaussianMixture(2, covariance_type=covariance_type, reg_covar=0, random_state=0, tol=1e-6)
    with pytest.warns(ConvergenceWarning, match="log-likelihood per row fell by .* drop column 3 of X, which depends"):
        model.fit(np.column_stack([X, X.sum(axis=1) + 3e-7 * noise]))
    assert np.diff(model.lower_bounds_).min() < -1e-6
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The log-likelihood per row fell")
        model.set_params(tol=1e-3).fit(np.column_stack([X, X.sum(axis=1) + 1e-4 * noise]))
        model.set_params(reg_covar=1e-6).fit(np.column_stack([X, X.sum(axis=1) + 3e-7 * noise]))


@pytest.mark.parametrize("distance", [1e8, 1e9])
def test_far_clusters_are_not_taken_for_dependent_columns(distance):
    X = nearly_dependent(1)
    X[300:] += distance
    gmmx.GaussianMixture(2, reg_covar=0, random_state=0).fit(X)
    X[:300] = X[0]
    with pytest.raises(gmmx.FitFailedError) as error:
        gmmx.GaussianMixture(2, reg_covar=0, random_state=0).fit(X)
    assert "which depend" not in str(error.value)


def test_the_constant_pixels_of_the_digits():
    X = load_digits(as_frame=True).data
    with (
        pytest.warns(ColumnWarning, match="Columns 'pixel_0_0', 'pixel_4_0' and 'pixel_4_7' of X are constant"),
        pytest.warns(ConvergenceWarning, match="12 of 14 mixtures are degenerate and left out of the choice") as told,
    ):
        choice = gmmx.GaussianMixtureIC(max_components=1, random_state=0).fit(X)
    assert choice.results_["degenerate"].sum() == 12
    assert {warning.filename for warning in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ColumnWarning)
        types = ["EII", "VII", "EEE"]
        gmmx.GaussianMixtureIC(max_components=1, covariance_type=types).fit(X.loc[:, X.std() > 0])


def test_many_columns_are_counted_and_names_are_shown_safely():
    message = ColumnFaults(tuple(range(9))).message(["", "\x1b[2J", *"cdefghi"])
    assert message.startswith(r"Columns (unnamed), '\x1b[2J', 'c', 'd', 'e' and 4 more of X are constant. ")
    many = ColumnFaults((), tuple((j, (0,)) for j in range(1, 9))).message(None)
    assert "Column 1 of X is a linear combination of column 0. " in many
    assert "So are 3 more. " in many


@pytest.mark.parametrize("command", [("fit", "-k", "1"), ("select", "-k", "1-2")])
def test_the_command_line_names_columns(command, run, write):
    rows = "".join(f"{a},{b},7,{a - b:.3f}\n" for a, b in normal(60, 2).round(3))
    write(f"a,b,,difference\n{rows}")
    result = run(command[0], "data.csv", *command[1:])
    assert result.exit_code == 0
    assert "note: Column (unnamed) of data.csv is constant. " in result.stderr
    assert "Column 'difference' of data.csv is a linear combination of columns 'a' and 'b'. " in result.stderr
    assert "singular there unless --reg-covar is added. Drop these columns." in result.stderr
    assert "note: " not in result.stdout
    if command[0] == "select":
        assert "left out: 24 of 28 that collapsed or are degenerate" in result.stdout
        assert "note: 24 of 28 mixtures are degenerate and left out of the choice" in result.stderr
    else:
        streamed = run("fit", "data.csv", "-k", "1", "--batch-size", "25")
        assert streamed.stderr.count("note: Column (unnamed) of data.csv is constant. ") == 1


@pytest.mark.parametrize("command", [("fit", "-k", "2", "--reg-covar", "0"), ("select", "-k", "2")])
def test_the_command_line_names_columns_beside_a_fit_that_fails(command, run, write):
    write("a,b\n" + "7,7\n" * 20)
    result = run(command[0], "data.csv", *command[1:])
    assert result.exit_code == 1
    assert "note: Columns 'a' and 'b' of data.csv are constant. " in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: the fit failed: ")


def test_the_command_line_notes_an_outweighing_row_on_standard_error(run, write):
    rows = "".join(f"{a},{b}\n" for a, b in normal(60, 2).round(3))
    write(f"a,b\n{rows}1e20,0\n")
    result = run("fit", "data.csv", "-k", "1")
    assert result.exit_code == 0
    assert "note: Row 61 of " in result.stderr and "(the first is 1)" in result.stderr
    assert "column 'a'" in result.stderr and "outweighs" not in result.stdout
    write(f"a,b\n,1\n{rows}3,\n1e20,0\n")
    result = run("fit", "data.csv", "-k", "1", "--drop-missing")
    assert "note: Row 63 of data.csv (the first is 1) outweighs" in result.stderr
    result = run("fit", "data.csv", "-k", "1", "--drop-missing", "--batch-size", "20")
    assert "note: Row 61 of data.csv without the rows that lack a value (the first is 1) outweighs" in result.stderr
