// A mixture evaluated at rows: passes that write one result a row.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "checks.hpp"
#include "covariance/float_range.hpp"
#include "covariance/model.hpp"
#include "density/columns.hpp"
#include "density/lost_rows.hpp"
#include "density/posterior.hpp"
#include "gmmx/density.hpp"
#include "parallel/parallel.hpp"
#include "rows/row_weights.hpp"

namespace gmmx {

namespace {

// No log-density is infinitely large: quick, as compilers vectorise it.
template <class T>
bool all_are_finite(const Column<T>& log_densities, Index size) {
  return count_above(log_densities.data(), size, -std::numeric_limits<T>::infinity()) == size;
}

template <class T>
struct EvaluationSpace {
  EvaluationSpace(Index capacity, const Mixture& mixture)
      : block(capacity, mixture.n_features()),
        values(block_results<T>(capacity, mixture.n_components())),
        log_prob_norm(padded<T>(capacity)),
        index(padded<T>(capacity)),
        priors(ConstVectorMap(mixture.weights().data(), mixture.n_components()).template cast<T>()),
        posterior(capacity),
        weights(capacity) {}

  // Notes that the block's row n has no result. Unless this is done with care, that is tried next.
  void lose(Index n, double log_density) { lost.push_back({n, log_density}); }

  // The same for all rows without a log-density.
  void lose_rows_without_density(Index size) {
    if (all_are_finite(log_prob_norm, size)) return;
    for (Index n = 0; n < size; ++n) {
      const auto log_density = static_cast<double>(log_prob_norm(n));
      if (!std::isfinite(log_density)) lose(n, log_density);
    }
  }

  Block<T> block;
  Array<T> values;
  Column<T> log_prob_norm;
  Column<T> index;
  Vector<T> priors;
  Posterior<T> posterior;
  RowWeights<T> weights;
  std::vector<LostRow> lost;          // of the block
  std::optional<LostRow> first_lost;  // for good, of the chunk
  bool is_careful = false;
  double sum = 0;
};

// Rows computed with care: in double, and with overflows on the way taken for what they are, densities of zero.
template <class T>
class CarefulRows {
 public:
  CarefulRows(MatrixView<const T> rows, const Mixture& mixture, Weighting weighting)
      : rows_(rows), mixture_(mixture), origin_(origin_of<double>(mixture)), log_density_([&mixture, weighting] {
          return model_of(mixture.covariance_type()).log_density(mixture, weighting, double());
        }) {}

  // visit(workspace, log-densities, place in all rows of the n-th) for some of the rows of a block.
  template <class Visit>
  void compute(EvaluationSpace<T>& of, Index begin, Visit visit) const {
    const auto size = static_cast<Index>(of.lost.size());
    const Index d = rows_.cols();
    RowMajorMatrix<double> some(size, d);
    std::vector<Index> places;
    for (const LostRow& lost : of.lost) {
      const Index row = begin + lost.row;
      for (Index j = 0; j < d; ++j) some(static_cast<Index>(places.size()), j) = static_cast<double>(rows_(row, j));
      places.push_back(row);
    }
    EvaluationSpace<double> ws(size, mixture_);
    ws.is_careful = true;
    ws.block.load(MatrixView<const double>(some.data(), size, d), 0, size, origin_);
    const BlockOfColumns<double> values = ws.values.topRows(size);
    (*log_density_).log_prob(ws.block, values);
    for (Index n = 0; n < size; ++n) {
      if (!is_finite_row(some, n)) continue;
      for (Index k = 0; k < values.cols(); ++k) {
        if (std::isnan(values(n, k))) ws.values(n, k) = -std::numeric_limits<double>::infinity();
      }
    }
    visit(ws, values, [&places](Index n) { return places[static_cast<std::size_t>(n)]; });
    of.sum += ws.sum;
    if (!ws.lost.empty() && !of.first_lost) {
      const LostRow& first = *std::min_element(ws.lost.begin(), ws.lost.end(),
                                               [](const LostRow& a, const LostRow& b) { return a.row < b.row; });
      of.first_lost = LostRow{places[static_cast<std::size_t>(first.row)], first.log_density};
    }
  }

 private:
  MatrixView<const T> rows_;
  const Mixture& mixture_;
  RowVector<double> origin_;
  LazyLogDensity<double> log_density_;
};

// For each block of rows: visit(workspace, (weighted) log-densities, place in all rows of the block's n-th). Rows that
// it loses are visited once more, in double; the first that is lost there, too, is refused once all others are done.
template <class T, class Visit, class Merge>
void for_densities(MatrixView<const T> rows, const Mixture& mixture, Weighting weighting, int n_threads, Visit visit,
                   Merge merge) {
  check_features(rows, mixture);
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const bool is_out_of_range = std::is_same_v<T, float> && is_beyond_range_of_float(mixture);
  const auto log_density = model_of(mixture.covariance_type()).log_density(mixture, weighting, T());
  const CarefulRows<T> careful(rows, mixture, weighting);
  const RowVector<T> origin = origin_of<T>(mixture);
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * (d + 2 * k));
  const double flops = static_cast<double>(k * (d * d + 2 * d + 20));
  std::optional<LostRow> first_lost;
  for_chunks(
      chunks, useful_threads(n_threads, chunks, flops),
      [&] { return std::make_unique<EvaluationSpace<T>>(chunks.block_rows, mixture); },
      [&](EvaluationSpace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.lost.clear();
          if (is_out_of_range) {
            for (Index n = 0; n < end - begin; ++n) ws.lose(n, 0.0);
          } else {
            ws.block.load(rows, begin, end, origin);
            const BlockOfColumns<T> values = ws.values.topRows(end - begin);
            log_density->log_prob(ws.block, values);
            visit(ws, values, [begin](Index n) { return begin + n; });
          }
          if (!ws.lost.empty()) careful.compute(ws, begin, visit);
        });
      },
      [&](EvaluationSpace<T>& ws) {
        merge(ws);
        if (!first_lost) first_lost = ws.first_lost;
        ws.first_lost.reset();
      });
  if (first_lost) throw out_of_range(rows, *first_lost);
}

// (2), (8): values become responsibilities, and ws.log_prob_norm gets log p.
template <class C>
void to_responsibilities(EvaluationSpace<C>& ws, const BlockOfColumns<C>& values) {
  ws.posterior(values, ws.log_prob_norm.head(values.rows()), ws.priors);
}

// sum_n w_n log p(x_n) of a block; rows of weight zero are absent.
template <class C, class PlaceOf>
void add_log_likelihood(EvaluationSpace<C>& ws, Index size, VectorView<const double> sample_weight, PlaceOf place_of) {
  const auto weight_of = [&](Index n) { return sample_weight.absent() ? 1.0 : sample_weight[place_of(n)]; };
  auto norm = ws.log_prob_norm.head(size);
  if (!all_are_finite(ws.log_prob_norm, size)) {
    for (Index n = 0; n < size; ++n) {
      if (std::isfinite(norm(n))) continue;
      if (weight_of(n) > 0) ws.lose(n, static_cast<double>(norm(n)));
      norm(n) = 0;
    }
  }
  if (ws.is_careful) {
    for (Index n = 0; n < size; ++n) ws.sum += weight_of(n) * static_cast<double>(norm(n));
  } else {
    ws.weights.load(sample_weight, place_of(0), place_of(0) + size);
    ws.sum += ws.weights.weighted_sum(norm);  // (10), (35)
  }
}

constexpr auto nothing_to_merge = [](auto&) {};

}  // namespace

template <class T>
void component_log_densities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.rows(), mixture.n_components());
  for_densities(
      rows, mixture, Weighting::unweighted, n_threads,
      [&](auto& ws, const auto& values, auto place_of) {
        for (Index n = 0; n < values.rows(); ++n) {
          bool is_finite = true;
          for (Index k = 0; k < values.cols(); ++k) {
            is_finite = is_finite && std::isfinite(values(n, k));
            out(place_of(n), k) = static_cast<T>(values(n, k));
          }
          if (!is_finite && !ws.is_careful) ws.lose(n, 0.0);
        }
      },
      nothing_to_merge);
}

template <class T>
void responsibilities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.rows(), mixture.n_components());
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](auto& ws, const auto& values, auto place_of) {
        to_responsibilities(ws, values);
        for (Index k = 0; k < values.cols(); ++k) {
          for (Index n = 0; n < values.rows(); ++n) out(place_of(n), k) = static_cast<T>(values(n, k));
        }
        ws.lose_rows_without_density(values.rows());
      },
      nothing_to_merge);
}

template <class T>
void score_samples(MatrixView<const T> rows, const Mixture& mixture, VectorView<T> out, int n_threads) {
  check_output(out.size(), 1, rows.rows(), 1);
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](auto& ws, const auto& values, auto place_of) {
        to_responsibilities(ws, values);
        for (Index n = 0; n < values.rows(); ++n) out[place_of(n)] = static_cast<T>(ws.log_prob_norm(n));
        ws.lose_rows_without_density(values.rows());
        if (!ws.is_careful) return;
        for (Index n = 0; n < values.rows(); ++n) {
          const auto log_density = static_cast<double>(ws.log_prob_norm(n));
          if (std::isfinite(log_density) && !std::isfinite(out[place_of(n)])) ws.lose(n, log_density);
        }
      },
      nothing_to_merge);
}

template <class T>
void predict(MatrixView<const T> rows, const Mixture& mixture, VectorView<std::int64_t> out, int n_threads) {
  check_output(out.size(), 1, rows.rows(), 1);
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](auto& ws, const auto& values, auto place_of) {
        largest_column(values.data(), values.outerStride(), values.cols(), values.rows(), ws.index.data(),
                       ws.log_prob_norm.data());  // (9)
        for (Index n = 0; n < values.rows(); ++n) out[place_of(n)] = static_cast<std::int64_t>(ws.index(n));
        ws.lose_rows_without_density(values.rows());
      },
      nothing_to_merge);
}

template <class T>
double log_likelihood(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                      int n_threads) {
  check_sample_weight(sample_weight, rows.rows());
  double total = 0;
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](auto& ws, const auto& values, auto place_of) {
        to_responsibilities(ws, values);
        add_log_likelihood(ws, values.rows(), sample_weight, place_of);
      },
      [&](EvaluationSpace<T>& ws) {
        total += ws.sum;
        ws.sum = 0;
      });
  return total;
}

#define GMMX_INSTANTIATE(T)                                                                       \
  template void component_log_densities(MatrixView<const T>, const Mixture&, MatrixView<T>, int); \
  template void responsibilities(MatrixView<const T>, const Mixture&, MatrixView<T>, int);        \
  template void score_samples(MatrixView<const T>, const Mixture&, VectorView<T>, int);           \
  template void predict(MatrixView<const T>, const Mixture&, VectorView<std::int64_t>, int);      \
  template double log_likelihood(MatrixView<const T>, const Mixture&, VectorView<const double>, int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
