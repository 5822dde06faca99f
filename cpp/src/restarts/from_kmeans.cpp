// Starts side by side, each on a thread of its own.
#include <memory>

#include "gmmx/errors.hpp"
#include "gmmx/restarts.hpp"
#include "parallel/parallel.hpp"

namespace gmmx {

template <class T>
std::vector<StartOutcome> em_from_kmeans(MatrixView<const T> rows, Index n_components, CovarianceType type,
                                         MatrixView<const double> uniforms, VectorView<const double> sample_weight,
                                         const EMOptions& options) {
  const Index n_starts = uniforms.rows();
  std::vector<StartOutcome> outcomes(static_cast<std::size_t>(n_starts));
  const auto run = [&](Index start) {
    StartOutcome& outcome = outcomes[static_cast<std::size_t>(start)];
    EMOptions own = options;
    own.n_threads = 1;
    own.callback = [&outcome](const IterationSummary& summary) {
      outcome.failed_iteration = summary.iteration + 1;
      return false;
    };
    try {
      const VectorView<const double> draws(&uniforms(start, 0), uniforms.cols(), uniforms.col_stride());
      const KMeansResult clusters = kmeans(rows, n_components, draws, sample_weight, KMeansOptions{});
      const VectorView<const std::int32_t> labels(clusters.labels.data(), rows.rows());
      const Mixture mixture =
          m_step(statistics_from_labels(rows, labels, n_components, second_moment_form(type), sample_weight, 1), type,
                 options.reg_covar);
      outcome.failed_iteration = 1;
      outcome.fit = em(rows, mixture, sample_weight, own);
    } catch (const CollapsedComponent& error) {
      outcome.failed_component = error.component();
    }
  };
  // One start is a chunk of its own.
  const Chunks starts{n_starts, 1, 1};
  const int n_threads = parallel_regions_are_safe() ? options.n_threads : 1;
  for_chunks(
      starts, n_threads, [] { return std::make_unique<int>(0); }, [&](int&, Index begin, Index) { run(begin); });
  return outcomes;
}

template std::vector<StartOutcome> em_from_kmeans(MatrixView<const float>, Index, CovarianceType,
                                                  MatrixView<const double>, VectorView<const double>, const EMOptions&);
template std::vector<StartOutcome> em_from_kmeans(MatrixView<const double>, Index, CovarianceType,
                                                  MatrixView<const double>, VectorView<const double>, const EMOptions&);

}  // namespace gmmx
