// The merging: every group knows the best partner among those before it, or a bound of what that one would cost.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/hierarchical.hpp"
#include "hierarchical/criterion.hpp"
#include "parallel/block_loop.hpp"
#include "parallel/tasks.hpp"

namespace gmmx {

namespace {

constexpr double infinite_cost = std::numeric_limits<double>::infinity();

// The last place of the least of n costs.
Index last_of_least(const Column<double>& costs, Index n) {
  const double least = costs.head(n).minCoeff();
  Index i = n - 1;
  while (i > 0 && costs(i) != least) --i;
  return i;
}

class Merging {
 public:
  Merging(std::unique_ptr<Criterion> criterion, Index n_groups, const HierarchicalOptions& options)
      : criterion_(std::move(criterion)),
        n_threads_(options.n_threads),
        check_interrupt_(options.check_interrupt),
        bounds_(Column<double>::Constant(n_groups, infinite_cost)),
        costs_(padded<double>(n_groups)),
        n_left_(n_groups) {
    for (Index i = 0; i < n_groups; ++i) slots_.push_back({i});
    find_all_partners();
  }

  Index n_left() const { return n_left_; }
  double value() const { return criterion_->value(); }

  // Unites the cheapest two; returns their names.
  std::pair<Index, Index> merge() {
    auto [a, b] = cheapest_pair();
    if (criterion_->changes_before(a, b)) {
      find_all_partners();
      std::tie(a, b) = cheapest_pair();
    }
    const std::pair<Index, Index> names{slot(a).name, slot(b).name};
    if (criterion_->merge(a, b) == OtherCosts::rise) {
      for (Slot& other : slots_) other.is_exact = false;
    }
    slot(b).name = none;
    bounds_(b) = infinite_cost;
    --n_left_;
    meet(a, b);
    if (4 * n_left_ < 3 * n_slots()) close_ranks();
    return names;
  }

 private:
  static constexpr Index none = -1;  // name of an empty slot
  struct Slot {
    Index name = none;
    Index partner = 0;
    bool is_exact = true;  // whether the bound is the cost of the partner
  };
  Slot& slot(Index i) { return slots_[static_cast<std::size_t>(i)]; }
  Index n_slots() const { return bounds_.size(); }

  // (95) Groups with inexact bounds search for their partners again until the smallest bound is exact.
  std::pair<Index, Index> cheapest_pair() {
    while (true) {
      const Index j = last_of_least(bounds_, n_slots());
      if (slot(j).is_exact) return {slot(j).partner, j};
      compute_costs(j, j);
      take_best_partner(j, costs_);
    }
  }

  void take_best_partner(Index j, const Column<double>& costs) {
    slot(j).is_exact = true;
    bounds_(j) = infinite_cost;
    if (j == 0) return;
    slot(j).partner = last_of_least(costs, j);
    bounds_(j) = costs(slot(j).partner);
  }

  // The others get to know the union of a and b, which stands in slot a.
  void meet(Index a, Index b) {
    if (n_left_ < 2) return;
    compute_costs(a, n_slots());
    take_best_partner(a, costs_);
    for (Index j = a + 1; j < n_slots(); ++j) {
      Slot& other = slot(j);
      if (other.name == none) continue;
      const bool lost_partner = other.partner == a || other.partner == b;
      if (lost_partner) other.is_exact = false;  // the cost remains a bound of what the others cost
      const bool ties_for_the_last = costs_(j) == bounds_(j) && other.is_exact && a > other.partner;
      if (!(costs_(j) < bounds_(j)) && !ties_for_the_last) continue;
      bounds_(j) = costs_(j);
      other = {other.name, a, true};
    }
  }

  // Costs of merging slot j with slots 0 to n - 1.
  void compute_costs(Index j, Index n) {
    const double flops = criterion_->flops_per_cost(j);
    struct Nothing {};
    BlockLoop(n, Index{sizeof(double)}, flops, n_threads_)
        .run([] { return std::make_unique<Nothing>(); },
             [&](Nothing&, Index begin, Index end) { criterion_->costs(j, begin, end, costs_.data()); });
  }

  void find_all_partners() {
    const double flops = criterion_->flops_per_cost(0) * static_cast<double>(n_slots()) / 2;
    Watch watch(check_interrupt_);
    const BlockLoop loop(n_slots(), Index{sizeof(double)} * n_slots(), flops, n_threads_);
    loop.run([&] { return std::make_unique<Column<double>>(costs_.size()); },
             [&](Column<double>& costs, Index begin, Index end) {
               for (Index j = begin; j < end; ++j) {
                 if (slot(j).name == none) continue;
                 watch.run([&] {
                   watch.look();
                   criterion_->costs(j, 0, j, costs.data());
                   take_best_partner(j, costs);
                 });
               }
             });
    watch.rethrow();
  }

  // Leaves the empty slots out.
  void close_ranks() {
    std::vector<Index> kept;
    std::vector<Index> place_now(slots_.size(), 0);
    for (Index i = 0; i < n_slots(); ++i) {
      if (slot(i).name == none) continue;
      place_now[static_cast<std::size_t>(i)] = static_cast<Index>(kept.size());
      kept.push_back(i);
    }
    Index to = 0;
    for (const Index from : kept) {
      Slot& moved = slot(to) = slot(from);
      moved.partner = place_now[static_cast<std::size_t>(moved.partner)];  // 0 for one that is not left: not exact then
      bounds_(to++) = bounds_(from);
    }
    bounds_.conservativeResize(to);
    slots_.resize(kept.size());
    criterion_->keep(kept);
  }

  std::unique_ptr<Criterion> criterion_;
  int n_threads_;
  const std::function<void()>& check_interrupt_;
  std::vector<Slot> slots_;
  Column<double> bounds_;  // of what merging a slot with an earlier one costs at least; infinite for an empty slot
  Column<double> costs_;   // of one slot with all
  Index n_left_;
};

Array<double> centred(MatrixView<const double> rows) {
  check_rows(rows);
  Array<double> means(rows.rows(), rows.cols());
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index n = 0; n < rows.rows(); ++n) means(n, j) = rows(n, j);
    means.col(j) -= means.col(j).mean();
  }
  if (!std::isfinite(means.square().sum() * static_cast<double>(rows.rows()))) {
    throw InvalidArgument("rows holds numbers as large as " + text_of(means.abs().maxCoeff()) +
                          " after centring, whose squares overflow; scale the features");
  }
  return means;
}

Index number_of_groups(VectorView<const std::int32_t> groups, Index n_rows) {
  check_length("groups", groups.size(), n_rows);
  std::vector<Index> counts(static_cast<std::size_t>(n_rows), 0);
  Index n_groups = 0;
  for (Index n = 0; n < n_rows; ++n) {
    const Index group = groups[n];
    if (group < 0 || group >= n_rows) {
      throw InvalidArgument("groups[" + std::to_string(n) + "] is " + std::to_string(group) +
                            ", but groups are numbered from 0, and there are at most as many as rows, " +
                            std::to_string(n_rows));
    }
    ++counts[static_cast<std::size_t>(group)];
    n_groups = std::max(n_groups, group + 1);
  }
  for (Index group = 0; group < n_groups; ++group) {
    if (counts[static_cast<std::size_t>(group)] > 0) continue;
    throw InvalidArgument("group " + std::to_string(group) + " has no rows, though there are groups up to " +
                          std::to_string(n_groups - 1) + "; number the groups without gaps");
  }
  return n_groups;
}

// Without numbers, each row is a group.
Groups first_groups(Array<double> rows, VectorView<const std::int32_t> numbers) {
  const Index d = rows.cols();
  Groups groups;
  groups.n_rows = rows.rows();
  groups.largest_square = rows.square().rowwise().sum().maxCoeff();
  groups.mean_variance = rows.square().sum() / static_cast<double>(rows.size());
  if (numbers.absent()) {
    groups.counts = Column<double>::Ones(rows.rows());
    groups.means = std::move(rows);
    return groups;
  }
  const Index n_groups = number_of_groups(numbers, rows.rows());
  groups.counts = Column<double>::Zero(n_groups);
  groups.means = Array<double>::Zero(n_groups, d);
  groups.scatters = Array<double>::Zero(n_groups, d * (d + 1) / 2);
  for (Index n = 0; n < rows.rows(); ++n) {
    groups.counts(numbers[n]) += 1;
    groups.means.row(numbers[n]) += rows.row(n);
  }
  groups.means.colwise() /= groups.counts;
  for (Index n = 0; n < rows.rows(); ++n) {
    const Array<double> offset = rows.row(n) - groups.means.row(numbers[n]);
    for (Index j = 0, q = 0; j < d; ++j) {
      for (Index i = j; i < d; ++i, ++q) groups.scatters(numbers[n], q) += offset(0, i) * offset(0, j);
    }
  }
  return groups;
}

struct NamedCriterion {
  MergeCriterion criterion;
  const char* name;
  std::unique_ptr<Criterion> (*make)(Groups);
};

// In the order of MergeCriterion.
constexpr NamedCriterion criteria_by_name[] = {
    {MergeCriterion::VVV, "VVV", vvv_criterion},
    {MergeCriterion::EEE, "EEE", eee_criterion},
};

const NamedCriterion& named(MergeCriterion criterion) {
  return criteria_by_name[place_of(criterion, std::size(criteria_by_name), "MergeCriterion")];
}

}  // namespace

std::vector<MergeCriterion> merge_criteria() {
  std::vector<MergeCriterion> all;
  for (const NamedCriterion& entry : criteria_by_name) all.push_back(entry.criterion);
  return all;
}

std::string to_string(MergeCriterion criterion) { return named(criterion).name; }

MergeCriterion merge_criterion_from_string(std::string_view name) {
  std::string names;
  for (const NamedCriterion& entry : criteria_by_name) {
    if (name == entry.name) return entry.criterion;
    names += std::string(names.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidArgument("criterion is \"" + std::string(name) + "\", but must be one of: " + names);
}

HierarchicalResult hierarchical_clustering(MatrixView<const double> rows, MergeCriterion criterion,
                                           VectorView<const std::int32_t> groups, const HierarchicalOptions& options) {
  Groups first = first_groups(centred(rows), groups);
  const Index n_groups = first.size();
  Merging merging(named(criterion).make(std::move(first)), n_groups, options);
  HierarchicalResult result;
  while (merging.n_left() > 1) {
    const auto [kept, united] = merging.merge();
    result.merges.insert(result.merges.end(), {kept, united});
    result.values.push_back(merging.value());
    if (options.on_merge) options.on_merge();
    if (options.check_interrupt) options.check_interrupt();
  }
  return result;
}

}  // namespace gmmx
