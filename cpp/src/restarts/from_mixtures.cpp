// Starts together: one pass over the rows serves several.
#include <algorithm>
#include <utility>
#include <vector>

#include "em/run.hpp"
#include "em/stack.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/restarts.hpp"

namespace gmmx {

namespace {

constexpr Index components_per_pass = 16;

void check_alike(const std::vector<Mixture>& starts) {
  for (const Mixture& start : starts) {
    const Mixture& first = starts.front();
    if (start.covariance_type() == first.covariance_type() && start.n_components() == first.n_components() &&
        start.n_features() == first.n_features()) {
      continue;
    }
    throw InvalidArgument(
        "the starts have different covariance types, numbers of components or of features; run em() "
        "for each");
  }
}

struct RunningStart {
  std::size_t number;
  Run run;
};

EMOptions options_of_start(const EMOptions& options, std::size_t number) {
  EMOptions own = options;
  if (options.callback) {
    own.callback = [&options, number](IterationSummary summary) {
      summary.start = static_cast<Index>(number);
      return options.callback(summary);
    };
  }
  return own;
}

// Takes the pass. True if the run has ended; its outcome is then known.
template <class T>
bool ends_with(Run& run, EStep pass, Passes<T>& passes, StartOutcome& outcome) {
  try {
    advance(run, std::move(pass), passes);
  } catch (const CollapsedComponent& error) {
    outcome.failed_iteration = run.n_passes() + 1;
    outcome.failed_component = error.component();
    return true;
  }
  if (run.goes_on()) return false;
  outcome.fit = std::move(run).result();
  return true;
}

}  // namespace

Index starts_per_pass(CovarianceType type, Index n_components) {
  if (!can_be_stacked(type)) return 1;
  return std::max<Index>(components_per_pass / std::max<Index>(n_components, 1), 1);
}

template <class T>
std::vector<StartOutcome> em_from_mixtures(MatrixView<const T> rows, const std::vector<Mixture>& starts,
                                           VectorView<const double> sample_weight, const EMOptions& options) {
  check_alike(starts);
  std::vector<StartOutcome> outcomes(starts.size());
  std::vector<RunningStart> running;
  Passes<T> passes(rows, sample_weight, options.n_threads);
  for (std::size_t next = 0; next < starts.size() || !running.empty();) {
    // Those that are done make room for those that wait.
    const auto room =
        static_cast<std::size_t>(starts_per_pass(starts.front().covariance_type(), starts.front().n_components()));
    for (; running.size() < room && next < starts.size(); ++next) {
      Run run(starts[next], options_of_start(options, next));
      if (run.goes_on()) {
        running.push_back({next, std::move(run)});
      } else {
        outcomes[next].fit = std::move(run).result();
      }
    }
    if (running.empty()) break;
    std::vector<const Mixture*> points;
    points.reserve(running.size());
    for (const RunningStart& start : running) points.push_back(&start.run.point());
    std::vector<EStep> steps = passes.at(points);
    std::vector<RunningStart> going_on;
    for (std::size_t i = 0; i < running.size(); ++i) {
      if (!ends_with(running[i].run, std::move(steps[i]), passes, outcomes[running[i].number]))
        going_on.push_back(std::move(running[i]));
    }
    running = std::move(going_on);
  }
  return outcomes;
}

template std::vector<StartOutcome> em_from_mixtures(MatrixView<const float>, const std::vector<Mixture>&,
                                                    VectorView<const double>, const EMOptions&);
template std::vector<StartOutcome> em_from_mixtures(MatrixView<const double>, const std::vector<Mixture>&,
                                                    VectorView<const double>, const EMOptions&);

}  // namespace gmmx
