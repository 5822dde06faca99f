#include "checksum.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace gmmx {

namespace {

// In the order of their names.
constexpr std::array<const char*, 13> covered{"checkpoint",    "class",        "converged",      "covariance_type",
                                              "feature_names", "format",       "format_version", "log_likelihood",
                                              "lower_bound",   "lower_bounds", "n_iter",         "params",
                                              "total_weight"};

constexpr std::array<std::uint32_t, 256> make_table() {
  constexpr std::uint32_t polynomial = 0xedb88320U;  // of IEEE 802.3, reflected
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1U) != 0 ? (remainder >> 1U) ^ polynomial : remainder >> 1U;
    }
    table[byte] = remainder;
  }
  return table;
}

class Crc32 {
 public:
  void add(std::string_view bytes) {
    static constexpr std::array<std::uint32_t, 256> table = make_table();
    for (const char byte : bytes) {
      state_ = table[(state_ ^ static_cast<unsigned char>(byte)) & 0xffU] ^ (state_ >> 8U);
    }
  }
  // A text, and a zero byte that ends it.
  void add_text(std::string_view text) {
    add(text);
    add(std::string_view("\0", 1));
  }
  std::string text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "crc32:";
    for (unsigned shift = 32; shift > 0; shift -= 4) out += digits[(~state_ >> (shift - 4)) & 15U];
    return out;
  }

 private:
  std::uint32_t state_ = 0xffffffffU;
};

std::string joined_sizes(const std::vector<Index>& shape) {
  std::string text;
  for (const Index size : shape) text += (text.empty() ? "" : ",") + std::to_string(size);
  return text;
}

}  // namespace

std::string checksum_of(const Safetensors& content) {
  Crc32 crc;
  for (const char* name : covered) {
    const auto entry = content.metadata.find(name);
    if (entry == content.metadata.end()) continue;
    crc.add_text(name);
    crc.add_text(entry->second);
  }
  for (const auto& [name, tensor] : content.tensors) {
    crc.add_text(name);
    crc.add_text(to_string(tensor.type));
    crc.add_text(joined_sizes(tensor.shape));
    crc.add(tensor.bytes);
  }
  return crc.text();
}

}  // namespace gmmx
