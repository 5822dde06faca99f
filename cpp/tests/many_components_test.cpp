// Loops over components, which run in parallel where there are many.
#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include "parallel/block_loop.hpp"
#include "problem.hpp"

using namespace gmmx;
using namespace gmmx::testing;

TEST_CASE("every component is worked on once, on any number of threads") {
  for (const int n_threads : {1, 2, 3, 7}) {
    for (const double flops : {0.0, 1e3, 1e5, 1e12}) {
      std::vector<int> times(301, 0);
      for_components(301, flops, n_threads, [&](Index k) { ++times[static_cast<std::size_t>(k)]; });
      CHECK(times == std::vector<int>(301, 1));
    }
  }
  for_components(0, 1e6, 2, [](Index) { FAIL("there is no component"); });
}

TEST_CASE("the first component that fails is the one that is reported") {
  for (const int n_threads : {1, 2, 3, 7}) {
    const auto body = [](Index k) {
      if (k % 50 == 49) throw CollapsedComponent(k, "it collapsed");
    };
    try {
      for_components(300, 1e5, n_threads, body);
      FAIL("nothing was thrown");
    } catch (const CollapsedComponent& error) {
      CHECK(error.component() == 49);
    }
  }
}

TEST_CASE("an M-step of many components does not depend on the number of threads") {
  const auto p = make_problem(900, 9, 300);
  for (const CovarianceType type : {CovarianceType::full, CovarianceType::diag, CovarianceType::tied}) {
    const auto statistics = statistics_from_labels(p.view(), p.label_view(), p.k, second_moment_form(type), 1);
    const Mixture expected = m_step(statistics, type, 0.5,
                                    ConjugatePrior{0.1, std::vector<double>(9, 0.0), 20, std::vector<double>(81, 0.1)});
    for (const int n_threads : {2, 3, 7}) {
      const Mixture got =
          m_step(statistics, type, 0.5,
                 ConjugatePrior{0.1, std::vector<double>(9, 0.0), 20, std::vector<double>(81, 0.1)}, n_threads);
      CHECK(got.fingerprint() == expected.fingerprint());
      CHECK(got.covariances() == expected.covariances());
    }
  }
}
