/// \file
/// Agglomerative clustering by Gaussian likelihood, which merges the two clusters with the smallest cost until one is
/// left. The tree contains a clustering for every number of clusters. Safe to call from several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Criteria that merges minimise, named like the covariance models.
enum class MergeCriterion {
  VVV,  ///< sum of n_k log(|W_k / n_k| + (tr W_k + alpha) / n_k): each cluster has its own covariance
  EEE   ///< n log(|W / n| + tr W / n): all share one; without the trace once the determinant reaches a limit
};

/// All criteria.
GMMX_EXPORT std::vector<MergeCriterion> merge_criteria();

/// "VVV" or "EEE". \throws InvalidArgument, like all functions with a criterion argument, for a number that is not an
/// enumerator
GMMX_EXPORT std::string to_string(MergeCriterion criterion);

/// The criterion with this name. \throws InvalidArgument that lists the names
GMMX_EXPORT MergeCriterion merge_criterion_from_string(std::string_view name);

struct HierarchicalOptions {
  int n_threads = 1;
  std::function<void()> on_merge;  ///< may throw to stop
  /// Called often by the calling thread, also before the first merge. May throw to stop.
  std::function<void()> check_interrupt;
};

struct HierarchicalResult {
  /// (n_groups - 1) x 2. A cluster is identified by the smallest number of its initial groups; the first of a merge is
  /// the smaller identifier, which the merged cluster keeps.
  std::vector<std::int64_t> merges;
  std::vector<double> values;  ///< n_groups - 1: the criterion after each merge
};

/// Builds the tree of n rows, whose features should have comparable scales. If the costs of pairs tie when rounded to
/// multiples of 2^-26, the pair with the largest second identifier is merged, and among these the one with the largest
/// first identifier. Takes O(n_groups^2) evaluations, of O(d^3) for VVV and O(d) for EEE (more if many pairs are about
/// as good), and O(n_groups d^2) memory.
///
/// \param rows n x d; centred internally
/// \param criterion criterion that merges minimise
/// \param groups n numbers of the initial groups, 0 to n_groups - 1, none of them empty; empty: each row is a group
/// \param options threads and a callback; results do not depend on the number of threads
/// \throws InvalidArgument if there are no rows or no features, a number is not finite, or groups are not as above
GMMX_EXPORT HierarchicalResult hierarchical_clustering(MatrixView<const double> rows, MergeCriterion criterion,
                                                       VectorView<const std::int32_t> groups,
                                                       const HierarchicalOptions& options);

}  // namespace gmmx
