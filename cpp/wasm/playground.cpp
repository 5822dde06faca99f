// What the playground of the documentation (docs/playground.md) calls from JavaScript: EM over points of the plane, one
// iteration at a time. There is one fit, that of the page. Functions that may fail return whether they succeeded;
// gmmx_error() then says why, and the fit stays as it was.
#include <emscripten/emscripten.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

using gmmx::Index;

constexpr Index n_features = 2;
constexpr double reg_covar = 1e-6;  // the default of the Python package

// A mixture, and the E-step under it.
struct State {
  State(const gmmx::Rows<double>& rows, gmmx::Mixture parameters)
      : mixture(std::move(parameters)),
        statistics(gmmx::e_step(rows, mixture)),
        responsibilities(static_cast<std::size_t>(rows.size() * mixture.n_components())) {
    gmmx::responsibilities(rows, mixture,
                           gmmx::MatrixView<double>(responsibilities.data(), rows.size(), mixture.n_components()));
    fill_covariances();
  }

  gmmx::Mixture mixture;
  gmmx::SufficientStatistics statistics;
  std::vector<double> responsibilities;  // n x K
  std::vector<double> covariances;       // K x 2 x 2, whatever the model stores

 private:
  void fill_covariances() {
    const std::vector<double>& stored = mixture.covariances();
    const bool are_matrices = gmmx::keeps_matrices(mixture.covariance_type());
    const auto one = static_cast<std::size_t>(are_matrices ? n_features * n_features : n_features);
    for (std::size_t k = 0; k < mixture.weights().size(); ++k) {
      for (std::size_t i = 0; i < n_features * n_features; ++i) {
        const bool is_variance = i % (n_features + 1) == 0;
        if (are_matrices) {
          covariances.push_back(stored[stored.size() == one ? i : k * one + i]);
        } else if (stored.size() == mixture.weights().size()) {
          covariances.push_back(is_variance ? stored[k] : 0.0);
        } else {
          covariances.push_back(is_variance ? stored[k * one + i / n_features] : 0.0);
        }
      }
    }
  }
};

std::vector<double> points;  // n x 2
std::optional<State> state;
std::string error;

gmmx::Rows<double> rows() {
  return gmmx::MatrixView<const double>(points.data(), static_cast<Index>(points.size()) / n_features, n_features);
}

template <class Function>
bool succeeds(Function function) {
  try {
    function();
    return true;
  } catch (const std::exception& failure) {
    error = failure.what();
    return false;
  }
}

// Means at rows that k-means++ chooses, equal weights, and for each component the covariance of all points divided by
// K, or what the model allows that is closest: wide enough to see the ellipses find their clusters.
gmmx::Mixture start(Index n_components, gmmx::CovarianceType type, std::uint32_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> uniforms(static_cast<std::size_t>(gmmx::kmeans_draws(n_components)));
  for (double& number : uniforms) number = uniform(engine);
  std::vector<double> means;
  for (const Index n :
       gmmx::kmeans_plus_plus(rows(), n_components, {uniforms.data(), gmmx::kmeans_draws(n_components)})) {
    for (Index j = 0; j < n_features; ++j) means.push_back(rows().x(n, j));
  }

  const std::vector<std::int32_t> labels(points.size() / n_features, 0);
  const gmmx::Mixture all = gmmx::m_step(
      gmmx::statistics_from_labels(rows(), {labels.data(), rows().size()}, 1, gmmx::SecondMoments::full, 1),
      gmmx::CovarianceType::full, reg_covar);
  std::vector<double> covariances;
  for (Index k = 0; k < n_components; ++k) {
    for (const double value : all.covariances()) covariances.push_back(value / static_cast<double>(n_components));
  }
  std::vector<double> weights(static_cast<std::size_t>(n_components), 1.0 / static_cast<double>(n_components));
  return {type, n_features, std::move(weights), std::move(means),
          gmmx::nearest_covariances(type, n_components, n_features, covariances)};
}

}  // namespace

extern "C" {

// Room for the coordinates x, y of n points, which the caller fills. Call gmmx_start() or gmmx_continue() afterwards.
EMSCRIPTEN_KEEPALIVE double* gmmx_points(int n) {
  points.resize(static_cast<std::size_t>(n) * n_features);
  return points.data();
}

// A new mixture. The same points, model and seed give the same.
EMSCRIPTEN_KEEPALIVE bool gmmx_start(int n_components, const char* model, std::uint32_t seed) {
  return succeeds(
      [&] { state.emplace(State(rows(), start(n_components, gmmx::covariance_type_from_string(model), seed))); });
}

// The present mixture, with an E-step over the present points.
EMSCRIPTEN_KEEPALIVE bool gmmx_continue() {
  return succeeds([] { state = State(rows(), state.value().mixture); });
}

// An M-step, and the E-step that follows it.
EMSCRIPTEN_KEEPALIVE bool gmmx_step() {
  return succeeds([] {
    const State& now = state.value();
    state = State(rows(), gmmx::m_step(now.statistics, now.mixture, reg_covar));
  });
}

// Of the present mixture; valid until the next call that changes it.
EMSCRIPTEN_KEEPALIVE const double* gmmx_weights() { return state->mixture.weights().data(); }
EMSCRIPTEN_KEEPALIVE const double* gmmx_means() { return state->mixture.means().data(); }
EMSCRIPTEN_KEEPALIVE const double* gmmx_covariances() { return state->covariances.data(); }
EMSCRIPTEN_KEEPALIVE const double* gmmx_counts() { return state->statistics.counts.data(); }
EMSCRIPTEN_KEEPALIVE const double* gmmx_responsibilities() { return state->responsibilities.data(); }
EMSCRIPTEN_KEEPALIVE double gmmx_log_likelihood() { return state->statistics.log_likelihood; }

EMSCRIPTEN_KEEPALIVE const char* gmmx_error() { return error.c_str(); }

}  // extern "C"
