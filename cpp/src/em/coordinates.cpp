#include "em/coordinates.hpp"

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "cholesky.hpp"
#include "covariance/model.hpp"
#include "gmmx/errors.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

// (68) One matrix: R^T = U^-1 U_ref, upper triangular, with logarithms on its diagonal. weight: of the component.
void relative_matrix(ConstMatrixMap u, ConstMatrixMap reference, double weight, Eigen::Ref<Vector<double>> numbers) {
  // One column of the triangle after another, by back substitution in place.
  Index at = 0;
  for (Index j = 0; j < u.rows(); ++j) {
    auto column = numbers.segment(at, j + 1);
    for (Index i = j; i >= 0; --i) {
      const double known = u.row(i).segment(i + 1, j - i).dot(column.segment(i + 1, j - i));
      column(i) = (reference(i, j) - known) / u(i, i);
    }
    column(j) = std::sqrt(2.0) * std::log(column(j));
    at += j + 1;
  }
  numbers *= std::sqrt(weight);
}

// False where the covariance of the numbers is not finite or has an eigenvalue below the floor.
bool matrix_at(Eigen::Ref<const Vector<double>> numbers, ConstMatrixMap reference, double weight, double floor,
               MatrixMap covariance) {
  const Index d = reference.rows();
  Matrix<double> factor = Matrix<double>::Zero(d, d);
  Index at = 0;
  for (Index j = 0; j < d; ++j) {
    for (Index i = 0; i < j; ++i) factor(i, j) = numbers(at++) / std::sqrt(weight);
    factor(j, j) = std::exp(numbers(at++) / std::sqrt(2 * weight));
  }
  divide_by_upper(factor, reference);
  covariance = factor.transpose().lazyProduct(factor);
  if (!covariance.allFinite()) return false;
  Matrix<double> above = covariance;
  above.diagonal().array() -= floor;
  return cholesky_of(above).exists;
}

// (68) Covariances as the model keeps them: a matrix or variances, of each component or of all.
class CovarianceCoordinates {
 public:
  // The reference must live as long.
  explicit CovarianceCoordinates(const Mixture& reference)
      : reference_(reference),
        model_(model_of(reference.covariance_type())),
        traits_(traits_of(model_.form())),
        d_(reference.n_features()),
        n_matrices_(traits_.by_component ? reference.n_components() : 1) {}

  Vector<double> of(const Mixture& mixture) const {
    if (!traits_.has_matrices()) return relative_variances(mixture);
    const Index each = traits_.packed_size(d_);
    Vector<double> numbers(n_matrices_ * each);
    for (Index k = 0; k < n_matrices_; ++k) {
      relative_matrix(factor(mixture, k), factor(reference_, k), weight(k), numbers.segment(k * each, each));
    }
    return numbers;
  }

  // The covariances of such numbers, or the nearest ones of the model; empty where one is not finite or a variance in
  // some direction is below the floor.
  std::vector<double> at(const Vector<double>& numbers, double floor) const {
    std::vector<double> result = traits_.has_matrices() ? matrices_at(numbers, floor) : variances_at(numbers, floor);
    return result.empty() || !model_.is_constrained() ? result : nearest_of_model(std::move(result));
  }

 private:
  ConstMatrixMap factor(const Mixture& mixture, Index k) const {
    return {mixture.precisions_cholesky().data() + k * d_ * d_, d_, d_};
  }
  double weight(Index k) const {
    return traits_.by_component ? reference_.weights()[static_cast<std::size_t>(k)] : 1.0;
  }
  // Of the logarithm of the i-th of n standard deviations, which a component has for each feature or for all.
  double unit(Index i, Index n) const {
    const double weight = reference_.weights()[static_cast<std::size_t>(i / (n / reference_.n_components()))];
    return std::sqrt(2 * weight * static_cast<double>(traits_.n_feature_axes == 1 ? 1 : d_));
  }

  // Logarithms of standard deviations against the reference's.
  Vector<double> relative_variances(const Mixture& mixture) const {
    const auto n = static_cast<Index>(mixture.precisions_cholesky().size());
    const ConstVectorMap factors(mixture.precisions_cholesky().data(), n);
    const ConstVectorMap origin(reference_.precisions_cholesky().data(), n);
    Vector<double> numbers = (origin.array() / factors.array()).log();
    for (Index i = 0; i < n; ++i) numbers(i) *= unit(i, n);
    return numbers;
  }

  std::vector<double> variances_at(const Vector<double>& numbers, double floor) const {
    std::vector<double> variances = reference_.covariances();
    for (Index i = 0; i < numbers.size(); ++i) {
      double& variance = variances[static_cast<std::size_t>(i)];
      variance *= std::exp(2 * numbers(i) / unit(i, numbers.size()));
      if (!(variance > 0) || !(variance >= floor) || !std::isfinite(variance)) return {};
    }
    return variances;
  }

  std::vector<double> matrices_at(const Vector<double>& numbers, double floor) const {
    const Index each = traits_.packed_size(d_);
    std::vector<double> result(static_cast<std::size_t>(n_matrices_ * d_ * d_));
    for (Index k = 0; k < n_matrices_; ++k) {
      if (!matrix_at(numbers.segment(k * each, each), factor(reference_, k), weight(k), floor,
                     {result.data() + k * d_ * d_, d_, d_}))
        return {};
    }
    return result;
  }

  // The model's M-step as if these were sums over rows. It begins where they almost are.
  std::vector<double> nearest_of_model(std::vector<double> covariances) const {
    const Index k_count = reference_.n_components();
    const std::vector<double>& weights = reference_.weights();
    std::vector<double> sums(covariances.size(), 0.0);
    traits_.add_covariances(sums.data(), {k_count, d_}, weights.data(), covariances.data());
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    try {
      const Mixture near(reference_.covariance_spec(), d_, weights, reference_.means(), std::move(covariances));
      return model_.covariances({k_count, d_, weights, total, sums, 0.0, &near});
    } catch (const CollapsedComponent&) {
      return {};
    }
  }

  const Mixture& reference_;
  const CovarianceModel& model_;
  const SecondMomentTraits& traits_;
  Index d_;
  Index n_matrices_;
};

}  // namespace

std::optional<Vector<double>> Coordinates::of(const Mixture& mixture) const {
  const Index k_count = mixture.n_components(), d = mixture.n_features();
  const auto& model = model_of(mixture.covariance_type());
  const Column<double> pi = weights_of(reference_);
  if (!(pi > 0).all() || !(weights_of(mixture).array() > 0).all()) return std::nullopt;
  const Vector<double> covariances = CovarianceCoordinates(reference_).of(mixture);
  Vector<double> numbers(k_count * (1 + d) + covariances.size());
  const Column<double> ratios = (weights_of(mixture).array() / pi).log();
  numbers.head(k_count) = pi.sqrt() * (ratios - (pi * ratios).sum());
  for (Index k = 0; k < k_count; ++k) {
    Matrix<double> shift = means_of(mixture).row(k) - means_of(reference_).row(k);
    model.whiten(reference_, k, shift);
    numbers.segment(k_count + k * d, d) = std::sqrt(pi(k)) * shift.transpose();
  }
  numbers.tail(covariances.size()) = covariances;
  return numbers;
}

std::optional<Mixture> Coordinates::mixture_at(const Vector<double>& numbers, double reg_covar) const {
  if (!numbers.allFinite()) return std::nullopt;
  const Index k_count = reference_.n_components(), d = reference_.n_features();
  const auto& model = model_of(reference_.covariance_type());
  const Column<double> origin = weights_of(reference_);
  const Column<double> ratios = numbers.head(k_count).array() / origin.sqrt();
  Column<double> pi = origin * (ratios - ratios.maxCoeff()).exp();
  pi /= pi.sum();
  std::vector<double> means = reference_.means();
  for (Index k = 0; k < k_count; ++k) {
    Matrix<double> shift = numbers.segment(k_count + k * d, d).transpose() / std::sqrt(origin(k));
    model.colour(reference_, k, shift);
    VectorMap(means.data() + k * d, d) += shift.transpose();
  }
  const Vector<double> tail = numbers.tail(numbers.size() - k_count * (1 + d));
  std::vector<double> covariances = CovarianceCoordinates(reference_).at(tail, reg_covar);
  if (covariances.empty() || !(pi > 0).all()) return std::nullopt;
  try {
    return Mixture(reference_.covariance_spec(), d, {pi.begin(), pi.end()}, std::move(means), std::move(covariances));
  } catch (const Error&) {  // singular up to rounding, or overflown
    return std::nullopt;
  }
}

}  // namespace gmmx
