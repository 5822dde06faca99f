// A covariance model: everything that is particular to one way of tying covariances together.
// Nothing here knows the EM loop, and the EM loop knows no model by name.
#pragma once

#include <memory>
#include <vector>

#include "density/log_density.hpp"
#include "gmmx/covariance_type.hpp"
#include "gmmx/decomposition.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// What an M-step of the covariances knows: scatter about the new means, in the model's form.
struct Scatter {
  Index n_components = 0;
  Index n_features = 0;
  const std::vector<double>& counts;  // N_k; 0 for an empty component
  double total_count = 0.0;           // sum_k N_k
  std::vector<double>& second;        // W_k, in whose memory the model may form the covariances
  double reg_covar = 0.0;             // added to the variances
  const Mixture* previous = nullptr;  // where searches for the maximum begin, of the same model; or none
  int n_threads = 1;                  // for loops over many components
};

// Contribution of a prior of covariances to each component: a number of rows, and a share of its scale.
struct PriorShare {
  double count;
  double scale;
};

// Models are constants, which nobody deletes.
class CovarianceModel {
 public:
  // How covariances are kept, and how the factors of their inverses are: arrays of these shapes.
  virtual std::vector<Index> covariance_shape(Index n_components, Index n_features) const = 0;
  virtual std::vector<Index> factor_shape(Index n_components, Index n_features) const {
    return covariance_shape(n_components, n_features);
  }
  // Free parameters of the covariances alone.
  virtual Index n_covariance_parameters(Index n_components, Index n_features) const = 0;
  virtual SecondMoments form() const = 0;
  // Whether components have covariances, or parts of them, in common. If not, both shapes begin with n_components.
  virtual bool ties_components() const = 0;
  // Whether covariances of the shape may not be the model's.
  virtual bool is_constrained() const { return ties_components(); }

  // (91) dof: the prior's degrees of freedom.
  virtual PriorShare prior_share(double dof, Index n_components, Index n_features) const = 0;

  // The maximising covariances. \throws CollapsedComponent
  virtual std::vector<double> covariances(const Scatter& scatter) const = 0;
  // U with covariance^-1 = U U^T. \throws CollapsedComponent
  virtual std::vector<double> factorize(const std::vector<double>& covariances, Index n_components, Index n_features,
                                        int n_threads) const = 0;
  // The covariances that belong to given factors. \throws InvalidArgument where a factor is none
  virtual std::vector<double> covariances_of_factors(const std::vector<double>& precisions_cholesky, Index n_components,
                                                     Index n_features) const = 0;
  virtual Decomposition decompose(const Mixture& mixture) const = 0;

  // The log-density kernel for this mixture, which must live as long.
  virtual std::unique_ptr<LogDensity<double>> log_density(const Mixture&, Weighting, double) const = 0;
  virtual std::unique_ptr<LogDensity<float>> log_density(const Mixture&, Weighting, float) const = 0;

  // Rows of standard normal numbers (n x d), in place, to rows of covariance Sigma_k: z -> U_k^-T z.
  virtual void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const = 0;
  // The way back.
  virtual void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const = 0;

 protected:
  ~CovarianceModel() = default;
};

const CovarianceModel& model_of(CovarianceType type);
// \throws InvalidArgument where the model has no factors, but n_factors is not 0
const CovarianceModel& model_of(CovarianceSpec spec);

// The component named in errors where all share a covariance.
constexpr Index all_components = -1;

// The error of a component whose covariance is not positive definite.
[[noreturn]] void throw_collapsed(Index k);

}  // namespace gmmx
