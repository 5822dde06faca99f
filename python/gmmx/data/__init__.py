"""Rows that lie in files, for fits of more of them than memory holds (``pip install "gmmx-native[data]"``).

`from_parquet` and `from_csv` read tables, `from_hdf5` and `from_zarr` arrays. Each returns `Reader`: an object that
gives the rows batch by batch, from the first on in every iteration, so that EM can pass over them again and again.
"""

from gmmx.data._csv import from_csv
from gmmx.data._hdf5 import from_hdf5
from gmmx.data._parquet import from_parquet
from gmmx.data._reader import Reader
from gmmx.data._zarr import from_zarr

__all__ = ["Reader", "from_csv", "from_hdf5", "from_parquet", "from_zarr"]
