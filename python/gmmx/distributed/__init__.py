"""EM over rows in parts: in files, in processes or on machines.

The statistics of the parts add up to those of all rows, so an engine only calls three functions on each part and
collects the results:

    part --summarize--> DataSummary,  part --sample_of--> Sample,  part --statistics_of(mixture)--> SufficientStatistics

An engine implements `PartitionedRows`, to which `gmmx.GaussianMixture.fit_partitions` fits with the loop of `fit`.
`gmmx.distributed.batches`, `gmmx.dask` and `gmmx.spark` are such engines.
"""

from gmmx.distributed.em import PartitionedRows, run_em
from gmmx.distributed.pairwise_sum import PairwiseSum, pairwise_sum, statistics_of
from gmmx.distributed.part import Part, part_of
from gmmx.distributed.sampling import Sample, merge_samples, sample_of
from gmmx.distributed.summary import DataSummary, merge_summaries, summarize

__all__ = [
    "DataSummary",
    "PairwiseSum",
    "Part",
    "PartitionedRows",
    "Sample",
    "merge_samples",
    "merge_summaries",
    "pairwise_sum",
    "part_of",
    "run_em",
    "sample_of",
    "statistics_of",
    "summarize",
]
