#include "gmmx/sufficient_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "format.hpp"
#include "gmmx/errors.hpp"
#include "statistics/check_statistics.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

std::size_t positive(Index number, const char* name) {
  if (number >= 1) return static_cast<std::size_t>(number);
  throw InvalidArgument(std::string(name) + " of statistics is " + std::to_string(number) + ", but must be at least 1");
}

}  // namespace

void check_sizes(const SufficientStatistics& s) {
  const std::size_t k = positive(s.n_components, "n_components");
  const std::size_t d = positive(s.n_features, "n_features");
  const auto second = static_cast<std::size_t>(traits_of(s.form).size({s.n_components, s.n_features}));
  if (s.counts.size() == k && s.shifts.size() == k * d && s.first_moments.size() == k * d &&
      s.second_moments.size() == second) {
    return;
  }
  throw InvalidArgument("the statistics' counts, shifts, first_moments and second_moments have " +
                        std::to_string(s.counts.size()) + ", " + std::to_string(s.shifts.size()) + ", " +
                        std::to_string(s.first_moments.size()) + " and " + std::to_string(s.second_moments.size()) +
                        " numbers, but " + std::to_string(k) + " components and " + std::to_string(d) +
                        " features require " + std::to_string(k) + ", " + std::to_string(k * d) + ", " +
                        std::to_string(k * d) + " and " + std::to_string(second) + "; use the result of e_step()");
}

SufficientStatistics::SufficientStatistics(SecondMoments form_, Index n_components_, Index n_features_,
                                           std::vector<double> shifts_, std::uint64_t mixture_fingerprint_)
    : form(form_),
      n_components(n_components_),
      n_features(n_features_),
      shifts(std::move(shifts_)),
      counts(positive(n_components, "n_components"), 0.0),
      first_moments(counts.size() * positive(n_features, "n_features"), 0.0),
      second_moments(static_cast<std::size_t>(traits_of(form).size({n_components, n_features})), 0.0),
      mixture_fingerprint(mixture_fingerprint_) {
  if (shifts.size() != first_moments.size()) {
    throw InvalidArgument("shifts has " + std::to_string(shifts.size()) +
                          " numbers, but n_components x n_features is " + std::to_string(first_moments.size()));
  }
}

namespace {

void add(std::vector<double>& to, const std::vector<double>& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
}

[[noreturn]] void refuse(const std::string& what, const std::string& left, const std::string& right,
                         const std::string& remedy) {
  throw InvalidArgument("statistics of different " + what + " cannot be added: " + left + " and " + right + "; " +
                        remedy);
}

}  // namespace

void check_alike(const SufficientStatistics& a, const SufficientStatistics& b) {
  check_sizes(a);
  check_sizes(b);
  const auto shape = [](const SufficientStatistics& s) {
    return "(" + std::to_string(s.n_components) + " components, " + std::to_string(s.n_features) + " features)";
  };
  if (a.n_components != b.n_components || a.n_features != b.n_features) {
    refuse("shapes", shape(a), shape(b), "both must come from the same mixture or partition");
  }
  if (a.form != b.form) {
    refuse("second moment forms", "'" + to_string(a.form) + "'", "'" + to_string(b.form) + "'",
           "compute both for the same covariance type");
  }
}

std::string impossible_value(const SufficientStatistics& s) {
  struct Numbers {
    const char* name;
    const std::vector<double>& values;
    double least;
  };
  constexpr double any = std::numeric_limits<double>::lowest();
  const std::vector<double> total_weight{s.total_weight};
  const Numbers all[] = {{"shifts", s.shifts, any},
                         {"counts", s.counts, 0},
                         {"total_weight", total_weight, 0},
                         {"first_moments", s.first_moments, any},
                         {"second_moments", s.second_moments, any}};
  for (const Numbers& numbers : all) {
    for (std::size_t i = 0; i < numbers.values.size(); ++i) {
      const double value = numbers.values[i];
      if (std::isfinite(value) && value >= numbers.least) continue;
      const std::string place = numbers.values.size() > 1 ? "[" + std::to_string(i) + "]" : "";
      return numbers.name + place + " is " + text_of(value) + ", but must be finite" +
             (numbers.least < 0 ? "" : " and not negative");
    }
  }
  const bool has_log_likelihood = s.log_likelihood < std::numeric_limits<double>::infinity();  // not so for NaN
  if (!has_log_likelihood) {
    return "log_likelihood is " + text_of(s.log_likelihood) + ", but must be finite or minus infinity";
  }
  return s.n_samples < 0 ? "n_samples is " + std::to_string(s.n_samples) + ", but must not be negative" : "";
}

std::int64_t joint_n_samples(const SufficientStatistics& a, const SufficientStatistics& b) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (a.n_samples >= 0 && b.n_samples >= 0 && a.n_samples <= most - b.n_samples) return a.n_samples + b.n_samples;
  throw InvalidArgument("n_samples of the statistics is " + std::to_string(a.n_samples) + " and " +
                        std::to_string(b.n_samples) + ", but must not be negative and at most " + std::to_string(most) +
                        " in sum; use the result of e_step()");
}

SufficientStatistics& SufficientStatistics::operator+=(const SufficientStatistics& other) {
  check_alike(*this, other);
  if (mixture_fingerprint != other.mixture_fingerprint) {
    refuse("mixtures", std::to_string(mixture_fingerprint),
           std::to_string(other.mixture_fingerprint) + " (fingerprints)", "run the E-step of both on the same mixture");
  }
  const std::int64_t n_samples_of_both = joint_n_samples(*this, other);
  std::optional<SufficientStatistics> moved;
  if (shifts != other.shifts) {
    // Only partitions and different precisions get here. A side without rows does not determine the shifts.
    if (n_samples == 0 && total_weight == 0.0) {
      move_to(other.shifts);
    } else {
      moved = other;
      moved->move_to(shifts);
    }
  }
  const SufficientStatistics& added = moved ? *moved : other;
  add(counts, added.counts);  // (51)
  add(first_moments, added.first_moments);
  add(second_moments, added.second_moments);
  log_likelihood += added.log_likelihood;
  total_weight += added.total_weight;
  n_samples = n_samples_of_both;
  return *this;
}

void SufficientStatistics::move_to(const std::vector<double>& new_shifts) {
  check_sizes(*this);
  if (new_shifts.size() != shifts.size())
    throw InvalidArgument("new_shifts must have n_components x n_features numbers");
  const SecondMomentTraits& traits = traits_of(form);
  const auto d = static_cast<std::size_t>(n_features);
  std::vector<double> scratch(2 * d);
  double* const move = scratch.data();
  double* const half = move + d;
  for (Index k = 0; k < n_components; ++k) {
    const std::size_t row = static_cast<std::size_t>(k) * d;
    const double n_k = counts[static_cast<std::size_t>(k)];
    // With e = old - new shift: x - new = (x - old) + e, so the second moments grow by
    // first e^T + e first^T + N_k e e^T = h e^T + e h^T, h = first + N_k e / 2. (48)
    for (std::size_t j = 0; j < d; ++j) {
      move[j] = shifts[row + j] - new_shifts[row + j];
      half[j] = first_moments[row + j] + 0.5 * n_k * move[j];
      first_moments[row + j] += n_k * move[j];
    }
    traits.add_symmetric_outer(second_moments.data() + traits.offset(k, n_features), n_features, half, move);
  }
  shifts = new_shifts;
}

double rounding_of_counts(double total_weight, double n_samples) {
  const double least = total_weight == n_samples ? std::numeric_limits<double>::epsilon() : 0x1p-1000;
  return least * total_weight;
}

std::vector<Index> SufficientStatistics::empty_components() const {
  const double rounding = rounding_of_counts(total_weight, static_cast<double>(n_samples));
  std::vector<Index> empty;
  for (Index k = 0; k < n_components; ++k) {
    if (!(counts[static_cast<std::size_t>(k)] > rounding)) empty.push_back(k);  // (45)
  }
  return empty;
}

SufficientStatistics operator+(SufficientStatistics left, const SufficientStatistics& right) {
  left += right;
  return left;
}

}  // namespace gmmx
