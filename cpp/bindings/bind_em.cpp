#include <pybind11/stl.h>

#include "arrays.hpp"
#include "em_arguments.hpp"
#include "gmmx/em.hpp"
#include "gmmx/restarts.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

using Callback = std::optional<py::function>;

// The user's own function, after each iteration.
std::function<bool(const IterationSummary&)> callback_for(const Callback& callback) {
  if (!callback) return {};
  return [&callback](const IterationSummary& summary) {
    const GilHeld locked;
    return is_true(call(*callback, py::make_tuple(summary.iteration, summary.mean_log_likelihood)));
  };
}

EMResult em_of(const py::array& X, const Mixture& mixture, const Weights& sample_weight, double tol, double reg_covar,
               NearestInt max_iter, double previous_lower_bound, const Callback& callback, NearestInt n_threads,
               const std::optional<std::string>& acceleration, const Prior& prior) {
  EMOptions options = options_of(tol, max_iter, acceleration);
  const MaximumLikelihood m_step = likelihood_of(reg_covar, prior, options, n_threads);
  options.previous_mean_log_likelihood = previous_lower_bound;
  options.callback = callback_for(callback);
  return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    const GilReleased unlocked;
    return em(*e_step_over(rows, n_threads), mixture, m_step, options);
  });
}

// The passes over the rows are the caller's: a Python function makes them.
class EStepInPython final : public EStep {
 public:
  EStepInPython(const py::function& statistics_at, bool in_float)
      : statistics_at_(statistics_at), in_float_(in_float) {}

  EStepResult operator()(const Mixture& mixture) override {
    const GilHeld locked;
    return {call(statistics_at_, py::make_tuple(mixture)).cast<SufficientStatistics>(), {}, {}, in_float_};
  }

 private:
  const py::function& statistics_at_;
  bool in_float_;
};

EMResult em_over(const py::function& statistics_at, const Mixture& mixture, double tol, double reg_covar,
                 NearestInt max_iter, double previous_lower_bound, const Callback& callback,
                 const std::optional<std::string>& acceleration, const Prior& prior, bool rows_are_float,
                 NearestInt n_threads) {
  EMOptions options = options_of(tol, max_iter, acceleration);
  const MaximumLikelihood m_step = likelihood_of(reg_covar, prior, options, n_threads);
  options.previous_mean_log_likelihood = previous_lower_bound;
  options.callback = callback_for(callback);
  EStepInPython e_step(statistics_at, rows_are_float);
  const GilReleased unlocked;
  return em(e_step, mixture, m_step, options);
}

// For each start an EMResult, or (iteration, component) where it collapsed, or the number of the start that it repeats.
py::list list_of(std::vector<StartOutcome> outcomes) {
  py::list result;
  for (StartOutcome& outcome : outcomes) {
    if (outcome.fit) {
      result.append(std::move(*outcome.fit));
    } else if (outcome.same_as >= 0) {
      result.append(outcome.same_as);
    } else {
      result.append(py::make_tuple(outcome.failed_iteration, outcome.failed_component));
    }
  }
  return result;
}

py::list em_from_mixtures_of(const py::array& X, const std::vector<Mixture>& mixtures, const Weights& sample_weight,
                             double tol, double reg_covar, NearestInt max_iter, NearestInt n_threads,
                             const std::optional<std::string>& acceleration, const Prior& prior) {
  const EMOptions options = options_of(tol, max_iter, acceleration);
  const MaximumLikelihood m_step = likelihood_of(reg_covar, prior, options, n_threads);
  return list_of(with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    const GilReleased unlocked;
    return em_from_mixtures(rows, mixtures, MStep(m_step), options, n_threads);
  }));
}

// The starts run side by side.
py::list em_from_kmeans_of(const py::array& X, const Index n_components, const std::string& covariance_type,
                           const Contiguous<double>& uniforms, const Weights& sample_weight, double tol,
                           double reg_covar, NearestInt max_iter, NearestInt n_threads,
                           const std::optional<std::string>& acceleration, const Prior& prior) {
  const EMOptions options = options_of(tol, max_iter, acceleration);
  const MaximumLikelihood m_step = likelihood_of(reg_covar, prior, options, n_threads);
  const CovarianceType type = covariance_type_from_string(covariance_type);
  check_ndim(uniforms, 2, "uniforms");
  const auto draws = matrix_view<double>(uniforms);
  return list_of(with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    const GilReleased unlocked;
    return em_from_kmeans(rows, n_components, type, draws, m_step, options, n_threads);
  }));
}

}  // namespace

void register_em(py::module_& m) {
  m.def(
      "e_step",
      [](const py::array& X, const Mixture& mixture, const Weights& sample_weight, NearestInt n_threads) {
        return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
          const GilReleased unlocked;
          return e_step(rows, mixture, n_threads);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("sample_weight").none(true), py::arg("n_threads"));
  m.def(
      "m_step",
      [](const SufficientStatistics& statistics, const std::string& covariance_type, double reg_covar,
         const Mixture* previous, const Prior& prior, NearestInt n_threads) {
        const CovarianceType type = covariance_type_from_string(covariance_type);
        const std::optional<ConjugatePrior> checked = prior_of(prior);
        const GilReleased unlocked;
        if (previous && previous->covariance_type() == type) {
          return m_step(statistics, *previous, reg_covar, checked, n_threads);
        }
        return m_step(statistics, type, reg_covar, checked, n_threads);
      },
      py::arg("statistics"), py::arg("covariance_type"), py::arg("reg_covar"), py::arg("previous") = py::none(),
      py::arg("prior") = py::none(), py::arg("n_threads") = 1);

  py::class_<EMResult>(m, "EMResult", py::is_final(), "What one run of EM ended with.")
      .def_property_readonly("mixture", [](const EMResult& self) { return self.mixture; })
      .def_readonly("converged", &EMResult::converged)
      .def_readonly("stopped", &EMResult::stopped)
      .def_property_readonly("n_iter", [](const EMResult& self) { return self.mean_log_likelihoods.size(); })
      .def_readonly("lower_bounds", &EMResult::mean_log_likelihoods)
      .def_readonly("empty_components", &EMResult::empty_components)
      .def_readonly("kernel", &EMResult::kernel)
      .def_readonly("moment_kernel", &EMResult::moment_kernel);
  m.def("em", &em_of, py::arg("X"), py::arg("mixture"), py::arg("sample_weight").none(true), py::kw_only(),
        py::arg("tol"), py::arg("reg_covar"), py::arg("max_iter"), py::arg("previous_lower_bound"),
        py::arg("callback").none(true), py::arg("n_threads"), py::arg("acceleration") = py::none(),
        py::arg("prior") = py::none());
  m.def("em_over", &em_over, py::arg("e_step"), py::arg("mixture"), py::kw_only(), py::arg("tol"), py::arg("reg_covar"),
        py::arg("max_iter"), py::arg("previous_lower_bound"), py::arg("callback").none(true),
        py::arg("acceleration") = py::none(), py::arg("prior") = py::none(), py::arg("rows_are_float") = false,
        py::arg("n_threads") = 1);
  m.def("em_from_kmeans", &em_from_kmeans_of, py::arg("X"), py::arg("n_components"), py::arg("covariance_type"),
        py::arg("uniforms"), py::arg("sample_weight").none(true), py::kw_only(), py::arg("tol"), py::arg("reg_covar"),
        py::arg("max_iter"), py::arg("n_threads"), py::arg("acceleration") = py::none(), py::arg("prior") = py::none());
  m.def("em_from_mixtures", &em_from_mixtures_of, py::arg("X"), py::arg("mixtures"),
        py::arg("sample_weight").none(true), py::kw_only(), py::arg("tol"), py::arg("reg_covar"), py::arg("max_iter"),
        py::arg("n_threads"), py::arg("acceleration") = py::none(), py::arg("prior") = py::none());
  m.def(
      "starts_per_pass",
      [](const std::string& covariance_type, Index n_components) {
        return starts_per_pass(covariance_type_from_string(covariance_type), n_components);
      },
      py::arg("covariance_type"), py::arg("n_components"));
  m.def(
      "plan_starts",
      [](Index n_samples, Index n_features, Index n_components, const std::string& covariance_type, Index n_init,
         bool from_kmeans, bool watched) {
        const CovarianceType type = covariance_type_from_string(covariance_type);
        return to_string(plan_starts({n_samples, n_features, n_components, type, from_kmeans}, n_init, watched));
      },
      py::arg("n_samples"), py::arg("n_features"), py::arg("n_components"), py::arg("covariance_type"),
      py::arg("n_init"), py::kw_only(), py::arg("from_kmeans"), py::arg("watched"));
}

}  // namespace gmmx::python
