// Covariances that are matrices, one a component or one for all: how they are kept and factored, whatever they have in
// common.
#pragma once

#include "covariance/parsimonious.hpp"

namespace gmmx {

class MatrixFamily : public ParsimoniousModel {
 public:
  using ParsimoniousModel::ParsimoniousModel;

  std::vector<double> factorize(const std::vector<double>& covariances, Index n_components, Index n_features,
                                int n_threads) const override;
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index n_components,
                                             Index n_features) const override;
  // As if the matrices had no axes in common.
  Decomposition decompose(const Mixture& mixture) const override;
  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override;
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override;

 protected:
  ~MatrixFamily() = default;
};

// Matrix k of several.
inline MatrixMap matrix_of(std::vector<double>& matrices, Index k, Index d) {
  return {matrices.data() + k * d * d, d, d};
}
inline ConstMatrixMap matrix_of(const std::vector<double>& matrices, Index k, Index d) {
  return {matrices.data() + k * d * d, d, d};
}

// (26), (34), (43) W_k / N_k + reg_covar I; of an empty component without its scatter. Takes the memory of the
// scatter.
std::vector<double> own_covariances(const Scatter& scatter);

// (52) Whether a matrix is not singular, to this many times the working precision; then u is its factor U = L^-T,
// covariance = L L^T.
bool factorizes(ConstMatrixMap covariance, MatrixMap u, double times = 1);
bool is_collapsed(ConstMatrixMap covariance);

// |M|^(1/d). \throws CollapsedComponent naming k where the matrix is not positive definite
double volume_of_matrix(const Eigen::Ref<const RowMajorMatrix<double>>& matrix, Index k);

}  // namespace gmmx
