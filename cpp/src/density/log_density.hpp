// The interface of the log-density kernels: one a way of computing log pi_k + log N(x_n | mu_k, Sigma_k).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "density/block.hpp"
#include "gmmx/mixture.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

inline ConstVectorMap weights_of(const Mixture& mixture) { return {mixture.weights().data(), mixture.n_components()}; }

inline ConstMatrixMap means_of(const Mixture& mixture) {
  return {mixture.means().data(), mixture.n_components(), mixture.n_features()};
}

// What the fast formulas take rows and means relative to: the mixture's mean, rounded to T.
template <class T>
RowVector<T> origin_of(const Mixture& mixture) {
  const ConstMatrixMap means = means_of(mixture);
  // About the first mean, so that a far offset costs no digits.
  RowVector<double> mean = means.row(0);
  for (Index k = 1; k < means.rows(); ++k) mean += weights_of(mixture)(k) * (means.row(k) - means.row(0));
  if constexpr (std::is_same_v<T, double>) {
    return mean;
  } else {
    return mean.cast<T>();
  }
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
  // out (block.size() x K) = log N(x_n | k) of the block's rows, plus log pi_k if the kernel is weighted.
  virtual void log_prob(Block<T>& block, BlockOfColumns<T> out) const = 0;
  // Blocks whose rows all lie within this squared distance of the origin may be summed up by their features.
  virtual double squared_reach() const { return 0.0; }
};

// Means relative to the origin (K x d).
template <class T>
Matrix<double> centred_means(const Mixture& mixture) {
  return means_of(mixture).rowwise() - origin_of<T>(mixture).template cast<double>();
}

// The constant of each component: log pi_k - d/2 log 2 pi + log det of the precision's factor.
inline Vector<double> log_constants(const Mixture& mixture, Weighting weighting, Vector<double> log_det_factors) {
  log_det_factors.array() -= 0.5 * static_cast<double>(mixture.n_features()) * log_2_pi;
  if (weighting == Weighting::weighted) log_det_factors.array() += weights_of(mixture).array().log();
  return log_det_factors;
}

// out.col(k) = constants(k) - |y|^2 / 2; y(k, j): feature j of the rows less mean k, in standard deviations.
template <class T, class Deviations>
void gaussian_log_prob(BlockOfColumns<T> out, const Vector<T>& constants, Index n_features, const Deviations& y) {
  for (Index k = 0; k < out.cols(); ++k) {
    auto column = out.col(k);
    column = y(k, 0).square();
    for (Index j = 1; j < n_features; ++j) column += y(k, j).square();
    column = constants(k) - T(0.5) * column;  // (1), (6), (53)
  }
}

// Means as kernels of precision T subtract them from rows as they were given: x - mu = (x - high) - low. Where a row is
// near the mean, x - high has no rounding error, and elsewhere one of eps |x - high|; in float64, low is zero. (112)
template <class T>
struct SplitMeans {
  explicit SplitMeans(const Mixture& mixture) {
    high = means_of(mixture).template cast<T>();
    low = means_of(mixture) - high.template cast<double>();
  }

  static constexpr bool is_exact = std::is_same_v<T, double>;
  Matrix<T> high;
  Matrix<double> low;
};

// A kernel that is made when the first block asks for it, from whatever thread.
template <class T>
class LazyLogDensity {
 public:
  explicit LazyLogDensity(std::function<std::unique_ptr<LogDensity<T>>()> make) : make_(std::move(make)) {}

  const LogDensity<T>& operator*() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!kernel_) kernel_ = make_();
    return *kernel_;
  }

 private:
  std::function<std::unique_ptr<LogDensity<T>>()> make_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<LogDensity<T>> kernel_;
};

}  // namespace gmmx
