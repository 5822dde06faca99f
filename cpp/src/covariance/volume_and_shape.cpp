#include "covariance/volume_and_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "covariance/model.hpp"

namespace gmmx {

namespace {

double count_of(const std::vector<double>& counts, Index k) { return counts[static_cast<std::size_t>(k)]; }

// prod_j v_j^(1/d). \throws CollapsedComponent naming k where a variance is not positive
double volume_of(Eigen::Ref<const RowVector<double>> variances, Index k) {
  double sum = 0;
  for (Index j = 0; j < variances.size(); ++j) {
    if (variances(j) <= 0) throw_collapsed(k);
    sum += std::log(variances(j));
  }
  return std::exp(sum / static_cast<double>(variances.size()));
}

bool any_flat(const std::vector<double>& counts, const RowMajorMatrix<double>& variances) {
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * static_cast<double>(variances.cols());
  for (Index k = 0; k < variances.rows(); ++k) {
    if (count_of(counts, k) > 0 && flatness(counts, variances, k) <= rounding) return true;
  }
  return false;
}

}  // namespace

double flatness(const std::vector<double>& counts, const RowMajorMatrix<double>& variances, Index k) {
  RowVector<double> average = RowVector<double>::Zero(variances.cols());
  for (Index l = 0; l < variances.rows(); ++l) average += count_of(counts, l) * variances.row(l);
  const RowVector<double> relative = variances.row(k).cwiseQuotient(average);
  return relative.minCoeff() / relative.maxCoeff();
}

bool improve_in_turn(const std::vector<double>& counts, Vector<double>& volumes,
                     const std::function<void(const Vector<double>&)>& fit,
                     const std::function<double(Index)>& new_volume) {
  constexpr int most_iterations = 1000;
  constexpr double tolerance = 1e-13;  // of the logarithm of each volume
  Vector<double> weights(volumes.size());
  double step = 1;
  for (int i = 0; i < most_iterations && step > tolerance; ++i) {
    for (Index k = 0; k < volumes.size(); ++k) {
      weights(k) = count_of(counts, k) == 0 ? 0 : count_of(counts, k) / volumes(k);
      if (count_of(counts, k) > 0 && volumes(k) <= 0) throw_collapsed(k);
    }
    fit(weights);
    step = 0;
    for (Index k = 0; k < volumes.size(); ++k) {
      const double volume = new_volume(k);
      if (count_of(counts, k) > 0) step = std::max(step, std::abs(volume / volumes(k) - 1));
      volumes(k) = volume;
    }
  }
  if (step <= tolerance) return false;
  double least = std::numeric_limits<double>::infinity(), largest = 0;
  for (Index k = 0; k < volumes.size(); ++k) {
    if (count_of(counts, k) == 0) continue;
    least = std::min(least, volumes(k));
    largest = std::max(largest, volumes(k));
  }
  return least < std::sqrt(std::numeric_limits<double>::epsilon()) * largest;
}

// (75)
void equal_volume_equal_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances) {
  RowVector<double> sum = RowVector<double>::Zero(variances.cols());
  for (Index k = 0; k < variances.rows(); ++k) sum += count_of(counts, k) * variances.row(k);
  sum /= std::accumulate(counts.begin(), counts.end(), 0.0);
  for (Index j = 0; j < sum.size(); ++j) {
    if (sum(j) <= 0) throw_collapsed(all_components);
  }
  variances.rowwise() = sum;
}

// (76), (77) Volumes given the shape, the shape given the volumes, in turn: in their logarithms the problem is convex.
void own_volume_equal_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances) {
  const auto d = static_cast<double>(variances.cols());
  Vector<double> volumes = variances.rowwise().mean();
  RowVector<double> shape(variances.cols());
  const auto fit_shape = [&](const Vector<double>& weights) {
    shape.setZero();
    for (Index k = 0; k < variances.rows(); ++k) {
      if (weights(k) != 0) shape += weights(k) * variances.row(k);
    }
    shape /= volume_of(shape, all_components);
  };
  const auto volume = [&](Index k) { return (variances.row(k).array() / shape.array()).sum() / d; };
  // Without bound, where components vary in different features alone.
  if (improve_in_turn(counts, volumes, fit_shape, volume) && any_flat(counts, variances)) {
    throw_collapsed(all_components);
  }
  if (variances.allFinite() && !(volumes * shape).allFinite()) throw_collapsed(all_components);
  variances.noalias() = volumes * shape;
}

// (78)
double common_volume(const std::vector<double>& counts, const Vector<double>& own_volumes,
                     const RowMajorMatrix<double>& variances) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  double sum = 0;
  double total = 0;
  for (Index k = 0; k < own_volumes.size(); ++k) {
    sum += count_of(counts, k) * own_volumes(k);
    total += count_of(counts, k);
  }
  const double common = sum / total;
  const double vanishing = std::sqrt(eps) * common;
  for (Index k = 0; k < own_volumes.size(); ++k) {
    if (count_of(counts, k) == 0 || own_volumes(k) >= vanishing) continue;
    if (flatness(counts, variances, k) < eps) throw_collapsed(k);
  }
  return common;
}

void equal_volume_own_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances) {
  Vector<double> own(variances.rows());
  for (Index k = 0; k < variances.rows(); ++k) own(k) = volume_of(variances.row(k), k);
  const double common = common_volume(counts, own, variances);
  for (Index k = 0; k < variances.rows(); ++k) variances.row(k) *= common / own(k);
}

}  // namespace gmmx
