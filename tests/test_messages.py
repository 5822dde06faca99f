"""Messages say which value of which argument is wrong, what is allowed, and what to do."""

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import gmmx

X = np.random.default_rng(0).normal(size=(50, 2))


def complaint(call: Any, *arguments: Any, **options: Any) -> str:
    """Return the message of the error that a call ends in, on one line."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(*arguments, **options)
    return " ".join(str(caught.value).split())


def with_fill_value(value: float = 1e20) -> Any:
    rows = X.copy()
    rows[3, 0] = value
    return rows


class TestRemedies:
    """A failed fit names what is wrong with the rows, not parameters that do not help."""

    @pytest.mark.parametrize("prior", [None, "default"])
    @pytest.mark.parametrize("covariance_type", ["full", "diag"])
    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_all_columns_are_constant(self, prior: Any, covariance_type: str) -> None:
        model = gmmx.GaussianMixture(2, reg_covar=0, prior=prior, covariance_type=covariance_type)
        for fit in (model.fit, model.fit_batches):
            message = complaint(fit, np.ones((20, 2)))
            assert message.endswith("give rows that differ, or increase reg_covar: all columns of X are constant.")

    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_constant_columns_are_named(self) -> None:
        pd = pytest.importorskip("pandas")
        table = pd.DataFrame({"a": X[:, 0], "b": 7.0, "c": 7.0})
        model = gmmx.GaussianMixture(2, reg_covar=0)
        ending = "To prevent this, drop columns 'b' and 'c' of X, which are constant."
        assert complaint(model.fit, table).endswith(ending)
        assert complaint(model.fit_batches, [table.iloc[:25], table.iloc[25:]]).endswith(ending)

    @pytest.mark.filterwarnings("ignore::gmmx.ColumnWarning")
    def test_dependent_columns_are_named(self) -> None:
        rows = np.column_stack([X, X.sum(axis=1)])
        message = complaint(gmmx.GaussianMixture(2, reg_covar=0).fit, rows)
        assert message.endswith("drop column 2 of X, which depends on others.")

    @pytest.mark.filterwarnings("ignore:Row 3 of X")
    def test_a_fill_value_is_blamed_not_the_columns(self) -> None:
        message = complaint(gmmx.GaussianMixture(2, reg_covar=0).fit, with_fill_value())
        assert message.endswith("To prevent this, drop row 3 of X (the first is 0), which outweighs all others.")
        rows = np.column_stack([with_fill_value(), np.ones(50)])
        with pytest.warns(ConvergenceWarning, match="degenerate") as caught, pytest.warns(gmmx.ColumnWarning):
            gmmx.GaussianMixtureIC(max_components=3).fit(rows)
        (message,) = [str(each.message) for each in caught if "degenerate" in str(each.message)]
        assert message.endswith("Drop row 3 of X (the first is 0), which outweighs all others.")

    def test_tiny_weights_are_blamed_not_the_rows(self) -> None:
        with pytest.warns(ConvergenceWarning, match="degenerate") as caught:
            gmmx.GaussianMixtureIC(max_components=2).fit(X, sample_weight=np.full(50, 1e-3))
        message = str(caught[0].message)
        assert "parameters for rows of 2, whose weights sum to 0.05." in message
        assert message.endswith("Scale sample_weight, which sums to 0.05, until it sums to the 50 rows of X.")
