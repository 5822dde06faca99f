// Statistics of rows whose memberships are given: two passes, means first, then moments about them. (46)
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "em/statistics_pass.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "moments/moments.hpp"
#include "parallel/block_loop.hpp"
#include "rows/row_pass.hpp"
#include "statistics/check_statistics.hpp"

namespace gmmx {

namespace {

// Memberships that are given: write(begin, resp) for the rows of a block.
using Write = std::function<void(Index, BlockOfColumns<double>)>;

// All in double, whatever the rows are: a fit takes these sums once, and begins with what they say of narrow
// directions.
template <class T>
SufficientStatistics pass(const Rows<T>& rows, SecondMoments form, const RowMajorMatrix<double>& shifts, int n_threads,
                          const Write& write) {
  const Index d = rows.n_features();
  const Index k = shifts.rows();
  const RowVector<double> no_origin = RowVector<double>::Zero(d);
  const PassPlan<double> plan{k, 1, no_origin,
                              [&] { return make_centred_moments<double>(form, ConstMatrixMap(shifts.data(), k, d)); },
                              [&](Block<double>&, const RowWeights&, Index first_row, BlockOfColumns<double> resp,
                                  Scores<double>&) { write(first_row, resp); }};
  const BlockLoop loop(rows.size(), Index{sizeof(double)} * (3 * d + 2 * k), static_cast<double>(k * d * d), n_threads);
  return StatisticsPass<T, double>()(rows, loop, plan).sums.statistics;
}

// Of a component the row of the largest weight, the first of equal ones: a point among its own rows, about which their
// mean can be added up without losing digits to the rows of others.
struct HeaviestRow {
  void note(double other_weight, Index other_row) {
    if (other_weight > weight) *this = {other_weight, other_row};
  }

  double weight = 0;
  Index row = -1;
};
using HeaviestRows = std::vector<HeaviestRow>;

// K x d. Components without a row have the first one that counts.
template <class T>
RowMajorMatrix<double> points_of(const HeaviestRows& heaviest, const Rows<T>& rows) {
  const auto k_count = static_cast<Index>(heaviest.size());
  RowMajorMatrix<double> result = RowMajorMatrix<double>::Zero(k_count, rows.n_features());
  if (rows.size() == 0) return result;
  result.rowwise() = first_weighted_row(rows).template cast<double>();
  for (Index k = 0; k < k_count; ++k) {
    const Index row = heaviest[static_cast<std::size_t>(k)].row;
    if (row >= 0) result.row(k) = row_as_double(rows.x, row);
  }
  return result;
}

// What the shifts of the second pass are made of: sums about a row of each component.
struct FirstMoments {
  explicit FirstMoments(RowMajorMatrix<double> origins_)
      : counts(Vector<double>::Zero(origins_.rows())),
        sums(RowMajorMatrix<double>::Zero(origins_.rows(), origins_.cols())),
        origins(std::move(origins_)) {}

  Vector<double> counts;
  RowMajorMatrix<double> sums;
  RowMajorMatrix<double> origins;
  double total_weight = 0;
  std::int64_t n_samples = 0;  // rows of positive weight
};

template <class T>
FirstMoments first_moments(const Rows<T>& rows, MatrixView<const T> given, int n_threads, const Write& write) {
  const Index k = given.cols();
  HeaviestRows heaviest(static_cast<std::size_t>(k));
  BlockLoop(rows.size(), Index{sizeof(T)} * k, static_cast<double>(k), n_threads)
      .run([&] { return std::make_unique<HeaviestRows>(heaviest.size()); },
           [&](HeaviestRows& part, Index begin, Index end) {
             HeaviestRow* const own = part.data();
             for (Index n = begin; n < end; ++n) {
               const double w = rows.weight_of(n);
               for (Index i = 0; i < k; ++i) own[i].note(w * static_cast<double>(given(n, i)), n);
             }
           },
           [&](HeaviestRows& part) {
             for (std::size_t i = 0; i < part.size(); ++i) heaviest[i].note(part[i].weight, part[i].row);
             part.assign(part.size(), {});
           });
  FirstMoments result(points_of(heaviest, rows));
  // The trace is the cheapest company that first moments can have.
  const SufficientStatistics s = pass(rows, SecondMoments::trace, result.origins, n_threads, write);
  result.counts = ConstVectorMap(s.counts.data(), k);
  result.sums = ConstMatrixMap(s.first_moments.data(), k, rows.n_features());
  result.total_weight = s.total_weight;
  result.n_samples = s.n_samples;
  return result;
}

// The same where each row belongs to one component.
template <class T>
FirstMoments first_moments_of_labels(const Rows<T>& rows, VectorView<const std::int32_t> labels, Index n_components,
                                     int n_threads) {
  const Index d = rows.n_features();
  HeaviestRows heaviest(static_cast<std::size_t>(n_components));
  Index n_missing = n_components;
  for (Index n = 0; n < rows.size() && !(rows.weight.absent() && n_missing == 0); ++n) {
    if (labels[n] < 0) continue;
    HeaviestRow& own = heaviest[static_cast<std::size_t>(labels[n])];
    n_missing -= own.row < 0 && rows.weight_of(n) > 0 ? 1 : 0;
    own.note(rows.weight_of(n), n);
  }
  FirstMoments total(points_of(heaviest, rows));
  BlockLoop(rows.size(), Index{sizeof(T)} * d, static_cast<double>(4 * d), n_threads)
      .run([&] { return std::make_unique<FirstMoments>(total.origins); },
           [&](FirstMoments& part, Index begin, Index end) {
             for (Index n = begin; n < end; ++n) {
               const double w = rows.weight_of(n);
               const Index k = labels[n];
               part.total_weight += w;
               part.n_samples += w > 0 ? 1 : 0;
               if (k < 0 || !(w > 0)) continue;
               part.counts(k) += w;
               add_row(rows.x, n, &part.origins(k, 0), w, &part.sums(k, 0));
             }
           },
           [&](FirstMoments& part) {
             total.counts += part.counts;
             total.sums += part.sums;
             total.total_weight += std::exchange(part.total_weight, 0.0);
             total.n_samples += std::exchange(part.n_samples, 0);
             part.counts.setZero();
             part.sums.setZero();
           });
  return total;
}

// The means; an empty component waits at the mean of all rows.
RowMajorMatrix<double> means_of(const FirstMoments& first) {
  RowMajorMatrix<double> means = first.origins;
  RowVector<double> overall = RowVector<double>::Zero(means.cols());
  const double total = first.counts.sum();
  if (!(total > 0)) return means;
  for (Index k = 0; k < means.rows(); ++k) {
    const double count = first.counts(k);
    if (!(count > 0)) continue;
    means.row(k) += first.sums.row(k) / count;
    overall += count / total * means.row(k);
  }
  const double rounding = rounding_of_counts(first.total_weight, static_cast<double>(first.n_samples));
  for (Index k = 0; k < means.rows(); ++k) {
    if (!(first.counts(k) > rounding)) means.row(k) = overall;
  }
  return means;
}

}  // namespace

template <class T>
SufficientStatistics statistics_from_labels(const Rows<T>& rows, VectorView<const std::int32_t> labels,
                                            Index n_components, SecondMoments form, int n_threads) {
  check_length("labels", labels.size(), rows.size());
  check_labels(labels, n_components);
  check_sample_weight(rows);
  const FirstMoments first = first_moments_of_labels(rows, labels, n_components, n_threads);
  return pass(rows, form, means_of(first), n_threads, [&](Index begin, BlockOfColumns<double> resp) {
    resp.setZero();
    for (Index n = 0; n < resp.rows(); ++n) {
      const std::int32_t label = labels[begin + n];
      if (label >= 0) resp(n, label) = 1.0;
    }
  });
}

template <class T>
SufficientStatistics statistics_from_responsibilities(const Rows<T>& rows, MatrixView<const T> given,
                                                      SecondMoments form, int n_threads) {
  if (given.rows() != rows.size() || given.cols() < 1) {
    throw InvalidArgument("responsibilities has shape (" + std::to_string(given.rows()) + ", " +
                          std::to_string(given.cols()) + "), but must have one row for each of " +
                          std::to_string(rows.size()) + " rows and a column a component");
  }
  const Write write = [&](Index begin, BlockOfColumns<double> resp) {
    for (Index k = 0; k < resp.cols(); ++k) {
      for (Index n = 0; n < resp.rows(); ++n) {
        const T r = given(begin + n, k);
        if (!(r >= 0) || !std::isfinite(r)) {
          throw InvalidArgument("responsibilities[" + std::to_string(begin + n) + ", " + std::to_string(k) + "] is " +
                                text_of(static_cast<double>(r)) + "; responsibilities must be finite and not negative");
        }
        resp(n, k) = static_cast<double>(r);
      }
    }
  };
  check_sample_weight(rows);
  const FirstMoments first = first_moments(rows, given, n_threads, write);
  return pass(rows, form, means_of(first), n_threads, write);
}

#define GMMX_INSTANTIATE(T)                                                                                          \
  template SufficientStatistics statistics_from_labels(const Rows<T>&, VectorView<const std::int32_t>, Index,        \
                                                       SecondMoments, int);                                          \
  template SufficientStatistics statistics_from_responsibilities(const Rows<T>&, MatrixView<const T>, SecondMoments, \
                                                                 int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
