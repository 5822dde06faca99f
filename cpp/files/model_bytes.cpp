#include "model_bytes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "checksum.hpp"
#include "file_error.hpp"
#include "format.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/factors.hpp"
#include "metadata.hpp"
#include "safetensors.hpp"

namespace gmmx {

namespace {

using Tensors = std::map<std::string, Tensor>;

constexpr std::array<const char*, 4> tensor_names{"covariances", "means", "precisions_cholesky", "weights"};

std::string shape_text(const std::vector<Index>& shape) {
  std::string text;
  for (const Index size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}

void check_names(const Tensors& tensors) {
  const auto same_name = [](const auto& item, const char* name) { return item.first == name; };
  if (std::equal(tensors.begin(), tensors.end(), tensor_names.begin(), tensor_names.end(), same_name)) return;
  std::string present;
  for (const auto& item : tensors) present += (present.empty() ? "" : ", ") + in_quotes(item.first);
  std::string wanted;
  for (const char* name : tensor_names) wanted += (wanted.empty() ? "" : ", ") + in_quotes(name);
  throw MalformedFile("it holds " + (present.empty() ? "no tensors" : "the tensors " + present.substr(0, 400)) +
                      ", but must hold " + wanted + ", none missing and none more");
}

void check_types(const Tensors& tensors) {
  std::string types;
  bool all_same = true;
  for (const auto& [name, tensor] : tensors) {
    types += (types.empty() ? "" : ", ") + name + " " + to_string(tensor.type);
    all_same = all_same && tensor.type == tensors.begin()->second.type;
  }
  if (!all_same) throw MalformedFile("its tensors have the types " + types + ", but all must be F32 or all F64");
}

void check_shapes(const Tensors& tensors, CovarianceType type) {
  const std::vector<Index>& means = tensors.at("means").shape;
  if (means.size() != 2 || means[0] == 0 || means[1] == 0) {
    throw MalformedFile("means has shape " + shape_text(means) + ", but must have shape (n_components, n_features)");
  }
  const std::vector<Index> by_type = covariance_shape(type, means[0], means[1]);
  const auto check = [&](const char* name, const std::vector<Index>& expected) {
    const std::vector<Index>& shape = tensors.at(name).shape;
    if (shape == expected) return;
    throw MalformedFile(std::string(name) + " has shape " + shape_text(shape) + ", but covariance type '" +
                        to_string(type) + "' and means of shape " + shape_text(means) + " require shape " +
                        shape_text(expected));
  };
  check("weights", {means[0]});
  check("covariances", by_type);
  check("precisions_cholesky", by_type);
}

void check_finite_numbers(const std::vector<double>& numbers, const char* name) {
  if (std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); })) return;
  throw MalformedFile(std::string(name) + " holds numbers that are not finite");
}

void check_mixing_weights(const std::vector<double>& weights) {
  if (std::any_of(weights.begin(), weights.end(), [](double weight) { return weight < 0; })) {
    throw MalformedFile("weights holds a negative number");
  }
  const double excess = std::accumulate(weights.begin(), weights.end(), 0.0) - 1;
  if (std::abs(excess) > 1e-6) {
    throw MalformedFile("weights must sum to one, but the sum differs from it by " + text_of(excess));
  }
}

// Matrices as numpy.allclose(S, S^T) has it.
void check_symmetric(const std::vector<double>& matrices, std::size_t d) {
  constexpr double absolute = 1e-8;
  constexpr double relative = 1e-5;
  for (std::size_t start = 0; start < matrices.size(); start += d * d) {
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double left = matrices[start + i * d + j];
        const double right = matrices[start + j * d + i];
        if (std::abs(left - right) > absolute + relative * std::min(std::abs(left), std::abs(right))) {
          throw MalformedFile("covariances holds a matrix that is not symmetric");
        }
      }
    }
  }
}

void check_covariances(const std::vector<double>& covariances, CovarianceType type, std::size_t d) {
  const bool matrices = keeps_matrices(type);
  if (matrices) check_symmetric(covariances, d);
  for (std::size_t i = 0; i < covariances.size(); ++i) {
    const bool is_variance = !matrices || i % (d * d) % (d + 1) == 0;
    if (is_variance && covariances[i] <= 0) throw MalformedFile("covariances holds a variance that is not positive");
  }
}

Mixture mixture_in(const Tensors& tensors, CovarianceType type) {
  check_names(tensors);
  check_types(tensors);
  check_shapes(tensors, type);
  std::map<std::string, std::vector<double>> numbers;
  for (const char* name : tensor_names) {
    numbers[name] = numbers_of(tensors.at(name));
    check_finite_numbers(numbers[name], name);
  }
  const Index d = tensors.at("means").shape[1];
  check_mixing_weights(numbers["weights"]);
  check_covariances(numbers["covariances"], type, static_cast<std::size_t>(d));
  return Mixture(type, d, std::move(numbers["weights"]), std::move(numbers["means"]), std::move(numbers["covariances"]),
                 std::move(numbers["precisions_cholesky"]));
}

Safetensors whole_safetensors(std::string_view bytes) {
  try {
    return parse_safetensors(bytes);
  } catch (const MalformedFile& error) {
    throw MalformedFile("it is not a whole safetensors file of 32- or 64-bit numbers (" + std::string(error.what()) +
                        ")");
  }
}

bool is_checksum(std::string_view text) {
  constexpr std::string_view mark = "crc32:";
  if (text.size() != mark.size() + 8 || text.substr(0, mark.size()) != mark) return false;
  return text.find_first_not_of("0123456789abcdef", mark.size()) == std::string_view::npos;
}

// A changed bit of the name must not switch the check off.
void refuse_misnamed_checksum(const Safetensors& content) {
  for (const auto& entry : content.metadata) {
    if (!is_checksum(entry.second)) continue;
    throw MalformedFile("its metadata has no entry checksum, but the entry " + in_quotes(entry.first) +
                            " holds one: a byte was changed after it was written",
                        "Restore it from a copy; if you changed it on purpose, remove this entry from its metadata");
  }
}

// The last check, as others tell more of what is wrong. Files of the first versions have no checksum.
void check_checksum(const Safetensors& content) {
  const auto entry = content.metadata.find(checksum_entry);
  if (entry == content.metadata.end()) return refuse_misnamed_checksum(content);
  const std::string computed = checksum_of(content);
  if (entry->second == computed) return;
  throw MalformedFile(
      "its checksum is " + in_quotes(entry->second) + ", but what it holds has " + in_quotes(computed) +
          ": a byte was changed after it was written",
      "Restore it from a copy; if you changed it on purpose, remove the entry checksum from its metadata");
}

// \throws MalformedFile, also where the library refuses the parameters: E and V of several features, factors that are
// none
Model model_in(const Safetensors& content) try {
  const CovarianceType type = covariance_type_in(content.metadata);
  Model model{mixture_in(content.tensors, type)};
  model.single_precision = content.tensors.begin()->second.type == NumberType::f32;
  check_factors(model.mixture, model.single_precision);
  read_facts(content.metadata, model);
  check_checksum(content);
  return model;
} catch (const Error& error) {
  throw MalformedFile(error.what());
}

}  // namespace

std::string to_bytes(const Model& model) {
  const Mixture& mixture = model.mixture;
  const Index k = mixture.n_components();
  const Index d = mixture.n_features();
  const std::vector<Index> by_type = covariance_shape(mixture.covariance_type(), k, d);
  const NumberType type = model.single_precision ? NumberType::f32 : NumberType::f64;
  const std::string covariances = bytes_of(mixture.covariances(), type);
  const std::string means = bytes_of(mixture.means(), type);
  const std::string factors = bytes_of(mixture.precisions_cholesky(), type);
  const std::string weights = bytes_of(mixture.weights(), type);
  try {
    Safetensors content{metadata_of(model),
                        {{"covariances", {type, by_type, covariances}},
                         {"means", {type, {k, d}, means}},
                         {"precisions_cholesky", {type, by_type, factors}},
                         {"weights", {type, {k}, weights}}}};
    content.metadata[checksum_entry] = checksum_of(content);
    model_in(content);  // what would be refused is not written
    return to_bytes(content);
  } catch (const MalformedFile& error) {
    throw InvalidArgument(std::string("The model cannot be saved: ") + error.what() +
                          ". Correct that member of gmmx::Model" +
                          (model.single_precision ? ", or save it in double precision if rounding is to blame." : "."));
  }
}

Model from_bytes(std::string_view bytes, const std::string& name) {
  try {
    return model_in(whole_safetensors(bytes));
  } catch (const MalformedFile& error) {
    const std::string usual =
        "Write it again with gmmx::save or Python's GaussianMixture.save, or restore it from a copy";
    throw ModelFileError(name + " cannot be loaded as a gmmx model: " + error.what() + ". " +
                         (error.remedy().empty() ? usual : error.remedy()) + ".");
  }
}

}  // namespace gmmx
