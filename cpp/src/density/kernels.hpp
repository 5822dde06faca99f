// The kernels of log-densities, by what the covariances of a mixture look like. The mixture must live as long.
#pragma once

#include <memory>

#include "density/log_density.hpp"

namespace gmmx {

// Sigma_k = sigma_k^2 I.
template <class T>
std::unique_ptr<LogDensity<T>> spherical_density(const Mixture& mixture, Weighting weighting);

// Sigma_k is diagonal.
template <class T>
std::unique_ptr<LogDensity<T>> diagonal_density(const Mixture& mixture, Weighting weighting);

// A matrix a component.
template <class T>
std::unique_ptr<LogDensity<T>> full_density(const Mixture& mixture, Weighting weighting);

// One matrix for all components.
template <class T>
std::unique_ptr<LogDensity<T>> tied_density(const Mixture& mixture, Weighting weighting);

// A matrix per component, Sigma_k^-1 = T diag(scales_k)^2 T^T (transform: T, d x d; scales: K x d) up to an error: how
// far diag(scales_k)^-1 T^-1 Sigma_k^-1 T^-T diag(scales_k)^-1 is from the identity, element by element. Nothing where
// that costs densities more digits than features would lose (67): then the factors themselves must do.
template <class T>
std::unique_ptr<LogDensity<T>> diagonalised_density(const Mixture& mixture, Weighting weighting,
                                                    const Matrix<double>& transform, const Matrix<double>& scales,
                                                    double error);

}  // namespace gmmx
