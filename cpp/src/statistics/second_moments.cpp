#include "statistics/second_moments.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "enumerators.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

// The upper triangle is computed and mirrored: u_i v_j + v_i u_j and its mirror image may be rounded differently.
void add_to_matrix(double* matrix, Index d, const double* u, const double* v) {
  for (Index i = 0; i < d; ++i) {
    for (Index j = i; j < d; ++j) matrix[i * d + j] += u[i] * v[j] + v[i] * u[j];
    for (Index j = i + 1; j < d; ++j) matrix[j * d + i] = matrix[i * d + j];
  }
}

void add_scale_to_matrix(double* matrix, Index d, const double* scale, double share) {
  for (Index i = 0; i < d * d; ++i) matrix[i] += share * scale[i];
}

// For components of `size` numbers each.
void add_weighted(double* second, Index n_components, Index size, const double* weights, const double* covariances) {
  for (Index k = 0; k < n_components; ++k) {
    for (Index i = k * size; i < (k + 1) * size; ++i) second[i] += weights[k] * covariances[i];
  }
}

// Section 12 of docs/theory.md: the sum of squares of `count` rows about their mean that rounding alone may leave.
double rounding_of(double count, double mean) {
  const double deviation = 4 * std::numeric_limits<double>::epsilon() * mean;
  return count * deviation * deviation;
}

// Sums that overflowed must stay for the M-step to refuse them.
bool is_rounding(double sum, double rounding) { return std::isfinite(sum) && sum <= rounding; }

// In the order of SecondMoments. (50)
constexpr SecondMomentTraits table[] = {
    {"full", true, 2,
     [](double* second, MomentShape s, Index k, const double* u, const double* v) {
       add_to_matrix(second + k * s.n_features * s.n_features, s.n_features, u, v);
     },
     [](double* second, MomentShape s, Index k, const double* scale, double share) {
       add_scale_to_matrix(second + k * s.n_features * s.n_features, s.n_features, scale, share);
     },
     [](double* scatter, MomentShape s, Index k, double count, const double* mean) {
       const Index d = s.n_features;
       double* const matrix = scatter + k * d * d;
       for (Index j = 0; j < d; ++j) {
         if (!is_rounding(matrix[j * d + j], rounding_of(count, mean[j]))) continue;
         for (Index i = 0; i < d; ++i) matrix[i * d + j] = matrix[j * d + i] = 0;
       }
     },
     [](double* second, MomentShape s, const double* weights, const double* covariances) {
       add_weighted(second, s.n_components, s.n_features * s.n_features, weights, covariances);
     }},
    {"pooled", false, 2,
     [](double* second, MomentShape s, Index, const double* u, const double* v) {
       add_to_matrix(second, s.n_features, u, v);
     },
     [](double* second, MomentShape s, Index, const double* scale, double share) {
       add_scale_to_matrix(second, s.n_features, scale, share);
     },
     [](double*, MomentShape, Index, double, const double*) {},  // what others share is not one component's to clear
     [](double* second, MomentShape s, const double* weights, const double* covariance) {
       for (Index k = 0; k < s.n_components; ++k) {
         add_scale_to_matrix(second, s.n_features, covariance, weights[k]);
       }
     }},
    {"diagonal", true, 1,
     [](double* second, MomentShape s, Index k, const double* u, const double* v) {
       for (Index j = 0; j < s.n_features; ++j) second[k * s.n_features + j] += 2 * u[j] * v[j];
     },
     [](double* second, MomentShape s, Index k, const double* scale, double share) {
       const Index d = s.n_features;
       for (Index j = 0; j < d; ++j) second[k * d + j] += share * scale[j * d + j];
     },
     [](double* scatter, MomentShape s, Index k, double count, const double* mean) {
       double* const variances = scatter + k * s.n_features;
       for (Index j = 0; j < s.n_features; ++j) {
         if (is_rounding(variances[j], rounding_of(count, mean[j]))) variances[j] = 0;
       }
     },
     [](double* second, MomentShape s, const double* weights, const double* variances) {
       add_weighted(second, s.n_components, s.n_features, weights, variances);
     }},
    {"trace", true, 0,
     [](double* second, MomentShape s, Index k, const double* u, const double* v) {
       for (Index j = 0; j < s.n_features; ++j) second[k] += 2 * u[j] * v[j];
     },
     [](double* second, MomentShape s, Index k, const double* scale, double share) {
       const Index d = s.n_features;
       for (Index j = 0; j < d; ++j) second[k] += share * scale[j * d + j] / static_cast<double>(d);
     },
     [](double* scatter, MomentShape s, Index k, double count, const double* mean) {
       double rounding = 0;
       for (Index j = 0; j < s.n_features; ++j) rounding += rounding_of(count, mean[j]);
       if (is_rounding(scatter[k], rounding)) scatter[k] = 0;
     },
     [](double* second, MomentShape s, const double* weights, const double* variances) {
       const auto d = static_cast<double>(s.n_features);
       for (Index k = 0; k < s.n_components; ++k) second[k] += d * weights[k] * variances[k];
     }},
};

std::vector<double> diagonal_of_full(const SufficientStatistics& s) {
  const Index d = s.n_features;
  std::vector<double> result(static_cast<std::size_t>(s.n_components * d));
  for (Index k = 0; k < s.n_components; ++k) {
    for (Index j = 0; j < d; ++j) {
      result[static_cast<std::size_t>(k * d + j)] = s.second_moments[static_cast<std::size_t>((k * d + j) * d + j)];
    }
  }
  return result;
}

std::vector<double> pooled_of_full(const SufficientStatistics& s) {
  const Index size = s.n_features * s.n_features;
  std::vector<double> result(static_cast<std::size_t>(size), 0.0);
  for (Index k = 0; k < s.n_components; ++k) {
    for (Index i = 0; i < size; ++i) {
      result[static_cast<std::size_t>(i)] += s.second_moments[static_cast<std::size_t>(k * size + i)];
    }
  }
  return result;
}

std::vector<double> trace_of_diagonal(const std::vector<double>& diagonal, MomentShape shape) {
  std::vector<double> result(static_cast<std::size_t>(shape.n_components), 0.0);
  for (std::size_t i = 0; i < diagonal.size(); ++i)
    result[i / static_cast<std::size_t>(shape.n_features)] += diagonal[i];
  return result;
}

}  // namespace

const SecondMomentTraits& traits_of(SecondMoments form) {
  return table[place_of(form, std::size(table), "SecondMoments")];
}

bool is_second_moments(std::uint64_t number) { return number < std::size(table); }

std::vector<Index> SecondMomentTraits::shape(MomentShape s) const {
  std::vector<Index> result(static_cast<std::size_t>(n_feature_axes), s.n_features);
  if (by_component) result.insert(result.begin(), s.n_components);
  return result;
}

Index SecondMomentTraits::size(MomentShape s) const {
  Index result = by_component ? s.n_components : 1;
  for (int axis = 0; axis < n_feature_axes; ++axis) result *= s.n_features;
  return result;
}

Index SecondMomentTraits::packed_size(Index n_features) const {
  return has_matrices() ? n_features * (n_features + 1) / 2 : size({1, n_features});
}

std::string to_string(SecondMoments form) { return traits_of(form).name; }

std::vector<Index> second_moment_shape(SecondMoments form, Index n_components, Index n_features) {
  return traits_of(form).shape({n_components, n_features});
}

std::vector<double> second_moments_as(const SufficientStatistics& s, SecondMoments form) {
  using Form = SecondMoments;
  const MomentShape shape{s.n_components, s.n_features};
  if (s.form == form) return s.second_moments;
  if (s.form == Form::full && form == Form::pooled) return pooled_of_full(s);
  if (s.form == Form::full && form == Form::diagonal) return diagonal_of_full(s);
  if (s.form == Form::full && form == Form::trace) return trace_of_diagonal(diagonal_of_full(s), shape);
  if (s.form == Form::diagonal && form == Form::trace) return trace_of_diagonal(s.second_moments, shape);
  throw InvalidArgument(
      "statistics hold second moments of form '" + to_string(s.form) + "', from which the form '" + to_string(form) +
      "' cannot be had: compute the statistics with a covariance type that keeps more, for example 'full'");
}

}  // namespace gmmx
