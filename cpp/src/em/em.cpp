// The loop: E-step, M-step, until the likelihood stands still.
#include "gmmx/em.hpp"

#include <string>
#include <utility>

#include "em/iteration.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

void check(const SufficientStatistics& statistics, const Mixture& mixture) {
  const std::uint64_t fingerprint = statistics.mixture_fingerprint;
  if (fingerprint != 0 && fingerprint != mixture.fingerprint())
    throw InvalidArgument("the statistics are of another mixture than the one that the E-step was asked for");
  if (statistics.n_components != mixture.n_components() || statistics.n_features != mixture.n_features())
    throw InvalidArgument("the statistics are of " + std::to_string(statistics.n_components) + " components and " +
                          std::to_string(statistics.n_features) + " features, the mixture of " +
                          std::to_string(mixture.n_components()) + " and " + std::to_string(mixture.n_features()));
  if (!(statistics.total_weight > 0)) throw InvalidArgument("the statistics are of no row of positive weight");
}

}  // namespace

Acceleration acceleration_from_string(std::string_view name) {
  if (name == "none") return Acceleration::none;
  if (name == "anderson") return Acceleration::anderson;
  if (name == "squarem") return Acceleration::squarem;
  throw InvalidArgument("acceleration='" + std::string(name) +
                        "' is unknown; use one of 'none', 'anderson', 'squarem'");
}

void check_acceleration(Acceleration acceleration, const std::optional<ConjugatePrior>& prior) {
  if (!prior || acceleration == Acceleration::none) return;
  throw InvalidArgument(
      "there is a prior, but acceleration is not none: jumps are judged by the likelihood alone; "
      "leave out one of them");
}

EMResult em(EStep& e_step, const Mixture& start, const MStep& m_step, const EMOptions& options) {
  Iteration iteration(start, m_step, options);
  while (iteration.should_continue()) {  // (17)
    const Mixture& point = iteration.next_point();
    EStepResult pass = e_step(point);
    check(pass.statistics, point);
    iteration.update(std::move(pass), e_step);
  }
  return std::move(iteration).result();
}

}  // namespace gmmx
