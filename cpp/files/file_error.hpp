// The reason why a file is not a model file. The name of the file is added where it is known.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gmmx {

class MalformedFile : public std::runtime_error {
 public:
  // remedy: empty for the usual one
  explicit MalformedFile(const std::string& problem, std::string remedy = "")
      : std::runtime_error(problem), remedy_(std::move(remedy)) {}
  const std::string& remedy() const { return remedy_; }

 private:
  std::string remedy_;
};

// Text out of a file, for a message: short, in quotes, and nothing that a terminal would obey.
inline std::string in_quotes(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out + (text.size() > 80 ? "...'" : "'");
}

}  // namespace gmmx
