/// \file
/// Fits to many small data sets, in parallel.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "gmmx/em.hpp"
#include "gmmx/export.hpp"

namespace gmmx {

/// Rows of float or double.
using AnyRows = std::variant<Rows<float>, Rows<double>>;

/// A fit about which nothing needs to be said.
struct SoundFit {
  EMResult result;  ///< of the best restart
  /// Of the rows under the mixture; for rows of float, under the mixture whose parameters are rounded to float.
  double log_likelihood = 0;
};

/// What is fitted to every data set.
struct ManyFits {
  Index n_components = 1;
  CovarianceSpec covariance = CovarianceType::full;
  Index n_init = 1;
  MaximumLikelihood likelihood;
  EMOptions em;                          ///< the callback is not called, check_interrupt is
  bool dependent_columns_matter = true;  ///< whether columns are searched for linear combinations of others
};

/// Fits a mixture to each data set by k-means and EM, in parallel on n_threads, each on one thread. Results do not
/// depend on n_threads; they are those of em_from_kmeans(), of whose restarts the best is kept.
///
/// A data set has no value, and should be fitted alone, if anything needs attention: rows or weights are not accepted
/// or extreme, columns are constant or dependent, one row may outweigh all others, a restart collapsed, components are
/// empty or equal, the likelihood fell, a float cannot hold the result; or if restarts on rows this large share passes.
///
/// \param uniforms  kmeans_draws(n_components) numbers in [0, 1) for each restart: n_init lines for all data sets, or
///                  n_init lines for each
/// \throws InvalidArgument if the uniforms have another shape or a prior is combined with acceleration
GMMX_EXPORT std::vector<std::optional<SoundFit>> sound_fits(const std::vector<AnyRows>& data_sets, const ManyFits& fits,
                                                            MatrixView<const double> uniforms, int n_threads);

}  // namespace gmmx
