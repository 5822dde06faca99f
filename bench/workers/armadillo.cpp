// Times Armadillo's gmm_full and gmm_diag: FOLDER TYPE THREADS REPEATS SHORT LONG, see worker.py.
#include <armadillo>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// The numbers of a file of float64 in C order; its header says how many bytes it has at byte 8 (format 1).
std::vector<double> load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char begin[10] = {};
  file.read(begin, sizeof begin);
  if (!file || begin[6] != 1) throw std::runtime_error("cannot read " + path);
  const auto header = static_cast<unsigned char>(begin[8]) + 256 * static_cast<unsigned char>(begin[9]);
  file.seekg(0, std::ios::end);
  const auto first = static_cast<std::streamoff>(sizeof begin) + header;
  std::vector<double> numbers(static_cast<std::size_t>(file.tellg() - first) / sizeof(double));
  file.seekg(first);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(double)));
  return numbers;
}

// As one dimension: the reader knows the shape.
void save(const std::string& path, const double* numbers, std::size_t count) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }";
  header.resize(117, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00\x76\x00", 10) << header;
  file.write(reinterpret_cast<const char*>(numbers), static_cast<std::streamsize>(count * sizeof(double)));
  if (!file) throw std::runtime_error("cannot write " + path);
}

// A field of /proc/self/status in MiB; negative where there is none.
double status_mib(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(field, 0) == 0) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return -1;
}

template <class Model>
Model start(const arma::mat& means, const std::vector<double>& covariances, const arma::rowvec& weights);

template <>
arma::gmm_full start(const arma::mat& means, const std::vector<double>& covariances, const arma::rowvec& weights) {
  arma::gmm_full model;
  model.set_params(means, arma::cube(covariances.data(), means.n_rows, means.n_rows, means.n_cols), weights);
  return model;
}

template <>
arma::gmm_diag start(const arma::mat& means, const std::vector<double>& covariances, const arma::rowvec& weights) {
  arma::gmm_diag model;
  model.set_params(means, arma::mat(covariances.data(), means.n_rows, means.n_cols), weights);
  return model;
}

const arma::cube& covariances_of(const arma::gmm_full& model) { return model.fcovs; }
const arma::mat& covariances_of(const arma::gmm_diag& model) { return model.dcovs; }

std::string joined(const std::vector<double>& numbers) {
  std::ostringstream text;
  text.precision(9);
  for (std::size_t i = 0; i < numbers.size(); ++i) text << (i ? ", " : "") << numbers[i];
  return text.str();
}

template <class Model>
void run(const std::string& folder, int repeats, int short_fit, int long_fit) {
  const auto numbers = load(folder + "/rows.npy");
  const arma::rowvec weights(load(folder + "/weights.npy"));
  const auto mean_numbers = load(folder + "/means.npy");
  const auto covariances = load(folder + "/covariances.npy");
  const arma::uword d = mean_numbers.size() / weights.n_elem;
  // One sample a column: the rows as they lie in memory.
  const arma::mat rows(const_cast<double*>(numbers.data()), d, numbers.size() / d, false, true);
  const arma::mat means(mean_numbers.data(), d, weights.n_elem);

  const auto fit = [&](int iterations) {
    auto model = start<Model>(means, covariances, weights);
    // Needs a floor of the variances above zero: one that no variance here reaches.
    if (!model.learn(rows, weights.n_elem, arma::maha_dist, arma::keep_existing, 0, iterations, 1e-10, false)) {
      throw std::runtime_error("learn() failed");
    }
    return model;
  };

  std::ofstream("/proc/self/clear_refs") << "5" << std::flush;
  const double before = status_mib("VmRSS");
  fit(short_fit);
  const double growth = status_mib("VmHWM") - before;
  std::vector<double> seconds[2];
  Model model;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int which = 0; which < 2; ++which) {
      const auto begin = std::chrono::steady_clock::now();
      model = fit(which == 0 ? short_fit : long_fit);
      seconds[which].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
  }

  const auto& found = covariances_of(model);
  save(folder + "/result/weights.npy", model.hefts.memptr(), model.hefts.n_elem);
  save(folder + "/result/means.npy", model.means.memptr(), model.means.n_elem);
  save(folder + "/result/covariances.npy", found.memptr(), found.n_elem);
  std::printf("{\"short\": [%s], \"long\": [%s], \"peak_mib\": %.3f, \"version\": \"%s\"}\n",
              joined(seconds[0]).c_str(), joined(seconds[1]).c_str(), growth, arma::arma_version::as_string().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 7) throw std::runtime_error("six arguments are needed");
    const std::string type = argv[2];  // threads are taken from OMP_NUM_THREADS
    const auto run_type = type == "full" ? run<arma::gmm_full> : run<arma::gmm_diag>;
    run_type(argv[1], std::stoi(argv[4]), std::stoi(argv[5]), std::stoi(argv[6]));
  } catch (const std::exception& error) {
    std::printf("{\"error\": \"%s\"}\n", error.what());
  }
}
