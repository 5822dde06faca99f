// The E-step: one pass over the rows, block by block: densities, responsibilities and their sums, fused.
#include "em/e_step.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>

#include "checks.hpp"
#include "covariance/float_range.hpp"
#include "covariance/model.hpp"
#include "density/posterior.hpp"
#include "density/widening_loader.hpp"
#include "em/batched_mixtures.hpp"
#include "em/no_allocation.hpp"
#include "moments/moments.hpp"
#include "parallel/parallel.hpp"
#include "parallel/pool.hpp"
#include "rows/row_weights.hpp"

namespace gmmx {

namespace {

// What the rows add to besides moments.
struct Scores {
  explicit Scores(std::size_t n_mixtures) : log_likelihoods(n_mixtures, 0.0) {}

  void note(std::string_view kernel) {
    if (std::find(kernels.begin(), kernels.end(), kernel) == kernels.end()) kernels.push_back(kernel);
  }

  // Adds other and clears it.
  void merge(Scores& other) {
    for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
      log_likelihoods[i] += std::exchange(other.log_likelihoods[i], 0.0);
    }
    total_weight += std::exchange(other.total_weight, 0.0);
    n_samples += std::exchange(other.n_samples, 0);
    for (const std::string_view kernel : other.kernels) note(kernel);
    other.kernels.clear();
  }

  std::vector<double> log_likelihoods;  // of each mixture of the batch
  double total_weight = 0;
  std::int64_t n_samples = 0;
  std::vector<std::string_view> kernels;
};

std::string joined(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  std::string result;
  for (const std::string_view name : names) result.append(result.empty() ? "" : "+").append(name);
  return result;
}

}  // namespace

// What a pass adds up: statistics without the log-likelihood, and that of each mixture of the batch.
template <class T>
struct EStepPass<T>::Sums {
  SufficientStatistics statistics;
  std::vector<double> log_likelihoods;
  std::string kernel;
  std::string moment_kernel;
  bool in_float;
};

namespace {

// What one thread needs for rows of T that are computed in C.
template <class T, class C>
struct Workspace {
  Workspace(Index capacity, Index n_features, Index n_components)
      : loader(capacity, n_features),
        block(capacity, n_features),
        resp(block_results<C>(capacity, n_components)),
        log_prob_norm(capacity),
        posterior(capacity),
        weights(capacity),
        scores(0) {}

  WideningLoader<T> loader;
  Block<C> block;
  Array<C> resp;
  Column<C> log_prob_norm;
  Posterior<C> posterior;
  RowWeights<C> weights;
  std::unique_ptr<Moments<C>> moments;  // of this pass
  bool is_warm = false;
  Scores scores;
};

// The workspaces of passes over mixtures of one size.
template <class Workspace>
struct Workspaces {
  Pool<Workspace>& of(Index n_components) {
    if (n_components != n_components_) pool_ = std::make_unique<Pool<Workspace>>();
    n_components_ = n_components;
    return *pool_;
  }

 private:
  std::unique_ptr<Pool<Workspace>> pool_;
  Index n_components_ = 0;
};

// Whether sums hold all that the rows say: no density underflowed even in logarithms, and no square overflowed.
bool are_finite(const SufficientStatistics& statistics, const std::vector<double>& log_likelihoods) {
  const auto finite = [](const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
  };
  return finite(log_likelihoods) && finite(statistics.first_moments) && finite(statistics.second_moments);
}

}  // namespace

template <class T>
struct EStepPass<T>::Memory {
  Workspaces<Workspace<T, T>> own;
  Workspaces<Workspace<T, double>> wide;

  template <class C>
  auto& workspaces() {
    if constexpr (std::is_same_v<T, C>) {
      return own;
    } else {
      return wide;
    }
  }
};

template <class T>
EStepPass<T>::EStepPass(MatrixView<const T> rows, VectorView<const double> sample_weight, int n_threads)
    : rows_(rows), sample_weight_(sample_weight), n_threads_(n_threads), memory_(std::make_unique<Memory>()) {
  check_sample_weight(sample_weight, rows.rows());
}

template <class T>
EStepPass<T>::~EStepPass() = default;

template <class T>
typename EStepPass<T>::Sums EStepPass<T>::pass_over(const Mixture& mixture, std::size_t n_mixtures) {
  check_features(rows_, mixture);
  if constexpr (std::is_same_v<T, float>) {
    if (is_beyond_float(mixture)) return pass_in<double>(mixture, n_mixtures);
    Sums sums = pass_in<float>(mixture, n_mixtures);
    // A row may leave the range of float though the mixture does not.
    if (!are_finite(sums.statistics, sums.log_likelihoods)) return pass_in<double>(mixture, n_mixtures);
    return sums;
  } else {
    return pass_in<T>(mixture, n_mixtures);
  }
}

// `mixture` is n_mixtures mixtures in a batch; each has responsibilities of its own.
template <class T>
template <class C>
typename EStepPass<T>::Sums EStepPass<T>::pass_in(const Mixture& mixture, std::size_t n_mixtures) {
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const Index k_of_each = k / static_cast<Index>(n_mixtures);
  const CovarianceModel& model = model_of(mixture.covariance_type());
  const RowVector<C> origin = origin_of<C>(mixture);
  const auto log_density = model.log_density(mixture, Weighting::weighted, C());
  const Vector<C> priors = ConstVectorMap(mixture.weights().data(), k).template cast<C>();
  const auto new_moments = [&] {
    return make_moments<C>(model.form(), origin, ConstMatrixMap(mixture.means().data(), k, d),
                           log_density->squared_reach());
  };

  const Chunks chunks = cut_into_chunks(rows_.rows(), Index{sizeof(C)} * (d + 2 * k));
  const double flops = static_cast<double>(k * (2 * d * d + 4 * d + 20));
  const auto moments = new_moments();
  Scores scores(n_mixtures);
  using Space = Workspace<T, C>;
  Pool<Space>& pool = memory_->template workspaces<C>().of(k);
  for_chunks(
      chunks, useful_threads(n_threads_, chunks, flops),
      [&] {
        auto ws = pool.lend([&] { return std::make_unique<Space>(chunks.block_rows, d, k); });
        ws->moments = new_moments();
        ws->is_warm = false;
        ws->scores = Scores(n_mixtures);
        return ws;
      },
      [&](Space& ws, Index chunk_begin, Index chunk_end) {
        for_blocks(chunks, chunk_begin, chunk_end, [&](Index begin, Index end) {
          // The first block finds out what memory the kernels need.
          const NoAllocation from_the_second_on(n_threads_ == 1 && std::exchange(ws.is_warm, true));
          if constexpr (std::is_same_v<T, C>) {
            ws.block.load(rows_, begin, end, origin);
          } else {
            ws.loader.load(rows_, begin, end, origin, ws.block);
          }
          const BlockOfColumns<C> resp = ws.resp.topRows(end - begin);
          auto norm = ws.log_prob_norm.head(end - begin);
          log_density->log_prob(ws.block, resp);
          ws.scores.note(log_density->name_for(ws.block));
          ws.weights.load(sample_weight_, begin, end);
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
      [&](Space& ws) {
        moments->merge(*ws.moments);
        scores.merge(ws.scores);
      });
  SufficientStatistics total = moments->statistics();
  total.total_weight = scores.total_weight;
  total.n_samples = scores.n_samples;
  return {std::move(total), std::move(scores.log_likelihoods), joined(std::move(scores.kernels)),
          joined(moments->kernels()), std::is_same_v<C, float>};
}

template <class T>
EStepResult EStepPass<T>::of_one(Sums sums) {
  sums.statistics.log_likelihood = sums.log_likelihoods.front();
  return {std::move(sums.statistics), std::move(sums.kernel), std::move(sums.moment_kernel), sums.in_float};
}

template <class T>
EStepResult EStepPass<T>::operator()(const Mixture& mixture) {
  return of_one(pass_over(mixture, 1));
}

template <class T>
EStepResult EStepPass<T>::in_double(const Mixture& mixture) {
  return of_one(pass_in<double>(mixture, 1));
}

template <class T>
std::vector<EStepResult> EStepPass<T>::operator()(const std::vector<const Mixture*>& mixtures) {
  std::vector<EStepResult> results;
  if (mixtures.size() == 1) {
    results.push_back((*this)(*mixtures.front()));
    return results;
  }
  const Sums sums = pass_over(batch(mixtures), mixtures.size());
  // In the batch every density is that many times less.
  const double lost = sums.statistics.total_weight * std::log(static_cast<double>(mixtures.size()));
  for (std::size_t i = 0; i < mixtures.size(); ++i) {
    SufficientStatistics part = part_of(sums.statistics, i, *mixtures[i]);
    part.log_likelihood = sums.log_likelihoods[i] + lost;
    results.push_back({std::move(part), sums.kernel, sums.moment_kernel, sums.in_float});
  }
  return results;
}

template class EStepPass<float>;
template class EStepPass<double>;

template <class T>
SufficientStatistics e_step(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                            int n_threads) {
  SufficientStatistics statistics = EStepPass<T>(rows, sample_weight, n_threads)(mixture).statistics;
  statistics.mixture_fingerprint = mixture.fingerprint();
  return statistics;
}

template SufficientStatistics e_step(MatrixView<const float>, const Mixture&, VectorView<const double>, int);
template SufficientStatistics e_step(MatrixView<const double>, const Mixture&, VectorView<const double>, int);

}  // namespace gmmx
