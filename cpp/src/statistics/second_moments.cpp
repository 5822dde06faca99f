#include "statistics/second_moments.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "checks.hpp"
#include "gmmx/errors.hpp"
#include "large_vector.hpp"

namespace gmmx {

namespace {

// The upper triangle is computed and mirrored: u_i v_j + v_i u_j and its mirror image may be rounded differently. Some
// rows at a time, so that their mirror images fill lines of the cache.
void add_to_matrix(double* matrix, Index d, const double* u, const double* v) {
  constexpr Index together = 8;
  for (Index first = 0; first < d; first += together) {
    const Index end = std::min(first + together, d);
    for (Index i = first; i < end; ++i) {
      for (Index j = i; j < d; ++j) matrix[i * d + j] += u[i] * v[j] + v[i] * u[j];
    }
    for (Index j = first + 1; j < d; ++j) {
      for (Index i = first; i < std::min(end, j); ++i) matrix[j * d + i] = matrix[i * d + j];
    }
  }
}

void add_scale_to_matrix(double* matrix, Index d, const double* scale, double share) {
  for (Index i = 0; i < d * d; ++i) matrix[i] += share * scale[i];
}

// Section 12 of docs/theory.md: the sum of squares of `count` rows about their mean that rounding alone may leave.
double rounding_of(double count, double mean) {
  const double deviation = 4 * std::numeric_limits<double>::epsilon() * mean;
  return count * deviation * deviation;
}

// Sums that overflowed must stay for the M-step to refuse them.
bool is_rounding(double sum, double rounding) { return std::isfinite(sum) && sum <= rounding; }

void drop_rounding_of_matrix(double* matrix, Index d, double count, const double* mean) {
  for (Index j = 0; j < d; ++j) {
    if (!is_rounding(matrix[j * d + j], rounding_of(count, mean[j]))) continue;
    for (Index i = 0; i < d; ++i) matrix[i * d + j] = matrix[j * d + i] = 0;
  }
}

// In the order of SecondMoments. (50)
constexpr SecondMomentTraits table[] = {
    {"full", true, 2, add_to_matrix, add_scale_to_matrix, drop_rounding_of_matrix},
    {"pooled", false, 2, add_to_matrix, add_scale_to_matrix,
     [](double*, Index, double, const double*) {}},  // what others share is not one component's to clear
    {"diagonal", true, 1,
     [](double* own, Index d, const double* u, const double* v) {
       for (Index j = 0; j < d; ++j) own[j] += 2 * u[j] * v[j];
     },
     [](double* own, Index d, const double* scale, double share) {
       for (Index j = 0; j < d; ++j) own[j] += share * scale[j * d + j];
     },
     [](double* own, Index d, double count, const double* mean) {
       for (Index j = 0; j < d; ++j) {
         if (is_rounding(own[j], rounding_of(count, mean[j]))) own[j] = 0;
       }
     }},
    {"trace", true, 0,
     [](double* own, Index d, const double* u, const double* v) {
       for (Index j = 0; j < d; ++j) *own += 2 * u[j] * v[j];
     },
     [](double* own, Index d, const double* scale, double share) {
       for (Index j = 0; j < d; ++j) *own += share * scale[j * d + j] / static_cast<double>(d);
     },
     [](double* own, Index d, double count, const double* mean) {
       double rounding = 0;
       for (Index j = 0; j < d; ++j) rounding += rounding_of(count, mean[j]);
       if (is_rounding(*own, rounding)) *own = 0;
     }},
};

}  // namespace

const SecondMomentTraits& traits_of(SecondMoments form) {
  return table[place_of(form, std::size(table), "SecondMoments")];
}

bool is_second_moments(std::uint64_t number) { return number < std::size(table); }

Index SecondMomentTraits::size(MomentShape s) const {
  Index result = by_component ? s.n_components : 1;
  for (int axis = 0; axis < n_feature_axes; ++axis) result *= s.n_features;
  return result;
}

void SecondMomentTraits::add_covariances(double* second, MomentShape s, const double* weights,
                                         const double* covariances) const {
  const double in_variance = n_feature_axes == 0 ? static_cast<double>(s.n_features) : 1.0;  // features that share it
  for (Index k = 0; k < s.n_components; ++k) {
    const Index begin = offset(k, s.n_features);
    for (Index i = begin; i < begin + size({1, s.n_features}); ++i) {
      second[i] += in_variance * weights[k] * covariances[i];
    }
  }
}

Index SecondMomentTraits::packed_size(Index n_features) const {
  return has_matrices() ? n_features * (n_features + 1) / 2 : size({1, n_features});
}

std::string to_string(SecondMoments form) { return traits_of(form).name; }

std::vector<Index> second_moment_shape(SecondMoments form, Index n_components, Index n_features) {
  const SecondMomentTraits& traits = traits_of(form);
  std::vector<Index> result(static_cast<std::size_t>(traits.n_feature_axes + (traits.by_component ? 1 : 0)),
                            n_features);
  if (traits.by_component) result.front() = n_components;
  return result;
}

std::vector<double> second_moments_as(const SufficientStatistics& s, SecondMoments form) {
  if (s.form == form) {
    std::vector<double> copy = large_vector(s.second_moments.size());
    copy = s.second_moments;
    return copy;
  }
  const bool of_matrices = s.form == SecondMoments::full;
  if (!of_matrices && !(s.form == SecondMoments::diagonal && form == SecondMoments::trace)) {
    throw InvalidArgument(
        "statistics hold second moments of form '" + to_string(s.form) + "', from which the form '" + to_string(form) +
        "' cannot be had: compute the statistics with a covariance type that keeps more, for example 'full'");
  }
  const Index d = s.n_features;
  const SecondMomentTraits& to = traits_of(form);
  std::vector<double> result(static_cast<std::size_t>(to.size({s.n_components, d})), 0.0);
  for (Index k = 0; k < s.n_components; ++k) {
    const double* const from = s.second_moments.data() + traits_of(s.form).offset(k, d);
    double* const own = result.data() + to.offset(k, d);
    if (to.has_matrices()) {
      for (Index i = 0; i < d * d; ++i) own[i] += from[i];
    } else {
      for (Index j = 0; j < d; ++j) own[to.n_feature_axes == 1 ? j : 0] += from[of_matrices ? j * d + j : j];
    }
  }
  return result;
}

}  // namespace gmmx
