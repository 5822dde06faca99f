// Scores a stream of rows with a model saved by gmmx, in C++ or Python:
//   score_stream <model.safetensors> < rows.txt
// Each line of n_features numbers, separated by blanks or commas, is answered by log p(x) and the most probable
// component.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

void score_lines(const std::string& model_path) {
  const gmmx::Scorer<double> scorer(gmmx::load(model_path).mixture);
  std::vector<double> row(static_cast<std::size_t>(scorer.n_features()));

  using Clock = std::chrono::steady_clock;
  std::vector<double> nanoseconds;
  for (std::string line; std::getline(std::cin, line);) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream numbers(line);
    for (double& number : row) numbers >> number;
    if (!numbers) {
      std::fprintf(stderr, "not %td numbers: %s\n", scorer.n_features(), line.c_str());
      continue;
    }

    // From here nothing is allocated, locked or thrown.
    const Clock::time_point begin = Clock::now();
    const double log_density = scorer.score(row.data());
    const gmmx::Index component = scorer.predict(row.data());
    const std::chrono::duration<double, std::nano> took = Clock::now() - begin;

    std::printf("%.9g %td\n", log_density, component);
    nanoseconds.push_back(took.count());
  }
  if (nanoseconds.empty()) return;
  const auto middle = nanoseconds.begin() + static_cast<std::ptrdiff_t>(nanoseconds.size() / 2);
  std::nth_element(nanoseconds.begin(), middle, nanoseconds.end());
  std::fprintf(stderr, "%zu rows, median %.0f ns a row\n", nanoseconds.size(), *middle);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s <model.safetensors> < rows.txt\n", argv[0]);
    return 2;
  }
  try {
    score_lines(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
