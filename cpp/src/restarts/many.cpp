// Many data sets side by side, each on a thread of its own. Whatever needs words is left to the caller.
#include "gmmx/many.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "gmmx/density.hpp"
#include "gmmx/equal_components.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/kmeans.hpp"
#include "gmmx/restarts.hpp"
#include "gmmx/row_checks.hpp"
#include "parallel/tasks.hpp"

namespace gmmx {

namespace {

constexpr Index starts_at_once = 16;       // as many as a fit alone compares with each other
constexpr Index least_sample = 200;        // rows in which columns are compared
constexpr Index most_columns = 500;        // to compare more of them takes too long
constexpr double suspicious_share = 1e-8;  // of a variance that other columns leave
constexpr double largest_fall = 1e-6;      // of a mean log-likelihood, by rounding
constexpr double least_weight = 0x1p-900;  // the largest weight is between these; others are scaled first
constexpr double largest_weight = 0x1p900;

// The rows of positive weight: all of them, or copies.
template <class T>
struct PresentRows {
  MatrixView<const T> x;
  std::vector<T> copies;
};

template <class T>
std::optional<PresentRows<T>> present_rows(const Rows<T>& rows) {
  if (rows.weight.absent()) return PresentRows<T>{rows.x, {}};
  if (rows.weight.size() != rows.size()) return {};
  double total = 0;
  double largest = 0;
  Index n_present = 0;
  for (Index n = 0; n < rows.size(); ++n) {
    const double weight = rows.weight[n];
    if (!(weight >= 0)) return {};
    total += weight;
    largest = std::max(largest, weight);
    n_present += weight > 0 ? 1 : 0;
  }
  if (!std::isfinite(total) || !(largest > least_weight) || !(largest < largest_weight)) return {};
  if (n_present == rows.size()) return PresentRows<T>{rows.x, {}};
  PresentRows<T> present;
  present.copies.reserve(static_cast<std::size_t>(n_present * rows.n_features()));
  for (Index n = 0; n < rows.size(); ++n) {
    if (rows.weight[n] == 0) continue;
    for (Index j = 0; j < rows.n_features(); ++j) present.copies.push_back(rows.x(n, j));
  }
  present.x = {present.copies.data(), n_present, rows.n_features()};
  return present;
}

// A few hundred rows of many, at equal distances.
template <class T>
MatrixView<const T> sample_of(MatrixView<const T> rows) {
  const Index step = std::max<Index>(1, rows.rows() / std::max(least_sample, 2 * rows.cols()));
  return {rows.data(), (rows.rows() + step - 1) / step, rows.cols(), step * rows.row_stride(), rows.col_stride()};
}

template <class T>
bool are_sound(const Rows<T>& rows, const ManyFits& fits) {
  if (rows.n_features() < 1 || !all_finite(rows.x)) return false;
  const std::optional<PresentRows<T>> present = present_rows(rows);
  if (!present || present->x.rows() < std::max<Index>(2, fits.n_components)) return false;
  if (present->x.rows() >= 3 && !columns_where_a_row_may_outweigh(present->x).empty()) return false;
  const MatrixView<const T> sample = sample_of(present->x);
  const bool compare =
      fits.dependent_columns_matter && 1 < sample.cols() && sample.cols() <= std::min(most_columns, sample.rows() - 1);
  return compare ? columns_are_independent(sample, suspicious_share) : columns_vary(sample);
}

// By more than rounding: of equal ones the first is kept.
template <class T>
bool beats(const EMResult& result, const EMResult& best) {
  const double score = result.mean_log_likelihoods.back();
  constexpr double epsilon = std::numeric_limits<T>::epsilon();
  return score - best.mean_log_likelihoods.back() > 100 * epsilon * std::max(1.0, std::abs(score));
}

// Nothing where a restart collapsed.
template <class T>
std::optional<EMResult> best_restart(const Rows<T>& rows, const ManyFits& fits, MatrixView<const double> uniforms,
                                     const EMOptions& options) {
  std::optional<EMResult> best;
  for (Index first = 0; first < fits.n_init; first += starts_at_once) {
    const MatrixView<const double> draws(&uniforms(first, 0), std::min(starts_at_once, fits.n_init - first),
                                         uniforms.cols(), uniforms.row_stride(), uniforms.col_stride());
    for (StartOutcome& outcome :
         em_from_kmeans(rows, fits.n_components, fits.covariance, draws, fits.likelihood, options, 1)) {
      if (outcome.same_as >= 0) continue;
      if (!outcome.fit) return {};
      if (!best || beats<T>(*outcome.fit, *best)) best = std::move(outcome.fit);
    }
  }
  return best;
}

double largest_of(const std::vector<double>& numbers) {
  double largest = 0;
  for (const double number : numbers) largest = std::max(largest, std::abs(number));
  return largest;
}

bool falls(const std::vector<double>& log_likelihoods) {
  for (std::size_t i = 1; i < log_likelihoods.size(); ++i) {
    if (log_likelihoods[i - 1] - log_likelihoods[i] > largest_fall) return true;
  }
  return false;
}

template <class T>
bool is_sound(const EMResult& result, const ManyFits& fits) {
  if (!result.empty_components.empty() || !std::isfinite(result.mean_log_likelihoods.back())) return false;
  if (!equal_components(result.mixture).empty()) return false;
  if constexpr (std::is_same_v<T, float>) {
    constexpr double most = std::numeric_limits<float>::max();
    const double factor = largest_of(result.mixture.precisions_cholesky());
    const auto d = static_cast<double>(result.mixture.n_features());
    return largest_of(result.mixture.covariances()) <= most && factor * factor * d <= most;
  }
  return fits.likelihood.reg_covar != 0 || fits.likelihood.prior || !falls(result.mean_log_likelihoods);
}

std::vector<double> rounded(std::vector<double> numbers) {
  for (double& number : numbers) number = static_cast<double>(static_cast<float>(number));
  return numbers;
}

// The mixture that parameters in T hold.
template <class T>
Mixture held_in(const Mixture& mixture) {
  if constexpr (std::is_same_v<T, double>) return mixture;
  return {mixture.covariance_spec(),
          mixture.n_features(),
          rounded(mixture.weights()),
          rounded(mixture.means()),
          {},
          rounded(mixture.precisions_cholesky())};
}

template <class T>
std::optional<SoundFit> fit_if_sound(const Rows<T>& rows, const ManyFits& fits, MatrixView<const double> uniforms,
                                     const EMOptions& options) {
  const StartShape shape{rows.size(), rows.n_features(), fits.n_components, fits.covariance.type};
  if (fits.n_init > 1 && plan_starts(shape, fits.n_init, false) != StartPlan::side_by_side) return {};
  if (!are_sound(rows, fits)) return {};
  try {
    std::optional<EMResult> best = best_restart(rows, fits, uniforms, options);
    if (!best || !is_sound<T>(*best, fits)) return {};
    const double sum = log_likelihood(rows, held_in<T>(best->mixture), 1);
    return SoundFit{std::move(*best), sum};
  } catch (const Error&) {
    return {};
  }
}

void check(const ManyFits& fits, MatrixView<const double> uniforms, std::size_t n_data_sets) {
  check_acceleration(fits.em.acceleration, fits.likelihood.prior);
  if (fits.n_init < 1 || fits.em.max_iter < 1)
    throw InvalidArgument("n_init is " + std::to_string(fits.n_init) + " and max_iter " +
                          std::to_string(fits.em.max_iter) + "; give at least 1 of each");
  const Index draws = kmeans_draws(fits.n_components);
  const Index of_each = fits.n_init * static_cast<Index>(n_data_sets);
  if (uniforms.cols() == draws && (uniforms.rows() == fits.n_init || uniforms.rows() == of_each)) return;
  throw InvalidArgument("uniforms has shape (" + std::to_string(uniforms.rows()) + ", " +
                        std::to_string(uniforms.cols()) + "); give " + std::to_string(draws) + " numbers for each of " +
                        std::to_string(fits.n_init) + " restarts, or of " + std::to_string(of_each));
}

}  // namespace

std::vector<std::optional<SoundFit>> sound_fits(const std::vector<AnyRows>& data_sets, const ManyFits& fits,
                                                MatrixView<const double> uniforms, int n_threads) {
  if (data_sets.empty()) return {};
  check(fits, uniforms, data_sets.size());
  const Index step = uniforms.rows() == fits.n_init ? 0 : fits.n_init;
  std::vector<std::optional<SoundFit>> results(data_sets.size());
  Watch watch(fits.em.check_interrupt);
  EMOptions options = fits.em;
  options.callback = nullptr;
  options.check_interrupt = [&watch] { watch.look(); };
  for_tasks(static_cast<Index>(data_sets.size()), n_threads, watch, [&](Index i) {
    watch.look();
    const MatrixView<const double> own(&uniforms(i * step, 0), fits.n_init, uniforms.cols(), uniforms.row_stride(),
                                       uniforms.col_stride());
    const auto at = static_cast<std::size_t>(i);
    results[at] = std::visit([&](const auto& rows) { return fit_if_sound(rows, fits, own, options); }, data_sets[at]);
  });
  return results;
}

}  // namespace gmmx
