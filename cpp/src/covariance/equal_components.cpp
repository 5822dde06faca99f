#include "gmmx/equal_components.hpp"

#include <algorithm>
#include <cmath>

#include "gmmx/factors.hpp"

namespace gmmx {

namespace {

// Means and covariances of two components beside each other, whatever the storage of the covariances.
class Comparison {
 public:
  Comparison(const Mixture& mixture, double tolerance)
      : mixture_(mixture), tolerance_(tolerance), n_features_(mixture.n_features()) {
    const std::vector<Index> shape = covariance_shape(mixture.covariance_type(), mixture.n_components(), n_features_);
    if (keeps_matrices(mixture.covariance_type())) {
      step_of_feature_ = n_features_ + 1;
      size_ = shape.size() == 3 ? n_features_ * n_features_ : 0;  // 0: one for all
    } else {
      step_of_feature_ = shape.size() == 2 ? 1 : 0;
      size_ = shape.size() == 2 ? n_features_ : 1;
    }
  }

  double first_mean(Index k) const { return mean(k, 0); }

  bool first_means_are_equal(Index i, Index j) const { return means_are_equal(i, j, 0); }

  bool are_equal(Index i, Index j) const {
    for (Index f = 0; f < n_features_; ++f) {
      if (!means_are_equal(i, j, f)) return false;
    }
    return step_of_feature_ > 1 ? matrices_are_equal(i, j) : variances_are_equal(i, j);
  }

 private:
  double mean(Index k, Index f) const { return mixture_.means()[static_cast<std::size_t>(k * n_features_ + f)]; }
  double covariance(Index k, Index at) const {
    return mixture_.covariances()[static_cast<std::size_t>(k * size_ + at)];
  }
  double deviation(Index k, Index f) const { return std::sqrt(covariance(k, f * step_of_feature_)); }

  bool means_are_equal(Index i, Index j, Index f) const {
    return std::abs(mean(i, f) - mean(j, f)) <= tolerance_ * deviation(i, f);
  }

  bool variances_are_equal(Index i, Index j) const {
    for (Index at = 0; at < size_; ++at) {
      if (std::abs(covariance(i, at) - covariance(j, at)) > tolerance_ * covariance(i, at)) return false;
    }
    return true;
  }

  bool matrices_are_equal(Index i, Index j) const {
    for (Index at = 0; at < size_; ++at) {
      const double scale = deviation(i, at / n_features_) * deviation(i, at % n_features_);
      if (std::abs(covariance(i, at) - covariance(j, at)) > tolerance_ * scale) return false;
    }
    return true;
  }

  const Mixture& mixture_;
  double tolerance_;
  Index n_features_;
  Index step_of_feature_ = 0;  // between variances of features
  Index size_ = 0;             // numbers of a component
};

// Components of positive weight, by their first means.
std::vector<Index> in_order(const Mixture& mixture, const Comparison& components) {
  std::vector<Index> order;
  for (Index k = 0; k < mixture.n_components(); ++k) {
    if (mixture.weights()[static_cast<std::size_t>(k)] > 0) order.push_back(k);
  }
  std::sort(order.begin(), order.end(), [&](Index i, Index j) {
    const double a = components.first_mean(i), b = components.first_mean(j);
    return a != b ? a < b : i < j;
  });
  return order;
}

}  // namespace

std::vector<std::vector<Index>> equal_components(const Mixture& mixture, double tolerance) {
  const Comparison components(mixture, tolerance);
  const std::vector<Index> order = in_order(mixture, components);
  std::vector<std::vector<Index>> groups;
  std::vector<Index> group_of(static_cast<std::size_t>(mixture.n_components()), -1);
  for (auto i = order.begin(); i != order.end(); ++i) {
    for (auto j = i + 1; j != order.end() && components.first_means_are_equal(*i, *j); ++j) {
      Index& theirs = group_of[static_cast<std::size_t>(*j)];
      if (theirs >= 0 || !components.are_equal(*i, *j)) continue;
      Index& ours = group_of[static_cast<std::size_t>(*i)];
      if (ours < 0) {
        ours = static_cast<Index>(groups.size());
        groups.push_back({*i});
      }
      theirs = ours;
      groups[static_cast<std::size_t>(ours)].push_back(*j);
    }
  }
  for (std::vector<Index>& group : groups) std::sort(group.begin(), group.end());
  std::sort(groups.begin(), groups.end());
  return groups;
}

}  // namespace gmmx
