// Starts side by side, each on a thread of its own.
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "gmmx/errors.hpp"
#include "gmmx/restarts.hpp"
#include "parallel/tasks.hpp"
#include "restarts/mixture_of_clusters.hpp"

namespace gmmx {

namespace {

using Labels = std::vector<std::int32_t>;

// The same partition, its clusters numbered in the order in which the rows meet them.
Labels in_order_of_appearance(const Labels& labels, Index n_clusters) {
  std::vector<std::int32_t> number(static_cast<std::size_t>(n_clusters), -1);
  std::int32_t next = 0;
  Labels result(labels.size());
  for (std::size_t n = 0; n < labels.size(); ++n) {
    std::int32_t& own = number[static_cast<std::size_t>(labels[n])];
    if (own < 0) own = next++;
    result[n] = own;
  }
  return result;
}

}  // namespace

template <class T>
std::vector<StartOutcome> em_from_kmeans(const Rows<T>& rows, Index n_components, CovarianceSpec spec,
                                         MatrixView<const double> uniforms, const MaximumLikelihood& likelihood,
                                         const EMOptions& options, int n_threads) {
  check_acceleration(options.acceleration, likelihood.prior);
  const MStep m_step = MaximumLikelihood{likelihood.reg_covar, likelihood.prior, 1};  // starts share the threads
  std::vector<StartOutcome> outcomes(static_cast<std::size_t>(uniforms.rows()));
  std::vector<Labels> labels(outcomes.size());
  std::vector<Labels> partitions(outcomes.size());
  Watch watch(options.check_interrupt);
  const auto look = [&watch] { watch.look(); };
  // run(start) for each of these starts, side by side.
  const auto side_by_side = [&](const std::vector<std::size_t>& starts, auto run) {
    for_tasks(static_cast<Index>(starts.size()), n_threads, watch,
              [&](Index i) { run(starts[static_cast<std::size_t>(i)]); });
  };
  const auto find_clusters = [&](std::size_t start) {
    const VectorView<const double> draws(&uniforms(static_cast<Index>(start), 0), uniforms.cols(),
                                         uniforms.col_stride());
    KMeansOptions kmeans_options;
    kmeans_options.on_iteration = look;
    labels[start] = kmeans(rows, n_components, draws, kmeans_options).labels;
    partitions[start] = in_order_of_appearance(labels[start], n_components);
  };
  const auto fit = [&](std::size_t start) {
    StartOutcome& outcome = outcomes[start];
    EMOptions own = options;
    own.check_interrupt = look;
    own.callback = [&outcome](const IterationSummary& summary) {
      outcome.failed_iteration = summary.iteration + 1;
      return false;
    };
    try {
      const Mixture mixture = mixture_of_clusters(rows, labels[start], n_components, spec, likelihood, 1);
      outcome.failed_iteration = 1;
      outcome.fit = em(*e_step_over(rows), mixture, m_step, own);
    } catch (const CollapsedComponent& error) {
      outcome.failed_component = error.component();
    }
  };

  std::vector<std::size_t> all(outcomes.size());
  for (std::size_t start = 0; start < all.size(); ++start) all[start] = start;
  side_by_side(all, find_clusters);

  // A partition that was met before leads where it led then.
  std::map<Labels, std::size_t> first_of;
  std::vector<std::size_t> firsts;
  for (const std::size_t start : all) {
    const auto [first, is_new] = first_of.emplace(std::move(partitions[start]), start);
    outcomes[start].same_as = is_new ? -1 : static_cast<Index>(first->second);
    if (is_new) firsts.push_back(start);
  }
  side_by_side(firsts, fit);

  // Which of several components collapses first is for each numbering to say.
  std::vector<std::size_t> again;
  for (const std::size_t start : all) {
    Index& same_as = outcomes[start].same_as;
    if (same_as < 0 || outcomes[static_cast<std::size_t>(same_as)].fit) continue;
    same_as = -1;
    again.push_back(start);
  }
  side_by_side(again, fit);
  return outcomes;
}

template std::vector<StartOutcome> em_from_kmeans(const Rows<float>&, Index, CovarianceSpec, MatrixView<const double>,
                                                  const MaximumLikelihood&, const EMOptions&, int);
template std::vector<StartOutcome> em_from_kmeans(const Rows<double>&, Index, CovarianceSpec, MatrixView<const double>,
                                                  const MaximumLikelihood&, const EMOptions&, int);

}  // namespace gmmx
