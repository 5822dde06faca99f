#include "metadata.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "constructor_params.hpp"
#include "file_error.hpp"
#include "strict_json.hpp"

namespace gmmx {

namespace {

using nlohmann::json;

constexpr const char* format_name = "gmmx";
constexpr const char* newest_version = "1";
constexpr const char* class_name = "GaussianMixture";  // Python's

// Python's spelling; the digits of a finite number are as many as tell it from its neighbours.
std::string json_of(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return json(number).dump();
}

std::string json_of(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers) text += (text.empty() ? "" : ", ") + json_of(number);
  return "[" + text + "]";
}

std::string json_of(const std::vector<std::string>& names) {
  if (names.empty()) return "null";
  try {
    return json(names).dump(-1, ' ', true);
  } catch (const json::type_error&) {
    throw MalformedFile("feature_names holds a name that is not UTF-8");
  }
}

std::string entry_in_quotes(const Metadata& metadata, const std::string& name) {
  const auto entry = metadata.find(name);
  return entry == metadata.end() ? "none" : in_quotes(entry->second);
}

bool says(const Metadata& metadata, const std::string& name, std::string_view text) {
  const auto entry = metadata.find(name);
  return entry != metadata.end() && entry->second == text;
}

void check_version(const Metadata& metadata) {
  const auto entry = metadata.find("format_version");
  const std::string version = entry == metadata.end() ? "" : entry->second;
  const std::string without_zeros = version.substr(std::min(version.find_first_not_of('0'), version.size()));
  if (without_zeros.empty() || version.find_first_not_of("0123456789") != std::string::npos) {
    throw MalformedFile("its format_version is " + entry_in_quotes(metadata, "format_version") +
                        ", not a number from 1 on");
  }
  if (without_zeros == newest_version) return;
  const auto writer = metadata.find("gmmx_version");
  throw MalformedFile(
      "its format_version is " + in_quotes(version) + ", but this gmmx " GMMX_VERSION " reads up to " + newest_version,
      "Upgrade gmmx to at least " +
          (writer == metadata.end() ? "the version that wrote it" : in_quotes(writer->second)));
}

[[noreturn]] void refuse_entry(const Metadata& metadata, const std::string& name, const std::string& problem) {
  throw MalformedFile("its metadata entry " + name + " is " + in_quotes(metadata.at(name)) + ", which " + problem);
}

json parsed_entry(const Metadata& metadata, const std::string& name, Replacement of_constants) {
  try {
    return parse_json(replace_constants(metadata.at(name), of_constants));
  } catch (const MalformedFile& error) {
    refuse_entry(metadata, name, error.what());
  }
}

// No fact is or holds a string: strings in what is returned are NaN, Infinity or -Infinity.
json parsed_fact(const Metadata& metadata, const std::string& name) {
  if (metadata.at(name).find('"') != std::string::npos) refuse_entry(metadata, name, "is not of the right kind");
  return parsed_entry(metadata, name, [](std::string_view constant) { return "\"" + std::string(constant) + "\""; });
}

// In what is checked alone, a number that no parameter accepts stands for a constant, apart from what may be written
// beside it.
json parsed_kinds(const Metadata& metadata, const std::string& name) {
  return parsed_entry(metadata, name, [](std::string_view) { return std::string(" -0.5 "); });
}

bool is_real(const json& value) { return value.is_number() || value.is_string(); }

double real_of(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return value == "Infinity" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

double real_fact(const Metadata& metadata, const std::string& name) {
  const json value = parsed_fact(metadata, name);
  if (!is_real(value)) refuse_entry(metadata, name, "is not a number");
  return real_of(value);
}

std::vector<double> real_facts(const Metadata& metadata, const std::string& name) {
  const json values = parsed_fact(metadata, name);
  if (!values.is_array() || !std::all_of(values.begin(), values.end(), is_real)) {
    refuse_entry(metadata, name, "is not a list of numbers");
  }
  std::vector<double> numbers;
  for (const json& value : values) numbers.push_back(real_of(value));
  return numbers;
}

int count_fact(const Metadata& metadata, const std::string& name) {
  const json value = parsed_fact(metadata, name);
  constexpr int most = std::numeric_limits<int>::max();
  const std::optional<std::uint64_t> number = whole_number(value);
  if (!number || *number > std::uint64_t{most}) {
    refuse_entry(metadata, name, "is not a whole number from 0 to " + std::to_string(most));
  }
  return static_cast<int>(*number);
}

bool truth_fact(const Metadata& metadata, const std::string& name) {
  const json value = parsed_fact(metadata, name);
  if (!value.is_boolean()) refuse_entry(metadata, name, "is neither true nor false");
  return value.get<bool>();
}

std::vector<std::string> names_in(const Metadata& metadata, Index n_features) {
  const json names = parsed_kinds(metadata, "feature_names");
  if (names.is_null()) return {};
  const bool are_names = names.is_array() && names.size() == static_cast<std::size_t>(n_features) &&
                         std::all_of(names.begin(), names.end(), [](const json& name) { return name.is_string(); });
  if (!are_names) {
    refuse_entry(metadata, "feature_names",
                 "is neither null nor " + std::to_string(n_features) + " strings, one for each feature");
  }
  return names.get<std::vector<std::string>>();
}

void check_params(const Metadata& metadata) {
  const json params = parsed_kinds(metadata, "params");
  if (!params.is_object() ||
      std::any_of(params.begin(), params.end(), [](const json& value) { return value.is_structured(); })) {
    refuse_entry(metadata, "params", "does not map names to numbers, strings, truth values or null");
  }
  const std::string problem = problem_of_params(params);
  if (!problem.empty()) refuse_entry(metadata, "params", "has " + problem);
}

double total_weight_in(const Metadata& metadata) {
  constexpr const char* name = "total_weight";
  if (metadata.count(name) == 0) return std::numeric_limits<double>::quiet_NaN();
  const double weight = real_fact(metadata, name);
  if (!(weight > 0 && std::isfinite(weight))) refuse_entry(metadata, name, "is not a positive number");
  return weight;
}

void check_checkpoint(const Metadata& metadata) {
  constexpr const char* name = "checkpoint";
  if (metadata.count(name) == 0 || parsed_kinds(metadata, name).is_object()) return;
  refuse_entry(metadata, name, "does not map names to values");
}

}  // namespace

Metadata metadata_of(const Model& model) {
  Metadata metadata{{"format", format_name},
                    {"format_version", newest_version},
                    {"gmmx_version", GMMX_VERSION},
                    {"class", class_name},
                    {"covariance_type", to_string(model.mixture.covariance_type())},
                    {"n_iter", std::to_string(model.n_iter)},
                    {"converged", model.converged ? "true" : "false"},
                    {"lower_bound", json_of(model.lower_bound)},
                    {"lower_bounds", json_of(model.lower_bounds)},
                    {"log_likelihood", json_of(model.log_likelihood)},
                    {"feature_names", json_of(model.feature_names)},
                    {"params", model.params}};
  if (!std::isnan(model.total_weight)) metadata["total_weight"] = json_of(model.total_weight);
  return metadata;
}

CovarianceType covariance_type_in(const Metadata& metadata) {
  if (!says(metadata, "format", format_name)) {
    throw MalformedFile(
        "its metadata names the format " + entry_in_quotes(metadata, "format") + ", not " + in_quotes(format_name),
        "Only files written by gmmx::save or Python's GaussianMixture.save can be loaded; the constructor of "
        "gmmx::Mixture takes other arrays");
  }
  check_version(metadata);
  if (!says(metadata, "class", class_name)) {
    throw MalformedFile("its metadata names the class " + entry_in_quotes(metadata, "class") + ", not a " +
                        in_quotes(class_name));
  }
  std::string missing;
  for (const char* name : {"converged", "covariance_type", "feature_names", "log_likelihood", "lower_bound",
                           "lower_bounds", "n_iter", "params"}) {
    if (metadata.count(name) == 0) missing += (missing.empty() ? "" : ", ") + in_quotes(name);
  }
  if (!missing.empty()) throw MalformedFile("its metadata lacks " + missing);

  std::string known;
  for (const CovarianceType type : covariance_types()) {
    if (metadata.at("covariance_type") == to_string(type)) return type;
    known += (known.empty() ? "" : ", ") + in_quotes(to_string(type));
  }
  throw MalformedFile("its covariance_type is " + entry_in_quotes(metadata, "covariance_type") +
                      ", but must be one of " + known);
}

void read_facts(const Metadata& metadata, Model& model) {
  model.n_iter = count_fact(metadata, "n_iter");
  model.converged = truth_fact(metadata, "converged");
  model.lower_bound = real_fact(metadata, "lower_bound");
  model.lower_bounds = real_facts(metadata, "lower_bounds");
  model.log_likelihood = real_fact(metadata, "log_likelihood");
  model.feature_names = names_in(metadata, model.mixture.n_features());
  check_params(metadata);
  model.params = metadata.at("params");
  model.total_weight = total_weight_in(metadata);
  check_checkpoint(metadata);
}

}  // namespace gmmx
