#include "constructor_params.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace gmmx {

namespace {

using nlohmann::json;

struct ConstructorRule {
  const char* name;
  const char* allowed;
  bool (*accepts)(const json&);
};

// Python's True and False are whole numbers, too.
bool is_whole(const json& value) { return value.is_number_integer() || value.is_boolean(); }
bool is_numeric(const json& value) { return value.is_number() || value.is_boolean(); }
double number_of(const json& value) {
  return value.is_boolean() ? static_cast<double>(value.get<bool>()) : value.get<double>();
}

bool is_one_of(const json& value, std::initializer_list<std::string_view> allowed) {
  if (!value.is_string()) return false;
  return std::find(allowed.begin(), allowed.end(), value.get_ref<const std::string&>()) != allowed.end();
}

bool is_truth(const json& value) { return value.is_boolean(); }
bool is_none(const json& value) { return value.is_null(); }
bool is_count(const json& value) { return is_whole(value) && number_of(value) >= 0; }
bool is_positive_count(const json& value) { return is_whole(value) && number_of(value) >= 1; }
bool is_not_negative(const json& value) { return is_numeric(value) && number_of(value) >= 0; }
bool is_decay(const json& value) { return is_numeric(value) && number_of(value) > 0.5 && number_of(value) <= 1; }
bool is_seed(const json& value) {
  return value.is_null() || (is_whole(value) && number_of(value) >= 0 && number_of(value) <= 4294967295.0);
}
bool is_thread_count(const json& value) { return value.is_null() || (is_whole(value) && number_of(value) != 0); }
bool is_initialization(const json& value) {
  return is_one_of(value, {"kmeans", "stream", "hc", "k-means++", "random", "random_from_data"});
}
bool is_acceleration(const json& value) { return value.is_null() || is_one_of(value, {"anderson", "squarem", "auto"}); }
bool is_prior(const json& value) { return value.is_null() || is_one_of(value, {"default"}); }

// _parameter_constraints of the class GaussianMixture; n_components and covariance_type follow from the tensors.
constexpr ConstructorRule constructor_rules[] = {
    {"tol", "a number of at least 0", is_not_negative},
    {"reg_covar", "a number of at least 0", is_not_negative},
    {"max_iter", "a whole number of at least 0", is_count},
    {"n_init", "a whole number of at least 1", is_positive_count},
    {"init_params", "'kmeans', 'stream', 'hc', 'k-means++', 'random' or 'random_from_data'", is_initialization},
    {"weights_init", "null", is_none},
    {"means_init", "null", is_none},
    {"precisions_init", "null", is_none},
    {"random_state", "null or a whole number from 0 to 4294967295", is_seed},
    {"warm_start", "true or false", is_truth},
    {"verbose", "a whole number of at least 0", is_count},
    {"verbose_interval", "a whole number of at least 1", is_positive_count},
    {"n_jobs", "null or a whole number other than 0", is_thread_count},
    {"callback", "null", is_none},
    {"responsibilities_init", "null", is_none},
    {"acceleration", "null, 'anderson', 'squarem' or 'auto'", is_acceleration},
    {"prior", "null or 'default'", is_prior},
    {"learning_decay", "a number above 0.5 and at most 1", is_decay},
    {"learning_offset", "a number of at least 0", is_not_negative},
    {"average", "true or false", is_truth},
};

}  // namespace

std::string problem_of_params(const json& params) {
  for (const ConstructorRule& rule : constructor_rules) {
    const auto found = params.find(rule.name);
    if (found != params.end() && !rule.accepts(*found)) {
      return std::string("a ") + rule.name + " that is not " + rule.allowed;
    }
  }
  return "";
}

}  // namespace gmmx
