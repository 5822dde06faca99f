// Sigma_k = volume_k B, |B| = 1: the components share one matrix except for its volume. VEE.
#include <algorithm>
#include <cmath>
#include <utility>

#include "cholesky.hpp"
#include "covariance/axes.hpp"
#include "covariance/matrix_family.hpp"
#include "covariance/volume_and_shape.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

namespace {

// The volumes to begin with.
Vector<double> first_volumes(const Scatter& s, const std::vector<double>& own) {
  const Index d = s.n_features;
  Vector<double> volumes(s.n_components);
  for (Index k = 0; k < s.n_components; ++k) {
    volumes(k) = matrix_of(own, k, d).diagonal().mean();
    if (!s.previous) continue;
    const ConstMatrixMap factor = matrix_of(s.previous->precisions_cholesky(), k, d);
    double sum = 0;
    for (Index j = 0; j < d; ++j) sum += std::log(factor(j, j));
    volumes(k) = std::exp(-2 * sum / static_cast<double>(d));
  }
  return volumes;
}

bool any_collapsed(const Scatter& s, const std::vector<double>& own) {
  for (Index k = 0; k < s.n_components; ++k) {
    if (s.counts[static_cast<std::size_t>(k)] > 0 && is_collapsed(matrix_of(own, k, s.n_features))) return true;
  }
  return false;
}

// Whether volumes part for ever, of components that vary in different directions alone: whether the common matrix, of
// which u becomes the factor, is so close to singular that in the next steps rounding could bring the search to rest.
bool has_parted(const RowMajorMatrix<double>& common, RowMajorMatrix<double>& u, const Scatter& s,
                const std::vector<double>& own) {
  constexpr double safety = 64;
  const Index d = s.n_features;
  const ConstMatrixMap matrix(common.data(), d, d);
  const MatrixMap factor(u.data(), d, d);
  if (factorizes(matrix, factor, safety) || !common.allFinite()) return false;
  return any_collapsed(s, own) || !factorizes(matrix, factor);
}

class Proportional final : public MatrixFamily {
 public:
  constexpr Proportional() : MatrixFamily({'V', 'E', 'E'}) {}

  // (80), (81) Volumes given B, B given the volumes, in turn: there is one maximum.
  std::vector<double> covariances(const Scatter& s) const override {
    const Index d = s.n_features;
    std::vector<double> result = own_covariances(s);
    Vector<double> volumes = first_volumes(s, result);
    RowMajorMatrix<double> common(d, d);
    RowMajorMatrix<double> factor(d, d);
    Matrix<double> precision(d, d);
    Vector<double> traces(s.n_components);
    const auto numbers = static_cast<double>(d * d);
    const auto fit_common = [&](const Vector<double>& weights) {
      common.setZero();
      for (Index k = 0; k < s.n_components; ++k) {
        if (weights(k) != 0) common += weights(k) * matrix_of(result, k, d);
      }
      if (has_parted(common, factor, s, result)) throw_collapsed(all_components);
      if (!common.allFinite()) factor = common;
      const double scale = std::exp(-2 * factor.diagonal().array().log().mean());  // |B|^(1/d)
      common /= scale;
      precision_of_factor({factor.data(), d, d}, precision);
      precision *= scale;
      for_components(s.n_components, numbers, s.n_threads, [&](Index k) {
        const ConstMatrixMap own = matrix_of(std::as_const(result), k, d);
        double trace = 0;
        for (Index l = 0; l < d; ++l) trace += own.row(l).dot(precision.col(l));
        traces(k) = trace;
      });
    };
    const auto volume = [&](Index k) { return traces(k) / static_cast<double>(d); };
    const bool run_away = improve_in_turn(s.counts, volumes, fit_common, volume);
    const auto all_finite = [&] {
      return std::all_of(result.begin(), result.end(), [](double number) { return std::isfinite(number); });
    };
    const bool were_finite = all_finite();
    // Without bound, where components vary in different directions alone.
    if (were_finite && run_away && any_collapsed(s, result)) throw_collapsed(all_components);
    for_components(s.n_components, numbers, s.n_threads, [&](Index k) {
      MatrixMap sigma = matrix_of(result, k, d);
      for (Index l = 0; l < d; ++l) {
        for (Index j = 0; j <= l; ++j) sigma(l, j) = sigma(j, l) = volumes(k) * common(l, j);
      }
    });
    if (were_finite && !all_finite()) throw_collapsed(all_components);
    return result;
  }

  Decomposition decompose(const Mixture& mixture) const override {
    const Index d = mixture.n_features();
    const Axes first = axes_of(matrix_of(mixture.covariances(), 0, d));
    Decomposition result;
    for (Index k = 0; k < mixture.n_components(); ++k) {
      const double size = matrix_of(mixture.covariances(), k, d).trace() / first.variances.sum();
      append({size * first.variances, first.directions}, result);
    }
    return result;
  }

 private:
  // U_k = s_k U_0.
  std::optional<Diagonalisation> diagonalisation(const Mixture& mixture) const override {
    const Index d = mixture.n_features();
    const ConstMatrixMap transform = matrix_of(mixture.precisions_cholesky(), 0, d);
    Matrix<double> scales(mixture.n_components(), d);
    double error = 0;
    Matrix<double> relative(d, d);
    for (Index k = 0; k < mixture.n_components(); ++k) {
      relative = matrix_of(mixture.precisions_cholesky(), k, d);
      solve_upper(transform, relative);
      const double scale = relative.diagonal().mean();
      scales.row(k).setConstant(scale);
      relative.diagonal().array() -= scale;
      error = std::max(error, relative.cwiseAbs().maxCoeff() / scale);
    }
    return {{transform, scales, error}};
  }
};

constexpr Proportional model_VEE;

}  // namespace

const CovarianceModel& VEE_model() { return model_VEE; }

}  // namespace gmmx
