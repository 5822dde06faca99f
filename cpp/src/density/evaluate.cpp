// A mixture evaluated at rows: passes that write one result a row.
#include <memory>

#include "arguments.hpp"
#include "covariance/model.hpp"
#include "density/columns.hpp"
#include "density/posterior.hpp"
#include "em/row_weights.hpp"
#include "gmmx/density.hpp"
#include "parallel/parallel.hpp"

namespace gmmx {

namespace {

template <class T>
struct Workspace {
  Workspace(Index capacity, Index n_features, Index n_components)
      : block(capacity, n_features),
        values(block_results<T>(capacity, n_components)),
        log_prob_norm(capacity),
        index(padded<T>(capacity)),
        posterior(capacity),
        weights(capacity) {}

  Block<T> block;
  Array<T> values;
  Column<T> log_prob_norm;
  Column<T> index;
  Posterior<T> posterior;
  RowWeights<T> weights;
  double sum = 0;
};

// For each block of rows: visit(workspace, (weighted) log-densities, begin).
template <class T, class Visit, class Merge>
void for_densities(MatrixView<const T> rows, const Mixture& mixture, Weighting weighting, int n_threads, Visit visit,
                   Merge merge) {
  check_features(rows, mixture);
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const auto log_density = model_of(mixture.covariance_type()).log_density(mixture, weighting, T());
  const RowVector<T> origin = origin_of<T>(mixture);
  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * (d + 2 * k));
  const double flops = static_cast<double>(k * (d * d + 2 * d + 20));
  for_chunks(
      chunks, useful_threads(n_threads, chunks, flops),
      [&] { return std::make_unique<Workspace<T>>(chunks.block_rows, d, k); },
      [&](Workspace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.block.load(rows, begin, end, origin);
          const BlockOfColumns<T> values = ws.values.topRows(end - begin);
          log_density->weighted_log_prob(ws.block, values);
          visit(ws, values, begin);
        });
      },
      merge);
}

template <class T>
Vector<T> priors_of(const Mixture& mixture) {
  return ConstVectorMap(mixture.weights().data(), mixture.n_components()).template cast<T>();
}

template <class T>
void copy_out(const BlockOfColumns<T>& values, Index begin, MatrixView<T> out) {
  for (Index k = 0; k < values.cols(); ++k) {
    for (Index n = 0; n < values.rows(); ++n) out(begin + n, k) = values(n, k);
  }
}

constexpr auto nothing_to_merge = [](auto&) {};

}  // namespace

template <class T>
void component_log_densities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.rows(), mixture.n_components());
  for_densities(
      rows, mixture, Weighting::unweighted, n_threads,
      [&](Workspace<T>&, const BlockOfColumns<T>& values, Index begin) { copy_out(values, begin, out); },
      nothing_to_merge);
}

template <class T>
void responsibilities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out, int n_threads) {
  check_output(out.rows(), out.cols(), rows.rows(), mixture.n_components());
  const Vector<T> priors = priors_of<T>(mixture);
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](Workspace<T>& ws, const BlockOfColumns<T>& values, Index begin) {
        ws.posterior(values, ws.log_prob_norm.head(values.rows()), priors);
        copy_out(values, begin, out);
      },
      nothing_to_merge);
}

template <class T>
void score_samples(MatrixView<const T> rows, const Mixture& mixture, VectorView<T> out, int n_threads) {
  check_output(out.size(), 1, rows.rows(), 1);
  const Vector<T> priors = priors_of<T>(mixture);
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](Workspace<T>& ws, const BlockOfColumns<T>& values, Index begin) {
        auto norm = ws.log_prob_norm.head(values.rows());
        ws.posterior(values, norm, priors);  // (2)
        for (Index n = 0; n < norm.size(); ++n) out[begin + n] = norm(n);
      },
      nothing_to_merge);
}

template <class T>
void predict(MatrixView<const T> rows, const Mixture& mixture, VectorView<std::int64_t> out, int n_threads) {
  check_output(out.size(), 1, rows.rows(), 1);
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](Workspace<T>& ws, const BlockOfColumns<T>& values, Index begin) {
        T* const index = ws.index.data();
        largest_column(values.data(), values.outerStride(), values.cols(), values.rows(), index);  // (9)
        for (Index n = 0; n < values.rows(); ++n) out[begin + n] = static_cast<std::int64_t>(index[n]);
      },
      nothing_to_merge);
}

template <class T>
double log_likelihood(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                      int n_threads) {
  check_sample_weight(sample_weight, rows.rows());
  const Vector<T> priors = priors_of<T>(mixture);
  double total = 0;
  for_densities(
      rows, mixture, Weighting::weighted, n_threads,
      [&](Workspace<T>& ws, const BlockOfColumns<T>& values, Index begin) {
        auto norm = ws.log_prob_norm.head(values.rows());
        ws.posterior(values, norm, priors);
        ws.weights.load(sample_weight, begin, begin + values.rows());
        ws.sum += ws.weights.weighted_sum(norm);  // (10), (35)
      },
      [&](Workspace<T>& ws) {
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
