// Rows and mixtures that the tests share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "draws.hpp"
#include "gmmx/gmmx.hpp"

namespace gmmx::testing {

struct Problem {
  Index n, d, k;
  std::vector<double> rows;
  std::vector<std::int32_t> labels;
  std::vector<double> weights;  // of the rows

  Rows<double> view() const { return MatrixView<const double>(rows.data(), n, d); }
  Rows<double> weighted() const { return {view().x, weight_view()}; }
  VectorView<const std::int32_t> label_view() const { return {labels.data(), n}; }
  VectorView<const double> weight_view() const { return {weights.data(), n}; }

  Mixture mixture(CovarianceType type, double reg_covar = 1e-6) const {
    return m_step(statistics_from_labels(view(), label_view(), k, second_moment_form(type), 1), type, reg_covar);
  }
};

// All models but those of a single feature.
inline std::vector<CovarianceType> models() {
  std::vector<CovarianceType> types = covariance_types();
  types.erase(std::remove_if(types.begin(), types.end(),
                             [](CovarianceType t) { return t == CovarianceType::E || t == CovarianceType::V; }),
              types.end());
  return types;
}

inline Problem make_problem(Index n, Index d, Index k, unsigned seed = 1) {
  std::mt19937_64 engine(seed);
  Normal normal;
  Uniform uniform;
  std::vector<double> centers(static_cast<std::size_t>(k * d));
  for (double& c : centers) c = 3 * normal(engine);
  Problem p{n, d, k, {}, {}, {}};
  for (Index i = 0; i < n; ++i) {
    const Index label = i % k;
    p.labels.push_back(static_cast<std::int32_t>(label));
    p.weights.push_back(uniform(engine));
    for (Index j = 0; j < d; ++j) p.rows.push_back(centers[static_cast<std::size_t>(label * d + j)] + normal(engine));
  }
  return p;
}

// EM over rows in memory, and what it is asked for.
struct Settings : EMOptions {
  double reg_covar = 1e-6;
  int n_threads = 1;
  std::optional<ConjugatePrior> prior;

  MaximumLikelihood likelihood() const { return {reg_covar, prior}; }
};

template <class T>
EMResult run_em(const Rows<T>& rows, const Mixture& start, const Settings& settings) {
  check_acceleration(settings.acceleration, settings.prior);
  return em(*e_step_over(rows, settings.n_threads), start, settings.likelihood(), settings);
}

inline std::vector<float> as_float(const std::vector<double>& values) { return {values.begin(), values.end()}; }

}  // namespace gmmx::testing
