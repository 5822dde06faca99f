// Any bytes as a model file: they are refused, or they are a model that is the same when it is written and read again.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gmmx/errors.hpp"
#include "model_bytes.hpp"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool same(double left, double right) { return left == right || (std::isnan(left) && std::isnan(right)); }

bool same(const std::vector<double>& left, const std::vector<double>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same(left[i], right[i])) return false;
  }
  return true;
}

void check_same(const gmmx::Model& left, const gmmx::Model& right) {
  require(left.mixture.covariance_type() == right.mixture.covariance_type(), "covariance_type differs");
  require(left.mixture.n_features() == right.mixture.n_features(), "n_features differs");
  require(left.mixture.weights() == right.mixture.weights(), "weights differs");
  require(left.mixture.means() == right.mixture.means(), "means differs");
  require(left.mixture.covariances() == right.mixture.covariances(), "covariances differs");
  require(left.mixture.precisions_cholesky() == right.mixture.precisions_cholesky(), "precisions_cholesky differs");
  require(left.n_iter == right.n_iter && left.n_iter >= 0, "n_iter differs or is negative");
  require(left.converged == right.converged, "converged differs");
  require(same(left.lower_bound, right.lower_bound), "lower_bound differs");
  require(same(left.lower_bounds, right.lower_bounds), "lower_bounds differs");
  require(same(left.log_likelihood, right.log_likelihood), "log_likelihood differs");
  require(left.feature_names == right.feature_names, "feature_names differs");
  require(left.single_precision == right.single_precision, "single_precision differs");
  require(left.params == right.params, "params differs");
  require(same(left.total_weight, right.total_weight), "total_weight differs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const gmmx::Model model = gmmx::from_bytes(bytes, "model");
    const std::string written = gmmx::to_bytes(model);
    const gmmx::Model again = gmmx::from_bytes(written, "written");
    check_same(model, again);
    require(gmmx::to_bytes(again) == written, "writing twice gives different bytes");
  } catch (const gmmx::ModelFileError& error) {
    require(std::string_view(error.what()).rfind("model cannot be loaded", 0) == 0, "what was written is not read");
  }
  return 0;
}
