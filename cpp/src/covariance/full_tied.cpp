// Every component has its own covariance matrix, Sigma_k = W_k / N_k (full = VVV), or all share one, Sigma = sum_k W_k
// / sum_k N_k (tied = EEE).
#include <utility>

#include "covariance/matrix_family.hpp"

namespace gmmx {

namespace {

class Full final : public MatrixFamily {
 public:
  constexpr Full() : MatrixFamily({'V', 'V', 'V'}) {}
  std::vector<double> covariances(const Scatter& s) const override { return own_covariances(s); }  // (26)
};

class Tied final : public MatrixFamily {
 public:
  constexpr Tied() : MatrixFamily({'E', 'E', 'E'}) {}
  std::vector<double> covariances(const Scatter& s) const override {
    std::vector<double> result = std::move(s.second);
    MatrixMap sigma = matrix_of(result, 0, s.n_features);
    sigma /= s.total_count;                   // (31), (34)
    sigma.diagonal().array() += s.reg_covar;  // (43)
    return result;
  }
};

constexpr Full model_VVV;
constexpr Tied model_EEE;

}  // namespace

const CovarianceModel& full_model() { return model_VVV; }
const CovarianceModel& VVV_model() { return model_VVV; }
const CovarianceModel& tied_model() { return model_EEE; }
const CovarianceModel& EEE_model() { return model_EEE; }

}  // namespace gmmx
