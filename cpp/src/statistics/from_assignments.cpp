// Statistics of rows whose memberships are given: two passes, means first, then moments about them. (46)
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
                              [&](Block<double>&, const RowWeights<double>&, Index first_row,
                                  BlockOfColumns<double> resp, Scores<double>&) { write(first_row, resp); }};
  const BlockLoop loop(rows.size(), Index{sizeof(double)} * (3 * d + 2 * k), static_cast<double>(k * d * d), n_threads);
  return StatisticsPass<T, double>()(rows, loop, plan).sums.statistics;
}

// Of each component the row of the largest weight, the first of equal ones: a point among its own rows, about which
// their mean can be added up without losing digits to the rows of others.
class HeaviestRows {
 public:
  explicit HeaviestRows(Index n_components)
      : weights_(static_cast<std::size_t>(n_components), 0.0), rows_(weights_.size(), -1) {}

  void note(Index k, double weight, Index row) {
    const auto at = static_cast<std::size_t>(k);
    if (!(weight > weights_[at])) return;
    n_found_ += rows_[at] < 0 ? 1 : 0;
    weights_[at] = weight;
    rows_[at] = row;
  }
  // Adds those of rows further on, and leaves them without any.
  void merge(HeaviestRows& others) {
    for (std::size_t k = 0; k < rows_.size(); ++k) note(static_cast<Index>(k), others.weights_[k], others.rows_[k]);
    others = HeaviestRows(static_cast<Index>(rows_.size()));
  }

  bool all_are_found() const { return n_found_ == static_cast<Index>(rows_.size()); }
  // K x d. Components without a row have the first one that counts.
  template <class T>
  RowMajorMatrix<double> of(const Rows<T>& rows) const {
    RowMajorMatrix<double> result = RowMajorMatrix<double>::Zero(static_cast<Index>(rows_.size()), rows.n_features());
    if (rows.size() == 0) return result;
    result.rowwise() = first_weighted_row(rows).template cast<double>();
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      if (rows_[k] >= 0) result.row(static_cast<Index>(k)) = row_as_double(rows.x, rows_[k]);
    }
    return result;
  }

 private:
  std::vector<double> weights_;
  std::vector<Index> rows_;
  Index n_found_ = 0;
};

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
  Index n_samples = 0;  // rows of positive weight
};

template <class T>
FirstMoments first_moments(const Rows<T>& rows, MatrixView<const T> given, int n_threads, const Write& write) {
  const Index k = given.cols();
  HeaviestRows heaviest(k);
  BlockLoop(rows.size(), Index{sizeof(T)} * k, static_cast<double>(k), n_threads)
      .run([&] { return std::make_unique<HeaviestRows>(k); },
           [&](HeaviestRows& part, Index begin, Index end) {
             for (Index n = begin; n < end; ++n) {
               const double w = rows.weight_of(n);
               for (Index i = 0; i < k; ++i) part.note(i, w * static_cast<double>(given(n, i)), n);
             }
           },
           [&](HeaviestRows& part) { heaviest.merge(part); });
  FirstMoments result(heaviest.of(rows));
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
  HeaviestRows heaviest(n_components);
  for (Index n = 0; n < rows.size() && !(rows.weight.absent() && heaviest.all_are_found()); ++n) {
    if (labels[n] >= 0) heaviest.note(labels[n], rows.weight_of(n), n);
  }
  FirstMoments total(heaviest.of(rows));
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
  if (labels.size() != rows.size()) {
    throw InvalidArgument("labels has " + std::to_string(labels.size()) + " entries for " +
                          std::to_string(rows.size()) + " rows; give one a row");
  }
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
