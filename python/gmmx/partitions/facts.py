"""What must be known of the rows before EM: how many there are, and of what kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gmmx.partitions.parts import part_of

__all__ = ["Facts", "facts_of", "merge_facts"]


@dataclass(frozen=True)
class Facts:
    """What is known of a part of the rows, or of all.

    Attributes
    ----------
    n_rows : int
        Rows, those of weight zero included.
    n_present : int
        Rows of positive weight.
    total_weight : float
        Sum of the weights.
    n_features : int
        Columns; 0 for a part without rows or columns, which goes with any other.
    dtype : str
        Precision to compute in, 'float32' or 'float64'.
    largest : float
        Largest absolute number.
    feature_names : tuple of str or None
        Names of the columns.
    """

    n_rows: int
    n_present: int
    total_weight: float
    n_features: int
    dtype: str
    largest: float = 0.0
    feature_names: tuple[str, ...] | None = None


_NOTHING = Facts(0, 0, 0.0, 0, "float32")


def facts_of(X: Any, sample_weight: Any = None) -> Facts:
    """Check one part of the rows and tell what it is; for arguments and errors see `part_of`.

    Examples
    --------
    >>> facts_of([[1.0, -2.0], [0.5, 0.0]], [0, 3]).n_present
    1
    """
    if np.ndim(X) == 1 and len(X) == 0:
        return _NOTHING  # an empty part may have lost its columns
    rows, weights, names = part_of(X, sample_weight)
    n_rows, n_features = rows.shape
    if n_rows == 0:
        return _NOTHING
    return Facts(
        n_rows=n_rows,
        n_present=n_rows if weights is None else int(np.count_nonzero(weights)),
        total_weight=float(n_rows) if weights is None else float(weights.sum()),
        n_features=n_features,
        dtype=rows.dtype.name,
        largest=float(max(rows.max(), -rows.min())),
        feature_names=names,
    )


def merge_facts(parts: Sequence[Facts], *, kind: str = "partition", kinds: str = "partitions") -> Facts:
    """Return what is known of all rows; `kind` is what a part is called in errors, `kinds` what several are.

    The precision is float32 if all parts have it.

    Raises
    ------
    ValueError
        If parts have different columns, or there is no row of positive weight.

    Examples
    --------
    >>> merge_facts([facts_of([[1.0]]), facts_of([]), facts_of([[2.0], [3.0]])]).n_rows
    3
    """
    held = [(i, facts) for i, facts in enumerate(parts) if facts.n_rows > 0]
    if not held:
        raise ValueError(f"X has no rows: all of its {len(parts)} {kinds} are empty. Give at least two rows.")
    first, model = held[0]
    for i, facts in held[1:]:
        if facts.n_features != model.n_features:
            raise ValueError(
                f"X has {facts.n_features} features in {kind} {i}, but {model.n_features} in {kind} {first}. "
                "Give all parts the same columns."
            )
        if facts.feature_names != model.feature_names:
            raise ValueError(
                f"X has the columns {_shown(facts.feature_names)} in {kind} {i}, but {_shown(model.feature_names)} in "
                f"{kind} {first}. Give all parts the same columns in the same order."
            )
    total_weight = math.fsum(facts.total_weight for _, facts in held)
    if not 0.0 < total_weight < math.inf:
        raise ValueError(
            f"sample_weight sums to {total_weight:g} over all {kinds}, but its sum must be positive and finite: give "
            "at least one row a weight above zero, and scale huge weights down."
        )
    return Facts(
        n_rows=sum(facts.n_rows for _, facts in held),
        n_present=sum(facts.n_present for _, facts in held),
        total_weight=total_weight,
        n_features=model.n_features,
        dtype=np.result_type(*(facts.dtype for _, facts in held)).name,
        largest=max(facts.largest for _, facts in held),
        feature_names=model.feature_names,
    )


def _shown(names: tuple[str, ...] | None) -> str:
    return "without names" if names is None else f"{list(names[:10])}{' and more' if len(names) > 10 else ''}"
