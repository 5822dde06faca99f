// agreement <float32|float64> <rows> <n_features> <labels> <model> <results>
// Reads rows and labels (int32) as raw numbers and a model that Python saved. Writes raw doubles: the log-density of
// each row under that model, then what EM from the labels leads to: log-likelihoods, weights, means and covariances.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

template <class T>
std::vector<T> read_numbers(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<T> numbers(static_cast<std::size_t>(file.tellg()) / sizeof(T));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
  return numbers;
}

template <class Numbers>
void append(std::vector<double>& to, const Numbers& numbers) {
  to.insert(to.end(), std::begin(numbers), std::end(numbers));
}

template <class T>
void compute(char** argv) {
  const std::vector<T> numbers = read_numbers<T>(argv[2]);
  const gmmx::Index d = std::stol(argv[3]);
  const gmmx::Index n = static_cast<gmmx::Index>(numbers.size()) / d;
  const gmmx::Rows<T> rows = gmmx::MatrixView<const T>(numbers.data(), n, d);
  const gmmx::Model model = gmmx::load(argv[5]);

  std::vector<T> scores(static_cast<std::size_t>(n));
  gmmx::score_samples(rows, model.mixture, gmmx::VectorView<T>(scores.data(), n));
  std::vector<double> results;
  append(results, scores);

  const std::vector<std::int32_t> labels = read_numbers<std::int32_t>(argv[4]);
  const auto type = model.mixture.covariance_type();
  const auto statistics = gmmx::statistics_from_labels(rows, gmmx::VectorView<const std::int32_t>(labels.data(), n),
                                                       model.mixture.n_components(), gmmx::second_moment_form(type), 1);
  const gmmx::MaximumLikelihood likelihood;
  const gmmx::EMResult fit =
      gmmx::em(*gmmx::e_step_over(rows), gmmx::m_step(statistics, type, likelihood.reg_covar), likelihood);
  append(results, fit.mean_log_likelihoods);
  append(results, fit.mixture.weights());
  append(results, fit.mixture.means());
  append(results, fit.mixture.covariances());
  std::ofstream(argv[6], std::ios::binary)
      .write(reinterpret_cast<const char*>(results.data()), static_cast<std::streamsize>(results.size() * 8));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  try {
    if (std::string(argv[1]) == "float32") {
      compute<float>(argv);
    } else {
      compute<double>(argv);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
