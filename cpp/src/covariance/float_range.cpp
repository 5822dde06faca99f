#include "covariance/float_range.hpp"

#include <limits>

#include "density/feature_tolerance.hpp"
#include "gmmx/factors.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

namespace {

// all(variance, row of the precision's factor) of every feature of every matrix, or of every variance.
template <class Predicate>
bool all_features(const Mixture& mixture, Predicate all) {
  const Index d = keeps_matrices(mixture.covariance_type()) ? mixture.n_features() : 1;
  const auto n_rows = static_cast<Index>(mixture.covariances().size()) / d;  // of all matrices
  const ConstMatrixMap sigma(mixture.covariances().data(), n_rows, d);
  const ConstMatrixMap factors(mixture.precisions_cholesky().data(), n_rows, d);
  for (Index row = 0; row < n_rows; ++row) {
    if (!all(sigma(row, row % d), factors.row(row))) return false;
  }
  return true;
}

}  // namespace

bool is_beyond_range_of_float(const Mixture& mixture) {
  constexpr double largest = 1e28;
  return !all_features(mixture,
                       [](double variance, const auto&) { return variance < largest && variance > 1 / largest; });
}

bool is_beyond_float(const Mixture& mixture) {
  if (is_beyond_range_of_float(mixture)) return true;
  // (116) What the fast formulas may lose (67) is what sums may lose, too.
  const double largest_inflation =
      feature_tolerance<float>(mixture.n_features()) / std::numeric_limits<float>::epsilon();
  return keeps_matrices(mixture.covariance_type()) && !all_features(mixture, [&](double variance, const auto& factor) {
           return variance * factor.squaredNorm() <= largest_inflation;
         });
}

}  // namespace gmmx
