// JSON from unknown hands.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gmmx {

// Refuses what a lenient parser lets pass: zero bytes, keys that stand twice in an object, values nested more than
// eight deep. The memory taken is in proportion to the text. \throws Refusal, "is not JSON (...)"
nlohmann::json parse_json(std::string_view text);

// Python writes NaN, Infinity and -Infinity, which JSON does not know: each that stands outside of strings is replaced.
using Replacement = std::string (*)(std::string_view constant);
std::string replace_constants(std::string_view text, Replacement replacement);

}  // namespace gmmx
