// The interface of the log-density kernels: one a way of computing log pi_k + log N(x_n | mu_k, Sigma_k).
#pragma once

#include "density/block.hpp"
#include "gmmx/mixture.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// Where the coordinates of blocks begin: the mixture's mean, rounded to T so that subtracting it is exact for
// rows around it. Everything a kernel computes is relative to this point.
template <class T>
RowVector<T> origin_of(const Mixture& mixture) {
  const ConstMatrixMap means(mixture.means().data(), mixture.n_components(), mixture.n_features());
  const ConstVectorMap weights(mixture.weights().data(), mixture.n_components());
  // About the first mean, so that a far offset costs no digits.
  const RowVector<double> first = means.row(0);
  RowVector<double> mean = first;
  for (Index k = 1; k < means.rows(); ++k) mean += weights(k) * (means.row(k) - first);
  return mean.cast<T>();
}

// log pi_k is left out on demand: component_log_densities() reports log N alone.
enum class Weighting { weighted, unweighted };

template <class T>
class LogDensity {
 public:
  virtual ~LogDensity() = default;
  virtual const char* name() const = 0;
  // The kernel that serves this block: this one, unless it hands over to a safer one.
  virtual const char* name_for(Block<T>&) const { return name(); }
  // out (block.size() x K) = weighted_log_prob of the block's rows.
  virtual void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const = 0;
  // Blocks whose rows all lie within this squared distance of the origin may be summed up by their features.
  virtual double squared_reach() const { return 0.0; }
};

// Means relative to the origin (K x d).
template <class T>
Matrix<double> centred_means(const Mixture& mixture) {
  const ConstMatrixMap means(mixture.means().data(), mixture.n_components(), mixture.n_features());
  return means.rowwise() - origin_of<T>(mixture).template cast<double>();
}

// The constant of each component: log pi_k - d/2 log 2 pi + log det of the precision's factor.
inline Vector<double> log_constants(const Mixture& mixture, Weighting weighting,
                                    const Vector<double>& log_det_factors) {
  const ConstVectorMap weights(mixture.weights().data(), mixture.n_components());
  Vector<double> sum = log_det_factors.array() - 0.5 * static_cast<double>(mixture.n_features()) * log_2_pi;
  if (weighting == Weighting::weighted) sum.array() += weights.array().log();
  return sum;
}

// What all kernels of one precision keep.
template <class T>
struct CentredComponents {
  CentredComponents(const Mixture& mixture, Weighting weighting, const Vector<double>& log_det_factors)
      : means(centred_means<T>(mixture).template cast<T>()),
        constants(log_constants(mixture, weighting, log_det_factors).template cast<T>()) {}
  Index n_components() const { return means.rows(); }

  Matrix<T> means;
  Vector<T> constants;
};

}  // namespace gmmx
