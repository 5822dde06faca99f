#include "covariance/matrix_family.hpp"

#include <utility>

#include "covariance/axes.hpp"
#include "covariance/matrices.hpp"
#include "density/kernels.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

std::vector<double> own_covariances(const Scatter& s) {
  std::vector<double> result(s.second.size());
  const auto numbers = static_cast<double>(s.n_features * s.n_features);
  for_components(s.n_components, numbers, s.n_threads, [&](Index k) {
    const double n_k = s.counts[static_cast<std::size_t>(k)];
    MatrixMap sigma = matrix_of(result, k, s.n_features);
    if (n_k > 0) sigma = matrix_of(s.second, k, s.n_features) / n_k;  // (34)
    sigma.diagonal().array() += s.reg_covar;                          // (43)
  });
  return result;
}

std::vector<double> MatrixFamily::factorize(const std::vector<double>& covariances, Index k_count, Index d,
                                            int n_threads) const {
  std::vector<double> factors(covariances.size());
  for_components(k_count, static_cast<double>(2 * d * d * (d + 5)), n_threads,
                 [&](Index k) { factorize_matrix(matrix_of(covariances, k, d), matrix_of(factors, k, d), k); });
  return factors;
}

std::vector<double> MatrixFamily::covariances_of_factors(const std::vector<double>& factors, Index k_count,
                                                         Index d) const {
  std::vector<double> covariances(factors.size());
  for (Index k = 0; k < k_count; ++k) covariance_of_factor(matrix_of(factors, k, d), matrix_of(covariances, k, d), k);
  return covariances;
}

Decomposition MatrixFamily::decompose(const Mixture& mixture) const {
  Decomposition result;
  for (Index k = 0; k < mixture.n_components(); ++k) {
    append(axes_of(matrix_of(mixture.covariances(), k, mixture.n_features())), result);
  }
  return result;
}

std::unique_ptr<LogDensity<double>> MatrixFamily::log_density(const Mixture& mixture, Weighting w, double) const {
  return full_density<double>(mixture, w);
}
std::unique_ptr<LogDensity<float>> MatrixFamily::log_density(const Mixture& mixture, Weighting w, float) const {
  return full_density<float>(mixture, w);
}

void MatrixFamily::colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const {
  colour_with_matrix(matrix_of(mixture.precisions_cholesky(), k, mixture.n_features()), z);
}
void MatrixFamily::whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const {
  whiten_with_matrix(matrix_of(mixture.precisions_cholesky(), k, mixture.n_features()), z);
}

}  // namespace gmmx
