"""Readers of data files larger than memory (``pip install "gmmx-native[data]"``).

`from_parquet` and `from_csv` read tables; `from_hdf5`, `from_zarr` and `from_npy` read arrays. Each returns a `Reader`,
which yields all rows in batches each time that it is iterated over, as EM requires.
"""

from gmmx.data._arrays import from_hdf5, from_npy, from_zarr
from gmmx.data._csv import from_csv
from gmmx.data._parquet import from_parquet
from gmmx.data._reader import Reader

__all__ = ["Reader", "from_csv", "from_hdf5", "from_npy", "from_parquet", "from_zarr"]
