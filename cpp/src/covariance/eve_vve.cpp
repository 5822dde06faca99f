// Sigma_k = D diag(v_k) D^T: all components have their axes D in common. EVE, VVE.
#include <limits>

#include "covariance/axes.hpp"
#include "covariance/joint_diagonalisation.hpp"
#include "covariance/matrix_family.hpp"
#include "covariance/volume_and_shape.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

namespace {

// A feature without scatter leaves an axis without variance. Axes that are off by a rounding error would hide it.
template <class Row>
void keep_flat(const MatrixMap& covariance, Row variances) {
  if (covariance.diagonal().minCoeff() > 0) return;
  Index flattest = 0;
  variances.minCoeff(&flattest);
  variances(flattest) = 0;
}

// Axes are found to a few eps. Along one where a component is flatter than their square, what is seen of it is the
// error of the axis: the component has collapsed, to working precision.
void check_flatness(const std::vector<double>& counts, const RowMajorMatrix<double>& variances) {
  const double error = 4 * std::numeric_limits<double>::epsilon() * static_cast<double>(variances.cols());
  for (Index k = 0; k < variances.rows(); ++k) {
    if (counts[static_cast<std::size_t>(k)] > 0 && flatness(counts, variances, k) < error * error) throw_collapsed(k);
  }
}

class CommonAxes final : public MatrixFamily {
 public:
  constexpr CommonAxes(VolumeShapeOrientation letters, VolumeAndShape volume_and_shape, OrientationCriterion criterion)
      : MatrixFamily(letters), volume_and_shape_(volume_and_shape), criterion_(criterion) {}

  std::vector<double> covariances(const Scatter& s) const override {
    const Index d = s.n_features;
    std::vector<double> result = own_covariances(s);
    const RotatedMatrices rotated = best_orientation(result, s, criterion_);
    RowMajorMatrix<double> variances = rotated.variances();
    for (Index k = 0; k < s.n_components; ++k) keep_flat(matrix_of(result, k, d), variances.row(k));
    check_flatness(s.counts, variances);
    volume_and_shape_(s.counts, variances);
    for_components(s.n_components, static_cast<double>(2 * d * d * d), s.n_threads,
                   [&](Index k) { compose(rotated.axes(), variances.row(k), matrix_of(result, k, d)); });
    return result;
  }

  Decomposition decompose(const Mixture& mixture) const override {
    const RotatedMatrices rotated =
        common_orientation(mixture.covariances(), mixture.n_components(), mixture.n_features());
    const RowMajorMatrix<double> variances = rotated.variances();
    Decomposition result;
    for (Index k = 0; k < mixture.n_components(); ++k) append({variances.row(k), rotated.axes()}, result);
    return result;
  }

 private:
  std::optional<Diagonalisation> diagonalisation(const Mixture& mixture) const override {
    const Index k_count = mixture.n_components(), d = mixture.n_features();
    const RotatedMatrices rotated =
        common_orientation(covariances_of_factors(mixture.precisions_cholesky(), k_count, d), k_count, d);
    return {{rotated.axes(), rotated.variances().array().rsqrt().matrix(), rotated.error()}};
  }

  VolumeAndShape volume_and_shape_;
  OrientationCriterion criterion_;
};

constexpr CommonAxes model_EVE({'E', 'V', 'E'}, equal_volume_own_shape, OrientationCriterion::equal_volumes);
constexpr CommonAxes model_VVE({'V', 'V', 'E'}, own_volume_own_shape, OrientationCriterion::own_volumes);

}  // namespace

const CovarianceModel& EVE_model() { return model_EVE; }
const CovarianceModel& VVE_model() { return model_VVE; }

}  // namespace gmmx
