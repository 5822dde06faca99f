/// \file
/// The covariance models by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Covariance models; the values are those of covariance_types.def.
enum class CovarianceType {
#define GMMX_COVARIANCE_TYPE(name) name,
#include "gmmx/covariance_types.def"
#undef GMMX_COVARIANCE_TYPE
};

/// All models, in the order of the table.
GMMX_EXPORT std::vector<CovarianceType> covariance_types();

/// Name of a model, for example "full". \throws InvalidArgument, like all functions with a type argument, for a number
/// that is not an enumerator
GMMX_EXPORT std::string to_string(CovarianceType type);

/// The model with this name. \throws InvalidArgument that lists the names
GMMX_EXPORT CovarianceType covariance_type_from_string(std::string_view name);

/// A covariance model with what it is parametrised by. A type alone converts to it.
struct CovarianceSpec {
  CovarianceSpec(CovarianceType type_, Index n_factors_ = 0) : type(type_), n_factors(n_factors_) {}
  CovarianceType type;
  Index n_factors;  ///< of models with factors, which there are none of so far: 0
};

/// Shape of `covariances`: (K) for spherical, EII, VII, E and V; (K, d) for diag, EEI, VEI,
/// EVI and VVI; (d, d) for tied and EEE; (K, d, d) for full and all others. \throws InvalidArgument for E and V with
/// several features
GMMX_EXPORT std::vector<Index> covariance_shape(CovarianceSpec spec, Index n_components, Index n_features);

/// Shape of `precisions_cholesky`. \throws InvalidArgument like covariance_shape()
GMMX_EXPORT std::vector<Index> factor_shape(CovarianceSpec spec, Index n_components, Index n_features);

/// Number of free parameters of a mixture, including weights and means.
GMMX_EXPORT Index n_parameters(CovarianceSpec spec, Index n_components, Index n_features);

}  // namespace gmmx
