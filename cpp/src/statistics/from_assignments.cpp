// Statistics of rows whose memberships are given: two passes, means first, then moments about them. (46)
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "density/widening_loader.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "moments/centred.hpp"
#include "parallel/parallel.hpp"
#include "rows/row_pass.hpp"
#include "rows/row_weights.hpp"
#include "statistics/check_statistics.hpp"

namespace gmmx {

namespace {

// All in double, whatever the rows are: a fit takes these sums once, and begins with what they say of narrow
// directions.
template <class T>
struct PartitionSpace {
  PartitionSpace(Index capacity, Index n_features, Index n_components, std::unique_ptr<Moments<double>> moments_)
      : loader(capacity, n_features),
        block(capacity, n_features),
        resp(block_results<double>(capacity, n_components)),
        weights(capacity),
        moments(std::move(moments_)) {}

  WideningLoader<T> loader;
  Block<double> block;
  Array<double> resp;
  RowWeights<double> weights;
  std::unique_ptr<Moments<double>> moments;
  double total_weight = 0;
  Index n_samples = 0;
};

// fill(begin, resp) writes the memberships of a block of rows.
template <class T, class Fill>
SufficientStatistics pass(MatrixView<const T> rows, SecondMoments form, const RowMajorMatrix<double>& shifts,
                          VectorView<const double> sample_weight, int n_threads, Fill fill) {
  const Index d = rows.cols();
  const Index k = shifts.rows();
  const RowVector<double> no_origin = RowVector<double>::Zero(d);
  const auto new_moments = [&] { return make_centred_moments<double>(form, ConstMatrixMap(shifts.data(), k, d)); };
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(double)} * (3 * d + 2 * k));
  const auto moments = new_moments();
  double total_weight = 0;
  Index n_samples = 0;
  for_chunks(
      chunks, useful_threads(n_threads, chunks, static_cast<double>(k * d * d)),
      [&] { return std::make_unique<PartitionSpace<T>>(chunks.block_rows, d, k, new_moments()); },
      [&](PartitionSpace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.loader.load(rows, begin, end, no_origin, ws.block);
          const BlockOfColumns<double> resp = ws.resp.topRows(end - begin);
          fill(begin, resp);
          ws.weights.load(sample_weight, begin, end);
          ws.total_weight += ws.weights.total();
          ws.n_samples += ws.weights.n_positive();
          ws.weights.scale_rows(resp);
          ws.moments->add(ws.block, resp);
        });
      },
      [&](PartitionSpace<T>& ws) {
        moments->merge(*ws.moments);
        total_weight += std::exchange(ws.total_weight, 0.0);
        n_samples += std::exchange(ws.n_samples, 0);
      });
  SufficientStatistics total = moments->statistics();
  total.total_weight = total_weight;
  total.n_samples = n_samples;
  return total;
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
  RowMajorMatrix<double> of(MatrixView<const T> rows, VectorView<const double> sample_weight) const {
    RowMajorMatrix<double> result = RowMajorMatrix<double>::Zero(static_cast<Index>(rows_.size()), rows.cols());
    if (rows.rows() == 0) return result;
    result.rowwise() = first_weighted_row(rows, sample_weight).template cast<double>();
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      if (rows_[k] >= 0) result.row(static_cast<Index>(k)) = row_as_double(rows, rows_[k]);
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
};

template <class T, class Fill>
FirstMoments first_moments(MatrixView<const T> rows, MatrixView<const T> given, VectorView<const double> sample_weight,
                           int n_threads, Fill fill) {
  const Index k = given.cols();
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * k);
  HeaviestRows heaviest(k);
  for_chunks(
      chunks, useful_threads(n_threads, chunks, static_cast<double>(k)),
      [&] { return std::make_unique<HeaviestRows>(k); },
      [&](HeaviestRows& part, Index begin, Index end) {
        for (Index n = begin; n < end; ++n) {
          const double w = weight_of(sample_weight, n);
          for (Index i = 0; i < k; ++i) part.note(i, w * static_cast<double>(given(n, i)), n);
        }
      },
      [&](HeaviestRows& part) { heaviest.merge(part); });
  FirstMoments result(heaviest.of(rows, sample_weight));
  // The trace is the cheapest company that first moments can have.
  const SufficientStatistics s = pass(rows, SecondMoments::trace, result.origins, sample_weight, n_threads, fill);
  result.counts = ConstVectorMap(s.counts.data(), k);
  result.sums = ConstMatrixMap(s.first_moments.data(), k, rows.cols());
  result.total_weight = s.total_weight;
  return result;
}

// The same where each row belongs to one component.
template <class T>
FirstMoments first_moments_of_labels(MatrixView<const T> rows, VectorView<const std::int32_t> labels,
                                     Index n_components, VectorView<const double> sample_weight, int n_threads) {
  const Index d = rows.cols();
  HeaviestRows heaviest(n_components);
  for (Index n = 0; n < rows.rows() && !(sample_weight.absent() && heaviest.all_are_found()); ++n) {
    if (labels[n] >= 0) heaviest.note(labels[n], weight_of(sample_weight, n), n);
  }
  FirstMoments total(heaviest.of(rows, sample_weight));
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * d);
  for_chunks(
      chunks, useful_threads(n_threads, chunks, static_cast<double>(4 * d)),
      [&] { return std::make_unique<FirstMoments>(total.origins); },
      [&](FirstMoments& part, Index begin, Index end) {
        for (Index n = begin; n < end; ++n) {
          const double w = weight_of(sample_weight, n);
          const Index k = labels[n];
          part.total_weight += w;
          if (k < 0 || !(w > 0)) continue;
          part.counts(k) += w;
          add_row(rows, n, &part.origins(k, 0), w, &part.sums(k, 0));
        }
      },
      [&](FirstMoments& part) {
        total.counts += part.counts;
        total.sums += part.sums;
        total.total_weight += part.total_weight;
        part.counts.setZero();
        part.sums.setZero();
        part.total_weight = 0;
      });
  return total;
}

// Rows of positive weight.
Index n_present(Index n_rows, VectorView<const double> sample_weight) {
  if (sample_weight.absent()) return n_rows;
  Index result = 0;
  for (Index n = 0; n < n_rows; ++n) result += weight_of(sample_weight, n) > 0 ? 1 : 0;
  return result;
}

// The means; an empty component waits at the mean of all rows.
RowMajorMatrix<double> means_of(const FirstMoments& first, Index n_samples) {
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
  const double rounding = rounding_of_counts(first.total_weight, static_cast<double>(n_samples));
  for (Index k = 0; k < means.rows(); ++k) {
    if (!(first.counts(k) > rounding)) means.row(k) = overall;
  }
  return means;
}

}  // namespace

template <class T>
SufficientStatistics statistics_from_labels(MatrixView<const T> rows, VectorView<const std::int32_t> labels,
                                            Index n_components, SecondMoments form,
                                            VectorView<const double> sample_weight, int n_threads) {
  if (labels.size() != rows.rows()) {
    throw InvalidArgument("labels has " + std::to_string(labels.size()) + " entries for " +
                          std::to_string(rows.rows()) + " rows; give one a row");
  }
  for (Index n = 0; n < labels.size(); ++n) {
    if (labels[n] < -1 || labels[n] >= n_components) {
      throw InvalidArgument(
          "labels[" + std::to_string(n) + "] is " + std::to_string(labels[n]) +
          "; labels must be -1 (no component) or from 0 to n_components - 1 = " + std::to_string(n_components - 1));
    }
  }
  check_sample_weight(sample_weight, rows.rows());
  const FirstMoments first = first_moments_of_labels(rows, labels, n_components, sample_weight, n_threads);
  return pass(rows, form, means_of(first, n_present(rows.rows(), sample_weight)), sample_weight, n_threads,
              [&](Index begin, BlockOfColumns<double> resp) {
                resp.setZero();
                for (Index n = 0; n < resp.rows(); ++n) {
                  const std::int32_t label = labels[begin + n];
                  if (label >= 0) resp(n, label) = 1.0;
                }
              });
}

template <class T>
SufficientStatistics statistics_from_responsibilities(MatrixView<const T> rows, MatrixView<const T> given,
                                                      SecondMoments form, VectorView<const double> sample_weight,
                                                      int n_threads) {
  if (given.rows() != rows.rows() || given.cols() < 1) {
    throw InvalidArgument("responsibilities has shape (" + std::to_string(given.rows()) + ", " +
                          std::to_string(given.cols()) + "), but must have one row for each of " +
                          std::to_string(rows.rows()) + " rows and a column a component");
  }
  const auto fill = [&](Index begin, BlockOfColumns<double> resp) {
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
  check_sample_weight(sample_weight, rows.rows());
  const FirstMoments first = first_moments(rows, given, sample_weight, n_threads, fill);
  return pass(rows, form, means_of(first, n_present(rows.rows(), sample_weight)), sample_weight, n_threads, fill);
}

#define GMMX_INSTANTIATE(T)                                                                                        \
  template SufficientStatistics statistics_from_labels(MatrixView<const T>, VectorView<const std::int32_t>, Index, \
                                                       SecondMoments, VectorView<const double>, int);              \
  template SufficientStatistics statistics_from_responsibilities(MatrixView<const T>, MatrixView<const T>,         \
                                                                 SecondMoments, VectorView<const double>, int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
