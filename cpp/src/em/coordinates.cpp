#include "em/coordinates.hpp"

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

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
  reference.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(factor);
  covariance = factor.transpose().lazyProduct(factor);
  if (!covariance.allFinite()) return false;
  Matrix<double> above = covariance;
  above.diagonal().array() -= floor;
  return above.llt().info() == Eigen::Success;
}

// How a model keeps covariances: a matrix or variances, of each component or of all.
struct Kept {
  explicit Kept(const Mixture& mixture)
      : traits(traits_of(second_moment_form(mixture.covariance_type()))),
        n_features(mixture.n_features()),
        n_matrices(traits.by_component ? mixture.n_components() : 1),
        numbers_of_matrix(traits.packed_size(n_features)),
        in_variance(traits.n_feature_axes == 1 ? 1 : n_features) {}

  ConstMatrixMap factor(const Mixture& mixture, Index k) const {
    return {mixture.precisions_cholesky().data() + k * n_features * n_features, n_features, n_features};
  }
  double weight(const Mixture& mixture, Index k) const {
    return traits.by_component ? mixture.weights()[static_cast<std::size_t>(k)] : 1.0;
  }

  const SecondMomentTraits& traits;
  Index n_features;
  Index n_matrices;
  Index numbers_of_matrix;
  Index in_variance;  // features that share a variance
};

// Logarithms of standard deviations against the reference's. in_variance: how many numbers of a row one variance
// is that of (d for spherical).
Vector<double> relative_variances(const Mixture& mixture, const Mixture& reference, Index in_variance) {
  const ConstVectorMap factors(mixture.precisions_cholesky().data(),
                               static_cast<Index>(mixture.precisions_cholesky().size()));
  const ConstVectorMap origin(reference.precisions_cholesky().data(), factors.size());
  Vector<double> numbers = (origin.array() / factors.array()).log();
  const Index per_component = factors.size() / mixture.n_components();
  for (Index i = 0; i < numbers.size(); ++i) {
    const double weight = reference.weights()[static_cast<std::size_t>(i / per_component)];
    numbers(i) *= std::sqrt(2 * weight * static_cast<double>(in_variance));
  }
  return numbers;
}

std::vector<double> variances_at(const Vector<double>& numbers, const Mixture& reference, Index in_variance,
                                 double floor) {
  std::vector<double> variances(static_cast<std::size_t>(numbers.size()));
  const Index per_component = numbers.size() / reference.n_components();
  for (Index i = 0; i < numbers.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double weight = reference.weights()[static_cast<std::size_t>(i / per_component)];
    const double growth = std::exp(2 * numbers(i) / std::sqrt(2 * weight * static_cast<double>(in_variance)));
    variances[at] = reference.covariances()[at] * growth;
    if (!(variances[at] > 0) || !(variances[at] >= floor) || !std::isfinite(variances[at])) return {};
  }
  return variances;
}

Vector<double> relative_covariances(const Mixture& mixture, const Mixture& reference) {
  const Kept kept(mixture);
  if (!kept.traits.has_matrices()) return relative_variances(mixture, reference, kept.in_variance);
  const Index each = kept.numbers_of_matrix;
  Vector<double> numbers(kept.n_matrices * each);
  for (Index k = 0; k < kept.n_matrices; ++k) {
    relative_matrix(kept.factor(mixture, k), kept.factor(reference, k), kept.weight(reference, k),
                    numbers.segment(k * each, each));
  }
  return numbers;
}

std::vector<double> matrices_at(const Vector<double>& numbers, const Mixture& reference, double floor) {
  const Kept kept(reference);
  const Index d = kept.n_features, each = kept.numbers_of_matrix;
  std::vector<double> result(static_cast<std::size_t>(kept.n_matrices * d * d));
  for (Index k = 0; k < kept.n_matrices; ++k) {
    if (!matrix_at(numbers.segment(k * each, each), kept.factor(reference, k), kept.weight(reference, k), floor,
                   {result.data() + k * d * d, d, d}))
      return {};
  }
  return result;
}

// The nearest covariances of the model: its M-step as if these were sums over rows. It begins where they almost are.
std::vector<double> nearest_of_model(const CovarianceModel& model, std::vector<double> covariances,
                                     const Mixture& reference) {
  const Kept kept(reference);
  const Index k_count = reference.n_components(), d = reference.n_features();
  const std::vector<double>& weights = reference.weights();
  std::vector<double> sums(covariances.size(), 0.0);
  kept.traits.add_covariances(sums.data(), {k_count, d}, weights.data(), covariances.data());
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  try {
    const Mixture near(reference.covariance_spec(), d, weights, reference.means(), std::move(covariances));
    return model.covariances({k_count, d, weights, total, sums, 0.0, &near});
  } catch (const CollapsedComponent&) {
    return {};
  }
}

// The covariances of such numbers, or the nearest ones of the model; empty where one is not finite or a variance in
// some direction is below the floor.
std::vector<double> covariances_at(const Vector<double>& numbers, const Mixture& reference, double floor) {
  const Kept kept(reference);
  std::vector<double> result = kept.traits.has_matrices() ? matrices_at(numbers, reference, floor)
                                                          : variances_at(numbers, reference, kept.in_variance, floor);
  const CovarianceModel& model = model_of(reference.covariance_type());
  if (result.empty() || !model.is_constrained()) return result;
  return nearest_of_model(model, std::move(result), reference);
}

}  // namespace

std::optional<Vector<double>> Coordinates::of(const Mixture& mixture) const {
  const Index k_count = mixture.n_components(), d = mixture.n_features();
  const auto& model = model_of(mixture.covariance_type());
  const Column<double> pi = weights_of(reference_);
  if (!(pi > 0).all() || !(weights_of(mixture).array() > 0).all()) return std::nullopt;
  const Vector<double> covariances = relative_covariances(mixture, reference_);
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
  std::vector<double> covariances = covariances_at(tail, reference_, reg_covar);
  if (covariances.empty() || !(pi > 0).all()) return std::nullopt;
  try {
    return Mixture(reference_.covariance_spec(), d, {pi.begin(), pi.end()}, std::move(means), std::move(covariances));
  } catch (const Error&) {  // singular up to rounding, or overflown
    return std::nullopt;
  }
}

}  // namespace gmmx
