"""Quick looks at rows clear nothing that the search behind them would find."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx import _core
from gmmx.validation import Rows
from gmmx.validation.column_faults import column_faults
from gmmx.validation.outweighing_rows import outweighing_row

ORDERS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every other column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: np.ascontiguousarray(X[::-1])[::-1],
}
every_order = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@every_order
@every_precision
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (1000, 5)])
def test_a_number_that_is_not_finite_is_seen_wherever_it_stands(order, dtype, value, shape):
    X = np.random.default_rng(0).normal(size=shape).astype(dtype)
    assert _core.all_finite(order(X))
    for row, column in {(0, 0), (shape[0] - 1, shape[1] - 1), (shape[0] // 2, shape[1] // 2)}:
        broken = X.copy()
        broken[row, column] = value
        assert not _core.all_finite(order(broken))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sum_that_overflows_leaves_a_doubt(dtype):
    assert not _core.all_finite(np.full((2, 1), np.finfo(dtype).max, dtype=dtype))


@every_order
@every_precision
def test_columns_are_judged_alike_in_every_order(order, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(dtype)
    constant = np.column_stack([X, np.full(300, 0.1, dtype=dtype)])
    dependent = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    assert [_core.columns_vary(order(rows)) for rows in (X, constant, dependent)] == [True, False, True]
    assert [_core.columns_are_independent(order(rows), 1e-8) for rows in (X, constant, dependent)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_rows_leave_a_doubt(rows):
    X = np.random.default_rng(0).normal(size=(rows, 2))
    assert not _core.columns_are_independent(X, 1e-8)
    assert _core.columns_where_a_row_may_outweigh(X) == [0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_columns_that_are_cleared_have_no_faults(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(int(rng.integers(10, 1000)), 4)) * 10.0 ** rng.uniform(-9, 9, size=4) + rng.normal(size=4)
    X[:, 3] = X[:, 0] + 10.0 ** rng.uniform(-12, 0) * X[:, 3]
    rows = Rows(X, None, 1)
    quick = column_faults(rows, combinations=True)
    monkeypatch.setattr(_core, "columns_are_independent", lambda X, share: False)
    assert column_faults(rows, combinations=True) == quick


@every_order
@every_precision
@pytest.mark.parametrize("n_samples", [3, 20, 1999])
def test_the_column_of_a_row_that_outweighs_is_searched(order, dtype, n_samples):
    X = np.random.default_rng(0).normal(size=(n_samples, 3)).astype(dtype)
    assert _core.columns_where_a_row_may_outweigh(order(X)) == []
    for row in (0, 1, n_samples - 1):
        for value in (1e9, -1e20):
            far = X.copy()
            far[row, 1] = value
            assert _core.columns_where_a_row_may_outweigh(order(far)) == [1]


def test_extremes_are_those_of_the_columns_that_are_searched():
    from gmmx.validation.outweighing_rows import extremes_of

    X = np.random.default_rng(0).normal(size=(500, 2))
    X[77, 1] = 1e20
    found = outweighing_row(extremes_of(X), 500.0, X.dtype)
    assert found is not None
    assert (found.row, found.column) == (77, 1)
