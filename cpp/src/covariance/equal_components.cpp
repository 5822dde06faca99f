#include "gmmx/equal_components.hpp"

#include <algorithm>
#include <cmath>

#include "gmmx/sufficient_statistics.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

// Means and covariances of two components beside each other, whatever the storage of the covariances.
class Comparison {
 public:
  Comparison(const Mixture& mixture, double tolerance)
      : mixture_(mixture),
        tolerance_(tolerance),
        traits_(traits_of(second_moment_form(mixture.covariance_type()))),
        d_(mixture.n_features()),
        size_(traits_.by_component ? traits_.size({1, d_}) : 0) {}

  double mean(Index k, Index f) const { return mixture_.means()[static_cast<std::size_t>(k * d_ + f)]; }

  bool means_are_equal(Index i, Index j, Index f) const {
    return std::abs(mean(i, f) - mean(j, f)) <= tolerance_ * deviation(i, f);
  }

  bool are_equal(Index i, Index j) const {
    for (Index f = 0; f < d_; ++f) {
      if (!means_are_equal(i, j, f)) return false;
    }
    for (Index at = 0; at < size_; ++at) {
      const double scale = traits_.has_matrices() ? deviation(i, at / d_) * deviation(i, at % d_) : covariance(i, at);
      if (std::abs(covariance(i, at) - covariance(j, at)) > tolerance_ * scale) return false;
    }
    return true;
  }

 private:
  double covariance(Index k, Index at) const {
    return mixture_.covariances()[static_cast<std::size_t>(k * size_ + at)];
  }
  double deviation(Index k, Index f) const {
    const Index step = traits_.has_matrices() ? d_ + 1 : traits_.n_feature_axes;
    return std::sqrt(covariance(k, f * step));
  }

  const Mixture& mixture_;
  double tolerance_;
  const SecondMomentTraits& traits_;
  Index d_;
  Index size_;  // numbers of a component's own
};

}  // namespace

std::vector<std::vector<Index>> equal_components(const Mixture& mixture, double tolerance) {
  const Comparison components(mixture, tolerance);
  std::vector<Index> order;  // of components of positive weight, by their first means
  for (Index k = 0; k < mixture.n_components(); ++k) {
    if (mixture.weights()[static_cast<std::size_t>(k)] > 0) order.push_back(k);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return components.mean(i, 0) < components.mean(j, 0); });
  std::vector<std::vector<Index>> groups;
  std::vector<Index> group_of(static_cast<std::size_t>(mixture.n_components()), -1);
  for (auto i = order.begin(); i != order.end(); ++i) {
    for (auto j = i + 1; j != order.end() && components.means_are_equal(*i, *j, 0); ++j) {
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
