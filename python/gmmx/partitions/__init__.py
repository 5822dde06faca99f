"""EM over rows that lie in parts: in files, in processes or on machines.

The statistics of the parts add up to those of the whole, so all that an engine has to do is to call three functions on
each part and to collect what they return:

    part --facts_of--> Facts,  part --sample_of--> Sample,  part --statistics_of(mixture)--> SufficientStatistics

`PartitionedRows` is what an engine offers, `fit_partitions` fits a `gmmx.GaussianMixture` to it with the same loop as
`GaussianMixture.fit`. `gmmx.batches`, `gmmx.dask` and `gmmx.spark` are such engines.
"""

from gmmx.partitions.facts import Facts, facts_of, merge_facts
from gmmx.partitions.fitting import PartitionedRows, fit_partitions
from gmmx.partitions.parts import Part, part_of
from gmmx.partitions.sampling import Sample, merge_samples, sample_of
from gmmx.partitions.sums import TreeSum, statistics_of, tree_sum

__all__ = [
    "Facts",
    "Part",
    "PartitionedRows",
    "Sample",
    "TreeSum",
    "facts_of",
    "fit_partitions",
    "merge_facts",
    "merge_samples",
    "part_of",
    "sample_of",
    "statistics_of",
    "tree_sum",
]
