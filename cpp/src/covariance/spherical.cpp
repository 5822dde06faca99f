// Sigma_k = sigma_k^2 I: components are round. spherical = VII has a variance a component, EII one for all; V and E are
// the same of one feature only.
#include "covariance/variance_family.hpp"

namespace gmmx {

namespace {

std::vector<double> own_variances(const Scatter& s) {
  std::vector<double> result(s.second.size());
  for (std::size_t k = 0; k < result.size(); ++k) {
    const double numbers = s.counts[k] * static_cast<double>(s.n_features);
    result[k] = (numbers > 0 ? s.second[k] / numbers : 0.0) + s.reg_covar;  // (33), (34), (43)
  }
  return result;
}

std::vector<double> equal_variances(const Scatter& s) {
  double sum = 0;
  for (std::size_t k = 0; k < s.second.size(); ++k) sum += s.counts[k] > 0 ? s.second[k] : 0.0;
  const double variance = sum / (s.total_count * static_cast<double>(s.n_features)) + s.reg_covar;  // (75)
  if (variance <= 0) throw_collapsed(all_components);
  return std::vector<double>(s.second.size(), variance);
}

class Spherical final : public VarianceFamily {
 public:
  constexpr Spherical(char volume, bool is_univariate)
      : VarianceFamily({volume, 'I', 'I'}),
        variances_(volume == 'E' ? equal_variances : own_variances),
        is_univariate_(is_univariate) {}

  std::vector<Index> covariance_shape(Index k, Index d) const override {
    if (!is_univariate_ || d == 1) return {k};
    throw InvalidArgument("covariance_type 'E' and 'V' are for data of one feature, but there are " +
                          std::to_string(d) + "; use 'EII' or 'VII', or any other");
  }
  std::vector<double> covariances(const Scatter& s) const override { return variances_(s); }

 private:
  std::vector<double> (*variances_)(const Scatter&);
  bool is_univariate_;
};

constexpr Spherical model_VII('V', false), model_EII('E', false), model_V('V', true), model_E('E', true);

}  // namespace

const CovarianceModel& spherical_model() { return model_VII; }
const CovarianceModel& VII_model() { return model_VII; }
const CovarianceModel& EII_model() { return model_EII; }
const CovarianceModel& V_model() { return model_V; }
const CovarianceModel& E_model() { return model_E; }

}  // namespace gmmx
