// What can be done with second moments, whatever part of them is kept: one row of the table a form.
#pragma once

#include <vector>

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

struct MomentShape {
  Index n_components;
  Index n_features;
};

struct SecondMomentTraits {
  const char* name;
  Index (*size)(MomentShape);
  bool by_component;  // else summed over the components
  // Adds u v^T + v u^T to component k; u and v have d entries.
  void (*add_symmetric_outer)(double* second, MomentShape, Index k, const double* u, const double* v);
  // Adds a share of a prior's scale (d x d) to component k: its diagonal where no more is kept, and of that the mean
  // where one number stands for all features.
  void (*add_scale)(double* second, MomentShape, Index k, const double* scale, double share);
  // Clears the scatter of component k in features in which its rows differ by rounding alone (section 12 of
  // docs/theory.md).
  void (*drop_rounding)(double* scatter, MomentShape, Index k, double count, const double* mean);
  // Adds weights[k] times the covariance of each component, kept as by the models that ask for this form.
  void (*add_covariances)(double* second, MomentShape, const double* weights, const double* covariances);
};

const SecondMomentTraits& traits_of(SecondMoments form);

// The second moments in a form that keeps less. \throws InvalidArgument where the asked form is not contained
std::vector<double> second_moments_as(const SufficientStatistics& statistics, SecondMoments form);

}  // namespace gmmx
