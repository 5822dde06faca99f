#include "strict_json.hpp"

#include <set>
#include <vector>

#include "file_error.hpp"

namespace gmmx {

namespace {

using nlohmann::json;

constexpr std::size_t deepest = 8;  // a model file needs three

}  // namespace

json parse_json(std::string_view text) {
  // The library takes a zero byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) throw MalformedFile("is not JSON (it holds a zero byte)");

  // ... and overlooks a byte-order mark.
  if (text.substr(0, 3) == "\xef\xbb\xbf") throw MalformedFile("is not JSON (it begins with a byte-order mark)");

  std::vector<std::set<std::string>> keys;  // of the objects and arrays that are open
  const auto check = [&keys](int, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (keys.size() == deepest) {
          throw MalformedFile("is not JSON of a model (it is nested more than " + std::to_string(deepest) + " deep)");
        }
        keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys.back().insert(parsed.get<std::string>()).second) {
          throw MalformedFile("is not JSON of a model (the key " + in_quotes(parsed.get<std::string>()) +
                              " stands twice)");
        }
        break;
      case json::parse_event_t::value:
        break;
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::parse_error& error) {
    throw MalformedFile("is not JSON (error at byte " + std::to_string(error.byte) + ")");
  } catch (const json::out_of_range&) {
    throw MalformedFile("is not JSON of a model (a number is too large)");
  }
}

std::optional<std::uint64_t> whole_number(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) return value.get<std::uint64_t>();
  return std::nullopt;
}

std::string replace_constants(std::string_view text, Replacement replacement) {
  std::string out;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    std::string_view constant;
    if (!in_string) {
      for (const std::string_view candidate : {"NaN", "Infinity", "-Infinity"}) {
        if (text.compare(at, candidate.size(), candidate) == 0) constant = candidate;
      }
    }
    if (!constant.empty()) {
      out += replacement(constant);
      at += constant.size();
      continue;
    }
    if (text[at] == '"') in_string = !in_string;
    const std::size_t length = in_string && text[at] == '\\' ? 2 : 1;  // what is escaped ends no string
    out += text.substr(at, length);
    at += length;
  }
  return out;
}

}  // namespace gmmx
