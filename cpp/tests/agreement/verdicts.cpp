// verdicts <folder> <count>
// Loads the files <folder>/0, <folder>/1, ... and writes a line for each: "refused", or "accepted" and what it holds,
// numbers exactly. tests/io/test_model_file_agreement.py compares that with what Python reads.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

void print_numbers(const std::vector<double>& numbers) {
  for (const double number : numbers) std::printf(" %a", number);
}

// Text in hexadecimal digits: names hold spaces and line feeds.
void print_text(const std::string& text) {
  std::printf(" '");
  for (const char c : text) std::printf("%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
}

void print_model(const gmmx::Model& model) {
  std::printf("accepted %s %d %d %d", to_string(model.mixture.covariance_type()).c_str(), model.n_iter,
              model.converged ? 1 : 0, model.single_precision ? 1 : 0);
  print_numbers({model.lower_bound, model.log_likelihood, model.total_weight});
  print_numbers(model.lower_bounds);
  print_numbers(model.mixture.weights());
  print_numbers(model.mixture.means());
  print_numbers(model.mixture.covariances());
  print_numbers(model.mixture.precisions_cholesky());
  for (const std::string& name : model.feature_names) print_text(name);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::filesystem::path folder = argv[1];
  try {
    for (long i = 0; i < std::stol(argv[2]); ++i) {
      try {
        print_model(gmmx::load(folder / std::to_string(i)));
      } catch (const gmmx::ModelFileError&) {
        std::printf("refused\n");
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
