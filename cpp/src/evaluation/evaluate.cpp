// A mixture evaluated at rows: passes that write one result a row.
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "covariance/float_range.hpp"
#include "covariance/model.hpp"
#include "density/columns.hpp"
#include "density/lost_rows.hpp"
#include "density/posterior.hpp"
#include "gmmx/density.hpp"
#include "parallel/block_loop.hpp"
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
        priors(weights_of(mixture).template cast<T>()),
        posterior(capacity),
        weights(capacity) {}

  // Adds the rows without a log-density to those that are lost.
  void lose_rows_without_density(Index size) {
    if (all_are_finite(log_prob_norm, size)) return;
    for (Index n = 0; n < size; ++n) {
      const auto log_density = static_cast<double>(log_prob_norm(n));
      if (!std::isfinite(log_density)) lost.push_back({n, log_density});
    }
  }

  Block<T> block;
  Array<T> values;
  Column<T> log_prob_norm;
  Column<T> index;
  Vector<T> priors;
  Posterior<T> posterior;
  RowWeights weights;
  std::vector<LostRow> lost;          // those of the block; unless all is done with care, they are visited once more
  std::optional<LostRow> first_lost;  // for good, of the chunk
  bool is_careful = false;
  double sum = 0;
};

// Where the rows of a block stand among all rows: one after another, or here and there.
class Places {
 public:
  explicit Places(Index begin) : begin_(begin) {}
  explicit Places(const std::vector<Index>& of_rows) : of_rows_(of_rows.data()) {}
  Index operator()(Index n) const { return of_rows_ ? of_rows_[n] : begin_ + n; }

 private:
  Index begin_ = 0;
  const Index* of_rows_ = nullptr;
};

// What is made of the log-densities of a block, in the precision of the rows or with care in double.
template <class T>
struct Visitor {
  template <class Visit>
  Visitor(Visit f) : visit(f), visit_carefully(f) {}

  std::function<void(EvaluationSpace<T>&, BlockOfColumns<T>, Places)> visit;
  std::function<void(EvaluationSpace<double>&, BlockOfColumns<double>, Places)> visit_carefully;
};

// Visits the rows of a block that were lost, with care: in double, and with overflows on the way taken for what they
// are, densities of zero.
template <class T>
void visit_lost_rows(const Rows<T>& rows, Index begin, const Mixture& mixture, const LogDensity<double>& log_density,
                     const Visitor<T>& visitor, EvaluationSpace<T>& of) {
  const auto size = static_cast<Index>(of.lost.size());
  const Index d = rows.n_features();
  RowMajorMatrix<double> some(size, d);
  std::vector<Index> places;
  for (const LostRow& lost : of.lost) {
    const Index row = begin + lost.row;
    for (Index j = 0; j < d; ++j) some(static_cast<Index>(places.size()), j) = static_cast<double>(rows.x(row, j));
    places.push_back(row);
  }
  EvaluationSpace<double> ws(size, mixture);
  ws.is_careful = true;
  const RowVector<double> origin = origin_of<double>(mixture);
  ws.block.load(MatrixView<const double>(some.data(), size, d), 0, size, origin);
  BlockOfColumns<double> values = ws.values.topRows(size);
  log_density.log_prob(ws.block, values);
  for (Index n = 0; n < size; ++n) {
    if (!is_finite_row(some, n)) continue;
    for (Index k = 0; k < values.cols(); ++k) {
      if (std::isnan(values(n, k))) values(n, k) = -std::numeric_limits<double>::infinity();
    }
  }
  visitor.visit_carefully(ws, values, Places(places));
  of.sum += ws.sum;
  for (const LostRow& lost : ws.lost) {
    const Index row = places[static_cast<std::size_t>(lost.row)];
    if (!of.first_lost || row < of.first_lost->row) of.first_lost = LostRow{row, lost.log_density};
  }
}

// Visits each block of rows with its (weighted) log-densities. Rows that it loses are visited once more, in double; the
// first that is lost there, too, is refused once all others are done. Returns the sum of what visits add to sum.
template <class T>
double for_densities(const Rows<T>& rows, const Mixture& mixture, Weighting weighting, int n_threads,
                     const Visitor<T>& visitor) {
  check_features(rows.x, mixture);
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const bool is_out_of_range = std::is_same_v<T, float> && is_beyond_range_of_float(mixture);
  const CovarianceModel& model = model_of(mixture.covariance_type());
  const auto log_density = model.log_density(mixture, weighting, T());
  const LazyLogDensity<double> careful([&] { return model.log_density(mixture, weighting, double()); });
  const RowVector<T> origin = origin_of<T>(mixture);
  const BlockLoop loop(rows.size(), Index{sizeof(T)} * (d + 2 * k), static_cast<double>(k * (d * d + 2 * d + 20)),
                       n_threads);
  std::optional<LostRow> first_lost;
  double total = 0;
  loop.run([&] { return std::make_unique<EvaluationSpace<T>>(loop.block_rows(), mixture); },
           [&](EvaluationSpace<T>& ws, Index begin, Index end) {
             ws.lost.clear();
             if (is_out_of_range) {
               for (Index n = 0; n < end - begin; ++n) ws.lost.push_back({n, 0.0});
             } else {
               ws.block.load(rows.x, begin, end, origin);
               const BlockOfColumns<T> values = ws.values.topRows(end - begin);
               log_density->log_prob(ws.block, values);
               visitor.visit(ws, values, Places(begin));
             }
             if (!ws.lost.empty()) visit_lost_rows(rows, begin, mixture, *careful, visitor, ws);
           },
           [&](EvaluationSpace<T>& ws) {
             total += std::exchange(ws.sum, 0.0);
             if (!first_lost) first_lost = ws.first_lost;
             ws.first_lost.reset();
           });
  if (first_lost) throw out_of_range(rows.x, *first_lost);
  return total;
}

// (2), (8): values become responsibilities, and ws.log_prob_norm gets log p.
template <class T, class C>
void to_responsibilities(const Rows<T>& rows, EvaluationSpace<C>& ws, BlockOfColumns<C> values, Places places) {
  auto norm = ws.log_prob_norm.head(values.rows());
  if (!rows.terms || !ws.is_careful) {
    ws.posterior(values, norm, ws.priors, {rows.terms, rows.first + places(0)});
    return;
  }
  for (Index n = 0; n < values.rows(); ++n) {  // here and there
    ws.posterior(part_of(values, n, 0, 1, values.cols()), norm.segment(n, 1), ws.priors,
                 {rows.terms, rows.first + places(n)});
  }
}

// (9)
template <class C>
void write_labels(EvaluationSpace<C>& ws, BlockOfColumns<C> values, Places places, VectorView<std::int64_t> out) {
  largest_column(values.data(), values.outerStride(), values.cols(), values.rows(), ws.index.data(),
                 ws.log_prob_norm.data());
  for (Index n = 0; n < values.rows(); ++n) out[places(n)] = static_cast<std::int64_t>(ws.index(n));
}

// (10), (35): adds the log-densities of a block to the sum. Rows without one count nothing; needed ones are lost.
template <class T, class C, class IsNeeded>
void add_log_likelihood(const Rows<T>& rows, EvaluationSpace<C>& ws, BlockOfColumns<C> values, Places places,
                        const IsNeeded& is_needed) {
  to_responsibilities(rows, ws, values, places);
  const Index size = values.rows();
  auto norm = ws.log_prob_norm.head(size);
  if (!all_are_finite(ws.log_prob_norm, size)) {
    for (Index n = 0; n < size; ++n) {
      if (std::isfinite(norm(n))) continue;
      if (is_needed(places(n))) ws.lost.push_back({n, static_cast<double>(norm(n))});
      norm(n) = 0;
    }
  }
  if (ws.is_careful) {
    for (Index n = 0; n < size; ++n) ws.sum += rows.weight_of(places(n)) * static_cast<double>(norm(n));
  } else {
    ws.weights.load(rows.weight, places(0), places(0) + size);
    ws.sum += ws.weights.weighted_sum(norm);
  }
}

}  // namespace

template <class T>
void component_log_densities(const Rows<T>& rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.size(), mixture.n_components());
  for_densities<T>(rows, mixture, Weighting::unweighted, n_threads, [&](auto& ws, auto values, Places places) {
    for (Index n = 0; n < values.rows(); ++n) {
      bool is_finite = true;
      for (Index k = 0; k < values.cols(); ++k) {
        is_finite = is_finite && std::isfinite(values(n, k));
        out(places(n), k) = static_cast<T>(values(n, k));
      }
      if (!is_finite && !ws.is_careful) ws.lost.push_back({n, 0.0});
    }
  });
}

template <class T>
void responsibilities(const Rows<T>& rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.size(), mixture.n_components());
  for_densities<T>(rows, mixture, Weighting::weighted, n_threads, [&](auto& ws, auto values, Places places) {
    to_responsibilities(rows, ws, values, places);
    for (Index k = 0; k < values.cols(); ++k) {
      for (Index n = 0; n < values.rows(); ++n) out(places(n), k) = static_cast<T>(values(n, k));
    }
    ws.lose_rows_without_density(values.rows());
  });
}

template <class T>
void score_samples(const Rows<T>& rows, const Mixture& mixture, VectorView<T> out, int n_threads) {
  check_output(out.size(), 1, rows.size(), 1);
  for_densities<T>(rows, mixture, Weighting::weighted, n_threads, [&](auto& ws, auto values, Places places) {
    to_responsibilities(rows, ws, values, places);
    for (Index n = 0; n < values.rows(); ++n) out[places(n)] = static_cast<T>(ws.log_prob_norm(n));
    ws.lose_rows_without_density(values.rows());
    if (!ws.is_careful) return;
    for (Index n = 0; n < values.rows(); ++n) {
      const auto log_density = static_cast<double>(ws.log_prob_norm(n));
      if (std::isfinite(log_density) && !std::isfinite(out[places(n)])) ws.lost.push_back({n, log_density});
    }
  });
}

template <class T>
void predict(const Rows<T>& rows, const Mixture& mixture, VectorView<std::int64_t> out, int n_threads) {
  check_output(out.size(), 1, rows.size(), 1);
  for_densities<T>(rows, mixture, Weighting::weighted, n_threads, [&](auto& ws, auto values, Places places) {
    for (Index n = 0; rows.terms && n < values.rows(); ++n) {
      BlockTerms{rows.terms, rows.first + places(n) - n}.add_to_row(n, values);
    }
    write_labels(ws, values, places, out);
    ws.lose_rows_without_density(values.rows());
  });
}

template <class T>
double log_likelihood(const Rows<T>& rows, const Mixture& mixture, int n_threads) {
  check_sample_weight(rows);
  return for_densities<T>(rows, mixture, Weighting::weighted, n_threads, [&](auto& ws, auto values, Places places) {
    add_log_likelihood(rows, ws, values, places, [&](Index row) { return rows.weight_of(row) > 0; });
  });
}

template <class T>
double predict_with_log_likelihood(const Rows<T>& rows, const Mixture& mixture, VectorView<std::int64_t> out,
                                   int n_threads) {
  check_output(out.size(), 1, rows.size(), 1);
  check_sample_weight(rows);
  if (rows.terms) throw InvalidArgument("rows have terms; call predict() and log_likelihood() one after another");
  return for_densities<T>(rows, mixture, Weighting::weighted, n_threads, [&](auto& ws, auto values, Places places) {
    write_labels(ws, values, places, out);
    add_log_likelihood(rows, ws, values, places, [](Index) { return true; });
  });
}

#define GMMX_INSTANTIATE(T)                                                                  \
  template void component_log_densities(const Rows<T>&, const Mixture&, MatrixView<T>, int); \
  template void responsibilities(const Rows<T>&, const Mixture&, MatrixView<T>, int);        \
  template void score_samples(const Rows<T>&, const Mixture&, VectorView<T>, int);           \
  template void predict(const Rows<T>&, const Mixture&, VectorView<std::int64_t>, int);      \
  template double log_likelihood(const Rows<T>&, const Mixture&, int);                       \
  template double predict_with_log_likelihood(const Rows<T>&, const Mixture&, VectorView<std::int64_t>, int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
