#include <algorithm>

#include "parallel/parallel.hpp"

namespace gmmx {

namespace {

constexpr Index cache_bytes = Index{384} * 1024;  // scratch of one block, within a second-level cache
constexpr Index min_block_rows = 128;
constexpr Index max_block_rows = 512;
constexpr Index target_chunks = 64;  // enough to keep many threads even, few enough to merge for nothing

}  // namespace

Chunks cut_into_chunks(Index n_rows, Index bytes_per_row) {
  Chunks chunks;
  chunks.n_rows = n_rows;
  const Index fitting = cache_bytes / std::max<Index>(bytes_per_row, 1);
  const Index in_cache = std::clamp(fitting / 64 * 64, min_block_rows, max_block_rows);
  chunks.block_rows = std::clamp<Index>((n_rows + 63) / 64 * 64, 64, in_cache);  // no larger than the data
  const Index blocks = (n_rows + chunks.block_rows - 1) / chunks.block_rows;
  chunks.chunk_rows = chunks.block_rows * std::max<Index>((blocks + target_chunks - 1) / target_chunks, 1);
  return chunks;
}

int useful_threads(int requested, const Chunks& chunks, double flops_per_row) {
  if (!parallel_regions_are_safe()) return 1;
  const double work = flops_per_row * static_cast<double>(chunks.n_rows);
  const auto by_work = static_cast<Index>(std::min(1 + work / worthwhile_flops, 1e9));
  return static_cast<int>(std::max<Index>(1, std::min({Index{requested}, chunks.count(), by_work})));
}

}  // namespace gmmx
