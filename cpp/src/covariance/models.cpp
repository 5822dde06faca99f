// The table of covariance models, and what can be said of any of them.
#include "checks.hpp"
#include "covariance/model.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

#define GMMX_COVARIANCE_TYPE(name) const CovarianceModel& name##_model();
#include "gmmx/covariance_types.def"
#undef GMMX_COVARIANCE_TYPE

namespace {

struct Entry {
  const char* name;
  const CovarianceModel& (*model)();
};

// In the order of CovarianceType.
constexpr Entry entries[] = {
#define GMMX_COVARIANCE_TYPE(name) {#name, name##_model},
#include "gmmx/covariance_types.def"
#undef GMMX_COVARIANCE_TYPE
};

const Entry& entry_of(CovarianceType type) { return entries[place_of(type, std::size(entries), "CovarianceType")]; }

}  // namespace

const CovarianceModel& model_of(CovarianceType type) { return entry_of(type).model(); }

const CovarianceModel& model_of(CovarianceSpec spec) {
  if (spec.n_factors == 0) return model_of(spec.type);
  throw InvalidArgument("n_factors is " + std::to_string(spec.n_factors) + ", but covariances of type '" +
                        to_string(spec.type) + "' have no factors; leave it at 0");
}

std::vector<CovarianceType> covariance_types() {
  std::vector<CovarianceType> types;
  for (std::size_t i = 0; i < std::size(entries); ++i) types.push_back(static_cast<CovarianceType>(i));
  return types;
}

std::string to_string(CovarianceType type) { return entry_of(type).name; }

CovarianceType covariance_type_from_string(std::string_view name) {
  std::string allowed;
  for (const CovarianceType type : covariance_types()) {
    if (name == to_string(type)) return type;
    allowed += (allowed.empty() ? "'" : ", '") + to_string(type) + "'";
  }
  throw InvalidArgument("covariance_type='" + std::string(name) + "' is unknown; use one of " + allowed);
}

std::vector<Index> covariance_shape(CovarianceSpec spec, Index n_components, Index n_features) {
  return model_of(spec).covariance_shape(n_components, n_features);
}

std::vector<Index> factor_shape(CovarianceSpec spec, Index n_components, Index n_features) {
  return model_of(spec).factor_shape(n_components, n_features);
}

// (62)
Index n_parameters(CovarianceSpec spec, Index n_components, Index n_features) {
  return model_of(spec).n_covariance_parameters(n_components, n_features) + n_components * n_features + n_components -
         1;
}

Decomposition decompose(const Mixture& mixture) { return model_of(mixture.covariance_type()).decompose(mixture); }

SecondMoments second_moment_form(CovarianceType type) { return model_of(type).form(); }

void throw_collapsed(Index k) {
  const std::string which =
      k < 0 ? "the covariance shared by all components" : "the covariance of component " + std::to_string(k);
  throw CollapsedComponent(
      k, which +
             " is not positive definite (for instance because of a single row, of duplicated rows or of "
             "features that depend on each other); use fewer components, increase reg_covar, or "
             "scale the data");
}

}  // namespace gmmx
