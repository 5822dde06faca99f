// The starts of a fit, and the choice of the best.
#include "gmmx/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "checks.hpp"
#include "gmmx/density.hpp"
#include "gmmx/kmeans.hpp"
#include "gmmx/restarts.hpp"
#include "restarts/mixture_of_clusters.hpp"

namespace gmmx {

namespace {

void check_not_negative(double value, const char* name, const char* remedy) {
  if (value >= 0 && std::isfinite(value)) return;
  throw InvalidArgument(std::string(name) + " is " + text_of(value) + ", but must be finite and not negative; " +
                        remedy);
}

void check_positive(Index value, const char* name, const char* remedy) {
  if (value >= 1) return;
  throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", but must be at least 1; " + remedy);
}

template <class T>
void check(const Rows<T>& rows, const FitOptions& options) {
  check_positive(options.n_components, "n_components", "ask for the number of clusters that you expect");
  check_positive(options.n_init, "n_init", "1 is a single start");
  check_positive(options.max_iter, "max_iter", "100 is usual");
  check_positive(options.n_threads, "n_threads", "thread_count() tells how many are sensible");
  check_not_negative(options.tol, "tol", "1e-3 is usual");
  check_not_negative(options.reg_covar, "reg_covar", "1e-6 is usual for data of unit scale");
  check_rows(rows.x);
  check_sample_weight(rows);
  Index n_positive = 0;
  for (Index n = 0; n < rows.size(); ++n) n_positive += rows.weight_of(n) > 0 ? 1 : 0;
  if (n_positive < options.n_components) {
    throw InvalidArgument("there are " + std::to_string(n_positive) + " rows of positive weight for n_components=" +
                          std::to_string(options.n_components) + "; give more rows or ask for fewer components");
  }
}

// Numbers in [0, 1), the same on every platform.
std::vector<double> uniform_numbers(std::uint64_t seed, Index count) {
  std::mt19937_64 engine(seed);
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double& number : numbers) number = static_cast<double>(engine() >> 11) * 0x1p-53;
  return numbers;
}

EMOptions em_options_of(const FitOptions& options) {
  EMOptions result;
  result.tol = options.tol;
  result.max_iter = options.max_iter;
  result.acceleration = options.acceleration;
  return result;
}

// Starts that go through the rows together; k-means of one after the other before.
template <class T>
std::vector<StartOutcome> starts_together(const Rows<T>& rows, const FitOptions& options,
                                          MatrixView<const double> uniforms, const MaximumLikelihood& likelihood) {
  EMOptions em_options = em_options_of(options);
  bool stopped = false;
  if (options.callback) {
    em_options.callback = [&](const IterationSummary& summary) {
      stopped = stopped || options.callback(summary);
      return stopped;
    };
  }
  std::vector<StartOutcome> outcomes(static_cast<std::size_t>(uniforms.rows()));
  std::vector<Mixture> mixtures;
  std::vector<std::size_t> numbers;
  KMeansOptions kmeans_options;
  kmeans_options.n_threads = options.n_threads;
  for (std::size_t start = 0; start < outcomes.size(); ++start) {
    const VectorView<const double> draws(&uniforms(static_cast<Index>(start), 0), uniforms.cols());
    const KMeansResult clusters = kmeans(rows, options.n_components, draws, kmeans_options);
    try {
      mixtures.push_back(mixture_of_clusters(rows, clusters.labels, options.n_components, options.covariance,
                                             likelihood, options.n_threads));
      numbers.push_back(start);
    } catch (const CollapsedComponent& error) {
      outcomes[start].failed_component = error.component();
    }
  }
  if (mixtures.empty()) return outcomes;
  std::vector<StartOutcome> ended = em_from_mixtures(rows, mixtures, MStep(likelihood), em_options, options.n_threads);
  for (std::size_t i = 0; i < ended.size(); ++i) outcomes[numbers[i]] = std::move(ended[i]);
  return outcomes;
}

template <class T>
std::vector<StartOutcome> run_starts(const Rows<T>& rows, const FitOptions& options) {
  const MaximumLikelihood likelihood{options.reg_covar, options.prior};
  check_acceleration(options.acceleration, options.prior);
  const Index draws = kmeans_draws(options.n_components);
  const std::vector<double> numbers = uniform_numbers(options.seed, options.n_init * draws);
  const MatrixView<const double> uniforms(numbers.data(), options.n_init, draws);
  const StartShape shape{rows.size(), rows.n_features(), options.n_components, options.covariance.type};
  if (plan_starts(shape, options.n_init, static_cast<bool>(options.callback)) == StartPlan::side_by_side) {
    return em_from_kmeans(rows, options.n_components, options.covariance, uniforms, likelihood, em_options_of(options),
                          options.n_threads);
  }
  return starts_together(rows, options, uniforms, likelihood);
}

// By more than rounding, or else that would choose among equal ones.
template <class T>
bool is_better(double score, double than) {
  constexpr double eps = std::numeric_limits<T>::epsilon();
  return score - than > 100 * eps * std::max(1.0, std::abs(score));
}

std::string message_of(const std::vector<FailedStart>& starts) {
  const FailedStart& first = starts.front();
  const std::string who =
      first.component < 0 ? "the shared covariance" : "component " + std::to_string(first.component);
  const std::string when =
      first.iteration == 0 ? "in the initial clusters" : "in iteration " + std::to_string(first.iteration);
  const std::string which = starts.size() == 1 ? "the only start" : "all " + std::to_string(starts.size()) + " starts";
  return which + " failed: " + who + " collapsed " + when + (starts.size() == 1 ? "" : " of the first") +
         "; raise reg_covar, ask for fewer components, or scale features that hardly vary";
}

}  // namespace

template <class T>
FitResult fit(const Rows<T>& rows, const FitOptions& options) {
  check(rows, options);
  std::vector<StartOutcome> outcomes = run_starts(rows, options);
  std::vector<FailedStart> failed;
  const EMResult* best = nullptr;
  for (std::size_t start = 0; start < outcomes.size(); ++start) {
    const StartOutcome& outcome = outcomes[start];
    if (outcome.same_as >= 0) continue;
    if (!outcome.fit) {
      failed.push_back({static_cast<Index>(start), outcome.failed_iteration, outcome.failed_component});
    } else if (!best || is_better<T>(outcome.fit->mean_log_likelihoods.back(), best->mean_log_likelihoods.back())) {
      best = &*outcome.fit;
    }
  }
  if (!best) {
    const std::string message = message_of(failed);
    throw FitFailed(message, std::move(failed));
  }
  return {best->mixture,
          best->converged,
          best->stopped,
          best->mean_log_likelihoods,
          log_likelihood(rows, best->mixture, options.n_threads),
          best->empty_components,
          best->kernel,
          best->moment_kernel,
          std::move(failed)};
}

template FitResult fit(const Rows<float>&, const FitOptions&);
template FitResult fit(const Rows<double>&, const FitOptions&);

}  // namespace gmmx
