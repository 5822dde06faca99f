// JSON from unknown hands.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gmmx {

// Refuses what a lenient parser lets pass: zero bytes, a byte-order mark, keys that stand twice in an object, values
// nested more than eight deep. The memory taken is in proportion to the text. \throws MalformedFile, "is not JSON
// (...)"
nlohmann::json parse_json(std::string_view text);

// A whole number from 0 to 2^64 - 1, -0 included; of other values nothing. Numbers with a fraction or an exponent, and
// whole ones beyond 64 bits, are real numbers.
std::optional<std::uint64_t> whole_number(const nlohmann::json& value);

// Python writes NaN, Infinity and -Infinity, which JSON does not know: each that stands outside of strings is replaced.
using Replacement = std::string (*)(std::string_view constant);
std::string replace_constants(std::string_view text, Replacement replacement);

}  // namespace gmmx
