// The loop: E-step, M-step, until the likelihood stands still.
#include "gmmx/em.hpp"

#include <string>
#include <utility>

#include "em/iteration.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

SufficientStatistics checked(SufficientStatistics statistics, const Mixture& mixture) {
  const std::uint64_t fingerprint = statistics.mixture_fingerprint;
  if (fingerprint != 0 && fingerprint != mixture.fingerprint())
    throw InvalidArgument("the statistics are of another mixture than the one that the E-step was asked for");
  if (statistics.n_components != mixture.n_components() || statistics.n_features != mixture.n_features())
    throw InvalidArgument("the statistics are of " + std::to_string(statistics.n_components) + " components and " +
                          std::to_string(statistics.n_features) + " features, the mixture of " +
                          std::to_string(mixture.n_components()) + " and " + std::to_string(mixture.n_features()));
  if (!(statistics.total_weight > 0)) throw InvalidArgument("the statistics are of no row of positive weight");
  return statistics;
}

}  // namespace

Acceleration acceleration_from_string(std::string_view name) {
  if (name == "none") return Acceleration::none;
  if (name == "anderson") return Acceleration::anderson;
  if (name == "squarem") return Acceleration::squarem;
  throw InvalidArgument("acceleration='" + std::string(name) +
                        "' is unknown; use one of 'none', 'anderson', 'squarem'");
}

template <class T>
EMResult em(MatrixView<const T> rows, const Mixture& start, VectorView<const double> sample_weight,
            const EMOptions& options) {
  Iteration iteration(start, options);
  EStepPass<T> e_step(rows, sample_weight, options.n_threads);
  while (iteration.should_continue()) advance(iteration, e_step(iteration.next_point()), e_step);  // (17)
  return std::move(iteration).result();
}

template EMResult em(MatrixView<const float>, const Mixture&, VectorView<const double>, const EMOptions&);
template EMResult em(MatrixView<const double>, const Mixture&, VectorView<const double>, const EMOptions&);

EMResult em(const EStepElsewhere& e_step, const Mixture& start, const EMOptions& options) {
  Iteration iteration(start, options);
  while (iteration.should_continue())
    iteration.update({checked(e_step(iteration.next_point()), iteration.next_point()), {}, {}});
  return std::move(iteration).result();
}

}  // namespace gmmx
