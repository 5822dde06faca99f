#include "covariance/float_range.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "covariance/model.hpp"
#include "density/feature_tolerance.hpp"
#include "linear_algebra.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

bool is_in_range(double variance) {
  constexpr double largest = 1e28;
  return variance < largest && variance > 1 / largest;
}

bool has_matrices(const Mixture& mixture) {
  return traits_of(model_of(mixture.covariance_type()).form()).has_matrices();
}

// all(variance, row of the precision's factor) of every feature of every matrix.
template <class Predicate>
bool all_features(const Mixture& mixture, Predicate all) {
  const Index d = mixture.n_features();
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
  if (has_matrices(mixture)) {
    return !all_features(mixture, [](double variance, const auto&) { return is_in_range(variance); });
  }
  const std::vector<double>& variances = mixture.covariances();
  return !std::all_of(variances.begin(), variances.end(), is_in_range);
}

bool is_beyond_float(const Mixture& mixture) {
  if (is_beyond_range_of_float(mixture)) return true;
  // (116) What the fast formulas may lose (67) is what sums may lose, too.
  const double largest_inflation =
      feature_tolerance<float>(mixture.n_features()) / std::numeric_limits<float>::epsilon();
  return has_matrices(mixture) && !all_features(mixture, [&](double variance, const auto& factor) {
           return variance * factor.squaredNorm() <= largest_inflation;
         });
}

}  // namespace gmmx
