// Random rows: components by inverse distribution, normal numbers by their places in a sequence, whatever the blocks.
#include "gmmx/sample.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "covariance/model.hpp"
#include "parallel/block_loop.hpp"
#include "sampling/random_sequence.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

// The sequences of random numbers of a seed.
constexpr std::uint64_t stream_of_components = 0;
constexpr std::uint64_t stream_of_rows = 1;

// Adds to each component the numbers that fall below its bound, but not below the one before; to the last all others.
void count_numbers(const double* numbers, Index n, const std::vector<double>& bounds, std::vector<Index>& counts) {
  constexpr std::size_t few = 512;  // comparisons with this many bounds, side by side, are faster than a search
  const std::size_t last = bounds.size() - 1;
  if (last > few) {
    const auto end = bounds.begin() + static_cast<std::ptrdiff_t>(last);
    for (Index i = 0; i < n; ++i) {
      ++counts[static_cast<std::size_t>(std::upper_bound(bounds.begin(), end, numbers[i]) - bounds.begin())];
    }
    return;
  }
  Index left = n;
  for (std::size_t k = 0; k < last; ++k) {
    Index beyond = 0;
    for (Index i = 0; i < n; ++i) beyond += numbers[i] >= bounds[k] ? 1 : 0;
    counts[k] += left - beyond;
    left = beyond;
  }
  counts[last] += left;
}

// (4) Where the rows of each component end among n rows that are sorted by it: for each a number between 0 and the sum
// of the weights is drawn.
std::vector<Index> draw_ends(const std::vector<double>& weights, Index n, const RandomSequence& random, int n_threads) {
  std::vector<double> bounds(weights.size());
  std::partial_sum(weights.begin(), weights.end(), bounds.begin());
  std::vector<Index> ends(weights.size(), 0);
  struct Worker {
    std::vector<double> numbers;
    std::vector<Index> counts;
  };
  const BlockLoop loop(n, Index{sizeof(double)}, 20.0, n_threads);
  const auto make_worker = [&] {
    return std::make_unique<Worker>(Worker{std::vector<double>(static_cast<std::size_t>(loop.block_rows())),
                                           std::vector<Index>(weights.size(), 0)});
  };
  const auto draw = [&](Worker& worker, Index begin, Index end) {
    double* const numbers = worker.numbers.data();
    random.uniform(static_cast<std::uint64_t>(begin), end - begin, numbers);
    for (Index i = 0; i < end - begin; ++i) numbers[i] *= bounds.back();
    count_numbers(numbers, end - begin, bounds, worker.counts);
  };
  loop.run(make_worker, draw, [&](Worker& worker) {
    for (std::size_t k = 0; k < ends.size(); ++k) ends[k] += std::exchange(worker.counts[k], 0);
  });
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  return ends;
}

// Rows begin.. of standard normal numbers, which depend on the place of a row alone.
void draw_normal(const RandomSequence& random, Index begin, Index n_rows, Matrix<double>& columns) {
  const auto n_pairs = static_cast<std::uint64_t>(columns.cols() / 2);
  const std::uint64_t first = 2 * n_pairs * static_cast<std::uint64_t>(begin);
  for (Index j = 0; j < columns.cols(); j += 2) {
    random.normal_pairs(first + static_cast<std::uint64_t>(j), 2 * n_pairs, n_rows, &columns(0, j), &columns(0, j + 1));
  }
}

}  // namespace

void sample(const Mixture& mixture, std::uint64_t seed, MatrixView<double> out, VectorView<std::int64_t> labels,
            int n_threads) {
  const Index n = out.rows();
  const Index d = mixture.n_features();
  check_output(n, out.cols(), n, d);
  check_length("labels", labels.size(), n);
  const std::vector<Index> ends =
      draw_ends(mixture.weights(), n, RandomSequence(seed, stream_of_components), n_threads);
  const RandomSequence random(seed, stream_of_rows);
  const CovarianceModel& model = model_of(mixture.covariance_type());
  const ConstMatrixMap means = means_of(mixture);
  const BlockLoop loop(n, Index{sizeof(double)} * 3 * d, static_cast<double>(20 * d + d * d), n_threads);
  const auto make_scratch = [&] {  // one more column where they are not pairs
    return std::make_unique<Matrix<double>>(column_stride<double>(loop.block_rows()), d + d % 2);
  };
  loop.run(make_scratch, [&](Matrix<double>& scratch, Index block_begin, Index block_end) {
    // Within a block, the rows of one component at a time.
    for (Index begin = block_begin; begin < block_end;) {
      const Index k = std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin();
      const Index end = std::min(block_end, ends[static_cast<std::size_t>(k)]);
      draw_normal(random, begin, end - begin, scratch);
      auto z = scratch.topLeftCorner(end - begin, d);
      model.colour(mixture, k, z);
      for (Index i = 0; i < z.rows(); ++i) {
        for (Index j = 0; j < d; ++j) out(begin + i, j) = means(k, j) + z(i, j);  // (5)
        labels[begin + i] = k;
      }
      begin = end;
    }
  });
}

}  // namespace gmmx
