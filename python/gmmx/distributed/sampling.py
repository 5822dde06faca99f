"""A random sample of rows that does not depend on the partitions.

Each row has a key, a hash of the seed and the number of the row; the rows with the smallest keys are the sample. With
weights w the keys are -log(u) / w for the hash u in (0, 1), which draws rows without replacement with probabilities
proportional to their weights (Efraimidis and Spirakis, Weighted random sampling with a reservoir, Information
Processing Letters 97, 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx.distributed.part import part_of
from gmmx.validation import F64, RowArray

__all__ = ["Sample", "merge_samples", "sample_of"]

_U64 = npt.NDArray[np.uint64]


class Sample(NamedTuple):
    """Sampled rows, in the order of their numbers.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows, all with positive weight.
    sample_weight : ndarray of shape (n_rows,) or None
        Weights of the rows. None if there are no weights.
    keys : ndarray of shape (n_rows,), float64
        Keys of the rows.
    numbers : ndarray of shape (n_rows,), int64
        Positions of the rows among all rows, counted from 0.
    """

    X: RowArray
    sample_weight: F64 | None
    keys: F64
    numbers: npt.NDArray[np.int64]


def sample_of(
    X: Any,
    sample_weight: Any,
    first_row: int,
    size: int,
    seed: int,
    *,
    dtype: npt.DTypeLike | None = None,
    largest_key: float = np.inf,
) -> Sample | None:
    """Draw the candidates of one part for the sample of all rows.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Rows of the part.
    sample_weight : array-like of shape (n_rows,) or None
        Weights of the rows. A row with weight zero is never drawn. None gives every row the weight 1.
    first_row : int
        Number of rows in the parts before this one.
    size : int
        Size of the sample of all rows.
    seed : int
        Seed, from 0 to 2**64 - 1.
    dtype : float32 or float64, optional
        Type of the returned rows. None keeps float32 and converts all others to float64.
    largest_key : float
        Upper bound of the keys: `size` rows with smaller keys are known already.

    Returns
    -------
    sample : Sample or None
        At most `size` rows. None for an empty part.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(10.0)[:, np.newaxis]
    >>> parts = [sample_of(X[:7], None, 0, 3, 1), sample_of(X[7:], None, 7, 3, 1)]
    >>> whole = sample_of(X, None, 0, 3, 1)
    >>> bool((merge_samples(parts, 3).numbers == whole.numbers).all())
    True
    """
    if np.ndim(X) == 1 and len(X) == 0:
        return None
    rows, weights, _ = part_of(X, sample_weight, dtype=dtype, is_checked=True)
    if len(rows) == 0:
        return None
    present = np.arange(len(rows)) if weights is None else np.flatnonzero(weights)
    numbers = present.astype(np.int64) + first_row
    keys = -np.log(_uniforms(numbers, seed))
    if weights is not None:
        keys /= weights[present]
    if largest_key < np.inf:
        low = keys <= largest_key
        present, numbers, keys = present[low], numbers[low], keys[low]
    chosen = _smallest(keys, numbers, size)
    places: Any = present[chosen]
    return Sample(rows[places], None if weights is None else weights[places], keys[chosen], numbers[chosen])


def merge_samples(samples: Sequence[Sample | None], size: int) -> Sample:
    """Merge the samples of the parts, in order, to the sample of all rows.

    That of an empty part may be None; without any row the result is an empty sample.
    """
    held = [sample for sample in samples if sample is not None and len(sample.keys)]
    if not held:
        return Sample(np.empty((0, 0)), None, np.empty(0), np.empty(0, dtype=np.int64))
    keys, numbers = (np.concatenate([getattr(sample, name) for sample in held]) for name in ("keys", "numbers"))
    chosen: Any = _smallest(keys, numbers, size)
    rows: Any = np.concatenate([sample.X for sample in held])
    weights = None
    if any(sample.sample_weight is not None for sample in held):
        weights = np.concatenate([_weights(sample) for sample in held])[chosen]
    return Sample(rows[chosen], weights, keys[chosen], numbers[chosen])


def _weights(sample: Sample) -> F64:
    return np.ones(len(sample.keys)) if sample.sample_weight is None else sample.sample_weight


def _smallest(keys: F64, numbers: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Return the positions of the smallest keys, in row order; ties keep the first rows."""
    order = np.lexsort((numbers, keys))[:size]
    chosen: npt.NDArray[np.int64] = order[np.argsort(numbers[order])]
    return chosen


def _uniforms(numbers: npt.NDArray[np.int64], seed: int) -> F64:
    """Return a number in (0, 1) for each row: 52 bits of Steele, Lea and Flood's SplitMix64 (2014) at its place."""
    state: _U64 = np.asarray([seed % 2**64], dtype=np.uint64)
    state = _mixed(state) + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    uniforms: F64 = ((_mixed(state) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return uniforms


def _mixed(z: _U64) -> _U64:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _U64 = z ^ (z >> np.uint64(31))
    return mixed
