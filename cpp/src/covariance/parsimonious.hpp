// Models by mclust's names: all but the M-step follows from the three letters.
#pragma once

#include <optional>

#include "covariance/model.hpp"

namespace gmmx {

// Each 'E' (equal for all components), 'V' (variable) or 'I' (that of the identity).
struct VolumeShapeOrientation {
  char volume;
  char shape;
  char orientation;

  constexpr bool has(char letter) const { return volume == letter || shape == letter || orientation == letter; }
};

// Sigma_k^-1 = T diag(scales_k)^2 T^T up to an error, see diagonalised_density().
struct Diagonalisation {
  Matrix<double> transform;
  Matrix<double> scales;  // K x d
  double error;
};

class ParsimoniousModel : public CovarianceModel {
 public:
  constexpr explicit ParsimoniousModel(VolumeShapeOrientation letters) : letters_(letters) {}

  std::vector<Index> covariance_shape(Index k, Index d) const override;
  Index n_covariance_parameters(Index k, Index d) const override;
  SecondMoments form() const override;
  bool ties_components() const override { return letters_.has('E'); }
  bool is_constrained() const override { return ties_components() && form() != SecondMoments::pooled; }
  PriorShare prior_share(double dof, Index k, Index d) const override;

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return density<float>(mixture, w);
  }

 protected:
  ~ParsimoniousModel() = default;

 private:
  // A transform of the rows that makes the covariances of all components diagonal, where there is one: from the
  // factors, whatever covariances stand beside them.
  virtual std::optional<Diagonalisation> diagonalisation(const Mixture&) const { return std::nullopt; }

  template <class T>
  std::unique_ptr<LogDensity<T>> density(const Mixture& mixture, Weighting weighting) const;

  VolumeShapeOrientation letters_;
};

}  // namespace gmmx
