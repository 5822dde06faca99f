// The smallest example of docs/cpp.md: fits two components to eight numbers and scores one of them.
#include <cstdio>
#include <vector>

#include "gmmx/gmmx.hpp"

int main() {
  const std::vector<double> numbers{0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.4};
  gmmx::FitOptions options;
  options.n_components = 2;
  const gmmx::FitResult result = gmmx::fit<double>({{numbers.data(), 8, 1}}, options);
  const gmmx::Scorer<double> scorer(result.mixture);  // scoring a row never allocates, locks or throws
  std::printf("0.2: component %td, log p %.3f\n", scorer.predict(&numbers[2]), scorer.score(&numbers[2]));
}
