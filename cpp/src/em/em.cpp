// The loop: E-step, M-step, until the likelihood stands still.
#include "gmmx/em.hpp"

#include <utility>

#include "em/run.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

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
  Run run(start, options);
  Passes<T> passes(rows, sample_weight, options.n_threads);
  while (run.goes_on()) run.take(passes.at(run.point()));  // (17)
  return std::move(run).result();
}

template EMResult em(MatrixView<const float>, const Mixture&, VectorView<const double>, const EMOptions&);
template EMResult em(MatrixView<const double>, const Mixture&, VectorView<const double>, const EMOptions&);

}  // namespace gmmx
