// Starts together: one pass over the rows serves several.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "em/e_step.hpp"
#include "em/iteration.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/restarts.hpp"

namespace gmmx {

namespace {

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
  Iteration iteration;
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
bool ends_with(Iteration& iteration, EStepResult pass, EStep& e_step, StartOutcome& outcome) {
  try {
    iteration.update(std::move(pass), e_step);
  } catch (const CollapsedComponent& error) {
    outcome.failed_iteration = iteration.n_passes() + 1;
    outcome.failed_component = error.component();
    return true;
  }
  if (iteration.should_continue()) return false;
  outcome.fit = std::move(iteration).result();
  return true;
}

}  // namespace

template <class T>
std::vector<StartOutcome> em_from_mixtures(const Rows<T>& rows, const std::vector<Mixture>& starts, const MStep& m_step,
                                           const EMOptions& options, int n_threads) {
  check_alike(starts);
  std::vector<StartOutcome> outcomes(starts.size());
  std::vector<RunningStart> running;
  const std::unique_ptr<BatchedEStep> e_step = batched_e_step_over(rows, n_threads);
  for (std::size_t next = 0; next < starts.size() || !running.empty();) {
    // Those that are done make room for those that wait.
    const auto room =
        static_cast<std::size_t>(starts_per_pass(starts.front().covariance_type(), starts.front().n_components()));
    for (; running.size() < room && next < starts.size(); ++next) {
      Iteration iteration(starts[next], m_step, options_of_start(options, next));
      if (iteration.should_continue()) {
        running.push_back({next, std::move(iteration)});
      } else {
        outcomes[next].fit = std::move(iteration).result();
      }
    }
    if (running.empty()) break;
    std::vector<const Mixture*> points;
    points.reserve(running.size());
    for (const RunningStart& start : running) points.push_back(&start.iteration.next_point());
    std::vector<EStepResult> steps = (*e_step)(points);
    std::vector<RunningStart> going_on;
    for (std::size_t i = 0; i < running.size(); ++i) {
      if (!ends_with(running[i].iteration, std::move(steps[i]), *e_step, outcomes[running[i].number]))
        going_on.push_back(std::move(running[i]));
    }
    running = std::move(going_on);
  }
  return outcomes;
}

template std::vector<StartOutcome> em_from_mixtures(const Rows<float>&, const std::vector<Mixture>&, const MStep&,
                                                    const EMOptions&, int);
template std::vector<StartOutcome> em_from_mixtures(const Rows<double>&, const std::vector<Mixture>&, const MStep&,
                                                    const EMOptions&, int);

}  // namespace gmmx
