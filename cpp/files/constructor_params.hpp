// The constructor parameters of the Python class that a model file holds. C++ keeps them as they are, but refuses what
// Python's gmmx.load refuses.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace gmmx {

// What is wrong with the first parameter that the constructor does not accept, "a tol that is not ..."; empty if
// nothing is. Names that it does not know are of a later version and accepted. params: an object of plain values.
std::string problem_of_params(const nlohmann::json& params);

}  // namespace gmmx
