// One pass over the rows, block by block: densities, responsibilities and their sums, fused.
#include "em/e_step.hpp"

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "covariance/model.hpp"
#include "density/posterior.hpp"
#include "em/row_weights.hpp"
#include "em/stack.hpp"
#include "moments/moments.hpp"
#include "parallel/parallel.hpp"

namespace gmmx {

namespace {

// What the rows add to besides moments.
struct Scores {
  explicit Scores(std::size_t n_mixtures) : log_likelihoods(n_mixtures, 0.0) {}

  std::vector<double> log_likelihoods;  // of each mixture of the stack
  double total_weight = 0;
  std::int64_t n_samples = 0;
  std::set<std::string_view> kernels;

  Scores& operator+=(const Scores& other) {
    for (std::size_t i = 0; i < log_likelihoods.size(); ++i) log_likelihoods[i] += other.log_likelihoods[i];
    total_weight += other.total_weight;
    n_samples += other.n_samples;
    kernels.insert(other.kernels.begin(), other.kernels.end());
    return *this;
  }
};

// What one thread needs.
template <class T>
struct Workspace {
  Workspace(Index capacity, Index n_features, Index n_components, std::size_t n_mixtures,
            std::unique_ptr<Moments<T>> moments_)
      : block(capacity, n_features),
        resp(block_results<T>(capacity, n_components)),
        log_prob_norm(capacity),
        posterior(capacity),
        weights(capacity),
        moments(std::move(moments_)),
        scores(n_mixtures) {}

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

// What a pass adds up: statistics without the log-likelihood, and that of each mixture of the stack.
struct Pass {
  SufficientStatistics statistics;
  std::vector<double> log_likelihoods;
  std::string kernel;
};

// `mixture` is n_mixtures mixtures in a stack; each has responsibilities of its own.
template <class T>
Pass pass_over(MatrixView<const T> rows, const Mixture& mixture, std::size_t n_mixtures,
               VectorView<const double> sample_weight, int n_threads) {
  check_features(rows, mixture);
  check_sample_weight(sample_weight, rows.rows());
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const Index k_of_each = k / static_cast<Index>(n_mixtures);
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
  Scores scores(n_mixtures);
  for_chunks(
      chunks, useful_threads(n_threads, chunks, flops),
      [&] { return std::make_unique<Workspace<T>>(chunks.block_rows, d, k, n_mixtures, new_moments()); },
      [&](Workspace<T>& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          ws.block.load(rows, begin, end, origin);
          const BlockOfColumns<T> resp = ws.resp.topRows(end - begin);
          auto norm = ws.log_prob_norm.head(end - begin);
          log_density->weighted_log_prob(ws.block, resp);
          ws.scores.kernels.insert(log_density->name_for(ws.block));
          ws.weights.load(sample_weight, begin, end);
          for (std::size_t i = 0; i < n_mixtures; ++i) {
            const Index first = static_cast<Index>(i) * k_of_each;
            ws.posterior(ws.resp.block(0, first, end - begin, k_of_each), norm, priors.segment(first, k_of_each));
            ws.scores.log_likelihoods[i] += ws.weights.weighted_sum(norm);
          }
          ws.scores.total_weight += ws.weights.total();
          ws.scores.n_samples += ws.weights.n_positive();
          ws.weights.scale_rows(resp);
          ws.moments->add(ws.block, resp);  // (18), (36)
        });
      },
      [&](Workspace<T>& ws) {
        moments->take(*ws.moments);
        scores += std::exchange(ws.scores, Scores(n_mixtures));
      });
  SufficientStatistics total = moments->statistics();
  total.total_weight = scores.total_weight;
  total.n_samples = scores.n_samples;
  return {std::move(total), std::move(scores.log_likelihoods), joined(scores.kernels)};
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
  Pass pass = pass_over(rows, mixture, 1, sample_weight, n_threads);
  pass.statistics.log_likelihood = pass.log_likelihoods.front();
  pass.statistics.mixture_fingerprint = mixture.fingerprint();
  return {std::move(pass.statistics), std::move(pass.kernel)};
}

template <class T>
std::vector<EStep> run_e_steps(MatrixView<const T> rows, const std::vector<const Mixture*>& mixtures,
                               VectorView<const double> sample_weight, int n_threads) {
  if (mixtures.size() == 1) return {run_e_step(rows, *mixtures.front(), sample_weight, n_threads)};
  const Pass pass = pass_over(rows, stack(mixtures), mixtures.size(), sample_weight, n_threads);
  // In the stack every density is that many times less.
  const double lost = pass.statistics.total_weight * std::log(static_cast<double>(mixtures.size()));
  std::vector<EStep> results;
  for (std::size_t i = 0; i < mixtures.size(); ++i) {
    SufficientStatistics part = part_of(pass.statistics, i, *mixtures[i]);
    part.log_likelihood = pass.log_likelihoods[i] + lost;
    results.push_back({std::move(part), pass.kernel});
  }
  return results;
}

template EStep run_e_step(MatrixView<const float>, const Mixture&, VectorView<const double>, int);
template EStep run_e_step(MatrixView<const double>, const Mixture&, VectorView<const double>, int);
template std::vector<EStep> run_e_steps(MatrixView<const float>, const std::vector<const Mixture*>&,
                                        VectorView<const double>, int);
template std::vector<EStep> run_e_steps(MatrixView<const double>, const std::vector<const Mixture*>&,
                                        VectorView<const double>, int);
template SufficientStatistics e_step(MatrixView<const float>, const Mixture&, VectorView<const double>, int);
template SufficientStatistics e_step(MatrixView<const double>, const Mixture&, VectorView<const double>, int);

}  // namespace gmmx
