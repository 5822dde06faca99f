// The E-step: one pass over the rows, block by block: densities, responsibilities and their sums, fused.
#include "em/e_step.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "checked_mixture.hpp"
#include "checks.hpp"
#include "covariance/float_range.hpp"
#include "covariance/model.hpp"
#include "em/statistics_pass.hpp"

namespace gmmx {

namespace {

using Numbers = std::vector<double>;

// Whether sums hold all that the rows say: no density underflowed even in logarithms, and no square overflowed.
bool are_finite(const PassResult& pass) {
  const SufficientStatistics& statistics = pass.sums.statistics;
  const Numbers* const sums[] = {&pass.log_likelihoods, &statistics.first_moments, &statistics.second_moments};
  return std::all_of(std::begin(sums), std::end(sums), [](const Numbers* numbers) {
    return std::all_of(numbers->begin(), numbers->end(), [](double number) { return std::isfinite(number); });
  });
}

void append(Numbers& to, const Numbers& numbers) { to.insert(to.end(), numbers.begin(), numbers.end()); }

// Mixtures of one type and shape side by side as one, so that one pass over the rows serves all of them: all components
// in one mixture, their weights divided by the number of mixtures.
Mixture batch(const std::vector<const Mixture*>& mixtures) {
  Mixture::Checked all{mixtures.front()->covariance_spec(), mixtures.front()->n_features(), {}, {}, {}, {}};
  for (const Mixture* const mixture : mixtures) {
    append(all.weights, mixture->weights());
    append(all.means, mixture->means());
    append(all.covariances, mixture->covariances());
    append(all.precisions_cholesky, mixture->precisions_cholesky());
  }
  for (double& weight : all.weights) weight /= static_cast<double>(mixtures.size());
  return Mixture(std::move(all));
}

// What the statistics of a batch hold of its i-th mixture, but the log-likelihood.
SufficientStatistics statistics_of(const SufficientStatistics& batched, std::size_t i, const Mixture& mixture) {
  const Index n_parts = batched.n_components / mixture.n_components();
  const auto slice = [&](const Numbers& of) -> Numbers {
    const auto size = static_cast<std::ptrdiff_t>(of.size()) / n_parts;
    const auto first = of.begin() + static_cast<std::ptrdiff_t>(i) * size;
    return {first, first + size};
  };
  SufficientStatistics part(batched.form, mixture.n_components(), mixture.n_features(), mixture.means());
  part.counts = slice(batched.counts);
  part.first_moments = slice(batched.first_moments);
  part.second_moments = slice(batched.second_moments);
  part.total_weight = batched.total_weight;
  part.n_samples = batched.n_samples;
  return part;
}

template <class T>
class EStepOverRows final : public BatchedEStep {
 public:
  EStepOverRows(const Rows<T>& rows, int n_threads) : rows_(rows), n_threads_(n_threads) { check_sample_weight(rows); }

  EStepResult operator()(const Mixture& mixture) override { return pass_over(mixture, 1).sums; }
  bool has_double() const override { return true; }
  EStepResult in_double(const Mixture& mixture) override { return pass_in(wide_, mixture, 1).sums; }

  std::vector<EStepResult> operator()(const std::vector<const Mixture*>& mixtures) override {
    std::vector<EStepResult> results;
    if (mixtures.size() == 1) {
      results.push_back((*this)(*mixtures.front()));
      return results;
    }
    const PassResult pass = pass_over(batch(mixtures), mixtures.size());
    // In the batch every density is that many times less.
    const double lost = pass.sums.statistics.total_weight * std::log(static_cast<double>(mixtures.size()));
    for (std::size_t i = 0; i < mixtures.size(); ++i) {
      SufficientStatistics part = statistics_of(pass.sums.statistics, i, *mixtures[i]);
      part.log_likelihood = pass.log_likelihoods[i] + lost;
      results.emplace_back(std::move(part), pass.sums.kernel, pass.sums.moment_kernel, pass.sums.in_float);
    }
    return results;
  }

 private:
  // `mixture` is a batch of n_mixtures.
  PassResult pass_over(const Mixture& mixture, std::size_t n_mixtures) {
    check_features(rows_.x, mixture);
    if (std::is_same_v<T, float> && !is_beyond_float(mixture)) {
      PassResult pass = pass_in(narrow_, mixture, n_mixtures);
      if (are_finite(pass)) return pass;  // a row may leave the range of float though the mixture does not
    }
    return pass_in(wide_, mixture, n_mixtures);
  }

  template <class C>
  PassResult pass_in(StatisticsPass<T, C>& pass, const Mixture& mixture, std::size_t n_mixtures) {
    const Index k = mixture.n_components();
    const Index d = mixture.n_features();
    const CovarianceModel& covariances = model_of(mixture.covariance_type());
    const RowVector<C> origin = origin_of<C>(mixture);
    const std::unique_ptr<LogDensity<C>> log_density = covariances.log_density(mixture, Weighting::weighted, C());
    const Vector<C> priors = weights_of(mixture).template cast<C>();
    const ConstMatrixMap means = means_of(mixture);
    const Index of_each = k / static_cast<Index>(n_mixtures);
    const auto moments = [&] {
      return make_moments<C>(covariances.form(), origin, means, log_density->squared_reach());
    };
    const auto fill = [&](Block<C>& block, const RowWeights& weights, Index first_row, BlockOfColumns<C> resp,
                          Scores<C>& scores) {
      log_density->log_prob(block, resp);
      scores.kernels.add(log_density->name_for(block));
      auto norm = scores.log_prob_norm.head(resp.rows());
      for (std::size_t i = 0; i < n_mixtures; ++i) {
        const Index first = static_cast<Index>(i) * of_each;
        scores.posterior(part_of(resp, 0, first, resp.rows(), of_each), norm, priors.segment(first, of_each),
                         {rows_.terms, rows_.first + first_row});
        scores.log_likelihoods[i] += weights.weighted_sum(norm);
      }
    };
    // By reference: copies of the functions would take memory.
    const PassPlan<C> plan{k, n_mixtures, origin, std::cref(moments), std::cref(fill)};
    const BlockLoop loop(rows_.size(), Index{sizeof(C)} * (d + 2 * k),
                         static_cast<double>(k * (2 * d * d + 4 * d + 20)), n_threads_);
    return pass(rows_, loop, plan);
  }

  Rows<T> rows_;
  int n_threads_;
  StatisticsPass<T, T> narrow_;  // of float
  StatisticsPass<T, double> wide_;
};

}  // namespace

bool can_be_batched(CovarianceType type) { return !model_of(type).ties_components(); }

template <class T>
std::unique_ptr<BatchedEStep> batched_e_step_over(const Rows<T>& rows, int n_threads) {
  return std::make_unique<EStepOverRows<T>>(rows, n_threads);
}

template <class T>
std::unique_ptr<EStep> e_step_over(const Rows<T>& rows, int n_threads) {
  return batched_e_step_over(rows, n_threads);
}

template <class T>
SufficientStatistics e_step(const Rows<T>& rows, const Mixture& mixture, int n_threads) {
  SufficientStatistics statistics = EStepOverRows<T>(rows, n_threads)(mixture).statistics;
  statistics.mixture_fingerprint = mixture.fingerprint();
  return statistics;
}

#define GMMX_INSTANTIATE(T)                                                        \
  template std::unique_ptr<BatchedEStep> batched_e_step_over(const Rows<T>&, int); \
  template std::unique_ptr<EStep> e_step_over(const Rows<T>&, int);                \
  template SufficientStatistics e_step(const Rows<T>&, const Mixture&, int);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
