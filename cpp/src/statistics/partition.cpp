// Statistics of rows whose memberships are given: two passes, means first, then moments about them. (46)
#include <memory>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "density/widening_loader.hpp"
#include "em/row_weights.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "initialization/row_pass.hpp"
#include "moments/moments.hpp"
#include "parallel/parallel.hpp"
#include "statistics/check_statistics.hpp"

namespace gmmx {

namespace {

// All in double, whatever the rows are: a fit takes these sums once, and begins with what they say of narrow
// directions.
template <class T>
struct Workspace {
  Workspace(Index capacity, Index n_features, Index n_components, std::unique_ptr<Moments<double>> moments_)
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
SufficientStatistics pass(MatrixView<const T> rows, SecondMomentForm form, const RowVector<double>& origin,
                          const Matrix<double>& shifts, VectorView<const double> sample_weight, int n_threads,
                          Fill fill) {
  const Index d = rows.cols();
  const Index k = shifts.rows();
  const RowMajorMatrix<double> row_major_shifts = shifts;
  const auto new_moments = [&] {
    return make_moments<double>(form, origin, ConstMatrixMap(row_major_shifts.data(), k, d), 0.0);
  };
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(double)} * (3 * d + 2 * k));
  const auto moments = new_moments();
  double total_weight = 0;
  Index n_samples = 0;
  for_chunks(
      chunks, useful_threads(n_threads, chunks, static_cast<double>(k * d * d)),
      [&] { return std::make_unique<Workspace<T>>(chunks.block_rows, d, k, new_moments()); },
      [&](Workspace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.loader.load(rows, begin, end, origin, ws.block);
          const BlockOfColumns<double> resp = ws.resp.topRows(end - begin);
          fill(begin, resp);
          ws.weights.load(sample_weight, begin, end);
          ws.total_weight += ws.weights.total();
          ws.n_samples += ws.weights.n_positive();
          ws.weights.scale_rows(resp);
          ws.moments->add(ws.block, resp);
        });
      },
      [&](Workspace<T>& ws) {
        moments->take(*ws.moments);
        total_weight += std::exchange(ws.total_weight, 0.0);
        n_samples += std::exchange(ws.n_samples, 0);
      });
  SufficientStatistics total = moments->statistics();
  total.total_weight = total_weight;
  total.n_samples = n_samples;
  return total;
}

// What the shifts of the second pass are made of, about the origin.
struct FirstMoments {
  FirstMoments(Index n_components, Index n_features)
      : counts(Vector<double>::Zero(n_components)), sums(RowMajorMatrix<double>::Zero(n_components, n_features)) {}

  Vector<double> counts;
  RowMajorMatrix<double> sums;
  double total_weight = 0;
};

template <class T, class Fill>
FirstMoments first_moments(MatrixView<const T> rows, Index n_components, const RowVector<T>& origin,
                           VectorView<const double> sample_weight, int n_threads, Fill fill) {
  const Index d = rows.cols();
  // The trace is the cheapest company that first moments can have.
  const RowVector<double> centre = origin.template cast<double>();
  const Matrix<double> shifts = centre.replicate(n_components, 1);
  const SufficientStatistics s = pass(rows, SecondMomentForm::trace, centre, shifts, sample_weight, n_threads, fill);
  FirstMoments result(n_components, d);
  result.counts = ConstVectorMap(s.counts.data(), n_components);
  result.sums = ConstMatrixMap(s.first_moments.data(), n_components, d);
  result.total_weight = s.total_weight;
  return result;
}

// The same where each row belongs to one component.
template <class T>
FirstMoments first_moments_of_labels(MatrixView<const T> rows, VectorView<const std::int32_t> labels,
                                     Index n_components, const RowVector<T>& origin,
                                     VectorView<const double> sample_weight, int n_threads) {
  const Index d = rows.cols();
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * d);
  FirstMoments total(n_components, d);
  for_chunks(
      chunks, useful_threads(n_threads, chunks, static_cast<double>(4 * d)),
      [&] { return std::make_unique<FirstMoments>(n_components, d); },
      [&](FirstMoments& part, Index begin, Index end) {
        for (Index n = begin; n < end; ++n) {
          const double w = weight_of(sample_weight, n);
          const Index k = labels[n];
          part.total_weight += w;
          if (k < 0 || !(w > 0)) continue;
          part.counts(k) += w;
          add_row(rows, n, origin, w, &part.sums(k, 0));
        }
      },
      [&](FirstMoments& part) {
        total.counts += part.counts;
        total.sums += part.sums;
        total.total_weight += part.total_weight;
        part = FirstMoments(n_components, d);
      });
  return total;
}

// first_pass(origin) returns FirstMoments.
template <class T, class FirstPass, class Fill>
SufficientStatistics two_passes(MatrixView<const T> rows, SecondMomentForm form, VectorView<const double> sample_weight,
                                int n_threads, FirstPass first_pass, Fill fill) {
  check_sample_weight(sample_weight, rows.rows());
  const Index d = rows.cols();
  RowVector<T> origin = RowVector<T>::Zero(d);
  if (rows.rows() > 0) origin = first_weighted_row(rows, sample_weight);
  const FirstMoments first = first_pass(origin);
  const Index n_components = first.counts.size();
  Matrix<double> shifts = origin.template cast<double>().replicate(n_components, 1);
  RowVector<double> overall = RowVector<double>::Zero(d);
  if (first.counts.sum() > 0) overall = first.sums.colwise().sum() / first.counts.sum();
  Index n_samples = rows.rows();
  for (Index n = 0; n < rows.rows(); ++n) n_samples -= weight_of(sample_weight, n) > 0 ? 0 : 1;
  const double rounding = rounding_of_counts(first.total_weight, static_cast<double>(n_samples));
  for (Index k = 0; k < n_components; ++k) {
    const double count = first.counts(k);
    const bool empty = !(count > rounding);
    if (empty) {
      shifts.row(k) += overall;  // an empty component waits at the mean of all rows
    } else {
      shifts.row(k) += first.sums.row(k) / count;
    }
  }
  const RowVector<double> centre = origin.template cast<double>() + overall;
  return pass(rows, form, centre, shifts, sample_weight, n_threads, fill);
}

}  // namespace

template <class T>
SufficientStatistics statistics_from_labels(MatrixView<const T> rows, VectorView<const std::int32_t> labels,
                                            Index n_components, SecondMomentForm form,
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
  const auto first_pass = [&](const RowVector<T>& origin) {
    return first_moments_of_labels(rows, labels, n_components, origin, sample_weight, n_threads);
  };
  return two_passes(rows, form, sample_weight, n_threads, first_pass, [&](Index begin, BlockOfColumns<double> resp) {
    resp.setZero();
    for (Index n = 0; n < resp.rows(); ++n) {
      const std::int32_t label = labels[begin + n];
      if (label >= 0) resp(n, label) = 1.0;
    }
  });
}

template <class T>
SufficientStatistics statistics_from_responsibilities(MatrixView<const T> rows, MatrixView<const T> given,
                                                      SecondMomentForm form, VectorView<const double> sample_weight,
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
  const auto first_pass = [&](const RowVector<T>& origin) {
    return first_moments(rows, given.cols(), origin, sample_weight, n_threads, fill);
  };
  return two_passes(rows, form, sample_weight, n_threads, first_pass, fill);
}

#define GMMX_INSTANTIATE(T)                                                                                        \
  template SufficientStatistics statistics_from_labels(MatrixView<const T>, VectorView<const std::int32_t>, Index, \
                                                       SecondMomentForm, VectorView<const double>, int);           \
  template SufficientStatistics statistics_from_responsibilities(MatrixView<const T>, MatrixView<const T>,         \
                                                                 SecondMomentForm, VectorView<const double>, int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
