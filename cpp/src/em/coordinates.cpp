#include "em/coordinates.hpp"

#include <utility>
#include <vector>

#include "covariance/model.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

ConstVectorMap weights_of(const Mixture& mixture) { return {mixture.weights().data(), mixture.n_components()}; }

ConstMatrixMap means_of(const Mixture& mixture) {
  return {mixture.means().data(), mixture.n_components(), mixture.n_features()};
}

}  // namespace

std::optional<Vector<double>> Coordinates::of(const Mixture& mixture) const {
  const Index k_count = mixture.n_components(), d = mixture.n_features();
  const auto& model = model_of(mixture.covariance_type());
  const Column<double> pi = weights_of(reference_);
  if (!(pi > 0).all() || !(weights_of(mixture).array() > 0).all()) return std::nullopt;
  const Vector<double> covariances = model.relative_covariances(mixture, reference_);
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
  std::vector<double> covariances = model.covariances_at(tail, reference_, reg_covar);
  if (covariances.empty() || !(pi > 0).all()) return std::nullopt;
  try {
    return Mixture(reference_.covariance_type(), d, {pi.begin(), pi.end()}, std::move(means), std::move(covariances));
  } catch (const Error&) {  // singular up to rounding, or overflown
    return std::nullopt;
  }
}

}  // namespace gmmx
