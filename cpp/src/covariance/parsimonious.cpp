#include "covariance/parsimonious.hpp"

#include "density/kernels.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

// In the order of SecondMoments.
template <class T>
constexpr std::unique_ptr<LogDensity<T>> (*densities[])(const Mixture&, Weighting) = {
    full_density<T>, tied_density<T>, diagonal_density<T>, spherical_density<T>};

}  // namespace

std::vector<Index> ParsimoniousModel::covariance_shape(Index k, Index d) const {
  return second_moment_shape(form(), k, d);
}

// (73)
Index ParsimoniousModel::n_covariance_parameters(Index k, Index d) const {
  const auto times = [k](char letter) { return letter == 'I' ? Index{0} : letter == 'E' ? Index{1} : k; };
  return times(letters_.volume) + times(letters_.shape) * (d - 1) + times(letters_.orientation) * (d * (d - 1) / 2);
}

SecondMoments ParsimoniousModel::form() const {
  if (letters_.shape == 'I') return SecondMoments::trace;
  if (letters_.orientation == 'I') return SecondMoments::diagonal;
  return letters_.has('V') ? SecondMoments::full : SecondMoments::pooled;
}

// (91) A prior is worth some rows; each component has a share of them: all, unless the components have all in common.
PriorShare ParsimoniousModel::prior_share(double dof, Index k, Index d) const {
  const int axes = traits_of(form()).n_feature_axes;
  const double rows =
      axes == 2 ? dof + static_cast<double>(d + 1) : (dof + 2) / (axes == 1 ? 1.0 : static_cast<double>(d));
  const double share = letters_.has('V') ? 1.0 : 1.0 / static_cast<double>(k);
  return {rows * share, share};
}

template <class T>
std::unique_ptr<LogDensity<T>> ParsimoniousModel::density(const Mixture& mixture, Weighting weighting) const {
  if (const auto common = diagonalisation(mixture)) {
    auto fast = diagonalised_density<T>(mixture, weighting, common->transform, common->scales, common->error);
    if (fast) return fast;
  }
  return densities<T>[static_cast<std::size_t>(form())](mixture, weighting);
}

template std::unique_ptr<LogDensity<float>> ParsimoniousModel::density(const Mixture&, Weighting) const;
template std::unique_ptr<LogDensity<double>> ParsimoniousModel::density(const Mixture&, Weighting) const;

}  // namespace gmmx
