// What is kept of second moments, and what can be done with it: one row of the table a form.
#pragma once

#include <cstdint>
#include <vector>

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

struct MomentShape {
  Index n_components;
  Index n_features;
};

struct SecondMomentTraits {
  const char* name;
  bool by_component;   // else summed over the components
  int n_feature_axes;  // 2: symmetric matrices; 1: a number a feature; 0: the sum over the features
  // What a component has of the second moments begins at own = second + offset(k, d), and changes by these:
  // Adds u v^T + v u^T; u and v have d entries.
  void (*add_symmetric_outer)(double* own, Index d, const double* u, const double* v);
  // Adds a share of a prior's scale (d x d): its diagonal where no more is kept, and of that the mean where one number
  // stands for all features.
  void (*add_scale)(double* own, Index d, const double* scale, double share);
  // Clears the scatter in features in which the rows of the component differ by rounding alone (section 12 of
  // docs/theory.md).
  void (*drop_rounding)(double* own, Index d, double count, const double* mean);

  bool has_matrices() const { return n_feature_axes == 2; }
  Index size(MomentShape s) const;
  Index offset(Index k, Index n_features) const { return by_component ? k * size({1, n_features}) : 0; }
  // Adds weights[k] times the covariance of each component, kept as by the models that ask for this form.
  void add_covariances(double* second, MomentShape s, const double* weights, const double* covariances) const;
  // Numbers of one component, or of all, where matrices are packed: their upper triangles.
  Index packed_size(Index n_features) const;
  // Monomials of a row whose sums, weighted by a component's responsibilities, are its statistics: 1, x and those of
  // second degree. (65)
  Index n_monomials(Index n_features) const { return 1 + n_features + n_second_monomials(n_features); }
  Index n_second_monomials(Index n_features) const { return by_component ? packed_size(n_features) : 0; }
};

const SecondMomentTraits& traits_of(SecondMoments form);

// Whether an enumerator has this number.
bool is_second_moments(std::uint64_t number);

// The second moments in a form that keeps less. \throws InvalidArgument where the asked form is not contained
std::vector<double> second_moments_as(const SufficientStatistics& statistics, SecondMoments form);

}  // namespace gmmx
