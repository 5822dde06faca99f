#include "safetensors.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "file_error.hpp"
#include "little_endian.hpp"
#include "strict_json.hpp"

namespace gmmx {

namespace {

using nlohmann::json;

static_assert(std::numeric_limits<double>::is_iec559 && std::numeric_limits<float>::is_iec559,
              "model files hold IEC 559 numbers: this platform needs code that converts them");

constexpr std::size_t most_dimensions = 8;  // a model needs three
// Room for a bound of each of some 800 000 iterations, or as many names of features; parsing takes some twenty times as
// much memory.
constexpr std::uint64_t largest_header = std::uint64_t{1} << 24;
constexpr const char* metadata_key = "__metadata__";

template <class Number, class Bits>
void put_numbers(std::string& out, const std::vector<double>& numbers) {
  static_assert(sizeof(Number) == sizeof(Bits));
  for (const double number : numbers) {
    const Number stored = static_cast<Number>(number);
    Bits bits;
    std::memcpy(&bits, &stored, sizeof(bits));
    put_bits(out, bits);
  }
}

template <class Number, class Bits>
void append_numbers(std::vector<double>& out, std::string_view bytes) {
  static_assert(sizeof(Number) == sizeof(Bits));
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Bits)) {
    const Bits bits = bits_at<Bits>(bytes, at);
    Number number;
    std::memcpy(&number, &bits, sizeof(number));
    out.push_back(static_cast<double>(number));
  }
}

std::size_t size_of(NumberType type) { return type == NumberType::f32 ? sizeof(float) : sizeof(double); }

// The text that is the header, without its padding.
std::string_view header_of(std::string_view file) {
  if (file.size() < header_length_bytes) {
    throw MalformedFile("it has " + std::to_string(file.size()) + " bytes, fewer than the 8 of a header's length");
  }
  const auto length = bits_at<std::uint64_t>(file, 0);
  if (length > largest_header) {
    throw MalformedFile("its header would have " + std::to_string(length) + " bytes, but may have at most " +
                        std::to_string(largest_header));
  }
  if (length > file.size() - header_length_bytes) {
    throw MalformedFile("its header has " + std::to_string(length) + " bytes, but the file ends after " +
                        std::to_string(file.size() - header_length_bytes) + " of them");
  }
  std::string_view header = file.substr(header_length_bytes, static_cast<std::size_t>(length));
  if (header.empty() || header.front() != '{') throw MalformedFile("its header does not begin with {");
  while (header.back() == ' ') header.remove_suffix(1);
  if (header.back() != '}') throw MalformedFile("its header does not end with } and spaces");
  return header;
}

std::map<std::string, std::string> metadata_in(const json& entries) {
  if (!entries.is_object()) throw MalformedFile("its __metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : entries.items()) {
    if (!value.is_string()) throw MalformedFile("its metadata entry " + in_quotes(name) + " is not a string");
    metadata.emplace(name, value.get_ref<const std::string&>());
  }
  return metadata;
}

NumberType number_type_in(const json& entry, const std::string& which) {
  const json& type = entry["dtype"];
  if (type == "F32") return NumberType::f32;
  if (type == "F64") return NumberType::f64;
  throw MalformedFile(which + " has the type " +
                      (type.is_string() ? in_quotes(type.get_ref<const std::string&>()) : "of none") +
                      ", but all must be F32 or all F64");
}

std::vector<Index> shape_in(const json& entry, const std::string& which) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  std::vector<Index> shape;
  if (!entry["shape"].is_array()) throw MalformedFile(which + " has a shape that is not an array");
  if (entry["shape"].size() > most_dimensions) {
    throw MalformedFile(which + " has a shape of more than " + std::to_string(most_dimensions) + " dimensions");
  }
  for (const json& size : entry["shape"]) {
    const std::optional<std::uint64_t> number = whole_number(size);
    if (!number || *number > largest) {
      throw MalformedFile(which + " has a shape with something else than whole numbers from 0 to " +
                          std::to_string(largest));
    }
    shape.push_back(static_cast<Index>(*number));
  }
  return shape;
}

std::uint64_t bytes_needed(NumberType type, const std::vector<Index>& shape, const std::string& which) {
  std::uint64_t bytes = size_of(type);
  for (const Index size : shape) {
    const auto factor = static_cast<std::uint64_t>(size);
    if (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor) {
      throw MalformedFile(which + " has a shape of more than 2^64 bytes");
    }
    bytes *= factor;
  }
  return bytes;
}

struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
  std::string which;
};

Extent extent_in(const json& entry, const std::string& which) {
  const json& offsets = entry["data_offsets"];
  const bool are_two = offsets.is_array() && offsets.size() == 2;
  const auto begin = are_two ? whole_number(offsets[0]) : std::nullopt;
  const auto end = are_two ? whole_number(offsets[1]) : std::nullopt;
  if (!begin || !end) {
    throw MalformedFile(which + " has data_offsets that are not two whole numbers");
  }
  return {*begin, *end, which};
}

std::string offsets_text(const Extent& extent) {
  return "[" + std::to_string(extent.begin) + ", " + std::to_string(extent.end) + "]";
}

// The tensors must follow each other from the first byte after the header to the last of the file.
void check_tiling(std::vector<Extent> extents, std::uint64_t size) {
  std::sort(extents.begin(), extents.end(), [](const Extent& left, const Extent& right) {
    return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
  });
  std::uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.begin < at) throw MalformedFile(extent.which + " overlaps the one before it");
    if (extent.begin > at) {
      throw MalformedFile(std::to_string(extent.begin - at) + " bytes before " + extent.which + " belong to none");
    }
    at = extent.end;
  }
  if (at != size) throw MalformedFile(std::to_string(size - at) + " bytes after the last tensor belong to none");
}

}  // namespace

std::string to_string(NumberType type) { return type == NumberType::f32 ? "F32" : "F64"; }

bool is_too_long_a_header(std::string_view beginning) {
  return beginning.size() >= header_length_bytes && bits_at<std::uint64_t>(beginning, 0) > largest_header;
}

Safetensors parse_safetensors(std::string_view file) {
  const std::string_view header = header_of(file);
  json entries;
  try {
    entries = parse_json(header);
  } catch (const MalformedFile& error) {
    throw MalformedFile(std::string("its header ") + error.what());
  }
  const auto length = bits_at<std::uint64_t>(file, 0);
  const std::string_view data = file.substr(header_length_bytes + static_cast<std::size_t>(length));

  Safetensors content;
  std::vector<Extent> extents;
  for (const auto& [name, entry] : entries.items()) {
    if (name == metadata_key) {
      content.metadata = metadata_in(entry);
      continue;
    }
    const std::string which = "the tensor " + in_quotes(name);
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets")) {
      throw MalformedFile(which + " does not have exactly dtype, shape and data_offsets");
    }
    Tensor tensor{number_type_in(entry, which), shape_in(entry, which), {}};
    const Extent extent = extent_in(entry, which);
    if (extent.begin > extent.end || extent.end > data.size()) {
      throw MalformedFile(which + " has data_offsets " + offsets_text(extent) + ", but the file has " +
                          std::to_string(data.size()) + " bytes after its header");
    }
    const std::uint64_t needed = bytes_needed(tensor.type, tensor.shape, which);
    if (extent.end - extent.begin != needed) {
      throw MalformedFile(which + " has data_offsets " + offsets_text(extent) + ", but its shape and type take " +
                          std::to_string(needed) + " bytes");
    }
    tensor.bytes = data.substr(static_cast<std::size_t>(extent.begin), static_cast<std::size_t>(needed));
    extents.push_back(extent);
    content.tensors.emplace(name, std::move(tensor));
  }
  check_tiling(std::move(extents), data.size());
  return content;
}

std::string to_bytes(const Safetensors& content) {
  nlohmann::ordered_json entries;
  entries[metadata_key] = content.metadata;
  std::size_t at = 0;
  for (const auto& [name, tensor] : content.tensors) {
    const std::size_t end = at + tensor.bytes.size();
    entries[name] = {{"dtype", to_string(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string header = entries.dump();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > largest_header) {
    throw MalformedFile("its names and bounds make a header of " + std::to_string(header.size()) +
                        " bytes, but at most " + std::to_string(largest_header) + " can be read again");
  }
  std::string file;
  file.reserve(header_length_bytes + header.size() + at);
  put_bits(file, std::uint64_t{header.size()});
  file += header;
  for (const auto& item : content.tensors) file += item.second.bytes;
  return file;
}

std::string bytes_of(const std::vector<double>& numbers, NumberType type) {
  std::string bytes;
  bytes.reserve(numbers.size() * size_of(type));
  if (type == NumberType::f32) {
    put_numbers<float, std::uint32_t>(bytes, numbers);
  } else {
    put_numbers<double, std::uint64_t>(bytes, numbers);
  }
  return bytes;
}

std::vector<double> numbers_of(const Tensor& tensor) {
  std::vector<double> numbers;
  numbers.reserve(tensor.bytes.size() / size_of(tensor.type));
  if (tensor.type == NumberType::f32) {
    append_numbers<float, std::uint32_t>(numbers, tensor.bytes);
  } else {
    append_numbers<double, std::uint64_t>(numbers, tensor.bytes);
  }
  return numbers;
}

}  // namespace gmmx
