// Random rows: components by inverse distribution, normal numbers by the polar method, a stream of its own for each
// chunk.
#include "gmmx/sample.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "covariance/model.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

namespace {

// The engine's numbers are fixed by the C++ standard, its distributions are not: those are ours, so that a seed
// means the same rows with every compiler.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::seed_seq words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                        static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
    engine_.seed(words);
  }

  // In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

  // Marsaglia & Bray 1964.
  double normal() {
    if (spare_) return *std::exchange(spare_, std::nullopt);
    double u;
    double v;
    double s;
    do {
      u = 2 * uniform() - 1;
      v = 2 * uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s == 0);
    const double scale = std::sqrt(-2 * std::log(s) / s);
    spare_ = v * scale;
    return u * scale;
  }

 private:
  std::mt19937_64 engine_;
  std::optional<double> spare_;
};

constexpr std::uint64_t stream_of_components = ~std::uint64_t{0};

// (4) Where the rows of each component end among n rows that are sorted by it.
std::vector<Index> draw_ends(const std::vector<double>& weights, Index n, Random& random) {
  std::vector<double> cumulative(weights.size());
  std::partial_sum(weights.begin(), weights.end(), cumulative.begin());
  std::vector<Index> counts(weights.size(), 0);
  for (Index i = 0; i < n; ++i) {
    const auto above = std::upper_bound(cumulative.begin(), cumulative.end(), random.uniform() * cumulative.back());
    ++counts[std::min(static_cast<std::size_t>(above - cumulative.begin()), counts.size() - 1)];
  }
  std::partial_sum(counts.begin(), counts.end(), counts.begin());
  return counts;
}

}  // namespace

void sample(const Mixture& mixture, std::uint64_t seed, MatrixView<double> out, VectorView<std::int64_t> labels,
            int n_threads) {
  const Index n = out.rows();
  const Index d = mixture.n_features();
  check_output(n, out.cols(), n, d);
  check_length("labels", labels.size(), n);
  Random components(seed, stream_of_components);
  const std::vector<Index> ends = draw_ends(mixture.weights(), n, components);
  const CovarianceModel& model = model_of(mixture.covariance_type());
  const ConstMatrixMap means = means_of(mixture);
  const BlockLoop loop(n, Index{sizeof(double)} * 3 * d, static_cast<double>(20 * d + d * d), n_threads);
  struct Worker {
    Worker(Index capacity, Index d) : scratch(capacity, d) {}
    Matrix<double> scratch;
    std::optional<Random> random;  // of the chunk
  };
  loop.run([&] { return std::make_unique<Worker>(loop.block_rows(), d); },
           [&](Worker& worker, Index block_begin, Index block_end) {
             if (block_begin % loop.chunks().chunk_rows == 0)
               worker.random.emplace(seed, static_cast<std::uint64_t>(block_begin));
             Random& random = *worker.random;
             // Within a block, the rows of one component at a time.
             for (Index begin = block_begin; begin < block_end;) {
               const Index k = std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin();
               const Index end = std::min(block_end, ends[static_cast<std::size_t>(k)]);
               auto z = worker.scratch.topRows(end - begin);
               for (Index i = 0; i < z.rows(); ++i) {
                 for (Index j = 0; j < d; ++j) z(i, j) = random.normal();
               }
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
