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
#include "em/batched_mixtures.hpp"
#include "em/posterior_memberships.hpp"
#include "em/statistics_pass.hpp"

namespace gmmx {

// What a pass adds up: statistics without the log-likelihood, and that of each mixture of the batch.
template <class T>
struct EStepPass<T>::Sums {
  SufficientStatistics statistics;
  std::vector<double> log_likelihoods;
  std::string kernel;
  std::string moment_kernel;
  bool in_float;
};

template <class T>
struct EStepPass<T>::Memory {
  StatisticsPass<T, T> own;
  StatisticsPass<T, double> wide;

  template <class C>
  auto& pass() {
    if constexpr (std::is_same_v<T, C>) {
      return own;
    } else {
      return wide;
    }
  }
};

namespace {

// Whether sums hold all that the rows say: no density underflowed even in logarithms, and no square overflowed.
bool are_finite(const SufficientStatistics& statistics, const std::vector<double>& log_likelihoods) {
  const auto finite = [](const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
  };
  return finite(log_likelihoods) && finite(statistics.first_moments) && finite(statistics.second_moments);
}

// The names, each once.
std::string joined(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  std::string result;
  for (const std::string_view name : names) result.append(result.empty() ? "" : "+").append(name);
  return result;
}

template <class C>
class EStepPlan final : public PassPlan<C> {
 public:
  // `mixture` is a batch of n_mixtures.
  EStepPlan(const Mixture& mixture, std::size_t n_mixtures, const RowTerms* terms, Index first)
      : mixture_(mixture),
        covariances_(model_of(mixture.covariance_type())),
        origin_(origin_of<C>(mixture)),
        log_density_(covariances_.log_density(mixture, Weighting::weighted, C())),
        model_{log_density_.get(), ConstVectorMap(mixture.weights().data(), mixture.n_components()).template cast<C>(),
               n_mixtures, terms, first},
        scores_(n_mixtures) {}

  const RowVector<C>& origin() const override { return origin_; }
  std::unique_ptr<Moments<C>> make_moments() const override {
    const ConstMatrixMap means(mixture_.means().data(), mixture_.n_components(), mixture_.n_features());
    return gmmx::make_moments<C>(covariances_.form(), origin_, means, log_density_->squared_reach());
  }
  void prepare(std::unique_ptr<Memberships<C>>& memberships, Index capacity) const override {
    if (!memberships) memberships = std::make_unique<PosteriorMemberships<C>>(capacity);
    posterior_of(*memberships).begin(model_);
  }
  void merge(Memberships<C>& memberships) override { scores_.merge(posterior_of(memberships).scores()); }
  void finish(const Moments<C>& total) override { moment_kernel_ = joined(total.kernels()); }

  const Scores& scores() const { return scores_; }
  const std::string& moment_kernel() const { return moment_kernel_; }

 private:
  static PosteriorMemberships<C>& posterior_of(Memberships<C>& memberships) {
    return static_cast<PosteriorMemberships<C>&>(memberships);
  }
  const Mixture& mixture_;
  const CovarianceModel& covariances_;
  RowVector<C> origin_;
  std::unique_ptr<LogDensity<C>> log_density_;
  PosteriorModel<C> model_;
  Scores scores_;
  std::string moment_kernel_;
};

}  // namespace

template <class T>
EStepPass<T>::EStepPass(const Rows<T>& rows, int n_threads)
    : rows_(rows), n_threads_(n_threads), memory_(std::make_unique<Memory>()) {
  check_sample_weight(rows);
}

template <class T>
EStepPass<T>::~EStepPass() = default;

template <class T>
typename EStepPass<T>::Sums EStepPass<T>::pass_over(const Mixture& mixture, std::size_t n_mixtures) {
  check_features(rows_.x, mixture);
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

template <class T>
template <class C>
typename EStepPass<T>::Sums EStepPass<T>::pass_in(const Mixture& mixture, std::size_t n_mixtures) {
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  EStepPlan<C> plan(mixture, n_mixtures, rows_.terms, rows_.first);
  const BlockLoop loop(rows_.size(), Index{sizeof(C)} * (d + 2 * k), static_cast<double>(k * (2 * d * d + 4 * d + 20)),
                       n_threads_);
  SufficientStatistics statistics = memory_->template pass<C>()(rows_, k, loop, plan);
  return {std::move(statistics), plan.scores().log_likelihoods, joined(plan.scores().kernels), plan.moment_kernel(),
          std::is_same_v<C, float>};
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

namespace {

template <class T>
class EStepOverRows final : public EStep {
 public:
  EStepOverRows(const Rows<T>& rows, int n_threads) : pass_(rows, n_threads) {}
  EStepResult operator()(const Mixture& mixture) override { return pass_(mixture); }
  bool has_double() const override { return true; }
  EStepResult in_double(const Mixture& mixture) override { return pass_.in_double(mixture); }

 private:
  EStepPass<T> pass_;
};

}  // namespace

template <class T>
std::unique_ptr<EStep> e_step_over(const Rows<T>& rows, int n_threads) {
  return std::make_unique<EStepOverRows<T>>(rows, n_threads);
}

template <class T>
SufficientStatistics e_step(const Rows<T>& rows, const Mixture& mixture, int n_threads) {
  SufficientStatistics statistics = EStepPass<T>(rows, n_threads)(mixture).statistics;
  statistics.mixture_fingerprint = mixture.fingerprint();
  return statistics;
}

template std::unique_ptr<EStep> e_step_over(const Rows<float>&, int);
template std::unique_ptr<EStep> e_step_over(const Rows<double>&, int);
template SufficientStatistics e_step(const Rows<float>&, const Mixture&, int);
template SufficientStatistics e_step(const Rows<double>&, const Mixture&, int);

}  // namespace gmmx
