// Densities of components whose covariances one transform makes diagonal: z = T^T x once, then scales a component.
#include "density/cholesky_full.hpp"
#include "density/common_coordinates.hpp"
#include "density/feature_tolerance.hpp"
#include "density/kernels.hpp"
#include "gemm.hpp"

namespace gmmx {

namespace {

template <class T>
class DiagonalisedLogDensity final : public LogDensity<T> {
 public:
  // transform: T, d x d. scales (K x d): Sigma_k^-1 = T diag(scales_k)^2 T^T. The mixture must live as long.
  DiagonalisedLogDensity(const Mixture& mixture, Weighting weighting, const Matrix<double>& transform,
                         const Matrix<double>& scales)
      : constants_(constants_of_matrices(mixture, weighting).template cast<T>()),
        coordinates_(transform, scales.colwise().maxCoeff()),
        transform_(transform.cast<T>()),
        scales_(scales.cast<T>()),
        safe_([&mixture, weighting] { return std::make_unique<FullCholeskyLogDensity<T>>(mixture, weighting); }) {
    const Matrix<double> centred = centred_means<T>(mixture);
    transformed_means_ = centred.lazyProduct(transform).template cast<T>();
    // lambda_max(Sigma_k^-1) is at most that of T T^T times the largest squared scale.
    const double of_transform = largest_eigenvalue(Matrix<double>(transform.lazyProduct(transform.transpose())));
    const double largest_scale = scales.maxCoeff();
    squared_reach_ = squared_reach_for<T>(of_transform * largest_scale * largest_scale, mixture.n_features());
  }

  const char* name() const override { return "diagonalised"; }
  const char* name_for(Block<T>& block) const override {
    return coordinates_.serve(block) ? name() : (*safe_).name_for(block);
  }
  double squared_reach() const override { return squared_reach_; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!coordinates_.serve(block)) return (*safe_).log_prob(block, out);
    auto z = block.whitened();
    multiply<T>(block.about_origin().rows(), transform_, z);
    gaussian_log_prob(out, constants_, z.cols(),
                      [&](Index k, Index j) { return (z.col(j).array() - transformed_means_(k, j)) * scales_(k, j); });
  }

 private:
  Vector<T> constants_;
  CommonCoordinates<T> coordinates_;
  Matrix<T> transform_;
  Matrix<T> scales_;
  Matrix<T> transformed_means_;
  double squared_reach_;
  LazyLogDensity<T> safe_;
};

}  // namespace

template <class T>
std::unique_ptr<LogDensity<T>> diagonalised_density(const Mixture& mixture, Weighting weighting,
                                                    const Matrix<double>& transform, const Matrix<double>& scales,
                                                    double error) {
  const auto d = static_cast<double>(mixture.n_features());
  if (!(error * d <= feature_tolerance<T>(mixture.n_features()))) return nullptr;
  return std::make_unique<DiagonalisedLogDensity<T>>(mixture, weighting, transform, scales);
}

template std::unique_ptr<LogDensity<float>> diagonalised_density(const Mixture&, Weighting, const Matrix<double>&,
                                                                 const Matrix<double>&, double);
template std::unique_ptr<LogDensity<double>> diagonalised_density(const Mixture&, Weighting, const Matrix<double>&,
                                                                  const Matrix<double>&, double);

}  // namespace gmmx
