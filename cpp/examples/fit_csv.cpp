// Fits a mixture to the numbers of a CSV file with one header line:
//   fit_csv <rows.csv> <n_components> <model.safetensors>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

struct Table {
  std::vector<double> numbers;  // row after row
  gmmx::Index n_columns = 0;

  gmmx::Rows<double> rows() const {
    const auto n_rows = static_cast<gmmx::Index>(numbers.size()) / n_columns;
    return gmmx::MatrixView<const double>(numbers.data(), n_rows, n_columns);
  }
};

Table read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  Table table;
  std::string line;
  std::getline(file, line);  // the header
  for (int line_number = 2; std::getline(file, line); ++line_number) {
    std::istringstream cells(line);
    gmmx::Index n_cells = 0;
    for (std::string cell; std::getline(cells, cell, ','); ++n_cells) table.numbers.push_back(std::stod(cell));
    if (table.n_columns == 0) table.n_columns = n_cells;
    if (n_cells != table.n_columns || n_cells == 0) {
      throw std::runtime_error(path + ", line " + std::to_string(line_number) + ": " + std::to_string(n_cells) +
                               " numbers, but the first line has " + std::to_string(table.n_columns));
    }
  }
  if (table.n_columns == 0) throw std::runtime_error(path + " has no rows below its header");
  return table;
}

void fit_file(const std::string& path, gmmx::Index n_components, const std::string& model_path) {
  const Table table = read_csv(path);

  gmmx::FitOptions options;
  options.n_components = n_components;
  options.covariance = gmmx::CovarianceType::full;
  options.n_init = 10;
  options.n_threads = gmmx::thread_count();
  const gmmx::FitResult result = gmmx::fit(table.rows(), options);

  std::printf("log-likelihood %.6f, %s after %d iterations\n", result.log_likelihood,
              result.converged ? "converged" : "not converged", result.n_iter());
  const gmmx::Mixture& mixture = result.mixture;
  for (gmmx::Index k = 0; k < mixture.n_components(); ++k) {
    std::printf("component %td: weight %.4f, mean", k, mixture.weights()[static_cast<std::size_t>(k)]);
    for (gmmx::Index j = 0; j < mixture.n_features(); ++j) {
      std::printf(" %.4f", mixture.means()[static_cast<std::size_t>(k * mixture.n_features() + j)]);
    }
    std::printf("\n");
  }

  gmmx::save(result, model_path);  // read it in Python with gmmx.load(path)
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s <rows.csv> <n_components> <model.safetensors>\n", argv[0]);
    return 2;
  }
  try {
    fit_file(argv[1], std::stol(argv[2]), argv[3]);
  } catch (const std::exception& error) {  // gmmx::Error and the system's own
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
