/// \file
/// Agglomerative clustering by Gaussian likelihood: groups of rows are united two at a time, each time the two whose
/// union costs least, until one is left. The tree holds a partition for every number of clusters. Safe to call from
/// several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// What the merges keep small; named like the covariance models.
enum class MergeCriterion {
  VVV,  ///< sum of n_k log(|W_k / n_k| + (tr W_k + alpha) / n_k): each group has a covariance of its own
  EEE   ///< n log(|W / n| + tr W / n): all share one; the trace is dropped once the determinant has reached a limit
};

/// All criteria.
GMMX_EXPORT std::vector<MergeCriterion> merge_criteria();

/// "VVV" or "EEE". \throws InvalidArgument, here and wherever a criterion is taken, for a number that is not an
/// enumerator
GMMX_EXPORT std::string to_string(MergeCriterion criterion);

/// The criterion of that name. \throws InvalidArgument listing the names that exist.
GMMX_EXPORT MergeCriterion merge_criterion_from_string(std::string_view name);

struct HierarchicalOptions {
  int n_threads = 1;
  std::function<void()> on_merge;  ///< may throw to stop
  /// Called often, also before the first merge, always by the thread that called. May throw to stop.
  std::function<void()> check_interrupt;
};

struct HierarchicalResult {
  /// (n_groups - 1) x 2. A group is named by the least of the numbers of the first groups that are in it: the union
  /// keeps the first name of the two, which is the lesser.
  std::vector<std::int64_t> merges;
  std::vector<double> values;  ///< n_groups - 1: the criterion after each merge
};

/// The tree of n rows, which should be of comparable scales in all features. Of pairs whose costs are equal, when
/// rounded to multiples of 2^-26, the one with the greatest second name is united, and among these the one with the
/// greatest first name. Costs O(n_groups^2) evaluations, of O(d^3) for VVV and O(d) for EEE (more where many pairs are
/// about as good), and O(n_groups d^2) memory.
///
/// \param rows n x d; they are centred here
/// \param criterion what the merges keep small
/// \param groups n numbers of the groups to begin with, 0 to n_groups - 1, none of them empty; absent: each row is one
/// \param options threads and a callback; results do not depend on the number of threads
/// \throws InvalidArgument where there are no rows or no features, a number is not finite, or groups are not as above
GMMX_EXPORT HierarchicalResult hierarchical_clustering(MatrixView<const double> rows, MergeCriterion criterion,
                                                       VectorView<const std::int32_t> groups,
                                                       const HierarchicalOptions& options);

}  // namespace gmmx
