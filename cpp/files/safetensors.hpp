// The safetensors container: tensors and texts by name, in a JSON header and the numbers after it. Knows no mixtures.
//
// A file is: the header's length (8 bytes), the header, padded with spaces; then the numbers. Everything is
// little-endian.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gmmx/views.hpp"

namespace gmmx {

enum class NumberType { f32, f64 };

std::string to_string(NumberType type);

// The bytes are not owned.
struct Tensor {
  NumberType type;
  std::vector<Index> shape;
  std::string_view bytes;
};

struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

constexpr std::size_t header_length_bytes = 8;

// Whether these bytes, which a file begins with, promise a header longer than any that is read.
bool is_too_long_a_header(std::string_view beginning);

// Reads a whole file; the tensors look into it. What is not exactly a header and tensors that follow each other without
// gap or overlap is refused. \throws MalformedFile
Safetensors parse_safetensors(std::string_view file);

// A whole file, the tensors in the order of their names. \throws MalformedFile where the header would be too large to
// be read
std::string to_bytes(const Safetensors& content);

// Numbers to the bytes of a tensor and back; 32-bit numbers are rounded and widened.
std::string bytes_of(const std::vector<double>& numbers, NumberType type);
std::vector<double> numbers_of(const Tensor& tensor);

}  // namespace gmmx
