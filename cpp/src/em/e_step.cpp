// One pass over the rows, block by block: densities, responsibilities and their sums, fused.
#include "em/e_step.hpp"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "arguments.hpp"
#include "covariance/model.hpp"
#include "density/posterior.hpp"
#include "em/row_weights.hpp"
#include "moments/moments.hpp"
#include "parallel/parallel.hpp"

namespace gmmx {

namespace {

// What the rows add to besides moments.
struct Scores {
  double log_likelihood = 0;
  double total_weight = 0;
  std::int64_t n_samples = 0;
  std::set<std::string_view> kernels;

  Scores& operator+=(const Scores& other) {
    log_likelihood += other.log_likelihood;
    total_weight += other.total_weight;
    n_samples += other.n_samples;
    kernels.insert(other.kernels.begin(), other.kernels.end());
    return *this;
  }
};

// What one thread needs.
template <class T>
struct Workspace {
  Workspace(Index capacity, Index n_features, Index n_components, std::unique_ptr<Moments<T>> moments_)
      : block(capacity, n_features),
        resp(block_results<T>(capacity, n_components)),
        log_prob_norm(capacity),
        posterior(capacity),
        weights(capacity),
        moments(std::move(moments_)) {}

  Block<T> block;
  Array<T> resp;
  Column<T> log_prob_norm;
  Posterior<T> posterior;
  RowWeights<T> weights;
  std::unique_ptr<Moments<T>> moments;
  Scores scores;
};

std::string joined(const std::set<std::string_view>& names) {
  std::string result;
  for (const std::string_view name : names) result.append(result.empty() ? "" : "+").append(name);
  return result;
}

}  // namespace

template <class T>
SufficientStatistics e_step(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                            int n_threads) {
  return run_e_step(rows, mixture, sample_weight, n_threads).statistics;
}

template <class T>
EStep run_e_step(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                 int n_threads) {
  check_features(rows, mixture);
  check_sample_weight(sample_weight, rows.rows());
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const CovarianceModel& model = model_of(mixture.covariance_type());
  const auto log_density = model.log_density(mixture, Weighting::weighted, T());
  const RowVector<T> origin = origin_of<T>(mixture);
  const Vector<T> priors = ConstVectorMap(mixture.weights().data(), k).template cast<T>();
  const auto new_moments = [&] {
    return make_moments<T>(model.form(), origin, ConstMatrixMap(mixture.means().data(), k, d),
                           log_density->squared_reach());
  };

  const Chunks chunks = cut_into_chunks(rows.rows(), Index{sizeof(T)} * (d + 2 * k));
  const double flops = static_cast<double>(k * (2 * d * d + 4 * d + 20));
  const auto moments = new_moments();
  Scores scores;
  for_chunks(
      chunks, useful_threads(n_threads, chunks, flops),
      [&] { return std::make_unique<Workspace<T>>(chunks.block_rows, d, k, new_moments()); },
      [&](Workspace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.block.load(rows, begin, end, origin);
          const BlockOfColumns<T> resp = ws.resp.topRows(end - begin);
          auto norm = ws.log_prob_norm.head(end - begin);
          log_density->weighted_log_prob(ws.block, resp);
          ws.scores.kernels.insert(log_density->name_for(ws.block));
          ws.posterior(resp, norm, priors);
          ws.weights.load(sample_weight, begin, end);
          ws.scores.log_likelihood += ws.weights.weighted_sum(norm);
          ws.scores.total_weight += ws.weights.total();
          ws.scores.n_samples += ws.weights.n_positive();
          ws.weights.scale_rows(resp);
          ws.moments->add(ws.block, resp);  // (18), (36)
        });
      },
      [&](Workspace<T>& ws) {
        moments->take(*ws.moments);
        scores += std::exchange(ws.scores, {});
      });
  SufficientStatistics total = moments->statistics();
  total.log_likelihood = scores.log_likelihood;
  total.total_weight = scores.total_weight;
  total.n_samples = scores.n_samples;
  total.mixture_fingerprint = mixture.fingerprint();
  return {std::move(total), joined(scores.kernels)};
}

template EStep run_e_step(MatrixView<const float>, const Mixture&, VectorView<const double>, int);
template EStep run_e_step(MatrixView<const double>, const Mixture&, VectorView<const double>, int);
template SufficientStatistics e_step(MatrixView<const float>, const Mixture&, VectorView<const double>, int);
template SufficientStatistics e_step(MatrixView<const double>, const Mixture&, VectorView<const double>, int);

}  // namespace gmmx
