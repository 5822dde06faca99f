#include "covariance/volume_and_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "covariance/model.hpp"

namespace gmmx {

namespace {

double count_of(const std::vector<double>& counts, Index k) { return counts[static_cast<std::size_t>(k)]; }

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

bool run_away(double step, const std::vector<double>& counts, const Vector<double>& volumes) {
  if (step <= inner_tolerance) return false;
  double least = std::numeric_limits<double>::infinity();
  double largest = 0;
  for (Index k = 0; k < volumes.size(); ++k) {
    if (count_of(counts, k) == 0) continue;
    least = std::min(least, volumes(k));
    largest = std::max(largest, volumes(k));
  }
  return least < std::sqrt(std::numeric_limits<double>::epsilon()) * largest;
}

double volume_of(Eigen::Ref<const RowVector<double>> variances, Index k) {
  double sum = 0;
  for (Index j = 0; j < variances.size(); ++j) {
    if (variances(j) <= 0) throw_collapsed(k);
    sum += std::log(variances(j));
  }
  return std::exp(sum / static_cast<double>(variances.size()));
}

// (75)
void equal_volume_equal_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances) {
  RowVector<double> sum = RowVector<double>::Zero(variances.cols());
  double total = 0;
  for (Index k = 0; k < variances.rows(); ++k) {
    sum += count_of(counts, k) * variances.row(k);
    total += count_of(counts, k);
  }
  sum /= total;
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
  double step = 1;
  for (int i = 0; i < most_inner_iterations && step > inner_tolerance; ++i) {
    shape.setZero();
    for (Index k = 0; k < variances.rows(); ++k) {
      if (count_of(counts, k) == 0) continue;
      if (volumes(k) <= 0) throw_collapsed(k);
      shape += count_of(counts, k) / volumes(k) * variances.row(k);
    }
    shape /= volume_of(shape, all_components);
    step = 0;
    for (Index k = 0; k < variances.rows(); ++k) {
      const double volume = (variances.row(k).array() / shape.array()).sum() / d;
      if (count_of(counts, k) > 0) step = std::max(step, std::abs(volume / volumes(k) - 1));
      volumes(k) = volume;
    }
  }
  // Without bound, where components vary in different features alone.
  if (run_away(step, counts, volumes) && any_flat(counts, variances)) throw_collapsed(all_components);
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
