// EM over rows that are shared by two threads of this program: each computes statistics of its rows, the sum of both is
// what the M-step needs. In the same way they may come from two files, or from two machines.
#include <cstdint>
#include <cstdio>
#include <future>
#include <random>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

constexpr gmmx::Index n_rows = 20000;
constexpr gmmx::Index n_features = 2;

// Two clouds about (0, 0) and (4, 4).
std::vector<double> make_rows() {
  std::mt19937 engine(0);
  std::normal_distribution<double> normal;
  std::vector<double> rows;
  for (gmmx::Index n = 0; n < n_rows; ++n) {
    for (gmmx::Index j = 0; j < n_features; ++j) rows.push_back((n % 3 == 0 ? 4.0 : 0.0) + normal(engine));
  }
  return rows;
}

gmmx::Mixture initial_mixture(const gmmx::Rows<double>& rows) {
  std::vector<std::int32_t> labels;
  for (gmmx::Index n = 0; n < rows.size(); ++n) labels.push_back(rows.x(n, 0) > 1.0 ? 1 : 0);
  const auto type = gmmx::CovarianceType::full;
  const auto statistics = gmmx::statistics_from_labels(
      rows, gmmx::VectorView<const std::int32_t>(labels.data(), rows.size()), 2, gmmx::second_moment_form(type), 1);
  return gmmx::m_step(statistics, type, 1e-6);
}

// Each half of the rows could be on a machine of its own.
class EStepOfHalves : public gmmx::EStep {
 public:
  explicit EStepOfHalves(const gmmx::Rows<double>& rows)
      : first_(rows.slice(0, rows.size() / 2)), second_(rows.slice(rows.size() / 2, rows.size())) {}

  gmmx::EStepResult operator()(const gmmx::Mixture& mixture) override {
    auto others = std::async(std::launch::async, [&] { return gmmx::e_step(second_, mixture); });
    gmmx::SufficientStatistics sum = gmmx::e_step(first_, mixture);
    sum += others.get();
    return sum;
  }

 private:
  gmmx::Rows<double> first_;
  gmmx::Rows<double> second_;
};

}  // namespace

int main() {
  const std::vector<double> numbers = make_rows();
  const gmmx::Rows<double> rows = gmmx::MatrixView<const double>(numbers.data(), n_rows, n_features);

  EStepOfHalves e_step(rows);
  gmmx::EMOptions options;
  // In place of options.tol: two iterations in a row that gain next to nothing.
  options.has_converged = [n_quiet = 0](const gmmx::IterationSummary& summary) mutable {
    n_quiet = summary.change < 1e-6 ? n_quiet + 1 : 0;
    return n_quiet == 2;
  };
  const gmmx::EMResult result = gmmx::em(e_step, initial_mixture(rows), gmmx::MaximumLikelihood(), options);
  const std::vector<double>& means = result.mixture.means();
  std::printf("converged after %d iterations: means (%.3f, %.3f) and (%.3f, %.3f)\n",
              static_cast<int>(result.mean_log_likelihoods.size()), means[0], means[1], means[2], means[3]);
  return result.converged ? 0 : 1;
}
