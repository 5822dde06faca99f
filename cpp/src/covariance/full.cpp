// Sigma_k = W_k / N_k: every component has its own covariance matrix. full = VVV.
#include "covariance/matrix_family.hpp"

namespace gmmx {

namespace {

class Full final : public MatrixFamily {
 public:
  Full() : MatrixFamily({'V', 'V', 'V'}) {}
  std::vector<double> covariances(const Scatter& s) const override { return own_covariances(s); }  // (26)
};

}  // namespace

const CovarianceModel& full_model() {
  static const Full model;
  return model;
}
const CovarianceModel& VVV_model() { return full_model(); }

}  // namespace gmmx
