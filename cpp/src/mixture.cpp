#include "gmmx/mixture.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "checked_mixture.hpp"
#include "covariance/model.hpp"
#include "format.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

void check_finite(const std::vector<double>& values, const char* name) {
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    throw InvalidArgument(std::string(name) +
                          " holds NaN or infinity; all parameters must be finite. If they were computed, a row is not "
                          "finite, or so large that its square overflows: leave it out, or scale the data");
  }
}

void check_numbers(const std::vector<double>& values, const std::vector<Index>& shape, const char* name) {
  const Index expected = std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>());
  if (static_cast<Index>(values.size()) == expected) return check_finite(values, name);
  std::string text;
  for (const Index n : shape) text += (text.empty() ? "(" : ", ") + std::to_string(n);
  throw InvalidArgument(std::string(name) + " has " + std::to_string(values.size()) +
                        " numbers, but its shape must be " + text + ")");
}

void check_weights(const std::vector<double>& weights) {
  if (weights.empty()) throw InvalidArgument("weights is empty; a mixture has at least one component");
  check_finite(weights, "weights");
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double least = *std::min_element(weights.begin(), weights.end());
  if (least < 0 || std::abs(sum - 1.0) > 1e-6) {
    throw InvalidArgument("weights must be non-negative and sum to 1, but their least is " + text_of(least) +
                          " and their sum " + text_of(sum) + "; divide them by their sum");
  }
}

}  // namespace

Mixture::Checked check_mixture(Mixture::Checked p, int n_threads) {
  const CovarianceModel& model = model_of(p.spec);
  check_weights(p.weights);
  const auto k = static_cast<Index>(p.weights.size());
  const Index d = p.n_features;
  if (d < 1) throw InvalidArgument("n_features must be at least 1, but is " + std::to_string(d));
  check_numbers(p.means, {k, d}, "means");
  if (p.covariances.empty() && p.precisions_cholesky.empty()) {
    throw InvalidArgument("neither covariances nor precisions_cholesky is given; give one of them");
  }
  if (!p.covariances.empty()) check_numbers(p.covariances, model.covariance_shape(k, d), "covariances");
  if (p.precisions_cholesky.empty()) {
    p.precisions_cholesky = model.factorize(p.covariances, k, d, n_threads);
    return p;
  }
  check_numbers(p.precisions_cholesky, model.factor_shape(k, d), "precisions_cholesky");
  std::vector<double> implied = model.covariances_of_factors(p.precisions_cholesky, k, d);
  if (p.covariances.empty()) p.covariances = std::move(implied);
  return p;
}

Mixture::Mixture(CovarianceSpec spec, Index n_features, std::vector<double> weights, std::vector<double> means,
                 std::vector<double> covariances, std::vector<double> precisions_cholesky)
    : Mixture(check_mixture({spec, n_features, std::move(weights), std::move(means), std::move(covariances),
                             std::move(precisions_cholesky)},
                            1)) {}

Mixture::Mixture(Checked&& parameters)
    : spec_(parameters.spec),
      n_features_(parameters.n_features),
      weights_(std::move(parameters.weights)),
      means_(std::move(parameters.means)),
      covariances_(std::move(parameters.covariances)),
      precisions_cholesky_(std::move(parameters.precisions_cholesky)) {}

std::uint64_t Mixture::fingerprint() const {
  // FNV-1a over 64-bit words, with the high bits folded in after each product.
  std::uint64_t hash = 14695981039346656037ULL;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 1099511628211ULL;
    hash ^= hash >> 29;
  };
  for (const char c : to_string(spec_.type)) mix(static_cast<unsigned char>(c));
  for (const std::vector<double>* const values : {&weights_, &means_, &precisions_cholesky_}) {
    for (const double value : *values) {
      std::uint64_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      mix(bits);
    }
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace gmmx
