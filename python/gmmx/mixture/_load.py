"""Read saved mixtures."""

from __future__ import annotations

import os

import numpy as np

from gmmx.io.model_file import ModelRecord, read_as
from gmmx.mixture._convert import model_of_record
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._online import OnlineGaussianMixture

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> GaussianMixture:
    """Read a model that `GaussianMixture.save` wrote.

    Parameters
    ----------
    path : path-like
        File written by `GaussianMixture.save` or, in C++, `gmmx::save`.

    Returns
    -------
    model : GaussianMixture
        Fitted model, with the constructor parameters in the file. It is an `OnlineGaussianMixture` if one was saved.

    Raises
    ------
    ModelFileError
        A ValueError: the file is not a gmmx model, truncated, damaged (the checksum differs) or in a newer format.
    OSError
        If the file does not exist, cannot be read, or is not a regular file.

    Examples
    --------
    >>> import os, tempfile
    >>> import gmmx
    >>> gm = gmmx.GaussianMixture(n_components=2, random_state=0).fit([[0.0], [0.1], [5.0], [5.1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gm.save(os.path.join(folder, "model.safetensors"))
    ...     loaded = gmmx.load(os.path.join(folder, "model.safetensors"))
    >>> bool((loaded.means_ == gm.means_).all())
    True
    """
    return read_as(path, _loaded)


def _loaded(record: ModelRecord) -> GaussianMixture:
    known = OnlineGaussianMixture().get_params().keys() - GaussianMixture().get_params().keys()
    estimator_class = GaussianMixture if known.isdisjoint(record.params) else OnlineGaussianMixture
    try:
        with np.errstate(over="ignore"):  # a variance of 1e-310 is one, its inverse is not
            model: GaussianMixture = model_of_record(estimator_class, record)
    except ValueError as error:
        raise ValueError(f"its constructor parameters are not accepted ({str(error).rstrip('.')})") from error
    return model
