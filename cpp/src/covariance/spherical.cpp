// Sigma_k = sigma_k^2 I: components are round. spherical = VII has a variance a component, EII one for all.
#include "covariance/mclust_name.hpp"
#include "covariance/variances.hpp"
#include "density/kernels.hpp"

namespace gmmx {

namespace {

class Round : public CovarianceModel {
 public:
  explicit Round(VolumeShapeOrientation letters) : letters_(letters) {}

  std::vector<Index> covariance_shape(Index k, Index) const override { return {k}; }
  Index n_covariance_parameters(Index k, Index d) const override { return n_covariance_parameters_of(letters_, k, d); }
  SecondMoments form() const override { return SecondMoments::trace; }
  bool ties_components() const override { return any_is_shared(letters_); }

  PriorShare prior_share(double dof, Index k, Index d) const override {
    return prior_share_of(letters_, (dof + 2) / static_cast<double>(d), k);
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index, int) const override {
    return factorize_variances(covariances, 1);
  }
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index, Index) const override {
    return variances_of_factors(factors);
  }
  Decomposition decompose(const Mixture& mixture) const override {
    return decomposition_of_variances(mixture, [](Index k, Index) { return k; });
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return spherical_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return spherical_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    z /= mixture.precisions_cholesky()[static_cast<std::size_t>(k)];
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    z *= mixture.precisions_cholesky()[static_cast<std::size_t>(k)];
  }

 private:
  VolumeShapeOrientation letters_;
};

class OwnVolumes : public Round {
 public:
  OwnVolumes() : Round({'V', 'I', 'I'}) {}
  std::vector<double> covariances(const Scatter& s) const override {
    std::vector<double> result(s.second.size());
    for (std::size_t k = 0; k < result.size(); ++k) {
      const double numbers = s.counts[k] * static_cast<double>(s.n_features);
      result[k] = (numbers > 0 ? s.second[k] / numbers : 0.0) + s.reg_covar;  // (33), (34), (43)
    }
    return result;
  }
};

class EqualVolumes : public Round {
 public:
  EqualVolumes() : Round({'E', 'I', 'I'}) {}
  std::vector<double> covariances(const Scatter& s) const override {
    double sum = 0;
    for (std::size_t k = 0; k < s.second.size(); ++k) sum += s.counts[k] > 0 ? s.second[k] : 0.0;
    const double variance = sum / (s.total_count * static_cast<double>(s.n_features)) + s.reg_covar;  // (75)
    if (variance <= 0) throw_collapsed(all_components);
    return std::vector<double>(s.second.size(), variance);
  }
};

// Of one feature only.
template <class Model>
class Univariate final : public Model {
 public:
  std::vector<Index> covariance_shape(Index k, Index d) const override {
    if (d == 1) return Model::covariance_shape(k, d);
    throw InvalidArgument("covariance_type 'E' and 'V' are for data of one feature, but there are " +
                          std::to_string(d) + "; use 'EII' or 'VII', or any other");
  }
};

}  // namespace

const CovarianceModel& spherical_model() {
  static const OwnVolumes model;
  return model;
}
const CovarianceModel& VII_model() { return spherical_model(); }
const CovarianceModel& EII_model() {
  static const EqualVolumes model;
  return model;
}
const CovarianceModel& V_model() {
  static const Univariate<OwnVolumes> model;
  return model;
}
const CovarianceModel& E_model() {
  static const Univariate<EqualVolumes> model;
  return model;
}

}  // namespace gmmx
